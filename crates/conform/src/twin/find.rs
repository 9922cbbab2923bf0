//! C-FIND on the files of the catalog, with the keys of the document (PS3.4 §C.4.1, Annex K).

use sagittal_core::charset::CharacterSet;
use sagittal_core::{DataSet, Tag, Uid, tags};

use super::Behavior;
use super::catalog::Catalog;
use super::levels::{self, Level};
use super::matching::{Rule, matches};
use crate::document::{QueryKeys, QueryLevel, QueryModel, Returned};

/// Elements of an identifier that are no keys.
const NO_KEYS: &[Tag] = &[
    tags::SPECIFIC_CHARACTER_SET,
    tags::QUERY_RETRIEVE_LEVEL,
    tags::TIMEZONE_OFFSET_FROM_UTC,
];

/// Why a query is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub comment: String,
    pub offending: Option<Tag>,
}

fn refused(comment: impl Into<String>, offending: Option<Tag>) -> Refused {
    Refused {
        comment: comment.into(),
        offending,
    }
}

/// The answers to a query. `relational` was agreed on.
pub(super) fn answers(
    behavior: &Behavior,
    catalog: &Catalog,
    sop_class: &Uid,
    identifier: &DataSet,
    relational: bool,
) -> Result<Vec<DataSet>, Refused> {
    let models = &behavior.entity.queries;
    let model = models
        .iter()
        .find(|model| model.sop_classes.contains(sop_class));
    let top = super::session::top_of(sop_class);
    let level = level(identifier, top)?;
    let described = model.and_then(|model| of_level(model, level));
    if let (Some(model), None) = (model, described)
        && !model.levels.is_empty()
        && !behavior.lenient
    {
        let comment = format!("queries at level {} are not described", level.name());
        return Err(refused(comment, Some(tags::QUERY_RETRIEVE_LEVEL)));
    }
    let above = level.above(top);
    if let Some(tag) = missing(identifier, &above)
        && !relational
        && !is_relational(behavior, model)
    {
        return match model.and_then(|model| model.relational_unasked.remark.as_deref()) {
            Some(_) => Err(refused(
                "the unique key of a level above is missing",
                Some(tag),
            )),
            // Some just find nothing.
            None => Ok(Vec::new()),
        };
    }
    let keys = Keys {
        level: described,
        above: &above,
        unique: level.unique(),
        lenient: behavior.lenient,
    };
    let asked: Vec<Tag> = identifier
        .elements()
        .iter()
        .map(|element| element.tag)
        .filter(|tag| !NO_KEYS.contains(tag))
        .collect();
    let found = levels::found(level, catalog.filter(|_| true)).into_iter();
    let found = found.filter(|found| {
        let fits = |tag: &Tag| matches(&keys.rule(*tag), identifier, found, *tag);
        asked.iter().all(fits)
    });
    let answers = found.map(|mut found| {
        found.put_text(tags::RETRIEVE_AE_TITLE, behavior.ae_title.as_str());
        answer(behavior, &keys, level, &asked, identifier, &found)
    });
    Ok(answers.collect())
}

fn level(identifier: &DataSet, top: Level) -> Result<Level, Refused> {
    if top == Level::Worklist {
        return Ok(Level::Worklist);
    }
    let text = identifier.first_text(tags::QUERY_RETRIEVE_LEVEL);
    let level = text.as_deref().and_then(|text| Level::named(text.trim()));
    level.filter(|level| *level >= top).ok_or_else(|| {
        let comment = "Query/Retrieve Level is missing or none of the model";
        refused(comment, Some(tags::QUERY_RETRIEVE_LEVEL))
    })
}

fn of_level(model: &QueryModel, level: Level) -> Option<&QueryLevel> {
    model
        .levels
        .iter()
        .find(|row| row.level.eq_ignore_ascii_case(level.name()))
}

/// A unique key of the levels above that has not one value.
fn missing(identifier: &DataSet, above: &[Tag]) -> Option<Tag> {
    let is_missing = |tag: &&Tag| levels::values(identifier, **tag).len() != 1;
    above.iter().find(is_missing).copied()
}

