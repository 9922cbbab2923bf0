//! What queries see of the originals: headers of the index, de-identified and checked like whole
//! instances, but without reading pixels.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use sagittal_core::{DataSet, Limits, Uid, Value, tags, transfer_syntax};
use sagittal_deid::{CleanPixels, PixelsCleaned, Project, Session, deidentify_checked};
use sagittal_file::{json, part10};
use sagittal_store::index::{
    InstanceAttributes, InstanceRow, PatientRow, Row, SeriesAttributes, SeriesRow, StudyAttributes,
    StudyRow,
};

use super::known::PatientState;
use super::lens::Lens;
use super::probe::Nobody;
use crate::Result;
use crate::ingest::{Chunks, Described, describe};

/// Bytes of headers that are remembered.
const REMEMBERED: usize = 32 << 20;

/// A header as it is shown, and what the index would know of it.
pub(crate) struct Seen {
    pub(crate) study: StudyAttributes,
    pub(crate) series: SeriesAttributes,
    pub(crate) instance: InstanceAttributes,
    pub(crate) header: DataSet,
    /// Modality is shown as it is.
    modality_is_kept: bool,
    bytes: usize,
}

/// Headers looked at lately, by their content; `None` of those that are withheld.
#[derive(Default)]
pub(super) struct SeenHeaders(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    seen: HashMap<blake3::Hash, Option<Arc<Seen>>>,
    /// The oldest first.
    order: VecDeque<(blake3::Hash, usize)>,
    bytes: usize,
}

impl SeenHeaders {
    fn get(&self, key: &blake3::Hash) -> Option<Option<Arc<Seen>>> {
        self.0.lock().seen.get(key).cloned()
    }

    fn put(&self, key: blake3::Hash, seen: Option<Arc<Seen>>) {
        let held = &mut *self.0.lock();
        let bytes = seen.as_ref().map_or(64, |seen| seen.bytes);
        if held.seen.insert(key, seen).is_none() {
            held.order.push_back((key, bytes));
            held.bytes += bytes;
        }
        while held.bytes > REMEMBERED {
            let Some((oldest, bytes)) = held.order.pop_front() else {
                return;
            };
            held.seen.remove(&oldest);
            held.bytes = held.bytes.saturating_sub(bytes);
        }
    }
}

/// In place of what cleans pixels, where there are none.
struct NoPixels;

impl CleanPixels for NoPixels {
    fn clean(
        &self,
        _: &mut DataSet,
        _: &str,
        session: &mut Session<'_>,
    ) -> sagittal_deid::Result<PixelsCleaned> {
        let options = &session.project.options;
        Ok(PixelsCleaned {
            burned_in_text: options.clean_pixel_data,
            visual_features_settled: true,
            ..PixelsCleaned::default()
        })
    }
}

/// A project for headers.
pub(super) fn without_pixels(project: &Project) -> Project {
    Project {
        pixels: Some(Arc::new(NoPixels)),
        ..project.clone()
    }
}

impl Lens {
    /// A header of the index (DICOM JSON) of a patient as the view shows it; `None`, and `withheld` is told why,
    /// if it does not. Blocks.
    pub(crate) fn seen(
        &self,
        json: &[u8],
        patient: PatientState,
        project: impl FnOnce() -> Result<Arc<Project>>,
        withheld: impl FnOnce(&str, &str, String),
    ) -> Result<Option<Arc<Seen>>> {
        let key = blake3::hash(format!("{patient:?} {}", blake3::hash(json)).as_bytes());
        if let Some(seen) = self.headers.get(&key) {
            return Ok(seen);
        }
        let mut read = json::read(json, Limits::default())?;
        let mut original = read.pop().unwrap_or_default();
        without_bulk(&mut original);
        let project = without_pixels(&*project()?);
        let seen = match self.look(&original, &project) {
            Ok(seen) => Some(Arc::new(seen)),
            Err(reason) => {
                let uid = |tag| original.first_text(tag).unwrap_or_default();
                let pseudonym = |tag| self.uid(&uid(tag)).to_string();
                let study = pseudonym(tags::STUDY_INSTANCE_UID);
                withheld(&study, &pseudonym(tags::SOP_INSTANCE_UID), reason);
                None
            }
        };
        self.headers.put(key, seen.clone());
        Ok(seen)
    }

