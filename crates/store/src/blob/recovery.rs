//! What happens at start: torn tails are cut, unfinished large instances removed, and what the
//! index has not taken in is found.
//!
//! A pack that the index has taken in to the last byte is only looked at by its length, so that
//! thousands of them cost nothing.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sagittal_core::Uid;

use super::disk::{Disk, DiskFile};
use super::record::{FIRST_RECORD, Flaw, Header, Kind, PackHeader, PackId};
use super::scan::{Damage, Found, ScanOptions, Scanner, pack_header, read_header};
use super::writer::{Resume, Shelf};
use super::{Hash, Locator, RecordAttributes};
use crate::index::Watermarks;
use crate::{Error, Result};

/// Key of [`Watermarks`] under which the highest sequence taken in is kept; packs begin at 1.
pub(super) const SEQUENCE_KEY: u64 = 0;

/// What was found at start.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Packs that are there.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of torn, never acknowledged records that were cut off.
    pub cut: u64,
    /// Unfinished files that were removed.
    pub removed: u64,
    /// What cannot be read although it was acknowledged.
    pub damage: Vec<Damage>,
    /// Replaced packs that could not be removed before: to be removed once the index has caught up.
    pub(super) replaced: Vec<u64>,
    parts: Vec<Part>,
}

impl Recovery {
    /// Packs that a compaction had replaced when it was interrupted: their records are replayed from
    /// the new pack, and the index may still refer to the old.
    pub fn replaced(&self) -> &[u64] {
        &self.replaced
    }

    /// Bytes that [`super::Packs::replay`] will go through.
    pub fn replay_bytes(&self) -> u64 {
        self.parts
            .iter()
            .map(|part| part.end.saturating_sub(part.start))
            .sum()
    }
}

/// A stretch of a pack that the index has not taken in.
#[derive(Clone, Debug)]
struct Part {
    pack: u64,
    path: PathBuf,
    id: PackId,
    start: u64,
    end: u64,
    /// Damage before this is damage, not a torn tail.
    proven: u64,
    /// Hash the data from here on: no seal proves that they were ever complete.
    hash_from: u64,
}

/// A record met in a replay.
#[derive(Debug)]
pub struct Replayed {
    /// What it says.
    pub step: Step,
    /// Its place in the order of all records.
    pub sequence: u64,
    /// Its pack.
    pub pack: u64,
    /// Where it ends there: the watermark once it is taken in.
    pub end: u64,
}

/// What a record says.
#[derive(Debug)]
pub enum Step {
    /// An instance was stored.
    Instance {
        /// What the record says of it.
        attributes: Box<RecordAttributes>,
        /// Where it lies.
        locator: Locator,
        /// BLAKE3 of its data.
        hash: Hash,
    },
    /// Instances were deleted.
    Delete {
        /// Their SOP Instance UIDs.
        sop_instance_uids: Vec<Uid>,
    },
    /// A copy of a record met before, or one that does not concern the index.
    Nothing,
    /// An acknowledged record cannot be read.
    Damaged(Damage),
}

pub(super) struct Opened {
    pub(super) recovery: Recovery,
    pub(super) resume: Option<Resume>,
    pub(super) next_sequence: u64,
    pub(super) next_pack: u64,
}

/// What is known of a closed pack.
#[derive(Clone, Copy)]
struct Sealed {
    /// What lies after this does not count.
    end: u64,
    /// What lies before this was on the device: damage there is damage.
    durable: u64,
}

struct Seen {
    number: u64,
    path: PathBuf,
    length: u64,
    read: bool,
}

