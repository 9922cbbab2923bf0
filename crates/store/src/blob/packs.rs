//! The handle to all packs.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use bytes::Bytes;
use parking_lot::Mutex;
use sagittal_core::Uid;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::disk::Disk;
use super::maker::{Maker, Ready};
use super::queue::{Body, Crew, Done, Job};
use super::reader::{Handles, damaged};
use super::record::Header;
use super::recovery::{self, Opened, Recovery};
use super::replay::{self, Replayed};
use super::scan::{check_hash, read_header};
use super::shelf::Shelf;
use super::space::{Space, SpaceGuard};
use super::spill::Spill;
use super::syncer::Groups;
use super::writer::{Committed, Writer};
use super::{Hash, Locator, RecordAttributes};
use crate::index::Watermarks;
use crate::{Error, Result};

/// What packs are opened with.
#[derive(Clone, Debug)]
pub struct PackOptions {
    /// The folder of the packs.
    pub folder: PathBuf,
    /// Bytes of a pack before a new one begins.
    pub pack_size: u64,
    /// Refuse to store when less than this would be left on the volume.
    pub reserve: u64,
    /// Bytes that may wait for the writer.
    pub queue_bytes: u64,
    /// Packs held open for reading.
    pub open_files: usize,
}

impl PackOptions {
    /// The defaults, for a folder.
    pub fn new(folder: impl Into<PathBuf>) -> PackOptions {
        PackOptions {
            folder: folder.into(),
            pack_size: 128 << 20,
            reserve: 256 << 20,
            queue_bytes: 64 << 20,
            open_files: 256,
        }
    }
}

/// An instance to be stored.
#[derive(Clone, Debug)]
pub struct NewInstance {
    /// What its record says of it.
    pub attributes: RecordAttributes,
    /// Preamble and File Meta Information as received; empty if there were none.
    pub prefix: Bytes,
    /// The data set, in pieces as they came.
    pub data: Vec<Bytes>,
    /// BLAKE3 of the data set.
    pub hash: Hash,
}

impl NewInstance {
    fn bytes(&self) -> usize {
        self.prefix.len() + self.data.iter().map(Bytes::len).sum::<usize>()
    }
}

/// Room for an instance among those that wait to be written.
#[derive(Debug)]
pub struct Room(OwnedSemaphorePermit);

/// The packs of a data folder, open. Cheap to clone. Dropping the last clone stops the writer
/// after what has been submitted.
#[derive(Clone)]
pub struct Packs {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) shelf: Arc<Shelf>,
    pub(super) space: SpaceGuard,
    pub(super) handles: Handles,
    crew: Arc<Crew>,
    room: Arc<Semaphore>,
    room_size: u32,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Bytes of all packs.
    pub(super) bytes: Arc<AtomicU64>,
}

