//! De-identification of data sets (PS3.15 Annex E). Bytes in, values out: no I/O, no tasks.
//!
//! [`Project`] is what the instances of one run share: policy, key, pseudonyms, known identities.
//! The engine ([`deidentify`]) goes over every element of an instance, looks up its row of the
//! confidentiality profile, does what the policy makes of it, and tells a [`Recorder`] what it did.

mod action;
mod change;
mod checked;
pub mod deface;
pub mod encapsulated;
mod engine;
mod error;
mod generated;
mod key;
pub mod log;
mod mapped;
mod options;
mod pem;
pub mod pixels;
pub mod policy;
mod project;
mod pseudonym;
pub mod reidentify;
pub mod report;
pub mod residual;
pub mod structured;
pub mod table;
pub mod text;
mod value;

pub use action::{Action, Primitive};
pub use change::{Asked, Change, Reason, Recorder, Taken};
pub use checked::{Check, Checked, deidentify_checked, explain_checked, retained};
pub use engine::{Applied, Explained, Output, deidentify, explain};
pub use error::{Error, Result};
pub use key::ProjectKey;
pub use mapped::Mapped;
pub use options::{Options, ProfileOption};
pub use policy::Policy;
pub use project::{CleanPixels, PixelsCleaned, Project, Session};
pub use pseudonym::{Derived, IdentifierKind, Pseudonyms};
pub use value::dummy::DUMMIES;
