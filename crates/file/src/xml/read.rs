//! From XML to a data set.

use std::borrow::Cow;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use sagittal_core::{
    CharacterSet, DataSet, Limits, PathStep, Tag, TagPath, Value, Vr, dictionary, tags,
};

use super::{NAME_COMPONENTS, NAME_GROUPS, UUID_URN};
use crate::json::{Values, binary, declare_utf8, finish};
use crate::{Error, Result};

const FORMAT: &str = "Native DICOM Model";
/// Reading is recursive; whatever the limits say, the stack must hold it.
const DEEPEST: usize = 256;
/// Value numbers may leave out empty values; so many in a document, for a few bytes of text make many of them.
const MOST_LEFT_OUT: usize = 1 << 20;

/// Reads a `NativeDicomModel` document, in UTF-8 or ISO 8859-1. Document type declarations, and with
/// them entities, are refused. Private elements may be numbered in their block, or by block 00 and
/// `privateCreator`, which then gets a block.
pub fn read(xml: &[u8], limits: Limits) -> Result<DataSet> {
    let text = decoded(xml).ok_or_else(|| Error::Syntax {
        format: FORMAT,
        path: TagPath::default(),
        offset: 0,
        reason: "neither UTF-8 nor declared as ISO-8859-1".to_owned(),
    })?;
    let mut xml = quick_xml::Reader::from_str(&text);
    xml.config_mut().expand_empty_elements = true;
    let is_ascii = text.is_ascii() && !has_references_beyond_ascii(&text);
    let character_set = if is_ascii {
        CharacterSet::default()
    } else {
        CharacterSet::utf8()
    };
    let mut reader = Reader {
        xml,
        limits,
        elements: 0,
        path: Vec::new(),
        character_set,
        left_out: 0,
    };
    match reader.document() {
        Ok(mut data_set) => {
            if !is_ascii {
                declare_utf8(&mut data_set);
            }
            Ok(data_set)
        }
        Err(Stop::Limit(what, limit)) => {
            let offset = reader.xml.buffer_position();
            Err(Error::Limit {
                what,
                limit,
                path: TagPath(reader.path),
                offset,
            })
        }
        Err(Stop::Fault(reason)) => {
            let offset = reader.xml.buffer_position();
            Err(Error::Syntax {
                format: FORMAT,
                path: TagPath(reader.path),
                offset,
                reason: reason.into_owned(),
            })
        }
    }
}

fn decoded(xml: &[u8]) -> Option<Cow<'_, str>> {
    let xml = xml.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(xml);
    if let Ok(text) = std::str::from_utf8(xml) {
        return Some(Cow::Borrowed(text));
    }
    let opening = xml
        .get(..xml.len().min(100))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let opening = String::from_utf8_lossy(&opening);
    let declaration = opening.split("?>").next().unwrap_or_default();
    let is_latin = declaration.contains("iso-8859-1") || declaration.contains("latin1");
    is_latin.then(|| Cow::Owned(xml.iter().map(|&byte| char::from(byte)).collect()))
}

fn has_references_beyond_ascii(text: &str) -> bool {
    text.split("&#")
        .skip(1)
        .filter_map(|rest| rest.split(';').next())
        .any(|number| {
            let code = match number.strip_prefix('x') {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
                None => number.parse(),
            };
            code.is_ok_and(|code| code > 0x7F)
        })
}

enum Stop {
    Fault(Cow<'static, str>),
    Limit(&'static str, u64),
}

impl<E: Into<quick_xml::Error>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Fault(error.into().to_string().into())
    }
}

fn fault<T>(reason: impl Into<Cow<'static, str>>) -> Step<T> {
    Err(Stop::Fault(reason.into()))
}

type Step<T> = std::result::Result<T, Stop>;

struct Reader<'x> {
    xml: quick_xml::Reader<&'x [u8]>,
    limits: Limits,
    elements: usize,
    path: Vec<PathStep>,
    character_set: CharacterSet,
    /// Values left out so far.
    left_out: usize,
}

/// What one `DicomAttribute` says of itself.
struct Attribute {
    tag: Tag,
    vr: Vr,
    private_creator: Option<String>,
}

impl<'x> Reader<'x> {
    fn document(&mut self) -> Step<DataSet> {
        loop {
            match self.next()? {
                Event::Start(start) if is(&start, "NativeDicomModel") => break,
                Event::Start(_) => return fault("the root is not NativeDicomModel"),
                Event::Eof => return fault("no NativeDicomModel"),
                _ => {}
            }
        }
        let data_set = self.data_set(0)?;
        loop {
            match self.next()? {
                Event::Eof => return Ok(data_set),
                Event::Text(text) if text.iter().all(u8::is_ascii_whitespace) => {}
                _ => return fault("content after NativeDicomModel"),
            }
        }
    }

