//! The memory of volumes: bounded however many are asked for, each made once, kept for a while.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sagittal_pixel::render::Volume;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use crate::{Error, Result};

/// Bytes of all volumes together, and of the largest one.
pub(super) const MOST: u64 = 192 << 20;
/// What a permit stands for.
const UNIT: u64 = 1 << 16;
/// A volume that nobody looked at for so long is given up.
const IDLE: Duration = Duration::from_secs(120);
/// How long one waits for others to be done with theirs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pictures of volumes that are drawn at the same time: each of them takes all cores.
const DRAWN: usize = 2;

/// A volume, and its share of the memory.
#[derive(Debug)]
pub struct SharedVolume {
    volume: Volume,
    _memory: OwnedSemaphorePermit,
}

impl SharedVolume {
    pub(super) fn new(volume: Volume, memory: OwnedSemaphorePermit) -> SharedVolume {
        SharedVolume {
            volume,
            _memory: memory,
        }
    }
}

impl Deref for SharedVolume {
    type Target = Volume;

    fn deref(&self) -> &Volume {
        &self.volume
    }
}

/// Volumes by what they are made of.
#[derive(Debug)]
pub(crate) struct VolumeMemory {
    held: Mutex<Vec<Entry>>,
    memory: Arc<Semaphore>,
    pub(super) drawing: Arc<Semaphore>,
}

#[derive(Debug)]
struct Entry {
    key: String,
    cell: Arc<OnceCell<Arc<SharedVolume>>>,
    used: Instant,
}

impl Default for VolumeMemory {
    fn default() -> VolumeMemory {
        VolumeMemory {
            held: Mutex::default(),
            memory: Arc::new(Semaphore::new(units(MOST) as usize)),
            drawing: Arc::new(Semaphore::new(DRAWN)),
        }
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

impl VolumeMemory {
    /// The volume under `key`, made by one of those who ask for it.
    pub(super) async fn get_or_make<F>(&self, key: &str, make: F) -> Result<Arc<SharedVolume>>
    where
        F: Future<Output = Result<SharedVolume>>,
    {
        let cell = self.enter(key);
        let made = cell
            .get_or_try_init(async || make.await.map(Arc::new))
            .await
            .cloned();
        if made.is_err() {
            let mut held = self.held.lock();
            held.retain(|entry| !Arc::ptr_eq(&entry.cell, &cell) || cell.initialized());
        }
        made
    }

    fn enter(&self, key: &str) -> Arc<OnceCell<Arc<SharedVolume>>> {
        let mut held = self.held.lock();
        let used = Instant::now();
        if let Some(entry) = held.iter_mut().find(|entry| entry.key == key) {
            entry.used = used;
            return entry.cell.clone();
        }
        let cell = Arc::default();
        held.push(Entry {
            key: key.to_owned(),
            cell: Arc::clone(&cell),
            used,
        });
        cell
    }

    /// Memory for a volume: others that nobody uses give way, the longest unused first; what is
    /// in use is waited for.
    ///
    /// # Errors
    /// [`Error::Stopping`] if it does not become free: the client may try again.
    pub(super) async fn acquire(&self, bytes: u64) -> Result<OwnedSemaphorePermit> {
        let begun = Instant::now();
        let wanted = units(bytes);
        while begun.elapsed() < PATIENCE {
            while (self.memory.available_permits() as u64) < u64::from(wanted) {
                if !self.give_up_one() {
                    break;
                }
            }
            let permit = self.memory.clone().acquire_many_owned(wanted);
            // What is drawn now may be idle soon.
            match tokio::time::timeout(Duration::from_millis(100), permit).await {
                Ok(permit) => return permit.map_err(|_| Error::Stopping),
                Err(_) => continue,
            }
        }
        Err(Error::Busy)
    }

    /// Forgets the volume that was not used for longest, of those that nobody uses now.
    fn give_up_one(&self) -> bool {
        let mut held = self.held.lock();
        let is_idle = |entry: &Entry| {
            let volume = entry.cell.get();
            volume.is_some_and(|volume| Arc::strong_count(volume) == 1)
        };
        let oldest = held
            .iter()
            .enumerate()
            .filter(|(_, entry)| is_idle(entry))
            .min_by_key(|(_, entry)| entry.used)
            .map(|(at, _)| at);
        oldest.map(|at| held.swap_remove(at)).is_some()
    }

    /// Forgets what nobody looked at for long.
    pub(crate) fn forget_idle(&self) {
        let mut held = self.held.lock();
        held.retain(|entry| !entry.cell.initialized() || entry.used.elapsed() < IDLE);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn memory_is_bounded_and_comes_back() {
        let volumes = VolumeMemory::default();
        let first = volumes.acquire(MOST).await.unwrap();
        let wait = volumes.acquire(1);
        let early = tokio::time::timeout(Duration::from_millis(20), wait).await;
        assert!(early.is_err(), "more than there is was given");
        drop(first);
        drop(volumes.acquire(MOST).await.unwrap());
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let volumes = VolumeMemory::default();
        let made = volumes.get_or_make("a", async { Err(Error::Busy) }).await;
        assert!(matches!(made, Err(Error::Busy)));
        assert!(volumes.held.lock().is_empty());
    }
}
