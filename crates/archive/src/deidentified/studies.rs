//! The studies of the archive by their pseudonyms: derived forward from the index, so that nothing
//! has to be kept, and in an order that says nothing about when they were made.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sagittal_store::index::{Index, IndexQuery, Level, Watermarks};

use super::lens::Lens;
use crate::{Error, Result};

/// Studies that a view can have.
const MOST: usize = 4_000_000;
/// A table that is made in less time than this is made anew whenever anything has changed.
const QUICK: Duration = Duration::from_millis(20);

/// A study.
#[derive(Clone, Debug)]
pub(crate) struct Study {
    /// Of its pseudonym.
    key: u128,
    /// Of its patient's.
    patient: u128,
    /// Its UID in the archive.
    pub(crate) original: Box<str>,
}

#[derive(Default)]
struct Table {
    /// By key.
    studies: Arc<[Study]>,
    made: Option<Made>,
}

struct Made {
    from: Watermarks,
    at: Instant,
    took: Duration,
}

/// The table.
#[derive(Default)]
pub(crate) struct Studies(Mutex<Table>);

fn key(text: &str) -> u128 {
    let hash = blake3::hash(text.as_bytes());
    let first = hash.as_bytes().first_chunk::<16>();
    first.map_or(0, |bytes| u128::from_be_bytes(*bytes))
}

impl Studies {
    /// Brings it up to date; unless it `must`, not if that was done a moment ago and takes long.
    fn update(&self, index: &dyn Index, lens: &Lens, must: bool) -> Result<()> {
        let mut table = self.0.lock();
        let watermarks = index.watermarks()?;
        if let Some(made) = &table.made {
            let is_recent = made.took > QUICK && made.at.elapsed() < made.took * 10;
            if made.from == watermarks || (is_recent && !must) {
                return Ok(());
            }
        }
        let began = Instant::now();
        let mut studies = Vec::new();
        let mut is_full = false;
        index.find(&IndexQuery::all(Level::Study), &mut |row| {
            if let Some(study) = row.study() {
                let study = &study.attributes;
                let patient = lens.patient_id(&study.patient_id);
                studies.push(Study {
                    key: key(lens.uid(&study.study_instance_uid).as_str()),
                    patient: patient.map_or(0, |id| key(&id)),
                    original: study.study_instance_uid.as_str().into(),
                });
            }
            is_full = studies.len() >= MOST;
            match is_full {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        if is_full {
            return Err(Error::TooLarge {
                what: "studies of a de-identified view",
                limit: MOST as u64,
            });
        }
        studies.sort_by_key(|study| study.key);
        *table = Table {
            studies: studies.into(),
            made: Some(Made {
                from: watermarks,
                at: began,
                took: began.elapsed(),
            }),
        };
        Ok(())
    }

    /// All of them, in order.
    pub(crate) fn all(&self, index: &dyn Index, lens: &Lens) -> Result<Arc<[Study]>> {
        self.update(index, lens, false)?;
        Ok(self.0.lock().studies.clone())
    }

    /// Those with these pseudonyms.
    pub(crate) fn by_uid(
        &self,
        index: &dyn Index,
        lens: &Lens,
        pseudonyms: &[String],
    ) -> Result<Vec<Study>> {
        let find = |studies: &[Study]| -> Vec<Study> {
            let mut keys: Vec<u128> = pseudonyms.iter().map(|uid| key(uid)).collect();
            keys.sort_unstable();
            keys.dedup();
            let at = |key: &u128| studies.binary_search_by_key(key, |study| study.key).ok();
            let found = keys.iter().filter_map(at);
            found.filter_map(|at| studies.get(at).cloned()).collect()
        };
        let table = self.0.lock().studies.clone();
        let found = find(&table);
        if found.len() == pseudonyms.len() {
            return Ok(found);
        }
        // It may have come in the meantime.
        self.update(index, lens, true)?;
        let table = self.0.lock().studies.clone();
        Ok(find(&table))
    }

    /// Those of patients with these pseudonyms.
    pub(crate) fn of_patients(
        &self,
        index: &dyn Index,
        lens: &Lens,
        pseudonyms: &[String],
    ) -> Result<Vec<Study>> {
        self.update(index, lens, true)?;
        let keys: Vec<u128> = pseudonyms.iter().map(|id| key(id)).collect();
        let table = self.0.lock().studies.clone();
        let of = table.iter().filter(|study| keys.contains(&study.patient));
        Ok(of.cloned().collect())
    }
}
