//! Data sets held in memory (PS3.5 §7): queries, answers, commands, edits and generated objects.
//!
//! Received instances are *not* turned into this tree to be stored or indexed; `sagittal_file`
//! walks their bytes.

use std::borrow::Cow;

use bytes::Bytes;

use crate::{
    CharacterSet, Element, Error, Result, Tag, TagPath, Uid, Value, Vr, decimal, dictionary, tags,
};

/// Elements in ascending order of tag, each tag once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DataSet {
    elements: Vec<Element>,
    character_set: CharacterSet,
}

impl DataSet {
    /// Empty, with the default repertoire (ISO-IR 6).
    pub fn new() -> DataSet {
        DataSet::default()
    }

    /// Empty but for Specific Character Set `ISO_IR 192` (UTF-8).
    pub fn utf8() -> DataSet {
        let mut data_set = DataSet::with_character_set(CharacterSet::utf8());
        data_set.put_text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192");
        data_set
    }

    /// Empty, its text in `character_set`: an item of a data set that declares it.
    /// Does not add Specific Character Set.
    pub fn with_character_set(character_set: CharacterSet) -> DataSet {
        DataSet {
            elements: Vec::new(),
            character_set,
        }
    }

    /// The character set in which text is held: declared here or inherited.
    pub fn character_set(&self) -> &CharacterSet {
        &self.character_set
    }

    /// All elements, ascending.
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// All elements, by value.
    pub fn into_elements(self) -> Vec<Element> {
        self.elements
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// No elements at all.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The element with this tag.
    pub fn get(&self, tag: Tag) -> Option<&Element> {
        self.position(tag).ok().and_then(|at| self.elements.get(at))
    }

    /// The element with this tag, to be changed.
    pub fn get_mut(&mut self, tag: Tag) -> Option<&mut Element> {
        self.position(tag)
            .ok()
            .and_then(|at| self.elements.get_mut(at))
    }

    /// Is the element there, with or without a value?
    pub fn contains(&self, tag: Tag) -> bool {
        self.position(tag).is_ok()
    }

    /// Puts an element in its place; returns the one it replaces.
    /// Specific Character Set changes how text of this data set is read from then on.
    pub fn put(&mut self, element: Element) -> Option<Element> {
        if element.tag == tags::SPECIFIC_CHARACTER_SET
            && let Value::Bytes(bytes) = &element.value
        {
            self.character_set = CharacterSet::from_element(bytes);
        }
        // Readers deliver elements in order: do not search when it goes to the end.
        if self
            .elements
            .last()
            .is_none_or(|last| last.tag < element.tag)
        {
            self.elements.push(element);
            return None;
        }
        match self.position(element.tag) {
            Ok(at) => Some(std::mem::replace(&mut self.elements[at], element)),
            Err(at) => {
                self.elements.insert(at, element);
                None
            }
        }
    }

    /// Puts raw bytes: little endian, in this data set's character set, padded to even length here.
    pub fn put_bytes(&mut self, tag: Tag, vr: Vr, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        let bytes = if bytes.len() % 2 == 1 {
            let mut padded = Vec::with_capacity(bytes.len() + 1);
            padded.extend_from_slice(&bytes);
            padded.push(vr.padding());
            padded.into()
        } else {
            bytes
        };
        self.put(Element {
            tag,
            vr,
            value: Value::Bytes(bytes),
        });
    }

    /// Puts an empty element, VR from the dictionary.
    pub fn put_empty(&mut self, tag: Tag) {
        let vr = dictionary::vr(tag);
        let value = if vr == Vr::SQ {
            Value::Sequence(vec![])
        } else {
            Value::Bytes(Bytes::new())
        };
        self.put(Element { tag, vr, value });
    }

    /// Puts text with the dictionary's VR; several values are separated by backslash.
    /// A character that the data set's character set lacks becomes `?`;
    /// use [`DataSet::try_put_text`] to be told.
    pub fn put_text(&mut self, tag: Tag, text: &str) {
        let vr = dictionary::vr(tag);
        let bytes = self.character_set.encode_lossy(text, vr);
        self.put_bytes(tag, vr, bytes);
    }

    /// As [`DataSet::put_text`], refusing what the character set lacks.
    pub fn try_put_text(&mut self, tag: Tag, text: &str) -> Result<()> {
        let vr = dictionary::vr(tag);
        let bytes = self.character_set.encode(text, vr)?;
        self.put_bytes(tag, vr, bytes);
        Ok(())
    }

    /// Puts a UID.
    pub fn put_uid(&mut self, tag: Tag, uid: &Uid) {
        self.put_bytes(tag, Vr::UI, uid.as_str().as_bytes().to_vec());
    }

    /// Puts unsigned shorts.
    pub fn put_u16(&mut self, tag: Tag, values: &[u16]) {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.put_bytes(tag, Vr::US, bytes);
    }

    /// Puts unsigned longs.
    pub fn put_u32(&mut self, tag: Tag, values: &[u32]) {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.put_bytes(tag, Vr::UL, bytes);
    }

    /// Puts attribute tags (VR `AT`).
    pub fn put_tags(&mut self, tag: Tag, values: &[Tag]) {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|v| {
                let (g, e) = (v.0.to_le_bytes(), v.1.to_le_bytes());
                [g[0], g[1], e[0], e[1]]
            })
            .collect();
        self.put_bytes(tag, Vr::AT, bytes);
    }

