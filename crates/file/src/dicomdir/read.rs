//! Reads a DICOMDIR, tolerantly: links that lead nowhere or in circles are got over by the order of the records.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use sagittal_core::{DataSet, Finding, FindingKind, Limits, PathStep, Tag, TagPath, Uid, tags};

use super::RecordType;
use crate::encoding::Encoding;
use crate::walk::{Event, Walker};
use crate::{Result, part10, read as read_file};

/// A DICOMDIR.
#[derive(Clone, Debug)]
pub struct Directory {
    /// File-set ID.
    pub file_set_id: Option<String>,
    /// All directory records, in the order of the file.
    pub records: Vec<Record>,
    /// The records of the root entity.
    pub roots: Vec<usize>,
    /// What was got over.
    pub findings: Vec<Finding>,
}

/// A directory record (PS3.3 §F.3.2.2).
#[derive(Clone, Debug)]
pub struct Record {
    /// Where its item begins in the file.
    pub offset: u64,
    /// Its type.
    pub record_type: RecordType,
    /// False if the record has been deactivated.
    pub in_use: bool,
    /// The components of Referenced File ID, as they are; empty if it refers to no file.
    pub file_id: Vec<String>,
    /// SOP Class of the file referred to.
    pub sop_class_uid: Option<Uid>,
    /// SOP Instance of the file referred to.
    pub sop_instance_uid: Option<Uid>,
    /// Transfer syntax of the file referred to.
    pub transfer_syntax_uid: Option<Uid>,
    /// Its keys, and all else that it holds.
    pub data_set: DataSet,
    /// The record above it.
    pub parent: Option<usize>,
    /// The records below it.
    pub children: Vec<usize>,
}

impl Record {
    /// The File ID as a relative path with `/`, if it is one that stays within the file-set's folder.
    /// Names beyond what the standard allows (lower case, dots) are let through.
    pub fn relative_path(&self) -> Option<String> {
        let is_safe = |component: &String| {
            !component.is_empty()
                && !component.trim_matches('.').is_empty()
                && !component.contains(|c: char| matches!(c, '/' | '\\' | ':') || c.is_control())
        };
        (!self.file_id.is_empty() && self.file_id.iter().all(is_safe))
            .then(|| self.file_id.join("/"))
    }
}

impl Directory {
    /// Active records that refer to a file, below records that are all active.
    pub fn instances(&self) -> impl Iterator<Item = &Record> {
        self.records
            .iter()
            .filter(|record| !record.file_id.is_empty() && self.is_active(record))
    }

    /// The nearest record of this type at or above `record`.
    pub fn ancestor<'a>(
        &'a self,
        record: &'a Record,
        record_type: &RecordType,
    ) -> Option<&'a Record> {
        let mut at = Some(record);
        while let Some(record) = at {
            if record.record_type == *record_type {
                return at;
            }
            at = record.parent.and_then(|parent| self.records.get(parent));
        }
        None
    }

    fn is_active(&self, record: &Record) -> bool {
        let mut at = Some(record);
        while let Some(record) = at {
            if !record.in_use {
                return false;
            }
            at = record.parent.and_then(|parent| self.records.get(parent));
        }
        true
    }
}

/// Reads the bytes of a file `DICOMDIR`.
pub fn read(bytes: &Bytes, limits: Limits) -> Result<Directory> {
    let opening = part10::open(bytes)?;
    let base = opening.data_set_offset;
    let start = usize::try_from(base).unwrap_or(usize::MAX).min(bytes.len());
    let body = bytes.slice(start..);
    let uid = opening.transfer_syntax_uid.as_str();
    let (data_set, more) = read_file::read_data_set(&body, uid, limits)?;
    let offsets = item_offsets(&body, uid, limits)?;
    let mut findings = opening.findings;
    findings.extend(more.into_iter().map(|finding| Finding {
        offset: finding.offset + base,
        ..finding
    }));

    let items = data_set.items(tags::DIRECTORY_RECORD_SEQUENCE);
    let mut offsets = offsets.into_iter().map(|offset| offset + base);
    let records: Vec<Record> = items
        .iter()
        .map(|item| record(item, offsets.next().unwrap_or(0)))
        .collect();
    let first = u64_of(
        &data_set,
        tags::OFFSET_OF_THE_FIRST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY,
    );
    let file_set_id = data_set.first_text(tags::FILE_SET_ID);
    let mut linker = Linker::new(Directory {
        file_set_id,
        records,
        roots: Vec::new(),
        findings,
    });
    linker.follow_root(first);
    linker.follow_heads();
    linker.place_the_rest();
    linker.resolve_multiply_referenced();
    Ok(linker.directory)
}

