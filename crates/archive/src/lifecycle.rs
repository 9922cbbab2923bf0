//! Deleting, verifying, rebuilding, statistics.

use sagittal_core::Uid;

use crate::retrieve::Selector;
use crate::{Archive, Result};

/// What a deletion did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Instances deleted.
    pub instances: u64,
    /// Studies they were in.
    pub study_instance_uids: Vec<Uid>,
}

/// Numbers for the status page, `/healthz` and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Patients.
    pub patients: u64,
    /// Studies.
    pub studies: u64,
    /// Series.
    pub series: u64,
    /// Instances that are shown.
    pub instances: u64,
    /// Instances kept hidden.
    pub hidden: u64,
    /// Bytes of data sets that are shown.
    pub bytes: u64,
    /// Bytes of all packs.
    pub pack_bytes: u64,
    /// Bytes free on the volume.
    pub free_bytes: u64,
}

impl Archive {
    /// Deletes what is selected; durable when it returns. `NotFound` if nothing is.
    pub async fn delete(&self, selector: &Selector) -> Result<Deleted> {
        let _ = selector;
        todo!()
    }

    /// Counts.
    pub async fn statistics(&self) -> Result<Statistics> {
        todo!()
    }
}
