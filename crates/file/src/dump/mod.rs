//! Data sets as text for people, one element a line, in the manner of the DICOM toolkits that everybody
//! knows: `(0010,0010) PN [Doe^John]   #   8, 1 PatientName`.

mod line;
mod value;

use std::borrow::Cow;
use std::io::Write;

use sagittal_core::{CharacterSet, DataSet, Finding, Limits, Tag, Value, Vr, dictionary, tags};

use crate::encoding::Encoding;
use crate::walk::{Event, Walker};
use crate::{Result, part10, read};
use line::Line;

/// What to show, and how much of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Characters of a value that are shown; `None` for all.
    pub value_length: Option<usize>,
    /// Show only these elements, wherever they are, with all that they hold; empty for all.
    pub only: Vec<Tag>,
    /// Show File Meta Information.
    pub meta: bool,
    /// Show what the reader got over, at the end.
    pub findings: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            value_length: Some(64),
            only: Vec::new(),
            meta: true,
            findings: true,
        }
    }
}

/// A whole file, appended to `out` as UTF-8. What could be read before an error is there in spite of it.
pub fn file(
    bytes: &[u8],
    limits: Limits,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<Vec<Finding>> {
    file_prefix(bytes, bytes.len() as u64, limits, options, out)
}

/// As [`file`], of a file of `total` bytes of which the first are at hand: enough if they go into
/// its last value, else [`crate::Error::Truncated`]. A deflated file must be at hand whole.
pub fn file_prefix(
    bytes: &[u8],
    total: u64,
    limits: Limits,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<Vec<Finding>> {
    let opening = part10::open(bytes)?;
    if options.meta {
        out.extend_from_slice(b"# File Meta Information\n");
        meta(&opening.meta, options, out);
        out.extend_from_slice(b"\n");
    }
    let uid = opening.transfer_syntax_uid.as_str();
    // Writing to a vector cannot fail, here and below.
    let _ = writeln!(
        out,
        "# Data Set, {}",
        dictionary::uid_name(uid).unwrap_or(uid)
    );
    let start = usize::try_from(opening.data_set_offset).unwrap_or(usize::MAX);
    let data_set = bytes.get(start..).unwrap_or_default();
    let mut findings = opening.findings;
    let mut inflated = Cow::Borrowed(data_set);
    if Encoding::of(uid).deflated {
        let (bytes, more) = read::inflate(data_set, limits)?;
        inflated = Cow::Owned(bytes);
        findings.extend(more);
    }
    let quiet = Options {
        findings: false,
        ..options.clone()
    };
    let missing = total.saturating_sub(bytes.len() as u64);
    let length = inflated.len() as u64 + missing;
    findings.extend(prefix(&inflated, length, uid, limits, &quiet, out)?);
    if options.findings {
        list(&findings, out);
    }
    Ok(findings)
}

/// A data set (inflated if need be), straight from its bytes.
pub fn data_set(
    bytes: &[u8],
    transfer_syntax_uid: &str,
    limits: Limits,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<Vec<Finding>> {
    let total = bytes.len() as u64;
    prefix(bytes, total, transfer_syntax_uid, limits, options, out)
}

fn prefix(
    bytes: &[u8],
    total: u64,
    transfer_syntax_uid: &str,
    limits: Limits,
    options: &Options,
    out: &mut Vec<u8>,
) -> Result<Vec<Finding>> {
    let encoding = Encoding::of(transfer_syntax_uid);
    let dump = Dump {
        walker: Walker::prefix(bytes, total, encoding, limits),
        options,
        line: Line::new(out, options.value_length),
        indent: 0,
        shown_from: if options.only.is_empty() {
            Some(0)
        } else {
            None
        },
        character_sets: Vec::new(),
        creators: Vec::new(),
    };
    let findings = dump.write(bytes.len() as u64, total)?;
    if options.findings {
        list(&findings, out);
    }
    Ok(findings)
}

fn meta(meta: &DataSet, options: &Options, out: &mut Vec<u8>) {
    let mut line = Line::new(out, options.value_length);
    for element in meta.elements() {
        let is_asked_for = options.only.is_empty() || options.only.contains(&element.tag);
        if let (Value::Bytes(bytes), true) = (&element.value, is_asked_for) {
            line.begin(0, element.tag, element.vr.as_str());
            let count = value::write(&mut line, element.vr, bytes, false, meta.character_set());
            line.end(Some(bytes.len() as u64), count, name(element.tag, None));
        }
    }
}

fn list(findings: &[Finding], out: &mut Vec<u8>) {
    for finding in findings {
        let _ = writeln!(out, "# Warning: {finding}");
    }
}

/// The keyword; of private elements the name in the dictionary of their creator.
fn name(tag: Tag, creator: Option<&str>) -> &'static str {
    if let Some(entry) = dictionary::entry(tag) {
        return entry.keyword;
    }
    match tag {
        _ if tag.is_group_length() => "GroupLength",
        _ if tag.is_private_creator() => "PrivateCreator",
        _ => creator
            .and_then(|creator| dictionary::private_entry(creator, tag))
            .map_or("Unknown Tag & Data", |entry| entry.name),
    }
}

struct Dump<'a, 'o> {
    walker: Walker<'a>,
    options: &'o Options,
    line: Line<'o>,
    indent: usize,
    /// Indentation from which on everything is shown; `None` while searching.
    shown_from: Option<usize>,
    /// Character sets declared, with the indentation at which they were.
    character_sets: Vec<(usize, CharacterSet)>,
    /// Private creators met, with their indentation.
    creators: Vec<(usize, Tag, String)>,
}

impl Dump<'_, '_> {
    /// Writes all; an error if what is not at hand is more than the rest of a last value.
    fn write(mut self, at_hand: u64, total: u64) -> Result<Vec<Finding>> {
        let mut covered = 0;
        while let Some(event) = self.walker.next()? {
            if let Event::Element { offset, length, .. } = event {
                covered = offset.saturating_add(length).max(covered);
            }
            self.event(event);
        }
        if at_hand < total && covered < total {
            return Err(crate::Error::Truncated {
                path: self.walker.path(),
                offset: at_hand,
                expected: total - at_hand,
                found: 0,
            });
        }
        Ok(self.walker.findings().to_vec())
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Element {
                tag,
                vr,
                value,
                length,
                ..
            } => self.element(tag, vr, value, length),
            Event::SequenceStart {
                tag, vr, length, ..
            } => {
                if self.shows(tag) {
                    self.line.begin(self.indent, tag, vr.as_str());
                    self.line.push(match length {
                        Some(_) => "(Sequence with explicit length)",
                        None => "(Sequence with undefined length)",
                    });
                    self.line.end(length, 1, self.name(tag));
                }
                self.indent += 1;
            }
            Event::ItemStart { index, .. } => {
                if self.is_shown() {
                    self.line.begin(self.indent, Tag::ITEM, "na");
                    self.line.push("(Item ");
                    self.line.number(u64::from(index) + 1);
                    self.line.push(")");
                    self.line.end(None, 1, "Item");
                }
                self.indent += 1;
            }
            Event::ItemEnd => self.leave(Tag::ITEM_DELIMITATION_ITEM, "ItemDelimitationItem"),
            Event::SequenceEnd { .. } | Event::FragmentsEnd { .. } => {
                self.leave(Tag::SEQUENCE_DELIMITATION_ITEM, "SequenceDelimitationItem");
            }
            Event::FragmentsStart { tag, vr, .. } => {
                if self.shows(tag) {
                    self.line.begin(self.indent, tag, vr.as_str());
                    self.line.push("(PixelSequence)");
                    self.line.end(None, 1, self.name(tag));
                }
                self.indent += 1;
            }
            Event::OffsetTable { value } => self.fragment(value, value.len() as u64),
            Event::Fragment { value, length, .. } => self.fragment(value, length),
        }
    }

    fn element(&mut self, tag: Tag, vr: Vr, value: &[u8], length: u64) {
        if tag == tags::SPECIFIC_CHARACTER_SET {
            self.character_sets
                .push((self.indent, CharacterSet::from_element(value)));
        } else if tag.is_private_creator() {
            let creator = String::from_utf8_lossy(value)
                .trim_matches([' ', '\0'])
                .to_owned();
            self.creators.push((self.indent, tag, creator));
        }
        if !self.shows(tag) {
            return;
        }
        self.line.begin(self.indent, tag, vr.as_str());
        let fallback = CharacterSet::default();
        let character_set = self
            .character_sets
            .last()
            .map_or(&fallback, |(_, character_set)| character_set);
        let count = value::write(
            &mut self.line,
            vr,
            value,
            self.walker.is_big_endian(),
            character_set,
        );
        self.line.end(Some(length), count, self.name(tag));
        if self.shown_from == Some(self.indent) && !self.options.only.is_empty() {
            self.shown_from = None;
        }
    }

    fn fragment(&mut self, value: &[u8], length: u64) {
        if self.is_shown() {
            self.line.begin(self.indent, Tag::ITEM, "pi");
            let count = value::write(
                &mut self.line,
                Vr::OB,
                value,
                false,
                &CharacterSet::default(),
            );
            self.line.end(Some(length), count.max(1), "Item");
        }
    }

    fn leave(&mut self, tag: Tag, delimiter: &'static str) {
        self.indent = self.indent.saturating_sub(1);
        if self.is_shown() {
            self.line.begin(self.indent, tag, "na");
            self.line.push("(Delimiter)");
            self.line.end(Some(0), 0, delimiter);
        }
        if self.shown_from == Some(self.indent)
            && !self.options.only.is_empty()
            && tag != Tag::ITEM_DELIMITATION_ITEM
        {
            self.shown_from = None;
        }
        let indent = self.indent;
        self.character_sets
            .retain(|&(declared_at, _)| declared_at <= indent);
        self.creators
            .retain(|&(declared_at, ..)| declared_at <= indent);
    }

    fn is_shown(&self) -> bool {
        self.shown_from.is_some()
    }

    /// Is this element to be shown? If it was searched for, so is what it holds.
    fn shows(&mut self, tag: Tag) -> bool {
        if self.shown_from.is_none() && self.options.only.contains(&tag) {
            self.shown_from = Some(self.indent);
        }
        self.is_shown()
    }

    fn name(&self, tag: Tag) -> &'static str {
        let creator = tag.private_creator().and_then(|reservation| {
            let mut known = self.creators.iter().rev();
            known.find(|(indent, tag, _)| *indent == self.indent && *tag == reservation)
        });
        name(tag, creator.map(|(_, _, creator)| creator.as_str()))
    }
}

#[cfg(test)]
mod tests;
