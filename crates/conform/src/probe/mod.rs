//! The probe: what a peer does, found out from outside, as a [`Document`].
//!
//! [`dial`] makes single associations, politely; [`pairs`] asks for every SOP class in every transfer
//! syntax; [`negotiation`], [`preference`] and [`policy`] ask for the rest of the negotiation,
//! [`query`] for the keys of C-FIND, [`tls`] for versions and cipher suites, [`web`] for DICOMweb.
//! Nothing is changed at the peer, but by [`store`], which is asked for separately.

mod dial;
mod negotiation;
mod pairs;
mod policy;
mod preference;
mod query;
mod report;
mod run;
mod store;
#[cfg(test)]
mod tests;
mod tls;
pub mod web;

use std::time::Duration;

use sagittal_core::Uid;
use sagittal_dimse::scu::Target;

pub use run::{Outcome, now, probe};
pub use store::Stored;

/// How a peer is probed.
#[derive(Clone)]
pub struct Options {
    /// The peer, and who we say we are.
    pub target: Target,
    /// SOP classes that are asked for.
    pub sop_classes: Vec<Uid>,
    /// Transfer syntaxes that are asked for.
    pub transfer_syntaxes: Vec<Uid>,
    /// Associations at the same time.
    pub associations: usize,
    /// Presentation contexts of one association, 2 to 128.
    pub contexts: usize,
    /// Connections a second, at most.
    pub rate: u32,
    /// For the answer to an association request.
    pub timeout: Duration,
    /// How long in all the probe waits for a peer that rejects for a while.
    pub patience: Duration,
    /// At most so many associations are held open to find the limit; 0 does not try.
    pub hold: u32,
    /// Ask for keys of C-FIND.
    pub query: bool,
    /// Send instances.
    pub store: bool,
    /// Told what goes on.
    pub progress: fn(&str),
}

impl Options {
    /// Everything that can be asked for without changing anything.
    pub fn new(target: Target) -> Options {
        Options {
            target,
            sop_classes: crate::document::all_sop_classes(),
            transfer_syntaxes: crate::document::all_transfer_syntaxes(),
            associations: 4,
            contexts: 128,
            rate: 200,
            timeout: Duration::from_secs(30),
            patience: Duration::from_secs(60),
            hold: 8,
            query: true,
            store: false,
            progress: |_| (),
        }
    }
}
