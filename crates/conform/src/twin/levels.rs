//! Information models: their levels, and what is to be found at each (PS3.4 §C.6, Annex K).

use std::collections::{BTreeMap, BTreeSet};

use sagittal_core::{DataSet, Tag, tags};

use super::catalog::Entry;

/// A level of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Patient,
    Study,
    Series,
    Image,
    /// Worklists have no levels.
    Worklist,
}

impl Level {
    pub const fn name(self) -> &'static str {
        match self {
            Level::Patient => "PATIENT",
            Level::Study => "STUDY",
            Level::Series => "SERIES",
            Level::Image => "IMAGE",
            Level::Worklist => "WORKLIST",
        }
    }

    pub fn named(text: &str) -> Option<Level> {
        [Level::Patient, Level::Study, Level::Series, Level::Image]
            .into_iter()
            .find(|level| level.name() == text)
    }

    /// Its unique key.
    pub const fn unique(self) -> Option<Tag> {
        match self {
            Level::Patient => Some(tags::PATIENT_ID),
            Level::Study => Some(tags::STUDY_INSTANCE_UID),
            Level::Series => Some(tags::SERIES_INSTANCE_UID),
            Level::Image => Some(tags::SOP_INSTANCE_UID),
            Level::Worklist => None,
        }
    }

    /// The unique keys of the levels above, in a model that begins at `top`.
    pub fn above(self, top: Level) -> Vec<Tag> {
        [Level::Patient, Level::Study, Level::Series]
            .into_iter()
            .filter(|level| *level >= top && *level < self)
            .filter_map(Level::unique)
            .collect()
    }
}

/// What is found at a level: a data set each, with what is counted over its instances.
pub(super) fn found(level: Level, entries: Vec<Entry>) -> Vec<DataSet> {
    let Some(unique) = level.unique() else {
        let is_item = |entry: &Entry| {
            entry
                .header
                .contains(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE)
        };
        let items = entries.into_iter().filter(is_item);
        return items.map(|entry| entry.header).collect();
    };
    let mut order: Vec<String> = Vec::new();
    let mut groups: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        // What is no instance belongs to a worklist.
        if entry.sop_instance_uid.is_none() {
            continue;
        }
        let Some(key) = entry.header.first_text(unique) else {
            continue;
        };
        if !groups.contains_key(&key) {
            order.push(key.clone());
        }
        groups.entry(key).or_default().push(entry);
    }
    let groups = order.into_iter().filter_map(|key| groups.remove(&key));
    groups.filter_map(|group| one(level, &group)).collect()
}

fn one(level: Level, group: &[Entry]) -> Option<DataSet> {
    let mut data_set = group.first()?.header.clone();
    let distinct = |tag: Tag| -> BTreeSet<String> {
        let values = group
            .iter()
            .filter_map(|entry| entry.header.first_text(tag));
        values.filter(|value| !value.is_empty()).collect()
    };
    let [studies, series] = [tags::STUDY_INSTANCE_UID, tags::SERIES_INSTANCE_UID].map(distinct);
    let counts: &[(Tag, usize)] = match level {
        Level::Patient => &[
            (tags::NUMBER_OF_PATIENT_RELATED_STUDIES, studies.len()),
            (tags::NUMBER_OF_PATIENT_RELATED_SERIES, series.len()),
            (tags::NUMBER_OF_PATIENT_RELATED_INSTANCES, group.len()),
        ],
        Level::Study => &[
            (tags::NUMBER_OF_STUDY_RELATED_SERIES, series.len()),
            (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, group.len()),
        ],
        Level::Series => &[(tags::NUMBER_OF_SERIES_RELATED_INSTANCES, group.len())],
        Level::Image | Level::Worklist => &[],
    };
    for (tag, count) in counts {
        data_set.put_text(*tag, &count.to_string());
    }
    if level == Level::Study {
        let joined = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join("\\");
        data_set.put_text(tags::MODALITIES_IN_STUDY, &joined(distinct(tags::MODALITY)));
        data_set.put_text(
            tags::SOP_CLASSES_IN_STUDY,
            &joined(distinct(tags::SOP_CLASS_UID)),
        );
    }
    data_set.put_text(tags::INSTANCE_AVAILABILITY, "ONLINE");
    Some(data_set)
}

/// Does an entry belong to one of these UIDs (of patients: IDs)?
pub(super) fn is_among(entry: &Entry, tag: Tag, wanted: &[String]) -> bool {
    let value = entry.header.first_text(tag).unwrap_or_default();
    wanted.iter().any(|one| one.trim() == value.trim())
}

/// The unique key of a level, if it has values.
pub(super) fn values(identifier: &DataSet, tag: Tag) -> Vec<String> {
    let values = identifier.texts(tag).into_iter();
    values.filter(|value| !value.trim().is_empty()).collect()
}