    /// The reason if it cannot be shown.
    fn look(&self, original: &DataSet, project: &Project) -> Result<Seen, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let uid = |tag| {
            let uid = original.first_text(tag).unwrap_or_default();
            Uid::tolerant(&uid).map_err(|error| text(&error))
        };
        let syntax = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
        let meta = part10::Meta {
            sop_class_uid: uid(tags::SOP_CLASS_UID)?,
            sop_instance_uid: uid(tags::SOP_INSTANCE_UID)?,
            transfer_syntax_uid: Uid::from_static(syntax),
            source_ae_title: None,
        };
        let file = part10::write(&meta, original).map_err(|error| text(&error))?;
        let check = self.policy().check();
        let checked = deidentify_checked(&Bytes::from(file), project, check, &mut Nobody)
            .map_err(|error| text(&error))?;
        if let Some(hit) = checked.found.hits.first() {
            return Err(format!("found by the residual check: {hit}"));
        }
        let mut bytes = Vec::new();
        let shown = &checked.output.data_set;
        sagittal_file::write::write_data_set(shown, syntax, &mut bytes)
            .map_err(|error| text(&error))?;
        let chunks = [Bytes::from(bytes)];
        let Described {
            study,
            series,
            instance,
            header,
            ..
        } = describe(&mut Chunks::new(&chunks), syntax, Some(&meta.sop_class_uid))
            .map_err(|error| text(&error))?;
        let read = json::read(&header, Limits::default()).map_err(|error| text(&error))?;
        let modality = original.first_text(tags::MODALITY).unwrap_or_default();
        Ok(Seen {
            modality_is_kept: modality.trim() == series.modality.trim(),
            study,
            series,
            instance,
            bytes: 2 * header.len() + 2048,
            header: read.into_iter().next().unwrap_or_default(),
        })
    }
}

/// What is only referred to cannot be looked at, and is not shown.
fn without_bulk(data_set: &mut DataSet) {
    data_set.retain(|element| !matches!(element.value, Value::BulkDataUri(_)));
    let sequences = data_set.elements().iter();
    let sequences: Vec<_> = sequences
        .filter(|element| matches!(element.value, Value::Sequence(_)))
        .map(|element| element.tag)
        .collect();
    for tag in sequences {
        if let Some(element) = data_set.get_mut(tag)
            && let Value::Sequence(items) = &mut element.value
        {
            items.iter_mut().for_each(without_bulk);
        }
    }
}

impl Seen {
    /// A row of the index as the view shows it: numbers are the archive's, values are shown ones.
    pub(crate) fn row(&self, row: &Row) -> Row {
        match row {
            Row::Patient(patient) => Row::Patient(Arc::new(self.patient(patient))),
            Row::Study(study) => Row::Study(Arc::new(self.study(study))),
            Row::Series(study, series) => {
                Row::Series(Arc::new(self.study(study)), Arc::new(self.series(series)))
            }
            Row::Instance(study, series, instance) => Row::Instance(
                Arc::new(self.study(study)),
                Arc::new(self.series(series)),
                Box::new(InstanceRow {
                    attributes: self.instance.clone(),
                    ..InstanceRow::clone(instance)
                }),
            ),
        }
    }

    fn patient(&self, patient: &PatientRow) -> PatientRow {
        PatientRow {
            patient_id: self.study.patient_id.clone(),
            issuer_of_patient_id: self.study.issuer_of_patient_id.clone(),
            patient_name: self.study.patient_name.clone(),
            patient_birth_date: self.study.patient_birth_date.clone(),
            patient_sex: self.study.patient_sex.clone(),
            ..patient.clone()
        }
    }

    fn study(&self, study: &StudyRow) -> StudyRow {
        StudyRow {
            attributes: self.study.clone(),
            modalities: match self.modality_is_kept {
                true => study.modalities.clone(),
                false => String::new(),
            },
            ..study.clone()
        }
    }

    fn series(&self, series: &SeriesRow) -> SeriesRow {
        SeriesRow {
            attributes: self.series.clone(),
            ..series.clone()
        }
    }
}
