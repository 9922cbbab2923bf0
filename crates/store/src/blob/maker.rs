//! New packs are made, and closed ones trimmed, on a thread of their own: both take several
//! flushes of the device, which no sender should have to wait for.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

use parking_lot::Mutex;

use super::record::{FIRST_RECORD, PackHeader, PackId};
use super::shelf::Shelf;
use super::space::SpaceGuard;
use super::syncer::{Groups, OpenPack};
use crate::{Error, Result};

/// A new pack: header and name are on the device, blocks are reserved.
pub(super) struct Prepared {
    pub(super) pack: Arc<OpenPack>,
    pub(super) id: PackId,
    pub(super) capacity: u64,
    /// The capacity is reserved on the volume.
    pub(super) reserved: bool,
}

pub(super) enum Request {
    /// A pack will be needed soon.
    Prepare,
    /// Nothing more is written to this pack: give back what lies after its end.
    Trim(Arc<OpenPack>),
}

/// Where the next pack lies ready.
pub(super) type Ready = Arc<Mutex<Option<Prepared>>>;

pub(super) struct Maker {
    pub(super) shelf: Arc<Shelf>,
    pub(super) space: SpaceGuard,
    pub(super) pack_size: u64,
    pub(super) ready: Ready,
    pub(super) groups: Arc<Groups>,
}

impl Maker {
    /// Runs until the writer is gone; then a pack that was not needed is removed.
    pub(super) fn run(self, requests: &Receiver<Request>) {
        for request in requests {
            match request {
                Request::Prepare if self.ready.lock().is_none() => self.prepare_ahead(),
                Request::Prepare => {}
                Request::Trim(pack) => self.trim(&pack),
            }
        }
        if let Some(prepared) = self.ready.lock().take() {
            self.shelf.discard(&prepared.pack);
            let _ = self.shelf.disk.sync_folder(&self.shelf.folder);
        }
    }

    fn prepare_ahead(&self) {
        // Not when space is short: the last of it is for records.
        if self
            .space
            .check(self.pack_size.saturating_mul(3), 0)
            .is_err()
        {
            return;
        }
        match prepare(&self.shelf, &self.space, self.pack_size, 0) {
            Ok(prepared) => {
                let capacity = if prepared.reserved {
                    prepared.capacity
                } else {
                    0
                };
                self.shelf.ahead.store(capacity, Ordering::Relaxed);
                *self.ready.lock() = Some(prepared);
            }
            // The writer will find out itself, and have somebody to tell.
            Err(error) => tracing::warn!(%error, "cannot prepare a pack ahead"),
        }
    }

    fn trim(&self, pack: &OpenPack) {
        self.groups.barrier();
        trim(&self.shelf, pack);
    }
}

/// Gives back what the pack has reserved and not used. Returns its valid end.
pub(super) fn trim(shelf: &Shelf, pack: &OpenPack) -> u64 {
    let end = pack.durable.load(Ordering::Acquire);
    let trimmed = pack.file.truncate(end).and_then(|()| pack.file.sync_data());
    if let Err(error) = trimmed {
        // The seal says where it ends; the space comes back with the next start.
        tracing::warn!(pack = pack.number, %error, "cannot trim pack");
    }
    shelf.finished(pack.number);
    end
}

/// Makes a pack with room for `bytes` of records.
pub(super) fn prepare(
    shelf: &Shelf,
    space: &SpaceGuard,
    pack_size: u64,
    bytes: u64,
) -> Result<Prepared> {
    let needed = FIRST_RECORD + bytes;
    let available = space.check(needed, 0)?;
    let capacity = pack_size.max(needed).min(available.max(needed));
    let number = shelf.new_number();
    shelf.making.lock().insert(number);
    let made = make(shelf, space, number, capacity, needed);
    shelf.making.lock().remove(&number);
    made
}

fn make(
    shelf: &Shelf,
    space: &SpaceGuard,
    number: u64,
    capacity: u64,
    needed: u64,
) -> Result<Prepared> {
    let header = PackHeader::new(number, false);
    let path = shelf.path(number);
    let disk = &shelf.disk;
    let file = disk
        .create(&path)
        .map_err(|error| refusal(shelf, space, error, "create", &path, needed))?;
    let made = file.allocate(capacity).and_then(|reserved| {
        // Before anything else: a pack without a header is one in which nothing ever was.
        file.write_at(&[header.to_bytes()], 0)?;
        file.sync_data()?;
        disk.sync_folder(&shelf.folder)?;
        Ok(reserved)
    });
    match made {
        Ok(reserved) => Ok(Prepared {
            pack: shelf.begun(OpenPack {
                number,
                path,
                file,
                durable: AtomicU64::new(FIRST_RECORD),
                failed: AtomicBool::new(false),
            }),
            id: header.id,
            capacity,
            reserved,
        }),
        Err(error) => {
            let _ = disk.remove(&path);
            Err(refusal(shelf, space, error, "prepare", &path, needed))
        }
    }
}

/// Out of space is said as such.
pub(super) fn refusal(
    shelf: &Shelf,
    space: &SpaceGuard,
    error: io::Error,
    operation: &'static str,
    path: &Path,
    bytes: u64,
) -> Error {
    if error.kind() == io::ErrorKind::StorageFull {
        return space.full(space.free().unwrap_or(0), bytes);
    }
    shelf.io(operation, path)(error)
}
