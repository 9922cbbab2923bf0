//! What is to be removed of every instance of a run: series are looked at first, then their
//! instances go through the engine one by one, in any order.

use std::collections::HashMap;

use sagittal_core::{DataSet, tags};

use super::mask::{SliceMask, apply};
use super::plan::{Measured, Outcome, SliceRef, plan};
use super::policy::{DefacePolicy, Impossible};
use crate::pixels::Rewritten;
use crate::{Error, Result};

/// What is known of instances, by SOP Instance UID.
#[derive(Clone, Debug, Default)]
pub struct Faces {
    fates: HashMap<String, Fate>,
}

#[derive(Clone, Debug)]
enum Fate {
    /// No face, by what was seen of its series.
    NotHead,
    /// Masks of its frames; none if the face does not reach its slices.
    Masks(Vec<SliceMask>),
    /// Its face cannot be removed, and why.
    Impossible(String),
    /// A head whose face stays, since the policy keeps those that cannot be changed.
    Kept,
}

/// What came of a series, for the report.
#[derive(Clone, Debug)]
pub enum SeriesFace {
    /// No face, and why one thinks so.
    NotHead(&'static str),
    /// A face that will be removed: how much of it, and pictures (PNG) from before, if the policy
    /// wants one, and after.
    Removed {
        /// How much of it.
        measured: Measured,
        /// From before: it shows the face.
        before: Option<Vec<u8>>,
        /// From after.
        after: Vec<u8>,
    },
    /// A face that stays, since the policy keeps what cannot be changed: why it cannot.
    Kept(String),
}

/// What was done to one instance.
#[derive(Clone, Debug, PartialEq)]
pub enum InstanceFace {
    /// Nothing is known of it: its series was not looked at.
    Unknown,
    /// It has no face.
    NotHead,
    /// The face is gone; [`Rewritten`] says how.
    Removed(Rewritten),
    /// It may have a face and the policy keeps it.
    Kept,
}

impl Faces {
    /// Looks at a series, as it came.
    ///
    /// # Errors
    /// As of [`plan`], unless the policy keeps what cannot be changed.
    pub fn add(&mut self, series: &[SliceRef<'_>], policy: &DefacePolicy) -> Result<SeriesFace> {
        let uids: Vec<String> = series
            .iter()
            .map(|slice| uid(slice.data_set).unwrap_or_default())
            .collect();
        let outcome = match plan(series, policy) {
            Err(Error::Deface(reason)) if policy.impossible == Impossible::Keep => {
                self.fates
                    .extend(uids.into_iter().map(|uid| (uid, Fate::Kept)));
                return Ok(SeriesFace::Kept(reason));
            }
            Err(error) => {
                let fate = Fate::Impossible(reason_of(&error));
                let fates = uids.into_iter().map(|uid| (uid, fate.clone()));
                self.fates.extend(fates);
                return Err(error);
            }
            Ok(outcome) => outcome,
        };
        Ok(match outcome {
            Outcome::NotHead(why) => {
                self.fates
                    .extend(uids.into_iter().map(|uid| (uid, Fate::NotHead)));
                SeriesFace::NotHead(why)
            }
            Outcome::Mask(mask) => {
                for (number, uid) in uids.into_iter().enumerate() {
                    let masks = mask.of_instance(number).into_iter().cloned().collect();
                    self.fates.insert(uid, Fate::Masks(masks));
                }
                SeriesFace::Removed {
                    measured: mask.measured,
                    before: mask.before,
                    after: mask.after,
                }
            }
        })
    }

    /// Removes the face from an instance, whose SOP Instance UID must be as it came.
    ///
    /// # Errors
    /// As of [`apply`]; [`Error::Deface`] with the reason if [`Faces::add`] failed for its series.
    pub fn apply(&self, data_set: &mut DataSet, transfer_syntax: &str) -> Result<InstanceFace> {
        let fate = uid(data_set).and_then(|uid| self.fates.get(&uid));
        Ok(match fate {
            None => InstanceFace::Unknown,
            Some(Fate::NotHead) => InstanceFace::NotHead,
            Some(Fate::Kept) => InstanceFace::Kept,
            Some(Fate::Impossible(reason)) => return Err(Error::Deface(reason.clone())),
            Some(Fate::Masks(masks)) => {
                let masks: Vec<&SliceMask> = masks.iter().collect();
                InstanceFace::Removed(apply(data_set, transfer_syntax, &masks)?)
            }
        })
    }
}

/// Why, without the words that [`Error::Deface`] begins with.
fn reason_of(error: &Error) -> String {
    match error {
        Error::Deface(reason) => reason.clone(),
        other => format!("a slice of its series: {other}"),
    }
}

fn uid(data_set: &DataSet) -> Option<String> {
    let uid = data_set.first_text(tags::SOP_INSTANCE_UID)?;
    Some(uid.trim_end_matches(['\0', ' ']).to_owned())
}
