//! Data sets of odd length made even with as little change as can be. An odd value or fragment gets
//! its padding byte (PS3.5 §6.2, §7.1.1, §A.4), and what counts bytes around it is put right: its
//! length, those of its items and sequences, group lengths, offset tables. All else stays as it is.
//!
//! A [`Survey`] looks at headers only and says where; a [`Mender`] does it while the bytes pass.
//! Both do no I/O, and need little memory whatever the length of the data set.

use std::ops::Range;

use sagittal_core::{Limits, Tag, Vr};

use crate::encoding::Encoding;
use crate::walk::{Cursor, Event, UNDEFINED, Window};

mod mender;
#[cfg(test)]
mod tests;

use mender::{Edit, New};
pub use mender::{Mender, Piece, mended};

const EXTENDED_OFFSET_TABLE: Tag = Tag(0x7FE0, 0x0001);
/// Bytes that have to be at hand behind a header, so that the walker can tell what it is.
const AHEAD: u64 = 4 << 10;
/// Bytes asked for at a time, and between fragments.
const WINDOW: (u64, u64) = (64 << 10, 4 << 10);
/// Changes that are remembered. A data set that needs more is beyond help.
const MAX_EDITS: usize = 1 << 18;

/// Finds out what has to change. Give it the bytes it wants until it wants no more:
/// ```
/// # use sagittal_file::even::Survey;
/// # let bytes = b"\x10\x00\x20\x00LO\x03\x00ABC";
/// let mut survey = Survey::new("1.2.840.10008.1.2.1", bytes.len() as u64);
/// while let Some(range) = survey.wanted() {
///     survey.take(&bytes[range.start as usize..range.end as usize]);
/// }
/// let mender = survey.finish();
/// # let _ = mender;
/// ```
pub struct Survey {
    cursor: Cursor,
    total: u64,
    levels: Vec<Level>,
    edits: Vec<Edit>,
    /// For each offset table that changes, where its fragments become longer.
    shifts: Vec<Vec<u64>>,
    extended: Option<Range<u64>>,
    is_done: bool,
    is_broken: bool,
}

/// A data set, sequence, item or pixel data that has begun.
#[derive(Default)]
struct Level {
    /// The field of its length and what stands there, if its length is defined.
    length: Option<(Field, u64)>,
    /// Bytes that it becomes longer.
    grown: u64,
    group: Option<Group>,
    fragments: Option<Fragments>,
}

/// A length field.
#[derive(Clone, Copy)]
struct Field {
    at: u64,
    is_short: bool,
    is_big_endian: bool,
}

/// A group length that has been met.
struct Group {
    number: u16,
    field: Field,
    value: u64,
    grown: u64,
}

#[derive(Default)]
struct Fragments {
    table: Option<Range<u64>>,
    /// Where the first fragment's item begins.
    origin: Option<u64>,
    /// Where those of odd length end, from there.
    ends: Vec<u64>,
}

impl Survey {
    /// Of a data set of `total` bytes.
    pub fn new(transfer_syntax_uid: &str, total: u64) -> Survey {
        let encoding = Encoding::of(transfer_syntax_uid);
        // The bytes bound the number of elements, and none of them is kept.
        let limits = Limits {
            elements: usize::MAX,
            ..Limits::default()
        };
        Survey {
            cursor: Cursor::new(encoding, limits, total),
            total,
            levels: vec![Level::default()],
            edits: Vec::new(),
            shifts: Vec::new(),
            extended: None,
            // PS3.5 §A.5: a deflated one gets a zero byte behind its end.
            is_done: encoding.deflated,
            is_broken: false,
        }
    }

    /// The bytes that it wants to see next, perhaps none at the end; `None` when it has seen enough.
    pub fn wanted(&self) -> Option<Range<u64>> {
        if self.is_done {
            return None;
        }
        let start = self.cursor.position().min(self.total);
        let length = match self.is_in_fragments() {
            true => WINDOW.1,
            false => WINDOW.0,
        };
        Some(start..(start + length).min(self.total))
    }

    /// Takes the bytes that it wanted. Fewer end the survey: nothing is known of what follows.
    pub fn take(&mut self, bytes: &[u8]) {
        let Some(wanted) = self.wanted() else {
            return;
        };
        let window = Window {
            bytes,
            base: wanted.start,
        };
        if window.end() < wanted.end {
            self.give_up();
        }
        while !self.is_done {
            let ahead = match self.is_in_fragments() {
                true => 8,
                false => AHEAD,
            };
            let position = self.cursor.position();
            if position < self.total
                && window.end() < self.total
                && position.saturating_add(ahead) > window.end()
            {
                return;
            }
            match self.cursor.step(window) {
                Ok(Some(event)) => self.note(&event, window),
                Ok(None) => self.is_done = self.cursor.is_done(),
                Err(_) => self.give_up(),
            }
            if self.edits.len() > MAX_EDITS {
                self.give_up();
            }
        }
    }