/// Looks at the folder and repairs it.
pub(super) fn recover(shelf: &Shelf, watermarks: &Watermarks) -> Result<Opened> {
    let mut recovery = Recovery::default();
    let seen = list(shelf, watermarks, &mut recovery)?;
    let highest_known = watermarks.keys().next_back().copied().unwrap_or(0);
    let next_pack = seen.last().map_or(0, |pack| pack.number).max(highest_known) + 1;
    let mut last_sequence = watermarks.get(&SEQUENCE_KEY).copied().unwrap_or(0);
    let seals = seals(shelf, &seen, &mut last_sequence, &mut recovery)?;
    let mut resume = None;
    let mut candidates = 0;
    for pack in seen.iter().rev() {
        let sealed = seals.get(&pack.number).copied();
        if pack.read && (resume.is_some() || sealed.is_some() || candidates >= 8) {
            count(&mut recovery, pack.length);
            continue;
        }
        if recovery.replaced.contains(&pack.number) {
            // All that counts of it is in the pack that replaced it.
            continue;
        }
        candidates += 1;
        let file = open(shelf, &pack.path)?;
        let header = match pack_header(&*file).map_err(shelf.io("read", &pack.path))? {
            Ok(header) => header,
            Err(flaw) => {
                unreadable(shelf, pack, &*file, flaw, watermarks, &mut recovery)?;
                continue;
            }
        };
        let end = if header.large {
            large(
                shelf,
                pack,
                &header,
                file,
                watermarks,
                &mut recovery,
                &mut last_sequence,
            )?
        } else {
            let start = watermarks.get(&pack.number).copied().unwrap_or(0);
            let tail = Tail {
                pack,
                header: &header,
                file: &file,
                start,
                sealed,
            };
            let end = tail.settle(shelf, &mut recovery, &mut last_sequence)?;
            if resume.is_none() && sealed.is_none() {
                let (path, id) = (pack.path.clone(), header.id);
                resume = Some(Resume {
                    number: pack.number,
                    id,
                    path,
                    file,
                    end,
                });
            }
            Some(end)
        };
        if let Some(end) = end {
            count(&mut recovery, end);
        }
    }
    recovery.parts.reverse();
    if recovery.removed > 0 {
        shelf
            .disk
            .sync_folder(&shelf.folder)
            .map_err(shelf.io("sync", &shelf.folder))?;
    }
    Ok(Opened {
        recovery,
        resume,
        next_sequence: last_sequence + 1,
        next_pack,
    })
}

fn count(recovery: &mut Recovery, length: u64) {
    recovery.packs += 1;
    recovery.bytes += length;
}

fn open(shelf: &Shelf, path: &Path) -> Result<Arc<dyn DiskFile>> {
    shelf.disk.open(path).map_err(shelf.io("open", path))
}

/// The packs by number. What a compaction left unfinished is removed.
fn list(shelf: &Shelf, watermarks: &Watermarks, recovery: &mut Recovery) -> Result<Vec<Seen>> {
    let names = shelf
        .disk
        .list(&shelf.folder)
        .map_err(shelf.io("list", &shelf.folder))?;
    let mut seen = Vec::with_capacity(names.len());
    for (name, length) in names {
        let path = shelf.folder.join(&name);
        if name.ends_with(".tmp") {
            shelf
                .disk
                .remove(&path)
                .map_err(shelf.io("remove", &path))?;
            recovery.removed += 1;
        } else if let Some(number) = name
            .strip_suffix(".pack")
            .and_then(|stem| stem.parse().ok())
        {
            let read = watermarks.get(&number) == Some(&length);
            seen.push(Seen {
                number,
                path,
                length,
                read,
            });
        }
    }
    seen.sort_by_key(|pack| pack.number);
    Ok(seen)
}

