//! What the index has not taken in, record by record in the order it happened.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

use sagittal_core::Uid;

use super::disk::Disk;
use super::record::{Header, Kind};
use super::recovery::{Part, Recovery};
use super::scan::{Damage, Found, ScanOptions, Scanner};
use super::{Hash, Locator, RecordAttributes};
use crate::{Error, Result};

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
