//! The first half of group commit: records are appended to the active pack, by one thread at a time.
//!
//! It gives every record that has queued up its place and sequence number, writes all in one call
//! and hands over to [`super::syncer`]. There is no artificial delay: a lone record is written and
//! synced at once, and whatever comes meanwhile is the next group. Several threads that write to
//! one file would gain nothing: file systems let one of them in at a time, and the others spin.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use bytes::Bytes;
use sagittal_core::Uid;
use tokio::sync::OwnedSemaphorePermit;

use super::disk::DiskFile;
use super::maker::{Prepared, Ready, Request, prepare, refusal, trim};
use super::packs::NewInstance;
use super::queue::{Body, Done, Job};
use super::record::{FIRST_RECORD, Kind, NewHeader, PackId, padded};
use super::shelf::Shelf;
use super::space::SpaceGuard;
use super::spill::Spilled;
use super::syncer::{Groups, OpenPack, Written, again};
use super::{Hash, Locator, RecordAttributes};
use crate::{Error, Result};

/// A record that is on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Where its data lie.
    pub locator: Locator,
    /// Its place in the order of all records.
    pub sequence: u64,
    /// Where the record ends in its pack: the index's watermark once it has taken it in.
    pub end: u64,
}

/// A pack that a previous run left room in.
pub(super) struct Resume {
    pub(super) number: u64,
    pub(super) id: PackId,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn DiskFile>,
    pub(super) end: u64,
}

/// A pack that is closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seal {
    pub(super) pack: u64,
    /// What lies after this does not count.
    pub(super) end: u64,
    /// What lies before this was on the device when the seal was written.
    pub(super) durable: u64,
}

impl Seal {
    fn to_bytes(self) -> Bytes {
        Bytes::from(
            [self.pack, self.end, self.durable]
                .map(u64::to_le_bytes)
                .concat(),
        )
    }
}

struct Active {
    pack: Arc<OpenPack>,
    id: PackId,
    end: u64,
    capacity: u64,
    /// The capacity is reserved on the volume.
    reserved: bool,
    /// Seals in its first records, and where they end.
    seals: (Vec<Seal>, u64),
    /// The next pack has been asked for.
    asked: bool,
}

pub(super) struct Writer {
    shelf: Arc<Shelf>,
    space: SpaceGuard,
    pack_size: u64,
    sequence: u64,
    active: Option<Active>,
    /// Packs closed, to be written into the next pack.
    seals: Vec<Seal>,
    /// Closed packs whose last group is not synced yet, and their ends.
    unsettled: Vec<(Arc<OpenPack>, u64)>,
    groups: Arc<Groups>,
    ready: Ready,
    maker: Sender<Request>,
    group: Group,
}

/// Records placed in the active pack but not yet written.
#[derive(Default)]
struct Group {
    start: u64,
    chunks: Vec<Bytes>,
    waiting: Vec<(Done, Committed)>,
    permits: Vec<OwnedSemaphorePermit>,
}

impl Writer {
    pub(super) fn new(
        shelf: Arc<Shelf>,
        space: SpaceGuard,
        pack_size: u64,
        next_sequence: u64,
        groups: Arc<Groups>,
        ready: Ready,
        maker: Sender<Request>,
    ) -> Writer {
        Writer {
            shelf,
            space,
            pack_size,
            sequence: next_sequence,
            active: None,
            seals: Vec::new(),
            unsettled: Vec::new(),
            groups,
            ready,
            maker,
            group: Group::default(),
        }
    }

