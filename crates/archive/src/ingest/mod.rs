//! Receiving instances: durable before success is said (design D3).
//!
//! The way of one: its bytes come in pieces and are hashed on the way; what identifies it is read
//! from them and checked; instances with one SOP Instance UID go one at a time; the same bytes
//! again are acknowledged and not stored again; everything else becomes a record in the packs.
//! When that is durable the sender is told, and the index follows.

mod attributes;
mod describe;
mod in_flight;
mod receiving;
mod source;
mod store;

pub(crate) use describe::{Described, describe};
pub(crate) use in_flight::{Exclusive, InFlight};
pub use receiving::Receiving;
pub(crate) use source::{Chunks, Source as ReadSource, Spilled, Stored as StoredSource};
pub(crate) use store::{Candidate, changes};

use sagittal_core::{Finding, Uid};

/// Who sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// AE title, user name, or `import`.
    pub name: String,
}

/// What the sender says of the instance before its bytes come.
#[derive(Clone, Debug, Default)]
pub struct Announced {
    /// Affected SOP Class UID of a C-STORE; checked against the data set.
    pub sop_class_uid: Option<Uid>,
    /// Affected SOP Instance UID of a C-STORE; checked against the data set.
    pub sop_instance_uid: Option<Uid>,
    /// STOW-RS to `/studies/{study}`: other studies are refused.
    pub study_instance_uid: Option<Uid>,
}

/// The form in which bytes come.
#[derive(Clone, Debug)]
pub enum Form {
    /// A data set in this transfer syntax (C-STORE).
    DataSet {
        /// The transfer syntax.
        transfer_syntax_uid: Uid,
    },
    /// A Part 10 file (STOW-RS, import); its own preamble and meta are kept.
    Part10,
}

/// What became of an instance.
#[derive(Clone, Debug)]
pub struct Stored {
    /// SOP Class UID.
    pub sop_class_uid: Uid,
    /// SOP Instance UID.
    pub sop_instance_uid: Uid,
    /// Study Instance UID.
    pub study_instance_uid: Uid,
    /// Series Instance UID.
    pub series_instance_uid: Uid,
    /// New, or already there.
    pub outcome: Outcome,
    /// What a tolerant reader got over.
    pub findings: Vec<Finding>,
}

/// New, or already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Kept and shown.
    New,
    /// The same bytes were already kept.
    Identical,
    /// Other bytes under a UID that is already there: kept, but hidden (warning B000-like).
    KeptHidden,
    /// Other bytes under a UID that was already there: shown from now on.
    Replaced,
    /// Held back by a rule of data quality. Its sender need not know.
    Quarantined,
}
