//! Queries of a de-identified view: keys and answers speak of what the policy shows.
//!
//! Studies are gone through in the order of their pseudonyms. What is certain not to match by what
//! the policy does to UIDs, Patient IDs, dates and codes is passed over; everything else is
//! de-identified and matched as it is shown, so that no answer says anything of an original.

use std::ops::ControlFlow;
use std::sync::Arc;

use sagittal_deid::DUMMIES;
use sagittal_store::index::{
    Column, Condition, Index, IndexQuery, Level, Matching, PatientRow, Pattern, Row, Selection,
    Span, StudyRow,
};

use super::keys::Plan;
use super::run::{Output, too_large};
use super::{answer, header, json};
use crate::deidentified::{Dates, Lens, Seen, Shown, patient_state};
use crate::{Archive, Error, Result};

/// Headers that one query may have de-identified.
const MOST_HEADERS: u64 = 200_000;
/// Headers that are tried until one of a study or series can be shown.
const MOST_TRIED: usize = 64;
/// Patients that a query at their level can have.
const MOST_PATIENTS: usize = 1_000_000;

/// Runs a query of a view.
pub(super) fn run(archive: &Archive, lens: &Lens, plan: &Plan, out: &mut Output) -> Result<()> {
    if plan.none {
        return Ok(());
    }
    let index = &**archive.index();
    let mut search = Search {
        archive,
        index,
        lens,
        plan,
        pushed: pushed(lens, plan),
        headers: 0,
    };
    let found = match plan.index.level {
        Level::Patient => search.patients(out),
        _ => search.studies(out),
    };
    let _ = out.flush();
    found
}

/// How many answers there are, if that can be told without looking at all of them.
pub(super) fn count(index: &dyn Index, plan: &Plan) -> Result<Option<u64>> {
    let is_open = plan.index.conditions.is_empty()
        && plan.header.is_empty()
        && plan.counts.is_empty()
        && plan.index.only_studies.is_none();
    match (plan.none, is_open) {
        (true, _) => Ok(Some(0)),
        (false, true) => Ok(Some(index.count(&plan.index)?)),
        (false, false) => Ok(None),
    }
}

struct Search<'a> {
    archive: &'a Archive,
    index: &'a dyn Index,
    lens: &'a Lens,
    plan: &'a Plan,
    /// Conditions on the originals that everything fulfils which matches as it is shown.
    pushed: Vec<Condition>,
    headers: u64,
}

