//! Queries by looking at everything.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::MemoryIndex;
use super::state::State;
use crate::index::key;
use crate::index::query::{IndexQuery, Level};
use crate::index::row::{InstanceRow, PatientRow, Row, SeriesRow, StudyRow};

impl MemoryIndex {
    /// All answers, in order.
    pub(super) fn rows(&self, query: &IndexQuery) -> Vec<Row> {
        let state = self.state.lock();
        match query.level {
            Level::Patient => state.patients(query),
            _ => state.studies_and_below(query),
        }
    }
}

impl State {
    fn patients(&self, query: &IndexQuery) -> Vec<Row> {
        let mut below = query.clone();
        below
            .conditions
            .retain(|c| c.column.entry().level > Level::Patient);
        below.level = Level::Study;
        let matching: BTreeSet<i64> = self
            .studies_and_below(&below)
            .iter()
            .filter_map(|row| row.study().map(|study| study.patient))
            .collect();
        let mut patients: Vec<PatientRow> = matching
            .iter()
            .filter_map(|id| self.patients.get(id).cloned())
            .map(|row| self.counted_patient(row))
            .filter(|row| query.at(Level::Patient).all(|c| row.fulfils(c)))
            .collect();
        patients.sort_by_key(|p| (key::name_key(&p.patient_name), p.patient_id.clone(), p.id));
        patients
            .into_iter()
            .map(|patient| Row::Patient(Arc::new(patient)))
            .collect()
    }

    fn counted_patient(&self, mut row: PatientRow) -> PatientRow {
        let studies = self.studies.values().filter(|s| s.patient == row.id);
        for study in studies.map(|study| self.counted_study(study.clone())) {
            let attributes = &study.attributes;
            for (own, of_study) in [
                (&mut row.patient_name, &attributes.patient_name),
                (&mut row.patient_birth_date, &attributes.patient_birth_date),
                (&mut row.patient_sex, &attributes.patient_sex),
            ] {
                if own.is_empty() {
                    own.clone_from(of_study);
                }
            }
            row.studies += u64::from(study.instances > 0);
            row.series += study.series;
            row.instances += study.instances;
        }
        row
    }

    fn counted_study(&self, mut row: StudyRow) -> StudyRow {
        let (mut modalities, mut classes) = (BTreeSet::new(), BTreeSet::new());
        for (study, series) in self.series.values() {
            if *study != row.id {
                continue;
            }
            let series = self.counted_series(series.clone());
            row.series += u64::from(series.instances > 0);
            row.instances += series.instances;
            row.hidden += series.hidden;
            row.bytes += series.bytes;
            if series.instances > 0 {
                let split = |text: &str| -> Vec<String> {
                    let values = text.split('\\').filter(|value| !value.is_empty());
                    values.map(str::to_owned).collect()
                };
                modalities.extend(split(&series.attributes.modality));
                classes.extend(split(&series.sop_classes));
            }
        }
        row.modalities = join(modalities);
        row.sop_classes = join(classes);
        row
    }

    fn counted_series(&self, mut row: SeriesRow) -> SeriesRow {
        let mut classes = BTreeSet::new();
        for stored in self.instances.values().filter(|s| s.series == row.id) {
            if stored.row.hidden {
                row.hidden += 1;
            } else {
                row.instances += 1;
                row.bytes += stored.row.locator.length;
                classes.insert(stored.row.attributes.sop_class_uid.clone());
            }
        }
        row.sop_classes = join(classes);
        row
    }

    fn studies_and_below(&self, query: &IndexQuery) -> Vec<Row> {
        let counted = self.studies.values().cloned();
        let mut studies: Vec<StudyRow> = counted.map(|row| self.counted_study(row)).collect();
        studies.retain(|study| {
            let visible = study.instances > 0 || query.include_hidden && study.hidden > 0;
            let uid = &study.attributes.study_instance_uid;
            let listed = query.only_studies.as_ref().is_none_or(|l| l.contains(uid));
            let mut conditions = query.at(Level::Patient).chain(query.at(Level::Study));
            visible && listed && conditions.all(|c| study.fulfils(c))
        });
        studies.sort_by_key(|study| {
            let attributes = &study.attributes;
            let newest = key::newest(&attributes.study_date, &attributes.study_time);
            (newest, attributes.study_instance_uid.clone())
        });
        let mut rows = Vec::new();
        for study in studies.into_iter().map(Arc::new) {
            let series = self.series_rows(&study, query);
            match query.level {
                Level::Patient | Level::Study => {
                    if query.lowest() <= Level::Study || !series.is_empty() {
                        rows.push(Row::Study(study));
                    }
                }
                _ => rows.extend(series),
            }
        }
        rows
    }

    fn series_rows(&self, study: &Arc<StudyRow>, query: &IndexQuery) -> Vec<Row> {
        let of_study = self.series.values().filter(|(of, _)| *of == study.id);
        let mut series: Vec<SeriesRow> = of_study
            .map(|(_, row)| self.counted_series(row.clone()))
            .filter(|row| row.instances > 0 || query.include_hidden && row.hidden > 0)
            .filter(|row| query.at(Level::Series).all(|c| row.fulfils(c)))
            .collect();
        series.sort_by_key(|series| {
            let attributes = &series.attributes;
            let number = key::number_key(&attributes.series_number);
            (number, attributes.series_instance_uid.clone())
        });
        let mut rows = Vec::new();
        for series in series.into_iter().map(Arc::new) {
            let instances = self.instance_rows(series.id, query);
            if query.level == Level::Instance {
                rows.extend(instances.into_iter().map(|instance| {
                    Row::Instance(Arc::clone(study), Arc::clone(&series), Box::new(instance))
                }));
            } else if query.lowest() < Level::Instance || !instances.is_empty() {
                rows.push(Row::Series(Arc::clone(study), series));
            }
        }
        rows
    }

    fn instance_rows(&self, series: i64, query: &IndexQuery) -> Vec<InstanceRow> {
        let of_series = self.instances.values().filter(|s| s.series == series);
        let mut instances: Vec<InstanceRow> = of_series
            .map(|stored| stored.row.clone())
            .filter(|row| !row.hidden || query.include_hidden)
            .filter(|row| query.at(Level::Instance).all(|c| row.fulfils(c)))
            .collect();
        instances.sort_by_key(|row| {
            (
                key::number_key(&row.attributes.instance_number),
                row.sequence,
            )
        });
        instances
    }
}

fn join(values: BTreeSet<String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    values.join("\\")
}