/// Valid ends of closed packs, from the first records of later ones; only looked for if a pack
/// that is not the newest has not been read to its end. Also notes packs that were replaced.
fn seals(
    shelf: &Shelf,
    seen: &[Seen],
    last_sequence: &mut u64,
    recovery: &mut Recovery,
) -> Result<BTreeMap<u64, Sealed>> {
    let mut seals: BTreeMap<u64, Sealed> = BTreeMap::new();
    let Some(oldest) = seen.iter().position(|pack| !pack.read) else {
        return Ok(seals);
    };
    // A compacted pack may be newer than the pack it was made of was closed.
    for pack in seen.iter().skip(oldest) {
        let file = shelf
            .disk
            .open_read(&pack.path)
            .map_err(shelf.io("open", &pack.path))?;
        let io = || shelf.io("read", &pack.path);
        let Ok(header) = pack_header(&*file).map_err(io())? else {
            continue;
        };
        let (mut at, mut buffer) = (FIRST_RECORD, Vec::new());
        while let Ok(record) = read_header(&*file, &header.id, at, &mut buffer).map_err(io())? {
            if !matches!(record.kind, Kind::Seal | Kind::Compacted) {
                break;
            }
            let data = at + u64::from(record.header_length);
            let numbers = read_numbers(&*file, data, &record).map_err(io())?;
            match (record.kind, &numbers[..]) {
                (Kind::Seal, &[number, end, durable]) => {
                    // A later one may say that the end is nearer.
                    let sealed = seals.entry(number).or_insert(Sealed { end, durable });
                    sealed.end = end.min(sealed.end);
                    sealed.durable = durable.max(sealed.durable).min(sealed.end);
                }
                (Kind::Compacted, replaced) => recovery.replaced.extend(replaced),
                _ => {}
            }
            *last_sequence = record.sequence.max(*last_sequence);
            at += record.record_length();
        }
    }
    recovery
        .replaced
        .retain(|number| seen.iter().any(|pack| pack.number == *number));
    Ok(seals)
}

fn read_numbers(file: &dyn DiskFile, at: u64, record: &Header) -> io::Result<Vec<u64>> {
    let length = usize::try_from(record.data_length.min(1 << 20)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(length);
    file.read_at(at, length, &mut bytes)?;
    if *blake3::hash(&bytes).as_bytes() != record.hash {
        return Ok(Vec::new());
    }
    let number = |chunk: &[u8]| chunk.try_into().map(u64::from_le_bytes).ok();
    Ok(bytes.chunks_exact(8).filter_map(number).collect())
}

/// A pack without a readable header. One that was never used is removed, anything else is kept
/// and reported.
fn unreadable(
    shelf: &Shelf,
    pack: &Seen,
    file: &dyn DiskFile,
    flaw: Flaw,
    watermarks: &Watermarks,
    recovery: &mut Recovery,
) -> Result<()> {
    let mut begin = Vec::new();
    file.read_at(0, FIRST_RECORD as usize + 512, &mut begin)
        .map_err(shelf.io("read", &pack.path))?;
    let unused = begin.iter().all(|&byte| byte == 0);
    if unused && !watermarks.contains_key(&pack.number) {
        return remove(shelf, pack, recovery);
    }
    let range = 0..pack.length;
    let reason = format!("pack header: {flaw}");
    tracing::error!(pack = pack.number, reason, "damaged pack");
    recovery.damage.push(Damage {
        pack: pack.number,
        range,
        reason,
    });
    count(recovery, pack.length);
    Ok(())
}

fn remove(shelf: &Shelf, pack: &Seen, recovery: &mut Recovery) -> Result<()> {
    tracing::info!(
        pack = pack.number,
        bytes = pack.length,
        "removing what was never finished"
    );
    shelf
        .disk
        .remove(&pack.path)
        .map_err(shelf.io("remove", &pack.path))?;
    recovery.removed += 1;
    Ok(())
}

/// The pack of one large instance: complete or not. Its data were on the device before its header
/// became valid, so they need not be hashed.
fn large(
    shelf: &Shelf,
    pack: &Seen,
    header: &PackHeader,
    file: Arc<dyn DiskFile>,
    watermarks: &Watermarks,
    recovery: &mut Recovery,
    last_sequence: &mut u64,
) -> Result<Option<u64>> {
    let mut buffer = Vec::new();
    let record = read_header(&*file, &header.id, FIRST_RECORD, &mut buffer)
        .map_err(shelf.io("read", &pack.path))?;
    match record {
        Ok(record) if FIRST_RECORD + record.record_length() <= pack.length => {
            let end = FIRST_RECORD + record.record_length();
            *last_sequence = record.sequence.max(*last_sequence);
            if !pack.read {
                recovery.parts.push(Part {
                    pack: pack.number,
                    path: pack.path.clone(),
                    id: header.id,
                    start: FIRST_RECORD,
                    end,
                    proven: end,
                    hash_from: u64::MAX,
                });
            }
            Ok(Some(end))
        }
        // The file may not even reach the header: it ends where nothing was written.
        Err(Flaw::Empty | Flaw::Cut) if !watermarks.contains_key(&pack.number) => {
            remove(shelf, pack, recovery)?;
            Ok(None)
        }
        other => {
            let reason = other.err().unwrap_or(Flaw::Cut).to_string();
            tracing::error!(pack = pack.number, reason, "damaged large instance");
            let range = FIRST_RECORD..pack.length;
            recovery.damage.push(Damage {
                pack: pack.number,
                range,
                reason,
            });
            Ok(Some(pack.length))
        }
    }
}

/// The end of a pack of many records.
struct Tail<'a> {
    pack: &'a Seen,
    header: &'a PackHeader,
    file: &'a Arc<dyn DiskFile>,
    start: u64,
    sealed: Option<Sealed>,
}

