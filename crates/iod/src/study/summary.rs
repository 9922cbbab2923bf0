//! What is kept of an instance to compare it with others.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use sagittal_core::{DataSet, Tag, Value, tags};

use crate::rules::text_values;

/// Patient attributes that are the same in all of a patient's instances.
pub(super) const PATIENT: &[Tag] = &[
    tags::PATIENT_NAME,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
];
/// Attributes that are the same in all instances of a study (PS3.3 §C.7.2.1).
pub(super) const STUDY: &[Tag] = &[
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::STUDY_ID,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::STUDY_DESCRIPTION,
];
/// Attributes that are the same in all instances of a series (PS3.3 §C.7.3.1, §C.7.4.1, §C.7.5.1).
pub(super) const SERIES: &[Tag] = &[
    tags::STUDY_INSTANCE_UID,
    tags::MODALITY,
    tags::SERIES_NUMBER,
    tags::LATERALITY,
    tags::SERIES_DATE,
    tags::SERIES_TIME,
    tags::SERIES_DESCRIPTION,
    tags::PROTOCOL_NAME,
    tags::BODY_PART_EXAMINED,
    tags::PATIENT_POSITION,
    tags::FRAME_OF_REFERENCE_UID,
    tags::POSITION_REFERENCE_INDICATOR,
    tags::MANUFACTURER,
    tags::MANUFACTURER_MODEL_NAME,
    tags::STATION_NAME,
    tags::DEVICE_SERIAL_NUMBER,
];

/// References to other instances that are kept of one instance at most.
const MAX_REFERENCES: usize = 100_000;

/// What is kept of an instance: UIDs, geometry, references, and attributes that must agree as hashes.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub(super) sop_class_uid: String,
    pub(super) sop_instance_uid: String,
    pub(super) series_instance_uid: String,
    pub(super) study_instance_uid: String,
    pub(super) patient: Option<u64>,
    /// Of [`PATIENT`], [`STUDY`] and [`SERIES`], in that order; `None` if absent or empty.
    pub(super) values: Vec<Option<u64>>,
    pub(super) content: u64,
    pub(super) plane: Option<Plane>,
    pub(super) references: Vec<Reference>,
}

/// Where a slice lies.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plane {
    pub position: [f64; 3],
    pub row: [f64; 3],
    pub column: [f64; 3],
    pub spacing: Option<[f64; 2]>,
    pub size: Option<(i64, i64)>,
    /// Localizers and the like, which lie anywhere.
    pub is_localizer: bool,
    /// What tells apart images at one place: time, echo, phase, acquisition.
    pub index: u64,
}

/// A reference to an instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reference {
    pub class: String,
    pub instance: String,
    /// The sequence it is in.
    pub sequence: Tag,
}

impl Summary {
    /// Takes what is needed from a data set.
    pub fn of(data_set: &DataSet) -> Summary {
        let text = |tag| data_set.first_text(tag).unwrap_or_default();
        let values = PATIENT.iter().chain(STUDY).chain(SERIES);
        let mut references = Vec::new();
        collect(data_set, None, &mut references);
        references.sort_by(|a, b| a.instance.cmp(&b.instance));
        references.dedup();
        Summary {
            sop_class_uid: text(tags::SOP_CLASS_UID),
            sop_instance_uid: text(tags::SOP_INSTANCE_UID),
            series_instance_uid: text(tags::SERIES_INSTANCE_UID),
            study_instance_uid: text(tags::STUDY_INSTANCE_UID),
            patient: patient(data_set),
            values: values.map(|tag| hash_of(data_set, *tag)).collect(),
            content: content(data_set),
            plane: plane(data_set),
            references,
        }
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn hash_of(data_set: &DataSet, tag: Tag) -> Option<u64> {
    let text = data_set.text(tag)?;
    let text = text.trim_matches([' ', '\0', '^']);
    (!text.is_empty()).then(|| hash(&text))
}

/// Patient ID and its issuer.
fn patient(data_set: &DataSet) -> Option<u64> {
    let id = hash_of(data_set, tags::PATIENT_ID)?;
    Some(hash(&(id, hash_of(data_set, tags::ISSUER_OF_PATIENT_ID))))
}

/// Of all values of the root but those of sequences: tells copies from different objects.
fn content(data_set: &DataSet) -> u64 {
    let mut hasher = DefaultHasher::new();
    for element in data_set.elements() {
        element.tag.hash(&mut hasher);
        match &element.value {
            Value::Bytes(bytes) => bytes.hash(&mut hasher),
            Value::Fragments(fragments) => fragments.fragments.hash(&mut hasher),
            Value::Sequence(items) => items.len().hash(&mut hasher),
            Value::BulkDataUri(uri) => uri.hash(&mut hasher),
        }
    }
    hasher.finish()
}

fn three(values: &[f64]) -> Option<[f64; 3]> {
    let [a, b, c] = *values else { return None };
    [a, b, c].iter().all(|v| v.is_finite()).then_some([a, b, c])
}

fn plane(data_set: &DataSet) -> Option<Plane> {
    let position = three(&data_set.floats(tags::IMAGE_POSITION_PATIENT))?;
    let orientation = data_set.floats(tags::IMAGE_ORIENTATION_PATIENT);
    let (row, column) = orientation.split_at_checked(3)?;
    let spacing = data_set.floats(tags::PIXEL_SPACING);
    let spacing = match spacing[..] {
        [a, b] => Some([a, b]),
        _ => None,
    };
    let size = data_set.int(tags::ROWS).zip(data_set.int(tags::COLUMNS));
    let index = [
        tags::ACQUISITION_NUMBER,
        tags::TEMPORAL_POSITION_IDENTIFIER,
        tags::TRIGGER_TIME,
        tags::ECHO_NUMBERS,
        tags::ECHO_TIME,
        tags::ACQUISITION_TIME,
        tags::FRAME_REFERENCE_TIME,
        tags::IMAGE_TYPE,
        tags::DIFFUSION_B_VALUE,
        tags::CONTENT_TIME,
    ]
    .map(|tag| hash_of(data_set, tag));
    let image_type = data_set.bytes(tags::IMAGE_TYPE);
    let is_localizer =
        image_type.is_some_and(|bytes| text_values(bytes).any(|value| value == b"LOCALIZER"));
    Some(Plane {
        position,
        row: three(row)?,
        column: three(column)?,
        spacing,
        size,
        is_localizer,
        index: hash(&index),
    })
}

fn collect(data_set: &DataSet, sequence: Option<Tag>, references: &mut Vec<Reference>) {
    if let (Some(sequence), Some(instance)) = (
        sequence,
        data_set.first_text(tags::REFERENCED_SOP_INSTANCE_UID),
    ) {
        references.push(Reference {
            class: data_set
                .first_text(tags::REFERENCED_SOP_CLASS_UID)
                .unwrap_or_default(),
            instance,
            sequence,
        });
    }
    for element in data_set.elements() {
        for item in element.value.as_items().unwrap_or_default() {
            if references.len() >= MAX_REFERENCES {
                return;
            }
            collect(item, Some(element.tag), references);
        }
    }
}