    /// Goes on in the pack where the previous run stopped, or notes that it is closed.
    pub(super) fn resume(&mut self, resume: Resume) {
        let seal = Seal {
            pack: resume.number,
            end: resume.end,
            durable: resume.end,
        };
        // Not worth the blocks that would be reserved for little.
        if resume.end + self.pack_size / 8 > self.pack_size {
            self.seals.push(seal);
            return;
        }
        let left = self.pack_size - resume.end;
        let reserved = match self.space.check(left, 0) {
            Ok(_) => resume.file.allocate(self.pack_size).unwrap_or(false),
            Err(_) => false,
        };
        if !reserved {
            self.seals.push(seal);
            let _ = resume.file.truncate(resume.end);
            return;
        }
        self.active = Some(Active {
            pack: self.shelf.begun(OpenPack {
                number: resume.number,
                path: resume.path,
                file: resume.file,
                durable: AtomicU64::new(resume.end),
                failed: AtomicBool::new(false),
            }),
            id: resume.id,
            end: resume.end,
            capacity: self.pack_size,
            reserved,
            seals: Default::default(),
            asked: false,
        });
        self.note_spare();
    }

    /// Appends what has queued up and hands it over to be synced.
    pub(super) fn write(&mut self, batch: Vec<Job>) {
        self.settle();
        for job in batch {
            self.place(job);
        }
        self.flush();
    }

    /// Closes the active pack. To be called when nothing waits to be synced any more.
    pub(super) fn close(mut self) {
        if let Some(active) = self.active.take() {
            trim(&self.shelf, &active.pack);
        }
        self.note_spare();
    }

    fn place(&mut self, job: Job) {
        let Job {
            body,
            done,
            _permit,
            ..
        } = job;
        let result = match body {
            Body::Spilled(spilled) => {
                // Whatever was placed before has a smaller sequence and goes first.
                self.flush();
                return self.commit_spilled(*spilled, done);
            }
            Body::Instance(instance) => {
                let NewInstance {
                    attributes,
                    prefix,
                    data,
                    hash,
                } = *instance;
                let length = data.iter().map(|chunk| chunk.len() as u64).sum();
                self.append(
                    &NewHeader {
                        kind: Kind::Instance,
                        sequence: 0,
                        durable: 0,
                        prefix: &prefix,
                        data_length: length,
                        hash,
                        attributes: Some(&attributes),
                        at_least: 0,
                    },
                    data,
                )
            }
            Body::Delete(uids) => {
                let lines: Vec<&str> = uids.iter().map(Uid::as_str).collect();
                let data = Bytes::from(lines.join("\n"));
                self.append(&plain(Kind::Delete, &data), vec![data])
            }
        };
        match result {
            Ok(committed) => {
                self.group.waiting.push((done, committed));
                self.group.permits.extend(_permit);
            }
            Err(error) => done(Err(error)),
        }
    }

    /// Places a record at the end of the active pack.
    fn append(&mut self, header: &NewHeader<'_>, data: Vec<Bytes>) -> Result<Committed> {
        let attributes = header.attributes.map_or(0, RecordAttributes::room) as u64;
        let bound = padded(512 + attributes + header.prefix.len() as u64 + header.data_length);
        self.make_room(bound)?;
        let sequence = self.next_sequence();
        let Some(active) = self.active.as_mut() else {
            return Err(Error::Stopping);
        };
        let durable = active.pack.durable.load(Ordering::Acquire);
        let header_bytes = NewHeader {
            sequence,
            durable,
            ..*header
        }
        .to_bytes(&active.id);
        let offset = active.end;
        let (chunks, length) = framed(header_bytes, data, header.data_length);
        active.end += length;
        if self.group.chunks.is_empty() {
            self.group.start = offset;
        }
        let header_length = chunks.first().map_or(0, Bytes::len);
        self.group.chunks.extend(chunks);
        Ok(Committed {
            locator: Locator {
                pack: active.pack.number,
                offset,
                header_length: u32::try_from(header_length).unwrap_or(u32::MAX),
                prefix_length: u32::try_from(header.prefix.len()).unwrap_or(u32::MAX),
                length: header.data_length,
            },
            sequence,
            end: active.end,
        })
    }

    fn next_sequence(&mut self) -> u64 {
        let sequence = self.sequence;
        self.sequence += 1;
        sequence
    }

