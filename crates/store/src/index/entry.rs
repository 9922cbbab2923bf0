//! What goes into the index: attributes, records and the changes that carry them.

use std::collections::BTreeMap;

use sagittal_core::Uid;

use super::quality::Arrival;
use crate::blob::{Hash, Locator};

/// Attributes of the patient and study levels, as UTF-8 text, as found in an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the attributes' keywords
pub struct StudyAttributes {
    pub patient_id: String,
    pub issuer_of_patient_id: String,
    /// Component groups joined by `=`.
    pub patient_name: String,
    /// `YYYYMMDD` or as found.
    pub patient_birth_date: String,
    pub patient_sex: String,
    pub study_instance_uid: String,
    pub study_date: String,
    pub study_time: String,
    pub accession_number: String,
    pub study_id: String,
    pub study_description: String,
    pub referring_physician_name: String,
    pub timezone_offset_from_utc: String,
}

/// Attributes of the series level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the attributes' keywords
pub struct SeriesAttributes {
    pub series_instance_uid: String,
    pub modality: String,
    pub series_number: String,
    pub series_description: String,
    pub series_date: String,
    pub series_time: String,
    pub body_part_examined: String,
    pub laterality: String,
    pub performed_procedure_step_start_date: String,
    pub performed_procedure_step_start_time: String,
    /// Of the items of Request Attributes Sequence, joined by backslash.
    pub scheduled_procedure_step_id: String,
    /// Of the items of Request Attributes Sequence, joined by backslash.
    pub requested_procedure_id: String,
    pub station_name: String,
    pub institution_name: String,
    pub manufacturer: String,
    pub manufacturer_model_name: String,
}

/// Attributes of the instance level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the attributes' keywords
pub struct InstanceAttributes {
    pub sop_class_uid: String,
    pub sop_instance_uid: String,
    pub instance_number: String,
    pub content_date: String,
    pub content_time: String,
    pub number_of_frames: Option<u32>,
    pub rows: Option<u32>,
    pub columns: Option<u32>,
    pub bits_allocated: Option<u32>,
}

/// One instance as it goes into the index.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Patient and study.
    pub study: StudyAttributes,
    /// Series.
    pub series: SeriesAttributes,
    /// Instance.
    pub instance: InstanceAttributes,
    /// Where its bytes are.
    pub locator: Locator,
    /// Order of records over all packs.
    pub sequence: u64,
    /// BLAKE3 of the data set's bytes.
    pub hash: Hash,
    /// Transfer syntax of the data set's bytes.
    pub transfer_syntax_uid: String,
    /// `FrameTable::to_bytes`, empty without pixel data.
    pub frames: Vec<u8>,
    /// DICOM JSON of the data set without bulk data; byte 0x01 stands where a base URL goes
    /// (`"BulkDataURI":"\x01/studies/…"`). Not compressed.
    pub header: Vec<u8>,
    /// Who sent it.
    pub source: String,
    /// Milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// Kept beside another instance with the same UID; not shown.
    pub hidden: bool,
    /// What the checks of data quality said, if it was checked.
    pub arrival: Option<Box<Arrival>>,
}

/// One step of the index's history, in the order of the packs' records.
#[derive(Clone, Debug)]
pub enum Change {
    /// An instance was stored.
    Store(Box<Entry>),
    /// An instance was refused. Nothing of it is kept but that; it has no place in the history.
    Refuse(Box<Arrival>),
    /// The shown instance with this UID is replaced: it is hidden and `Store` follows.
    Supersede {
        /// Which.
        sop_instance_uid: Uid,
        /// Place in the history.
        sequence: u64,
    },
    /// The record of an instance is no longer referred to: the same instance in another encoding
    /// follows with `Store`, shown or hidden as this one is.
    Recode {
        /// Which instance.
        sop_instance_uid: Uid,
        /// The sequence number of the record.
        record: u64,
        /// Place in the history.
        sequence: u64,
    },
    /// Instances stored before `sequence` are deleted, hidden ones with the same UIDs included.
    Delete {
        /// Which.
        sop_instance_uids: Vec<Uid>,
        /// Place in the history.
        sequence: u64,
    },
}

/// Pack number → how many of its bytes the index has taken in.
pub type Watermarks = BTreeMap<u64, u64>;

/// What ingest asks before it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// BLAKE3 of the data set's bytes.
    pub hash: Hash,
    /// Transfer syntax of the data set's bytes.
    pub transfer_syntax_uid: String,
    /// The study it is in.
    pub study_instance_uid: String,
    /// The series it is in.
    pub series_instance_uid: String,
    /// Where its bytes are.
    pub locator: Locator,
}

/// A record that compaction has copied to another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// The instance; with `from` it names one record, hidden ones included.
    pub sop_instance_uid: String,
    /// Where it was.
    pub from: Locator,
    /// Where it is.
    pub to: Locator,
}

/// A record that the index refers to, for verification and compaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The instance.
    pub sop_instance_uid: String,
    /// Where its bytes are.
    pub locator: Locator,
    /// What they must hash to.
    pub hash: Hash,
    /// Place in the history.
    pub sequence: u64,
    /// Not shown.
    pub hidden: bool,
}

/// What of a pack is still referred to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Records.
    pub records: u64,
    /// Bytes of their data sets and what stands before them.
    pub bytes: u64,
}

/// Counts over the whole index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Patients with shown instances.
    pub patients: u64,
    /// Studies with shown instances.
    pub studies: u64,
    /// Series with shown instances.
    pub series: u64,
    /// Shown instances.
    pub instances: u64,
    /// Hidden instances.
    pub hidden: u64,
    /// Bytes of data sets that are shown.
    pub bytes: u64,
}