    /// The next event that is not commentary.
    fn next(&mut self) -> Step<Event<'x>> {
        loop {
            match self.xml.read_event()? {
                Event::DocType(_) => return fault("document type declarations are refused"),
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                event => return Ok(event),
            }
        }
    }

    /// The next element inside the current one; `None` at its end. Text between elements is nothing.
    fn child(&mut self) -> Step<Option<BytesStart<'x>>> {
        loop {
            match self.next()? {
                Event::Start(start) => return Ok(Some(start)),
                Event::End(_) => return Ok(None),
                Event::Eof => return fault("the document ends too soon"),
                _ => {}
            }
        }
    }

    /// Passes over the rest of the element just begun.
    fn skip(&mut self) -> Step<()> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()? {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                Event::Eof => return fault("the document ends too soon"),
                _ => {}
            }
        }
        Ok(())
    }

    /// The text of the element just begun, to its end.
    fn text(&mut self) -> Step<String> {
        let mut text = String::new();
        loop {
            match self.next()? {
                Event::Text(part) => text.push_str(&part.xml10_content()?),
                Event::CData(part) => text.push_str(&part.xml10_content()?),
                Event::GeneralRef(reference) => match reference.resolve_char_ref()? {
                    Some(character) => text.push(character),
                    None => match resolve_predefined_entity(&reference.decode()?) {
                        Some(character) => text.push_str(character),
                        None => return fault("unknown entity"),
                    },
                },
                Event::Start(_) => self.skip()?,
                Event::End(_) => return Ok(text),
                Event::Eof => return fault("the document ends too soon"),
                _ => {}
            }
        }
    }

    fn count(&mut self) -> Step<()> {
        self.elements += 1;
        match self.elements > self.limits.elements {
            true => Err(Stop::Limit("elements", self.limits.elements as u64)),
            false => Ok(()),
        }
    }

    fn data_set(&mut self, depth: usize) -> Step<DataSet> {
        let mut data_set = DataSet::with_character_set(self.character_set.clone());
        while let Some(start) = self.child()? {
            if !is(&start, "DicomAttribute") {
                self.skip()?;
                continue;
            }
            self.count()?;
            let mut attribute = attribute_of(&start)?;
            if let Some(creator) = &attribute.private_creator {
                attribute.tag = reserve(&mut data_set, attribute.tag, creator)?;
            }
            let tag = attribute.tag;
            self.path.push(PathStep::Element(tag));
            let (read_as, value) = self.value(attribute.vr, depth)?;
            if tag == tags::SPECIFIC_CHARACTER_SET {
                declare_utf8(&mut data_set);
                if depth == 0 {
                    self.character_set = CharacterSet::utf8();
                }
            } else {
                data_set.put(finish(tag, attribute.vr, read_as, value));
            }
            self.path.pop();
        }
        Ok(data_set)
    }

    /// The content of a `DicomAttribute`, and the VR in which it was read.
    fn value(&mut self, vr: Vr, depth: usize) -> Step<(Vr, Option<Value>)> {
        let mut values = Values::new(vr);
        let mut texts: Vec<String> = Vec::new();
        let mut whole: Option<Value> = None;
        while let Some(start) = self.child()? {
            match start.local_name().as_ref() {
                b"Item" => {
                    let item = self.item(values.items.len(), depth)?;
                    values.items.push(item);
                }
                b"Value" => {
                    let index = index_of(&start, texts.len())?;
                    let text = self.text()?;
                    self.put_at(&mut texts, index, text)?;
                }
                b"PersonName" => {
                    let index = index_of(&start, texts.len())?;
                    let name = self.person_name()?;
                    self.put_at(&mut texts, index, name)?;
                }
                b"InlineBinary" => match binary(&self.text()?) {
                    Some(bytes) => whole = Some(Value::Bytes(bytes)),
                    None => return fault("InlineBinary is not base64"),
                },
                b"BulkData" => {
                    if let Some(uri) = attribute(&start, "uri")? {
                        whole = Some(Value::BulkDataUri(uri));
                    } else if let Some(uuid) = attribute(&start, "uuid")? {
                        whole = Some(Value::BulkDataUri(format!("{UUID_URN}{uuid}")));
                    }
                    self.skip()?;
                }
                _ => self.skip()?,
            }
        }
        if let Some(whole) = whole {
            return Ok((vr, Some(whole)));
        }
        for text in &texts {
            let added = match text.is_empty() {
                true => values.null(),
                false => values.text(text),
            };
            if let Err(reason) = added {
                return fault(reason);
            }
        }
        let (read_as, value) = values.finish();
        Ok((read_as, Some(value)))
    }

    fn put_at(&mut self, texts: &mut Vec<String>, index: usize, text: String) -> Step<()> {
        self.left_out = self
            .left_out
            .saturating_add(index.saturating_sub(texts.len()));
        if self.left_out > MOST_LEFT_OUT {
            return Err(Stop::Limit("values left out", MOST_LEFT_OUT as u64));
        }
        if index >= texts.len() {
            texts.resize(index + 1, String::new());
        }
        if let Some(slot) = texts.get_mut(index) {
            *slot = text;
        }
        Ok(())
    }

    fn item(&mut self, index: usize, depth: usize) -> Step<DataSet> {
        let deepest = self.limits.depth.min(DEEPEST);
        if depth >= deepest {
            return Err(Stop::Limit("nested sequences", deepest as u64));
        }
        self.count()?;
        self.path
            .push(PathStep::Item(u32::try_from(index).unwrap_or(u32::MAX)));
        let item = self.data_set(depth + 1)?;
        self.path.pop();
        Ok(item)
    }

    fn person_name(&mut self) -> Step<String> {
        let mut groups = [const { String::new() }; 3];
        while let Some(start) = self.child()? {
            let group = NAME_GROUPS.iter().position(|name| is(&start, name));
            let components = self.components()?;
            if let Some(slot) = group.and_then(|at| groups.get_mut(at)) {
                *slot = components;
            }
        }
        Ok(groups.join("=").trim_end_matches('=').to_owned())
    }

    fn components(&mut self) -> Step<String> {
        let mut components = [const { String::new() }; 5];
        while let Some(start) = self.child()? {
            let component = NAME_COMPONENTS.iter().position(|name| is(&start, name));
            let text = self.text()?;
            if let Some(slot) = component.and_then(|at| components.get_mut(at)) {
                *slot = text;
            }
        }
        Ok(components.join("^").trim_end_matches('^').to_owned())
    }
}

