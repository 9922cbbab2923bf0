//! Answers: data sets of what was asked for (PS3.4 §C.4.1.1.3.2, PS3.18 §10.6.3).

use sagittal_core::{DataSet, Element, Tag, Value, Vr, tags};
use sagittal_store::index::{COLUMNS, Column, Index, Kind, Level, PatientRow, Row};

use super::header;
use super::keys::{AVAILABILITY, COUNTS, Count, Origin, Plan};
use crate::Result;

/// Makes an answer of a row, and of the header of an instance of it if one is needed.
pub(super) fn answer(
    index: &dyn Index,
    plan: &Plan,
    row: &Row,
    header: Option<&DataSet>,
) -> Result<DataSet> {
    let mut answer = DataSet::utf8();
    if plan.all {
        put_all(index, plan, row, header, &mut answer)?;
    }
    for returned in &plan.returned {
        let value = match &returned.from {
            Origin::Column(column) => column_value(row, *column),
            Origin::Count(count) => {
                let count = self::count(index, row, *count)?;
                count.map_or_else(|| empty(Vr::IS), |count| text(&count.to_string(), Vr::IS))
            }
            Origin::Availability => text(AVAILABILITY, Vr::CS),
            Origin::RequestAttributes => request_attributes(row),
            Origin::Creator(creator) => text(creator, Vr::LO),
            Origin::Header { items, creator } => {
                let found = header.and_then(|h| header::find(h, returned.tag, creator.as_deref()));
                if let Some(found) = found
                    && let Some(value) = header::returned(found, items)
                {
                    put(&mut answer, returned.tag, found.vr, value);
                    continue;
                }
                empty(returned.vr)
            }
            Origin::Nothing => empty(returned.vr),
        };
        put(&mut answer, returned.tag, returned.vr, value);
    }
    Ok(answer)
}

fn put(answer: &mut DataSet, tag: Tag, vr: Vr, value: Value) {
    answer.put(Element { tag, vr, value });
}

fn empty(vr: Vr) -> Value {
    match vr {
        Vr::SQ => Value::Sequence(Vec::new()),
        _ => Value::Bytes(bytes::Bytes::new()),
    }
}

/// UTF-8, padded.
fn text(text: &str, vr: Vr) -> Value {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    bytes.extend_from_slice(text.as_bytes());
    if bytes.len() % 2 == 1 {
        bytes.push(vr.padding());
    }
    Value::Bytes(bytes.into())
}

fn column_value(row: &Row, column: Column) -> Value {
    let entry = column.entry();
    let vr = match column {
        Column::Rows | Column::Columns | Column::BitsAllocated => Vr::US,
        _ if entry.kind == Kind::Uid || column == Column::SopClassesInStudy => Vr::UI,
        _ => Vr::LO,
    };
    let value = row.value(column).unwrap_or_default();
    if vr == Vr::US {
        let number = value.parse::<u16>().ok();
        let bytes = number.map_or_else(Vec::new, |n| n.to_le_bytes().to_vec());
        return Value::Bytes(bytes.into());
    }
    text(&value, vr)
}

/// Request Attributes Sequence from its two columns, item by item.
fn request_attributes(row: &Row) -> Value {
    let values = |column| -> Vec<String> {
        let joined = row.value(column).unwrap_or_default();
        let values = joined.split('\\').filter(|_| !joined.is_empty());
        values.map(str::to_owned).collect()
    };
    let steps = values(Column::ScheduledProcedureStepId);
    let procedures = values(Column::RequestedProcedureId);
    let items = (0..steps.len().max(procedures.len())).map(|at| {
        let mut item = DataSet::with_character_set(sagittal_core::CharacterSet::utf8());
        for (tag, list) in [
            (tags::SCHEDULED_PROCEDURE_STEP_ID, &steps),
            (tags::REQUESTED_PROCEDURE_ID, &procedures),
        ] {
            let value = list.get(at).map_or("", String::as_str);
            put(&mut item, tag, Vr::SH, text(value, Vr::SH));
        }
        item
    });
    Value::Sequence(items.collect())
}

