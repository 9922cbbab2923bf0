//! Coercion: another value for an attribute of the data set's root, told in an item of Original
//! Attributes Sequence (PS3.3 §C.12.1.1.9). What it is made from is left as it is.

mod patient_map;
#[cfg(test)]
mod tests;

pub use patient_map::{Flaw, PatientMap, Target};

use std::collections::BTreeSet;

use sagittal_core::{DataSet, Element, Error, Result, Tag, TagPath, Value, Vr, dictionary, tags};

use crate::validate::value;

/// What is done with a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coercion {
    /// Surrounding blanks and NULs of text go; of all text in the root if no tags are given.
    Trim(Vec<Tag>),
    /// The attribute has this value, whether it was there or not. Made by [`Coercion::set`].
    Set(Assignment),
    /// The patient is known by another identifier.
    PatientMap(PatientMap),
}

/// An attribute and its new value, both found to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    tag: Tag,
    text: String,
}

impl Coercion {
    /// Gives `tag` the value `text`.
    ///
    /// # Errors
    /// If the attribute is not text, names or refers to something, or may not have this value.
    pub fn set(tag: Tag, text: &str) -> Result<Coercion> {
        check(tag, text)?;
        let text = text.to_owned();
        Ok(Coercion::Set(Assignment { tag, text }))
    }
}

/// One attribute that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of the root.
    pub tag: Tag,
    /// As it is written, or from the dictionary.
    pub vr: Vr,
    /// The value field as it came; `None` if the attribute was not there.
    pub old: Option<Vec<u8>>,
    /// The value field as it is now, in the data set's character set, of even length.
    pub new: Vec<u8>,
}

/// Who changes something, and when.
#[derive(Clone, Copy, Debug)]
pub struct Modification<'a> {
    /// Attribute Modification DateTime, as a DT.
    pub date_time: &'a str,
    /// Modifying System.
    pub system: &'a str,
    /// Source of Previous Values: who sent it. Empty if not known.
    pub source: &'a str,
}

/// What changes if all of `coercions` are done one after the other, in order of tags. An attribute
/// whose value ends as it began is not among them.
///
/// # Errors
/// If the data set's character set has no code for a new value.
pub fn changes(data_set: &DataSet, coercions: &[Coercion]) -> Result<Vec<Change>> {
    let mut working = data_set.clone();
    let mut touched = BTreeSet::new();
    for coercion in coercions {
        match coercion {
            Coercion::Trim(only) => trim(&mut working, only, &mut touched),
            Coercion::Set(to) => put(&mut working, to.tag, &to.text, &mut touched)?,
            Coercion::PatientMap(map) => {
                let text = |tag| working.first_text(tag).unwrap_or_default();
                let (issuer, id) = (text(tags::ISSUER_OF_PATIENT_ID), text(tags::PATIENT_ID));
                let Some(target) = map.get(&issuer, &id) else {
                    continue;
                };
                for (tag, text) in target.values() {
                    put(&mut working, tag, text, &mut touched)?;
                }
            }
        }
    }
    let change = |tag| {
        let element = working.get(tag)?;
        let new = element.value.as_bytes()?;
        let old = data_set.bytes(tag);
        (old != Some(new)).then(|| Change {
            tag,
            vr: element.vr,
            old: old.map(|bytes| bytes.to_vec()),
            new: new.to_vec(),
        })
    };
    Ok(touched.into_iter().filter_map(change).collect())
}

