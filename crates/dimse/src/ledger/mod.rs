//! The negotiation ledger: of each peer, what it proposed and what was refused of it, what it refused
//! of ours, what was converted on the way out, and where it departs from its conformance document.
//!
//! A note is taken once an association (of conversions, once an instance that is converted anyway).
//! The [`Ledger`] is bounded, and kept over restarts in a [`file`] of its own: it is an aid, not a
//! record of account, so that a power cut may cost the notes of some minutes.

mod book;
mod contexts;
mod departure;
pub mod file;
mod note;
mod record;
#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests;

pub use book::{Ledger, Limits};
pub use contexts::Contexts;
pub use departure::{
    Alarm, Departed, Departure, Direction, Expectations, Observed, ObservedContext, Outcome,
};
pub(crate) use note::canonical;
pub use record::{Context, PeerRecord, Reason, Side, Summary, Transcoded};

/// Milliseconds since 1970 UTC.
fn now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}
