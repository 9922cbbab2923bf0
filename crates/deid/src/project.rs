//! What the instances of one run share, and what one instance's de-identification works with.

use std::sync::Arc;

use sagittal_core::{DataSet, TagPath, Uid};

use crate::pixels::{PixelCleaner, PixelReport};
use crate::text::{Cleaner, Identity};
use crate::value::uid::is_well_known;
use crate::{Change, Derived, Options, Policy, ProjectKey, Pseudonyms, Recorder, Result};

/// What the instances of one run share. Read only; used from many threads.
#[derive(Clone)]
pub struct Project {
    /// What is wanted.
    pub policy: Arc<Policy>,
    /// The secret that pseudonyms and hashes are derived from.
    pub key: ProjectKey,
    /// Where UIDs, identifiers and date shifts come from.
    pub pseudonyms: Arc<dyn Pseudonyms>,
    /// Which options of the profile are on: those of the policy.
    pub options: Options,
    /// Names, identifiers, places known besides what a data set says itself: a patient list, staff.
    pub known: Arc<Identity>,
    /// Cleans pixel data; without one, instances whose pixels the policy wants cleaned are refused.
    pub pixels: Option<Arc<dyn CleanPixels>>,
}

impl Project {
    /// A project with pseudonyms derived from its key, that knows nobody, has no text detector and
    /// no catalogue of devices but the one that comes with the engine.
    pub fn new(policy: Policy, key: ProjectKey) -> Project {
        let pixels = PixelCleaner::new(policy.pixels.clone());
        Project {
            options: policy.options,
            pixels: Some(Arc::new(pixels)),
            policy: Arc::new(policy),
            pseudonyms: Arc::new(Derived::new(key.clone())),
            key,
            known: Arc::default(),
        }
    }
}

impl Project {
    /// The UID that stands for `old`: as [`Session::uid`].
    pub fn uid(&self, old: &str) -> Uid {
        let old = old.trim_matches([' ', '\0']);
        let stays = self.options.retain_uids || is_well_known(old);
        // A name in the place of a UID is not retained.
        let plain = old.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        match Uid::tolerant(old) {
            Ok(uid) if stays && plain => uid,
            _ => self.pseudonyms.uid(old),
        }
    }
}

/// What was done to the pixels of an instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PixelsCleaned {
    /// Burned-in text was dealt with, or there is no reason to think that there is any: the option
    /// is listed as applied.
    pub burned_in_text: bool,
    /// Recognizable features were removed: Recognizable Visual Features becomes `NO`, and the
    /// option is listed as applied.
    pub visual_features: bool,
    /// Recognizable features were removed, or were looked for where there are none.
    pub visual_features_settled: bool,
    /// Overlays were seen to: what is left of them may stay.
    pub graphics: bool,
    /// The transfer syntax that pixel data are in now, if that is another one.
    pub transfer_syntax: Option<&'static str>,
    /// What was done in particular.
    pub report: Option<Box<PixelReport>>,
}

/// Cleans the pixels of an instance, before anything else is changed in it.
pub trait CleanPixels: Send + Sync {
    /// Changes pixel data (and what describes them) of `data_set`, and records it.
    ///
    /// # Errors
    /// Refuses what cannot be cleaned as the policy wants.
    fn clean(
        &self,
        data_set: &mut DataSet,
        transfer_syntax_uid: &str,
        session: &mut Session<'_>,
    ) -> Result<PixelsCleaned>;
}

/// One instance on its way through the engine: handed to every part that changes something.
pub struct Session<'p> {
    /// The run.
    pub project: &'p Project,
    /// Cleans text of what this data set and the lists know.
    pub cleaner: Cleaner,
    /// By how many days dates move, with the modified dates option.
    pub shift_days: i64,
    /// The SOP class, as the data set says.
    pub sop_class_uid: String,
    /// Hears of every change.
    pub recorder: &'p mut dyn Recorder,
}

impl Session<'_> {
    /// Tells the recorder.
    pub fn record(&mut self, change: Change<'_>) {
        self.recorder.record(change);
    }

    /// The new UID for `old`; well-known UIDs (of the standard, transfer syntaxes, SOP classes,
    /// coding schemes) stay, and all do with the option to retain UIDs.
    pub fn uid(&self, old: &str) -> Uid {
        self.project.uid(old)
    }

    /// The type that the IOD gives the attribute at `path` (tags from the root).
    pub fn attribute_type(&self, path: &TagPath) -> Option<sagittal_iod::AttributeType> {
        let tags: Vec<_> = path
            .0
            .iter()
            .filter_map(|step| match step {
                sagittal_core::PathStep::Element(tag) => Some(*tag),
                sagittal_core::PathStep::Item(_) => None,
            })
            .collect();
        sagittal_iod::attribute_type(&self.sop_class_uid, &tags)
    }
}
