//! The keys of directory records (PS3.3 §F.5), and what stands in for a required one that an instance lacks.

use sagittal_core::{DataSet, Element, Tag, Value, Vr, dictionary, tags};

use super::RecordType;

/// How a key is required.
enum Need {
    /// Type 1: these elements in turn may stand in for it, else this text.
    Required(&'static [Tag], &'static str),
    /// Type 1, a number: else the record's place among its siblings.
    Numbered,
    /// Type 2.
    Empty,
    /// Type 1C or 3.
    IfPresent,
}
use Need::{Empty, IfPresent, Numbered, Required};

type Key = (Tag, Need);

const DATES: &[Tag] = &[
    tags::CONTENT_DATE,
    tags::ACQUISITION_DATE,
    tags::INSTANCE_CREATION_DATE,
    tags::SERIES_DATE,
    tags::STUDY_DATE,
];
const TIMES: &[Tag] = &[
    tags::CONTENT_TIME,
    tags::ACQUISITION_TIME,
    tags::INSTANCE_CREATION_TIME,
    tags::SERIES_TIME,
    tags::STUDY_TIME,
];
const NO_DATE: &str = "19000101";
const NO_TIME: &str = "000000";

const PATIENT: &[Key] = &[
    (tags::PATIENT_NAME, Empty),
    (tags::PATIENT_ID, Required(&[], "UNKNOWN")),
    (tags::ISSUER_OF_PATIENT_ID, IfPresent),
    (tags::PATIENT_BIRTH_DATE, IfPresent),
    (tags::PATIENT_SEX, IfPresent),
];
const STUDY: &[Key] = &[
    (tags::STUDY_DATE, Required(DATES, NO_DATE)),
    (tags::STUDY_TIME, Required(TIMES, NO_TIME)),
    (tags::STUDY_DESCRIPTION, Empty),
    (tags::STUDY_INSTANCE_UID, IfPresent),
    (tags::STUDY_ID, Required(&[tags::ACCESSION_NUMBER], "1")),
    (tags::ACCESSION_NUMBER, Empty),
    (tags::REFERRING_PHYSICIAN_NAME, IfPresent),
];
const SERIES: &[Key] = &[
    (tags::MODALITY, Required(&[], "OT")),
    (tags::SERIES_INSTANCE_UID, IfPresent),
    (tags::SERIES_NUMBER, Numbered),
    (tags::SERIES_DESCRIPTION, IfPresent),
    (tags::SERIES_DATE, IfPresent),
    (tags::SERIES_TIME, IfPresent),
    (tags::INSTITUTION_NAME, IfPresent),
    (tags::PERFORMING_PHYSICIAN_NAME, IfPresent),
];
const IMAGE: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::IMAGE_TYPE, IfPresent),
    (tags::FRAME_OF_REFERENCE_UID, IfPresent),
    (tags::IMAGE_POSITION_PATIENT, IfPresent),
    (tags::IMAGE_ORIENTATION_PATIENT, IfPresent),
    (tags::NUMBER_OF_FRAMES, IfPresent),
    (tags::ROWS, IfPresent),
    (tags::COLUMNS, IfPresent),
    (tags::PIXEL_SPACING, IfPresent),
];
const CONTENT: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::CONTENT_DATE, Required(DATES, NO_DATE)),
    (tags::CONTENT_TIME, Required(TIMES, NO_TIME)),
];
const IDENTIFIED_CONTENT: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::CONTENT_DATE, Required(DATES, NO_DATE)),
    (tags::CONTENT_TIME, Required(TIMES, NO_TIME)),
    (tags::CONTENT_LABEL, Required(&[], "UNNAMED")),
    (tags::CONTENT_DESCRIPTION, Empty),
    (tags::CONTENT_CREATOR_NAME, Empty),
];
const RT_DOSE: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::DOSE_SUMMATION_TYPE, Required(&[], "PLAN")),
    (tags::DOSE_COMMENT, IfPresent),
];
const RT_STRUCTURE_SET: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (
        tags::STRUCTURE_SET_LABEL,
        Required(&[tags::STRUCTURE_SET_NAME], "UNNAMED"),
    ),
    (tags::STRUCTURE_SET_DATE, Empty),
    (tags::STRUCTURE_SET_TIME, Empty),
];
const RT_PLAN: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (
        tags::RT_PLAN_LABEL,
        Required(&[tags::RT_PLAN_NAME], "UNNAMED"),
    ),
    (tags::RT_PLAN_DATE, Empty),
    (tags::RT_PLAN_TIME, Empty),
];
const RT_TREAT_RECORD: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::TREATMENT_DATE, Empty),
    (tags::TREATMENT_TIME, Empty),
];
const PRESENTATION: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::PRESENTATION_CREATION_DATE, Required(DATES, NO_DATE)),
    (tags::PRESENTATION_CREATION_TIME, Required(TIMES, NO_TIME)),
    (tags::CONTENT_LABEL, Required(&[], "UNNAMED")),
    (tags::CONTENT_DESCRIPTION, Empty),
    (tags::CONTENT_CREATOR_NAME, Empty),
    (tags::REFERENCED_SERIES_SEQUENCE, IfPresent),
    (tags::BLENDING_SEQUENCE, IfPresent),
];
const SR_DOCUMENT: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::COMPLETION_FLAG, Required(&[], "PARTIAL")),
    (tags::VERIFICATION_FLAG, Required(&[], "UNVERIFIED")),
    (tags::CONTENT_DATE, Required(DATES, NO_DATE)),
    (tags::CONTENT_TIME, Required(TIMES, NO_TIME)),
    (tags::VERIFICATION_DATETIME, IfPresent),
    (tags::CONCEPT_NAME_CODE_SEQUENCE, IfPresent),
    (tags::CONTENT_SEQUENCE, IfPresent),
];
const KEY_OBJECT_DOC: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::CONTENT_DATE, Required(DATES, NO_DATE)),
    (tags::CONTENT_TIME, Required(TIMES, NO_TIME)),
    (tags::CONCEPT_NAME_CODE_SEQUENCE, IfPresent),
    (tags::CONTENT_SEQUENCE, IfPresent),
];
const SPECTROSCOPY: &[Key] = &[
    (tags::IMAGE_TYPE, Required(&[], "ORIGINAL\\PRIMARY")),
    (tags::CONTENT_DATE, Required(DATES, NO_DATE)),
    (tags::CONTENT_TIME, Required(TIMES, NO_TIME)),
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::REFERENCED_IMAGE_EVIDENCE_SEQUENCE, IfPresent),
    (tags::NUMBER_OF_FRAMES, Required(&[], "1")),
    (tags::ROWS, IfPresent),
    (tags::COLUMNS, IfPresent),
    (tags::DATA_POINT_ROWS, IfPresent),
    (tags::DATA_POINT_COLUMNS, IfPresent),
];
const HANGING_PROTOCOL: &[Key] = &[
    (tags::HANGING_PROTOCOL_NAME, Required(&[], "UNNAMED")),
    (
        tags::HANGING_PROTOCOL_DESCRIPTION,
        Required(&[tags::HANGING_PROTOCOL_NAME], "UNNAMED"),
    ),
    (tags::HANGING_PROTOCOL_LEVEL, Required(&[], "SITE")),
    (tags::HANGING_PROTOCOL_CREATOR, Required(&[], "UNKNOWN")),
    (
        tags::HANGING_PROTOCOL_CREATION_DATETIME,
        Required(&[], NO_DATE),
    ),
    (tags::HANGING_PROTOCOL_DEFINITION_SEQUENCE, IfPresent),
    (tags::NUMBER_OF_PRIORS_REFERENCED, IfPresent),
    (
        tags::HANGING_PROTOCOL_USER_IDENTIFICATION_CODE_SEQUENCE,
        Empty,
    ),
];
const ENCAP_DOC: &[Key] = &[
    (tags::CONTENT_DATE, Empty),
    (tags::CONTENT_TIME, Empty),
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::CONCEPT_NAME_CODE_SEQUENCE, Empty),
    (tags::DOCUMENT_TITLE, Empty),
    (tags::HL7_INSTANCE_IDENTIFIER, IfPresent),
    (
        tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT,
        Required(&[], "application/octet-stream"),
    ),
];
const PALETTE: &[Key] = &[
    (tags::CONTENT_LABEL, Required(&[], "UNNAMED")),
    (tags::CONTENT_DESCRIPTION, Empty),
];
const IMPLANT: &[Key] = &[
    (tags::MANUFACTURER, Required(&[], "UNKNOWN")),
    (tags::IMPLANT_NAME, Required(&[], "UNNAMED")),
    (tags::IMPLANT_SIZE, IfPresent),
    (tags::IMPLANT_PART_NUMBER, Required(&[], "UNKNOWN")),
];
const IMPLANT_ASSY: &[Key] = &[
    (
        tags::IMPLANT_ASSEMBLY_TEMPLATE_NAME,
        Required(&[], "UNNAMED"),
    ),
    (tags::MANUFACTURER, Required(&[], "UNKNOWN")),
    (tags::PROCEDURE_TYPE_CODE_SEQUENCE, IfPresent),
];
const IMPLANT_GROUP: &[Key] = &[
    (tags::IMPLANT_TEMPLATE_GROUP_NAME, Required(&[], "UNNAMED")),
    (
        tags::IMPLANT_TEMPLATE_GROUP_ISSUER,
        Required(&[], "UNKNOWN"),
    ),
];
const SURFACE_SCAN: &[Key] = &[
    (tags::CONTENT_DATE, Required(DATES, NO_DATE)),
    (tags::CONTENT_TIME, Required(TIMES, NO_TIME)),
];
const ASSESSMENT: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::INSTANCE_CREATION_DATE, Required(DATES, NO_DATE)),
    (tags::INSTANCE_CREATION_TIME, Empty),
];
const RADIOTHERAPY: &[Key] = &[
    (tags::INSTANCE_NUMBER, Numbered),
    (tags::USER_CONTENT_LABEL, IfPresent),
    (tags::USER_CONTENT_LONG_LABEL, IfPresent),
    (tags::CONTENT_DESCRIPTION, Empty),
    (tags::CONTENT_CREATOR_NAME, Empty),
];

