//! Dummy values: not empty, of the right VR, saying nothing (PS3.15 Table E.1-1a, `D`).

use sagittal_core::{Tag, Vr, tags};

use crate::IdentifierKind;

/// The text of dummies.
pub const REMOVED: &str = "REMOVED";
/// Dates and texts that dummies are, so that whoever looks for residues knows them.
pub const DUMMIES: [&str; 4] = [
    REMOVED,
    "19000101",
    "19000101000000",
    "http://removed.invalid",
];
/// How many bytes of a binary value are made zeros; more is cut.
const BINARY: usize = 64;

/// The kind of pseudonym that stands for an identifier which the profile wants emptied or dummied.
pub fn identifier_kind(tag: Tag) -> Option<IdentifierKind> {
    Some(match tag {
        tags::PATIENT_ID
        | tags::CLINICAL_TRIAL_SUBJECT_ID
        | tags::CLINICAL_TRIAL_SUBJECT_READING_ID
        | tags::OTHER_PATIENT_IDS => IdentifierKind::Patient,
        tags::ACCESSION_NUMBER => IdentifierKind::Accession,
        tags::STUDY_ID
        | tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST
        | tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST
        | tags::REQUESTED_PROCEDURE_ID
        | tags::SCHEDULED_PROCEDURE_STEP_ID
        | tags::PERFORMED_PROCEDURE_STEP_ID => IdentifierKind::Study,
        tags::DEVICE_SERIAL_NUMBER
        | tags::DETECTOR_ID
        | tags::X_RAY_SOURCE_ID
        | tags::X_RAY_DETECTOR_ID
        | tags::SOURCE_SERIAL_NUMBER
        | tags::STATION_NAME => IdentifierKind::Device,
        tags::CONTAINER_IDENTIFIER | tags::SPECIMEN_IDENTIFIER => IdentifierKind::Other,
        _ => return None,
    })
}

/// A dummy in bytes, not padded; UIDs, sequences and identifiers are others' business.
/// `before` tells how many numbers there were.
pub fn value(vr: Vr, before: &[u8]) -> Vec<u8> {
    let text = match vr {
        Vr::AE | Vr::CS | Vr::LO | Vr::SH | Vr::PN | Vr::LT | Vr::ST | Vr::UC | Vr::UT => REMOVED,
        Vr::AS => "000Y",
        Vr::DA => "19000101",
        Vr::DT => "19000101000000",
        Vr::TM => "000000",
        Vr::DS | Vr::IS => return zeros_of_text(before),
        Vr::UR => "http://removed.invalid",
        Vr::UI => "2.25.0",
        _ => return vec![0; binary_length(vr, before.len())],
    };
    text.as_bytes().to_vec()
}

fn zeros_of_text(before: &[u8]) -> Vec<u8> {
    let values = before
        .iter()
        .filter(|byte| **byte == b'\\')
        .take(64)
        .count();
    let mut out = vec![b'0'];
    for _ in 0..values {
        out.extend_from_slice(b"\\0");
    }
    out
}

fn binary_length(vr: Vr, before: usize) -> usize {
    let unit = vr.fixed_length().unwrap_or(vr.unit().max(2));
    let length = before.min(BINARY);
    (length - length % unit).max(unit)
}

/// Attributes of value sets, whose dummy must be one of the set.
pub fn of_value_set(tag: Tag) -> Option<&'static str> {
    Some(match tag {
        tags::PATIENT_SEX | tags::PATIENT_SEX_NEUTERED => "O",
        tags::APPROVAL_STATUS => "UNAPPROVED",
        tags::RELATIONSHIP_TYPE => "CONTAINS",
        tags::VALUE_TYPE => "TEXT",
        tags::INSTANCE_ORIGIN_STATUS => "IMPORTED",
        tags::PREGNANCY_STATUS | tags::SMOKING_STATUS => return None,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::check::refuse_value;

    #[test]
    fn dummies_are_values_of_their_vr() {
        for vr in Vr::ALL.iter().filter(|vr| vr.is_text()) {
            let dummy = String::from_utf8(value(*vr, b"a\\b")).expect("text");
            assert!(!dummy.is_empty());
            assert_eq!(refuse_value(*vr, &dummy), None, "{vr}");
        }
        assert_eq!(value(Vr::DS, b"1\\2"), b"0\\0");
        assert_eq!(value(Vr::FD, &[1; 16]), [0; 16]);
        assert_eq!(value(Vr::US, &[]), [0; 2]);
        assert_eq!(value(Vr::OB, &[1; 1000]).len(), BINARY);
    }
}
