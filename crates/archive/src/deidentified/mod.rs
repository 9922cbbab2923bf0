//! Stored instances as a policy lets them be given away (PS3.15 Annex E): nothing is copied, and
//! what fails the engine or the residual check is given to nobody.
//!
//! A view is the archive looked at through a [`Lens`]: [`crate::Archive::through`]. Everything that
//! finds and gives back then speaks of pseudonyms and gives what the policy lets through.

mod cleaned;
mod faces;
mod instance;
mod known;
mod lens;
mod policies;
mod probe;
mod seen;
mod select;
mod studies;

pub(crate) use cleaned::Cleaned;
pub use instance::{Deidentified, Preview};
pub(crate) use instance::{Room, Verdict};
pub(crate) use known::{PatientState, patient_state, study};
pub(crate) use lens::Lens;
pub use lens::Original;
pub use policies::{Named, Policies, View};
pub(crate) use probe::{Dates, Shown};
pub use sagittal_deid::table::EDITION;
pub use sagittal_deid::{Explained, Taken};
pub(crate) use seen::Seen;
