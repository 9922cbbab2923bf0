//! From JSON to data sets, tolerantly (PS3.18 §F.2).

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use sagittal_core::{
    CharacterSet, DataSet, Element, Fragments, Limits, PathStep, Tag, TagPath, Value, Vr, dictionary, tags,
};

use super::cursor::{Cursor, Fault, Parsed, Scalar};
use super::number::{decimal_string, float_from_text, integer_from_text, integer_string};
use crate::{Error, Result};

const FORMAT: &str = "DICOM JSON";
/// Reading is recursive; whatever the limits say, the stack must hold it.
const DEEPEST: usize = 256;
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads one object, or an array of them. Text becomes UTF-8, declared as `ISO_IR 192` where the JSON
/// declares a character set or has text beyond ASCII.
///
/// Tolerated: members and keys that are unknown (keywords are taken for tags), a missing or unknown
/// `vr`, numbers as strings and strings as numbers, a bare value instead of an array, person names as
/// plain strings, base64 without padding.
pub fn read(json: &[u8], limits: Limits) -> Result<Vec<DataSet>> {
    let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
    let text = std::str::from_utf8(json).map_err(|error| Error::Syntax {
        format: FORMAT,
        path: TagPath::default(),
        offset: error.valid_up_to() as u64,
        reason: "not UTF-8".to_owned(),
    })?;
    let mut reader = Reader {
        cursor: Cursor::new(text),
        limits,
        elements: 0,
        path: Vec::new(),
        character_set: CharacterSet::default(),
    };
    reader.document().map_err(|stop| match stop {
        Stop::Limit(what, limit) => {
            Error::Limit { what, limit, path: TagPath(reader.path), offset: reader.cursor.offset() as u64 }
        }
        Stop::Fault(fault) => Error::Syntax {
            format: FORMAT,
            path: TagPath(reader.path),
            offset: fault.offset as u64,
            reason: fault.reason.into_owned(),
        },
    })
}

enum Stop {
    Fault(Fault),
    Limit(&'static str, u64),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

type Step<T> = std::result::Result<T, Stop>;

struct Reader<'a> {
    cursor: Cursor<'a>,
    limits: Limits,
    elements: usize,
    path: Vec<PathStep>,
    character_set: CharacterSet,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Step<Vec<DataSet>> {
        let mut data_sets = Vec::new();
        if self.cursor.take(b'[') {
            let mut first = true;
            while self.cursor.next_value(&mut first)? {
                data_sets.push(self.root()?);
            }
        } else {
            data_sets.push(self.root()?);
        }
        match self.cursor.peek() {
            None => Ok(data_sets),
            Some(_) => Ok(self.cursor.fault("text after the end")?),
        }
    }

    /// A whole data set: looks first whether it must be UTF-8.
    fn root(&mut self) -> Step<DataSet> {
        let start = self.cursor.offset();
        let is_utf8 = self.is_utf8()?;
        self.cursor.seek(start);
        self.character_set = if is_utf8 { CharacterSet::utf8() } else { CharacterSet::default() };
        let mut data_set = self.data_set(0)?;
        if is_utf8 {
            declare(&mut data_set);
        }
        Ok(data_set)
    }

    fn is_utf8(&mut self) -> Step<bool> {
        self.cursor.expect(b'{')?;
        let start = self.cursor.offset();
        let mut first = true;
        while let Some(key) = self.cursor.next_key(&mut first)? {
            if key == "00080005" {
                return Ok(true);
            }
            self.cursor.skip_value()?;
        }
        let text = self.cursor.slice(start, self.cursor.offset());
        let escapes_beyond = |text: &str| {
            text.split("\\u").skip(1).any(|rest| {
                rest.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).is_some_and(|c| c > 0x7F)
            })
        };
        Ok(!text.is_ascii() || escapes_beyond(text))
    }

