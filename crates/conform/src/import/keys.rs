//! Keys of queries.

use sagittal_core::{Tag, dictionary};

use super::Missed;
use super::column::{Column, Read};
use super::contexts::miss;
use crate::document::{KeyKind, Matching, QueryKeys, QueryLevel, Returned};

/// Levels with their keys; `by_heading` is the level that the headings tell.
pub(super) fn levels(
    read: &Read<'_>,
    by_heading: Option<&'static str>,
    missed: &mut Vec<Missed>,
) -> Vec<QueryLevel> {
    let mut found: Vec<QueryLevel> = Vec::new();
    let mut now = by_heading;
    for row in read.rows {
        if let Some(level) = row.only().and_then(level) {
            now = Some(level);
            continue;
        }
        let said = read.cell(row, Column::Level).and_then(level);
        let Some(level) = said.or(now) else {
            missed.push(miss(row, "neither a column nor a heading tells the level"));
            continue;
        };
        let Some(tag) = tag(read.cell(row, Column::Tag), read.cell(row, Column::Key)) else {
            missed.push(miss(row, "no attribute with this name or tag"));
            continue;
        };
        let keys = QueryKeys {
            attributes: [tag].into_iter().collect(),
            kind: read.cell(row, Column::Type).and_then(kind),
            returned: read
                .cell(row, Column::Returned)
                .map_or(Returned::Unknown, returned),
            matching: read
                .cell(row, Column::Matching)
                .map_or_else(Vec::new, matching),
            not_matching: read
                .cell(row, Column::NotMatching)
                .map_or_else(Vec::new, matching),
            ..QueryKeys::default()
        };
        let place = match found.iter().position(|one| one.level == level) {
            Some(place) => place,
            None => {
                found.push(QueryLevel {
                    level: level.to_owned(),
                    ..QueryLevel::default()
                });
                found.len() - 1
            }
        };
        if let Some(one) = found.get_mut(place) {
            add(one, keys, tag);
        }
    }
    found
}

/// Keys that behave the same stand together.
fn add(level: &mut QueryLevel, keys: QueryKeys, tag: Tag) {
    let same = level.keys.iter_mut().find(|other| {
        (
            other.kind,
            other.returned,
            &other.matching,
            &other.not_matching,
        ) == (keys.kind, keys.returned, &keys.matching, &keys.not_matching)
    });
    match same {
        Some(other) => other.attributes = other.attributes.iter().copied().chain([tag]).collect(),
        None => level.keys.push(keys),
    }
}

/// The level that a text names.
pub(super) fn level(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let has = |word: &str| words.contains(&word);
    match () {
        () if has("worklist") => Some("WORKLIST"),
        () if has("image") || has("instance") => Some("IMAGE"),
        () if has("series") => Some("SERIES"),
        () if has("study") => Some("STUDY"),
        () if has("patient") => Some("PATIENT"),
        () => None,
    }
}

fn tag(tag: Option<&str>, name: Option<&str>) -> Option<Tag> {
    let of_tag = tag.map(|text| text.replace(['(', ')', ' '], ""));
    if let Some(tag) = of_tag.as_deref().and_then(dictionary::parse) {
        return Some(tag);
    }
    let name = name?.trim().trim_start_matches('>').trim();
    let keyword: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    dictionary::by_keyword(name)
        .or_else(|| dictionary::by_keyword(&keyword))
        .or_else(|| dictionary::parse(&name.replace(['(', ')', ' '], "")))
}

fn kind(text: &str) -> Option<KeyKind> {
    match text.trim().to_lowercase().as_str() {
        "unique" | "u" => Some(KeyKind::Unique),
        "required" | "r" => Some(KeyKind::Required),
        "optional" | "o" => Some(KeyKind::Optional),
        _ => None,
    }
}

fn returned(text: &str) -> Returned {
    match text.trim().to_lowercase().as_str() {
        "yes" | "x" | "y" | "✓" => Returned::Yes,
        "empty" => Returned::Empty,
        "no" | "n" | "-" => Returned::No,
        _ => Returned::Unknown,
    }
}

/// Words of our own statement, and the letters of others: S, *, U, R, L.
fn matching(text: &str) -> Vec<Matching> {
    const WORDS: &[(&str, Matching)] = &[
        ("single", Matching::Single),
        ("single value", Matching::Single),
        ("s", Matching::Single),
        ("uid list", Matching::UidList),
        ("list of uid", Matching::UidList),
        ("list", Matching::UidList),
        ("l", Matching::UidList),
        ("universal", Matching::Universal),
        ("u", Matching::Universal),
        ("wild card", Matching::WildCard),
        ("wildcard", Matching::WildCard),
        ("*", Matching::WildCard),
        ("range", Matching::Range),
        ("r", Matching::Range),
        ("sequence", Matching::Sequence),
        ("multiple", Matching::Multiple),
        ("case insensitive", Matching::CaseInsensitive),
        ("diacritics insensitive", Matching::DiacriticsInsensitive),
        ("unicode", Matching::Unicode),
        ("fuzzy", Matching::Fuzzy),
    ];
    let mut found = Vec::new();
    for word in text.split([',', ';', '/', '\n']) {
        let word = word.trim().to_lowercase();
        let known = WORDS.iter().find(|(name, _)| *name == word);
        found.extend(
            known
                .map(|(_, matching)| *matching)
                .filter(|one| !found.contains(one)),
        );
    }
    found
}