impl Packs {
    /// Opens the folder (creating it if there is none), repairs what a crash left, and starts to
    /// take records. Blocks. [`Packs::replay`] then tells what the index has not taken in.
    pub fn open(
        disk: Arc<dyn Disk>,
        options: PackOptions,
        watermarks: &Watermarks,
    ) -> Result<(Packs, Recovery)> {
        let shelf = Arc::new(Shelf {
            disk: disk.clone(),
            folder: options.folder.clone(),
            next_pack: AtomicU64::new(0),
            spare: AtomicU64::new(0),
            ahead: AtomicU64::new(0),
            open: Mutex::default(),
            making: Mutex::default(),
        });
        disk.create_folder(&options.folder)
            .map_err(shelf.io("create", &options.folder))?;
        let Opened {
            recovery,
            resume,
            next_sequence,
            next_pack,
        } = recovery::recover(&shelf, watermarks)?;
        shelf.next_pack.store(next_pack, Ordering::Relaxed);

        let space = SpaceGuard::new(disk, &options.folder, options.reserve);
        let groups = Arc::new(Groups::default());
        let ready = Ready::default();
        let (requests, to_make) = std::sync::mpsc::channel();
        let maker = Maker {
            shelf: shelf.clone(),
            space: space.clone(),
            pack_size: options.pack_size,
            ready: ready.clone(),
            groups: groups.clone(),
        };
        let mut writer = Writer::new(
            shelf.clone(),
            space.clone(),
            options.pack_size,
            next_sequence,
            groups.clone(),
            ready,
            requests,
        );
        if let Some(resume) = resume {
            writer.resume(resume);
        }
        let crew = Arc::new(Crew::new(writer, groups));
        let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(body)
                .map_err(shelf.io("start the writer of", &options.folder))
        };
        let threads = vec![
            spawn("pack-make", Box::new(move || maker.run(&to_make)))?,
            spawn("pack-write", {
                let crew = crew.clone();
                Box::new(move || crew.help())
            })?,
        ];
        let room_size = u32::try_from(options.queue_bytes)
            .unwrap_or(u32::MAX)
            .clamp(1, 1 << 28);
        let packs = Packs {
            inner: Arc::new(Inner {
                handles: Handles::new(shelf.clone(), options.open_files),
                shelf,
                space,
                crew,
                room: Arc::new(Semaphore::new(room_size as usize)),
                room_size,
                threads: Mutex::new(threads),
                bytes: Arc::new(AtomicU64::new(recovery.bytes)),
            }),
        };
        Ok((packs, recovery))
    }

    /// Delivers what the index has not taken in, in the order it happened. Blocks.
    pub fn replay(
        &self,
        recovery: &Recovery,
        visit: &mut dyn FnMut(Replayed) -> Result<()>,
    ) -> Result<()> {
        replay::replay(&*self.inner.shelf.disk, recovery, visit)
    }

    /// Stores an instance; durable when it returns. `then` is called before that, on the thread
    /// that synced, and for all records in the order of their sequence numbers.
    pub async fn append(
        &self,
        instance: NewInstance,
        then: impl FnOnce(&Committed) + Send + 'static,
    ) -> Result<Committed> {
        let bytes = instance.bytes();
        self.submit(Body::Instance(Box::new(instance)), bytes, then)
            .await
    }

    /// Records that instances are deleted; durable when it returns. `then` as in [`Packs::append`].
    pub async fn delete(
        &self,
        sop_instance_uids: Vec<Uid>,
        then: impl FnOnce(&Committed) + Send + 'static,
    ) -> Result<Committed> {
        let bytes = sop_instance_uids.len() * 64;
        self.submit(Body::Delete(sop_instance_uids), bytes, then)
            .await
    }

    /// Begins a large instance. Blocks.
    pub fn spill(&self, prefix: Bytes) -> Result<Spill> {
        self.spill_with_room(prefix, 0)
    }

    /// As [`Packs::spill`], with so many bytes of room for [`super::Original::restore`]. Blocks.
    pub fn spill_with_room(&self, prefix: Bytes, restore: usize) -> Result<Spill> {
        let inner = &self.inner;
        // A little is added for every piece of it.
        let more = restore + restore / 128;
        Spill::create(inner.shelf.clone(), inner.space.clone(), prefix, more)
    }

    /// Makes a large instance valid; durable when it returns. `then` as in [`Packs::append`].
    pub async fn commit(
        &self,
        spill: Spill,
        attributes: RecordAttributes,
        hash: Hash,
        then: impl FnOnce(&Committed) + Send + 'static,
    ) -> Result<Committed> {
        let spilled = tokio::task::spawn_blocking(move || spill.complete(attributes, hash))
            .await
            .map_err(|_| Error::Stopping)??;
        self.submit(Body::Spilled(Box::new(spilled)), 0, then).await
    }

    async fn submit(
        &self,
        body: Body,
        bytes: usize,
        then: impl FnOnce(&Committed) + Send + 'static,
    ) -> Result<Committed> {
        let permit = self.inner.room.clone();
        let permit = permit.acquire_many_owned(self.room_for(bytes)).await;
        let permit = permit.map_err(|_| Error::Stopping)?;
        let (answer, wait) = oneshot::channel();
        let done = move |result: Result<Committed>| {
            if let Ok(committed) = &result {
                then(committed);
            }
            let _ = answer.send(result);
        };
        match self.push(body, bytes, permit, done) {
            Some(true) => {}
            Some(false) => self.inner.crew.call_help(),
            None => return Err(Error::Stopping),
        }
        wait.await.map_err(|_| Error::Stopping)?
    }

    /// Room for an instance of so many bytes among those that wait; `None` if there is none now.
    pub fn try_room(&self, bytes: usize) -> Option<Room> {
        let room = self.inner.room.clone();
        let permit = room.try_acquire_many_owned(self.room_for(bytes)).ok()?;
        Some(Room(permit))
    }

    /// Stores an instance from a thread that may block: it does the work that is to be done, also
    /// for others, and returns when there is none left. `done` is called before that, when the
    /// instance is durable or refused; on some thread, and for all records in the order of their
    /// sequence numbers.
    pub fn append_here(
        &self,
        instance: NewInstance,
        Room(permit): Room,
        done: impl FnOnce(Result<Committed>) + Send + 'static,
    ) {
        let bytes = instance.bytes();
        let body = Body::Instance(Box::new(instance));
        if self.push(body, bytes, permit, done).is_some() {
            self.inner.crew.work();
        }
    }

    /// Headers and bookkeeping count as well: the number of records is bounded with the bytes.
    fn room_for(&self, bytes: usize) -> u32 {
        u32::try_from(bytes + 1024)
            .unwrap_or(u32::MAX)
            .min(self.inner.room_size)
    }

    /// Queues a job. True if somebody is at work on it, `None` if it was refused.
    fn push(
        &self,
        body: Body,
        bytes: usize,
        permit: OwnedSemaphorePermit,
        done: impl FnOnce(Result<Committed>) + Send + 'static,
    ) -> Option<bool> {
        let total = self.inner.bytes.clone();
        let done: Done = Box::new(move |result: Result<Committed>| {
            if let Ok(committed) = &result {
                let record = committed.end - committed.locator.offset;
                total.fetch_add(record, Ordering::Relaxed);
            }
            done(result);
        });
        let job = Job {
            body,
            done,
            bytes,
            _permit: Some(permit),
        };
        match self.inner.crew.push(job) {
            Ok(in_hand) => Some(in_hand),
            Err(refused) => {
                (refused.done)(Err(Error::Stopping));
                None
            }
        }
    }

    /// Bytes `offset..offset + length` of the data set, cut at its end. Blocks.
    pub fn read(&self, locator: &Locator, offset: u64, length: usize) -> Result<Bytes> {
        self.inner.handles.read(locator, offset, length)
    }

    /// As [`Packs::read`] if that needs no waiting for the device.
    pub fn read_cached(&self, locator: &Locator, offset: u64, length: usize) -> Option<Bytes> {
        self.inner.handles.read_cached(locator, offset, length)
    }

    /// Preamble and File Meta Information as received. Blocks.
    pub fn read_prefix(&self, locator: &Locator) -> Result<Bytes> {
        self.inner.handles.read_prefix(locator)
    }

    /// Rereads a record and compares checksum and hash ([`Error::Damaged`]). Blocks.
    pub fn verify(&self, locator: &Locator) -> Result<Hash> {
        let (locator, header) = self.header(locator)?;
        let (_, open) = self.inner.handles.locate(&locator)?;
        let data = locator.offset + u64::from(locator.header_length);
        let path = self.inner.shelf.path(locator.pack);
        check_hash(&*open.file, data, &header)
            .map_err(self.inner.shelf.io("read", &path))?
            .map_err(|flaw| damaged(locator.pack, locator.offset, &flaw.to_string()))?;
        Ok(header.hash)
    }

    pub(super) fn header(&self, locator: &Locator) -> Result<(Locator, Header)> {
        let (locator, open) = self.inner.handles.locate(locator)?;
        let path = self.inner.shelf.path(locator.pack);
        let header = read_header(&*open.file, &open.id, locator.offset, &mut Vec::new())
            .map_err(self.inner.shelf.io("read", &path))?
            .map_err(|flaw| damaged(locator.pack, locator.offset, &flaw.to_string()))?;
        if header.data_length != locator.length || header.header_length != locator.header_length {
            return Err(damaged(
                locator.pack,
                locator.offset,
                "the index says otherwise",
            ));
        }
        Ok((locator, header))
    }

    /// What a record says of its instance. Blocks.
    pub fn attributes(&self, locator: &Locator) -> Result<RecordAttributes> {
        let (locator, header) = self.header(locator)?;
        header
            .attributes
            .ok_or_else(|| damaged(locator.pack, locator.offset, "not an instance"))
    }

    /// Room on the volume. Blocks.
    pub fn space(&self) -> Result<Space> {
        let spare = self.inner.shelf.reserved();
        Ok(Space {
            free: self.inner.space.free()?.saturating_add(spare),
            reserve: self.inner.space.reserve(),
        })
    }

    /// Bytes of all packs.
    pub fn bytes(&self) -> u64 {
        self.inner.bytes.load(Ordering::Relaxed)
    }

    /// Records that wait for the writer.
    pub fn queue_depth(&self) -> usize {
        self.inner.crew.depth()
    }

    /// Takes no more records, syncs what was taken, gives back reserved space. Blocks.
    pub fn close(&self) {
        self.inner.close();
    }
}

impl Inner {
    fn close(&self) {
        self.room.close();
        if Crew::is_at_work() {
            // Dropped by who was told of the last record: it must return before this can end.
            let crew = self.crew.clone();
            std::thread::spawn(move || crew.close());
            return;
        }
        self.crew.close();
        // The writer is gone, and with it the channel of the maker.
        for thread in self.threads.lock().drain(..).rev() {
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Packs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packs in {}", self.inner.shelf.folder.display())
    }
}
