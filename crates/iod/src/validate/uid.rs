//! UIDs (PS3.5 §9): their form, and that different things bear different ones.

use sagittal_core::{DataSet, Tag, tags};

use super::collector::{Collector, Draft};
use super::value::Problem;
use crate::finding::{Kind, Severity};
use crate::rules::text_values;

/// Checks one UID of a value field, its padding included.
pub fn check_value(value: &[u8]) -> Option<Problem> {
    let value = match value {
        [rest @ .., 0] => rest,
        other => other,
    };
    let found = flaw(value)?;
    Some(Problem {
        kind: Kind::Uid,
        found,
        fix: "generate a UID under a root of your own, or 2.25 and a UUID, and use it everywhere",
    })
}

fn flaw(value: &[u8]) -> Option<&'static str> {
    if value.is_empty() {
        return None;
    }
    if value.len() > 64 {
        return Some("a UID of more than 64 characters");
    }
    if !value.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
        return Some("a UID with other characters than digits and periods");
    }
    let mut components = value.split(|byte| *byte == b'.');
    if components.clone().any(<[u8]>::is_empty) {
        return Some("a UID with an empty component");
    }
    if components
        .clone()
        .any(|c| c.len() > 1 && c.starts_with(b"0"))
    {
        return Some("a UID with a component that begins with zero");
    }
    if components.clone().all(|c| c == b"0") {
        return Some("a UID of zeros");
    }
    match (components.next(), components.next()) {
        (Some(b"0" | b"1" | b"2"), None) => Some("a UID of one component"),
        (Some(b"0"), Some(b"0" | b"1" | b"2" | b"3" | b"4" | b"5" | b"9")) => None,
        (Some(b"1"), Some(b"0" | b"1" | b"2" | b"3")) => None,
        (Some(b"2"), Some(_)) => None,
        (Some(b"0" | b"1"), _) => Some("a UID under a root that does not exist"),
        _ => Some("a UID whose first component is not 0, 1 or 2"),
    }
}

/// Pairs of UIDs that never name the same thing.
const DIFFERENT: &[(Tag, Tag)] = &[
    (tags::SOP_INSTANCE_UID, tags::SERIES_INSTANCE_UID),
    (tags::SOP_INSTANCE_UID, tags::STUDY_INSTANCE_UID),
    (tags::SERIES_INSTANCE_UID, tags::STUDY_INSTANCE_UID),
    (tags::SOP_INSTANCE_UID, tags::FRAME_OF_REFERENCE_UID),
    (tags::SERIES_INSTANCE_UID, tags::FRAME_OF_REFERENCE_UID),
    (tags::STUDY_INSTANCE_UID, tags::FRAME_OF_REFERENCE_UID),
];

/// The same UID as that of another thing.
pub fn same_as(other: Tag) -> Draft {
    let other = sagittal_core::dictionary::entry(other).map_or("", |e| e.keyword);
    Draft {
        kind: Kind::Uid,
        severity: Severity::Error,
        clause: "PS3.5 §9",
        found: format!("the same UID as {other}").into(),
        fix: "give each its own UID".into(),
        ..Draft::default()
    }
}

/// Study, series, instance and frame of reference have UIDs of their own.
pub fn check_identity(data_set: &DataSet, collector: &mut Collector) {
    let uid = |tag: Tag| {
        data_set
            .bytes(tag)
            .and_then(|bytes| text_values(bytes).next())
            .filter(|value| !value.is_empty())
    };
    for (first, second) in DIFFERENT {
        let (Some(a), Some(b)) = (uid(*first), uid(*second)) else {
            continue;
        };
        if a == b {
            collector.add_at(*first, same_as(*second));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_uid_is_told_apart() {
        for good in ["1.2.840.10008.1.1", "2.25.0", "2.25.1\0", "0.9.2342"] {
            assert!(check_value(good.as_bytes()).is_none(), "{good}");
        }
        for bad in [
            "1", "1..2", "1.2.", ".1", "1.02", "3.1", "1.9.7", "0.0x", "abc", "1.2 ",
        ] {
            assert!(check_value(bad.as_bytes()).is_some(), "{bad}");
        }
    }
}