impl Tail<'_> {
    /// Finds the valid end and cuts there.
    fn settle(
        &self,
        shelf: &Shelf,
        recovery: &mut Recovery,
        last_sequence: &mut u64,
    ) -> Result<u64> {
        let start = self.start.max(FIRST_RECORD);
        let end = match self.sealed {
            Some(sealed) => sealed.end.min(self.pack.length),
            None if self.pack.read => self.pack.length,
            None => self.find_end(shelf, start, recovery, last_sequence)?,
        };
        if end > start {
            recovery.parts.push(Part {
                pack: self.pack.number,
                path: self.pack.path.clone(),
                id: self.header.id,
                start,
                end,
                proven: self.sealed.map_or(end, |sealed| sealed.durable).max(start),
                // An unsealed tail was hashed when its end was sought.
                hash_from: self.sealed.map_or(u64::MAX, |sealed| sealed.durable),
            });
        }
        if end < self.pack.length {
            let cut = self.file.truncate(end).and_then(|()| self.file.sync_data());
            cut.map_err(shelf.io("cut", &self.pack.path))?;
        }
        Ok(end)
    }

    fn find_end(
        &self,
        shelf: &Shelf,
        start: u64,
        recovery: &mut Recovery,
        last_sequence: &mut u64,
    ) -> Result<u64> {
        let mut scanner = Scanner::new(
            self.file.clone(),
            self.header.id,
            ScanOptions {
                start,
                limit: self.pack.length,
                proven: start,
                hash_from: start,
            },
        );
        while let Some(found) = scanner.next().map_err(shelf.io("read", &self.pack.path))? {
            match found {
                Found::Record { header, .. } => {
                    *last_sequence = header.sequence.max(*last_sequence);
                }
                Found::Damage { range, flaw } => {
                    let reason = flaw.to_string();
                    tracing::error!(pack = self.pack.number, ?range, reason, "damage");
                    let pack = self.pack.number;
                    recovery.damage.push(Damage {
                        pack,
                        range,
                        reason,
                    });
                }
            }
        }
        let end = scanner.position();
        recovery.cut +=
            torn(&**self.file, end, self.pack.length).map_err(shelf.io("read", &self.pack.path))?;
        Ok(end)
    }
}

/// Bytes after `end` up to the first empty stretch: a measure of what was torn, for the log.
fn torn(file: &dyn DiskFile, end: u64, length: u64) -> io::Result<u64> {
    let mut bytes = Vec::new();
    file.read_at(end, 4096, &mut bytes)?;
    let empty = bytes.iter().all(|&byte| byte == 0);
    Ok(if empty { 0 } else { length - end })
}

struct Cursor {
    part: usize,
    scanner: Scanner,
    next: (u64, Box<Header>),
}

