//! Identifiers of C-FIND, C-MOVE and C-GET requests (PS3.4 §C.4.1.1.3, §C.4.2.1.4, §C.4.3.1.3).

use sagittal_archive::query::Level;
use sagittal_archive::retrieve::Selector;
use sagittal_core::{DataSet, Tag, Uid, tags};

use crate::registry::Model;
use crate::status::Failure;

/// The unique keys of the levels, from the top (PS3.4 §C.6).
const UNIQUE_KEYS: &[(Level, Tag)] = &[
    (Level::Patient, tags::PATIENT_ID),
    (Level::Study, tags::STUDY_INSTANCE_UID),
    (Level::Series, tags::SERIES_INSTANCE_UID),
    (Level::Instance, tags::SOP_INSTANCE_UID),
];

/// How a level is written.
pub(super) const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Patient => "PATIENT",
        Level::Study => "STUDY",
        Level::Series => "SERIES",
        Level::Instance => "IMAGE",
    }
}

/// Query/Retrieve Level as it stands there, if the model knows it.
pub(super) fn level_text(model: Model, identifier: &DataSet) -> Result<String, Failure> {
    let found = identifier
        .first_text(tags::QUERY_RETRIEVE_LEVEL)
        .ok_or_else(|| {
            Failure::identifier(
                tags::QUERY_RETRIEVE_LEVEL,
                "Query/Retrieve Level is missing",
            )
        })?
        .to_ascii_uppercase();
    if model.levels().contains(&found.as_str()) {
        Ok(found)
    } else {
        let comment = format!("level must be one of {}", model.levels().join(", "));
        Err(Failure::identifier(tags::QUERY_RETRIEVE_LEVEL, comment))
    }
}

/// Query/Retrieve Level.
pub(super) fn level(model: Model, identifier: &DataSet) -> Result<Level, Failure> {
    Ok(match level_text(model, identifier)?.as_str() {
        "PATIENT" => Level::Patient,
        "STUDY" => Level::Study,
        "SERIES" => Level::Series,
        // FRAME is asked for elsewhere.
        _ => Level::Instance,
    })
}

/// Are the unique keys of the levels above `level` there, one value each (PS3.4 §C.4.1.2.1)?
pub(super) fn check_hierarchy(
    model: Model,
    level: Level,
    identifier: &DataSet,
) -> Result<(), Failure> {
    let top = if model == Model::StudyRoot {
        Level::Study
    } else {
        Level::Patient
    };
    for (_, tag) in UNIQUE_KEYS
        .iter()
        .filter(|(above, _)| (top..level).contains(above))
    {
        let values = identifier.texts(*tag);
        let single = matches!(values.as_slice(), [value] if !value.is_empty() && !value.contains(['*', '?']));
        if !single {
            return Err(Failure::identifier(
                *tag,
                "the unique key of a level above is missing",
            ));
        }
    }
    Ok(())
}

/// What a retrieval selects: the unique key of its level must be there, those above restrict.
pub(super) fn selector(level: Level, identifier: &DataSet) -> Result<Selector, Failure> {
    let mut selector = Selector::default();
    for (at, tag) in UNIQUE_KEYS.iter().filter(|(at, _)| *at <= level) {
        let values: Vec<String> = identifier
            .texts(*tag)
            .into_iter()
            .filter(|value| !value.is_empty())
            .collect();
        if *at == level && values.is_empty() {
            return Err(Failure::identifier(
                *tag,
                "the unique key of the level is missing",
            ));
        }
        match at {
            Level::Patient => selector.patient_ids = values,
            Level::Study => selector.study_instance_uids = uids(*tag, &values)?,
            Level::Series => selector.series_instance_uids = uids(*tag, &values)?,
            Level::Instance => selector.sop_instance_uids = uids(*tag, &values)?,
        }
    }
    Ok(selector)
}

/// A list of UIDs; wild cards are none.
pub(super) fn uids(tag: Tag, values: &[String]) -> Result<Vec<Uid>, Failure> {
    values
        .iter()
        .map(|value| Uid::tolerant(value))
        .collect::<Result<_, _>>()
        .map_err(|_| Failure::identifier(tag, "not a list of UIDs"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sagittal_net::dimse::Status;

    use super::*;

    fn identifier(elements: &[(Tag, &str)]) -> DataSet {
        let mut data_set = DataSet::new();
        for (tag, text) in elements {
            data_set.put_text(*tag, text);
        }
        data_set
    }

    #[test]
    fn a_level_is_one_of_its_model() {
        let patient = identifier(&[(tags::QUERY_RETRIEVE_LEVEL, "PATIENT")]);
        assert_eq!(level(Model::PatientRoot, &patient).unwrap(), Level::Patient);
        let failure = level(Model::StudyRoot, &patient).unwrap_err();
        assert_eq!(failure.status, Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS);
        assert_eq!(failure.offending_element, [tags::QUERY_RETRIEVE_LEVEL]);
        assert!(level(Model::StudyRoot, &DataSet::new()).is_err());
    }

    #[test]
    fn a_retrieval_without_the_unique_key_of_its_level_selects_nothing() {
        let all = identifier(&[(tags::STUDY_INSTANCE_UID, "1.2")]);
        let failure = selector(Level::Series, &all).unwrap_err();
        assert_eq!(failure.offending_element, [tags::SERIES_INSTANCE_UID]);
        let star = identifier(&[(tags::STUDY_INSTANCE_UID, "*")]);
        assert!(selector(Level::Study, &star).is_err());
    }

    #[test]
    fn lists_of_uids_are_taken_and_levels_above_restrict() {
        let data_set = identifier(&[
            (tags::PATIENT_ID, "P1"),
            (tags::STUDY_INSTANCE_UID, "1.2\\1.3"),
            (tags::SERIES_INSTANCE_UID, "1.9"),
        ]);
        let selector = selector(Level::Study, &data_set).unwrap();
        assert_eq!(selector.study_instance_uids.len(), 2);
        assert_eq!(selector.patient_ids, ["P1"]);
        assert!(selector.series_instance_uids.is_empty(), "below the level");
    }

    #[test]
    fn a_strict_hierarchy_wants_one_value_at_each_level_above() {
        let data_set = identifier(&[(tags::STUDY_INSTANCE_UID, "1.2")]);
        assert!(check_hierarchy(Model::StudyRoot, Level::Series, &data_set).is_ok());
        assert!(check_hierarchy(Model::PatientRoot, Level::Series, &data_set).is_err());
        let two = identifier(&[(tags::STUDY_INSTANCE_UID, "1.2\\1.3")]);
        assert!(check_hierarchy(Model::StudyRoot, Level::Series, &two).is_err());
    }
}
