//! Large instances: each goes to a pack of its own while it arrives, so that memory stays bounded.
//!
//! The pack says in its header that it is one of these. The record's fixed header, which lies in
//! one sector, stays zeros until all else is on the device: a crash before leaves a file that is
//! plainly not complete, and is removed at the next start.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use bytes::Bytes;

use super::record::{
    ATTRIBUTES_ROOM, FIRST_RECORD, FIXED_HEADER, Kind, NewHeader, PackHeader, PackId, padded,
};
use super::shelf::Shelf;
use super::space::SpaceGuard;
use super::syncer::OpenPack;
use super::writer::Committed;
use super::{Hash, Locator, RecordAttributes};
use crate::{Error, Result};

/// Written between syncs: bounds dirty pages and the last sync's time.
const SYNC_EVERY: u64 = 32 << 20;
/// Collected before a write.
const WRITE_SIZE: usize = 1 << 20;

/// A large instance on its way to disk. Dropped before it is committed, its file is removed.
/// All calls block.
#[derive(Debug)]
pub struct Spill {
    shelf: Arc<Shelf>,
    space: SpaceGuard,
    pack: Arc<OpenPack>,
    id: PackId,
    prefix: Bytes,
    header_length: u32,
    pending: Vec<Bytes>,
    pending_bytes: usize,
    written: u64,
    synced: u64,
    keep: bool,
}

/// A spill whose data are on the device, ready to be made valid.
#[derive(Debug)]
pub(super) struct Spilled {
    pub(super) pack: Arc<OpenPack>,
    id: PackId,
    prefix: Bytes,
    attributes: RecordAttributes,
    hash: Hash,
    header_length: u32,
    length: u64,
    guard: Option<Spill>,
}

impl Spill {
    /// Attributes are known only at the end: `more_room` is left besides what they take mostly.
    pub(super) fn create(
        shelf: Arc<Shelf>,
        space: SpaceGuard,
        prefix: Bytes,
        more_room: usize,
    ) -> Result<Spill> {
        space.check(WRITE_SIZE as u64, shelf.reserved())?;
        let number = shelf.new_number();
        let header = PackHeader::new(number, true);
        let path = shelf.path(number);
        let file = shelf
            .disk
            .create(&path)
            .map_err(shelf.io("create", &path))?;
        let room = FIXED_HEADER + ATTRIBUTES_ROOM + prefix.len() + more_room;
        let header_length = u32::try_from(room.div_ceil(4096) * 4096).unwrap_or(u32::MAX);
        let spill = Spill {
            pack: shelf.begun(OpenPack {
                number,
                path,
                file,
                durable: AtomicU64::new(0),
                failed: AtomicBool::new(false),
            }),
            id: header.id,
            shelf,
            space,
            prefix,
            header_length,
            pending: Vec::new(),
            pending_bytes: 0,
            written: 0,
            synced: 0,
            keep: false,
        };
        // Before anything else: a pack without a header is one in which nothing ever was.
        let file = &spill.pack.file;
        let written = file
            .write_at(&[header.to_bytes()], 0)
            .and_then(|()| file.sync_data());
        spill.checked(written, "write")?;
        // The name is durable long before the instance is complete.
        let synced = spill.shelf.disk.sync_folder(&spill.shelf.folder);
        spill.checked(synced, "sync")?;
        Ok(spill)
    }

    /// Bytes taken so far.
    pub fn length(&self) -> u64 {
        self.written + self.pending_bytes as u64
    }

