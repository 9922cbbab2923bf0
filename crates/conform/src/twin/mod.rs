//! The twin: a system that behaves as a conformance document says, so that integration can be
//! rehearsed without the device.
//!
//! [`Behavior`] is made of an Application Entity of a document: what is known is done, what is not
//! known is refused (or, leniently, granted) and told of in [`Behavior::assumed`]. [`policy`]
//! negotiates, [`listen`] accepts, [`session`] serves; [`find`] and [`matching`] answer queries on
//! files of a [`Catalog`]. [`scu`] is the other side: it proposes as the document says.

mod behavior;
mod catalog;
mod classes;
mod commit;
mod find;
mod levels;
mod listen;
mod matching;
mod policy;
mod procedure;
mod retrieve;
pub mod scu;
mod session;
mod store;
#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use sagittal_core::AeTitle;
use sagittal_dimse::scu::Address;

pub use behavior::Behavior;
pub use catalog::Catalog;
pub use listen::Twin;

/// How a twin is run, besides what its document says.
#[derive(Clone)]
pub struct Options {
    /// Take what is not known as granted.
    pub lenient: bool,
    /// Another AE title than the one of the document.
    pub ae_title: Option<AeTitle>,
    /// Calling AE titles that are known, where the document takes known ones only.
    pub known: Vec<AeTitle>,
    /// Destinations of C-MOVE, and of reports of storage commitment.
    pub destinations: Vec<Address>,
    /// Where received instances are written; `None` forgets them.
    pub received: Option<PathBuf>,
    /// Told what goes on.
    pub progress: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            lenient: false,
            ae_title: None,
            known: Vec::new(),
            destinations: Vec::new(),
            received: None,
            progress: Arc::new(|_| ()),
        }
    }
}
