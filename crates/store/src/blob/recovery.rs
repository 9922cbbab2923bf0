//! What happens at start: torn tails are cut, unfinished large instances removed, and what the
//! index has not taken in is found.
//!
//! A pack that the index has taken in to the last byte is only looked at by its length, so that
//! thousands of them cost nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::DiskFile;
use super::record::{FIRST_RECORD, FIXED_HEADER, Flaw, Header, Kind, PackHeader, PackId};
use super::scan::{Damage, Found, ScanOptions, Scanner, pack_header, read_header};
use super::shelf::Shelf;
use super::writer::Resume;
use crate::Result;
use crate::index::Watermarks;

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
    /// Numbers of the packs that were found.
    pub(super) present: BTreeSet<u64>,
    pub(super) parts: Vec<Part>,
}

impl Recovery {
    /// Packs that a compaction had replaced when it was interrupted: their records are replayed from
    /// the new pack, and the index may still refer to the old.
    pub fn replaced(&self) -> &[u64] {
        &self.replaced
    }

    /// Is this pack there? An index that is older than a compaction still refers to packs that are
    /// gone; their records are replayed from the pack that replaced them.
    pub fn is_present(&self, pack: u64) -> bool {
        self.present.contains(&pack)
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
pub(super) struct Part {
    pub(super) pack: u64,
    pub(super) path: PathBuf,
    pub(super) id: PackId,
    pub(super) start: u64,
    pub(super) end: u64,
    /// Damage before this is damage, not a torn tail.
    pub(super) proven: u64,
    /// Hash the data from here on: no seal proves that they were ever complete.
    pub(super) hash_from: u64,
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
    recovery.present = seen.iter().map(|pack| pack.number).collect();
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
        // The header was written in part only: that write failed, its sender was refused, and the
        // removal of the file was not durable.
        Err(_) if !watermarks.contains_key(&pack.number) && half_written(&buffer) => {
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

/// Does a fixed header end in zeros where a whole one has its checksum and the attributes' length?
/// Bytes that are written in part are written from the front.
fn half_written(header: &[u8]) -> bool {
    let end = header.get(FIXED_HEADER - 8..FIXED_HEADER);
    end.is_some_and(|end| end.iter().all(|&byte| byte == 0))
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