/// Where the items of the Directory Record Sequence begin.
fn item_offsets(body: &[u8], transfer_syntax_uid: &str, limits: Limits) -> Result<Vec<u64>> {
    let encoding = Encoding::of(transfer_syntax_uid);
    let mut offsets = Vec::new();
    if encoding.deflated {
        // Offsets within an inflated stream mean nothing.
        return Ok(offsets);
    }
    let mut walker = Walker::new(body, encoding, limits);
    let mut in_records = false;
    while let Some(event) = walker.next()? {
        match event {
            Event::SequenceStart { tag, .. } if walker.depth() == 1 => {
                in_records = tag == tags::DIRECTORY_RECORD_SEQUENCE
            }
            Event::ItemStart { offset, .. } if walker.depth() == 1 && in_records => {
                offsets.push(offset)
            }
            _ => {}
        }
    }
    Ok(offsets)
}

fn record(item: &DataSet, offset: u64) -> Record {
    let uid = |tag| item.uid(tag).ok().flatten();
    Record {
        offset,
        record_type: RecordType::parse(
            &item
                .first_text(tags::DIRECTORY_RECORD_TYPE)
                .unwrap_or_default(),
        ),
        in_use: item.int(tags::RECORD_IN_USE_FLAG) != Some(0),
        file_id: item.texts(tags::REFERENCED_FILE_ID),
        sop_class_uid: uid(tags::REFERENCED_SOP_CLASS_UID_IN_FILE),
        sop_instance_uid: uid(tags::REFERENCED_SOP_INSTANCE_UID_IN_FILE),
        transfer_syntax_uid: uid(tags::REFERENCED_TRANSFER_SYNTAX_UID_IN_FILE),
        data_set: item.clone(),
        parent: None,
        children: Vec::new(),
    }
}

fn u64_of(data_set: &DataSet, tag: Tag) -> u64 {
    data_set
        .int(tag)
        .and_then(|value| u64::try_from(value).ok())
        .unwrap_or(0)
}

struct Linker {
    directory: Directory,
    by_offset: HashMap<u64, usize>,
    placed: Vec<bool>,
}

impl Linker {
    fn new(directory: Directory) -> Linker {
        let places = directory.records.iter().enumerate();
        let by_offset = places
            .filter(|(_, record)| record.offset > 0)
            .map(|(at, record)| (record.offset, at))
            .collect();
        let placed = vec![false; directory.records.len()];
        Linker {
            directory,
            by_offset,
            placed,
        }
    }

    fn note(&mut self, at: Option<usize>, offset: u64, what: &str) {
        let mut path = TagPath::root(tags::DIRECTORY_RECORD_SEQUENCE);
        if let Some(index) = at.and_then(|at| u32::try_from(at).ok()) {
            path.0.push(PathStep::Item(index));
        }
        self.directory.findings.push(Finding {
            path,
            offset,
            kind: FindingKind::Other(what.to_owned()),
        });
    }

    fn lower(&self, at: usize) -> u64 {
        let record = self.directory.records.get(at);
        record.map_or(0, |record| {
            u64_of(
                &record.data_set,
                tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
            )
        })
    }

    fn next(&self, at: usize) -> u64 {
        let record = self.directory.records.get(at);
        record.map_or(0, |record| {
            u64_of(&record.data_set, tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD)
        })
    }

    /// Follows the offset of the root entity, unless it leads into the midst of the hierarchy.
    fn follow_root(&mut self, first: u64) {
        if (0..self.placed.len()).any(|at| first != 0 && self.lower(at) == first) {
            self.note(
                None,
                first,
                "offset of the root directory entity leads below it",
            );
        } else {
            self.follow(first);
        }
    }