    /// An active pack with room for `bytes`.
    fn make_room(&mut self, bytes: u64) -> Result<()> {
        if let Some(active) = &mut self.active {
            let failed = active.pack.failed.load(Ordering::Acquire);
            if !failed && active.end + bytes <= active.capacity {
                let spare = if active.reserved {
                    active.capacity - active.end
                } else {
                    0
                };
                if active.end > active.capacity / 2 && !active.asked {
                    active.asked = true;
                    let _ = self.maker.send(Request::Prepare);
                }
                let ahead = self.shelf.ahead.load(Ordering::Relaxed);
                return self.space.check(bytes, spare + ahead).map(|_| ());
            }
            self.roll_over();
        }
        self.active = Some(self.new_pack(bytes)?);
        self.note_spare();
        Ok(())
    }

    fn note_spare(&self) {
        let spare = self.active.as_ref().map_or(0, |active| {
            if active.reserved {
                active.capacity.saturating_sub(active.end)
            } else {
                0
            }
        });
        self.shelf.spare.store(spare, Ordering::Relaxed);
    }

    /// Goes on to another pack. The last group of this one may still be on its way to the device.
    fn roll_over(&mut self) {
        self.flush();
        let Some(active) = self.active.take() else {
            return;
        };
        if active.pack.failed.load(Ordering::Acquire) {
            self.active = Some(active);
            return self.close_failed();
        }
        let durable = active.pack.durable.load(Ordering::Acquire);
        self.seals.push(Seal {
            pack: active.pack.number,
            end: active.end,
            durable,
        });
        self.unsettled.push((active.pack.clone(), active.end));
        let _ = self.maker.send(Request::Trim(active.pack));
    }

    /// The active pack cannot be trusted any more. What of it is durable stays.
    fn close_failed(&mut self) {
        self.groups.barrier();
        let Some(active) = self.active.take() else {
            return;
        };
        let end = trim(&self.shelf, &active.pack);
        // It failed before even its seals were durable: the next pack repeats them.
        if end < active.seals.1 {
            self.seals.extend(&active.seals.0);
        }
        self.seals.push(Seal {
            pack: active.pack.number,
            end,
            durable: end,
        });
    }

    /// Looks whether packs closed before have become durable. If one has failed instead, another
    /// seal must say so before anything that was refused is stored again, and seals are only
    /// looked for at the beginning of a pack.
    fn settle(&mut self) {
        let mut failed = Vec::new();
        self.unsettled.retain(|(pack, end)| {
            let is_durable = pack.durable.load(Ordering::Acquire) >= *end;
            if pack.failed.load(Ordering::Acquire) && !is_durable {
                failed.push(pack.clone());
                return false;
            }
            !is_durable
        });
        if failed.is_empty() {
            return;
        }
        self.roll_over();
        for pack in failed {
            let end = pack.durable.load(Ordering::Acquire);
            self.seals.push(Seal {
                pack: pack.number,
                end,
                durable: end,
            });
        }
    }

    fn new_pack(&mut self, bytes: u64) -> Result<Active> {
        // Room for the seals.
        let needed = bytes + 256 * self.seals.len() as u64;
        let ready = self.ready.lock().take();
        if ready.is_some() {
            self.shelf.ahead.store(0, Ordering::Relaxed);
        }
        let prepared = match ready {
            Some(ready) if FIRST_RECORD + needed <= ready.capacity => ready,
            too_small => {
                if let Some(small) = too_small {
                    self.shelf.discard(&small.pack);
                }
                prepare(&self.shelf, &self.space, self.pack_size, needed)?
            }
        };
        let Prepared {
            pack,
            id,
            capacity,
            reserved,
        } = prepared;
        let mut chunks = Vec::new();
        let mut end = FIRST_RECORD;
        for seal in self.seals.clone() {
            let data = seal.to_bytes();
            let sequence = self.next_sequence();
            let header = NewHeader {
                sequence,
                ..plain(Kind::Seal, &data)
            }
            .to_bytes(&id);
            let length = data.len() as u64;
            let (record, length) = framed(header, vec![data], length);
            chunks.extend(record);
            end += length;
        }
        // Synced with the first group, which is what needs them.
        if let Err(error) = pack.file.write_at(&chunks, FIRST_RECORD) {
            self.shelf.discard(&pack);
            return Err(self.refusal(error, "write", &pack.path, needed));
        }
        tracing::debug!(pack = pack.number, capacity, reserved, "new pack");
        let seals = (std::mem::take(&mut self.seals), end);
        Ok(Active {
            pack,
            id,
            end,
            capacity,
            reserved,
            seals,
            asked: false,
        })
    }

