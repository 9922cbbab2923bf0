//! Room on the volume: stores are refused before it runs out, and taken again when it is back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::Disk;
use crate::{Error, Result};

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes free on the volume, what is pre-allocated and unused included.
    pub free: u64,
    /// Stores are refused when less than this would be left.
    pub reserve: u64,
}

#[derive(Clone, Debug)]
pub(super) struct SpaceGuard {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    reserve: u64,
}

impl SpaceGuard {
    pub(super) fn new(disk: Arc<dyn Disk>, folder: &Path, reserve: u64) -> SpaceGuard {
        SpaceGuard {
            disk,
            folder: folder.to_owned(),
            reserve,
        }
    }

    pub(super) fn free(&self) -> Result<u64> {
        self.disk
            .free_space(&self.folder)
            .map_err(|source| Error::Io {
                operation: "ask for the free space of",
                path: self.folder.clone(),
                source,
            })
    }

    /// What may still be written; [`Error::Full`] if that is less than `bytes`.
    /// `allocated` bytes are already reserved for it in a pre-allocated pack.
    pub(super) fn check(&self, bytes: u64, allocated: u64) -> Result<u64> {
        let available = self.free()?.saturating_add(allocated);
        let needed = bytes.saturating_add(self.reserve);
        if available < needed {
            return Err(self.full(available, bytes));
        }
        Ok(available - self.reserve)
    }

    pub(super) fn full(&self, available: u64, bytes: u64) -> Error {
        Error::Full {
            path: self.folder.clone(),
            available,
            needed: bytes.saturating_add(self.reserve),
        }
    }

    pub(super) fn reserve(&self) -> u64 {
        self.reserve
    }
}
