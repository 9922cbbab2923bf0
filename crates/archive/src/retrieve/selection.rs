//! Which instances are wanted, and where they lie.

use sagittal_core::Uid;
use sagittal_store::blob::Locator;

use crate::{Archive, Result};

/// What is wanted: every given list restricts; an empty list does not.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// Patient IDs (Patient Root retrieve at PATIENT level).
    pub patient_ids: Vec<String>,
    /// Study Instance UIDs.
    pub study_instance_uids: Vec<Uid>,
    /// Series Instance UIDs.
    pub series_instance_uids: Vec<Uid>,
    /// SOP Instance UIDs.
    pub sop_instance_uids: Vec<Uid>,
}

/// An instance in the archive.
#[derive(Clone, Debug)]
pub struct InstanceRef {
    /// Study Instance UID.
    pub study_instance_uid: Uid,
    /// Series Instance UID.
    pub series_instance_uid: Uid,
    /// SOP Instance UID.
    pub sop_instance_uid: Uid,
    /// SOP Class UID.
    pub sop_class_uid: Uid,
    /// Transfer syntax it is stored in.
    pub transfer_syntax_uid: Uid,
    /// Number of frames, 1 for a single-frame image, 0 without pixel data.
    pub number_of_frames: u32,
    /// BLAKE3 of the data set's bytes.
    pub hash: [u8; 32],
    /// Where it lies.
    pub locator: Locator,
    /// Milliseconds since 1970 UTC.
    pub received_ms: i64,
}

impl Archive {
    /// The instances that are wanted, in order of study, series, instance number.
    /// Sees everything that was acknowledged before the call.
    pub async fn instances(&self, selector: &Selector) -> Result<Vec<InstanceRef>> {
        let _ = selector;
        todo!()
    }

    /// One instance, or `NotFound`/`Gone`. Study and series are checked when given.
    pub async fn instance(
        &self,
        study_instance_uid: Option<&Uid>,
        series_instance_uid: Option<&Uid>,
        sop_instance_uid: &Uid,
    ) -> Result<InstanceRef> {
        let _ = (study_instance_uid, series_instance_uid, sop_instance_uid);
        todo!()
    }

    /// A tag for the state of a selection without reading metadata (ETag); `None` if empty.
    pub async fn state_tag(&self, selector: &Selector) -> Result<Option<String>> {
        let _ = selector;
        todo!()
    }
}
