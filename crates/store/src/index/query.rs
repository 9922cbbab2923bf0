//! What can be asked of the index without looking into headers: columns, conditions, selections.

use sagittal_core::Tag;

use super::matching::{Matching, Pattern};

/// Query/retrieve levels (PS3.4 §C.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// PATIENT
    Patient,
    /// STUDY
    Study,
    /// SERIES
    Series,
    /// IMAGE
    Instance,
}

/// How a column's values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As text, letter by letter.
    Text,
    /// As text; several values joined by backslash.
    Texts,
    /// As a UID.
    Uid,
    /// As a person name.
    Name,
    /// As a date.
    Date,
    /// As a time.
    Time,
    /// As a number.
    Number,
}

/// An attribute that has a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the attributes' keywords
pub enum Column {
    PatientId,
    IssuerOfPatientId,
    PatientName,
    PatientBirthDate,
    PatientSex,
    StudyInstanceUid,
    StudyDate,
    StudyTime,
    AccessionNumber,
    StudyId,
    StudyDescription,
    ReferringPhysicianName,
    TimezoneOffsetFromUtc,
    ModalitiesInStudy,
    SopClassesInStudy,
    SeriesInstanceUid,
    Modality,
    SeriesNumber,
    SeriesDescription,
    SeriesDate,
    SeriesTime,
    BodyPartExamined,
    Laterality,
    PerformedProcedureStepStartDate,
    PerformedProcedureStepStartTime,
    ScheduledProcedureStepId,
    RequestedProcedureId,
    StationName,
    InstitutionName,
    Manufacturer,
    ManufacturerModelName,
    SopInstanceUid,
    SopClassUid,
    AvailableTransferSyntaxUid,
    InstanceNumber,
    ContentDate,
    ContentTime,
    NumberOfFrames,
    Rows,
    Columns,
    BitsAllocated,
}

/// What is known of a column.
#[derive(Clone, Copy, Debug)]
pub struct ColumnEntry {
    /// Which.
    pub column: Column,
    /// The attribute; for those of Request Attributes Sequence the one within the item.
    pub tag: Tag,
    /// The level it belongs to.
    pub level: Level,
    /// How it is compared.
    pub kind: Kind,
    /// Its name in the tables.
    pub name: &'static str,
}

macro_rules! columns {
    ($($column:ident $group:literal $element:literal $level:ident $kind:ident $name:literal)*) => {
        /// All columns, in the order of [`Column`].
        pub const COLUMNS: &[ColumnEntry] = &[$(ColumnEntry {
            column: Column::$column,
            tag: Tag($group, $element),
            level: Level::$level,
            kind: Kind::$kind,
            name: $name,
        }),*];

        impl Column {
            /// What is known of it.
            pub const fn entry(self) -> &'static ColumnEntry {
                match self {
                    $(Column::$column => &ColumnEntry {
                        column: Column::$column,
                        tag: Tag($group, $element),
                        level: Level::$level,
                        kind: Kind::$kind,
                        name: $name,
                    }),*
                }
            }
        }
    };
}

columns! {
    PatientId 0x0010 0x0020 Patient Text "patient_id"
    IssuerOfPatientId 0x0010 0x0021 Patient Text "issuer_of_patient_id"
    PatientName 0x0010 0x0010 Patient Name "patient_name"
    PatientBirthDate 0x0010 0x0030 Patient Date "patient_birth_date"
    PatientSex 0x0010 0x0040 Patient Text "patient_sex"
    StudyInstanceUid 0x0020 0x000D Study Uid "uid"
    StudyDate 0x0008 0x0020 Study Date "study_date"
    StudyTime 0x0008 0x0030 Study Time "study_time"
    AccessionNumber 0x0008 0x0050 Study Text "accession_number"
    StudyId 0x0020 0x0010 Study Text "study_id"
    StudyDescription 0x0008 0x1030 Study Text "study_description"
    ReferringPhysicianName 0x0008 0x0090 Study Name "referring_physician_name"
    TimezoneOffsetFromUtc 0x0008 0x0201 Study Text "timezone_offset_from_utc"
    ModalitiesInStudy 0x0008 0x0061 Study Texts "modalities"
    SopClassesInStudy 0x0008 0x0062 Study Texts "sop_classes"
    SeriesInstanceUid 0x0020 0x000E Series Uid "uid"
    Modality 0x0008 0x0060 Series Texts "modality"
    SeriesNumber 0x0020 0x0011 Series Number "series_number"
    SeriesDescription 0x0008 0x103E Series Text "series_description"
    SeriesDate 0x0008 0x0021 Series Date "series_date"
    SeriesTime 0x0008 0x0031 Series Time "series_time"
    BodyPartExamined 0x0018 0x0015 Series Text "body_part_examined"
    Laterality 0x0020 0x0060 Series Text "laterality"
    PerformedProcedureStepStartDate 0x0040 0x0244 Series Date "performed_procedure_step_start_date"
    PerformedProcedureStepStartTime 0x0040 0x0245 Series Time "performed_procedure_step_start_time"
    ScheduledProcedureStepId 0x0040 0x0009 Series Texts "scheduled_procedure_step_id"
    RequestedProcedureId 0x0040 0x1001 Series Texts "requested_procedure_id"
    StationName 0x0008 0x1010 Series Text "station_name"
    InstitutionName 0x0008 0x0080 Series Text "institution_name"
    Manufacturer 0x0008 0x0070 Series Text "manufacturer"
    ManufacturerModelName 0x0008 0x1090 Series Text "manufacturer_model_name"
    SopInstanceUid 0x0008 0x0018 Instance Uid "uid"
    SopClassUid 0x0008 0x0016 Instance Uid "sop_class"
    AvailableTransferSyntaxUid 0x0008 0x3002 Instance Uid "transfer_syntax"
    InstanceNumber 0x0020 0x0013 Instance Number "instance_number"
    ContentDate 0x0008 0x0023 Instance Date "content_date"
    ContentTime 0x0008 0x0033 Instance Time "content_time"
    NumberOfFrames 0x0028 0x0008 Instance Number "number_of_frames"
    Rows 0x0028 0x0010 Instance Number "rows"
    Columns 0x0028 0x0011 Instance Number "columns"
    BitsAllocated 0x0028 0x0100 Instance Number "bits_allocated"
}

