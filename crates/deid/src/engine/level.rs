//! One data set: the root, or an item.

use bytes::Bytes;
use sagittal_core::{CharacterSet, DataSet, Element, PathStep, Tag, Value, Vr, tags};

use super::private::Blocks;
use super::{Engine, overlay};
use crate::value::check::{belongs_to_engine, is_marker};
use crate::{Asked, Reason, Result, Taken};

/// Steps of a path beyond which nothing is gone through any more but removed: sequences in
/// elements of unknown VR are read one level at a time, so that no reader's limit counts them all.
const MAX_STEPS: usize = 256;

/// What the elements of one data set have in common.
pub(super) struct Level {
    /// In which the input's text is.
    pub charset: CharacterSet,
    /// Private creators and what is kept of their blocks.
    pub blocks: Blocks,
    /// Overlay groups that go as a whole.
    pub overlays: Vec<u16>,
    /// An item that is a code.
    pub is_code: bool,
    /// A code of a scheme that somebody made for himself (PS3.16 §8).
    pub own_scheme: bool,
}

impl Engine<'_> {
    /// De-identifies a data set.
    pub(super) fn level(&mut self, data_set: DataSet) -> Result<DataSet> {
        let charset = data_set.character_set().clone();
        let mut out = DataSet::with_character_set(charset.clone());
        let scheme = data_set.first_text(tags::CODING_SCHEME_DESIGNATOR);
        let is_code = [
            tags::CODE_VALUE,
            tags::LONG_CODE_VALUE,
            tags::URN_CODE_VALUE,
        ]
        .iter()
        .any(|tag| data_set.contains(*tag));
        let mut level = Level {
            charset,
            blocks: Blocks::of(&data_set),
            overlays: match self.graphics_cleaned {
                true => Vec::new(),
                false => overlay::groups(&data_set),
            },
            is_code,
            own_scheme: scheme.is_none_or(|scheme| scheme.starts_with("99") || scheme == "L"),
        };
        let outer_patient = data_set
            .first_text(tags::PATIENT_ID)
            .filter(|_| !self.tags.is_empty())
            .map(|id| std::mem::replace(&mut self.patient_id, id.trim().to_owned()));
        for element in data_set.into_elements() {
            let tag = element.tag;
            if tag.is_private_creator() {
                // Kept if anything of its block is: see below.
                continue;
            }
            self.enter(tag);
            let done = self.element(element, &mut level);
            self.leave();
            if let Some(element) = done? {
                out.put(element);
            }
        }
        self.creators(level.blocks, &mut out);
        if let Some(patient_id) = outer_patient {
            self.patient_id = patient_id;
        }
        Ok(out)
    }

    fn element(&mut self, element: Element, level: &mut Level) -> Result<Option<Element>> {
        let Element { tag, vr, .. } = element;
        if tag.is_group_length() || tag.group() <= 0x0002 {
            self.gone(&element, Asked::Engine, Reason::Required);
            return Ok(None);
        }
        let element = match self.looked_through(element, level) {
            Ok(element) => element,
            Err(element) => {
                self.gone(&element, Asked::Engine, Reason::Unreadable);
                return Ok(None);
            }
        };
        if tag.is_private() {
            return self.private(element, level);
        }
        let at_root = self.tags.len() == 1;
        if at_root && is_marker(tag) {
            // Set at the end.
            return Ok(Some(element));
        }
        if belongs_to_engine(tag) && !is_marker(tag) {
            return self.kept_by_engine(element).map(Some);
        }
        if level.overlays.contains(&tag.group()) {
            let row = crate::table::standard_row(Tag(tag.group(), 0x3000));
            let asked = row.map_or(Asked::Engine, |row| {
                Asked::Profile(row.printed, row.action(&self.session.project.options).0)
            });
            self.gone(&element, asked, Reason::BasicProfile);
            return Ok(None);
        }
        let plan = self.plan(tag, vr, level);
        self.act(element, plan, level)
    }

    /// What makes the data set readable.
    fn kept_by_engine(&mut self, element: Element) -> Result<Element> {
        // Pixel data in the clear are not hashed by whoever listens.
        let shown = match &element.value {
            Value::Bytes(bytes) if !element.vr.is_bulk() => bytes.clone(),
            _ => Bytes::new(),
        };
        let done = self.pixel_fate(element.tag);
        self.record(element.vr, None, Asked::Engine, done, &shown, Some(&shown));
        Ok(element)
    }

    /// Removes an element.
    pub(super) fn gone(&mut self, element: &Element, asked: Asked<'_>, reason: Reason) {
        let before = element.value.as_bytes().map_or(&[][..], |bytes| bytes);
        self.record(
            element.vr,
            None,
            asked,
            (Taken::Removed, reason),
            before,
            None,
        );
    }

    /// A sequence that is written as `UN` or bytes is read; `Err` if it cannot be.
    fn looked_through(&self, element: Element, level: &Level) -> Result<Element, Element> {
        if self.path.0.len() > MAX_STEPS {
            return Err(element);
        }
        let Value::Bytes(bytes) = &element.value else {
            return Ok(element);
        };
        let is_sequence = match element.vr {
            Vr::SQ => true,
            Vr::UN => self.vr_of_unknown(element.tag, level) == Vr::SQ,
            _ => false,
        };
        if !is_sequence {
            return Ok(element);
        }
        match super::sequence::read_items(bytes, &level.charset) {
            Some(items) => Ok(Element {
                tag: element.tag,
                vr: Vr::SQ,
                value: Value::Sequence(items),
            }),
            None => Err(element),
        }
    }

    /// Goes through the items of the sequence we are at.
    pub(super) fn items(&mut self, items: Vec<DataSet>) -> Result<Vec<DataSet>> {
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            self.path
                .0
                .push(PathStep::Item(u32::try_from(index).unwrap_or(u32::MAX)));
            let done = self.level(item);
            self.path.0.pop();
            out.push(done?);
        }
        Ok(out)
    }
}
