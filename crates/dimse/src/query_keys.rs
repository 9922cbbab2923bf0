//! The keys of C-FIND by level, from the columns of the index (PS3.4 §C.6).

use sagittal_core::dictionary;
use sagittal_core::{Tag, tags};
use sagittal_store::index::{COLUMNS, Kind, Level};

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryKey {
    /// `PATIENT`, `STUDY`, `SERIES` or `IMAGE`.
    pub level: &'static str,
    /// The attribute.
    pub tag: Tag,
    /// Its keyword.
    pub keyword: &'static str,
    /// `U`nique, `R`equired or `O`ptional.
    pub kind: char,
    /// How values match; empty: only returned.
    pub matching: &'static str,
}

const UNIQUE: &[Tag] = &[
    tags::PATIENT_ID,
    tags::STUDY_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::SOP_INSTANCE_UID,
];
/// PS3.4 Tables C.6-1 to C.6-4.
const REQUIRED: &[Tag] = &[
    tags::PATIENT_NAME,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::STUDY_ID,
    tags::MODALITY,
    tags::SERIES_NUMBER,
    tags::INSTANCE_NUMBER,
];
/// Counted, not stored (PS3.4 §C.3.4): returned only.
const COUNTS: &[(&str, Tag)] = &[
    ("PATIENT", tags::NUMBER_OF_PATIENT_RELATED_STUDIES),
    ("PATIENT", tags::NUMBER_OF_PATIENT_RELATED_SERIES),
    ("PATIENT", tags::NUMBER_OF_PATIENT_RELATED_INSTANCES),
    ("STUDY", tags::NUMBER_OF_STUDY_RELATED_SERIES),
    ("STUDY", tags::NUMBER_OF_STUDY_RELATED_INSTANCES),
    ("SERIES", tags::NUMBER_OF_SERIES_RELATED_INSTANCES),
];

/// All keys, level by level.
pub fn query_keys() -> Vec<QueryKey> {
    let key = |level, tag, matching| QueryKey {
        level,
        tag,
        keyword: dictionary::entry(tag).map_or("", |entry| entry.keyword),
        kind: if UNIQUE.contains(&tag) {
            'U'
        } else if REQUIRED.contains(&tag) {
            'R'
        } else {
            'O'
        },
        matching,
    };
    let columns = COLUMNS
        .iter()
        .map(|entry| key(level_name(entry.level), entry.tag, matching(entry.kind)));
    let counts = COUNTS.iter().map(|(level, tag)| key(level, *tag, ""));
    let mut keys: Vec<QueryKey> = columns.chain(counts).collect();
    let order = |level: &str| {
        ["PATIENT", "STUDY", "SERIES", "IMAGE"]
            .iter()
            .position(|l| *l == level)
    };
    let rank = |kind: char| ['U', 'R', 'O'].iter().position(|k| *k == kind);
    keys.sort_by_key(|key| (order(key.level), rank(key.kind), key.tag));
    keys
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Patient => "PATIENT",
        Level::Study => "STUDY",
        Level::Series => "SERIES",
        Level::Instance => "IMAGE",
    }
}

fn matching(kind: Kind) -> &'static str {
    match kind {
        Kind::Uid => "single value, list of UIDs, universal",
        Kind::Name => {
            "single value and wild card without regard to case, diacritics and width; universal; fuzzy if negotiated"
        }
        Kind::Date | Kind::Time => {
            "single value, range, universal; combined date-time if negotiated"
        }
        Kind::Number => "single value, universal",
        Kind::Text | Kind::Texts => "single value, wild card, universal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_begins_with_its_unique_key_and_every_key_has_a_name() {
        let keys = query_keys();
        for level in ["PATIENT", "STUDY", "SERIES", "IMAGE"] {
            let first = keys.iter().find(|key| key.level == level);
            assert_eq!(first.map(|key| key.kind), Some('U'), "{level}");
        }
        assert!(keys.iter().all(|key| !key.keyword.is_empty()));
    }
}