impl Column {
    /// The time that belongs to a date, for matching both as one moment.
    pub const fn paired_time(self) -> Option<Column> {
        match self {
            Column::StudyDate => Some(Column::StudyTime),
            Column::SeriesDate => Some(Column::SeriesTime),
            Column::PerformedProcedureStepStartDate => {
                Some(Column::PerformedProcedureStepStartTime)
            }
            Column::ContentDate => Some(Column::ContentTime),
            _ => None,
        }
    }
}

/// A column and what its value must be. [`Matching::Moments`] on a date column takes its
/// [`Column::paired_time`] along.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Which column.
    pub column: Column,
    /// What its value must be.
    pub matching: Matching,
}

/// A query. A row of `level` is an answer if its own columns and those of the levels above
/// fulfil their conditions, and some row of each level below, one in the other, does as well.
#[derive(Clone, Debug)]
pub struct IndexQuery {
    /// What one answer is.
    pub level: Level,
    /// All of these.
    pub conditions: Vec<Condition>,
    /// Hidden instances as well, and what has only such.
    pub include_hidden: bool,
    /// Only studies with these UIDs.
    pub only_studies: Option<Vec<String>>,
    /// About how many answers will be taken, if known.
    pub expected: Option<u64>,
}

impl IndexQuery {
    /// Everything at a level.
    pub fn all(level: Level) -> IndexQuery {
        IndexQuery {
            level,
            conditions: Vec::new(),
            include_hidden: false,
            only_studies: None,
            expected: None,
        }
    }

    /// The conditions on columns of a level.
    pub fn at(&self, level: Level) -> impl Iterator<Item = &Condition> {
        self.conditions
            .iter()
            .filter(move |condition| condition.column.entry().level == level)
    }

    /// The lowest level that matters: of an answer, or of a condition.
    pub fn lowest(&self) -> Level {
        let levels = self.conditions.iter().map(|c| c.column.entry().level);
        levels.fold(self.level, Level::max)
    }
}

/// Instances by UIDs: every list that is not empty restricts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Patient IDs.
    pub patient_ids: Vec<String>,
    /// Study Instance UIDs.
    pub study_instance_uids: Vec<String>,
    /// Series Instance UIDs.
    pub series_instance_uids: Vec<String>,
    /// SOP Instance UIDs.
    pub sop_instance_uids: Vec<String>,
}

impl Selection {
    /// The lowest level that a list names: what has to be looked at to know the state.
    pub fn level(&self) -> Level {
        if !self.sop_instance_uids.is_empty() {
            Level::Instance
        } else if !self.series_instance_uids.is_empty() {
            Level::Series
        } else {
            Level::Study
        }
    }

    /// The query for what is selected, or contains something that is, at a level.
    pub fn query(&self, level: Level) -> IndexQuery {
        let lists = [
            (Column::PatientId, &self.patient_ids),
            (Column::StudyInstanceUid, &self.study_instance_uids),
            (Column::SeriesInstanceUid, &self.series_instance_uids),
            (Column::SopInstanceUid, &self.sop_instance_uids),
        ];
        let conditions = lists.into_iter().filter(|(_, values)| !values.is_empty());
        IndexQuery {
            conditions: conditions
                .map(|(column, values)| Condition {
                    column,
                    matching: Matching::Texts(values.iter().map(Pattern::literal).collect()),
                })
                .collect(),
            ..IndexQuery::all(level)
        }
    }
}
