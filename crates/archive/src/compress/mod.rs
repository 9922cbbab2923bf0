//! Compression by rule: what was received is kept in a smaller encoding from which it can be made
//! again, byte for byte.
//!
//! Only what is proved to come back is kept so: before anything is written, the original is made
//! again of what would be written and compared by its digest. The record keeps that digest, so
//! that it can be proved again at any time (`docs/adr/0010`).

mod arrival;
mod later;
mod limit;
mod recode;
mod request;
mod restore;
mod rule;

pub(crate) use later::start;
pub use later::{Compressed, Wanted};
pub(crate) use limit::AtWork;
pub use request::{Request, Status};
pub(crate) use restore::{restore, restored_prefix};
pub(crate) use rule::is_restorable;
pub use rule::{At, Rule, Subject, TARGETS};

use std::time::Duration;

/// Compression, as it is configured.
#[derive(Clone, Debug)]
pub struct Compression {
    /// The first rule that fits an instance counts.
    pub rules: Vec<Rule>,
    /// Between looks for what has become due.
    pub every: Duration,
    /// Bytes a second that are read in the background; 0: no bound.
    pub rate: u64,
}

impl Default for Compression {
    fn default() -> Compression {
        Compression {
            rules: Vec::new(),
            every: Duration::from_secs(600),
            rate: 32 << 20,
        }
    }
}
