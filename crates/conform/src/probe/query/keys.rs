//! Which keys are asked about.

use sagittal_archive::query::Level;
use sagittal_core::{Tag, tags};

use crate::document::KeyKind::{self, Optional, Required, Unique};

/// A key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub tag: Tag,
    pub kind: KeyKind,
}

const fn key(tag: Tag, kind: KeyKind) -> Key {
    Key { tag, kind }
}

/// PS3.4 Table C.6-1.
const PATIENT: &[Key] = &[
    key(tags::PATIENT_NAME, Required),
    key(tags::PATIENT_ID, Unique),
    key(tags::ISSUER_OF_PATIENT_ID, Optional),
    key(tags::PATIENT_BIRTH_DATE, Optional),
    key(tags::PATIENT_BIRTH_TIME, Optional),
    key(tags::PATIENT_SEX, Optional),
    key(tags::OTHER_PATIENT_NAMES, Optional),
    key(tags::ETHNIC_GROUP, Optional),
    key(tags::PATIENT_COMMENTS, Optional),
    key(tags::NUMBER_OF_PATIENT_RELATED_STUDIES, Optional),
    key(tags::NUMBER_OF_PATIENT_RELATED_SERIES, Optional),
    key(tags::NUMBER_OF_PATIENT_RELATED_INSTANCES, Optional),
];

/// PS3.4 Tables C.6-2 and C.6-5.
const STUDY: &[Key] = &[
    key(tags::STUDY_DATE, Required),
    key(tags::STUDY_TIME, Required),
    key(tags::ACCESSION_NUMBER, Required),
    key(tags::PATIENT_NAME, Required),
    key(tags::PATIENT_ID, Required),
    key(tags::STUDY_ID, Required),
    key(tags::STUDY_INSTANCE_UID, Unique),
    key(tags::MODALITIES_IN_STUDY, Optional),
    key(tags::SOP_CLASSES_IN_STUDY, Optional),
    key(tags::REFERRING_PHYSICIAN_NAME, Optional),
    key(tags::STUDY_DESCRIPTION, Optional),
    key(tags::PROCEDURE_CODE_SEQUENCE, Optional),
    key(tags::NAME_OF_PHYSICIANS_READING_STUDY, Optional),
    key(tags::ADMITTING_DIAGNOSES_DESCRIPTION, Optional),
    key(tags::ISSUER_OF_PATIENT_ID, Optional),
    key(tags::PATIENT_BIRTH_DATE, Optional),
    key(tags::PATIENT_BIRTH_TIME, Optional),
    key(tags::PATIENT_SEX, Optional),
    key(tags::PATIENT_AGE, Optional),
    key(tags::PATIENT_SIZE, Optional),
    key(tags::PATIENT_WEIGHT, Optional),
    key(tags::INSTITUTION_NAME, Optional),
    key(tags::NUMBER_OF_STUDY_RELATED_SERIES, Optional),
    key(tags::NUMBER_OF_STUDY_RELATED_INSTANCES, Optional),
    key(tags::INSTANCE_AVAILABILITY, Optional),
    key(tags::RETRIEVE_AE_TITLE, Optional),
];

/// PS3.4 Table C.6-3.
const SERIES: &[Key] = &[
    key(tags::MODALITY, Required),
    key(tags::SERIES_NUMBER, Required),
    key(tags::SERIES_INSTANCE_UID, Unique),
    key(tags::SERIES_DESCRIPTION, Optional),
    key(tags::SERIES_DATE, Optional),
    key(tags::SERIES_TIME, Optional),
    key(tags::BODY_PART_EXAMINED, Optional),
    key(tags::LATERALITY, Optional),
    key(tags::PROTOCOL_NAME, Optional),
    key(tags::STATION_NAME, Optional),
    key(tags::MANUFACTURER, Optional),
    key(tags::PERFORMED_PROCEDURE_STEP_START_DATE, Optional),
    key(tags::PERFORMED_PROCEDURE_STEP_START_TIME, Optional),
    key(tags::REQUEST_ATTRIBUTES_SEQUENCE, Optional),
    key(tags::NUMBER_OF_SERIES_RELATED_INSTANCES, Optional),
];

/// PS3.4 Table C.6-4.
const IMAGE: &[Key] = &[
    key(tags::INSTANCE_NUMBER, Required),
    key(tags::SOP_INSTANCE_UID, Unique),
    key(tags::SOP_CLASS_UID, Optional),
    key(tags::AVAILABLE_TRANSFER_SYNTAX_UID, Optional),
    key(tags::CONTENT_DATE, Optional),
    key(tags::CONTENT_TIME, Optional),
    key(tags::ROWS, Optional),
    key(tags::COLUMNS, Optional),
    key(tags::NUMBER_OF_FRAMES, Optional),
    key(tags::BITS_ALLOCATED, Optional),
];

/// The keys of a level.
pub(super) fn keys(level: Level) -> &'static [Key] {
    match level {
        Level::Patient => PATIENT,
        Level::Study => STUDY,
        Level::Series => SERIES,
        Level::Instance => IMAGE,
    }
}

pub(super) fn name(level: Level) -> &'static str {
    sagittal_dimse::scu::level_name(level)
}

pub(super) fn unique_key(level: Level) -> Tag {
    match level {
        Level::Patient => tags::PATIENT_ID,
        Level::Study => tags::STUDY_INSTANCE_UID,
        Level::Series => tags::SERIES_INSTANCE_UID,
        Level::Instance => tags::SOP_INSTANCE_UID,
    }
}