    /// Puts a sequence.
    pub fn put_items(&mut self, tag: Tag, items: Vec<DataSet>) {
        self.put(Element {
            tag,
            vr: Vr::SQ,
            value: Value::Sequence(items),
        });
    }

    /// Removes and returns an element.
    pub fn remove(&mut self, tag: Tag) -> Option<Element> {
        self.position(tag).ok().map(|at| self.elements.remove(at))
    }

    /// Keeps the elements for which `keep` says so.
    pub fn retain(&mut self, keep: impl FnMut(&Element) -> bool) {
        self.elements.retain(keep);
    }

    /// The value field as bytes.
    pub fn bytes(&self, tag: Tag) -> Option<&Bytes> {
        self.get(tag).and_then(|element| element.value.as_bytes())
    }

    /// The whole value as text, decoded, trailing padding cut, values still separated by
    /// backslash; `None` if absent or empty.
    pub fn text(&self, tag: Tag) -> Option<Cow<'_, str>> {
        let element = self.get(tag)?;
        let bytes = element.value.as_bytes()?;
        let text = self.character_set.decode(bytes, element.vr);
        let trimmed = text.trim_end_matches([' ', '\0']).len();
        (trimmed > 0).then(|| match text {
            Cow::Borrowed(whole) => Cow::Borrowed(&whole[..trimmed]),
            Cow::Owned(mut whole) => {
                whole.truncate(trimmed);
                Cow::Owned(whole)
            }
        })
    }

    /// The values of a text element, each trimmed as its VR allows; empty if absent.
    pub fn texts(&self, tag: Tag) -> Vec<String> {
        let Some(element) = self.get(tag) else {
            return Vec::new();
        };
        let Some(text) = self.text(tag) else {
            return Vec::new();
        };
        if element.vr.is_single_text() {
            return vec![text.into_owned()];
        }
        text.split('\\')
            .map(|value| value.trim_matches([' ', '\0']).to_owned())
            .collect()
    }

    /// The first value of a text element.
    pub fn first_text(&self, tag: Tag) -> Option<String> {
        self.texts(tag)
            .into_iter()
            .next()
            .filter(|value| !value.is_empty())
    }

    /// The first UID of an element, tolerantly; an error names the element.
    pub fn uid(&self, tag: Tag) -> Result<Option<Uid>> {
        match self.first_text(tag) {
            None => Ok(None),
            Some(text) => Uid::tolerant(&text)
                .map(Some)
                .map_err(|_| Error::InvalidValue {
                    path: TagPath::root(tag),
                    vr: Vr::UI,
                    reason: "not a UID".to_owned(),
                }),
        }
    }

    /// The first number of `US`, `SS`, `UL`, `SL`, `UV`, `SV` or `IS`.
    pub fn int(&self, tag: Tag) -> Option<i64> {
        self.ints(tag).first().copied()
    }

    /// All numbers of `US`, `SS`, `UL`, `SL`, `UV`, `SV` or `IS`; what is none is left out.
    pub fn ints(&self, tag: Tag) -> Vec<i64> {
        let Some(element) = self.get(tag) else {
            return Vec::new();
        };
        if element.vr == Vr::IS || element.vr == Vr::DS {
            return self
                .texts(tag)
                .iter()
                .filter_map(|v| whole_number(v))
                .collect();
        }
        let Some(bytes) = element.value.as_bytes() else {
            return Vec::new();
        };
        match element.vr {
            Vr::US => chunks(bytes, |b: [u8; 2]| i64::from(u16::from_le_bytes(b))),
            Vr::SS => chunks(bytes, |b: [u8; 2]| i64::from(i16::from_le_bytes(b))),
            Vr::UL => chunks(bytes, |b: [u8; 4]| i64::from(u32::from_le_bytes(b))),
            Vr::SL => chunks(bytes, |b: [u8; 4]| i64::from(i32::from_le_bytes(b))),
            Vr::SV => chunks(bytes, i64::from_le_bytes),
            Vr::UV => chunks(bytes, |b: [u8; 8]| {
                i64::try_from(u64::from_le_bytes(b)).unwrap_or(i64::MAX)
            }),
            _ => Vec::new(),
        }
    }

    /// The first number as floating point: `DS`, `FL`, `FD` or any integer.
    pub fn float(&self, tag: Tag) -> Option<f64> {
        self.floats(tag).first().copied()
    }

    /// All numbers as floating point: `DS`, `FL`, `FD` or any integer.
    pub fn floats(&self, tag: Tag) -> Vec<f64> {
        let Some(element) = self.get(tag) else {
            return Vec::new();
        };
        match (element.vr, element.value.as_bytes()) {
            (Vr::DS | Vr::IS, _) => self
                .texts(tag)
                .iter()
                .filter_map(|v| decimal::parse_ds(v).ok())
                .collect(),
            (Vr::FL | Vr::OF, Some(bytes)) => {
                chunks(bytes, |b: [u8; 4]| f64::from(f32::from_le_bytes(b)))
            }
            (Vr::FD | Vr::OD, Some(bytes)) => chunks(bytes, f64::from_le_bytes),
            _ => self.ints(tag).into_iter().map(|v| v as f64).collect(),
        }
    }

    /// The items of a sequence; empty if absent or not a sequence.
    pub fn items(&self, tag: Tag) -> &[DataSet] {
        self.get(tag)
            .and_then(|element| element.value.as_items())
            .unwrap_or(&[])
    }

    /// The private creator that reserves the block of a private element, if it is there.
    pub fn private_creator(&self, tag: Tag) -> Option<Cow<'_, str>> {
        tag.private_creator().and_then(|creator| self.text(creator))
    }

    /// Re-encodes all text, items included, in another character set and declares it.
    /// What it lacks becomes `?`; the count of such values is returned.
    pub fn transcode_text(&mut self, to: &CharacterSet) -> usize {
        let lost = self.transcode_items(to);
        let terms = to.defined_terms();
        if terms.is_empty() {
            self.remove(tags::SPECIFIC_CHARACTER_SET);
            self.character_set = to.clone();
        } else {
            let bytes = terms.into_bytes();
            self.put_bytes(tags::SPECIFIC_CHARACTER_SET, Vr::CS, bytes);
        }
        lost
    }

    fn transcode_items(&mut self, to: &CharacterSet) -> usize {
        let mut lost = 0;
        for element in &mut self.elements {
            match &mut element.value {
                // Seven-bit bytes are no sign of ASCII: see ISO 2022 IR 87.
                Value::Bytes(bytes) if element.vr.uses_character_set() => {
                    let text = self.character_set.decode(bytes, element.vr).into_owned();
                    lost += usize::from(to.encode(&text, element.vr).is_err());
                    let mut encoded = to.encode_lossy(&text, element.vr);
                    if encoded.len() % 2 == 1 {
                        // The old padding may be what makes the length odd.
                        if encoded.last() == Some(&b' ') {
                            encoded.pop();
                        } else {
                            encoded.push(element.vr.padding());
                        }
                    }
                    *bytes = encoded.into();
                }
                Value::Sequence(items) => {
                    for item in items {
                        lost += item.transcode_items(to);
                        item.remove(tags::SPECIFIC_CHARACTER_SET);
                        item.character_set = to.clone();
                    }
                }
                _ => {}
            }
        }
        lost
    }

    fn position(&self, tag: Tag) -> Result<usize, usize> {
        self.elements
            .binary_search_by_key(&tag, |element| element.tag)
    }
}

impl FromIterator<Element> for DataSet {
    fn from_iter<I: IntoIterator<Item = Element>>(elements: I) -> DataSet {
        let mut data_set = DataSet::new();
        for element in elements {
            data_set.put(element);
        }
        data_set
    }
}

/// An integer, also as a decimal without fraction (`512.0`), which devices write in `IS`.
fn whole_number(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| {
        let value = decimal::parse_ds(text)
            .ok()
            .filter(|v| v.fract() == 0.0 && v.abs() < 9e15)?;
        // Below 2^53 every whole number is exact.
        Some(value as i64)
    })
}

fn chunks<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .chunks_exact(N)
        .filter_map(|chunk| chunk.try_into().ok())
        .map(read)
        .collect()
}

#[cfg(test)]
mod tests;
