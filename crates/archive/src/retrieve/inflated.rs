//! Deflated data sets inflated for reading frames or values: few at a time, so that memory is
//! bounded whatever they grow to, and the same one only once.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use sagittal_core::Limits;
use sagittal_file::read;
use sagittal_store::blob::Hash;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::reader::InstanceReader;
use crate::{Error, Result};

/// They may grow to this; a larger one can be had only whole and as it was stored.
const LARGEST: u64 = 128 << 20;
/// All that are held at the same time, in MiB; one of the largest size must fit.
const ROOM: u32 = 128;
/// The last one is kept if it is not larger than this.
const KEPT: usize = 48 << 20;
/// How long a reader waits for others to be done with theirs.
const PATIENCE: Duration = Duration::from_secs(60);

/// An inflated data set.
pub(crate) struct Inflated {
    pub(super) bytes: Bytes,
    /// Its share of the room; none if it is kept anyway.
    _share: Option<OwnedSemaphorePermit>,
}

/// Those that are held.
pub(crate) struct InflatedSets {
    room: Arc<Semaphore>,
    last: parking_lot::Mutex<Last>,
}

#[derive(Default)]
struct Last {
    hash: Hash,
    kept: Option<Arc<Inflated>>,
    in_use: Weak<Inflated>,
}

impl Default for InflatedSets {
    fn default() -> InflatedSets {
        InflatedSets {
            room: Arc::new(Semaphore::new(ROOM as usize)),
            last: parking_lot::Mutex::default(),
        }
    }
}

impl InflatedSets {
    fn find(&self, hash: &Hash) -> Option<Arc<Inflated>> {
        let last = self.last.lock();
        let found = last.kept.clone().or_else(|| last.in_use.upgrade());
        found.filter(|_| last.hash == *hash)
    }

    /// Frames are mostly asked for one after the other.
    fn put(&self, hash: Hash, bytes: Vec<u8>, share: OwnedSemaphorePermit) -> Arc<Inflated> {
        let is_kept = bytes.len() <= KEPT;
        let inflated = Arc::new(Inflated {
            bytes: Bytes::from(bytes),
            _share: (!is_kept).then_some(share),
        });
        *self.last.lock() = Last {
            hash,
            kept: is_kept.then(|| inflated.clone()),
            in_use: Arc::downgrade(&inflated),
        };
        inflated
    }
}

impl InstanceReader {
    /// The data set inflated.
    pub(super) async fn inflate(&self) -> Result<Arc<Inflated>> {
        let sets = &self.archive.inner().inflated;
        let hash = self.instance.hash;
        if let Some(held) = sets.find(&hash) {
            return Ok(held);
        }
        let waiting = sets.room.clone().acquire_many_owned(ROOM);
        let mut share = tokio::time::timeout(PATIENCE, waiting)
            .await
            .map_err(|_| Error::TooLarge {
                what: "bytes of deflated data sets that are read at the same time",
                limit: LARGEST,
            })?
            .map_err(|_| Error::Stopping)?;
        // Another may have been at it.
        if let Some(held) = sets.find(&hash) {
            return Ok(held);
        }
        let (packs, locator) = (self.packs().clone(), self.instance.locator);
        let inflated = self
            .archive
            .blocking(move || {
                let length = usize::try_from(locator.length).unwrap_or(usize::MAX);
                let limits = Limits {
                    inflated: LARGEST,
                    ..Limits::default()
                };
                Ok(read::inflate(&packs.read(&locator, 0, length)?, limits)?.0)
            })
            .await?;
        let taken = inflated.len().div_ceil(1 << 20);
        drop(share.split((ROOM as usize).saturating_sub(taken)));
        Ok(sets.put(hash, inflated, share))
    }
}