    /// Takes the next bytes.
    pub fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.pending_bytes += bytes.len();
        self.pending.push(bytes);
        if self.pending_bytes >= WRITE_SIZE {
            self.flush()?;
        }
        Ok(())
    }

    /// Bytes `offset..offset + length` of what was taken, cut at its end.
    pub fn read(&mut self, offset: u64, length: usize) -> Result<Bytes> {
        self.flush()?;
        let left = usize::try_from(self.written.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut out = Vec::with_capacity(length.min(left));
        let at = FIRST_RECORD + u64::from(self.header_length) + offset;
        let read = self.pack.file.read_at(at, length.min(left), &mut out);
        self.checked(read, "read")?;
        Ok(out.into())
    }

    fn flush(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let spare = self.shelf.reserved();
        self.space.check(self.pending_bytes as u64, spare)?;
        let chunks = std::mem::take(&mut self.pending);
        let at = FIRST_RECORD + u64::from(self.header_length) + self.written;
        let written = self.pack.file.write_at(&chunks, at);
        self.checked(written, "write")?;
        self.written += self.pending_bytes as u64;
        self.pending_bytes = 0;
        if self.written - self.synced >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        let synced = self.pack.file.sync_data();
        self.checked(synced, "sync")?;
        self.synced = self.written;
        Ok(())
    }

    fn checked<T>(&self, result: std::io::Result<T>, operation: &'static str) -> Result<T> {
        result.map_err(|error| {
            if error.kind() == std::io::ErrorKind::StorageFull {
                return self
                    .space
                    .full(self.space.free().unwrap_or(0), self.pending_bytes as u64);
            }
            self.shelf.io(operation, &self.pack.path)(error)
        })
    }

    /// Everything but the fixed header goes to the device.
    pub(super) fn complete(mut self, attributes: RecordAttributes, hash: Hash) -> Result<Spilled> {
        self.flush()?;
        let mut spilled = Spilled {
            pack: self.pack.clone(),
            id: self.id,
            prefix: self.prefix.clone(),
            attributes,
            hash,
            header_length: self.header_length,
            length: self.written,
            guard: None,
        };
        let mut header = spilled.header_bytes(0);
        if header.len() != self.header_length as usize {
            return Err(Error::Damaged {
                pack: self.pack.number,
                offset: FIRST_RECORD,
                reason: "the record's attributes do not fit".to_owned(),
            });
        }
        header
            .iter_mut()
            .take(FIXED_HEADER)
            .for_each(|byte| *byte = 0);
        let end = FIRST_RECORD + u64::from(self.header_length) + self.written;
        let padding = Bytes::from(vec![0; usize::try_from(padded(end) - end).unwrap_or(0)]);
        let written = self
            .pack
            .file
            .write_at(&[Bytes::from(header)], FIRST_RECORD)
            .and_then(|()| self.pack.file.write_at(&[padding], end));
        self.checked(written, "write")?;
        self.sync()?;
        spilled.guard = Some(self);
        Ok(spilled)
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        if !self.keep {
            self.shelf.discard(&self.pack);
        }
    }
}

impl Spilled {
    fn header_bytes(&self, sequence: u64) -> Vec<u8> {
        NewHeader {
            kind: Kind::Instance,
            sequence,
            durable: FIRST_RECORD,
            prefix: &self.prefix,
            data_length: self.length,
            hash: self.hash,
            attributes: Some(&self.attributes),
            at_least: self.header_length,
        }
        .to_bytes(&self.id)
    }

    /// The fixed header that makes the record valid. From here on the file stays, whatever comes:
    /// it may have become durable.
    pub(super) fn header(&mut self, sequence: u64) -> Bytes {
        if let Some(mut spill) = self.guard.take() {
            spill.keep = true;
        }
        let mut header = self.header_bytes(sequence);
        header.truncate(FIXED_HEADER);
        Bytes::from(header)
    }

    pub(super) fn committed(&self, sequence: u64) -> Committed {
        let end = FIRST_RECORD + u64::from(self.header_length) + self.length;
        Committed {
            locator: Locator {
                pack: self.pack.number,
                offset: FIRST_RECORD,
                header_length: self.header_length,
                prefix_length: u32::try_from(self.prefix.len()).unwrap_or(u32::MAX),
                length: self.length,
            },
            sequence,
            end: padded(end),
        }
    }
}