/// Delivers, in the order of their sequence numbers, the records that the index has not taken in.
pub(super) fn replay(
    disk: &dyn Disk,
    recovery: &Recovery,
    visit: &mut dyn FnMut(Replayed) -> Result<()>,
) -> Result<()> {
    let mut heap = BinaryHeap::new();
    let mut cursors: Vec<Option<Cursor>> = Vec::new();
    // Which packs overlap is not known, so each is looked at; its file is held open only from its
    // first record to its last.
    for (index, part) in recovery.parts.iter().enumerate() {
        cursors.push(None);
        if let Some(cursor) = advance(disk, part, index, None, visit)? {
            heap.push(Reverse((cursor.next.1.sequence, Reverse(part.pack), index)));
        }
    }
    let mut last = None;
    while let Some(Reverse((sequence, _, index))) = heap.pop() {
        let Some(part) = recovery.parts.get(index) else {
            continue;
        };
        let held = cursors.get_mut(index).and_then(Option::take);
        let cursor = match held {
            Some(cursor) => Some(cursor),
            None => advance(disk, part, index, None, &mut |_| Ok(()))?,
        };
        let Some(cursor) = cursor else {
            continue;
        };
        let copy = last == Some(sequence);
        last = Some(sequence);
        let replayed = replayed(&cursor, part, copy).map_err(|source| read_error(part, source))?;
        visit(replayed)?;
        if let Some(cursor) = advance(disk, part, index, Some(cursor), visit)? {
            heap.push(Reverse((cursor.next.1.sequence, Reverse(part.pack), index)));
            if let Some(slot) = cursors.get_mut(index) {
                *slot = Some(cursor);
            }
        }
    }
    Ok(())
}

fn read_error(part: &Part, source: io::Error) -> Error {
    Error::Io {
        operation: "read",
        path: part.path.clone(),
        source,
    }
}

/// The cursor at its next record; damage on the way is visited.
fn advance(
    disk: &dyn Disk,
    part: &Part,
    index: usize,
    cursor: Option<Cursor>,
    visit: &mut dyn FnMut(Replayed) -> Result<()>,
) -> Result<Option<Cursor>> {
    let io = |source| read_error(part, source);
    let mut scanner = match cursor {
        Some(cursor) => cursor.scanner,
        None => {
            let options = ScanOptions {
                start: part.start,
                limit: part.end,
                proven: part.proven,
                hash_from: part.hash_from,
            };
            Scanner::new(disk.open_read(&part.path).map_err(io)?, part.id, options)
        }
    };
    loop {
        match scanner.next().map_err(io)? {
            None => return Ok(None),
            Some(Found::Record { offset, header }) => {
                let next = (offset, header);
                return Ok(Some(Cursor {
                    part: index,
                    scanner,
                    next,
                }));
            }
            Some(Found::Damage { range, flaw }) => visit(Replayed {
                sequence: 0,
                pack: part.pack,
                end: range.end,
                step: Step::Damaged(Damage {
                    pack: part.pack,
                    range,
                    reason: flaw.to_string(),
                }),
            })?,
        }
    }
}

fn replayed(cursor: &Cursor, part: &Part, copy: bool) -> io::Result<Replayed> {
    debug_assert!(cursor.part < usize::MAX);
    let (offset, header) = &cursor.next;
    let step = match (header.kind, &header.attributes) {
        (Kind::Instance, Some(attributes)) if !copy => Step::Instance {
            attributes: Box::new(attributes.clone()),
            locator: Locator {
                pack: part.pack,
                offset: *offset,
                header_length: header.header_length,
                prefix_length: header.prefix_length,
                length: header.data_length,
            },
            hash: header.hash,
        },
        (Kind::Delete, _) if !copy => {
            let data = offset + u64::from(header.header_length);
            cursor.scanner.delete_step(data, header)?
        }
        _ => Step::Nothing,
    };
    Ok(Replayed {
        step,
        sequence: header.sequence,
        pack: part.pack,
        end: offset + header.record_length(),
    })
}

impl Scanner {
    fn delete_step(&self, data: u64, header: &Header) -> io::Result<Step> {
        let length = usize::try_from(header.data_length).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        self.file().read_at(data, length, &mut bytes)?;
        if *blake3::hash(&bytes).as_bytes() != header.hash {
            return Ok(Step::Nothing);
        }
        let text = String::from_utf8_lossy(&bytes);
        let uids = text.lines().filter_map(|line| Uid::tolerant(line).ok());
        Ok(Step::Delete {
            sop_instance_uids: uids.collect(),
        })
    }
}
