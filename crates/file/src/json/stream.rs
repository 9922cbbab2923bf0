//! From the bytes of a data set to JSON in one walk, without a tree.

use std::collections::HashSet;

use sagittal_core::{CharacterSet, Finding, Limits, Tag, TagPath, Vr, dictionary, tags};

use super::BulkData;
use super::emit::{Emitter, append_item, is_left_out, text_is_bulk};
use crate::encoding::Encoding;
use crate::walk::vr::standard;
use crate::walk::{Event, Walker};
use crate::{Error, Result};

/// What came of writing.
#[derive(Clone, Debug)]
pub struct Written {
    /// How many bytes of the data set the JSON speaks for: less than `total` if elements follow
    /// the last value that was at hand or given a URI. Fragments that were cut count as reaching the end.
    pub covered: u64,
    /// What the walker got over.
    pub findings: Vec<Finding>,
}

/// The JSON object of a data set, straight from its (inflated) bytes to `out`, without a tree.
/// `total` is the length of the whole data set of which `bytes` may be the first part; a value
/// that is not at hand must be given a URI. Nothing is appended to `out` if this fails.
pub fn write_from_bytes(
    bytes: &[u8],
    total: u64,
    transfer_syntax_uid: &str,
    limits: Limits,
    bulk: &mut dyn BulkData,
    out: &mut Vec<u8>,
) -> Result<Written> {
    write_observed(
        bytes,
        total,
        transfer_syntax_uid,
        limits,
        bulk,
        out,
        &mut |_, _| {},
    )
}