fn keys_of(record_type: &RecordType) -> &'static [Key] {
    match record_type {
        RecordType::Patient => PATIENT,
        RecordType::Study => STUDY,
        RecordType::Series => SERIES,
        RecordType::Image => IMAGE,
        RecordType::RtDose => RT_DOSE,
        RecordType::RtStructureSet => RT_STRUCTURE_SET,
        RecordType::RtPlan => RT_PLAN,
        RecordType::RtTreatRecord => RT_TREAT_RECORD,
        RecordType::Presentation => PRESENTATION,
        RecordType::SrDocument => SR_DOCUMENT,
        RecordType::KeyObjectDoc => KEY_OBJECT_DOC,
        RecordType::Spectroscopy => SPECTROSCOPY,
        RecordType::HangingProtocol => HANGING_PROTOCOL,
        RecordType::EncapDoc => ENCAP_DOC,
        RecordType::Palette => PALETTE,
        RecordType::Implant => IMPLANT,
        RecordType::ImplantAssy => IMPLANT_ASSY,
        RecordType::ImplantGroup => IMPLANT_GROUP,
        RecordType::SurfaceScan => SURFACE_SCAN,
        RecordType::Assessment => ASSESSMENT,
        RecordType::Radiotherapy => RADIOTHERAPY,
        RecordType::Waveform | RecordType::RawData => CONTENT,
        RecordType::Registration
        | RecordType::Fiducial
        | RecordType::ValueMap
        | RecordType::Measurement
        | RecordType::Surface
        | RecordType::Tract
        | RecordType::Annotation => IDENTIFIED_CONTENT,
        RecordType::Stereometric
        | RecordType::Plan
        | RecordType::Private
        | RecordType::Other(_) => &[],
    }
}

