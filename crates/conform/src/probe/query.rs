//! The keys of C-FIND, asked on the data that the peer has (PS3.4 §C.2.2.2, §C.6).
//!
//! A few answers show which keys are returned. With the values of an answer it is asked how they
//! match: the value itself must find something, a value that nobody has must find nothing; what
//! finds something with both is not matched at all.

mod ask;
mod keys;
mod matching;

use std::collections::BTreeSet;

use sagittal_archive::query::Level;
use sagittal_core::{DataSet, Tag, Uid, sop_class, tags};
use sagittal_dimse::registry::Model;

use super::dial::Dialer;
use super::pairs::Pairs;
use crate::document::{Fact, Matching, QueryKeys, QueryLevel, QueryModel, Returned};
use ask::Asker;
use keys::{Key, keys, unique_key};

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub models: Vec<QueryModel>,
    /// Specific Character Set of the answers.
    pub character_sets: BTreeSet<String>,
    pub remarks: Vec<String>,
}

const MODELS: &[(&str, Model, &[Level])] = &[
    (
        sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        Model::StudyRoot,
        &[Level::Study, Level::Series, Level::Instance],
    ),
    (
        sop_class::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        Model::PatientRoot,
        &[Level::Patient, Level::Study, Level::Series, Level::Instance],
    ),
    (
        sop_class::PATIENT_STUDY_ONLY_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
        Model::PatientStudyOnly,
        &[Level::Patient, Level::Study],
    ),
];

/// An answer, and the unique keys of the levels above it.
#[derive(Clone, Debug)]
struct Sample {
    answer: DataSet,
    above: Vec<(Tag, String)>,
}

pub(super) async fn ask(dialer: &Dialer, pairs: &Pairs) -> Found {
    let mut found = Found::default();
    let accepted = pairs.accepted();
    for (sop_class, model, levels) in MODELS {
        let sop_class = Uid::from_static(sop_class);
        if !accepted.contains_key(&sop_class) || dialer.distress().is_some() {
            continue;
        }
        match one(dialer, *model, levels, &mut found).await {
            Ok(mut model) => {
                model.sop_classes = [sop_class].into_iter().collect();
                found.models.push(model);
            }
            Err(why) => found
                .remarks
                .push(format!("queries of {model:?} were not explored: {why}")),
        }
    }
    found
}

async fn one(
    dialer: &Dialer,
    model: Model,
    levels: &[Level],
    found: &mut Found,
) -> Result<QueryModel, String> {
    let mut asker = Asker::connect(dialer, model).await?;
    let options = asker.options();
    let mut result = QueryModel {
        relational: Fact::known(options.relational),
        date_time: Fact::known(options.date_time),
        fuzzy: Fact::known(options.fuzzy),
        ..QueryModel::default()
    };
    let mut above: Vec<(Tag, String)> = Vec::new();
    for &level in levels {
        let samples = match asker.samples(level, &above).await {
            Ok(samples) => samples,
            Err(why) => {
                result.remark = Some(format!("{}: {why}", keys::name(level)));
                break;
            }
        };
        for sample in &samples {
            let terms = sample.answer.texts(tags::SPECIFIC_CHARACTER_SET);
            found
                .character_sets
                .extend(terms.into_iter().filter(|term| !term.is_empty()));
        }
        let Some(first) = samples.first().cloned() else {
            result.levels.push(QueryLevel {
                level: keys::name(level).to_owned(),
                keys: Vec::new(),
                remark: Some("there is no data to ask about".to_owned()),
            });
            break;
        };
        if level == Level::Series && !above.is_empty() {
            result.relational_unasked = relational(&mut asker, level, &first.answer).await;
        }
        result
            .levels
            .push(explore(&mut asker, level, &samples).await);
        let unique = unique_key(level);
        let Some(value) = first
            .answer
            .first_text(unique)
            .filter(|text| !text.is_empty())
        else {
            result.remark = Some(format!(
                "{} has no unique key in its answers",
                keys::name(level)
            ));
            break;
        };
        above.push((unique, value));
    }
    asker.release().await;
    Ok(result)
}

/// Is a query below the top answered without the unique keys above?
async fn relational(asker: &mut Asker<'_>, level: Level, answer: &DataSet) -> Fact<bool> {
    let unique = unique_key(level);
    let Some(value) = answer.first_text(unique) else {
        return Fact::default();
    };
    match asker.count(level, &[(unique, value)]).await {
        Ok(count) => Fact::known(count > 0),
        Err(why) => Fact::known(false).remark(why),
    }
}

/// All keys of a level.
async fn explore(asker: &mut Asker<'_>, level: Level, samples: &[Sample]) -> QueryLevel {
    let mut groups: Vec<QueryKeys> = Vec::new();
    for key in keys(level) {
        let behavior = one_key(asker, level, key, samples).await;
        let same = groups.iter_mut().find(|group| {
            let QueryKeys { attributes: _, .. } = group;
            group.kind == behavior.kind
                && group.returned == behavior.returned
                && group.matching == behavior.matching
                && group.not_matching == behavior.not_matching
                && group.remark == behavior.remark
        });
        match same {
            Some(group) => {
                let all = group.attributes.iter().copied().chain([key.tag]);
                group.attributes = all.collect();
            }
            None => groups.push(QueryKeys {
                attributes: [key.tag].into_iter().collect(),
                ..behavior
            }),
        }
    }
    QueryLevel {
        level: keys::name(level).to_owned(),
        keys: groups,
        remark: None,
    }
}

async fn one_key(asker: &mut Asker<'_>, level: Level, key: &Key, samples: &[Sample]) -> QueryKeys {
    let contains = samples.iter().any(|sample| sample.answer.contains(key.tag));
    let with_value = samples.iter().find_map(|sample| {
        let has_items = !sample.answer.items(key.tag).is_empty();
        let text = sample.answer.first_text(key.tag).unwrap_or_default();
        let text = text.trim().to_owned();
        (has_items || !text.is_empty()).then_some((sample, text))
    });
    let mut behavior = QueryKeys {
        kind: Some(key.kind),
        returned: match (contains, with_value.is_some()) {
            (_, true) => Returned::Yes,
            (true, false) => Returned::Empty,
            (false, false) => Returned::No,
        },
        ..QueryKeys::default()
    };
    if contains {
        behavior.matching.push(Matching::Universal);
    }
    // Without a value there is nothing to ask with.
    if let Some((sample, value)) = with_value.filter(|(_, value)| !value.is_empty()) {
        match matching::ask(asker, level, key.tag, sample, &value).await {
            Ok((matching, not_matching)) => {
                behavior.matching.extend(matching);
                behavior.not_matching.extend(not_matching);
            }
            Err(why) => behavior.remark = Some(why),
        }
    }
    behavior
}
