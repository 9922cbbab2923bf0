//! Sequences: gone through, or dummies in their place.

use bytes::Bytes;
use sagittal_core::{CharacterSet, DataSet, Element, Limits, Tag, Value, Vr, sop_class, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::read::read_encoded;

use super::Engine;
use super::decide::{Plan, What};
use crate::policy::Encapsulated;
use crate::value::dummy::REMOVED;
use crate::{Primitive, Reason, Result, Taken};
use crate::{encapsulated, structured};

/// Reads the items of a sequence whose element is of VR `UN`: Implicit VR Little Endian
/// (PS3.5 §6.2.2). `None` for bytes that are no items.
pub(super) fn read_items(bytes: &Bytes, charset: &CharacterSet) -> Option<Vec<DataSet>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    // As the value of a sequence of which any reader knows that it is one, in its character set.
    let terms = charset.defined_terms();
    let mut around = DataSet::new();
    around.put_bytes(tags::SPECIFIC_CHARACTER_SET, Vr::CS, terms.into_bytes());
    let mut wrapped = Vec::with_capacity(bytes.len() + 64);
    let encoding = Encoding::IMPLICIT_LE;
    sagittal_file::write::write_data_set(
        &around,
        sagittal_core::transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
        &mut wrapped,
    )
    .ok()?;
    let tag = tags::REFERENCED_IMAGE_SEQUENCE;
    for half in [tag.group(), tag.element()] {
        wrapped.extend_from_slice(&half.to_le_bytes());
    }
    wrapped.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_le_bytes());
    wrapped.extend_from_slice(bytes);
    let (mut read, findings) =
        read_encoded(&Bytes::from(wrapped), encoding, Limits::default()).ok()?;
    let element = read.remove(tag)?;
    match element.value {
        Value::Sequence(items) if findings.is_empty() && read.len() <= 1 => Some(items),
        _ => None,
    }
}

impl Engine<'_> {
    pub(super) fn sequence(
        &mut self,
        tag: Tag,
        items: Vec<DataSet>,
        plan: Plan<'_>,
        creator: Option<&str>,
    ) -> Result<Option<Element>> {
        let primitive = match plan.what {
            What::Do(primitive) => primitive,
            What::Replace(_) | What::Pseudonym(_) => Primitive::Dummy,
        };
        let empty = items.is_empty();
        let note = |engine: &mut Self, taken, after: Option<&[u8]>| {
            engine.record(
                Vr::SQ,
                creator,
                plan.asked,
                (taken, plan.reason),
                &[],
                after,
            );
        };
        let items = match primitive {
            Primitive::Remove => {
                note(self, Taken::Removed, None);
                return Ok(None);
            }
            Primitive::Zero if !empty => {
                note(self, Taken::Emptied, Some(&[]));
                Vec::new()
            }
            Primitive::Clean | Primitive::Keep if !empty && self.has_content_items(tag) => {
                note(self, Taken::Cleaned, Some(&[]));
                structured::clean(items, &self.path, &mut self.session)
            }
            Primitive::Clean if !empty && tag == tags::GRAPHIC_ANNOTATION_SEQUENCE => {
                note(self, Taken::Cleaned, Some(&[]));
                structured::clean_annotations(items, &self.path, &mut self.session)
            }
            Primitive::Dummy if !empty => {
                note(self, Taken::Dummied, Some(&[]));
                self.dummy_items(tag, items)?
            }
            _ => {
                note(self, Taken::Kept, Some(&[]));
                self.items(items)?
            }
        };
        Ok(Some(Element {
            tag,
            vr: Vr::SQ,
            value: Value::Sequence(items),
        }))
    }

    /// A document's content, or another sequence of content items (PS3.3 §10.2).
    fn has_content_items(&self, tag: Tag) -> bool {
        let at_root = self.tags.len() == 1;
        match tag {
            _ if self.strict > 0 => false,
            tags::CONTENT_SEQUENCE => {
                at_root && self.session.project.options.clean_structured_content
            }
            tags::ACQUISITION_CONTEXT_SEQUENCE
            | tags::SPECIMEN_PREPARATION_STEP_CONTENT_ITEM_SEQUENCE
            | tags::PROTOCOL_CONTEXT_SEQUENCE => {
                self.session.project.options.clean_structured_content
            }
            _ => false,
        }
    }

    /// Items that say nothing, in the form of the IOD.
    fn dummy_items(&mut self, tag: Tag, items: Vec<DataSet>) -> Result<Vec<DataSet>> {
        let at_root = self.tags.len() == 1;
        match tag {
            tags::CONTENT_SEQUENCE if at_root => self.dummy_content(items),
            tags::GRAPHIC_ANNOTATION_SEQUENCE => {
                let items = self.strictly(items)?;
                Ok(items.into_iter().map(dummy_annotation).collect())
            }
            _ => self.strictly(items),
        }
    }

    fn strictly(&mut self, items: Vec<DataSet>) -> Result<Vec<DataSet>> {
        self.strict += 1;
        let done = self.items(items);
        self.strict -= 1;
        done
    }

    /// The content of a document, without Clean Structured Content: a sentence in the place of what
    /// it said. Key objects keep what they point to, without which they are none
    /// (PS3.3 §A.35.4, PS3.16 TID 2010).
    fn dummy_content(&mut self, items: Vec<DataSet>) -> Result<Vec<DataSet>> {
        let is_key_object =
            self.session.sop_class_uid == sop_class::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE;
        if is_key_object {
            let points = |item: &DataSet| {
                matches!(
                    item.first_text(tags::VALUE_TYPE).as_deref(),
                    Some("IMAGE" | "COMPOSITE" | "WAVEFORM")
                )
            };
            let kept: Vec<DataSet> = items.into_iter().filter(points).collect();
            if !kept.is_empty() {
                return self.items(kept);
            }
        }
        let inherited = || DataSet::with_character_set(self.character_set.clone());
        let mut concept = inherited();
        concept.put_text(tags::CODE_VALUE, "121106");
        concept.put_text(tags::CODING_SCHEME_DESIGNATOR, "DCM");
        concept.put_text(tags::CODE_MEANING, "Comment");
        let mut item = inherited();
        item.put_text(tags::RELATIONSHIP_TYPE, "CONTAINS");
        item.put_text(tags::VALUE_TYPE, "TEXT");
        item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![concept]);
        item.put_text(tags::TEXT_VALUE, REMOVED);
        Ok(vec![item])
    }
}

