//! What the instances of one run share, and what one instance's de-identification works with.

use std::sync::Arc;

use sagittal_core::Uid;

use crate::text::{Cleaner, Identity};
use crate::{Change, Options, ProjectKey, Pseudonyms, Recorder};

/// What the instances of one run share. Read only; used from many threads.
#[derive(Clone)]
pub struct Project {
    /// The secret that pseudonyms and hashes are derived from.
    pub key: ProjectKey,
    /// Where UIDs, identifiers and date shifts come from.
    pub pseudonyms: Arc<dyn Pseudonyms>,
    /// Which options of the profile are on.
    pub options: Options,
    /// Names, identifiers, places known besides what a data set says itself: a patient list, staff.
    pub known: Arc<Identity>,
}

/// One instance on its way through the engine: handed to every part that changes something.
pub struct Session<'p> {
    /// The run.
    pub project: &'p Project,
    /// Cleans text of what this data set and the lists know.
    pub cleaner: Cleaner,
    /// By how many days dates move, with the modified dates option.
    pub shift_days: i64,
    /// Hears of every change.
    pub recorder: &'p mut dyn Recorder,
}

impl Session<'_> {
    /// Tells the recorder.
    pub fn record(&mut self, change: Change<'_>) {
        self.recorder.record(change);
    }

    /// The new UID for `old`; well-known UIDs (of the standard, transfer syntaxes, SOP classes,
    /// coding schemes) stay.
    pub fn uid(&self, old: &str) -> Uid {
        self.project.pseudonyms.uid(old)
    }
}