    /// What has to change. Where a data set is too broken to be mended in place, it only gets a zero
    /// byte behind its end: whoever receives it makes of it what he would have made of it before.
    pub fn finish(mut self) -> Mender {
        self.end_group();
        let grown = self.levels.first().map_or(0, |root| root.grown);
        if self.is_broken || !self.is_done {
            return Mender::new(Vec::new(), Vec::new(), self.total % 2 == 1);
        }
        self.edits.sort_by_key(|edit| edit.at);
        let is_odd = (self.total + grown) % 2 == 1;
        Mender::new(self.edits, self.shifts, is_odd)
    }

    fn give_up(&mut self) {
        self.is_broken = true;
        self.is_done = true;
    }

    fn is_in_fragments(&self) -> bool {
        self.levels
            .last()
            .is_some_and(|level| level.fragments.is_some())
    }

    fn note(&mut self, event: &Event<'_>, window: Window<'_>) {
        let header = self.cursor.header_offset();
        match *event {
            Event::Element {
                tag,
                vr,
                value,
                offset,
                length,
            } => {
                self.begin_element(tag);
                if tag.is_group_length() {
                    self.begin_group(tag, value, offset);
                } else if length % 2 == 1 {
                    self.pad_element(vr, header..offset, length, window);
                }
                if tag == EXTENDED_OFFSET_TABLE && self.levels.len() == 1 {
                    self.extended = Some(offset..offset + length);
                }
            }
            Event::SequenceStart {
                tag,
                offset,
                length,
                ..
            } => {
                self.begin_element(tag);
                let length = length.and_then(|length| {
                    let field = self.field(header..offset, length, window)?;
                    Some((field, length))
                });
                self.levels.push(Level {
                    length,
                    ..Level::default()
                });
            }
            Event::ItemStart { offset, .. } => {
                let field = Field {
                    at: offset + 4,
                    is_short: false,
                    is_big_endian: self.cursor.is_big_endian(),
                };
                let length = field.read(window);
                self.levels.push(Level {
                    length: length
                        .filter(|length| *length != u64::from(UNDEFINED))
                        .map(|length| (field, length)),
                    ..Level::default()
                });
            }
            Event::FragmentsStart { tag, .. } => {
                self.begin_element(tag);
                self.levels.push(Level {
                    fragments: Some(Fragments::default()),
                    ..Level::default()
                });
            }
            Event::OffsetTable { .. } => {
                let table = header + 8..self.cursor.position();
                if (table.end - table.start) % 2 == 1 {
                    self.give_up();
                }
                if let Some(fragments) = self.fragments() {
                    fragments.origin = Some(table.end);
                    fragments.table = Some(table);
                }
            }
            Event::Fragment { offset, length, .. } if length % 2 == 1 => {
                self.pad_fragment(header, offset, length, window);
            }
            Event::Fragment { .. } => {}
            Event::ItemEnd | Event::SequenceEnd { .. } | Event::FragmentsEnd { .. } => self.end(),
        }
    }

    fn fragments(&mut self) -> Option<&mut Fragments> {
        self.levels.last_mut()?.fragments.as_mut()
    }

    /// Everything that is open becomes longer.
    fn grow(&mut self, bytes: u64) {
        for level in &mut self.levels {
            level.grown += bytes;
            if let Some(group) = &mut level.group {
                group.grown += bytes;
            }
        }
    }

    fn begin_element(&mut self, tag: Tag) {
        let group = self.levels.last().and_then(|level| level.group.as_ref());
        if group.is_some_and(|group| group.number != tag.group()) {
            self.end_group();
        }
    }

    fn begin_group(&mut self, tag: Tag, value: &[u8], offset: u64) {
        self.end_group();
        let field = Field {
            at: offset,
            is_short: false,
            is_big_endian: self.cursor.is_big_endian(),
        };
        let window = Window {
            bytes: value,
            base: offset,
        };
        if let (4, Some(value), Some(level)) =
            (value.len(), field.read(window), self.levels.last_mut())
        {
            level.group = Some(Group {
                number: tag.group(),
                field,
                value,
                grown: 0,
            });
        }
    }

