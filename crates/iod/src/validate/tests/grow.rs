//! Objects of every IOD, made by adding what validation asks for until it asks for nothing more;
//! then broken again, one attribute at a time.

use std::collections::HashSet;

use sagittal_core::{
    CharacterSet, DataSet, Element, PathStep, Tag, TagPath, Value, Vr, dictionary, sop_class, tags,
};

use super::errors;
use crate::finding::{Finding, Kind};

/// An object that validation is content with, or what it still finds.
fn grown(sop_class_uid: &str) -> Result<DataSet, Vec<Finding>> {
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::SOP_CLASS_UID, sop_class_uid);
    let mut number = 1;
    for _ in 0..200 {
        let found = errors(&data_set);
        if found.is_empty() {
            return Ok(data_set);
        }
        // Of attributes that stand for each other, one at a time.
        let mut choices = HashSet::new();
        for finding in &found {
            let above = finding.path.0.split_last().map(|(_, above)| above);
            let is_choice = finding.found.contains("type 1C") || finding.found.contains("type 2C");
            if !is_choice || choices.insert(above) {
                repair(&mut data_set, finding, &mut number);
            }
        }
    }
    Err(errors(&data_set))
}

fn repair(data_set: &mut DataSet, finding: &Finding, number: &mut u32) {
    let Some((PathStep::Element(tag), above)) = finding.path.0.split_last() else {
        return;
    };
    let Some(holder) = holder(data_set, above) else {
        return;
    };
    let text = &finding.found;
    match finding.kind {
        Kind::Missing if text.contains("type 2") => holder.put_empty(*tag),
        Kind::Missing if holder.contains(*tag) && dictionary::vr(*tag).is_text() => {
            let values = holder.texts(*tag).join("\\");
            holder.put_text(*tag, &format!("{values}\\1"));
        }
        Kind::Missing | Kind::Empty | Kind::Uid => put(holder, *tag, number),
        Kind::NotPermitted | Kind::FunctionalGroup => {
            holder.remove(*tag);
        }
        Kind::Value => put_allowed(holder, *tag, text),
        Kind::Items => {
            let wanted = text.rsplit("expected ").next().unwrap_or("1");
            let wanted: usize = wanted.split(' ').next().unwrap_or("1").parse().unwrap_or(1);
            holder.put_items(*tag, vec![item(); wanted]);
        }
        Kind::Multiplicity => {
            let wanted = text.rsplit("expected ").next().unwrap_or("1");
            let digits: String = wanted.chars().take_while(char::is_ascii_digit).collect();
            repeat(holder, *tag, digits.parse().unwrap_or(1));
        }
        Kind::Geometry if dictionary::vr(*tag) == Vr::FD => {
            let vector: Vec<u8> = [1.0_f64, 0.0, 0.0]
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect();
            holder.put_bytes(*tag, Vr::FD, vector);
        }
        Kind::Geometry => holder.put_text(*tag, "1\\0\\0\\0\\1\\0"),
        Kind::Pixels if *tag == tags::HIGH_BIT => {
            let stored = holder.int(tags::BITS_STORED).unwrap_or(1);
            holder.put_u16(*tag, &[u16::try_from(stored - 1).unwrap()]);
        }
        Kind::Pixels if *tag == tags::BITS_STORED => {
            let allocated = holder.int(tags::BITS_ALLOCATED).unwrap_or(1);
            holder.put_u16(*tag, &[u16::try_from(allocated).unwrap()]);
        }
        Kind::Pixels if text.contains("entries") => holder.put_bytes(*tag, Vr::OW, vec![0; 2]),
        Kind::Pixels if *tag == tags::PIXEL_DATA => {
            let wanted = text.rsplit(' ').next().unwrap_or("0").parse().unwrap_or(0);
            holder.put_bytes(*tag, Vr::OW, vec![0; wanted]);
        }
        _ => {}
    }
}

fn item() -> DataSet {
    DataSet::with_character_set(CharacterSet::utf8())
}

fn holder<'d>(mut data_set: &'d mut DataSet, path: &[PathStep]) -> Option<&'d mut DataSet> {
    for pair in path.chunks(2) {
        let [PathStep::Element(tag), PathStep::Item(item)] = pair else {
            return None;
        };
        let Value::Sequence(items) = &mut data_set.get_mut(*tag)?.value else {
            return None;
        };
        data_set = items.get_mut(usize::try_from(*item).ok()?)?;
    }
    Some(data_set)
}

