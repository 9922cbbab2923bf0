//! Data sets and files into memory.

use bytes::Bytes;
use sagittal_core::{
    DataSet, Element, Finding, FindingKind, Fragments, Limits, Tag, Value, Vr, dictionary, tags,
};

pub use crate::inflate::{inflate, inflate_prefix};

use crate::Result;
use crate::encoding::Encoding;
use crate::swap::swap;
use crate::walk::vr::standard;
use crate::walk::{Event, Walker};

/// Dropping a tree recurses; no sane data set comes near.
const MAX_DEPTH: usize = 512;

/// Reads a data set in the given transfer syntax (inflating it if it is deflated): what could be
/// read, and what was got over. Values share `bytes`.
pub fn read_data_set(
    bytes: &Bytes,
    transfer_syntax_uid: &str,
    limits: Limits,
) -> Result<(DataSet, Vec<Finding>)> {
    let encoding = Encoding::of(transfer_syntax_uid);
    if !encoding.deflated {
        return read_encoded(bytes, encoding, limits);
    }
    let (inflated, mut findings) = inflate(bytes, limits)?;
    let (data_set, met) = read_encoded(&Bytes::from(inflated), encoding, limits)?;
    findings.extend(met);
    Ok((data_set, findings))
}

/// As [`read_data_set`], of bytes that are not, or no longer, deflated.
pub fn read_encoded(
    bytes: &Bytes,
    encoding: Encoding,
    limits: Limits,
) -> Result<(DataSet, Vec<Finding>)> {
    let limits = Limits {
        depth: limits.depth.min(MAX_DEPTH),
        ..limits
    };
    let mut walker = Walker::new(bytes, encoding, limits);
    let mut builder = Builder {
        bytes,
        open: vec![],
        current: DataSet::new(),
        fragments: None,
        findings: vec![],
    };
    while let Some(event) = walker.next()? {
        builder.take(event, &walker);
    }
    let mut findings = builder.findings;
    findings.extend_from_slice(walker.findings());
    findings.sort_by_key(|finding| finding.offset);
    Ok((builder.current, findings))
}

/// A sequence that is being read, and the data set it is in.
struct Open {
    tag: Tag,
    vr: Vr,
    items: Vec<DataSet>,
    outer: DataSet,
}

struct Builder<'a> {
    bytes: &'a Bytes,
    open: Vec<Open>,
    current: DataSet,
    fragments: Option<(Vr, Fragments)>,
    findings: Vec<Finding>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, walker: &Walker<'_>) {
        match event {
            Event::Element { tag, vr, value, .. } => {
                let element = self.element(tag, vr, value, walker.is_big_endian());
                self.put(element, walker);
            }
            Event::SequenceStart { tag, vr, .. } => {
                let vr = if dictionary::vr(tag) == Vr::SQ {
                    Vr::SQ
                } else {
                    vr
                };
                let outer = std::mem::take(&mut self.current);
                self.open.push(Open {
                    tag,
                    vr,
                    items: vec![],
                    outer,
                });
            }
            Event::ItemStart { .. } => {
                let outer = self
                    .open
                    .last()
                    .map(|open| open.outer.character_set().clone());
                self.current = DataSet::with_character_set(outer.unwrap_or_default());
            }
            Event::ItemEnd => {
                let item = std::mem::take(&mut self.current);
                if let Some(open) = self.open.last_mut() {
                    open.items.push(item);
                }
            }
            Event::SequenceEnd { .. } => {
                if let Some(Open {
                    tag,
                    vr,
                    items,
                    outer,
                }) = self.open.pop()
                {
                    self.current = outer;
                    self.put(
                        Element {
                            tag,
                            vr,
                            value: Value::Sequence(items),
                        },
                        walker,
                    );
                }
            }
            Event::FragmentsStart { vr, .. } => self.fragments = Some((vr, Fragments::default())),
            Event::OffsetTable { value } => {
                if let Some((_, fragments)) = &mut self.fragments {
                    let offsets = value
                        .as_chunks::<4>()
                        .0
                        .iter()
                        .map(|offset| u32::from_le_bytes(*offset));
                    fragments.offset_table = offsets.collect();
                }
            }
            Event::Fragment { value, .. } => {
                if let Some((_, fragments)) = &mut self.fragments {
                    fragments.fragments.push(self.bytes.slice_ref(value));
                }
            }
            Event::FragmentsEnd { tag } => {
                if let Some((vr, fragments)) = self.fragments.take() {
                    self.put(
                        Element {
                            tag,
                            vr,
                            value: Value::Fragments(fragments),
                        },
                        walker,
                    );
                }
            }
        }
    }

    fn element(&self, tag: Tag, vr: Vr, value: &[u8], big_endian: bool) -> Element {
        let mut bytes = self.bytes.slice_ref(value);
        // PS3.5 §6.2.2: the value of an UN element is little endian in every syntax.
        if big_endian && vr.unit() > 1 {
            let mut swapped = value.to_vec();
            swap(&mut swapped, vr.unit());
            bytes = swapped.into();
        }
        let vr = if vr == Vr::UN {
            self.known_vr(tag, value)
        } else {
            vr
        };
        Element {
            tag,
            vr,
            value: Value::Bytes(bytes),
        }
    }

    /// The VR of a UN element if a dictionary knows it and the value can be that.
    fn known_vr(&self, tag: Tag, value: &[u8]) -> Vr {
        let private = || {
            let creator = self.current.private_creator(tag)?;
            dictionary::private_entry(&creator, tag).map(|entry| entry.vr)
        };
        let vr = if tag.private_creator().is_some() {
            private().unwrap_or(Vr::UN)
        } else {
            standard(tag, self.is_signed())
        };
        let fits = vr
            .fixed_length()
            .is_none_or(|unit| value.len().is_multiple_of(unit));
        if vr == Vr::SQ || !fits { Vr::UN } else { vr }
    }

    /// Pixel Representation, here or in the nearest data set around that has it.
    fn is_signed(&self) -> bool {
        let outer = self.open.iter().rev().map(|open| &open.outer);
        let representation = |data_set: &DataSet| data_set.int(tags::PIXEL_REPRESENTATION);
        std::iter::once(&self.current)
            .chain(outer)
            .find_map(representation)
            == Some(1)
    }

    /// The first of two elements with one tag is kept.
    fn put(&mut self, element: Element, walker: &Walker<'_>) {
        let in_order = self
            .current
            .elements()
            .last()
            .is_none_or(|last| last.tag < element.tag);
        if !in_order && self.current.contains(element.tag) {
            let kind = FindingKind::Duplicate;
            let finding = Finding {
                path: walker.path(),
                offset: walker.header_offset(),
                kind,
            };
            if self.findings.len() < 1_000 && !walker.findings().contains(&finding) {
                self.findings.push(finding);
            }
            return;
        }
        self.current.put(element);
    }
}
