//! Query parameters of searches (PS3.18 §8.3.4): translated to the keys of a query.

use sagittal_archive::query::Query;
use sagittal_core::{DataSet, Tag, Vr, dictionary, tags};

use super::Resource;
use super::attributes;
use crate::error::{Error, Result};
use crate::request::Request;

/// Sequences within sequences of one attribute.
const DEPTH: usize = 16;
/// Attributes that may be asked for.
const ATTRIBUTES: usize = 500;

/// A search as it was asked for.
pub struct Search {
    /// For the archive; its limit is the smaller of the client's and the server's.
    pub query: Query,
    /// What the client asked for, apart from the required attributes.
    pub asked: DataSet,
}

/// Reads the query of a search of `resource`; at most `most` answers are given.
pub fn read(resource: Resource, request: &Request, most: u64) -> Result<Search> {
    of_attributes(resource, request, &request.query, most)
}

/// As [`read`], with `parameters` in place of those of the request.
pub fn of_attributes(
    resource: Resource,
    request: &Request,
    parameters: &[(String, String)],
    most: u64,
) -> Result<Search> {
    let mut keys = DataSet::utf8();
    let mut includes: Vec<Vec<Tag>> = Vec::new();
    let mut query = Query::new(resource.level, DataSet::utf8());
    let mut limit = None;
    let mut attributes = 0usize;
    for (name, value) in parameters {
        match name.to_ascii_lowercase().as_str() {
            "accept" | "charset" => {}
            "limit" => limit = Some(number("limit", value)?),
            "offset" => query.offset = number("offset", value)?,
            "fuzzymatching" => query.fuzzy = flag("fuzzymatching", value)?,
            "emptyvaluematching" => query.empty_value_matching = flag("emptyvaluematching", value)?,
            "multiplevaluematching" => {
                query.multiple_value_matching = flag("multiplevaluematching", value)?;
            }
            "includefield" => {
                for field in value.split(',').map(str::trim).filter(|f| !f.is_empty()) {
                    if field.eq_ignore_ascii_case("all") {
                        query.all_attributes = true;
                    } else {
                        includes.push(attribute_path(field)?);
                    }
                }
            }
            _ => {
                let path = attribute_path(name)?;
                put_key(&mut keys, &path, value)?;
            }
        }
        attributes += 1;
        if attributes + includes.len() > ATTRIBUTES {
            return Err(Error::bad(format!("more than {ATTRIBUTES} attributes")));
        }
    }
    for path in &includes {
        put_include(&mut keys, path);
    }
    for (name, tag) in [
        ("study", tags::STUDY_INSTANCE_UID),
        ("series", tags::SERIES_INSTANCE_UID),
    ] {
        if let Some(uid) = request.uid(name)? {
            if let Some(other) = keys.first_text(tag)
                && other != uid.as_str()
            {
                return Err(Error::bad(format!("{name}: path and query differ")));
            }
            keys.put_uid(tag, &uid);
        }
    }
    let asked = keys.clone();
    attributes::put_required(resource, &mut keys);
    for adapters_own in [tags::RETRIEVE_URL, tags::RETRIEVE_AE_TITLE] {
        keys.remove(adapters_own);
    }
    query.keys = keys;
    query.limit = Some(limit.unwrap_or(most).min(most));
    Ok(Search { query, asked })
}

/// A keyword, a tag, or several of them with dots between.
fn attribute_path(name: &str) -> Result<Vec<Tag>> {
    let mut path = Vec::new();
    for piece in name.split('.') {
        let tag = dictionary::parse(piece).ok_or_else(|| {
            // The name may hold anything; only what looks like an attribute is repeated.
            let shown: String = piece
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(64)
                .collect();
            Error::bad(format!(
                "`{shown}` is neither a parameter nor an attribute: a keyword, ggggeeee or a path of them with dots expected"
            ))
        })?;
        if tag.group() <= 0x0002 || tag.group() == 0xFFFE || tag.is_group_length() {
            return Err(Error::bad(format!("{tag} is no attribute of a data set")));
        }
        path.push(tag);
        if path.len() > DEPTH {
            return Err(Error::bad("the attribute path is too deep"));
        }
    }
    let (_, sequences) = path.split_last().unwrap_or((&Tag::ITEM, &[]));
    for tag in sequences {
        if !matches!(dictionary::vr(*tag), Vr::SQ | Vr::UN) {
            return Err(Error::bad(format!("{tag} is not a sequence")));
        }
    }
    Ok(path)
}

