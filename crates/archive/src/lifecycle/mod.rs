//! Deleting, verifying, scrubbing, compacting, statistics.

mod compact;
mod delete;
pub(crate) mod scrub;
mod verify;

pub use compact::Compaction;
pub use delete::Deleted;
pub use verify::{Problem, Verification};

use crate::{Archive, Result};

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
    /// Counts.
    pub async fn statistics(&self) -> Result<Statistics> {
        self.wait_indexed().await?;
        let inner = self.inner().clone();
        self.blocking(move || {
            let counts = inner.index.statistics()?;
            Ok(Statistics {
                patients: counts.patients,
                studies: counts.studies,
                series: counts.series,
                instances: counts.instances,
                hidden: counts.hidden,
                bytes: counts.bytes,
                pack_bytes: inner.packs.bytes(),
                free_bytes: inner.packs.space()?.free,
            })
        })
        .await
    }
}
