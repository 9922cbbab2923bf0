//! Reading records back: exactly the bytes that are asked for.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::Locator;
use super::disk::DiskFile;
use super::record::PackId;
use super::scan::pack_header;
use super::shelf::Shelf;
use crate::{Error, Result};

/// Moves that are remembered for readers that still hold an old locator.
const MOVES: usize = 200_000;

/// Open packs, at most so many.
#[derive(Debug)]
pub(super) struct Handles {
    shelf: Arc<Shelf>,
    limit: usize,
    open: Mutex<Open>,
    moved: Mutex<Moved>,
}

#[derive(Debug, Default)]
struct Open {
    files: HashMap<u64, (Arc<OpenFile>, u64)>,
    clock: u64,
}

#[derive(Debug, Default)]
struct Moved {
    to: HashMap<(u64, u64), Locator>,
    order: VecDeque<(u64, u64)>,
}

#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) id: PackId,
}

impl Handles {
    pub(super) fn new(shelf: Arc<Shelf>, limit: usize) -> Handles {
        Handles {
            shelf,
            limit: limit.max(1),
            open: Mutex::default(),
            moved: Mutex::default(),
        }
    }

    /// An open pack.
    pub(super) fn get(&self, pack: u64) -> Result<Arc<OpenFile>> {
        {
            let mut open = self.open.lock();
            open.clock += 1;
            let now = open.clock;
            if let Some((file, used)) = open.files.get_mut(&pack) {
                *used = now;
                return Ok(file.clone());
            }
        }
        let path = self.shelf.path(pack);
        let file = self
            .shelf
            .disk
            .open_read(&path)
            .map_err(self.shelf.io("open", &path))?;
        let header = pack_header(&*file).map_err(self.shelf.io("read", &path))?;
        let header = header.map_err(|flaw| damaged(pack, 0, &flaw.to_string()))?;
        let file = Arc::new(OpenFile {
            file,
            id: header.id,
        });
        let mut open = self.open.lock();
        if open.files.len() >= self.limit {
            let oldest = open
                .files
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(&pack, _)| pack);
            if let Some(oldest) = oldest {
                open.files.remove(&oldest);
            }
        }
        let now = open.clock;
        open.files.insert(pack, (file.clone(), now));
        Ok(file)
    }

    /// The pack is about to be removed.
    pub(super) fn forget(&self, pack: u64) {
        self.open.lock().files.remove(&pack);
    }

    /// Readers that hold the old locator are sent to the new one.
    pub(super) fn moved(&self, from: &Locator, to: Locator) {
        let mut moved = self.moved.lock();
        let key = (from.pack, from.offset);
        if moved.to.insert(key, to).is_none() {
            moved.order.push_back(key);
        }
        while moved.order.len() > MOVES {
            if let Some(oldest) = moved.order.pop_front() {
                moved.to.remove(&oldest);
            }
        }
    }

    /// Where the record is now, and its pack.
    pub(super) fn locate(&self, locator: &Locator) -> Result<(Locator, Arc<OpenFile>)> {
        match self.get(locator.pack) {
            Ok(file) => Ok((*locator, file)),
            Err(error) => {
                let to = self
                    .moved
                    .lock()
                    .to
                    .get(&(locator.pack, locator.offset))
                    .copied();
                let missing = matches!(&error, Error::Io { source, .. } if source.kind() == io::ErrorKind::NotFound);
                match to {
                    Some(to) if missing => self.locate(&to),
                    _ => Err(error),
                }
            }
        }
    }

    pub(super) fn read(&self, locator: &Locator, offset: u64, length: usize) -> Result<Bytes> {
        let (locator, open) = self.locate(locator)?;
        let Some((at, length)) = place(&locator, offset, length) else {
            return Ok(Bytes::new());
        };
        let mut out = Vec::with_capacity(length);
        open.file
            .read_at(at, length, &mut out)
            .map_err(self.shelf.io("read", &self.shelf.path(locator.pack)))?;
        if out.len() < length {
            return Err(damaged(locator.pack, at, "the pack ends within the record"));
        }
        Ok(out.into())
    }

    /// As [`Handles::read`], if the pack is open and the page cache has the bytes.
    pub(super) fn read_cached(
        &self,
        locator: &Locator,
        offset: u64,
        length: usize,
    ) -> Option<Bytes> {
        let open = {
            let mut open = self.open.lock();
            open.clock += 1;
            let now = open.clock;
            let (file, used) = open.files.get_mut(&locator.pack)?;
            *used = now;
            file.clone()
        };
        let Some((at, length)) = place(locator, offset, length) else {
            return Some(Bytes::new());
        };
        let mut out = Vec::new();
        match open.file.read_cached(at, length, &mut out) {
            Ok(true) if out.len() == length => Some(out.into()),
            _ => None,
        }
    }

    pub(super) fn read_prefix(&self, locator: &Locator) -> Result<Bytes> {
        let (locator, open) = self.locate(locator)?;
        let length = locator.prefix_length as usize;
        let before = locator.header_length.saturating_sub(locator.prefix_length);
        let mut out = Vec::with_capacity(length);
        open.file
            .read_at(locator.offset + u64::from(before), length, &mut out)
            .map_err(self.shelf.io("read", &self.shelf.path(locator.pack)))?;
        if out.len() < length {
            return Err(damaged(
                locator.pack,
                locator.offset,
                "the pack ends within the record",
            ));
        }
        Ok(out.into())
    }
}

/// Position in the pack, and length cut at the end of the data.
fn place(locator: &Locator, offset: u64, length: usize) -> Option<(u64, usize)> {
    let left = locator
        .length
        .checked_sub(offset)
        .filter(|&left| left > 0)?;
    let length = length.min(usize::try_from(left).unwrap_or(usize::MAX));
    let at = locator.offset + u64::from(locator.header_length) + offset;
    (length > 0).then_some((at, length))
}

pub(super) fn damaged(pack: u64, offset: u64, reason: &str) -> Error {
    Error::Damaged {
        pack,
        offset,
        reason: reason.to_owned(),
    }
}
