//! From a data set in memory to XML.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sagittal_core::{DataSet, Element, Tag, Value, Vr, dictionary, tags};

use super::{NAME_COMPONENTS, NAME_GROUPS, NAMESPACE, UUID_URN};
use crate::json::{is_beyond_ascii, is_left_out, item_stream};

const PADDING: [char; 2] = [' ', '\0'];

/// The `NativeDicomModel` document of a data set; `Value::BulkDataUri` becomes `BulkData`.
/// Control characters, which XML cannot hold, become `?`.
pub fn write(data_set: &DataSet, out: &mut Vec<u8>) {
    let mut writer = Writer { out };
    writer.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<NativeDicomModel xml:space=\"preserve\" xmlns=\"");
    writer.raw(NAMESPACE);
    writer.raw("\">");
    writer.data_set(data_set, is_beyond_ascii(data_set));
    writer.raw("</NativeDicomModel>\n");
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
}

impl Writer<'_> {
    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn display(&mut self, value: impl Display) {
        // Writing to a vector cannot fail.
        let _ = write!(self.out, "{value}");
    }

    fn data_set(&mut self, data_set: &DataSet, mut declare: bool) {
        for element in data_set.elements() {
            if declare && element.tag >= tags::SPECIFIC_CHARACTER_SET {
                self.declaration();
                declare = false;
            }
            if !is_left_out(element.tag) && element.tag != tags::SPECIFIC_CHARACTER_SET {
                self.element(data_set, element);
            }
        }
        if declare {
            self.declaration();
        }
    }

    fn declaration(&mut self) {
        self.begin(tags::SPECIFIC_CHARACTER_SET, Vr::CS, None);
        self.raw("<Value number=\"1\">ISO_IR 192</Value></DicomAttribute>");
    }

    fn begin(&mut self, tag: Tag, vr: Vr, private_creator: Option<&str>) {
        self.raw("<DicomAttribute tag=\"");
        self.display(tag.to_hex());
        self.raw("\" vr=\"");
        self.raw(vr.as_str());
        let entry = private_creator
            .is_none()
            .then(|| dictionary::entry(tag))
            .flatten();
        if let Some(entry) = entry {
            self.raw("\" keyword=\"");
            self.raw(entry.keyword);
        }
        if let Some(creator) = private_creator {
            self.raw("\" privateCreator=\"");
            self.escaped(creator, true);
        }
        self.raw("\">");
    }

    fn element(&mut self, data_set: &DataSet, element: &Element) {
        let vr = if element.value.as_items().is_some() {
            Vr::SQ
        } else {
            element.vr
        };
        let creator = data_set.private_creator(element.tag);
        let tag = match &creator {
            Some(creator) => without_block(data_set, element.tag, creator),
            None => element.tag,
        };
        self.begin(tag, vr, creator.as_deref());
        match &element.value {
            Value::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.numbered("Item", index);
                    self.data_set(item, item.contains(tags::SPECIFIC_CHARACTER_SET));
                    self.raw("</Item>");
                }
            }
            Value::BulkDataUri(uri) => {
                match uri.strip_prefix(UUID_URN) {
                    Some(uuid) => {
                        self.raw("<BulkData uuid=\"");
                        self.escaped(uuid, true);
                    }
                    None => {
                        self.raw("<BulkData uri=\"");
                        self.escaped(uri, true);
                    }
                }
                self.raw("\"/>");
            }
            Value::Fragments(fragments) => self.inline_binary(&item_stream(fragments)),
            Value::Bytes(bytes) if bytes.is_empty() => {}
            Value::Bytes(bytes) if vr.is_text() => {
                self.text(vr, &data_set.character_set().decode(bytes, vr))
            }
            Value::Bytes(bytes) => self.binary(vr, bytes),
        }
        self.raw("</DicomAttribute>");
    }

    fn text(&mut self, vr: Vr, text: &str) {
        let whole = text.trim_end_matches(PADDING);
        if whole.is_empty() {
            return;
        }
        if vr.is_single_text() {
            self.value(0, whole);
            return;
        }
        if vr == Vr::PN && whole.bytes().all(|b| matches!(b, b'^' | b'=' | b' ')) {
            return;
        }
        for (index, value) in whole.split('\\').enumerate() {
            match vr {
                Vr::PN => self.person_name(index, value.trim_matches(PADDING)),
                Vr::UC => self.value(index, value.trim_end_matches(PADDING)),
                _ => self.value(index, value.trim_matches(PADDING)),
            }
        }
    }

    fn person_name(&mut self, index: usize, name: &str) {
        self.numbered("PersonName", index);
        for (group, group_name) in name.splitn(3, '=').zip(NAME_GROUPS) {
            let group = group.trim_matches(PADDING).trim_end_matches('^');
            if group.is_empty() {
                continue;
            }
            self.tagged(group_name, |writer| {
                for (component, component_name) in group.splitn(5, '^').zip(NAME_COMPONENTS) {
                    if !component.is_empty() {
                        writer.tagged(component_name, |writer| writer.escaped(component, false));
                    }
                }
            });
        }
        self.raw("</PersonName>");
    }

    fn tagged(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        for part in ["<", name, ">"] {
            self.raw(part);
        }
        content(self);
        for part in ["</", name, ">"] {
            self.raw(part);
        }
    }

    fn binary(&mut self, vr: Vr, bytes: &[u8]) {
        match vr {
            Vr::AT => self.each(bytes, |[a, b, c, d]: [u8; 4]| {
                Tag(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])).to_hex()
            }),
            Vr::US => self.each(bytes, u16::from_le_bytes),
            Vr::SS => self.each(bytes, i16::from_le_bytes),
            Vr::UL => self.each(bytes, u32::from_le_bytes),
            Vr::SL => self.each(bytes, i32::from_le_bytes),
            Vr::UV => self.each(bytes, u64::from_le_bytes),
            Vr::SV => self.each(bytes, i64::from_le_bytes),
            Vr::FL => self.each(bytes, |b| {
                float(f32::from_le_bytes(b), f64::from(f32::from_le_bytes(b)))
            }),
            Vr::FD => self.each(bytes, |b| {
                float(f64::from_le_bytes(b), f64::from_le_bytes(b))
            }),
            _ => self.inline_binary(bytes),
        }
    }

    fn each<const N: usize, T: Display>(&mut self, bytes: &[u8], read: impl Fn([u8; N]) -> T) {
        let values = bytes
            .chunks_exact(N)
            .filter_map(|chunk| <[u8; N]>::try_from(chunk).ok())
            .map(read);
        for (index, value) in values.enumerate() {
            self.numbered("Value", index);
            self.display(value);
            self.raw("</Value>");
        }
    }

    fn inline_binary(&mut self, bytes: &[u8]) {
        self.raw("<InlineBinary>");
        self.raw(&STANDARD.encode(bytes));
        self.raw("</InlineBinary>");
    }

    fn value(&mut self, index: usize, text: &str) {
        self.numbered("Value", index);
        self.escaped(text, false);
        self.raw("</Value>");
    }

    fn numbered(&mut self, name: &str, index: usize) {
        self.raw("<");
        self.raw(name);
        self.raw(" number=\"");
        self.display(index + 1);
        self.raw("\">");
    }

    fn escaped(&mut self, text: &str, in_attribute: bool) {
        let mut clean_from = 0;
        for (at, character) in text.char_indices() {
            let replacement = match character {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                // A reader would make a line feed of it.
                '\r' => "&#13;",
                '"' if in_attribute => "&quot;",
                '\n' if in_attribute => "&#10;",
                '\t' if in_attribute => "&#9;",
                '\t' | '\n' => continue,
                '\0'..='\u{1F}' => "?",
                '\u{FFFE}' | '\u{FFFF}' => "\u{FFFD}",
                _ => continue,
            };
            self.raw(text.get(clean_from..at).unwrap_or_default());
            self.raw(replacement);
            clean_from = at + character.len_utf8();
        }
        self.raw(text.get(clean_from..).unwrap_or_default());
    }
}

/// Private elements are numbered by their creator, not by the block that it happened to get: `gggg00ee`
/// (PS3.19 Table A.1.5-2). If a creator has two blocks, which is not allowed, the second keeps its number.
fn without_block(data_set: &DataSet, tag: Tag, creator: &str) -> Tag {
    let mut blocks = (0x10..=0xFF).map(|block| Tag(tag.group(), block));
    let first = blocks.find(|&block| {
        data_set.contains(block) && data_set.text(block).as_deref() == Some(creator)
    });
    match first == tag.private_creator() {
        true => Tag(tag.group(), tag.element() & 0xFF),
        false => tag,
    }
}

/// As XML Schema writes floating point numbers.
fn float(value: impl std::fmt::Debug, wide: f64) -> Cow<'static, str> {
    match wide {
        _ if wide.is_finite() => Cow::Owned(format!("{value:?}")),
        _ if wide.is_nan() => Cow::Borrowed("NaN"),
        _ => Cow::Borrowed(if wide > 0.0 { "INF" } else { "-INF" }),
    }
}
