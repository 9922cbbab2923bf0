//! The folder of packs: names, numbers, and which packs are not finished yet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::disk::Disk;
use super::syncer::OpenPack;
use crate::Error;

/// What names and numbers packs.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) next_pack: AtomicU64,
    /// Bytes reserved in the active pack and not yet used.
    pub(super) spare: AtomicU64,
    /// Bytes reserved in a pack that was made ahead.
    pub(super) ahead: AtomicU64,
    /// Packs being made, written or trimmed: not to be read beyond what is durable, nor compacted.
    pub(super) open: Mutex<BTreeMap<u64, Arc<OpenPack>>>,
    /// Packs whose files are there, but which are not among the open ones yet.
    pub(super) making: Mutex<BTreeSet<u64>>,
}

impl Shelf {
    pub(super) fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:012}.pack"))
    }

    /// Bytes that are reserved on the volume and not yet used.
    pub(super) fn reserved(&self) -> u64 {
        self.spare.load(Ordering::Relaxed) + self.ahead.load(Ordering::Relaxed)
    }

    /// A pack that is begun here.
    pub(super) fn begun(&self, pack: OpenPack) -> Arc<OpenPack> {
        let pack = Arc::new(pack);
        self.open.lock().insert(pack.number, pack.clone());
        pack
    }

    /// A pack that will not change any more, or is gone.
    pub(super) fn finished(&self, pack: u64) {
        self.open.lock().remove(&pack);
    }

    /// Is it just being made? To be asked before [`Shelf::durable`].
    pub(super) fn is_being_made(&self, pack: u64) -> bool {
        self.making.lock().contains(&pack)
    }

    /// How much of a pack that is not finished is durable.
    pub(super) fn durable(&self, pack: u64) -> Option<u64> {
        let open = self.open.lock();
        open.get(&pack)
            .map(|pack| pack.durable.load(Ordering::Acquire))
    }

    /// Removes a pack in which nothing was ever acknowledged.
    pub(super) fn discard(&self, pack: &OpenPack) {
        let _ = self.disk.remove(&pack.path);
        self.finished(pack.number);
    }

    pub(super) fn new_number(&self) -> u64 {
        self.next_pack.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn io(
        &self,
        operation: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io {
            operation,
            path,
            source,
        }
    }
}