fn is_relational(behavior: &Behavior, model: Option<&QueryModel>) -> bool {
    let said = model.and_then(|model| model.relational_unasked.value);
    said.unwrap_or(behavior.lenient)
}

/// Keys of a level, as the document tells of them.
struct Keys<'a> {
    level: Option<&'a QueryLevel>,
    above: &'a [Tag],
    unique: Option<Tag>,
    lenient: bool,
}

impl Keys<'_> {
    fn described(&self, tag: Tag) -> Option<&QueryKeys> {
        let groups = self.level?.keys.iter();
        groups
            .into_iter()
            .find(|group| group.attributes.contains(tag))
    }

    fn rule(&self, tag: Tag) -> Rule {
        match self.described(tag) {
            Some(keys) => Rule::of(keys),
            // Queries go by the unique keys of the levels above, whether they are described or not.
            None if self.lenient || self.is_unique(tag) => Rule::everything(),
            None => Rule::default(),
        }
    }

    fn is_unique(&self, tag: Tag) -> bool {
        self.unique == Some(tag) || self.above.contains(&tag)
    }

    fn returned(&self, tag: Tag) -> Returned {
        match self.described(tag).map(|keys| keys.returned) {
            Some(Returned::Unknown) | None if self.lenient || self.is_unique(tag) => Returned::Yes,
            Some(Returned::Unknown) | None => Returned::No,
            Some(returned) => returned,
        }
    }
}

fn answer(
    behavior: &Behavior,
    keys: &Keys<'_>,
    level: Level,
    asked: &[Tag],
    identifier: &DataSet,
    found: &DataSet,
) -> DataSet {
    let mut answer = DataSet::with_character_set(found.character_set().clone());
    let terms = found.character_set().defined_terms();
    if !terms.is_empty() {
        answer.put_text(tags::SPECIFIC_CHARACTER_SET, &terms);
    }
    for tag in asked {
        match (keys.returned(*tag), found.get(*tag)) {
            (Returned::Yes, Some(element)) => {
                answer.put(element.clone());
                prune(&mut answer, identifier, *tag);
            }
            (Returned::Yes | Returned::Empty, _) => answer.put_empty(*tag),
            (Returned::No | Returned::Unknown, _) => {}
        }
    }
    if level != Level::Worklist {
        answer.put_text(tags::QUERY_RETRIEVE_LEVEL, level.name());
    }
    in_character_set(behavior, answer)
}

/// Of items, only what was asked for; all of them if nothing was.
fn prune(answer: &mut DataSet, identifier: &DataSet, tag: Tag) {
    let Some(wanted) = identifier
        .items(tag)
        .first()
        .filter(|item| !item.is_empty())
    else {
        return;
    };
    let mut items = answer.items(tag).to_vec();
    for item in &mut items {
        item.retain(|element| wanted.contains(element.tag));
        for element in wanted.elements() {
            if !item.contains(element.tag) {
                item.put_empty(element.tag);
            }
            prune(item, wanted, element.tag);
        }
    }
    if !items.is_empty() {
        answer.put_items(tag, items);
    }
}

/// In a character set of the document, if it knows any.
fn in_character_set(behavior: &Behavior, mut answer: DataSet) -> DataSet {
    let known = behavior.answer_character_sets();
    let ours = answer.character_set().defined_terms();
    let term = if ours.is_empty() { "ISO_IR 6" } else { &ours };
    let fits = |term: &str| known.contains(&term);
    if known.is_empty() || term.split('\\').all(fits) {
        return answer;
    }
    // Nothing beyond ASCII is in every character set.
    let wanted = known
        .iter()
        .find(|term| **term == "ISO_IR 192")
        .or(known.first());
    if let Some(term) = wanted.filter(|term| **term != "ISO_IR 6" || !ours.is_empty()) {
        let bytes = if *term == "ISO_IR 6" { "" } else { term };
        answer.transcode_text(&CharacterSet::from_element(bytes.as_bytes()));
    }
    answer
}
