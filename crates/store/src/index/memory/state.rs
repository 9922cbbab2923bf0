//! What the index in memory keeps: rows whose counts are only filled in when they are read.

use std::collections::{BTreeMap, HashMap};

use super::quality::Quality;
use crate::index::entry::{Change, Entry, SeriesAttributes, StudyAttributes, Watermarks};
use crate::index::key;
use crate::index::row::{InstanceRow, PatientRow, SeriesRow, StudyRow};

/// Everything.
#[derive(Default)]
pub struct State {
    pub watermarks: Watermarks,
    /// Without attributes: each is that of the first study that has it.
    pub patients: BTreeMap<i64, PatientRow>,
    /// Patient ID, issuer, and what stands in for an ID that is not there.
    identities: BTreeMap<i64, (String, String, Option<String>)>,
    pub studies: BTreeMap<i64, StudyRow>,
    /// With the study each is in.
    pub series: BTreeMap<i64, (i64, SeriesRow)>,
    /// By sequence.
    pub instances: BTreeMap<u64, Stored>,
    /// UIDs of what was deleted, and when.
    pub deleted: HashMap<String, u64>,
    pub quality: Quality,
}

/// An instance and what belongs to it.
pub struct Stored {
    /// The series it is in.
    pub series: i64,
    pub row: InstanceRow,
    pub frames: Vec<u8>,
    pub header: Vec<u8>,
}

impl State {
    /// Takes in one change.
    pub fn change(&mut self, change: &Change) {
        match change {
            Change::Store(entry) => self.store(entry),
            Change::Refuse(arrival) => self.quality.arrived(arrival, None),
            Change::Supersede {
                sop_instance_uid,
                sequence,
            } => self.supersede(sop_instance_uid.as_str(), *sequence),
            Change::Recode {
                sop_instance_uid,
                record,
                sequence,
            } => self.forget(sop_instance_uid.as_str(), *record, *sequence),
            Change::Delete {
                sop_instance_uids,
                sequence,
            } => {
                for uid in sop_instance_uids {
                    self.delete(uid.as_str(), *sequence);
                }
            }
        }
    }

    fn store(&mut self, entry: &Entry) {
        let uid = &entry.instance.sop_instance_uid;
        let deleted = self.deleted.get(uid).is_some_and(|at| *at > entry.sequence);
        if deleted || self.instances.contains_key(&entry.sequence) {
            return;
        }
        let mut all = self.instances.values();
        let shown = all.any(|s| !s.row.hidden && s.row.attributes.sop_instance_uid == *uid);
        let study = self.study(&entry.study);
        let series = self.series(study, &entry.series);
        self.touch(series, entry.sequence, entry.received_ms);
        let mut attributes = entry.instance.clone();
        for text in [
            &mut attributes.instance_number,
            &mut attributes.content_date,
            &mut attributes.content_time,
        ] {
            *text = text.trim().to_owned();
        }
        let row = InstanceRow {
            attributes,
            locator: entry.locator,
            hash: entry.hash,
            transfer_syntax_uid: entry.transfer_syntax_uid.clone(),
            sequence: entry.sequence,
            source: entry.source.clone(),
            received_ms: entry.received_ms,
            hidden: entry.hidden || shown,
            has_frames: !entry.frames.is_empty(),
        };
        let stored = Stored {
            series,
            row,
            frames: entry.frames.clone(),
            header: entry.header.clone(),
        };
        self.instances.insert(entry.sequence, stored);
        if let Some(arrival) = &entry.arrival {
            let record = i64::try_from(entry.sequence).ok();
            self.quality.arrived(arrival, record);
        }
    }

    fn touch(&mut self, series: i64, sequence: u64, received_ms: i64) {
        if let Some((study, series)) = self.series.get_mut(&series) {
            series.version = series.version.max(sequence);
            series.received_ms = series.received_ms.max(received_ms);
            if let Some(study) = self.studies.get_mut(study) {
                study.version = study.version.max(sequence);
                study.received_ms = study.received_ms.max(received_ms);
            }
        }
    }

    fn supersede(&mut self, uid: &str, sequence: u64) {
        let mut touched = Vec::new();
        for stored in self.instances.values_mut() {
            let row = &mut stored.row;
            if row.attributes.sop_instance_uid == uid && !row.hidden && row.sequence < sequence {
                row.hidden = true;
                touched.push(stored.series);
            }
        }
        touched.into_iter().for_each(|s| self.touch(s, sequence, 0));
    }

    fn forget(&mut self, uid: &str, record: u64, sequence: u64) {
        let found = self.instances.get(&record);
        let series = found.filter(|stored| stored.row.attributes.sop_instance_uid == uid);
        if let Some(series) = series.map(|stored| stored.series) {
            self.instances.remove(&record);
            self.quality.forget(i64::try_from(record).unwrap_or(0));
            self.touch(series, sequence, 0);
        }
    }

    fn delete(&mut self, uid: &str, sequence: u64) {
        let mut touched = Vec::new();
        self.instances.retain(|at, stored| {
            let gone = stored.row.attributes.sop_instance_uid == uid && *at < sequence;
            if gone {
                touched.push(stored.series);
                self.quality.deleted(i64::try_from(*at).unwrap_or(0));
            }
            !gone
        });
        touched.into_iter().for_each(|s| self.touch(s, sequence, 0));
        let at = self.deleted.entry(uid.to_owned()).or_default();
        *at = sequence.max(*at);
    }