fn is(start: &BytesStart<'_>, name: &str) -> bool {
    start.local_name().as_ref() == name.as_bytes()
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Step<Option<String>> {
    match start.try_get_attribute(name)? {
        Some(attribute) => Ok(Some(attribute.unescape_value()?.into_owned())),
        None => Ok(None),
    }
}

fn attribute_of(start: &BytesStart<'_>) -> Step<Attribute> {
    let tag = match (attribute(start, "tag")?, attribute(start, "keyword")?) {
        (Some(tag), _) => tag.parse().ok(),
        (None, Some(keyword)) => dictionary::by_keyword(&keyword),
        (None, None) => None,
    };
    let Some(tag) = tag else {
        return fault("a DicomAttribute without a valid tag");
    };
    let vr = attribute(start, "vr")?
        .and_then(|letters| <[u8; 2]>::try_from(letters.as_bytes()).ok())
        .and_then(Vr::from_bytes)
        .unwrap_or_else(|| dictionary::vr(tag));
    Ok(Attribute {
        tag,
        vr,
        private_creator: attribute(start, "privateCreator")?,
    })
}

/// Position (from 0) that `number` (from 1) gives, else the next one.
fn index_of(start: &BytesStart<'_>, next: usize) -> Step<usize> {
    match attribute(start, "number")? {
        None => Ok(next),
        Some(number) => match number
            .trim()
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1))
        {
            Some(index) => Ok(index),
            None => fault("number is not a positive integer"),
        },
    }
}

/// The tag of a private element in the block that `creator` has, or is given here.
fn reserve(data_set: &mut DataSet, tag: Tag, creator: &str) -> Step<Tag> {
    if !tag.is_private() {
        return Ok(tag);
    }
    if let Some(reservation) = tag.private_creator() {
        if !data_set.contains(reservation) {
            data_set.put_bytes(reservation, Vr::LO, creator.as_bytes().to_vec());
        }
        return Ok(tag);
    }
    let blocks = (0x10..=0xFF).map(|block| Tag(tag.group(), block));
    let has = |data_set: &DataSet, block: Tag| data_set.text(block).as_deref() == Some(creator);
    let block = match blocks.clone().find(|&block| has(data_set, block)) {
        Some(block) => block,
        None => match blocks.clone().find(|&block| !data_set.contains(block)) {
            Some(block) => {
                data_set.put_bytes(block, Vr::LO, creator.as_bytes().to_vec());
                block
            }
            None => return fault("no private block is left"),
        },
    };
    Ok(Tag(
        tag.group(),
        block.element() << 8 | tag.element() & 0xFF,
    ))
}