/// As [`write_from_bytes`]; `observe` sees each event of the walk, and how many sequences it lies in,
/// so that what else is to be known of the data set needs no second walk.
pub fn write_observed(
    bytes: &[u8],
    total: u64,
    transfer_syntax_uid: &str,
    limits: Limits,
    bulk: &mut dyn BulkData,
    out: &mut Vec<u8>,
    observe: &mut dyn FnMut(&Event<'_>, usize),
) -> Result<Written> {
    let encoding = Encoding::of(transfer_syntax_uid);
    let walker = Walker::prefix(bytes, total, encoding, limits);
    let start = out.len();
    let writer = Writer {
        walker,
        is_prefix: total > bytes.len() as u64,
        emitter: Emitter {
            out,
            non_ascii: false,
        },
        bulk,
        open: Vec::new(),
        character_sets: Vec::new(),
        creators: Vec::new(),
        signed: Vec::new(),
        declared: false,
        declaration_at: None,
        covered: 0,
        in_order: true,
    };
    match writer.write(total, observe) {
        Ok((written, in_order)) => {
            if !in_order {
                sort(out, start, limits);
            }
            Ok(written)
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

/// Puts the keys of a data set that was out of order in their order (PS3.18 §F.2.2).
fn sort(out: &mut Vec<u8>, start: usize, limits: Limits) {
    let data_sets = super::read(out.get(start..).unwrap_or_default(), limits);
    if let Ok([data_set]) = data_sets.as_deref() {
        out.truncate(start);
        super::write(data_set, out);
    }
}

fn truncated(path: TagPath, offset: u64, length: u64, value: &[u8]) -> Error {
    Error::Truncated {
        path,
        offset,
        expected: length,
        found: value.len() as u64,
    }
}

/// What has been begun and not ended.
enum Open {
    DataSet(Level),
    Sequence { items: u32 },
}

/// A data set or item being written.
struct Level {
    first: bool,
    tags: Vec<Tag>,
    /// Built when a tag turns up out of order.
    out_of_order: Option<HashSet<Tag>>,
}

impl Level {
    fn new() -> Level {
        Level {
            first: true,
            tags: Vec::new(),
            out_of_order: None,
        }
    }

    /// False if the tag has been there: of duplicates the first is kept, for JSON keys must differ.
    fn admit(&mut self, tag: Tag) -> bool {
        if let Some(seen) = &mut self.out_of_order {
            return seen.insert(tag);
        }
        if self.tags.last().is_none_or(|&last| last < tag) {
            self.tags.push(tag);
            return true;
        }
        let mut seen: HashSet<Tag> = self.tags.drain(..).collect();
        let is_new = seen.insert(tag);
        self.out_of_order = Some(seen);
        is_new
    }
}

struct Writer<'a, 'o> {
    walker: Walker<'a>,
    is_prefix: bool,
    emitter: Emitter<'o>,
    bulk: &'o mut dyn BulkData,
    open: Vec<Open>,
    /// Character sets declared, with the depth of `open` at which they were.
    character_sets: Vec<(usize, CharacterSet)>,
    /// Private creators met, likewise.
    creators: Vec<(usize, Tag, &'a [u8])>,
    /// Whether Pixel Representation means signed, likewise.
    signed: Vec<(usize, bool)>,
    declared: bool,
    /// Where a declaration would have to be put in, and whether it would be the first element.
    declaration_at: Option<(usize, bool)>,
    covered: u64,
    /// Have all tags been in order, in all data sets?
    in_order: bool,
}

impl<'a> Writer<'a, '_> {
    fn write(
        mut self,
        total: u64,
        observe: &mut dyn FnMut(&Event<'_>, usize),
    ) -> Result<(Written, bool)> {
        self.open_data_set();
        while let Some(event) = self.walker.next()? {
            observe(&event, self.walker.depth());
            match event {
                Event::Element {
                    tag,
                    vr,
                    value,
                    offset,
                    length,
                } => self.element(tag, vr, value, offset, length)?,
                Event::SequenceStart { tag, offset, .. } => {
                    self.covered = self.covered.max(offset);
                    if self.begin(tag, Vr::SQ) {
                        self.open.push(Open::Sequence { items: 0 });
                    } else {
                        self.pass_over(observe)?;
                    }
                }
                Event::ItemStart { .. } => self.item_start(),
                Event::ItemEnd | Event::SequenceEnd { .. } => self.close_one(),
                Event::FragmentsStart { tag, vr, offset } => match self.begin(tag, vr) {
                    true => self.fragments(offset, total, observe)?,
                    false => self.pass_over(observe)?,
                },
                // Of fragments that nothing has begun, nothing can be said.
                Event::OffsetTable { .. } | Event::Fragment { .. } | Event::FragmentsEnd { .. } => {
                }
            }
        }
        while self.open.len() > 1 {
            self.close_one();
        }
        self.declare_utf8();
        self.emitter.close();
        let written = Written {
            covered: self.covered.min(total),
            findings: self.walker.into_findings(),
        };
        Ok((written, self.in_order))
    }

    fn open_data_set(&mut self) {
        self.emitter.out.push(b'{');
        self.open.push(Open::DataSet(Level::new()));
    }

    /// Begins an element; false if it is not to be written.
    fn begin(&mut self, tag: Tag, vr: Vr) -> bool {
        let is_root = self.open.len() == 1;
        let Some(Open::DataSet(level)) = self.open.last_mut() else {
            return false;
        };
        if is_left_out(tag) || !level.admit(tag) {
            return false;
        }
        self.in_order &= level.out_of_order.is_none();
        if is_root && self.declaration_at.is_none() && tag > tags::SPECIFIC_CHARACTER_SET {
            self.declaration_at = Some((self.emitter.out.len(), level.first));
        }
        self.emitter.begin_element(tag, vr, &mut level.first);
        true
    }

    fn element(
        &mut self,
        tag: Tag,
        vr: Vr,
        value: &'a [u8],
        offset: u64,
        length: u64,
    ) -> Result<()> {
        self.covered = self.covered.max(offset.saturating_add(length));
        if tag == tags::SPECIFIC_CHARACTER_SET {
            self.declaration(value);
            return Ok(());
        }
        self.remember(tag, value);
        // PS3.5 §6.2.2: the value of an UN element is little endian in every syntax.
        let big_endian = vr != Vr::UN && self.walker.is_big_endian();
        let vr = if vr == Vr::UN {
            self.known_vr(tag, value)
        } else {
            vr
        };
        if !self.begin(tag, vr) {
            return Ok(());
        }
        let is_cut = (value.len() as u64) < length && self.is_prefix;
        let may_be_bulk = length > 0 && (vr.is_bulk() || text_is_bulk(vr, length) || is_cut);
        let uri = match may_be_bulk {
            true => self.bulk.uri(&self.walker.path(), offset, Some(length)),
            false => None,
        };
        match uri {
            Some(uri) => self.emitter.bulk_data_uri(&uri),
            None if is_cut => return Err(truncated(self.walker.path(), offset, length, value)),
            None => {
                let fallback = CharacterSet::default();
                let character_set = self
                    .character_sets
                    .last()
                    .map_or(&fallback, |(_, character_set)| character_set);
                self.emitter.value(vr, value, big_endian, character_set);
            }
        }
        self.emitter.close();
        Ok(())
    }

    /// Keeps what the VR of elements to come may depend on.
    fn remember(&mut self, tag: Tag, value: &'a [u8]) {
        if tag.is_private_creator() {
            self.creators.push((self.open.len(), tag, value));
        } else if tag == tags::PIXEL_REPRESENTATION {
            self.signed.push((self.open.len(), value.contains(&1)));
        }
    }

    /// The VR of what is written as `UN`, if a dictionary knows it and the value can be that, as in a
    /// data set read into memory.
    fn known_vr(&self, tag: Tag, value: &[u8]) -> Vr {
        let known = match tag.private_creator() {
            None => standard(tag, self.signed.last().is_some_and(|&(_, signed)| signed)),
            Some(reservation) => {
                let mut creators = self.creators.iter().rev();
                let creator = creators
                    .find(|&&(depth, tag, _)| depth == self.open.len() && tag == reservation);
                creator
                    .and_then(|(.., creator)| std::str::from_utf8(creator).ok())
                    .and_then(|creator| dictionary::private_entry(creator, tag))
                    .map_or(Vr::UN, |entry| entry.vr)
            }
        };
        let fits = known
            .fixed_length()
            .is_none_or(|unit| value.len().is_multiple_of(unit));
        match known {
            Vr::SQ => Vr::UN,
            _ if !fits => Vr::UN,
            known => known,
        }
    }

    fn declaration(&mut self, value: &[u8]) {
        let depth = self.open.len();
        let Some(Open::DataSet(level)) = self.open.last_mut() else {
            return;
        };
        if !level.admit(tags::SPECIFIC_CHARACTER_SET) {
            return;
        }
        self.in_order &= level.out_of_order.is_none();
        self.emitter.utf8_declaration(&mut level.first);
        self.declared |= depth == 1;
        self.character_sets
            .push((depth, CharacterSet::from_element(value)));
    }

    fn item_start(&mut self) {
        let Some(Open::Sequence { items }) = self.open.last_mut() else {
            return;
        };
        self.emitter
            .out
            .extend_from_slice(if *items == 0 { b",\"Value\":[" } else { b"," });
        *items = items.saturating_add(1);
        self.open_data_set();
    }

    fn close_one(&mut self) {
        if self.open.len() < 2 {
            return;
        }
        if let Some(Open::Sequence { items: 1.. }) = self.open.pop() {
            self.emitter.out.push(b']');
        }
        self.emitter.close();
        let depth = self.open.len();
        self.character_sets
            .retain(|&(declared_at, _)| declared_at <= depth);
        self.creators
            .retain(|&(declared_at, ..)| declared_at <= depth);
        self.signed.retain(|&(declared_at, _)| declared_at <= depth);
    }

    fn fragments(
        &mut self,
        offset: u64,
        total: u64,
        observe: &mut dyn FnMut(&Event<'_>, usize),
    ) -> Result<()> {
        let path = self.walker.path();
        let uri = self.bulk.uri(&path, offset, None);
        let mut stream = Vec::new();
        let mut ended = false;
        while let Some(event) = self.walker.next()? {
            observe(&event, self.walker.depth());
            match event {
                Event::OffsetTable { value } if uri.is_none() => append_item(&mut stream, value),
                Event::Fragment {
                    value,
                    offset,
                    length,
                } => {
                    self.covered = self.covered.max(offset.saturating_add(length));
                    if uri.is_none() && self.is_prefix && (value.len() as u64) < length {
                        return Err(truncated(path, offset, length, value));
                    }
                    if uri.is_none() {
                        append_item(&mut stream, value);
                    }
                }
                Event::FragmentsEnd { .. } => {
                    ended = true;
                    break;
                }
                _ => {}
            }
        }
        if !ended {
            self.covered = total;
        }
        match uri {
            Some(uri) => self.emitter.bulk_data_uri(&uri),
            None => self.emitter.inline_binary(&stream),
        }
        self.emitter.close();
        Ok(())
    }

    /// Walks over a sequence or fragments that are not to be written.
    fn pass_over(&mut self, observe: &mut dyn FnMut(&Event<'_>, usize)) -> Result<()> {
        let mut depth = 1_usize;
        while depth > 0
            && let Some(event) = self.walker.next()?
        {
            observe(&event, self.walker.depth());
            match event {
                Event::SequenceStart { .. } | Event::FragmentsStart { .. } => depth += 1,
                Event::SequenceEnd { .. } | Event::FragmentsEnd { .. } => depth -= 1,
                _ => {}
            }
        }
        Ok(())
    }

    /// Text beyond ASCII and no declaration so far: puts one in where it belongs.
    fn declare_utf8(&mut self) {
        if self.declared || !self.emitter.non_ascii {
            return;
        }
        let mut text = Vec::new();
        let mut first = self.declaration_at.is_some_and(|(_, first)| first);
        let is_first = first;
        Emitter {
            out: &mut text,
            non_ascii: false,
        }
        .utf8_declaration(&mut first);
        if is_first {
            text.push(b',');
        }
        let at = self
            .declaration_at
            .map_or(self.emitter.out.len(), |(at, _)| at);
        self.emitter.out.splice(at..at, text);
    }
}