/// Puts a matching key. A second value of the same attribute makes a UID list, or is refused.
fn put_key(keys: &mut DataSet, path: &[Tag], value: &str) -> Result<()> {
    let Some((tag, rest)) = path.split_first() else {
        return Ok(());
    };
    if !rest.is_empty() {
        let mut item = item_of(keys, *tag);
        put_key(&mut item, rest, value)?;
        keys.put_items(*tag, vec![item]);
        return Ok(());
    }
    let vr = key_vr(*tag);
    if vr == Vr::SQ {
        if value.is_empty() {
            keys.put_empty(*tag);
            return Ok(());
        }
        return Err(Error::bad(format!(
            "{tag} is a sequence: name an attribute within it, such as {}.…",
            tag.to_hex()
        )));
    }
    let value = match vr {
        Vr::UI => value.replace(',', "\\"),
        _ => value.to_owned(),
    };
    let value = match keys.text(*tag) {
        None => value,
        Some(_) if value.is_empty() => return Ok(()),
        Some(before) if vr == Vr::UI => format!("{before}\\{value}"),
        Some(before) if before == value => return Ok(()),
        Some(_) => return Err(Error::bad(format!("{tag} is given twice"))),
    };
    put_value(keys, *tag, vr, &value)
}

/// Puts the value as an element of the key's VR: numbers as numbers, text as text.
fn put_value(keys: &mut DataSet, tag: Tag, vr: Vr, value: &str) -> Result<()> {
    let malformed = || Error::bad(format!("{tag}: not a valid {vr} value"));
    let values = || value.split('\\').map(str::trim);
    if value.is_empty() {
        keys.put_bytes(tag, vr, Vec::new());
        return Ok(());
    }
    macro_rules! numbers {
        ($kind:ty) => {{
            let mut bytes = Vec::new();
            for text in values() {
                let number: $kind = text.parse().map_err(|_| malformed())?;
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes
        }};
    }
    let bytes = match vr {
        Vr::US => numbers!(u16),
        Vr::SS => numbers!(i16),
        Vr::UL => numbers!(u32),
        Vr::SL => numbers!(i32),
        Vr::UV => numbers!(u64),
        Vr::SV => numbers!(i64),
        Vr::FL => numbers!(f32),
        Vr::FD => numbers!(f64),
        Vr::AT => {
            let mut bytes = Vec::new();
            for text in values() {
                let tag: Tag = dictionary::parse(text).ok_or_else(malformed)?;
                bytes.extend_from_slice(&tag.group().to_le_bytes());
                bytes.extend_from_slice(&tag.element().to_le_bytes());
            }
            bytes
        }
        vr if vr.is_bulk() => return Err(Error::bad(format!("{tag}: a {vr} cannot be matched"))),
        _ if value.chars().any(char::is_control) => return Err(malformed()),
        vr => keys
            .character_set()
            .encode(value, vr)
            .map_err(|_| malformed())?,
    };
    keys.put_bytes(tag, vr, bytes);
    Ok(())
}

/// The VR of a key. Private attributes are not in the dictionary: they are matched as text.
fn key_vr(tag: Tag) -> Vr {
    match dictionary::vr(tag) {
        Vr::UN => Vr::LO,
        vr => vr,
    }
}

fn put_include(keys: &mut DataSet, path: &[Tag]) {
    let Some((tag, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        if !keys.contains(*tag) {
            let vr = key_vr(*tag);
            if vr == Vr::SQ {
                keys.put_items(*tag, Vec::new());
            } else {
                keys.put_bytes(*tag, vr, Vec::new());
            }
        }
        return;
    }
    // The whole sequence is asked for already.
    if keys.contains(*tag) && keys.items(*tag).is_empty() {
        return;
    }
    let mut item = item_of(keys, *tag);
    put_include(&mut item, rest);
    keys.put_items(*tag, vec![item]);
}

/// The item of a sequence key, or a new one.
fn item_of(keys: &DataSet, tag: Tag) -> DataSet {
    keys.items(tag)
        .first()
        .cloned()
        .unwrap_or_else(|| DataSet::with_character_set(keys.character_set().clone()))
}

fn number(name: &str, value: &str) -> Result<u64> {
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let number = value
        .parse()
        .ok()
        .filter(|n| digits && *n <= i64::MAX as u64);
    number.ok_or_else(|| Error::bad(format!("{name}: a number from 0 expected")))
}

fn flag(name: &str, value: &str) -> Result<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Error::bad(format!("{name}: true or false expected"))),
    }
}

#[cfg(test)]
mod tests;