    fn data_set(&mut self, depth: usize) -> Step<DataSet> {
        self.cursor.expect(b'{')?;
        let mut data_set = DataSet::with_character_set(self.character_set.clone());
        let mut first = true;
        while let Some(key) = self.cursor.next_key(&mut first)? {
            let Some(tag) = tag_of(&key) else {
                self.cursor.skip_value()?;
                continue;
            };
            self.count()?;
            self.path.push(PathStep::Element(tag));
            let element = self.element(tag, depth)?;
            if tag == tags::SPECIFIC_CHARACTER_SET {
                declare(&mut data_set);
            } else {
                data_set.put(element);
            }
            self.path.pop();
        }
        Ok(data_set)
    }

    fn count(&mut self) -> Step<()> {
        self.elements += 1;
        match self.elements > self.limits.elements {
            true => Err(Stop::Limit("elements", self.limits.elements as u64)),
            false => Ok(()),
        }
    }

    fn element(&mut self, tag: Tag, depth: usize) -> Step<Element> {
        let mut vr: Option<Vr> = None;
        let mut value: Option<Value> = None;
        let mut read_as = Vr::UN;
        // A value that came before its VR is read when the VR is known.
        let mut postponed: Option<usize> = None;
        if self.cursor.peek() != Some(b'{') {
            self.cursor.fault::<()>("expected an object with vr and Value")?;
        }
        self.cursor.expect(b'{')?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(&mut first)? {
            match &*key {
                "vr" => match self.cursor.scalar()? {
                    Scalar::Text(letters) => {
                        vr = <[u8; 2]>::try_from(letters.as_bytes()).ok().and_then(Vr::from_bytes);
                    }
                    _ => vr = None,
                },
                "Value" => match vr {
                    Some(vr) => {
                        (read_as, value) = self.values(vr, depth).map(|(vr, value)| (vr, Some(value)))?;
                    }
                    None => {
                        postponed = Some(self.cursor.offset());
                        self.cursor.skip_value()?;
                    }
                },
                "InlineBinary" => {
                    if let Scalar::Text(text) = self.scalar_or_only()? {
                        let bytes = self.base64(&text)?;
                        value = Some(Value::Bytes(bytes));
                    }
                }
                "BulkDataURI" => {
                    if let (Scalar::Text(uri), None) = (self.scalar_or_only()?, &value) {
                        value = Some(Value::BulkDataUri(uri.into_owned()));
                    }
                }
                _ => self.cursor.skip_value()?,
            }
        }
        let vr = vr.unwrap_or_else(|| dictionary::vr(tag));
        if let (Some(at), None) = (postponed, &value) {
            let end = self.cursor.offset();
            self.cursor.seek(at);
            (read_as, value) = self.values(vr, depth).map(|(vr, value)| (vr, Some(value)))?;
            self.cursor.seek(end);
        }
        Ok(finish(tag, vr, read_as, value))
    }

