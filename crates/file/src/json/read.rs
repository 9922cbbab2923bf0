//! From JSON to data sets, tolerantly (PS3.18 §F.2).

use sagittal_core::{
    CharacterSet, DataSet, Element, Limits, PathStep, Tag, TagPath, Value, Vr, dictionary, tags,
};

use super::cursor::{Cursor, Fault, Scalar};
use super::values::{Values, binary, declare_utf8, finish};
use crate::{Error, Result};

const FORMAT: &str = "DICOM JSON";
/// Reading is recursive; whatever the limits say, the stack must hold it.
const DEEPEST: usize = 256;
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
        Stop::Limit(what, limit) => Error::Limit {
            what,
            limit,
            path: TagPath(reader.path),
            offset: reader.cursor.offset() as u64,
        },
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
        self.character_set = if is_utf8 {
            CharacterSet::utf8()
        } else {
            CharacterSet::default()
        };
        let mut data_set = self.data_set(0)?;
        if is_utf8 {
            declare_utf8(&mut data_set);
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
                rest.get(..4)
                    .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                    .is_some_and(|c| c > 0x7F)
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
                declare_utf8(&mut data_set);
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
            self.cursor
                .fault::<()>("expected an object with vr and Value")?;
        }
        self.cursor.expect(b'{')?;
        let mut first = true;
        while let Some(key) = self.cursor.next_key(&mut first)? {
            match &*key {
                "vr" => match self.cursor.scalar()? {
                    Scalar::Text(letters) => {
                        vr = <[u8; 2]>::try_from(letters.as_bytes())
                            .ok()
                            .and_then(Vr::from_bytes);
                    }
                    _ => vr = None,
                },
                "Value" => match vr {
                    Some(vr) => {
                        (read_as, value) = self
                            .values(vr, depth)
                            .map(|(vr, value)| (vr, Some(value)))?;
                    }
                    None => {
                        postponed = Some(self.cursor.offset());
                        self.cursor.skip_value()?;
                    }
                },
                "InlineBinary" => {
                    if let Scalar::Text(text) = self.scalar_or_only()? {
                        match binary(&text) {
                            Some(bytes) => value = Some(Value::Bytes(bytes)),
                            None => self.cursor.fault("InlineBinary is not base64")?,
                        }
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
            (read_as, value) = self
                .values(vr, depth)
                .map(|(vr, value)| (vr, Some(value)))?;
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

    /// The values of an element, and the VR that they were read in: items make a sequence of `UN`.
    fn values(&mut self, vr: Vr, depth: usize) -> Step<(Vr, Value)> {
        let is_array = self.cursor.take(b'[');
        let mut values = Values::new(vr);
        let mut first = true;
        let mut index = 0;
        while if is_array {
            self.cursor.next_value(&mut first)?
        } else {
            index == 0
        } {
            let starts_object = self.cursor.peek() == Some(b'{');
            if vr == Vr::SQ || (vr == Vr::UN && starts_object) {
                values.items.push(self.item(index, depth)?);
            } else if vr == Vr::PN && starts_object {
                let name = self.person_name()?;
                values.join(&name);
            } else {
                let added = match self.cursor.scalar()? {
                    Scalar::Null => values.null(),
                    Scalar::Text(text) => values.text(&text),
                    Scalar::Number(number) => values.number(number),
                    Scalar::Bool(_) => Err("expected a string or a number"),
                };
                if let Err(reason) = added {
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

/// Eight hexadecimal digits; keywords are tolerated, the parentheses of other spellings are not.
fn tag_of(key: &str) -> Option<Tag> {
    let is_hex = key.len() == 8 && key.bytes().all(|b| b.is_ascii_hexdigit());
    match is_hex {
        true => u32::from_str_radix(key, 16).ok().map(Tag::from_u32),
        false => dictionary::by_keyword(key),
    }
}