/// Puts the keys of `record_type` into `record`, from an instance. `place` (from 1) numbers the record
/// among its siblings.
pub(super) fn put(
    record: &mut DataSet,
    record_type: &RecordType,
    instance: &DataSet,
    place: usize,
) {
    for (tag, need) in keys_of(record_type) {
        if let Some(element) = present(instance, *tag) {
            record.put(element);
            continue;
        }
        match need {
            IfPresent => {}
            Empty => record.put_empty(*tag),
            Numbered => record.put_text(*tag, &place.to_string()),
            Required(others, text) => {
                match others.iter().find_map(|other| present(instance, *other)) {
                    Some(other) => {
                        record.put(Element {
                            tag: *tag,
                            vr: dictionary::vr(*tag),
                            value: other.value,
                        });
                    }
                    None => record.put_text(*tag, text),
                }
            }
        }
    }
}

/// A copy of an element with a value that a record can hold.
fn present(instance: &DataSet, tag: Tag) -> Option<Element> {
    let element = instance.get(tag)?;
    let value = match &element.value {
        Value::Bytes(bytes)
            if element.vr.is_text() && bytes.iter().all(|b| matches!(b, b' ' | 0)) =>
        {
            return None;
        }
        Value::Bytes(bytes) if bytes.is_empty() => return None,
        // Of the content of a document, only what qualifies its title is a key (PS3.3 §F.5.26).
        Value::Sequence(items) if tag == tags::CONTENT_SEQUENCE => {
            let qualifies = |item: &&DataSet| {
                item.first_text(tags::RELATIONSHIP_TYPE)
                    .is_some_and(|term| term == "HAS CONCEPT MOD")
            };
            let qualifiers: Vec<DataSet> = items.iter().filter(qualifies).cloned().collect();
            if qualifiers.is_empty() {
                return None;
            }
            Value::Sequence(qualifiers)
        }
        Value::Bytes(_) | Value::Sequence(_) if !element.value.is_empty() => element.value.clone(),
        _ => return None,
    };
    // A dictionary's VR, whatever the instance's: readers of directories are simple.
    let vr = match (&value, dictionary::vr(tag)) {
        (Value::Sequence(_), _) => Vr::SQ,
        (_, vr) if vr.is_text() && element.vr.is_text() => vr,
        _ => element.vr,
    };
    Some(Element { tag, vr, value })
}