/// Do the numbers of related entities match (optional keys, PS3.4 §C.3.4)?
pub(super) fn counts_match(index: &dyn Index, plan: &Plan, row: &Row) -> Result<bool> {
    for (count, matching) in &plan.counts {
        let number = self::count(index, row, *count)?;
        if !number.is_some_and(|number| matching.matches(&number.to_string())) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn count(index: &dyn Index, row: &Row, count: Count) -> Result<Option<u64>> {
    let patient = |read: fn(&PatientRow) -> u64| -> Result<Option<u64>> {
        match (row.patient(), row.study()) {
            (Some(patient), _) => Ok(Some(read(patient))),
            (None, Some(study)) => Ok(index.patient(study)?.as_ref().map(read)),
            _ => Ok(None),
        }
    };
    match count {
        Count::PatientRelatedStudies => patient(|patient| patient.studies),
        Count::PatientRelatedSeries => patient(|patient| patient.series),
        Count::PatientRelatedInstances => patient(|patient| patient.instances),
        Count::StudyRelatedSeries => Ok(row.study().map(|study| study.series)),
        Count::StudyRelatedInstances => Ok(row.study().map(|study| study.instances)),
        Count::SeriesRelatedInstances => Ok(row.series().map(|series| series.instances)),
    }
}

/// Everything that is known at the level and above.
fn put_all(
    index: &dyn Index,
    plan: &Plan,
    row: &Row,
    header: Option<&DataSet>,
    answer: &mut DataSet,
) -> Result<()> {
    let level = plan.index.level;
    for entry in COLUMNS.iter().filter(|entry| entry.level <= level) {
        if super::keys::column(entry.tag).is_some() {
            let value = column_value(row, entry.column);
            let vr = sagittal_core::dictionary::vr(entry.tag);
            put(answer, entry.tag, vr, value);
        }
    }
    for (tag, count, from) in COUNTS {
        if *from <= level
            && let Some(count) = self::count(index, row, *count)?
        {
            put(answer, *tag, Vr::IS, text(&count.to_string(), Vr::IS));
        }
    }
    put(
        answer,
        tags::INSTANCE_AVAILABILITY,
        Vr::CS,
        text(AVAILABILITY, Vr::CS),
    );
    let elements = header.map_or(&[][..], DataSet::elements);
    for element in elements {
        let tag = element.tag;
        if answer.contains(tag) || !of_level(tag, level) {
            continue;
        }
        if let Some(value) = header::returned(element, &[]) {
            put(answer, tag, element.vr, value);
        }
    }
    Ok(())
}

/// Does an attribute without a column say something of an entity of the level, and not only of
/// one instance below it? (Modules of PS3.3 Table A.1-1 by information entity.)
fn of_level(tag: Tag, level: Level) -> bool {
    match level {
        Level::Instance => true,
        _ if PATIENT.contains(&tag) => true,
        Level::Patient => false,
        _ if STUDY.contains(&tag) => true,
        Level::Study => false,
        Level::Series => SERIES.contains(&tag),
    }
}

/// Patient, Clinical Trial Subject (PS3.3 §C.7.1).
const PATIENT: &[Tag] = &[
    tags::REFERENCED_PATIENT_SEQUENCE,
    tags::ISSUER_OF_PATIENT_ID_QUALIFIERS_SEQUENCE,
    tags::PATIENT_BIRTH_TIME,
    tags::OTHER_PATIENT_IDS_SEQUENCE,
    tags::OTHER_PATIENT_NAMES,
    tags::ETHNIC_GROUP,
    tags::PATIENT_COMMENTS,
    tags::PATIENT_SPECIES_DESCRIPTION,
    tags::PATIENT_SPECIES_CODE_SEQUENCE,
    tags::PATIENT_BREED_DESCRIPTION,
    tags::RESPONSIBLE_PERSON,
    tags::RESPONSIBLE_PERSON_ROLE,
    tags::RESPONSIBLE_ORGANIZATION,
    tags::PATIENT_IDENTITY_REMOVED,
    tags::DE_IDENTIFICATION_METHOD,
    tags::DE_IDENTIFICATION_METHOD_CODE_SEQUENCE,
    tags::CLINICAL_TRIAL_SPONSOR_NAME,
    tags::CLINICAL_TRIAL_PROTOCOL_ID,
    tags::CLINICAL_TRIAL_PROTOCOL_NAME,
    tags::CLINICAL_TRIAL_SITE_ID,
    tags::CLINICAL_TRIAL_SITE_NAME,
    tags::CLINICAL_TRIAL_SUBJECT_ID,
    tags::CLINICAL_TRIAL_SUBJECT_READING_ID,
];

/// General Study, Patient Study, Clinical Trial Study (PS3.3 §C.7.2).
const STUDY: &[Tag] = &[
    tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE,
    tags::REFERRING_PHYSICIAN_IDENTIFICATION_SEQUENCE,
    tags::CONSULTING_PHYSICIAN_NAME,
    tags::PROCEDURE_CODE_SEQUENCE,
    tags::PHYSICIANS_OF_RECORD,
    tags::NAME_OF_PHYSICIANS_READING_STUDY,
    tags::ADMITTING_DIAGNOSES_DESCRIPTION,
    tags::ADMITTING_DIAGNOSES_CODE_SEQUENCE,
    tags::REFERENCED_STUDY_SEQUENCE,
    tags::PATIENT_AGE,
    tags::PATIENT_SIZE,
    tags::PATIENT_WEIGHT,
    tags::MEDICAL_ALERTS,
    tags::ALLERGIES,
    tags::SMOKING_STATUS,
    tags::PREGNANCY_STATUS,
    tags::OCCUPATION,
    tags::ADDITIONAL_PATIENT_HISTORY,
    tags::ADMISSION_ID,
    tags::SERVICE_EPISODE_ID,
    tags::PATIENT_STATE,
    tags::REASON_FOR_THE_REQUESTED_PROCEDURE,
    tags::CLINICAL_TRIAL_TIME_POINT_ID,
    tags::CLINICAL_TRIAL_TIME_POINT_DESCRIPTION,
];

/// General Series, General Equipment, Frame of Reference (PS3.3 §C.7.3–C.7.5).
const SERIES: &[Tag] = &[
    tags::INSTITUTION_ADDRESS,
    tags::INSTITUTIONAL_DEPARTMENT_NAME,
    tags::SERIES_DESCRIPTION_CODE_SEQUENCE,
    tags::PERFORMING_PHYSICIAN_NAME,
    tags::OPERATORS_NAME,
    tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE,
    tags::PROTOCOL_NAME,
    tags::PATIENT_POSITION,
    tags::DEVICE_SERIAL_NUMBER,
    tags::SOFTWARE_VERSIONS,
    tags::FRAME_OF_REFERENCE_UID,
    tags::POSITION_REFERENCE_INDICATOR,
    tags::REQUEST_ATTRIBUTES_SEQUENCE,
    tags::PERFORMED_PROCEDURE_STEP_END_DATE,
    tags::PERFORMED_PROCEDURE_STEP_END_TIME,
    tags::PERFORMED_PROCEDURE_STEP_ID,
    tags::PERFORMED_PROCEDURE_STEP_DESCRIPTION,
];
