//! What comes out of the index.

use std::borrow::Cow;
use std::sync::Arc;

use super::entry::{InstanceAttributes, SeriesAttributes, StudyAttributes};
use super::key;
use super::matching::Matching;
use super::query::{Column, Condition, Kind, Level};
use crate::blob::{Hash, Locator};

/// A patient: those of all studies with one Patient ID and issuer. Studies without Patient ID
/// are of one patient if name and birth date are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatientRow {
    /// Number in this index.
    pub id: i64,
    /// Patient ID.
    pub patient_id: String,
    /// Issuer of Patient ID.
    pub issuer_of_patient_id: String,
    /// Patient's Name.
    pub patient_name: String,
    /// Patient's Birth Date.
    pub patient_birth_date: String,
    /// Patient's Sex.
    pub patient_sex: String,
    /// Studies with shown instances.
    pub studies: u64,
    /// Series with shown instances.
    pub series: u64,
    /// Shown instances.
    pub instances: u64,
}

/// A study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StudyRow {
    /// Number in this index.
    pub id: i64,
    /// Number of the patient in this index.
    pub patient: i64,
    /// Attributes of patient and study.
    pub attributes: StudyAttributes,
    /// Modalities, sorted, joined by backslash.
    pub modalities: String,
    /// SOP Class UIDs, sorted, joined by backslash.
    pub sop_classes: String,
    /// Series with shown instances.
    pub series: u64,
    /// Shown instances.
    pub instances: u64,
    /// Hidden instances.
    pub hidden: u64,
    /// Bytes of the shown instances' data sets.
    pub bytes: u64,
    /// When the last instance came: milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// The last change's place in the history.
    pub version: u64,
}

/// A series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesRow {
    /// Number in this index.
    pub id: i64,
    /// Attributes.
    pub attributes: SeriesAttributes,
    /// SOP Class UIDs, sorted, joined by backslash.
    pub sop_classes: String,
    /// Shown instances.
    pub instances: u64,
    /// Hidden instances.
    pub hidden: u64,
    /// Bytes of the shown instances' data sets.
    pub bytes: u64,
    /// When the last instance came: milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// The last change's place in the history.
    pub version: u64,
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRow {
    /// Attributes.
    pub attributes: InstanceAttributes,
    /// Where its bytes are.
    pub locator: Locator,
    /// What they must hash to.
    pub hash: Hash,
    /// Transfer syntax of the data set's bytes.
    pub transfer_syntax_uid: String,
    /// Place in the history, which is also its number in this index.
    pub sequence: u64,
    /// Who sent it.
    pub source: String,
    /// Milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// Not shown.
    pub hidden: bool,
    /// Has a frame table, hence pixel data.
    pub has_frames: bool,
}

/// An answer: what it is, and all above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A patient.
    Patient(Arc<PatientRow>),
    /// A study.
    Study(Arc<StudyRow>),
    /// A series of a study.
    Series(Arc<StudyRow>, Arc<SeriesRow>),
    /// An instance of a series.
    Instance(Arc<StudyRow>, Arc<SeriesRow>, Box<InstanceRow>),
}

impl Row {
    /// Its level.
    pub fn level(&self) -> Level {
        match self {
            Row::Patient(_) => Level::Patient,
            Row::Study(_) => Level::Study,
            Row::Series(..) => Level::Series,
            Row::Instance(..) => Level::Instance,
        }
    }

    /// The patient, if this is one.
    pub fn patient(&self) -> Option<&PatientRow> {
        match self {
            Row::Patient(patient) => Some(patient),
            _ => None,
        }
    }

    /// The study it is or is in.
    pub fn study(&self) -> Option<&StudyRow> {
        match self {
            Row::Patient(_) => None,
            Row::Study(study) | Row::Series(study, _) | Row::Instance(study, ..) => Some(study),
        }
    }

    /// The series it is or is in.
    pub fn series(&self) -> Option<&SeriesRow> {
        match self {
            Row::Patient(_) | Row::Study(_) => None,
            Row::Series(_, series) | Row::Instance(_, series, _) => Some(series),
        }
    }

    /// The instance, if this is one.
    pub fn instance(&self) -> Option<&InstanceRow> {
        match self {
            Row::Instance(_, _, instance) => Some(instance),
            _ => None,
        }
    }

    /// Bytes that change whenever the instances below change.
    pub(super) fn state(&self) -> Vec<u8> {
        let (uid, version, instances) = match self {
            Row::Patient(patient) => (&patient.patient_id, 0, patient.instances),
            Row::Study(study) => (
                &study.attributes.study_instance_uid,
                study.version,
                study.instances,
            ),
            Row::Series(_, series) => (
                &series.attributes.series_instance_uid,
                series.version,
                series.instances,
            ),
            Row::Instance(_, _, instance) => {
                (&instance.attributes.sop_instance_uid, instance.sequence, 1)
            }
        };
        format!("{uid} {version} {instances}\n").into_bytes()
    }

    /// The value of a column, if the row has it: empty for no value.
    pub fn value(&self, column: Column) -> Option<Cow<'_, str>> {
        match column.entry().level {
            Level::Patient => match self {
                Row::Patient(patient) => patient.value(column).map(Cow::Borrowed),
                _ => self.study()?.value(column).map(Cow::Borrowed),
            },
            Level::Study => self.study()?.value(column).map(Cow::Borrowed),
            Level::Series => self.series()?.value(column).map(Cow::Borrowed),
            Level::Instance => self.instance()?.value(column),
        }
    }
}

