//! What all objects of a patient tell of people: a report names the technician that only an image's
//! header knows, and neither is to keep that name.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::Mutex;
use sagittal_core::Limits;
use sagittal_deid::Project;
use sagittal_deid::text::Identity;
use sagittal_store::index::{Index, IndexQuery, Level, PatientRow, Row, Selection, StudyRow};

use super::Named;
use crate::Result;

/// Series of a patient that are looked at: within one, nearly the same people are named.
const SERIES: usize = 256;
/// Patients that are remembered.
const REMEMBERED: usize = 64;

/// The patient's number in the index, and how many series there are of it: what is known of people
/// may change with them.
pub(crate) type PatientState = (i64, u64);
type Key = PatientState;

/// What is known of a study's patient changes when this does.
pub(crate) fn patient_state(index: &dyn Index, study: &StudyRow) -> Result<PatientState> {
    let series = index.patient(study)?.map_or(0, |patient| patient.series);
    Ok((study.patient, series))
}

/// A study of the archive.
pub(crate) fn study(index: &dyn Index, study_uid: &str) -> Result<Option<Arc<StudyRow>>> {
    let mut study = None;
    let of = Selection {
        study_instance_uids: vec![study_uid.to_owned()],
        ..Selection::default()
    };
    index.find(&of.query(Level::Study), &mut |row| {
        if let Row::Study(row) = row {
            study = Some(row);
        }
        ControlFlow::Break(())
    })?;
    Ok(study)
}

/// Projects that know what the objects of a patient tell, for patients seen lately.
#[derive(Default)]
pub(super) struct Patients(Mutex<VecDeque<(Key, Arc<Project>)>>);

impl Patients {
    fn get(&self, key: Key) -> Option<Arc<Project>> {
        let known = self.0.lock();
        let found = known.iter().find(|(of, _)| *of == key);
        found.map(|(_, project)| project.clone())
    }

    fn put(&self, key: Key, project: &Arc<Project>) {
        let mut known = self.0.lock();
        known.retain(|((patient, _), _)| *patient != key.0);
        if known.len() >= REMEMBERED {
            known.pop_front();
        }
        known.push_back((key, project.clone()));
    }
}

impl Named {
    /// The policy's project, knowing what the objects of a study's patient tell. Blocks.
    pub(crate) fn project_of(&self, index: &dyn Index, study_uid: &str) -> Result<Arc<Project>> {
        match study(index, study_uid)? {
            Some(study) => self.project_knowing(index, &study),
            None => Ok(self.project.clone()),
        }
    }

    /// As [`Named::project_of`], of a patient.
    pub(crate) fn project_of_patient(
        &self,
        index: &dyn Index,
        patient: &PatientRow,
    ) -> Result<Arc<Project>> {
        let mut study = None;
        let of = Selection {
            patient_ids: vec![patient.patient_id.clone()],
            ..Selection::default()
        };
        let query = match patient.patient_id.trim().is_empty() {
            true => IndexQuery::all(Level::Study),
            false => of.query(Level::Study),
        };
        index.find(&query, &mut |row| {
            if let Row::Study(row) = row
                && row.patient == patient.id
            {
                study = Some(row);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        match study {
            Some(study) => self.project_knowing(index, &study),
            None => Ok(self.project.clone()),
        }
    }

    /// As [`Named::project_of`], of a study at hand.
    pub(crate) fn project_knowing(
        &self,
        index: &dyn Index,
        study: &StudyRow,
    ) -> Result<Arc<Project>> {
        let key = patient_state(index, study)?;
        if let Some(project) = self.patients.get(key) {
            return Ok(project);
        }
        let mut known = Identity::clone(&self.project.known);
        for row in series_of(index, study)? {
            let Some(json) = index.sample(&row)? else {
                continue;
            };
            let read = sagittal_file::json::read(&json, Limits::default());
            for data_set in read.unwrap_or_default() {
                known.extend(&Identity::of(&data_set));
            }
        }
        let project = Arc::new(Project {
            known: Arc::new(known),
            ..Project::clone(&self.project)
        });
        self.patients.put(key, &project);
        Ok(project)
    }
}

/// Series of the study's patient; of a study without Patient ID its own.
fn series_of(index: &dyn Index, study: &StudyRow) -> Result<Vec<Row>> {
    let patient_id = &study.attributes.patient_id;
    let mut of = Selection::default();
    match patient_id.trim().is_empty() {
        true => of
            .study_instance_uids
            .push(study.attributes.study_instance_uid.clone()),
        false => of.patient_ids.push(patient_id.clone()),
    }
    let query = IndexQuery {
        expected: Some(SERIES as u64),
        ..of.query(Level::Series)
    };
    let mut found = Vec::new();
    index.find(&query, &mut |row| {
        if row.study().is_some_and(|of| of.patient == study.patient) {
            found.push(row);
        }
        match found.len() < SERIES {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    Ok(found)
}
