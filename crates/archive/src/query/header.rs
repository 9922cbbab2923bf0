//! Matching and answering from stored headers, where the index has no column.

use sagittal_core::{DataSet, Element, Limits, Tag, Value, tags};
use sagittal_store::index::Matching;

use super::json;
use super::keys::{HeaderCondition, Origin, Plan, Test};
use crate::Result;

/// Which members of headers a plan needs.
pub(super) struct Wanted {
    tags: Vec<Tag>,
    /// Groups of which private attributes are asked for: taken whole, for their creators may
    /// reserve other blocks than in the keys.
    private_groups: Vec<u16>,
    all: bool,
}

impl Wanted {
    /// What a plan needs: to match, and to answer.
    pub(super) fn of(plan: &Plan) -> Wanted {
        let returned = plan.returned.iter();
        let returned = returned.filter(|r| matches!(r.from, Origin::Header { .. }));
        let mut tags: Vec<Tag> = returned.map(|returned| returned.tag).collect();
        tags.extend(plan.header.iter().map(|condition| condition.tag));
        tags.push(tags::SOP_INSTANCE_UID);
        let private = tags.iter().filter(|tag| tag.is_private());
        Wanted {
            private_groups: private.map(|tag| tag.group()).collect(),
            all: plan.all,
            tags,
        }
    }

    /// The part of a header that is needed, as a data set.
    pub(super) fn read(&self, header: &[u8]) -> Result<DataSet> {
        let picked;
        let json = if self.all {
            header
        } else {
            picked = json::pick(header, |tag| {
                self.tags.contains(&tag) || self.private_groups.contains(&tag.group())
            });
            &picked
        };
        let mut read = sagittal_file::json::read(json, Limits::default())?;
        Ok(read.pop().unwrap_or_default())
    }
}

/// Does a header fulfil all conditions?
pub(super) fn fulfils(header: &DataSet, conditions: &[HeaderCondition]) -> bool {
    conditions.iter().all(|condition| {
        let element = find(header, condition.tag, condition.creator.as_deref());
        match (&condition.test, element) {
            (Test::Value(matching), None) => *matching == Matching::Empty,
            (Test::Value(matching), Some(element)) => value_matches(header, element, matching),
            (Test::Item(inner), element) => {
                let items = element.and_then(|element| element.value.as_items());
                items.unwrap_or(&[]).iter().any(|item| fulfils(item, inner))
            }
        }
    })
}

fn value_matches(header: &DataSet, element: &Element, matching: &Matching) -> bool {
    if element.vr.is_text() {
        let values = header.texts(element.tag);
        return matching.matches_any(values.iter().map(String::as_str));
    }
    match matching {
        Matching::Empty => element.value.is_empty(),
        Matching::Numbers(wanted) => {
            let values = header.floats(element.tag);
            values.iter().any(|value| wanted.contains(value))
        }
        _ => false,
    }
}

/// An element; a private one in whatever block its creator has here.
pub(super) fn find<'a>(
    header: &'a DataSet,
    tag: Tag,
    creator: Option<&str>,
) -> Option<&'a Element> {
    let Some(creator) = creator else {
        return header.get(tag);
    };
    let mut elements = header.elements().iter();
    let block = elements.find(|element| {
        element.tag.group() == tag.group()
            && element.tag.is_private_creator()
            && header
                .text(element.tag)
                .is_some_and(|t| t.trim() == creator)
    })?;
    let element = block.tag.element() << 8 | tag.element() & 0xFF;
    header.get(Tag(tag.group(), element))
}

/// An attribute for an answer: of items only what is wanted, and nothing that is only a reference.
pub(super) fn returned(element: &Element, items: &[Tag]) -> Option<Value> {
    match &element.value {
        Value::Bytes(bytes) => Some(Value::Bytes(bytes.clone())),
        Value::Sequence(found) => {
            let mut found = found.clone();
            for item in &mut found {
                item.retain(|element| {
                    let wanted = items.is_empty()
                        || items.contains(&element.tag)
                        || element.tag.is_private_creator();
                    wanted && !matches!(element.value, Value::BulkDataUri(_))
                });
            }
            Some(Value::Sequence(found))
        }
        _ => None,
    }
}
