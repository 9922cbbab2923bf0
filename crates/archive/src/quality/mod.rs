//! Data quality at the door: what is found in an arriving instance, and what becomes of it.
//!
//! The checks themselves are [`sagittal_iod::quality`]. Here rules say for each finding what is
//! done; the strictest counts for the instance. What was found is kept in the instance's record,
//! from which the index takes it (`docs/adr/0011`). A quarantined instance is as durable as any
//! other, but nobody sees it until somebody releases it.

mod examine;
mod gaps;
mod html;
mod judge;
mod quarantine;
mod report;
mod rule;
mod verdict;

pub(crate) use examine::Sampling;
pub(crate) use gaps::look as look_for_gaps;
pub(crate) use judge::{Patients, surroundings};
pub(crate) use quarantine::key as quarantine_key;
pub use quarantine::{Filter, Release};
pub use report::{Day, Finding, Found, Group, Instance, Report};
pub use rule::{Action, Quality, Rule};
pub use sagittal_iod::{Kind, Severity};
pub use sagittal_store::index::Standing;
pub(crate) use verdict::{Verdict, arrival};