    fn end_group(&mut self) {
        let group = self.levels.last_mut().and_then(|level| level.group.take());
        if let Some(group) = group.filter(|group| group.grown > 0) {
            self.put(group.field, group.value + group.grown);
        }
    }

    /// The innermost level ends.
    fn end(&mut self) {
        self.end_group();
        let Some(level) = self.levels.pop() else {
            return;
        };
        if level.grown == 0 {
            return;
        }
        if let Some((field, length)) = level.length {
            self.put(field, length + level.grown);
        }
        let Some(Fragments { table, ends, .. }) = level.fragments else {
            return;
        };
        let extended = self.extended.clone().filter(|_| self.levels.len() == 1);
        for (range, width) in table
            .map(|range| (range, 4))
            .into_iter()
            .chain(extended.map(|range| (range, 8)))
        {
            let new = New::Table {
                width,
                shifts: self.shifts.len(),
            };
            self.edits.push(Edit {
                at: range.start,
                removed: (range.end - range.start) / width * width,
                new,
            });
        }
        self.shifts.push(ends);
    }

    fn pad_element(&mut self, vr: Vr, header: Range<u64>, length: u64, window: Window<'_>) {
        let end = header.end + length;
        // Cut off, or padded by a sender who did not count the padding.
        if end > self.total || self.cursor.position() != end {
            return;
        }
        let Some(field) = self.field(header, length, window) else {
            return self.give_up();
        };
        if field.is_short && length == u64::from(u16::MAX) {
            // PS3.5 §6.2.2: what a short length field has no room for is written as UN.
            let mut bytes = [b'U', b'N', 0, 0, 0, 0, 1, 0];
            if field.is_big_endian {
                bytes = [b'U', b'N', 0, 0, 0, 1, 0, 0];
            }
            let [at, removed] = [field.at - 2, 4];
            let new = New::bytes(&bytes);
            self.edits.push(Edit { at, removed, new });
            self.grow(4);
        } else {
            self.put(field, length + 1);
        }
        self.pad(end, vr.padding());
    }

    fn pad_fragment(&mut self, header: u64, offset: u64, length: u64, window: Window<'_>) {
        let end = offset + length;
        if end > self.total {
            return;
        }
        let Some(field) = self.field(header..offset, length, window) else {
            return self.give_up();
        };
        self.put(field, length + 1);
        self.pad(end, 0);
        if let Some(fragments) = self.fragments() {
            let origin = *fragments.origin.get_or_insert(header);
            fragments.ends.push(end.saturating_sub(origin));
        }
    }

    fn pad(&mut self, at: u64, byte: u8) {
        self.edits.push(Edit {
            at,
            removed: 0,
            new: New::bytes(&[byte]),
        });
        self.grow(1);
    }

    /// Where in a header the length stands. `None` if it does not: a header that was guessed at.
    fn field(&self, header: Range<u64>, length: u64, window: Window<'_>) -> Option<Field> {
        let big_endian = self.cursor.is_big_endian();
        let places = match header.end.checked_sub(header.start)? {
            8 => [(4, false), (6, true)],
            12 => [(8, false), (8, false)],
            _ => return None,
        };
        places
            .into_iter()
            .flat_map(|place| [(place, big_endian), (place, !big_endian)])
            .map(|((at, is_short), is_big_endian)| Field {
                at: header.start + at,
                is_short,
                is_big_endian,
            })
            .find(|field| field.read(window) == Some(length))
    }

    fn put(&mut self, field: Field, length: u64) {
        let bytes = match (field.is_short, field.is_big_endian) {
            (true, big) => u16::try_from(length).ok().map(|length| match big {
                true => New::bytes(&length.to_be_bytes()),
                false => New::bytes(&length.to_le_bytes()),
            }),
            (false, big) => u32::try_from(length)
                .ok()
                .filter(|length| *length != UNDEFINED)
                .map(|length| match big {
                    true => New::bytes(&length.to_be_bytes()),
                    false => New::bytes(&length.to_le_bytes()),
                }),
        };
        let Some(new) = bytes else {
            return self.give_up();
        };
        self.edits.push(Edit {
            at: field.at,
            removed: if field.is_short { 2 } else { 4 },
            new,
        });
    }
}

impl Field {
    fn read(&self, window: Window<'_>) -> Option<u64> {
        let bytes = window.from(self.at);
        if self.is_short {
            let bytes = *bytes.first_chunk()?;
            return Some(u64::from(match self.is_big_endian {
                true => u16::from_be_bytes(bytes),
                false => u16::from_le_bytes(bytes),
            }));
        }
        let bytes = *bytes.first_chunk()?;
        Some(u64::from(match self.is_big_endian {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        }))
    }
}
