//! Audit messages (PS3.15 §A.5) as JSON lines: who, what, which studies, outcome.

pub mod event;
mod log;

pub use event::{Action, Event, Outcome};
pub use log::{AuditLog, Options};
