//! Values gathered from text, of JSON or XML, into the form in which data sets hold them.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use sagittal_core::{DataSet, Element, Fragments, Tag, Value, Vr, dictionary, tags};

use super::number::{decimal_string, float_from_text, integer_from_text, integer_string};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Values being gathered in the form of their VR.
pub(crate) struct Values {
    vr: Vr,
    bytes: Vec<u8>,
    pub items: Vec<DataSet>,
    texts: usize,
}

impl Values {
    pub fn new(vr: Vr) -> Values {
        Values {
            vr,
            bytes: Vec::new(),
            items: Vec::new(),
            texts: 0,
        }
    }

    /// A value of a text VR, as it stands.
    pub fn join(&mut self, text: &str) {
        if self.texts > 0 {
            self.bytes.push(b'\\');
        }
        self.texts += 1;
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// A value without content.
    pub fn null(&mut self) -> Result<(), &'static str> {
        match self.vr {
            vr if vr.is_text() => self.join(""),
            // An unknown number has no code in an integer; in floating point it has.
            Vr::FL | Vr::FD | Vr::OF | Vr::OD => return self.binary_number("NaN"),
            _ => {}
        }
        Ok(())
    }

    /// A value in quotes.
    pub fn text(&mut self, text: &str) -> Result<(), &'static str> {
        match self.vr {
            vr if vr.is_text() => {
                self.join(text);
                Ok(())
            }
            Vr::AT => {
                let tag = dictionary::parse(text).ok_or("not a tag")?;
                self.bytes.extend_from_slice(&tag.0.to_le_bytes());
                self.bytes.extend_from_slice(&tag.1.to_le_bytes());
                Ok(())
            }
            _ => self.binary_number(text),
        }
    }

    /// A value without quotes.
    pub fn number(&mut self, number: &str) -> Result<(), &'static str> {
        match self.vr {
            Vr::DS => self.join(&decimal_string(number)),
            Vr::IS => self.join(&integer_string(number)),
            vr if vr.is_text() => self.join(number),
            _ => return self.binary_number(number),
        }
        Ok(())
    }

    fn binary_number(&mut self, text: &str) -> Result<(), &'static str> {
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

    /// The value, and its VR: items make a sequence of `UN`.
    pub fn finish(self) -> (Vr, Value) {
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

/// InlineBinary, with or without white space and padding.
pub(crate) fn binary(text: &str) -> Option<Bytes> {
    let compact: Cow<'_, str> = match text.bytes().any(|b| b.is_ascii_whitespace()) {
        true => Cow::Owned(text.split_ascii_whitespace().collect()),
        false => Cow::Borrowed(text),
    };
    BASE64.decode(compact.as_bytes()).ok().map(Bytes::from)
}

/// Declares text as UTF-8.
pub(crate) fn declare_utf8(data_set: &mut DataSet) {
    let value = Value::Bytes(Bytes::from_static(b"ISO_IR 192"));
    data_set.put(Element {
        tag: tags::SPECIFIC_CHARACTER_SET,
        vr: Vr::CS,
        value,
    });
}

/// Puts the parts of an element together: padding, empty values, fragments.
pub(crate) fn finish(tag: Tag, vr: Vr, read_as: Vr, value: Option<Value>) -> Element {
    let vr = if read_as == Vr::SQ { Vr::SQ } else { vr };
    let value = match value {
        None if vr == Vr::SQ => Value::Sequence(Vec::new()),
        None => Value::Bytes(Bytes::new()),
        Some(Value::Bytes(bytes)) => match (tag == tags::PIXEL_DATA)
            .then(|| fragments_of(&bytes))
            .flatten()
        {
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
        let [0xFE, 0xFF, 0x00, 0xE0, a, b, c, d] = header else {
            return None;
        };
        let start = at + 8;
        at = start.checked_add(usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?)?;
        stream.get(start..at)?;
        items.push(stream.slice(start..at));
    }
    let mut items = items.into_iter();
    let table = items.next()?;
    let offset_table = table
        .chunks_exact(4)
        .filter_map(|chunk| chunk.try_into().ok())
        .map(u32::from_le_bytes)
        .collect();
    Some(Fragments {
        offset_table,
        fragments: items.collect(),
    })
}
