//! What a peer does that its conformance document does not say.

use std::sync::Arc;

use sagittal_core::Uid;
use sagittal_net::pdu::{ContextResult, Rejection};
use serde::{Deserialize, Serialize};

/// Who requested the association.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The peer.
    Inbound,
    /// We.
    Outbound,
}

impl Direction {
    /// As a label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        }
    }
}

/// A negotiation with a peer, as it went.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// AE title of the peer.
    pub ae_title: &'a str,
    /// Who requested the association.
    pub direction: Direction,
    /// What was proposed, and what became of it.
    pub contexts: Vec<ObservedContext<'a>>,
    /// Maximum Length Received of the peer, if it said anything.
    pub max_pdu: Option<u32>,
    /// Implementation Class UID of the peer.
    pub implementation_class_uid: Option<&'a Uid>,
    /// Implementation Version Name of the peer.
    pub implementation_version_name: Option<&'a str>,
    /// The association was rejected.
    pub rejection: Option<Rejection>,
}

/// A presentation context that was proposed.
#[derive(Clone, Copy, Debug)]
pub struct ObservedContext<'a> {
    /// The SOP class, if it could be read.
    pub sop_class: Option<&'a Uid>,
    /// Transfer syntaxes, in the order of the proposal.
    pub transfer_syntaxes: &'a [Uid],
    /// The requestor would be SCP as well, or only.
    pub as_scp: bool,
    /// What became of it.
    pub outcome: Outcome<'a>,
}

/// What became of a presentation context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// Accepted in this transfer syntax.
    Accepted(&'a Uid),
    /// Refused.
    Refused(ContextResult),
    /// The association was rejected.
    NotDecided,
}

/// A departure, as it is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Departed {
    /// What it is about: `context`, `implementation`, `max-pdu`, `association`.
    pub kind: &'static str,
    /// In words.
    pub text: String,
}

/// A departure, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Departure {
    /// What it is about: `context`, `implementation`, `max-pdu`, `association`.
    pub kind: String,
    /// In words.
    pub text: String,
    /// How often it was seen.
    pub count: u64,
    /// The first time, milliseconds since 1970 UTC.
    pub first_seen_ms: i64,
    /// The last time.
    pub last_seen_ms: i64,
}

/// What peers should do.
pub trait Expectations: Send + Sync {
    /// What of a negotiation the document of the peer does not say; nothing for a peer without one.
    fn departures(&self, observed: &Observed<'_>) -> Vec<Departed>;
}

/// Told of each distinct departure once: AE title, address, and what it is.
pub type Alarm = Arc<dyn Fn(&str, &str, &Departed) + Send + Sync>;
