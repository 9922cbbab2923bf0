//! The keys of C-FIND in the statement, from the columns of the index.

use sagittal_core::Uid;
use sagittal_dimse::DimseConfig;
use sagittal_dimse::query_keys::{QueryKey, query_keys};
use sagittal_dimse::registry::{FIND_EXTENDED, Operation, SERVICES, Service};

use crate::document::{Fact, KeyKind, Matching, QueryKeys, QueryLevel, QueryModel, Returned};

/// Every information model that is offered.
pub(super) fn queries(config: &DimseConfig) -> Vec<QueryModel> {
    let finds = |service: &&Service| {
        service.operation == Operation::Find && service.operation.is_offered(config.offered)
    };
    let keys = query_keys();
    SERVICES
        .iter()
        .filter(finds)
        .map(|service| model(service, config, &keys))
        .collect()
}

fn model(service: &Service, config: &DimseConfig, keys: &[QueryKey]) -> QueryModel {
    let agreed =
        |at: usize| Fact::known(FIND_EXTENDED.get(at).is_some_and(|field| field.value == 1));
    let levels: &[&str] = service.model.map_or(&[], |model| model.levels());
    QueryModel {
        sop_classes: [Uid::from_static(service.sop_class_uid)]
            .into_iter()
            .collect(),
        relational: agreed(0),
        date_time: agreed(1),
        fuzzy: agreed(2),
        relational_unasked: Fact::known(!config.strict_hierarchy),
        levels: levels
            .iter()
            .enumerate()
            .map(|(depth, level)| self::level(level, depth == 0, keys))
            .collect(),
        ..QueryModel::default()
    }
}

/// A level; at the top of a model, keys of the levels above belong to it.
fn level(level: &str, is_top: bool, keys: &[QueryKey]) -> QueryLevel {
    let mut groups: Vec<(String, QueryKeys)> = Vec::new();
    let belongs = |key: &&QueryKey| {
        key.level == level || (is_top && level == "STUDY" && key.level == "PATIENT")
    };
    for key in keys.iter().filter(belongs) {
        // The unique key of the patient is a required key of Study Root (PS3.4 Table C.6-5).
        let kind = if key.level == level {
            key.kind
        } else {
            key.kind.max('R')
        };
        let kind = if key.level != level && key.kind == 'O' {
            'O'
        } else {
            kind
        };
        let same = groups
            .iter_mut()
            .find(|(matching, group)| matching == key.matching && group.kind == kind_of(kind));
        match same {
            Some((_, group)) => {
                group.attributes = group.attributes.iter().copied().chain([key.tag]).collect();
            }
            None => groups.push((
                key.matching.to_owned(),
                QueryKeys {
                    attributes: [key.tag].into_iter().collect(),
                    kind: kind_of(kind),
                    returned: Returned::Yes,
                    matching: matching_of(key.matching),
                    remark: (!key.matching.is_empty()).then(|| key.matching.to_owned()),
                    ..QueryKeys::default()
                },
            )),
        }
    }
    QueryLevel {
        level: level.to_owned(),
        keys: groups.into_iter().map(|(_, group)| group).collect(),
        remark: None,
    }
}

fn kind_of(kind: char) -> Option<KeyKind> {
    match kind {
        'U' => Some(KeyKind::Unique),
        'R' => Some(KeyKind::Required),
        _ => Some(KeyKind::Optional),
    }
}

/// From the words of the table of keys.
fn matching_of(words: &str) -> Vec<Matching> {
    const WORDS: &[(&str, Matching)] = &[
        ("single value", Matching::Single),
        ("list of UIDs", Matching::UidList),
        ("universal", Matching::Universal),
        ("wild card", Matching::WildCard),
        ("range", Matching::Range),
        ("case", Matching::CaseInsensitive),
        ("diacritics", Matching::DiacriticsInsensitive),
        ("fuzzy", Matching::Fuzzy),
    ];
    if words.is_empty() {
        return vec![Matching::Universal];
    }
    let found = WORDS.iter().filter(|(word, _)| words.contains(word));
    found.map(|(_, matching)| *matching).collect()
}