    /// A scalar, also when it stands alone in an array.
    fn scalar_or_only(&mut self) -> Step<Scalar<'a>> {
        if !self.cursor.take(b'[') {
            return Ok(self.cursor.scalar()?);
        }
        let scalar = self.cursor.scalar()?;
        self.cursor.expect(b']')?;
        Ok(scalar)
    }

    fn base64(&self, text: &str) -> Parsed<Bytes> {
        let compact: Cow<'_, str> = match text.bytes().any(|b| b.is_ascii_whitespace()) {
            true => Cow::Owned(text.split_ascii_whitespace().collect()),
            false => Cow::Borrowed(text),
        };
        match BASE64.decode(compact.as_bytes()) {
            Ok(bytes) => Ok(bytes.into()),
            Err(_) => self.cursor.fault("InlineBinary is not base64"),
        }
    }

    /// The values of an element, and the VR that they were read in: items make a sequence of `UN`.
    fn values(&mut self, vr: Vr, depth: usize) -> Step<(Vr, Value)> {
        let is_array = self.cursor.take(b'[');
        let mut values = Values::new(vr);
        let mut first = true;
        let mut index = 0;
        while if is_array { self.cursor.next_value(&mut first)? } else { index == 0 } {
            let starts_object = self.cursor.peek() == Some(b'{');
            if vr == Vr::SQ || (vr == Vr::UN && starts_object) {
                values.items.push(self.item(index, depth)?);
            } else if vr == Vr::PN && starts_object {
                let name = self.person_name()?;
                values.text(&name);
            } else {
                let scalar = self.cursor.scalar()?;
                if let Err(reason) = values.scalar(&scalar) {
                    self.cursor.fault::<()>(reason)?;
                }
            }
            index = index.saturating_add(1);
        }
        Ok(values.finish())
    }

    fn item(&mut self, index: u32, depth: usize) -> Step<DataSet> {
        let deepest = self.limits.depth.min(DEEPEST);
        if depth >= deepest {
            return Err(Stop::Limit("nested sequences", deepest as u64));
        }
        self.count()?;
        if self.cursor.peek() == Some(b'n') {
            self.cursor.scalar()?;
            return Ok(DataSet::with_character_set(self.character_set.clone()));
        }
        self.path.push(PathStep::Item(index));
        let item = self.data_set(depth + 1)?;
        self.path.pop();
        Ok(item)
    }

    fn person_name(&mut self) -> Step<String> {
        let mut groups = [const { String::new() }; 3];
        self.cursor.expect(b'{')?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(&mut first)? {
            let [alphabetic, ideographic, phonetic] = &mut groups;
            let group = match &*key {
                "Alphabetic" => alphabetic,
                "Ideographic" => ideographic,
                "Phonetic" => phonetic,
                _ => {
                    self.cursor.skip_value()?;
                    continue;
                }
            };
            if let Scalar::Text(text) = self.cursor.scalar()? {
                *group = text.into_owned();
            }
        }
        let name = groups.join("=");
        Ok(name.trim_end_matches('=').to_owned())
    }
}

/// Values being gathered in the form of their VR.
struct Values {
    vr: Vr,
    bytes: Vec<u8>,
    items: Vec<DataSet>,
    texts: usize,
}

impl Values {
    fn new(vr: Vr) -> Values {
        Values { vr, bytes: Vec::new(), items: Vec::new(), texts: 0 }
    }