    /// Removes what has nothing in it any more.
    pub fn tidy(&mut self) {
        let (instances, deleted) = (&self.instances, &mut self.deleted);
        let mut forget = |uid: &str, version: u64| {
            let at = deleted.entry(uid.to_owned()).or_default();
            *at = version.max(*at);
        };
        self.series.retain(|id, (_, row)| {
            let keep = instances.values().any(|stored| stored.series == *id);
            if !keep {
                forget(&row.attributes.series_instance_uid, row.version);
            }
            keep
        });
        let series = &self.series;
        self.studies.retain(|id, row| {
            let keep = series.values().any(|(study, _)| study == id);
            if !keep {
                forget(&row.attributes.study_instance_uid, row.version);
            }
            keep
        });
        let studies = &self.studies;
        self.patients
            .retain(|id, _| studies.values().any(|study| study.patient == *id));
        let patients = &self.patients;
        self.identities.retain(|id, _| patients.contains_key(id));
    }

    fn study(&mut self, new: &StudyAttributes) -> i64 {
        let mut all = self.studies.values();
        let known = all.find(|row| row.attributes.study_instance_uid == new.study_instance_uid);
        let mut row = known.cloned().unwrap_or_default();
        let attributes = &mut row.attributes;
        attributes
            .study_instance_uid
            .clone_from(&new.study_instance_uid);
        for (old, new) in [
            (&mut attributes.patient_id, &new.patient_id),
            (
                &mut attributes.issuer_of_patient_id,
                &new.issuer_of_patient_id,
            ),
            (&mut attributes.patient_name, &new.patient_name),
            (&mut attributes.patient_birth_date, &new.patient_birth_date),
            (&mut attributes.patient_sex, &new.patient_sex),
            (&mut attributes.study_date, &new.study_date),
            (&mut attributes.study_time, &new.study_time),
            (&mut attributes.accession_number, &new.accession_number),
            (&mut attributes.study_id, &new.study_id),
            (&mut attributes.study_description, &new.study_description),
            (
                &mut attributes.referring_physician_name,
                &new.referring_physician_name,
            ),
            (
                &mut attributes.timezone_offset_from_utc,
                &new.timezone_offset_from_utc,
            ),
        ] {
            fill(old, new);
        }
        if row.id == 0 {
            row.id = self.studies.keys().next_back().map_or(1, |last| last + 1);
        }
        let before = row.patient;
        row.patient = self.patient(&row.attributes);
        let (id, patient) = (row.id, row.patient);
        self.studies.insert(id, row);
        let empty = !self.studies.values().any(|s| s.patient == before);
        if before != patient && empty {
            self.patients.remove(&before);
            self.identities.remove(&before);
        }
        id
    }

    fn patient(&mut self, study: &StudyAttributes) -> i64 {
        let stand_in = format!(
            "{}\\{}",
            key::name_key(&study.patient_name),
            study.patient_birth_date
        );
        let identity = (
            study.patient_id.clone(),
            study.issuer_of_patient_id.clone(),
            study.patient_id.is_empty().then_some(stand_in),
        );
        let mut all = self.identities.iter();
        if let Some((id, _)) = all.find(|(_, known)| **known == identity) {
            return *id;
        }
        let last = self.identities.keys().next_back();
        let id = last.map_or(1, |last| last + 1);
        let row = PatientRow {
            id,
            patient_id: study.patient_id.clone(),
            issuer_of_patient_id: study.issuer_of_patient_id.clone(),
            ..PatientRow::default()
        };
        self.patients.insert(id, row);
        self.identities.insert(id, identity);
        id
    }

    fn series(&mut self, study: i64, new: &SeriesAttributes) -> i64 {
        let mut all = self.series.values();
        let known = all.find(|(of, row)| {
            *of == study && row.attributes.series_instance_uid == new.series_instance_uid
        });
        let mut row = known.map(|(_, row)| row.clone()).unwrap_or_default();
        let attributes = &mut row.attributes;
        attributes
            .series_instance_uid
            .clone_from(&new.series_instance_uid);
        for (old, new) in [
            (&mut attributes.modality, &new.modality),
            (&mut attributes.series_number, &new.series_number),
            (&mut attributes.series_description, &new.series_description),
            (&mut attributes.series_date, &new.series_date),
            (&mut attributes.series_time, &new.series_time),
            (&mut attributes.body_part_examined, &new.body_part_examined),
            (&mut attributes.laterality, &new.laterality),
            (
                &mut attributes.performed_procedure_step_start_date,
                &new.performed_procedure_step_start_date,
            ),
            (
                &mut attributes.performed_procedure_step_start_time,
                &new.performed_procedure_step_start_time,
            ),
            (
                &mut attributes.scheduled_procedure_step_id,
                &new.scheduled_procedure_step_id,
            ),
            (
                &mut attributes.requested_procedure_id,
                &new.requested_procedure_id,
            ),
            (&mut attributes.station_name, &new.station_name),
            (&mut attributes.institution_name, &new.institution_name),
            (&mut attributes.manufacturer, &new.manufacturer),
            (
                &mut attributes.manufacturer_model_name,
                &new.manufacturer_model_name,
            ),
        ] {
            fill(old, new);
        }
        if row.id == 0 {
            row.id = self.series.keys().next_back().map_or(1, |last| last + 1);
        }
        let id = row.id;
        self.series.insert(id, (study, row));
        id
    }
}

fn fill(old: &mut String, new: &str) {
    if old.is_empty() {
        new.trim().clone_into(old);
    }
}