fn put(data_set: &mut DataSet, tag: Tag, number: &mut u32) {
    *number += 1;
    let vr = dictionary::vr(tag);
    let count = dictionary::entry(tag).map_or("1", |entry| entry.vm);
    let least: usize = count.split('-').next().unwrap_or("1").parse().unwrap_or(1);
    let one = match vr {
        _ if tag == tags::PHOTOMETRIC_INTERPRETATION => "MONOCHROME2".to_owned(),
        Vr::SQ => return data_set.put_items(tag, vec![item()]),
        Vr::UI => format!("2.25.{number}"),
        Vr::DA => "20260101".to_owned(),
        Vr::TM => "101500".to_owned(),
        Vr::DT => "20260101101500".to_owned(),
        Vr::AS => "018Y".to_owned(),
        vr if vr.is_text() => "1".to_owned(),
        vr => {
            let length = vr.fixed_length().unwrap_or(8);
            let mut bytes = vec![0; length];
            bytes[0] = 1;
            return data_set.put_bytes(tag, vr, bytes.repeat(least));
        }
    };
    data_set.put_text(tag, &vec![one; least].join("\\"));
}

fn repeat(data_set: &mut DataSet, tag: Tag, count: usize) {
    let Some(Element { vr, value, .. }) = data_set.get(tag).cloned() else {
        return;
    };
    if vr.is_text() {
        data_set.put_text(tag, &vec!["1"; count].join("\\"));
    } else if let (Some(length), Value::Bytes(bytes)) = (vr.fixed_length(), value) {
        let one = bytes.slice(..length.min(bytes.len()));
        data_set.put_bytes(tag, vr, one.repeat(count));
    }
}

/// Puts one of the values that the finding lists.
fn put_allowed(data_set: &mut DataSet, tag: Tag, text: &str) {
    if text.contains("is zero") {
        return repeat_ones(data_set, tag);
    }
    let Some((head, listed)) = text.split_once(": ") else {
        return;
    };
    let first = listed.split(", ").next().unwrap_or("");
    let position: usize = head
        .trim_start_matches("value ")
        .split([' ', ','])
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1);
    match dictionary::vr(tag) {
        vr if vr.is_text() => {
            let mut values = data_set.texts(tag);
            values.resize(values.len().max(position), "1".to_owned());
            values[position - 1] = first.to_owned();
            data_set.put_text(tag, &values.join("\\"));
        }
        Vr::AT => data_set.put_tags(tag, &[first.parse().unwrap()]),
        _ => {
            let mut values = data_set.ints(tag);
            values.resize(values.len().max(position), 0);
            values[position - 1] = first.parse().unwrap();
            let values: Vec<u16> = values.iter().map(|v| u16::try_from(*v).unwrap()).collect();
            data_set.put_u16(tag, &values);
        }
    }
}

fn repeat_ones(data_set: &mut DataSet, tag: Tag) {
    data_set.remove(tag);
    put(data_set, tag, &mut 0);
}

#[test]
fn of_nearly_every_iod_an_object_can_be_made_that_has_no_error() {
    let mut stuck = Vec::new();
    let mut whole = 0;
    for class in sop_class::STORAGE {
        let mut data_set = DataSet::utf8();
        data_set.put_text(tags::SOP_CLASS_UID, class.uid);
        let scope = crate::rules::Scope::root(&data_set, None);
        if crate::rules::RULES.iod(&scope).is_none() {
            continue;
        }
        match grown(class.uid) {
            Ok(object) => {
                whole += 1;
                broken(&object, class.name);
            }
            Err(found) => stuck.push((class.name, found)),
        }
    }
    let names: Vec<String> = stuck
        .iter()
        .map(|(name, found)| format!("{name}: {}", found[0]))
        .collect();
    assert!(whole >= 95, "{whole} whole objects; stuck: {names:#?}");
    assert!(stuck.len() <= 12, "{names:#?}");
}

/// Without an attribute that every instance has, the object is not whole any more.
fn broken(object: &DataSet, name: &str) {
    for tag in [tags::SOP_INSTANCE_UID, tags::STUDY_INSTANCE_UID] {
        let mut broken = object.clone();
        if broken.remove(tag).is_none() {
            continue;
        }
        let found = errors(&broken);
        let expected = TagPath::root(tag);
        let is_there = found
            .iter()
            .any(|finding| finding.path == expected && finding.kind == Kind::Missing);
        assert!(is_there, "{name}: {tag} is not missed in {found:#?}");
    }
}