    fn text(&mut self, text: &str) {
        if self.texts > 0 {
            self.bytes.push(b'\\');
        }
        self.texts += 1;
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn scalar(&mut self, scalar: &Scalar<'_>) -> std::result::Result<(), &'static str> {
        match (self.vr, scalar) {
            (vr, scalar) if vr.is_text() => match scalar {
                Scalar::Null => self.text(""),
                Scalar::Text(text) => self.text(text),
                Scalar::Number(number) if vr == Vr::DS => self.text(&decimal_string(number)),
                Scalar::Number(number) if vr == Vr::IS => self.text(&integer_string(number)),
                Scalar::Number(number) => self.text(number),
                Scalar::Bool(_) => return Err("expected a string or a number"),
            },
            (Vr::AT, Scalar::Text(text)) => {
                let tag = dictionary::parse(text).ok_or("not a tag")?;
                self.bytes.extend_from_slice(&tag.0.to_le_bytes());
                self.bytes.extend_from_slice(&tag.1.to_le_bytes());
            }
            // An unknown number has no code in an integer; in floating point it has.
            (Vr::FL | Vr::FD | Vr::OF | Vr::OD, Scalar::Null) => self.number("NaN")?,
            (_, Scalar::Null) => {}
            (_, Scalar::Number(number)) => self.number(number)?,
            (_, Scalar::Text(text)) => self.number(text)?,
            (_, Scalar::Bool(_)) => return Err("expected a number"),
        }
        Ok(())
    }

    fn number(&mut self, text: &str) -> std::result::Result<(), &'static str> {
        match self.vr {
            Vr::FL | Vr::OF => {
                let value = float_from_text(text).ok_or("not a number")?;
                // Not by way of f64, which would round twice.
                let narrow = text.trim().parse::<f32>().unwrap_or(value as f32);
                if value.is_finite() && !narrow.is_finite() {
                    return Err("number out of range");
                }
                self.bytes.extend_from_slice(&narrow.to_le_bytes());
            }
            Vr::FD | Vr::OD => {
                let value = float_from_text(text).ok_or("not a number")?;
                self.bytes.extend_from_slice(&value.to_le_bytes());
            }
            vr => {
                let value = integer_from_text(text).ok_or("not an integer")?;
                let bytes = integer_bytes(vr, value).ok_or("number out of range for its VR")?;
                self.bytes.extend_from_slice(&bytes);
            }
        }
        Ok(())
    }

    fn finish(self) -> (Vr, Value) {
        if self.vr == Vr::SQ || !self.items.is_empty() {
            return (Vr::SQ, Value::Sequence(self.items));
        }
        (self.vr, Value::Bytes(self.bytes.into()))
    }
}

fn integer_bytes(vr: Vr, value: i128) -> Option<Vec<u8>> {
    Some(match vr {
        Vr::US | Vr::OW => u16::try_from(value).ok()?.to_le_bytes().to_vec(),
        Vr::SS => i16::try_from(value).ok()?.to_le_bytes().to_vec(),
        Vr::UL | Vr::OL => u32::try_from(value).ok()?.to_le_bytes().to_vec(),
        Vr::SL => i32::try_from(value).ok()?.to_le_bytes().to_vec(),
        Vr::UV | Vr::OV => u64::try_from(value).ok()?.to_le_bytes().to_vec(),
        Vr::SV => i64::try_from(value).ok()?.to_le_bytes().to_vec(),
        Vr::OB | Vr::UN => vec![u8::try_from(value).ok()?],
        _ => return None,
    })
}

/// Eight hexadecimal digits; keywords are tolerated, the parentheses of other spellings are not.
fn tag_of(key: &str) -> Option<Tag> {
    let is_hex = key.len() == 8 && key.bytes().all(|b| b.is_ascii_hexdigit());
    match is_hex {
        true => u32::from_str_radix(key, 16).ok().map(Tag::from_u32),
        false => dictionary::by_keyword(key),
    }
}

fn declare(data_set: &mut DataSet) {
    let value = Value::Bytes(Bytes::from_static(b"ISO_IR 192"));
    data_set.put(Element { tag: tags::SPECIFIC_CHARACTER_SET, vr: Vr::CS, value });
}

/// Puts the parts of an element together: padding, empty values, fragments.
fn finish(tag: Tag, vr: Vr, read_as: Vr, value: Option<Value>) -> Element {
    let vr = if read_as == Vr::SQ { Vr::SQ } else { vr };
    let value = match value {
        None if vr == Vr::SQ => Value::Sequence(Vec::new()),
        None => Value::Bytes(Bytes::new()),
        Some(Value::Bytes(bytes)) => match (tag == tags::PIXEL_DATA).then(|| fragments_of(&bytes)).flatten() {
            Some(fragments) => Value::Fragments(fragments),
            None => Value::Bytes(padded(bytes, vr)),
        },
        Some(other) => other,
    };
    Element { tag, vr, value }
}

fn padded(bytes: Bytes, vr: Vr) -> Bytes {
    if bytes.len().is_multiple_of(2) {
        return bytes;
    }
    let mut even = Vec::with_capacity(bytes.len() + 1);
    even.extend_from_slice(&bytes);
    even.push(vr.padding());
    even.into()
}

/// The fragments in a stream of items, if it is nothing else: offset table first (PS3.5 §A.4).
pub(crate) fn fragments_of(stream: &Bytes) -> Option<Fragments> {
    let mut items = Vec::new();
    let mut at = 0_usize;
    while at < stream.len() {
        let header: [u8; 8] = stream.get(at..at.checked_add(8)?)?.try_into().ok()?;
        let [0xFE, 0xFF, 0x00, 0xE0, a, b, c, d] = header else { return None };
        let start = at + 8;
        at = start.checked_add(usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?)?;
        stream.get(start..at)?;
        items.push(stream.slice(start..at));
    }
    let mut items = items.into_iter();
    let table = items.next()?;
    let offset_table =
        table.chunks_exact(4).filter_map(|chunk| chunk.try_into().ok()).map(u32::from_le_bytes).collect();
    Some(Fragments { offset_table, fragments: items.collect() })
}
