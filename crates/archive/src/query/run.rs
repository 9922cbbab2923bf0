//! Running a query: a blocking reader, a bounded channel, a stream.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use futures::StreamExt;
use sagittal_core::{DataSet, tags};
use sagittal_store::index::{Index, Level, Row, Selection};

use super::header::{self, Wanted};
use super::keys::{self, Plan};
use super::{Answers, Query, answer, json, shown};
use crate::handover::{self, Outlet};
use crate::{Archive, Error, Result};

/// Answers handed over at a time, at most; the first portions are smaller.
const PORTION: usize = 256;
/// Portions that wait for their reader.
const AHEAD: usize = 4;
/// Headers that one query may search for attributes without a column.
const MOST_HEADERS: u64 = 1_000_000;

impl Archive {
    /// Starts a query. Sees everything that was acknowledged before the call.
    pub async fn query(&self, query: Query) -> Result<Answers> {
        let mut plan = keys::plan(&query)?;
        self.wait_indexed().await?;
        let taken = query.limit.map(|limit| limit.saturating_add(query.offset));
        plan.index.expected = taken;
        let unsupported = plan.unsupported.clone();
        let (outlet, portions) = handover::channel(AHEAD);
        let index = Arc::clone(self.index());
        let out = Output {
            outlet: outlet.clone(),
            ready: Vec::new(),
            portion: 8,
            skip: query.offset,
            left: query.limit.unwrap_or(u64::MAX),
        };
        let archive = self.clone();
        let (lens, looking) = (self.lens().cloned(), self.clone());
        tokio::spawn(async move {
            let ran = archive.blocking(move || match lens {
                None => run(&*index, &plan, out),
                Some(lens) => shown::run(&looking, &lens, &plan, &mut { out }),
            });
            let ran = ran.await;
            outlet.end(ran).await;
        });
        let answers = portions.flat_map(|portion| {
            let answers: Vec<Result<DataSet>> = match portion {
                Ok(answers) => Vec::into_iter(answers).map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            futures::stream::iter(answers)
        });
        Ok(Answers {
            answers: answers.boxed(),
            unsupported,
        })
    }

    /// How many answers the query has without limit and offset; `None` if that is not known before
    /// all of them were looked at, as in a view.
    pub async fn count(&self, query: Query) -> Result<Option<u64>> {
        let plan = keys::plan(&query)?;
        self.wait_indexed().await?;
        let index = Arc::clone(self.index());
        let is_view = self.lens().is_some();
        self.blocking(move || {
            if is_view {
                return shown::count(&*index, &plan);
            }
            if plan.none {
                return Ok(Some(0));
            }
            if plan.header.is_empty() && plan.counts.is_empty() {
                return Ok(Some(index.count(&plan.index)?));
            }
            let mut count = 0;
            let mut search = Search::new(&*index, &plan);
            search.rows(&mut |_, _| {
                count += 1;
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(Some(count))
        })
        .await
    }
}

fn run(index: &dyn Index, plan: &Plan, mut out: Output) -> Result<()> {
    let mut search = Search::new(index, plan);
    let searched = search.rows(&mut |row, header| {
        if !out.wants() {
            return Ok(out.skipped());
        }
        Ok(out.put(answer::answer(index, plan, row, header)?))
    });
    let _ = out.flush();
    searched
}

/// Where answers go.
pub(super) struct Output {
    outlet: Outlet<Vec<DataSet>>,
    ready: Vec<DataSet>,
    portion: usize,
    skip: u64,
    left: u64,
}

impl Output {
    /// Is the next one to be handed over, and not left out?
    pub(super) fn wants(&self) -> bool {
        self.skip == 0 && self.left > 0
    }

    pub(super) fn skipped(&mut self) -> ControlFlow<()> {
        self.skip = self.skip.saturating_sub(1);
        match self.left {
            0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    pub(super) fn put(&mut self, answer: DataSet) -> ControlFlow<()> {
        self.ready.push(answer);
        self.left -= 1;
        if self.left == 0 {
            return ControlFlow::Break(());
        }
        if self.ready.len() >= self.portion {
            self.portion = (self.portion * 2).min(PORTION);
            return self.flush();
        }
        ControlFlow::Continue(())
    }

    pub(super) fn flush(&mut self) -> ControlFlow<()> {
        if self.ready.is_empty() {
            return ControlFlow::Continue(());
        }
        let ready = std::mem::take(&mut self.ready);
        self.outlet.send(Ok(ready))
    }
}

/// What is done with a row that matches, and the header of an instance of it if one was needed.
type Take<'a> = &'a mut dyn FnMut(&Row, Option<&DataSet>) -> Result<ControlFlow<()>>;

/// A query at work: rows of the index, and headers where the plan needs them.
struct Search<'a> {
    index: &'a dyn Index,
    plan: &'a Plan,
    wanted: Wanted,
    headers: u64,
    /// Instances of one series that wait for their headers.
    waiting: Vec<Row>,
}

impl<'a> Search<'a> {
    fn new(index: &'a dyn Index, plan: &'a Plan) -> Search<'a> {
        Search {
            index,
            plan,
            wanted: Wanted::of(plan),
            headers: 0,
            waiting: Vec::new(),
        }
    }

    /// Every row that matches, in order.
    fn rows(&mut self, take: Take<'_>) -> Result<()> {
        let (index, plan) = (self.index, self.plan);
        if plan.none {
            return Ok(());
        }
        let mut result = Ok(ControlFlow::Continue(()));
        index.find(&plan.index, &mut |row| {
            result = self.row(row, take);
            match result {
                Ok(flow) => flow,
                Err(_) => ControlFlow::Break(()),
            }
        })?;
        if result?.is_continue() {
            let _ = self.waiting_rows(take)?;
        }
        Ok(())
    }

    fn row(&mut self, row: Row, take: Take<'_>) -> Result<ControlFlow<()>> {
        if !answer::counts_match(self.index, self.plan, &row)? {
            return Ok(ControlFlow::Continue(()));
        }
        let needed = !self.plan.header.is_empty() || self.plan.returns_headers();
        if !needed {
            return take(&row, None);
        }
        if row.level() == Level::Instance {
            return self.instance(row, take);
        }
        if self.plan.header.is_empty() {
            let header = self.index.sample(&row)?;
            let header = header.map(|json| self.wanted.read(&json)).transpose()?;
            return take(&row, header.as_ref());
        }
        match self.first_match(&row)? {
            Some(header) => take(&row, Some(&header)),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    /// The header of the first instance of a row that fulfils the conditions.
    fn first_match(&mut self, row: &Row) -> Result<Option<DataSet>> {
        let mut found = Ok(None);
        for selection in self.selections(row)? {
            let (index, plan) = (self.index, self.plan);
            index.headers(&selection, &mut |portion, count| {
                self.headers += count;
                if self.headers > MOST_HEADERS {
                    found = Err(too_large(MOST_HEADERS));
                    return ControlFlow::Break(());
                }
                for object in json::objects(&portion) {
                    match self.wanted.read(object) {
                        Ok(header) if header::fulfils(&header, &plan.header) => {
                            found = Ok(Some(header));
                            return ControlFlow::Break(());
                        }
                        Ok(_) => {}
                        Err(error) => {
                            found = Err(error);
                            return ControlFlow::Break(());
                        }
                    }
                }
                ControlFlow::Continue(())
            })?;
            if !matches!(found, Ok(None)) {
                break;
            }
        }
        found
    }

    /// The instances below a row, as selections of the index.
    fn selections(&self, row: &Row) -> Result<Vec<Selection>> {
        let mut selection = Selection::default();
        if let Row::Patient(patient) = row {
            let mut studies = Vec::new();
            let query = sagittal_store::index::IndexQuery::all(Level::Study);
            let of_patient = Selection {
                patient_ids: vec![patient.patient_id.clone()],
                ..Selection::default()
            };
            let query = match patient.patient_id.is_empty() {
                true => query,
                false => of_patient.query(Level::Study),
            };
            self.index.find(&query, &mut |found| {
                if let Some(study) = found.study().filter(|s| s.patient == patient.id) {
                    studies.push(study.attributes.study_instance_uid.clone());
                }
                ControlFlow::Continue(())
            })?;
            let each = studies.into_iter().map(|uid| Selection {
                study_instance_uids: vec![uid],
                ..Selection::default()
            });
            return Ok(each.collect());
        }
        if let Some(study) = row.study() {
            let uid = study.attributes.study_instance_uid.clone();
            selection.study_instance_uids.push(uid);
        }
        if let Some(series) = row.series() {
            let uid = series.attributes.series_instance_uid.clone();
            selection.series_instance_uids.push(uid);
        }
        Ok(vec![selection])
    }

    /// Instances are looked up a series at a time: their headers lie together.
    fn instance(&mut self, row: Row, take: Take<'_>) -> Result<ControlFlow<()>> {
        let series = |row: &Row| row.series().map(|series| series.id);
        let other = self
            .waiting
            .first()
            .is_some_and(|first| series(first) != series(&row));
        let mut flow = ControlFlow::Continue(());
        if other || self.waiting.len() >= PORTION {
            flow = self.waiting_rows(take)?;
        }
        self.waiting.push(row);
        Ok(flow)
    }

    fn waiting_rows(&mut self, take: Take<'_>) -> Result<ControlFlow<()>> {
        let rows = std::mem::take(&mut self.waiting);
        let Some(first) = rows.first() else {
            return Ok(ControlFlow::Continue(()));
        };
        self.headers += rows.len() as u64;
        if !self.plan.header.is_empty() && self.headers > MOST_HEADERS {
            return Err(too_large(MOST_HEADERS));
        }
        let mut headers = self.headers_of(first, &rows)?;
        for row in &rows {
            let Some(instance) = row.instance() else {
                continue;
            };
            // Hidden ones share their UID with another and are looked up one by one.
            let header = match headers.remove(&instance.attributes.sop_instance_uid) {
                Some(header) if !instance.hidden => Some(header),
                _ => match self.index.sample(row)? {
                    Some(json) => Some(self.wanted.read(&json)?),
                    None => None,
                },
            };
            let matches = header
                .as_ref()
                .is_some_and(|header| header::fulfils(header, &self.plan.header));
            if (matches || self.plan.header.is_empty()) && take(row, header.as_ref())?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The headers of instances of one series, by SOP Instance UID.
    fn headers_of(&self, first: &Row, rows: &[Row]) -> Result<HashMap<String, DataSet>> {
        let mut selections = self.selections(first)?;
        let shown = rows.iter().filter_map(Row::instance).filter(|i| !i.hidden);
        let uids: Vec<String> = shown
            .map(|instance| instance.attributes.sop_instance_uid.clone())
            .collect();
        let mut headers = HashMap::with_capacity(uids.len());
        let Some(mut selection) = selections.pop().filter(|_| !uids.is_empty()) else {
            return Ok(headers);
        };
        selection.sop_instance_uids = uids;
        let mut failed = None;
        self.index.headers(&selection, &mut |portion, _| {
            for object in json::objects(&portion) {
                match self.wanted.read(object) {
                    Ok(header) => {
                        if let Some(uid) = header.first_text(tags::SOP_INSTANCE_UID) {
                            headers.insert(uid, header);
                        }
                    }
                    Err(error) => {
                        failed = Some(error);
                        return ControlFlow::Break(());
                    }
                }
            }
            ControlFlow::Continue(())
        })?;
        failed.map_or(Ok(headers), Err)
    }
}

pub(super) fn too_large(limit: u64) -> Error {
    Error::TooLarge {
        what: "headers to be searched for attributes that are not indexed",
        limit,
    }
}
