//! The text of one element: what the writer from bytes and the writer from a tree have in common
//! (PS3.18 §F.2).

use std::borrow::Cow;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sagittal_core::{CharacterSet, Fragments, Tag, Vr, tags};

use super::LONG_TEXT;
use super::number::{is_json_integer, is_json_number};

const HEX: &[u8; 16] = b"0123456789ABCDEF";
const PADDING: [char; 2] = [' ', '\0'];
/// Integers up to here are exact in a double, and so in JavaScript.
const EXACT: u64 = 1 << 53;

/// Elements that are not part of the model (PS3.18 §F.2.2): group lengths, File Meta Information, padding.
pub(crate) fn is_left_out(tag: Tag) -> bool {
    tag.is_group_length() || tag.group() == 0x0002 || tag == Tag(0xFFFC, 0xFFFC)
}

/// Text that may become bulk data.
pub(super) fn text_is_bulk(vr: Vr, length: u64) -> bool {
    matches!(vr, Vr::ST | Vr::LT | Vr::UC | Vr::UT) && length > LONG_TEXT
}

/// Appends JSON to `out`.
pub(super) struct Emitter<'o> {
    /// The text so far.
    pub out: &'o mut Vec<u8>,
    /// Has there been text beyond ASCII?
    pub non_ascii: bool,
}

