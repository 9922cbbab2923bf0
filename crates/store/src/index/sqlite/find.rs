//! Queries: studies in order, and series and instances below them.
//!
//! Rows are read in portions, and answers handed on between them, so that no statement (and with
//! it no old state of the database) stays open while a peer reads slowly.

use std::ops::ControlFlow;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::narrow;
use super::pool::{Reader, Readers};
use super::read::{self, Terms};
use super::sql::{self, Filter};
use crate::Result;
use crate::index::query::{IndexQuery, Level};
use crate::index::row::{InstanceRow, PatientRow, Row, SeriesRow, StudyRow};

/// Rows of one portion, at most.
const PORTION: usize = 512;

/// Answers a query.
pub fn find(
    readers: &Readers,
    terms: &Terms,
    query: &IndexQuery,
    sink: &mut dyn FnMut(Row) -> ControlFlow<()>,
) -> Result<()> {
    let mut finder = Finder::new(readers, terms, query, sink);
    let flow = match query.level {
        Level::Patient => finder.patients()?,
        _ => finder.studies()?,
    };
    if flow.is_continue() {
        let _ = finder.flush();
    }
    Ok(())
}

/// Counts answers: in SQL where SQL can say all.
pub fn count(readers: &Readers, terms: &Terms, query: &IndexQuery) -> Result<u64> {
    if let Some((mut sql, mut parameters)) = count_in_sql(query) {
        let reader = readers.get()?;
        if query.level > Level::Patient
            && !query.conditions.is_empty()
            && let Some(studies) = narrow::few(&reader, query)?
        {
            let (select, list) = narrow::listed(&studies);
            sql.push_str(&format!(" AND t.id IN ({select})"));
            parameters.push(list);
        }
        let count: i64 = reader
            .prepare_cached(&sql)?
            .query_row(params_from_iter(parameters), |row| row.get(0))?;
        return Ok(u64::try_from(count).unwrap_or(0));
    }
    let mut count = 0;
    find(readers, terms, query, &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

fn count_in_sql(query: &IndexQuery) -> Option<(String, Vec<Value>)> {
    if query.lowest() > query.level {
        return None;
    }
    if query.level == Level::Patient {
        let filter = sql::filter(query, Level::Patient);
        return (filter.exact && query.only_studies.is_none()).then(|| {
            let sql = format!("SELECT COUNT(*) FROM patient p WHERE 1{}", filter.sql);
            (sql, filter.parameters)
        });
    }
    let mut exact = true;
    let mut parameters = Vec::new();
    let mut wheres = String::new();
    for level in [Level::Study, Level::Series, Level::Instance] {
        if level <= query.level {
            let filter = sql::filter(query, level);
            exact &= filter.exact;
            wheres.push_str(&filter.sql);
            parameters.extend(filter.parameters);
        }
    }
    let (first, last) = sql::newest_range(query);
    let tables = match query.level {
        Level::Series => "study t JOIN series s ON s.study = t.id",
        Level::Instance => {
            "study t JOIN series s ON s.study = t.id JOIN instance i ON i.series = s.id"
        }
        _ => "study t",
    };
    if (first, last) != (i64::MIN, i64::MAX) {
        wheres.push_str(" AND t.newest BETWEEN ? AND ?");
        parameters.extend([Value::Integer(first), Value::Integer(last)]);
    }
    let sums = query.conditions.is_empty() && query.only_studies.is_none();
    let sql = match query.level {
        Level::Study if sums && !query.include_hidden => {
            "SELECT COUNT(*) FROM study t INDEXED BY study_shown WHERE t.instances > 0".to_owned()
        }
        // Kept up to date: nothing to be counted.
        Level::Series if sums && !query.include_hidden => {
            "SELECT COALESCE(SUM(t.series), 0) FROM study t WHERE t.instances > 0".to_owned()
        }
        Level::Instance if sums && !query.include_hidden => {
            "SELECT COALESCE(SUM(t.instances), 0) FROM study t WHERE t.instances > 0".to_owned()
        }
        _ => format!("SELECT COUNT(*) FROM {tables} WHERE 1{wheres}"),
    };
    if sums && !query.include_hidden {
        parameters.clear();
    }
    exact.then_some((sql, parameters))
}

/// A query at work.
struct Finder<'a> {
    readers: &'a Readers,
    reader: Option<Reader<'a>>,
    terms: &'a Terms,
    query: &'a IndexQuery,
    lowest: Level,
    series_sql: Statement,
    instance_sql: Statement,
    /// SQL says all that there is to say of a study.
    study_exact: bool,
    sink: &'a mut dyn FnMut(Row) -> ControlFlow<()>,
    /// Answers not yet handed on.
    ready: Vec<Row>,
    /// How many make a portion; grows, so that the first ones come soon.
    portion: usize,
}

impl<'a> Finder<'a> {
    fn new(
        readers: &'a Readers,
        terms: &'a Terms,
        query: &'a IndexQuery,
        sink: &'a mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Finder<'a> {
        let first = query.expected.and_then(|n| usize::try_from(n).ok());
        Finder {
            readers,
            reader: None,
            terms,
            query,
            lowest: query.lowest(),
            series_sql: series_sql(&sql::filter(query, Level::Series)),
            instance_sql: instance_sql(&sql::filter(query, Level::Instance)),
            study_exact: sql::filter(query, Level::Study).exact,
            sink,
            ready: Vec::new(),
            portion: first.unwrap_or(16).clamp(1, PORTION),
        }
    }

    fn connection(&mut self) -> Result<&Connection> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => self.readers.get()?,
        };
        Ok(&*self.reader.insert(reader))
    }

    /// Hands on what is ready, with no connection held.
    fn flush(&mut self) -> ControlFlow<()> {
        self.reader = None;
        self.portion = (self.portion * 2).min(PORTION);
        for row in self.ready.drain(..) {
            (self.sink)(row)?;
        }
        ControlFlow::Continue(())
    }

    fn answer(&mut self, row: Row) -> ControlFlow<()> {
        self.ready.push(row);
        if self.ready.len() >= self.portion {
            self.flush()?;
        }
        ControlFlow::Continue(())
    }

    fn studies(&mut self) -> Result<ControlFlow<()>> {
        match self.candidates()? {
            Some((select, parameters)) => self.candidate_studies(&select, parameters),
            None => self.all_studies(),
        }
    }

    /// A SELECT of studies among which all answers are, and which are few.
    fn candidates(&mut self) -> Result<Option<(String, Vec<Value>)>> {
        let query = self.query;
        if let Some(candidates) = sql::candidates(query) {
            return Ok(Some(candidates));
        }
        let few = narrow::few(self.connection()?, query)?;
        Ok(few.map(|studies| {
            let (select, list) = narrow::listed(&studies);
            (select, vec![list])
        }))
    }

    /// Among those that an index gives: few, to be sorted.
    fn candidate_studies(
        &mut self,
        select: &str,
        mut parameters: Vec<Value>,
    ) -> Result<ControlFlow<()>> {
        let filter = sql::filter(self.query, Level::Study);
        let (first, last) = sql::newest_range(self.query);
        let statement = format!(
            "WITH c (study) AS (SELECT DISTINCT * FROM ({select}))
             SELECT t.id FROM c CROSS JOIN study t ON t.id = c.study
             WHERE t.newest BETWEEN {first} AND {last}{} ORDER BY t.newest, t.uid",
            filter.sql
        );
        parameters.extend(filter.parameters);
        let ids: Vec<i64> = self
            .connection()?
            .prepare_cached(&statement)?
            .query_map(params_from_iter(parameters), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for id in ids {
            let study = study_by_id(self.connection()?, id)?;
            // Gone since: not an answer any more.
            let Some(study) = study else { continue };
            if self.study(study)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// All, newest first, as far as the date says.
    fn all_studies(&mut self) -> Result<ControlFlow<()>> {
        let filter = sql::filter(self.query, Level::Study);
        let (first, last) = sql::newest_range(self.query);
        let statement = format!(
            "SELECT {} FROM study t INDEXED BY study_newest
             WHERE (t.newest, t.uid) > (?, ?) AND t.newest <= ?{}
             ORDER BY t.newest, t.uid LIMIT ?",
            read::STUDY,
            filter.sql
        );
        let mut after = (first, String::new());
        loop {
            let limit = self.portion;
            let mut parameters = vec![
                Value::Integer(after.0),
                Value::Text(after.1.clone()),
                Value::Integer(last),
            ];
            parameters.extend(filter.parameters.iter().cloned());
            parameters.push(Value::Integer(limit as i64));
            let studies = {
                let mut statement = self.connection()?.prepare_cached(&statement)?;
                let mut rows = statement.query(params_from_iter(parameters))?;
                let mut studies = Vec::with_capacity(limit);
                while let Some(row) = rows.next()? {
                    after.0 = row.get(23)?;
                    studies.push(read::study(row)?);
                }
                studies
            };
            let Some(study) = studies.last() else {
                return Ok(ControlFlow::Continue(()));
            };
            after.1.clone_from(&study.attributes.study_instance_uid);
            let full = studies.len() == limit;
            for study in studies {
                if self.study(study)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if !full {
                return Ok(ControlFlow::Continue(()));
            }
            // What was found may be few in many: the next portion is larger all the same.
            self.portion = (self.portion * 2).min(PORTION);
        }
    }

    fn fulfils_study(&self, study: &StudyRow) -> bool {
        if self.study_exact {
            return true;
        }
        let query = self.query;
        let mut conditions = query.at(Level::Patient).chain(query.at(Level::Study));
        conditions.all(|condition| study.fulfils(condition))
    }

    fn study(&mut self, study: StudyRow) -> Result<ControlFlow<()>> {
        if !self.fulfils_study(&study) {
            return Ok(ControlFlow::Continue(()));
        }
        if self.query.level == Level::Study {
            // Of series that SQL can judge, the study's own filter has said that there is one.
            let settled = self.lowest == Level::Series && self.series_sql.exact;
            if self.lowest > Level::Study && !settled && !self.has_series(study.id)? {
                return Ok(ControlFlow::Continue(()));
            }
            return Ok(self.answer(Row::Study(Arc::new(study))));
        }
        let study = Arc::new(study);
        for series in self.series_of(study.id)? {
            if self.series(&study, series)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn series_of(&mut self, study: i64) -> Result<Vec<SeriesRow>> {
        let Statement {
            sql,
            parameters,
            exact,
        } = self.series_sql.clone();
        let query = self.query;
        let mut statement = self.connection()?.prepare_cached(&sql)?;
        let bound = std::iter::once(Value::Integer(study)).chain(parameters.iter().cloned());
        let rows = statement.query_map(params_from_iter(bound), read::series)?;
        let mut found = Vec::new();
        for series in rows {
            let series = series?;
            if exact || query.at(Level::Series).all(|c| series.fulfils(c)) {
                found.push(series);
            }
        }
        Ok(found)
    }

    fn has_series(&mut self, study: i64) -> Result<bool> {
        for series in self.series_of(study)? {
            if self.lowest == Level::Series || self.has_instance(series.id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn series(&mut self, study: &Arc<StudyRow>, series: SeriesRow) -> Result<ControlFlow<()>> {
        if self.query.level == Level::Series {
            if self.lowest > Level::Series && !self.has_instance(series.id)? {
                return Ok(ControlFlow::Continue(()));
            }
            return Ok(self.answer(Row::Series(Arc::clone(study), Arc::new(series))));
        }
        let series = Arc::new(series);
        let mut after = (i64::MIN, i64::MIN);
        loop {
            let (instances, full) = self.instances_after(series.id, &mut after, PORTION)?;
            for instance in instances {
                let row = Row::Instance(Arc::clone(study), Arc::clone(&series), Box::new(instance));
                if self.answer(row).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if !full {
                return Ok(ControlFlow::Continue(()));
            }
        }
    }

    fn has_instance(&mut self, series: i64) -> Result<bool> {
        let mut after = (i64::MIN, i64::MIN);
        loop {
            let (instances, full) = self.instances_after(series, &mut after, 16)?;
            if !instances.is_empty() {
                return Ok(true);
            }
            if !full {
                return Ok(false);
            }
        }
    }

    /// The next instances of a series that match, and whether there may be more.
    fn instances_after(
        &mut self,
        series: i64,
        after: &mut (i64, i64),
        limit: usize,
    ) -> Result<(Vec<InstanceRow>, bool)> {
        let Statement {
            sql,
            parameters,
            exact,
        } = self.instance_sql.clone();
        let (query, terms) = (self.query, self.terms);
        let mut bound = vec![
            Value::Integer(series),
            Value::Integer(after.0),
            Value::Integer(after.1),
        ];
        bound.extend(parameters.iter().cloned());
        bound.push(Value::Integer(limit as i64));
        let connection = self.connection()?;
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(bound))?;
        let mut found = Vec::new();
        let mut read = 0;
        while let Some(row) = rows.next()? {
            read += 1;
            *after = (row.get(22)?, row.get(13)?);
            let instance = read::instance(connection, terms, row)?;
            if exact || query.at(Level::Instance).all(|c| instance.fulfils(c)) {
                found.push(instance);
            }
        }
        Ok((found, read == limit))
    }

    fn patients(&mut self) -> Result<ControlFlow<()>> {
        let filter = sql::filter(self.query, Level::Patient);
        let narrow = self.candidates()?;
        let (select, mut candidates) = match &narrow {
            Some((select, parameters)) => (
                format!(" AND p.id IN (SELECT patient FROM study WHERE id IN ({select}))"),
                parameters.clone(),
            ),
            None => (String::new(), Vec::new()),
        };
        let statement = format!(
            "SELECT {} FROM patient p WHERE (p.name_key, p.patient_id, p.id) > (?, ?, ?){}{select}
             ORDER BY p.name_key, p.patient_id, p.id LIMIT ?",
            read::PATIENT,
            filter.sql
        );
        let mut rest = filter.parameters;
        rest.append(&mut candidates);
        let mut after = (String::new(), String::new(), i64::MIN);
        loop {
            let limit = self.portion;
            let mut parameters = vec![
                Value::Text(after.0.clone()),
                Value::Text(after.1.clone()),
                Value::Integer(after.2),
            ];
            parameters.extend(rest.iter().cloned());
            parameters.push(Value::Integer(limit as i64));
            let patients = {
                let mut statement = self.connection()?.prepare_cached(&statement)?;
                let mut rows = statement.query(params_from_iter(parameters))?;
                let mut patients = Vec::new();
                while let Some(row) = rows.next()? {
                    let patient = read::patient(row)?;
                    after = (row.get(9)?, patient.patient_id.clone(), patient.id);
                    patients.push(patient);
                }
                patients
            };
            let full = patients.len() == limit;
            for patient in patients {
                if self.patient(patient)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if !full {
                return Ok(ControlFlow::Continue(()));
            }
            self.portion = (self.portion * 2).min(PORTION);
        }
    }

    fn patient(&mut self, patient: PatientRow) -> Result<ControlFlow<()>> {
        let query = self.query;
        if !query.at(Level::Patient).all(|c| patient.fulfils(c)) {
            return Ok(ControlFlow::Continue(()));
        }
        let below = self.lowest > Level::Patient || query.only_studies.is_some();
        if (below || query.include_hidden) && !self.has_study(patient.id)? {
            return Ok(ControlFlow::Continue(()));
        }
        Ok(self.answer(Row::Patient(Arc::new(patient))))
    }

    /// Has the patient a study that matches, whatever its own copy of the patient's attributes says?
    fn has_study(&mut self, patient: i64) -> Result<bool> {
        let mut query = self.query.clone();
        query
            .conditions
            .retain(|condition| condition.column.entry().level > Level::Patient);
        let filter = sql::filter(&query, Level::Study);
        let statement = format!(
            "SELECT {} FROM study t WHERE t.patient = ?{} ORDER BY t.id",
            read::STUDY,
            filter.sql
        );
        let studies: Vec<StudyRow> = {
            let mut statement = self.connection()?.prepare_cached(&statement)?;
            let bound = std::iter::once(Value::Integer(patient)).chain(filter.parameters);
            let rows = statement.query_map(params_from_iter(bound), read::study)?;
            rows.collect::<rusqlite::Result<_>>()?
        };
        for study in studies {
            if query.at(Level::Study).all(|c| study.fulfils(c))
                && (self.lowest <= Level::Study || self.has_series(study.id)?)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A statement that is run again and again; cheap to clone.
#[derive(Clone)]
struct Statement {
    sql: Arc<str>,
    parameters: Arc<[Value]>,
    exact: bool,
}

impl Statement {
    fn new(sql: String, filter: &Filter) -> Statement {
        Statement {
            sql: sql.into(),
            parameters: filter.parameters.clone().into(),
            exact: filter.exact,
        }
    }
}

fn series_sql(filter: &Filter) -> Statement {
    let sql = format!(
        "SELECT {} FROM series s WHERE s.study = ?{} ORDER BY s.number_key, s.uid",
        read::SERIES,
        filter.sql
    );
    Statement::new(sql, filter)
}

fn instance_sql(filter: &Filter) -> Statement {
    let sql = format!(
        "SELECT {} FROM instance i
         WHERE i.series = ? AND (i.number_key, i.id) > (?, ?){}
         ORDER BY i.number_key, i.id LIMIT ?",
        read::INSTANCE,
        filter.sql
    );
    Statement::new(sql, filter)
}

/// A study by its number.
pub fn study_by_id(connection: &Connection, id: i64) -> Result<Option<StudyRow>> {
    use rusqlite::OptionalExtension;
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {} FROM study t WHERE t.id = ?",
            read::STUDY
        ))?
        .query_row([id], read::study)
        .optional()?)
}