impl Search<'_> {
    fn studies(&mut self, out: &mut Output) -> Result<()> {
        let (index, lens) = (self.index, self.lens);
        // A Patient ID that the view tells apart says which studies can match.
        let told_apart = lens.shows.patient_id != Shown::Otherwise;
        let studies = match (
            self.asked(Column::StudyInstanceUid),
            self.asked(Column::PatientId),
        ) {
            (Some(uids), _) => lens.studies.by_uid(index, lens, &uids)?.into(),
            (None, Some(ids)) if told_apart && ids.iter().all(|id| !id.trim().is_empty()) => {
                lens.studies.of_patients(index, lens, &ids)?.into()
            }
            _ => lens.studies.all(index, lens)?,
        };
        let only = self.plan.index.only_studies.as_ref();
        for study in studies.iter() {
            let original = String::from(study.original.clone());
            if only.is_some_and(|only| !only.contains(&original)) {
                continue;
            }
            let query = IndexQuery {
                conditions: self.conditions_in(&original),
                ..IndexQuery::all(self.plan.index.level)
            };
            if self.rows(&query, None, out)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What is asked of a column, if it is one of several texts without wildcards.
    fn asked(&self, column: Column) -> Option<Vec<String>> {
        let mut conditions = self.plan.index.conditions.iter();
        let condition = conditions.find(|condition| condition.column == column)?;
        let Matching::Texts(patterns) = &condition.matching else {
            return None;
        };
        let literal = |pattern: &Pattern| (!pattern.wildcard).then(|| pattern.text.clone());
        patterns.iter().map(literal).collect()
    }

    fn conditions_in(&self, study: &str) -> Vec<Condition> {
        let mut conditions = self.pushed.clone();
        conditions.push(Condition {
            column: Column::StudyInstanceUid,
            matching: Matching::Texts(vec![Pattern::literal(study)]),
        });
        conditions
    }

    fn patients(&mut self, out: &mut Output) -> Result<()> {
        let mut patients: Vec<(blake3::Hash, Arc<PatientRow>)> = Vec::new();
        let (index, lens) = (self.index, self.lens);
        let query = IndexQuery {
            conditions: self.pushed.clone(),
            ..IndexQuery::all(Level::Patient)
        };
        index.find(&query, &mut |row| {
            if let Row::Patient(patient) = row {
                // In an order that says nothing about the originals.
                let key = lens.hash(format!("{} {}", patient.patient_id, patient.id).as_bytes());
                patients.push((blake3::Hash::from_bytes(key), patient));
            }
            match patients.len() < MOST_PATIENTS {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        if patients.len() >= MOST_PATIENTS {
            return Err(Error::TooLarge {
                what: "patients of a de-identified view",
                limit: MOST_PATIENTS as u64,
            });
        }
        patients.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
        for (_, patient) in patients {
            if self.row(Row::Patient(patient), out)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn rows(
        &mut self,
        query: &IndexQuery,
        patient: Option<i64>,
        out: &mut Output,
    ) -> Result<ControlFlow<()>> {
        let index = self.index;
        let mut result = Ok(ControlFlow::Continue(()));
        index.find(query, &mut |row| {
            let is_of = |study: &StudyRow| patient.is_none_or(|patient| study.patient == patient);
            if !row.study().is_none_or(is_of) {
                return ControlFlow::Continue(());
            }
            result = self.row(row, out);
            match result {
                Ok(flow) => flow,
                Err(_) => ControlFlow::Break(()),
            }
        })?;
        result
    }

    /// One row of the query's level: an answer, if it matches as it is shown.
    fn row(&mut self, row: Row, out: &mut Output) -> Result<ControlFlow<()>> {
        let go_on = Ok(ControlFlow::Continue(()));
        if !self.may_match(&row) {
            return go_on;
        }
        let Some(seen) = self.seen(&row)? else {
            return go_on;
        };
        let shown = seen.row(&row);
        let matches = match self.plan.index.lowest() > row.level() || !self.plan.header.is_empty() {
            // Something of what is below must match.
            true if row.level() < Level::Instance => self.matches_below(&row)?,
            _ => self.fulfils(&shown, &seen),
        };
        if !matches || !answer::counts_match(self.index, self.plan, &shown)? {
            return go_on;
        }
        if !out.wants() {
            return Ok(out.skipped());
        }
        let answer = answer::answer(self.index, self.plan, &shown, Some(&seen.header))?;
        Ok(out.put(answer))
    }

    /// Does something below the row fulfil all conditions, as it is shown?
    fn matches_below(&mut self, row: &Row) -> Result<bool> {
        let lowest = match self.plan.header.is_empty() {
            true => self.plan.index.lowest(),
            // An attribute without a column is looked for in a header of each series.
            false => self.plan.index.lowest().max(Level::Series),
        };
        let patient = row.patient().map(|patient| patient.id);
        let conditions = match row {
            Row::Patient(patient) => {
                let mut conditions = self.pushed.clone();
                conditions.push(Condition {
                    column: Column::PatientId,
                    matching: match patient.patient_id.is_empty() {
                        true => Matching::Empty,
                        false => Matching::Texts(vec![Pattern::literal(&patient.patient_id)]),
                    },
                });
                conditions
            }
            _ => {
                let uid = row
                    .study()
                    .map(|study| &study.attributes.study_instance_uid);
                let mut conditions = self.conditions_in(uid.map_or("", String::as_str));
                if let Some(series) = row.series() {
                    let uid = &series.attributes.series_instance_uid;
                    conditions.push(Condition {
                        column: Column::SeriesInstanceUid,
                        matching: Matching::Texts(vec![Pattern::literal(uid)]),
                    });
                }
                conditions
            }
        };
        let query = IndexQuery {
            conditions,
            ..IndexQuery::all(lowest)
        };
        let index = self.index;
        let mut found = Ok(false);
        index.find(&query, &mut |below| {
            let is_of = |study: &StudyRow| patient.is_none_or(|patient| study.patient == patient);
            if below.study().is_some_and(is_of) && self.may_match(&below) {
                found = self
                    .seen(&below)
                    .map(|seen| seen.is_some_and(|seen| self.fulfils(&seen.row(&below), &seen)));
            }
            match found {
                Ok(false) => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        })?;
        found
    }

    /// Do the UIDs allow it? Derived forward, without looking at the header.
    fn may_match(&self, row: &Row) -> bool {
        self.plan.index.conditions.iter().all(|condition| {
            let uid = match (condition.column, row.series(), row.instance()) {
                (Column::SeriesInstanceUid, Some(series), _) => {
                    &series.attributes.series_instance_uid
                }
                (Column::SopInstanceUid, _, Some(instance)) => {
                    &instance.attributes.sop_instance_uid
                }
                _ => return true,
            };
            condition.matching.matches(self.lens.uid(uid).as_str())
        })
    }

    fn fulfils(&self, shown: &Row, seen: &Seen) -> bool {
        let level = shown.level();
        let mut conditions = self.plan.index.conditions.iter();
        let columns = conditions.all(|condition| {
            let of = condition.column.entry().level;
            of > level
                || match (of, shown) {
                    (Level::Patient, Row::Patient(patient)) => patient.fulfils(condition),
                    (Level::Patient | Level::Study, _) => {
                        shown.study().is_some_and(|study| study.fulfils(condition))
                    }
                    (Level::Series, _) => shown
                        .series()
                        .is_some_and(|series| series.fulfils(condition)),
                    (Level::Instance, _) => {
                        let instance = shown.instance();
                        instance.is_some_and(|instance| instance.fulfils(condition))
                    }
                }
        });
        columns && header::fulfils(&seen.header, &self.plan.header)
    }

    /// The header of a row as it is shown.
    fn seen(&mut self, row: &Row) -> Result<Option<Arc<Seen>>> {
        self.headers += 1;
        if self.headers > MOST_HEADERS {
            return Err(too_large(MOST_HEADERS));
        }
        let index = self.index;
        let json = match row.instance() {
            Some(instance) => Some(index.header(instance)?),
            None => index.sample(row)?,
        };
        let Some(json) = json else {
            return Ok(None);
        };
        if let Some(seen) = self.look(row, &json)? {
            return Ok(Some(seen));
        }
        // It is withheld; others of the same study or series need not be.
        let mut others = Selection::default();
        match (row.study(), row.series(), row.instance()) {
            (Some(study), series, None) => {
                let uid = study.attributes.study_instance_uid.clone();
                others.study_instance_uids.push(uid);
                let uid = series.map(|series| series.attributes.series_instance_uid.clone());
                others.series_instance_uids.extend(uid);
            }
            _ => return Ok(None),
        }
        let mut found = Ok(None);
        let mut tried = 0;
        index.headers(&others, &mut |portion, _| {
            for object in json::objects(&portion) {
                found = self.look(row, object);
                tried += 1;
                if !matches!(found, Ok(None)) || tried >= MOST_TRIED {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        found
    }

    /// A header as it is shown, if it is.
    fn look(&self, row: &Row, json: &[u8]) -> Result<Option<Arc<Seen>>> {
        let (index, lens, archive) = (self.index, self.lens, self.archive);
        let study = row.study();
        let patient = match (row.patient(), study) {
            (Some(patient), _) => (patient.id, patient.series),
            (None, Some(study)) => patient_state(index, study)?,
            (None, None) => (0, 0),
        };
        let policy = lens.policy();
        let project = || match (row.patient(), study) {
            (Some(patient), _) => policy.project_of_patient(index, patient),
            (None, Some(study)) => policy.project_knowing(index, study),
            (None, None) => Ok(policy.project.clone()),
        };
        lens.seen(json, patient, project, |study, instance, reason| {
            archive.tell_withheld(lens, study, instance, reason);
        })
    }
}

/// What can be asked of the originals without leaving anything out.
fn pushed(lens: &Lens, plan: &Plan) -> Vec<Condition> {
    let conditions = plan.index.conditions.iter();
    conditions
        .filter_map(|condition| push(lens, condition))
        .collect()
}

fn push(lens: &Lens, condition: &Condition) -> Option<Condition> {
    let shows = &lens.shows;
    match (condition.column, &condition.matching) {
        (Column::StudyDate, Matching::Dates(spans)) => match shows.dates {
            Dates::Kept => Some(condition.clone()),
            Dates::Earlier(range) => {
                // What is shown is earlier than the original.
                let later = |span: &Span| Span {
                    from: span.from.map(|day| day.saturating_add(1)),
                    to: span.to.map(|day| day.saturating_add(i64::from(range))),
                };
                Some(Condition {
                    matching: Matching::Dates(spans.iter().map(later).collect()),
                    ..condition.clone()
                })
            }
            Dates::Otherwise => None,
        },
        (column, Matching::Texts(_) | Matching::Numbers(_)) => {
            let column_shown = match column {
                Column::ModalitiesInStudy => Column::Modality,
                column => column,
            };
            // What takes the place of something else may match as well.
            let is_code = shows.kept.contains(&column_shown)
                && !DUMMIES
                    .iter()
                    .any(|dummy| condition.matching.matches(dummy));
            is_code.then(|| condition.clone())
        }
        _ => None,
    }
}
