//! The attributes that are looked at when an instance arrives.

use sagittal_core::{Tag, Vr, tags};

/// An attribute and the VR that it has (PS3.6 §6).
#[derive(Debug)]
pub struct Watched {
    pub tag: Tag,
    pub vr: Vr,
}

const fn watched(tag: Tag, vr: Vr) -> Watched {
    Watched { tag, vr }
}

/// All of them, by tag: what identifies patient, study, series and instance, and what people type.
pub const WATCHED: &[Watched] = &[
    watched(tags::SPECIFIC_CHARACTER_SET, Vr::CS),
    watched(tags::SOP_CLASS_UID, Vr::UI),
    watched(tags::SOP_INSTANCE_UID, Vr::UI),
    watched(tags::STUDY_DATE, Vr::DA),
    watched(tags::SERIES_DATE, Vr::DA),
    watched(tags::ACQUISITION_DATE, Vr::DA),
    watched(tags::CONTENT_DATE, Vr::DA),
    watched(tags::STUDY_TIME, Vr::TM),
    watched(tags::SERIES_TIME, Vr::TM),
    watched(tags::ACQUISITION_TIME, Vr::TM),
    watched(tags::CONTENT_TIME, Vr::TM),
    watched(tags::ACCESSION_NUMBER, Vr::SH),
    watched(tags::MODALITY, Vr::CS),
    watched(tags::MANUFACTURER, Vr::LO),
    watched(tags::INSTITUTION_NAME, Vr::LO),
    watched(tags::REFERRING_PHYSICIAN_NAME, Vr::PN),
    watched(tags::STATION_NAME, Vr::SH),
    watched(tags::STUDY_DESCRIPTION, Vr::LO),
    watched(tags::SERIES_DESCRIPTION, Vr::LO),
    watched(tags::PERFORMING_PHYSICIAN_NAME, Vr::PN),
    watched(tags::OPERATORS_NAME, Vr::PN),
    watched(tags::MANUFACTURER_MODEL_NAME, Vr::LO),
    watched(tags::PATIENT_NAME, Vr::PN),
    watched(tags::PATIENT_ID, Vr::LO),
    watched(tags::ISSUER_OF_PATIENT_ID, Vr::LO),
    watched(tags::PATIENT_BIRTH_DATE, Vr::DA),
    watched(tags::PATIENT_SEX, Vr::CS),
    watched(tags::OTHER_PATIENT_NAMES, Vr::PN),
    watched(tags::PATIENT_AGE, Vr::AS),
    watched(tags::BODY_PART_EXAMINED, Vr::CS),
    watched(tags::STUDY_INSTANCE_UID, Vr::UI),
    watched(tags::SERIES_INSTANCE_UID, Vr::UI),
    watched(tags::STUDY_ID, Vr::SH),
    watched(tags::SERIES_NUMBER, Vr::IS),
    watched(tags::INSTANCE_NUMBER, Vr::IS),
    watched(tags::FRAME_OF_REFERENCE_UID, Vr::UI),
    watched(tags::LATERALITY, Vr::CS),
    watched(tags::IMAGE_LATERALITY, Vr::CS),
    watched(tags::NUMBER_OF_FRAMES, Vr::IS),
    watched(tags::ROWS, Vr::US),
    watched(tags::COLUMNS, Vr::US),
    watched(tags::BITS_ALLOCATED, Vr::US),
    watched(tags::PERFORMED_PROCEDURE_STEP_START_DATE, Vr::DA),
    watched(tags::PERFORMED_PROCEDURE_STEP_START_TIME, Vr::TM),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_agrees_with_the_dictionary() {
        assert!(WATCHED.is_sorted_by(|a, b| a.tag < b.tag));
        for watched in WATCHED {
            assert_eq!(
                sagittal_core::dictionary::vr(watched.tag),
                watched.vr,
                "{}",
                watched.tag
            );
        }
    }
}
