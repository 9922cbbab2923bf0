//! The index: derived from the packs, rebuilt from them when lost.

use std::collections::BTreeMap;

use sagittal_core::Uid;

use crate::Result;
use crate::blob::{Hash, Locator};

/// Attributes of the patient and study levels, as UTF-8 text, as found in an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Of the first item of Request Attributes Sequence.
    pub scheduled_procedure_step_id: String,
    pub requested_procedure_id: String,
    pub station_name: String,
    pub institution_name: String,
    pub manufacturer: String,
    pub manufacturer_model_name: String,
}

/// Attributes of the instance level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    pub study: StudyAttributes,
    pub series: SeriesAttributes,
    pub instance: InstanceAttributes,
    pub locator: Locator,
    /// Order of records over all packs.
    pub sequence: u64,
    pub hash: Hash,
    pub transfer_syntax_uid: String,
    /// `FrameTable::to_bytes`, empty without pixel data.
    pub frames: Vec<u8>,
    /// DICOM JSON of the data set without bulk data; byte 0x01 stands where a base URL goes
    /// (`"BulkDataURI":"\x01/studies/…"`). Not compressed.
    pub header: Vec<u8>,
    pub source: String,
    pub received_ms: i64,
    /// Kept beside another instance with the same UID; not shown.
    pub hidden: bool,
}

/// One step of the index's history, in the order of the packs' records.
#[derive(Clone, Debug)]
pub enum Change {
    /// An instance was stored.
    Store(Box<Entry>),
    /// The shown instance with this UID is replaced: it is hidden and `Store` follows.
    Supersede {
        sop_instance_uid: Uid,
        sequence: u64,
    },
    /// Instances stored before `sequence` are deleted.
    Delete {
        sop_instance_uids: Vec<Uid>,
        sequence: u64,
    },
}

/// Pack number → how many of its bytes the index has taken in.
pub type Watermarks = BTreeMap<u64, u64>;

/// What ingest asks before it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub hash: Hash,
    pub transfer_syntax_uid: String,
    pub study_instance_uid: String,
    pub series_instance_uid: String,
    pub locator: Locator,
}

/// An index. Calls block; callers use the blocking pool. Implementations are checked by
/// `testsuite`.
pub trait Index: Send + Sync {
    /// Takes in changes in one transaction, together with how far the packs have been read.
    /// Returns what became of studies (for events).
    fn apply(&self, changes: &[Change], watermarks: &Watermarks) -> Result<()>;

    /// How far the packs have been read.
    fn watermarks(&self) -> Result<Watermarks>;

    /// The shown instance with this UID.
    fn known(&self, sop_instance_uid: &str) -> Result<Option<Known>>;

    /// Forgets everything, to be rebuilt.
    fn clear(&self) -> Result<()>;
}