impl Emitter<'_> {
    /// `"ggggeeee":{"vr":"XX"`, after a comma unless it is the first.
    pub fn begin_element(&mut self, tag: Tag, vr: Vr, first: &mut bool) {
        if !std::mem::replace(first, false) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.tag(tag);
        self.out.extend_from_slice(b"\":{\"vr\":\"");
        self.out.extend_from_slice(vr.as_str().as_bytes());
        self.out.push(b'"');
    }

    /// The end of an element, item or data set.
    pub fn close(&mut self) {
        self.out.push(b'}');
    }

    /// Specific Character Set, which is UTF-8 in JSON.
    pub fn utf8_declaration(&mut self, first: &mut bool) {
        self.begin_element(tags::SPECIFIC_CHARACTER_SET, Vr::CS, first);
        self.out.extend_from_slice(b",\"Value\":[\"ISO_IR 192\"]}");
    }

    /// A reference instead of the value.
    pub fn bulk_data_uri(&mut self, uri: &str) {
        self.out.extend_from_slice(b",\"BulkDataURI\":");
        self.string(uri);
    }

    /// The value, in the way of its VR; nothing for an empty one.
    pub fn value(&mut self, vr: Vr, bytes: &[u8], big_endian: bool, character_set: &CharacterSet) {
        match vr {
            _ if bytes.is_empty() => {}
            Vr::SQ => {}
            Vr::AT => self.array(&mut bytes.chunks_exact(4), |emitter, chunk| {
                emitter.attribute_tag(chunk, big_endian)
            }),
            Vr::US => self.numbers(bytes, big_endian, |e, b: [u8; 2]| {
                e.integer(u16::from_le_bytes(b))
            }),
            Vr::SS => self.numbers(bytes, big_endian, |e, b: [u8; 2]| {
                e.integer(i16::from_le_bytes(b))
            }),
            Vr::UL => self.numbers(bytes, big_endian, |e, b: [u8; 4]| {
                e.integer(u32::from_le_bytes(b))
            }),
            Vr::SL => self.numbers(bytes, big_endian, |e, b: [u8; 4]| {
                e.integer(i32::from_le_bytes(b))
            }),
            Vr::UV => self.numbers(bytes, big_endian, |e, b| {
                let value = u64::from_le_bytes(b);
                e.wide(value, value <= EXACT);
            }),
            Vr::SV => self.numbers(bytes, big_endian, |e, b| {
                let value = i64::from_le_bytes(b);
                e.wide(value, value.unsigned_abs() <= EXACT);
            }),
            Vr::FL => self.numbers(bytes, big_endian, |e, b| {
                let value = f32::from_le_bytes(b);
                e.float(value, f64::from(value));
            }),
            Vr::FD => self.numbers(bytes, big_endian, |e, b| {
                let value = f64::from_le_bytes(b);
                e.float(value, value);
            }),
            _ if vr.is_text() => {
                let text = match vr.uses_character_set() || !bytes.is_ascii() {
                    true => character_set.decode(bytes, vr),
                    false => std::str::from_utf8(bytes).map_or(Cow::Borrowed(""), Cow::Borrowed),
                };
                self.text(vr, &text);
            }
            _ => match big_endian && vr.unit() > 1 {
                true => {
                    let mut swapped = bytes.to_vec();
                    swapped
                        .chunks_exact_mut(vr.unit())
                        .for_each(<[u8]>::reverse);
                    self.inline_binary(&swapped);
                }
                false => self.inline_binary(bytes),
            },
        }
    }

    /// `,"InlineBinary":"…"`.
    pub fn inline_binary(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(b",\"InlineBinary\":\"");
        let start = self.out.len();
        let length = base64::encoded_len(bytes.len(), true).unwrap_or(0);
        self.out.resize(start + length, 0);
        if let Some(slot) = self.out.get_mut(start..) {
            // The slot has just the length that this asks for.
            let _ = STANDARD.encode_slice(bytes, slot);
        }
        self.out.push(b'"');
    }

    fn text(&mut self, vr: Vr, text: &str) {
        let whole = text.trim_end_matches(PADDING);
        if whole.is_empty() {
            return;
        }
        match vr {
            _ if vr.is_single_text() => self.array(&mut [whole].iter(), |e, value| e.string(value)),
            Vr::PN => self.array(&mut values(whole), Emitter::person_name),
            Vr::DS => self.array(&mut values(whole), |e, value| {
                e.number_text(value, is_json_number(value))
            }),
            Vr::IS => self.array(&mut values(whole), |e, value| {
                e.number_text(value, is_json_integer(value))
            }),
            // Leading spaces of UC are significant (PS3.5 §6.2).
            Vr::UC => self.array(&mut whole.split('\\'), |e, value| {
                e.string_or_null(value.trim_end_matches(PADDING))
            }),
            _ => self.array(&mut values(whole), Emitter::string_or_null),
        }
    }

    fn array<T>(
        &mut self,
        values: &mut dyn Iterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        let mut first = true;
        for value in values {
            self.out
                .extend_from_slice(if first { b",\"Value\":[" } else { b"," });
            first = false;
            each(self, value);
        }
        if !first {
            self.out.push(b']');
        }
    }

    fn numbers<const N: usize>(
        &mut self,
        bytes: &[u8],
        big_endian: bool,
        mut each: impl FnMut(&mut Self, [u8; N]),
    ) {
        let mut chunks = bytes
            .chunks_exact(N)
            .filter_map(|chunk| <[u8; N]>::try_from(chunk).ok());
        self.array(&mut chunks, |emitter, mut chunk| {
            if big_endian {
                chunk.reverse();
            }
            each(emitter, chunk);
        });
    }

    fn tag(&mut self, tag: Tag) {
        let value = tag.as_u32();
        for shift in (0..8).rev() {
            self.out.push(HEX[(value >> (4 * shift) & 0xF) as usize]);
        }
    }

    fn attribute_tag(&mut self, bytes: &[u8], big_endian: bool) {
        let &[a, b, c, d] = bytes else { return };
        let read = if big_endian {
            u16::from_be_bytes
        } else {
            u16::from_le_bytes
        };
        self.out.push(b'"');
        self.tag(Tag(read([a, b]), read([c, d])));
        self.out.push(b'"');
    }

    fn integer(&mut self, value: impl std::fmt::Display) {
        // Writing to a vector cannot fail.
        let _ = write!(self.out, "{value}");
    }

    fn wide(&mut self, value: impl std::fmt::Display, exact: bool) {
        let _ = match exact {
            true => write!(self.out, "{value}"),
            false => write!(self.out, "\"{value}\""),
        };
    }

    /// The shortest text that reads back as the same number; `Debug` turns to exponents where `Display` would not.
    fn float(&mut self, value: impl std::fmt::Debug, wide: f64) {
        if wide.is_finite() {
            let _ = write!(self.out, "{value:?}");
        } else if wide.is_nan() {
            self.out.extend_from_slice(b"\"NaN\"");
        } else {
            self.out.extend_from_slice(if wide > 0.0 {
                b"\"Infinity\""
            } else {
                b"\"-Infinity\""
            });
        }
    }

    fn number_text(&mut self, value: &str, is_number: bool) {
        match is_number {
            true => self.out.extend_from_slice(value.as_bytes()),
            false => self.string_or_null(value),
        }
    }

    fn person_name(&mut self, name: &str) {
        const GROUPS: [&[u8]; 3] = [b"\"Alphabetic\":", b"\"Ideographic\":", b"\"Phonetic\":"];
        let mut opened = false;
        for (group, key) in name.splitn(3, '=').zip(GROUPS) {
            let group = group.trim_matches(PADDING);
            if group.is_empty() {
                continue;
            }
            self.out.push(if opened { b',' } else { b'{' });
            opened = true;
            self.out.extend_from_slice(key);
            self.string(group);
        }
        self.out
            .extend_from_slice(if opened { b"}" } else { b"null" });
    }

    fn string_or_null(&mut self, text: &str) {
        match text.is_empty() {
            true => self.out.extend_from_slice(b"null"),
            false => self.string(text),
        }
    }

    fn string(&mut self, text: &str) {
        self.non_ascii |= !text.is_ascii();
        self.out.push(b'"');
        let mut rest = text.as_bytes();
        while let Some(at) = rest
            .iter()
            .position(|&b| b < 0x20 || b == b'"' || b == b'\\')
        {
            let (clean, tail) = rest.split_at(at);
            self.out.extend_from_slice(clean);
            let Some((&special, tail)) = tail.split_first() else {
                break;
            };
            match special {
                b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', special]),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                _ => self.out.extend_from_slice(&[
                    b'\\',
                    b'u',
                    b'0',
                    b'0',
                    HEX[usize::from(special >> 4)],
                    HEX[usize::from(special & 0xF)],
                ]),
            }
            rest = tail;
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
    }
}

fn values(text: &str) -> impl Iterator<Item = &str> {
    text.split('\\').map(|value| value.trim_matches(PADDING))
}

/// Fragments as the items that they are in a file (PS3.5 §A.4), offset table first, without delimiter.
pub(crate) fn item_stream(fragments: &Fragments) -> Vec<u8> {
    let table: Vec<u8> = fragments
        .offset_table
        .iter()
        .flat_map(|offset| offset.to_le_bytes())
        .collect();
    let mut stream = Vec::new();
    append_item(&mut stream, &table);
    for fragment in &fragments.fragments {
        append_item(&mut stream, fragment);
    }
    stream
}

pub(super) fn append_item(stream: &mut Vec<u8>, value: &[u8]) {
    stream.extend_from_slice(&[0xFE, 0xFF, 0x00, 0xE0]);
    // A fragment of 4 GiB cannot have come from a file; it would be cut here.
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX - 1);
    stream.extend_from_slice(&length.to_le_bytes());
    stream.extend_from_slice(value.get(..length as usize).unwrap_or(value));
}
