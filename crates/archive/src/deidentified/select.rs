//! From what a view names to what the archive has: study by study, derived forward, so that nothing
//! is kept that could be turned around.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sagittal_store::index::{Index, Level, Selection};

use super::lens::Lens;
use crate::retrieve::Selector;
use crate::{Error, Result};

/// Instances that are looked through for UIDs of which nobody says in which study they are.
const MOST: u64 = 2_000_000;

impl Lens {
    /// What a selection of the view is in the archive; `None` if there is nothing. Blocks.
    pub(crate) fn selection(
        &self,
        index: &dyn Index,
        selector: &Selector,
    ) -> Result<Option<Selection>> {
        let mut selection = Selection::default();
        let texts = |uids: &[sagittal_core::Uid]| -> Vec<String> {
            uids.iter().map(ToString::to_string).collect()
        };
        let by_study = !selector.study_instance_uids.is_empty();
        let by_patient = !selector.patient_ids.is_empty();
        let uids = texts(&selector.study_instance_uids);
        let mut studies: Vec<String> = Vec::new();
        if by_study {
            let found = self.studies.by_uid(index, self, &uids)?;
            studies.extend(found.into_iter().map(|study| study.original.into()));
        }
        if by_patient {
            let found = self
                .studies
                .of_patients(index, self, &selector.patient_ids)?;
            let found = found.into_iter().map(|study| String::from(study.original));
            match by_study {
                true => {
                    let found: HashSet<String> = found.collect();
                    studies.retain(|study| found.contains(study));
                }
                false => studies.extend(found),
            }
        }
        if (by_study || by_patient) && studies.is_empty() {
            return Ok(None);
        }
        selection.study_instance_uids = studies;
        if !selector.series_instance_uids.is_empty() {
            let wanted = texts(&selector.series_instance_uids);
            let found = self.below(index, &selection, Level::Series, &wanted)?;
            if found.is_empty() {
                return Ok(None);
            }
            selection.series_instance_uids = found;
        }
        if !selector.sop_instance_uids.is_empty() {
            let wanted = texts(&selector.sop_instance_uids);
            let found = self.below(index, &selection, Level::Instance, &wanted)?;
            if found.is_empty() {
                return Ok(None);
            }
            selection.sop_instance_uids = found;
        }
        Ok(Some(selection))
    }

    /// Series or instances of a selection with these pseudonyms.
    fn below(
        &self,
        index: &dyn Index,
        within: &Selection,
        level: Level,
        wanted: &[String],
    ) -> Result<Vec<String>> {
        let wanted: HashSet<&str> = wanted.iter().map(String::as_str).collect();
        let mut found = Vec::new();
        let mut looked_at = 0;
        index.find(&within.query(level), &mut |row| {
            looked_at += 1;
            let uid = match (row.instance(), row.series()) {
                (Some(instance), _) => &instance.attributes.sop_instance_uid,
                (None, Some(series)) => &series.attributes.series_instance_uid,
                _ => return ControlFlow::Continue(()),
            };
            if wanted.contains(self.uid(uid).as_str()) {
                found.push(uid.clone());
            }
            match found.len() < wanted.len() && looked_at < MOST {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        if found.len() < wanted.len() && looked_at >= MOST {
            return Err(Error::TooLarge {
                what: "instances to be looked through; say in which study it is",
                limit: MOST,
            });
        }
        Ok(found)
    }
}
