//! De-identification of data sets (PS3.15 Annex E). Bytes in, values out: no I/O, no tasks.
//!
//! [`Project`] is what the instances of one run share: policy, key, pseudonyms, known identities.
//! The engine goes over every element of an instance, looks up its row of the confidentiality
//! profile, does what the policy makes of it, and tells a [`Recorder`] what it did.

mod action;
mod change;
mod error;
mod key;
pub mod log;
mod options;
mod pem;
mod project;
mod pseudonym;
pub mod reidentify;
pub mod report;
pub mod residual;
pub mod text;

pub use action::{Action, Primitive};
pub use change::{Asked, Change, Reason, Recorder, Taken};
pub use error::{Error, Result};
pub use key::ProjectKey;
pub use options::Options;
pub use project::{Project, Session};
pub use pseudonym::{Derived, IdentifierKind, Pseudonyms};