/// Makes the changes, and adds one item to Original Attributes Sequence after those that are
/// there. Does nothing if nothing changes.
///
/// # Errors
/// If the data set's character set has no code for what `modification` says.
pub fn apply(
    data_set: &mut DataSet,
    changes: &[Change],
    modification: &Modification<'_>,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    // Text of an item is in the character set of what it is in.
    let set = data_set.character_set().clone();
    let mut before = DataSet::with_character_set(set.clone());
    for change in changes {
        // What was not there is named all the same, without a value.
        let old = change.old.clone().unwrap_or_default();
        before.put_bytes(change.tag, change.vr, old);
    }
    let mut item = DataSet::with_character_set(set);
    item.put_items(tags::MODIFIED_ATTRIBUTES_SEQUENCE, vec![before]);
    for (tag, text) in [
        (
            tags::ATTRIBUTE_MODIFICATION_DATETIME,
            modification.date_time,
        ),
        (tags::MODIFYING_SYSTEM, modification.system),
        (tags::SOURCE_OF_PREVIOUS_VALUES, modification.source),
        (tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION, "COERCE"),
    ] {
        item.try_put_text(tag, text)?;
    }
    let mut items = data_set.items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE).to_vec();
    items.push(item);
    data_set.put_items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE, items);
    for change in changes {
        data_set.put_bytes(change.tag, change.vr, change.new.clone());
    }
    Ok(())
}

/// May `tag` be given the value `text`? The value is not told: it may be a patient's.
fn check(tag: Tag, text: &str) -> Result<()> {
    let vr = dictionary::vr(tag);
    let refuse = |reason: &str| {
        Err(Error::InvalidValue {
            path: TagPath::root(tag),
            vr,
            reason: reason.to_owned(),
        })
    };
    if !is_coercible(tag, vr) {
        return refuse("only text is coerced, no identifiers of objects and no character set");
    }
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return refuse("one value without control characters expected");
    }
    let too_long = match vr {
        Vr::PN => text.split('=').count() > 3 || text.split('=').any(|g| g.chars().count() > 64),
        Vr::LO => text.chars().count() > 64,
        Vr::SH => text.chars().count() > 16,
        Vr::ST => text.chars().count() > 1024,
        Vr::LT => text.chars().count() > 10240,
        _ => false,
    };
    if too_long {
        return refuse("too long");
    }
    if !text.is_empty() && !vr.uses_character_set() && value::check(vr, text.as_bytes()).is_some() {
        return refuse("not allowed by the VR");
    }
    Ok(())
}

/// Group 2 is not of the data set; UIDs and the character set say what other things mean.
fn is_coercible(tag: Tag, vr: Vr) -> bool {
    vr.is_text()
        && !matches!(vr, Vr::UI | Vr::UR)
        && tag.0 >= 8
        && !tag.is_private()
        && tag != tags::SPECIFIC_CHARACTER_SET
}

fn put(set: &mut DataSet, tag: Tag, text: &str, touched: &mut BTreeSet<Tag>) -> Result<()> {
    set.try_put_text(tag, text)?;
    touched.insert(tag);
    Ok(())
}

fn trim(data_set: &mut DataSet, only: &[Tag], touched: &mut BTreeSet<Tag>) {
    let wanted = |element: &&Element| {
        (only.is_empty() || only.contains(&element.tag)) && is_coercible(element.tag, element.vr)
    };
    let trimmed = |element: &Element| {
        let Value::Bytes(bytes) = &element.value else {
            return None;
        };
        let set = data_set.character_set();
        let (text, problem) = set.decode_checked(bytes, element.vr);
        // What is not understood is not written again.
        if problem {
            return None;
        }
        let new = without_blanks(&text, element.vr);
        if new == text.trim_end_matches([' ', '\0']) && is_padded_as_written(&text, new.len()) {
            return None;
        }
        let new = set.encode(&new, element.vr).ok()?;
        Some((element.tag, element.vr, new))
    };
    let elements = data_set.elements().iter().filter(wanted);
    let all: Vec<_> = elements.filter_map(trimmed).collect();
    for (tag, vr, new) in all {
        data_set.put_bytes(tag, vr, new);
        touched.insert(tag);
    }
}

/// One blank at the end is what makes the length even, no fault.
fn is_padded_as_written(text: &str, trimmed: usize) -> bool {
    matches!(text.get(trimmed..), Some("" | " "))
}

/// Blanks at the beginning of a text of several lines mean something (PS3.5 §6.2).
fn without_blanks(text: &str, vr: Vr) -> String {
    let blank = [' ', '\0'];
    if vr.is_single_text() {
        return text.trim_end_matches(blank).to_owned();
    }
    let values = text.split('\\').map(|value| value.trim_matches(blank));
    values.collect::<Vec<_>>().join("\\")
}
