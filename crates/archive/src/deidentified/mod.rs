//! Stored instances as a policy lets them be given away (PS3.15 Annex E): nothing is copied, and
//! what fails the engine or the residual check is given to nobody.

mod instance;
mod policies;

pub use instance::Deidentified;
pub(crate) use instance::Room;
pub use policies::{Named, Policies, View};
