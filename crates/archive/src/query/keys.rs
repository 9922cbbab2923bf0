//! From the data set of keys to what the index is asked, what headers are searched for, and what
//! is returned.

use sagittal_core::{DataSet, Element, Tag, TagPath, Value, Vr, dictionary, tags};
use sagittal_store::index::{COLUMNS, Column, Condition, IndexQuery, Kind, Level, Matching};

use super::Query;
use super::value::{self, Asked};
use crate::{Error, Result};

/// A query, understood.
pub(super) struct Plan {
    /// What the index is asked.
    pub(super) index: IndexQuery,
    /// What must be found in the header of one instance besides.
    pub(super) header: Vec<HeaderCondition>,
    /// Numbers of related entities that must match.
    pub(super) counts: Vec<(Count, Matching)>,
    /// A condition that nothing here fulfils.
    pub(super) none: bool,
    /// What an answer has in it, ascending.
    pub(super) returned: Vec<Returned>,
    /// Keys that cannot be matched.
    pub(super) unsupported: Vec<Tag>,
    /// Everything that is known is returned.
    pub(super) all: bool,
}

/// An attribute, in sequences perhaps, and what its value must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HeaderCondition {
    /// The attribute of the root.
    pub(super) tag: Tag,
    /// Creator of the private block the tag is in, as the keys name it.
    pub(super) creator: Option<String>,
    /// What must hold.
    pub(super) test: Test,
}

/// What must hold of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// Its value matches.
    Value(Matching),
    /// One of its items fulfils all of these.
    Item(Vec<HeaderCondition>),
}

/// An attribute of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Returned {
    /// Which.
    pub(super) tag: Tag,
    /// How it is written.
    pub(super) vr: Vr,
    /// Where it comes from.
    pub(super) from: Origin,
}

/// Where an attribute of an answer comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Origin {
    /// A column.
    Column(Column),
    /// A number that the index keeps.
    Count(Count),
    /// Instance Availability (0008,0056).
    Availability,
    /// Request Attributes Sequence (0040,0275) with the two attributes that have columns.
    RequestAttributes,
    /// The private creator that the keys name.
    Creator(String),
    /// The header of an instance: what of the items of a sequence is wanted (all if empty), and
    /// the creator of a private attribute.
    Header {
        items: Vec<Tag>,
        creator: Option<String>,
    },
    /// Nowhere: returned empty.
    Nothing,
}

/// Numbers of related entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the attributes' keywords
pub(super) enum Count {
    PatientRelatedStudies,
    PatientRelatedSeries,
    PatientRelatedInstances,
    StudyRelatedSeries,
    StudyRelatedInstances,
    SeriesRelatedInstances,
}

/// Numbers of related entities, with the level from which on they are known.
pub(super) const COUNTS: &[(Tag, Count, Level)] = &[
    (
        tags::NUMBER_OF_PATIENT_RELATED_STUDIES,
        Count::PatientRelatedStudies,
        Level::Patient,
    ),
    (
        tags::NUMBER_OF_PATIENT_RELATED_SERIES,
        Count::PatientRelatedSeries,
        Level::Patient,
    ),
    (
        tags::NUMBER_OF_PATIENT_RELATED_INSTANCES,
        Count::PatientRelatedInstances,
        Level::Patient,
    ),
    (
        tags::NUMBER_OF_STUDY_RELATED_SERIES,
        Count::StudyRelatedSeries,
        Level::Study,
    ),
    (
        tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
        Count::StudyRelatedInstances,
        Level::Study,
    ),
    (
        tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
        Count::SeriesRelatedInstances,
        Level::Series,
    ),
];

/// Instance Availability (0008,0056) of all that is kept (PS3.4 §C.4.1.1.3.2).
pub(super) const AVAILABILITY: &str = "ONLINE";

/// Keys of the protocol and not of the instances: the adapter's.
const OF_THE_ADAPTER: &[Tag] = &[
    tags::SPECIFIC_CHARACTER_SET,
    tags::QUERY_RETRIEVE_LEVEL,
    tags::RETRIEVE_AE_TITLE,
    tags::RETRIEVE_URL,
    tags::QUERY_RETRIEVE_VIEW,
];

/// The column of a root attribute.
pub(super) fn column(tag: Tag) -> Option<Column> {
    let entry = COLUMNS.iter().find(|entry| entry.tag == tag)?;
    // These two are attributes of items.
    let nested = matches!(
        entry.column,
        Column::ScheduledProcedureStepId | Column::RequestedProcedureId
    );
    (!nested).then_some(entry.column)
}