impl PatientRow {
    /// The value of a column of the patient level.
    pub fn value(&self, column: Column) -> Option<&str> {
        Some(match column {
            Column::PatientId => &self.patient_id,
            Column::IssuerOfPatientId => &self.issuer_of_patient_id,
            Column::PatientName => &self.patient_name,
            Column::PatientBirthDate => &self.patient_birth_date,
            Column::PatientSex => &self.patient_sex,
            _ => return None,
        })
    }

    /// Does it fulfil a condition of its level?
    pub fn fulfils(&self, condition: &Condition) -> bool {
        fulfils(condition, |column| self.value(column).map(Cow::Borrowed))
    }
}

impl StudyRow {
    /// The value of a column of the patient or study level.
    pub fn value(&self, column: Column) -> Option<&str> {
        let study = &self.attributes;
        Some(match column {
            Column::PatientId => &study.patient_id,
            Column::IssuerOfPatientId => &study.issuer_of_patient_id,
            Column::PatientName => &study.patient_name,
            Column::PatientBirthDate => &study.patient_birth_date,
            Column::PatientSex => &study.patient_sex,
            Column::StudyInstanceUid => &study.study_instance_uid,
            Column::StudyDate => &study.study_date,
            Column::StudyTime => &study.study_time,
            Column::AccessionNumber => &study.accession_number,
            Column::StudyId => &study.study_id,
            Column::StudyDescription => &study.study_description,
            Column::ReferringPhysicianName => &study.referring_physician_name,
            Column::TimezoneOffsetFromUtc => &study.timezone_offset_from_utc,
            Column::ModalitiesInStudy => &self.modalities,
            Column::SopClassesInStudy => &self.sop_classes,
            _ => return None,
        })
    }

    /// Does it fulfil a condition of its level or the patient's?
    pub fn fulfils(&self, condition: &Condition) -> bool {
        fulfils(condition, |column| self.value(column).map(Cow::Borrowed))
    }
}

impl SeriesRow {
    /// The value of a column of the series level.
    pub fn value(&self, column: Column) -> Option<&str> {
        let series = &self.attributes;
        Some(match column {
            Column::SeriesInstanceUid => &series.series_instance_uid,
            Column::Modality => &series.modality,
            Column::SeriesNumber => &series.series_number,
            Column::SeriesDescription => &series.series_description,
            Column::SeriesDate => &series.series_date,
            Column::SeriesTime => &series.series_time,
            Column::BodyPartExamined => &series.body_part_examined,
            Column::Laterality => &series.laterality,
            Column::PerformedProcedureStepStartDate => &series.performed_procedure_step_start_date,
            Column::PerformedProcedureStepStartTime => &series.performed_procedure_step_start_time,
            Column::ScheduledProcedureStepId => &series.scheduled_procedure_step_id,
            Column::RequestedProcedureId => &series.requested_procedure_id,
            Column::StationName => &series.station_name,
            Column::InstitutionName => &series.institution_name,
            Column::Manufacturer => &series.manufacturer,
            Column::ManufacturerModelName => &series.manufacturer_model_name,
            _ => return None,
        })
    }

    /// Does it fulfil a condition of its level?
    pub fn fulfils(&self, condition: &Condition) -> bool {
        fulfils(condition, |column| self.value(column).map(Cow::Borrowed))
    }
}

impl InstanceRow {
    /// The value of a column of the instance level.
    pub fn value(&self, column: Column) -> Option<Cow<'_, str>> {
        let instance = &self.attributes;
        let number = |n: Option<u32>| n.map_or(Cow::Borrowed(""), |n| Cow::Owned(n.to_string()));
        Some(match column {
            Column::SopInstanceUid => Cow::Borrowed(&instance.sop_instance_uid),
            Column::SopClassUid => Cow::Borrowed(&instance.sop_class_uid),
            Column::AvailableTransferSyntaxUid => Cow::Borrowed(&self.transfer_syntax_uid),
            Column::InstanceNumber => Cow::Borrowed(&instance.instance_number),
            Column::ContentDate => Cow::Borrowed(&instance.content_date),
            Column::ContentTime => Cow::Borrowed(&instance.content_time),
            Column::NumberOfFrames => number(instance.number_of_frames),
            Column::Rows => number(instance.rows),
            Column::Columns => number(instance.columns),
            Column::BitsAllocated => number(instance.bits_allocated),
            _ => return None,
        })
    }

    /// Does it fulfil a condition of its level?
    pub fn fulfils(&self, condition: &Condition) -> bool {
        fulfils(condition, |column| self.value(column))
    }
}

fn fulfils<'a>(condition: &Condition, value: impl Fn(Column) -> Option<Cow<'a, str>>) -> bool {
    let Some(own) = value(condition.column) else {
        return false;
    };
    if let (Matching::Moments(spans), Some(time)) =
        (&condition.matching, condition.column.paired_time())
    {
        let moment = key::moment(&own, &value(time).unwrap_or_default());
        return moment.is_some_and(|moment| spans.iter().any(|span| span.contains(moment)));
    }
    match condition.column.entry().kind {
        Kind::Texts => condition.matching.matches_any(own.split('\\')),
        _ => condition.matching.matches(&own),
    }
}