    /// Records that nothing leads to, but that may lead to others, begin entities of the root.
    fn follow_heads(&mut self) {
        let targets: HashSet<u64> = (0..self.placed.len())
            .flat_map(|at| [self.lower(at), self.next(at)])
            .collect();
        for at in 0..self.placed.len() {
            let offset = self
                .directory
                .records
                .get(at)
                .map_or(0, |record| record.offset);
            let leads_on = self.lower(at) != 0 && self.by_offset.contains_key(&self.lower(at));
            if self.placed.get(at) == Some(&false) && leads_on && !targets.contains(&offset) {
                self.note(Some(at), offset, "directory record is not linked");
                self.follow(offset);
            }
        }
    }

    /// Follows the offsets from the first record of an entity. No record is visited twice.
    fn follow(&mut self, first: u64) {
        let mut entities: Vec<(u64, Option<usize>)> = vec![(first, None)];
        while let Some((first, parent)) = entities.pop() {
            let mut offset = first;
            while offset != 0 {
                let Some(&at) = self.by_offset.get(&offset) else {
                    self.note(parent, offset, "offset of a directory record leads nowhere");
                    break;
                };
                if self.placed.get(at) != Some(&false) {
                    self.note(Some(at), offset, "directory record linked twice");
                    break;
                }
                self.place(at, parent);
                let lower = self.lower(at);
                if lower != 0 {
                    entities.push((lower, Some(at)));
                }
                offset = self.next(at);
            }
        }
    }

    fn place(&mut self, at: usize, parent: Option<usize>) {
        if let Some(placed) = self.placed.get_mut(at) {
            *placed = true;
        }
        if let Some(record) = self.directory.records.get_mut(at) {
            record.parent = parent;
        }
        match parent.and_then(|parent| self.directory.records.get_mut(parent)) {
            Some(parent) => parent.children.push(at),
            None => self.directory.roots.push(at),
        }
    }

    /// Records that no link reaches belong to the nearest record of a higher level before them.
    fn place_the_rest(&mut self) {
        let mut nearest: [Option<usize>; 4] = [None; 4];
        for at in 0..self.directory.records.len() {
            let Some(record) = self.directory.records.get(at) else {
                break;
            };
            let level = record.record_type.level().min(3);
            let is_multiply_referenced = record.record_type.as_str() == "MRDR";
            let offset = record.offset;
            if self.placed.get(at) == Some(&false) && !is_multiply_referenced {
                let parent = nearest
                    .get(..level)
                    .and_then(|above| above.iter().rev().find_map(|&above| above));
                self.place(at, parent);
                self.note(
                    Some(at),
                    offset,
                    "directory record is not linked; placed by its order",
                );
            }
            if let Some(slot) = nearest.get_mut(level) {
                *slot = Some(at);
            }
            for below in nearest.iter_mut().skip(level + 1) {
                *below = None;
            }
        }
    }

    /// Retired: records may name their file by way of a Multi-Referenced File Directory Record.
    fn resolve_multiply_referenced(&mut self) {
        for at in 0..self.directory.records.len() {
            let Some(record) = self.directory.records.get(at) else {
                break;
            };
            let offset = u64_of(&record.data_set, tags::MRDR_DIRECTORY_RECORD_OFFSET);
            if offset == 0 || !record.file_id.is_empty() {
                continue;
            }
            let referenced = self
                .by_offset
                .get(&offset)
                .and_then(|&at| self.directory.records.get(at))
                .cloned();
            if let (Some(referenced), Some(record)) =
                (referenced, self.directory.records.get_mut(at))
            {
                record.file_id = referenced.file_id;
                record.sop_class_uid = record.sop_class_uid.take().or(referenced.sop_class_uid);
                record.sop_instance_uid = record
                    .sop_instance_uid
                    .take()
                    .or(referenced.sop_instance_uid);
                record.transfer_syntax_uid = record
                    .transfer_syntax_uid
                    .take()
                    .or(referenced.transfer_syntax_uid);
            }
        }
    }
}