/// Reads the keys.
pub(super) fn plan(query: &Query) -> Result<Plan> {
    let level = query.level.into();
    let mut plan = Plan {
        index: IndexQuery {
            include_hidden: query.include_hidden,
            only_studies: query
                .only_studies
                .as_ref()
                .map(|uids| uids.iter().map(ToString::to_string).collect()),
            ..IndexQuery::all(level)
        },
        header: Vec::new(),
        counts: Vec::new(),
        none: false,
        returned: Vec::new(),
        unsupported: Vec::new(),
        all: query.all_attributes,
    };
    for element in query.keys.elements() {
        let tag = element.tag;
        let of_the_adapter = OF_THE_ADAPTER.contains(&tag) || tag.is_group_length();
        if of_the_adapter || tag.group() <= 2 {
            continue;
        }
        plan.key(query, element)?;
    }
    if query.combined_date_time {
        plan.combine(query);
    }
    plan.add_unique_keys();
    plan.returned.sort_by_key(|returned| returned.tag);
    Ok(plan)
}

impl Plan {
    fn key(&mut self, query: &Query, element: &Element) -> Result<()> {
        let tag = element.tag;
        let path = TagPath::root(tag);
        if tag.is_private_creator() {
            let creator = query.keys.first_text(tag).unwrap_or_default();
            self.give(tag, Vr::LO, Origin::Creator(creator));
            return Ok(());
        }
        if let Value::Sequence(items) = &element.value {
            return self.sequence(query, tag, items.first(), &path);
        }
        let asked = value::asked(query, &query.keys, element, &path)?;
        if let Some((_, count, from)) = COUNTS.iter().find(|(counted, ..)| *counted == tag) {
            let known = self.index.level >= *from;
            match asked {
                Asked::Anything => {}
                Asked::Match(matching) if known => self.counts.push((*count, matching)),
                Asked::Match(_) | Asked::Unsupported => self.unsupported.push(tag),
            }
            let origin = if known {
                Origin::Count(*count)
            } else {
                Origin::Nothing
            };
            self.give(tag, Vr::IS, origin);
            return Ok(());
        }
        if tag == tags::INSTANCE_AVAILABILITY {
            match asked {
                Asked::Anything => {}
                Asked::Match(matching) => self.none |= !matching.matches(AVAILABILITY),
                Asked::Unsupported => self.unsupported.push(tag),
            }
            self.give(tag, Vr::CS, Origin::Availability);
            return Ok(());
        }
        match column(tag) {
            Some(column) => self.column(column, asked),
            None => self.uncolumned(query, element, asked),
        }
        Ok(())
    }

    fn give(&mut self, tag: Tag, vr: Vr, from: Origin) {
        if !self.returned.iter().any(|returned| returned.tag == tag) {
            self.returned.push(Returned { tag, vr, from });
        }
    }

    fn column(&mut self, column: Column, asked: Asked) {
        let entry = column.entry();
        match asked {
            Asked::Anything => {}
            Asked::Match(matching) if suits(entry.kind, &matching) => {
                self.index.conditions.push(Condition { column, matching });
            }
            Asked::Match(_) | Asked::Unsupported => self.unsupported.push(entry.tag),
        }
        let known = entry.level <= self.index.level;
        let origin = if known {
            Origin::Column(column)
        } else {
            Origin::Nothing
        };
        self.give(entry.tag, dictionary::vr(entry.tag), origin);
    }

    fn uncolumned(&mut self, query: &Query, element: &Element, asked: Asked) {
        let tag = element.tag;
        let creator = query.keys.private_creator(tag).map(|c| c.trim().to_owned());
        match asked {
            Asked::Anything => {}
            Asked::Match(matching) => self.header.push(HeaderCondition {
                tag,
                creator: creator.clone(),
                test: Test::Value(matching),
            }),
            Asked::Unsupported => self.unsupported.push(tag),
        }
        let origin = Origin::Header {
            items: Vec::new(),
            creator,
        };
        self.give(tag, element.vr, origin);
    }

    fn sequence(
        &mut self,
        query: &Query,
        tag: Tag,
        item: Option<&DataSet>,
        path: &TagPath,
    ) -> Result<()> {
        let empty = DataSet::new();
        let item = item.unwrap_or(&empty);
        let elements = item.elements().iter();
        let wanted: Vec<Tag> = elements
            .map(|element| element.tag)
            .filter(|tag| *tag != tags::SPECIFIC_CHARACTER_SET)
            .collect();
        let requested = |tag: &Tag| {
            matches!(
                *tag,
                tags::SCHEDULED_PROCEDURE_STEP_ID | tags::REQUESTED_PROCEDURE_ID
            )
        };
        if tag == tags::REQUEST_ATTRIBUTES_SEQUENCE && wanted.iter().all(requested) {
            return self.request_attributes(query, item, &wanted, path);
        }
        let creator = query.keys.private_creator(tag).map(|c| c.trim().to_owned());
        let conditions = self.item_conditions(query, item, &path.item(0), tag)?;
        if !conditions.is_empty() {
            self.header.push(HeaderCondition {
                tag,
                creator: creator.clone(),
                test: Test::Item(conditions),
            });
        }
        let origin = Origin::Header {
            items: wanted,
            creator,
        };
        self.give(tag, Vr::SQ, origin);
        Ok(())
    }

