//! Sets of values: enumerated values and defined terms.

use sagittal_core::{DataSet, Element, Tag, Value, Vr};

/// A set of values.
pub enum ValueSet {
    /// Text.
    Text(Vec<&'static str>),
    /// Numbers.
    Numbers(Vec<i64>),
    /// Tags.
    Tags(Vec<u32>),
}

/// A value that is not in the set.
pub struct Found {
    /// Its number, from 0.
    pub number: usize,
    /// What it is, if it may be shown: a code or a number, nothing that a person typed.
    pub shown: Option<String>,
}

impl ValueSet {
    /// Reads `sA|B`, `b1|2` or `t00540010`.
    pub fn parse(text: &'static str) -> ValueSet {
        let (kind, values) = text.split_at_checked(1).unwrap_or(("s", ""));
        let values = values.split('|');
        match kind {
            "b" => ValueSet::Numbers(values.filter_map(|v| v.parse().ok()).collect()),
            "t" => ValueSet::Tags(
                values
                    .filter_map(|v| u32::from_str_radix(v, 16).ok())
                    .collect(),
            ),
            _ => ValueSet::Text(values.collect()),
        }
    }

    /// The values, for a message; long sets are cut.
    pub fn listed(&self) -> String {
        let all: Vec<String> = match self {
            ValueSet::Text(values) => values.iter().map(|v| (*v).to_owned()).collect(),
            ValueSet::Numbers(values) => values.iter().map(i64::to_string).collect(),
            ValueSet::Tags(values) => values
                .iter()
                .map(|v| Tag::from_u32(*v).to_string())
                .collect(),
        };
        let mut text = all.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
        if all.len() > 8 {
            text.push_str(", …");
        }
        text
    }

    /// The first value that is not in the set; only the value `only` is looked at if given.
    pub fn first_outside(
        &self,
        data_set: &DataSet,
        element: &Element,
        only: Option<usize>,
    ) -> Option<Found> {
        let chosen = |number: &usize| only.is_none_or(|only| only == *number);
        match self {
            ValueSet::Text(allowed) => {
                let bytes = element.value.as_bytes()?;
                text_values(bytes)
                    .enumerate()
                    .filter(|(number, value)| chosen(number) && !value.is_empty())
                    .find(|(_, value)| !allowed.iter().any(|a| a.as_bytes() == *value))
                    .map(|(number, value)| Found {
                        number,
                        shown: shown(element, value),
                    })
            }
            ValueSet::Numbers(allowed) => {
                let numbers = data_set.ints(element.tag);
                numbers
                    .iter()
                    .enumerate()
                    .filter(|(number, _)| chosen(number))
                    // Sets write signed numbers as they lie in the file.
                    .find(|(_, n)| !allowed.contains(n) && !allowed.contains(&(*n & 0xFFFF)))
                    .map(|(number, value)| Found {
                        number,
                        shown: (element.tag.group() != 0x0010).then(|| value.to_string()),
                    })
            }
            ValueSet::Tags(allowed) => {
                let Value::Bytes(bytes) = &element.value else {
                    return None;
                };
                tag_values(bytes)
                    .enumerate()
                    .filter(|(number, _)| chosen(number))
                    .find(|(_, tag)| !allowed.contains(&tag.as_u32()))
                    .map(|(number, tag)| Found {
                        number,
                        shown: Some(tag.to_string()),
                    })
            }
        }
    }
}

/// Codes are shown, unless they describe the patient.
fn shown(element: &Element, value: &[u8]) -> Option<String> {
    let is_code = matches!(element.vr, Vr::CS | Vr::UI) && element.tag.group() != 0x0010;
    let plain = value.len() <= 64 && value.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    (is_code && plain).then(|| String::from_utf8_lossy(value).into_owned())
}

/// The values of a text element, without the padding around them.
pub fn text_values(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\\').map(trim)
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | 0, rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | 0] = value {
        value = rest;
    }
    value
}

/// The values of an element of VR `AT`.
pub fn tag_values(bytes: &[u8]) -> impl Iterator<Item = Tag> {
    bytes.chunks_exact(4).filter_map(|chunk| {
        let [a, b, c, d] = *chunk else { return None };
        Some(Tag(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])))
    })
}