/// An annotation without drawings, which may be handwriting (PS3.3 §C.10.5).
fn dummy_annotation(mut item: DataSet) -> DataSet {
    item.remove(tags::GRAPHIC_OBJECT_SEQUENCE);
    item.remove(tags::COMPOUND_GRAPHIC_SEQUENCE);
    if item.items(tags::TEXT_OBJECT_SEQUENCE).is_empty() {
        let mut text = DataSet::with_character_set(item.character_set().clone());
        text.put_text(tags::ANCHOR_POINT_ANNOTATION_UNITS, "DISPLAY");
        text.put_text(tags::UNFORMATTED_TEXT_VALUE, REMOVED);
        text.put_bytes(tags::ANCHOR_POINT, Vr::FL, vec![0; 8]);
        text.put_text(tags::ANCHOR_POINT_VISIBILITY, "N");
        item.put_items(tags::TEXT_OBJECT_SEQUENCE, vec![text]);
    }
    item
}

/// An encapsulated document.
impl Engine<'_> {
    pub(super) fn document(&mut self, bytes: Bytes, plan: Plan<'_>) -> Result<Element> {
        if self.session.project.policy.encapsulated == Encapsulated::Placeholder {
            let class = self.session.sop_class_uid.as_str();
            let Some(new) = encapsulated::placeholder(class, &bytes) else {
                let reason = "an encapsulated document of a kind that has no placeholder";
                return Err(super::refused(self.path.clone(), reason));
            };
            let done = (Taken::Dummied, Reason::Policy);
            self.record(Vr::OB, None, plan.asked, done, &bytes, Some(&new));
            return Ok(Element {
                tag: tags::ENCAPSULATED_DOCUMENT,
                vr: Vr::OB,
                value: Value::Bytes(new),
            });
        }
        let done = (Taken::Removed, Reason::Policy);
        self.record(Vr::OB, None, plan.asked, done, &bytes, None);
        Err(super::refused(
            self.path.clone(),
            "an encapsulated document, which the policy refuses",
        ))
    }
}