    fn request_attributes(
        &mut self,
        query: &Query,
        item: &DataSet,
        wanted: &[Tag],
        path: &TagPath,
    ) -> Result<()> {
        for element in item.elements() {
            let column = match element.tag {
                tags::SCHEDULED_PROCEDURE_STEP_ID => Column::ScheduledProcedureStepId,
                tags::REQUESTED_PROCEDURE_ID => Column::RequestedProcedureId,
                _ => continue,
            };
            let path = path.item(0).element(element.tag);
            match value::asked(query, item, element, &path)? {
                Asked::Anything => {}
                Asked::Match(matching) => {
                    self.index.conditions.push(Condition { column, matching });
                }
                Asked::Unsupported => self.unsupported.push(element.tag),
            }
        }
        let origin = match self.index.level >= Level::Series {
            true if wanted.is_empty() => Origin::Header {
                items: Vec::new(),
                creator: None,
            },
            true => Origin::RequestAttributes,
            false => Origin::Nothing,
        };
        self.give(tags::REQUEST_ATTRIBUTES_SEQUENCE, Vr::SQ, origin);
        Ok(())
    }

    fn item_conditions(
        &mut self,
        query: &Query,
        item: &DataSet,
        path: &TagPath,
        root: Tag,
    ) -> Result<Vec<HeaderCondition>> {
        if path.0.len() > 64 {
            return Err(Error::BadKey {
                path: path.clone(),
                reason: "more than 32 nested sequences".to_owned(),
            });
        }
        let mut conditions = Vec::new();
        for element in item.elements() {
            let tag = element.tag;
            if tag == tags::SPECIFIC_CHARACTER_SET || tag.is_private_creator() {
                continue;
            }
            let creator = item.private_creator(tag).map(|c| c.trim().to_owned());
            let path = path.element(tag);
            let test = match &element.value {
                Value::Sequence(items) => {
                    let empty = DataSet::new();
                    let first = items.first().unwrap_or(&empty);
                    let inner = self.item_conditions(query, first, &path.item(0), root)?;
                    (!inner.is_empty()).then_some(Test::Item(inner))
                }
                _ => match value::asked(query, item, element, &path)? {
                    Asked::Anything => None,
                    Asked::Match(matching) => Some(Test::Value(matching)),
                    Asked::Unsupported => {
                        if !self.unsupported.contains(&root) {
                            self.unsupported.push(root);
                        }
                        None
                    }
                },
            };
            conditions.extend(test.map(|test| HeaderCondition { tag, creator, test }));
        }
        Ok(conditions)
    }

    /// Dates and their times become moments where both are asked for.
    fn combine(&mut self, query: &Query) {
        for date in COLUMNS.iter().map(|entry| entry.column) {
            let Some(time) = date.paired_time() else {
                continue;
            };
            let of = |column: Column| query.keys.first_text(column.entry().tag);
            let asked = |column: Column| self.index.conditions.iter().any(|c| c.column == column);
            if !asked(date) || !asked(time) {
                continue;
            }
            let (Some(dates), Some(times)) = (of(date), of(time)) else {
                continue;
            };
            if let Some(matching) = value::combined(&dates, &times) {
                let conditions = &mut self.index.conditions;
                conditions.retain(|c| c.column != date && c.column != time);
                conditions.push(Condition {
                    column: date,
                    matching,
                });
            }
        }
    }

    fn add_unique_keys(&mut self) {
        let level = self.index.level;
        for (column, of) in [
            (Column::PatientId, Level::Patient),
            (Column::StudyInstanceUid, Level::Study),
            (Column::SeriesInstanceUid, Level::Series),
            (Column::SopInstanceUid, Level::Instance),
        ] {
            if of == level || (of < level && of > Level::Patient) {
                let tag = column.entry().tag;
                self.give(tag, dictionary::vr(tag), Origin::Column(column));
            }
        }
    }

    /// Something of an answer is only in the header.
    pub(super) fn returns_headers(&self) -> bool {
        let mut returned = self.returned.iter();
        self.all || returned.any(|returned| matches!(returned.from, Origin::Header { .. }))
    }
}

/// The VR of a key may be wrong: then a column cannot match what was read from it.
fn suits(kind: Kind, matching: &Matching) -> bool {
    match matching {
        Matching::Empty => true,
        Matching::Texts(_) => matches!(kind, Kind::Text | Kind::Texts | Kind::Uid),
        Matching::Names(_) | Matching::Sounds(_) => kind == Kind::Name,
        Matching::Numbers(_) => kind == Kind::Number,
        Matching::Dates(_) => kind == Kind::Date,
        Matching::Times(_) => kind == Kind::Time,
        Matching::Moments(_) => false,
    }
}

impl From<super::Level> for Level {
    fn from(level: super::Level) -> Level {
        match level {
            super::Level::Patient => Level::Patient,
            super::Level::Study => Level::Study,
            super::Level::Series => Level::Series,
            super::Level::Instance => Level::Instance,
        }
    }
}