    fn refusal(
        &self,
        error: std::io::Error,
        operation: &'static str,
        path: &std::path::Path,
        bytes: u64,
    ) -> Error {
        refusal(&self.shelf, &self.space, error, operation, path, bytes)
    }

    /// Writes what was placed, and hands it to the syncer.
    fn flush(&mut self) {
        let group = std::mem::take(&mut self.group);
        if group.chunks.is_empty() {
            return;
        }
        let Some(active) = &self.active else {
            return;
        };
        let pack = active.pack.clone();
        match pack.file.write_at(&group.chunks, group.start) {
            Ok(()) => {
                let end = active.end;
                let bytes = end - group.start;
                self.note_spare();
                self.groups.hand_over(Written {
                    pack,
                    end,
                    waiting: group.waiting,
                    bytes,
                });
            }
            Err(error) => {
                tracing::error!(pack = pack.number, %error, "write failed, closing pack");
                for (done, _) in group.waiting {
                    done(Err(self.refusal(again(&error), "write", &pack.path, 0)));
                }
                // Earlier groups may still be synced; then no more.
                self.groups.barrier();
                pack.failed.store(true, Ordering::Release);
                self.close_failed();
            }
        }
    }

    /// Makes a large instance valid: its data are synced already, its fixed header is one sector.
    fn commit_spilled(&mut self, mut spilled: Spilled, done: Done) {
        let sequence = self.next_sequence();
        let header = spilled.header(sequence);
        let pack = spilled.pack.clone();
        let committed = spilled.committed(sequence);
        let (shelf, own) = (self.shelf.clone(), pack.clone());
        let done: Done = Box::new(move |result| {
            match &result {
                Ok(_) => shelf.finished(own.number),
                // Refused: its sender comes again with all of it.
                Err(_) => shelf.discard(&own),
            }
            done(result);
        });
        match pack.file.write_at(&[header], FIRST_RECORD) {
            Ok(()) => self.groups.hand_over(Written {
                pack,
                end: committed.end,
                waiting: vec![(done, committed)],
                bytes: committed.end,
            }),
            Err(error) => done(Err(self.refusal(error, "write", &pack.path, 0))),
        }
    }
}

/// A header for a record that is no instance.
pub(super) fn plain(kind: Kind, data: &Bytes) -> NewHeader<'static> {
    NewHeader {
        kind,
        sequence: 0,
        durable: 0,
        prefix: &[],
        data_length: data.len() as u64,
        hash: hash_of(data),
        attributes: None,
        at_least: 0,
    }
}

fn hash_of(data: &[u8]) -> Hash {
    *blake3::hash(data).as_bytes()
}

/// Header, data and padding, and their length together.
pub(super) fn framed(header: Vec<u8>, data: Vec<Bytes>, data_length: u64) -> (Vec<Bytes>, u64) {
    static ZEROS: [u8; 8] = [0; 8];
    let bare = header.len() as u64 + data_length;
    let length = padded(bare);
    let mut chunks = Vec::with_capacity(data.len() + 2);
    chunks.push(Bytes::from(header));
    chunks.extend(data.into_iter().filter(|chunk| !chunk.is_empty()));
    let padding = usize::try_from(length - bare).unwrap_or(0);
    if let (1.., Some(zeros)) = (padding, ZEROS.get(..padding)) {
        chunks.push(Bytes::from_static(zeros));
    }
    (chunks, length)
}
