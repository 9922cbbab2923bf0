//! Policies: what a project wants of de-identification, written as TOML.
//!
//! ```toml
//! extends = "basic"
//!
//! [options]
//! clean_descriptors = true
//!
//! [dates]
//! mode = "modified"
//! range = 365
//!
//! [[tag]]
//! tag = "PatientSex"
//! action = "keep"
//! ```

mod canonical;
mod overrides;
mod problem;
mod read;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use sagittal_core::{Tag, Vr};

pub use overrides::{Override, OverrideAction, Overrides, Target};
pub use problem::{Problem, Problems};

use crate::Options;
use crate::pixels::PixelPolicy;
use crate::report::Quasi;

/// What a project wants.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name in logs and reports.
    pub name: String,
    /// The options of the profile.
    pub options: Options,
    /// What it wants otherwise than profile and options.
    pub overrides: Overrides,
    /// Text outside all tables.
    pub text: TextDefault,
    /// Attributes whose text may stay (cleaned) with [`TextDefault::AllowList`], besides those that
    /// the engine knows to be of use.
    pub allow: BTreeSet<Tag>,
    /// Pseudonyms for accession numbers, study IDs and other identifiers that the profile wants
    /// emptied, so that what belongs together can be told.
    pub pseudonymous_identifiers: bool,
    /// Modified dates move by 1 to so many days.
    pub date_range: u32,
    /// Private attributes that the project knows to be safe.
    pub own_private: Vec<OwnPrivate>,
    /// Encapsulated documents.
    pub encapsulated: Encapsulated,
    /// Pixels, overlays, OCR, faces: the table `[pixels]`.
    pub pixels: PixelPolicy,
    /// Files with certificates of those who may re-identify.
    pub recipients: Vec<String>,
    /// Files with lists of what must not be found in any output.
    pub residual_lists: Vec<String>,
    /// Files with lists of patients, for the text cleaner and the residual check.
    pub patient_lists: Vec<String>,
    /// What the report is to tell besides.
    pub report: ReportPolicy,
    /// What was unusual but not wrong.
    pub warnings: Vec<Problem>,
}

/// What the report tells besides: the table `[report]`. It changes nothing in the outputs, and so
/// is no part of the rule-set digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportPolicy {
    /// Attributes of the k-anonymity table; none makes no such table.
    pub quasi_identifiers: Vec<Quasi>,
    /// Combinations that fewer patients share are listed.
    pub k: u32,
}

impl Default for ReportPolicy {
    fn default() -> ReportPolicy {
        ReportPolicy {
            quasi_identifiers: Vec::new(),
            k: 5,
        }
    }
}

/// What becomes of text outside all tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextDefault {
    /// Identities are taken out of it.
    #[default]
    Clean,
    /// It goes (or a dummy takes its place where the IOD wants a value).
    Remove,
    /// It goes, but for attributes of a list, which are cleaned.
    AllowList,
}

/// What becomes of encapsulated documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encapsulated {
    /// A document that says what was removed takes their place; where no such document is known,
    /// the instance is refused.
    #[default]
    Placeholder,
    /// Instances with one are refused.
    Refuse,
}

/// A private attribute that the project knows to be safe.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnPrivate {
    /// The private creator.
    pub creator: String,
    /// The group.
    pub group: u16,
    /// The element within the block; `None` for all of the block.
    pub element: Option<u8>,
    /// Its VR where none is written.
    pub vr: Option<Vr>,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            name: "basic".to_owned(),
            options: Options::default(),
            overrides: Overrides::default(),
            text: TextDefault::default(),
            allow: BTreeSet::new(),
            pseudonymous_identifiers: true,
            date_range: 365,
            own_private: Vec::new(),
            encapsulated: Encapsulated::default(),
            pixels: PixelPolicy::default(),
            recipients: Vec::new(),
            residual_lists: Vec::new(),
            patient_lists: Vec::new(),
            report: ReportPolicy::default(),
            warnings: Vec::new(),
        }
    }
}
