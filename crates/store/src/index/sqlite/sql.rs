//! From conditions to SQL. What SQL says of a row is never less than what the condition says:
//! it narrows down, and `Row::fulfils` decides, unless the translation is exact.

use rusqlite::types::Value;

use crate::index::key::{DAY, NO_MOMENT};
use crate::index::matching::{Matching, NamePattern, Pattern, Span};
use crate::index::query::{Column, Condition, IndexQuery, Kind, Level};

/// A part of a WHERE clause, `AND …`, and its parameters.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The text; empty for no condition.
    pub sql: String,
    /// The parameters.
    pub parameters: Vec<Value>,
    /// Says all that the conditions say.
    pub exact: bool,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter {
            sql: String::new(),
            parameters: Vec::new(),
            exact: true,
        }
    }
}

impl Filter {
    fn and(&mut self, sql: &str, parameters: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND (");
        self.sql.push_str(sql);
        self.sql.push(')');
        self.parameters.extend(parameters);
    }

    /// Adds a condition, for a row of the table `alias`.
    fn condition(&mut self, alias: &str, condition: &Condition) {
        match part(alias, condition) {
            Some((sql, parameters, exact)) => {
                self.and(&sql, parameters);
                self.exact &= exact;
            }
            None => self.exact = false,
        }
    }
}

/// What a query says of the rows of one table: `p`, `t`, `s` or `i`. Studies carry the patient's
/// attributes; `newest` of studies is left to [`newest_range`].
pub fn filter(query: &IndexQuery, level: Level) -> Filter {
    let mut filter = Filter::default();
    let (alias, visible) = match (level, query.include_hidden) {
        (Level::Patient, false) => ("p", "p.instances > 0"),
        (Level::Patient, true) => ("p", "1"),
        (Level::Study, false) => ("t", "t.instances > 0"),
        (Level::Study, true) => ("t", "t.instances + t.hidden > 0"),
        (Level::Series, false) => ("s", "s.instances > 0"),
        (Level::Series, true) => ("s", "s.instances + s.hidden > 0"),
        (Level::Instance, false) => ("i", "i.hidden = 0"),
        (Level::Instance, true) => ("i", "1"),
    };
    filter.and(visible, []);
    if level == Level::Study {
        for condition in query.at(Level::Patient) {
            filter.condition(alias, condition);
        }
        if let Some(uids) = &query.only_studies {
            filter.and("t.uid IN (SELECT value FROM json_each(?))", [list(uids)]);
        }
    }
    for condition in query.at(level) {
        filter.condition(alias, condition);
    }
    if level == Level::Study && query.at(Level::Series).next().is_some() {
        let modalities = query
            .at(Level::Series)
            .filter(|c| c.column == Column::Modality);
        for condition in modalities.filter(|_| !query.include_hidden) {
            // Those of the shown series are in the study's own row.
            if let Matching::Texts(any) = &condition.matching {
                let (sql, parameters, _) = members("t.modalities", any);
                filter.and(&sql, parameters);
            }
        }
        // Spares looking into studies without any such series.
        let series = self::filter(query, Level::Series);
        let sql = format!(
            "EXISTS (SELECT 1 FROM series s WHERE s.study = t.id{})",
            series.sql
        );
        filter.and(&sql, series.parameters);
    }
    filter
}

/// First and last `newest` that the conditions on study date let through.
pub fn newest_range(query: &IndexQuery) -> (i64, i64) {
    let (mut first, mut last) = (i64::MIN, i64::MAX);
    for condition in query.at(Level::Study) {
        if condition.column != Column::StudyDate {
            continue;
        }
        let Some((from, to)) = envelope(&condition.matching) else {
            continue;
        };
        let (from, to) = match condition.matching {
            Matching::Dates(_) => (
                from.map(|from| from.saturating_mul(DAY)),
                to.map(|to| to.saturating_mul(DAY).saturating_add(DAY - 1)),
            ),
            _ => (from, to),
        };
        first = first.max(to.map_or(i64::MIN, |to| to.saturating_neg()));
        let oldest = from.map_or(NO_MOMENT - 1, |from| from.saturating_neg());
        last = last.min(oldest.min(NO_MOMENT - 1));
    }
    (first, last)
}

/// The range that covers all ranges of dates or moments.
fn envelope(matching: &Matching) -> Option<(Option<i64>, Option<i64>)> {
    let (Matching::Dates(spans) | Matching::Moments(spans) | Matching::Times(spans)) = matching
    else {
        return None;
    };
    let from = spans.iter().map(|span| span.from);
    let to = spans.iter().map(|span| span.to);
    // An open end of one opens all.
    let from = from.reduce(|a, b| Some(a?.min(b?))).flatten();
    let to = to.reduce(|a, b| Some(a?.max(b?))).flatten();
    Some((from, to))
}

/// Days whose studies are rather looked through than those of a name that begins so.
pub const FEW_DAYS: i64 = 62;

/// SQL, its parameters, and whether it says all that the condition says.
pub type Part = (String, Vec<Value>, bool);

/// A condition on a row of the table `alias`, if SQL can say it.
pub fn part(alias: &str, condition: &Condition) -> Option<Part> {
    let entry = condition.column.entry();
    let column = format!("{alias}.{}", entry.name);
    match (&condition.matching, condition.column) {
        (Matching::Empty, Column::SopClassUid | Column::AvailableTransferSyntaxUid) => {
            Some(("0".to_owned(), vec![], true))
        }
        (Matching::Empty, column_id) if is_integer(column_id) => {
            Some((format!("{column} IS NULL"), vec![], true))
        }
        (Matching::Empty, _) => Some((format!("{column} = ''"), vec![], true)),
        (Matching::Texts(any), Column::SopClassUid | Column::AvailableTransferSyntaxUid) => {
            let (sql, parameters) = texts("text", any);
            let sql = format!("{column} IN (SELECT id FROM term WHERE {sql})");
            Some((sql, parameters, true))
        }
        (Matching::Texts(any), _) if entry.kind == Kind::Texts => Some(members(&column, any)),
        (Matching::Texts(any), column_id) if !is_integer(column_id) => {
            let (sql, parameters) = texts(&column, any);
            Some((sql, parameters, true))
        }
        (Matching::Names(any), Column::PatientName) => Some(names(alias, "name_key", any)),
        (Matching::Names(any), Column::ReferringPhysicianName) => {
            Some(names(alias, "referring_key", any))
        }
        (Matching::Sounds(any), Column::PatientName) if alias == "t" => sounds(any),
        (Matching::Numbers(any), column_id) => Some(numbers(alias, &column, column_id, any)),
        (Matching::Dates(spans), Column::PatientBirthDate) => {
            Some(spans_of(&format!("{alias}.birth_key"), spans))
        }
        (Matching::Times(spans), Column::StudyTime) => {
            Some(spans_of(&format!("{alias}.time_key"), spans))
        }
        // `newest_range` says it all if there is one range.
        (Matching::Dates(spans) | Matching::Moments(spans), Column::StudyDate)
            if spans.len() == 1 =>
        {
            Some(("1".to_owned(), vec![], true))
        }
        _ => None,
    }
}

fn is_integer(column: Column) -> bool {
    matches!(
        column,
        Column::NumberOfFrames | Column::Rows | Column::Columns | Column::BitsAllocated
    )
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

/// A list of texts as one parameter, for `json_each`.
pub fn list(values: &[String]) -> Value {
    text(serde_json::Value::from(values).to_string())
}

fn glob(pattern: &str) -> String {
    pattern.replace('[', "[[]")
}

pub fn texts(column: &str, any: &[Pattern]) -> (String, Vec<Value>) {
    if any.iter().all(|pattern| !pattern.wildcard) && any.len() > 1 {
        let literals: Vec<String> = any.iter().map(|p| p.text.clone()).collect();
        let sql = format!("{column} IN (SELECT value FROM json_each(?))");
        return (sql, vec![list(&literals)]);
    }
    let mut sql = Vec::new();
    let mut parameters = Vec::new();
    for pattern in any {
        if pattern.wildcard {
            // A value must be there to match.
            sql.push(format!("{column} GLOB ? AND {column} <> ''"));
            parameters.push(text(glob(&pattern.text)));
        } else {
            sql.push(format!("{column} = ?"));
            parameters.push(text(pattern.text.as_str()));
        }
    }
    (either(sql), parameters)
}

fn either(sql: Vec<String>) -> String {
    if sql.is_empty() {
        return "0".to_owned();
    }
    sql.join(" OR ")
}

/// Values joined by backslash of which one must match.
pub fn members(column: &str, any: &[Pattern]) -> Part {
    let sql = vec![format!("'\\' || {column} || '\\' GLOB ?"); any.len()];
    let parameters = any
        .iter()
        .map(|pattern| {
            if pattern.wildcard {
                text(format!("*{}*", glob(&pattern.text)))
            } else {
                text(format!("*\\{}\\*", escape(&pattern.text)))
            }
        })
        .collect();
    (either(sql), parameters, any.iter().all(|p| !p.wildcard))
}

/// Text that GLOB takes letter by letter.
fn escape(literal: &str) -> String {
    literal
        .chars()
        .map(|c| match c {
            '*' | '?' | '[' => format!("[{c}]"),
            _ => c.to_string(),
        })
        .collect()
}

fn names(alias: &str, key: &str, any: &[NamePattern]) -> Part {
    let mut sql = Vec::new();
    let mut parameters = Vec::new();
    for group in any.iter().flat_map(NamePattern::groups) {
        sql.push(format!("{alias}.{key} GLOB ?"));
        parameters.push(text(format!("*{}*", glob(stem(&group.text)))));
    }
    (either(sql), parameters, false)
}

/// A name pattern without what may stand for components that are not there.
fn stem(pattern: &str) -> &str {
    let mut stem = pattern;
    while let Some(shorter) = stem.strip_suffix("^*") {
        stem = shorter;
    }
    stem
}

fn sounds(any: &[Vec<String>]) -> Option<Part> {
    let mut sql = Vec::new();
    let mut parameters = Vec::new();
    for all in any {
        let code = whole_code(all)?;
        sql.push("EXISTS (SELECT 1 FROM study_sound WHERE sound = ? AND study = t.id)".to_owned());
        parameters.push(text(code));
    }
    Some((either(sql), parameters, false))
}

/// The longest code that stands for a whole word.
fn whole_code(all: &[String]) -> Option<&str> {
    let whole = all.iter().filter(|code| !code.ends_with('*'));
    whole.max_by_key(|code| code.len()).map(String::as_str)
}

fn numbers(alias: &str, column: &str, column_id: Column, any: &[f64]) -> Part {
    let keyed = matches!(column_id, Column::SeriesNumber | Column::InstanceNumber);
    let mut sql = Vec::new();
    let mut parameters = Vec::new();
    for number in any {
        if keyed {
            sql.push(format!("{alias}.number_key = ?"));
            let key = crate::index::key::number_key(&number.to_string());
            parameters.push(Value::Integer(key));
        } else {
            sql.push(format!("{column} = ?"));
            parameters.push(Value::Real(*number));
        }
    }
    (either(sql), parameters, !keyed)
}

fn spans_of(column: &str, spans: &[Span]) -> Part {
    let mut sql = Vec::new();
    let mut parameters = Vec::new();
    for span in spans {
        let mut one = format!("{column} IS NOT NULL");
        if let Some(from) = span.from {
            one.push_str(&format!(" AND {column} >= ?"));
            parameters.push(Value::Integer(from));
        }
        if let Some(to) = span.to {
            one.push_str(&format!(" AND {column} <= ?"));
            parameters.push(Value::Integer(to));
        }
        sql.push(one);
    }
    (either(sql), parameters, true)
}

/// A SELECT of few study numbers among which all answers are, if an index gives one.
pub fn candidates(query: &IndexQuery) -> Option<(String, Vec<Value>)> {
    let mut best: Option<(u32, String, Vec<Value>)> = None;
    let mut offer = |rank: u32, sql: String, parameters: Vec<Value>| {
        if best.as_ref().is_none_or(|(other, ..)| rank < *other) {
            best = Some((rank, sql, parameters));
        }
    };
    for condition in &query.conditions {
        let column = condition.column;
        match (&condition.matching, column) {
            (Matching::Texts(any), Column::SopInstanceUid) if literal(any) => {
                let (one, parameters) = texts("i.uid", any);
                let of = |hidden: u8| {
                    format!(
                        "SELECT s.study FROM instance i JOIN series s ON s.id = i.series
                         WHERE ({one}) AND i.hidden = {hidden}"
                    )
                };
                if query.include_hidden {
                    let sql = format!("{} UNION ALL {}", of(0), of(1));
                    offer(0, sql, [parameters.clone(), parameters].concat());
                } else {
                    offer(0, of(0), parameters);
                }
            }
            (Matching::Texts(any), Column::SeriesInstanceUid) if literal(any) => {
                let (one, parameters) = texts("uid", any);
                offer(
                    1,
                    format!("SELECT study FROM series WHERE {one}"),
                    parameters,
                );
            }
            (Matching::Texts(any), Column::StudyInstanceUid) if literal(any) => {
                let (one, parameters) = texts("uid", any);
                offer(1, format!("SELECT id FROM study WHERE {one}"), parameters);
            }
            (Matching::Texts(any), Column::AccessionNumber | Column::PatientId)
                if any.iter().all(|pattern| !pattern.prefix().is_empty()) =>
            {
                let name = column.entry().name;
                let (one, parameters) = prefixes(name, any);
                let sql = format!("SELECT id FROM study WHERE {name} <> '' AND ({one})");
                offer(if literal(any) { 2 } else { 7 }, sql, parameters);
            }
            (
                Matching::Texts(any),
                Column::ScheduledProcedureStepId | Column::RequestedProcedureId,
            ) if literal(any) => {
                let name = column.entry().name;
                let (one, mut parameters) = texts(name, any);
                let (member, more, _) = members(name, any);
                parameters.extend(more);
                let sql = format!(
                    "SELECT study FROM series WHERE {name} <> '' AND ({one}) UNION ALL
                     SELECT study FROM series WHERE instr({name}, '\\') > 0 AND ({member})"
                );
                offer(3, sql, parameters);
            }
            (Matching::Names(any), Column::PatientName) => {
                if let Some((one, parameters)) = name_prefixes(any) {
                    let sql = format!("SELECT study FROM study_name WHERE {one}");
                    let exact = any
                        .iter()
                        .flat_map(NamePattern::groups)
                        .all(|g| !g.wildcard);
                    offer(if exact { 4 } else { 7 }, sql, parameters);
                }
            }
            (Matching::Sounds(any), Column::PatientName) => {
                let codes: Option<Vec<String>> = any
                    .iter()
                    .map(|all| whole_code(all).map(str::to_owned))
                    .collect();
                if let Some(codes) = codes {
                    let sql = "SELECT study FROM study_sound
                               WHERE sound IN (SELECT value FROM json_each(?))";
                    offer(5, sql.to_owned(), vec![list(&codes)]);
                }
            }
            _ => {}
        }
    }
    if let Some(uids) = query
        .only_studies
        .as_ref()
        .filter(|uids| uids.len() < 1_000)
    {
        let sql = "SELECT id FROM study WHERE uid IN (SELECT value FROM json_each(?))";
        offer(4, sql.to_owned(), vec![list(uids)]);
    }
    // Of a few days there are fewer studies than of a prefix, and they are in order.
    let (first, last) = newest_range(query);
    let days = last.saturating_sub(first) / DAY;
    let best = best.filter(|(rank, ..)| *rank < 6 || days > FEW_DAYS);
    best.map(|(_, sql, parameters)| (sql, parameters))
}

pub fn literal(any: &[Pattern]) -> bool {
    any.iter().all(|pattern| !pattern.wildcard)
}

fn prefixes(column: &str, any: &[Pattern]) -> (String, Vec<Value>) {
    if literal(any) {
        return texts(column, any);
    }
    let mut sql = Vec::new();
    let mut parameters = Vec::new();
    for pattern in any {
        sql.push(format!("{column} >= ? AND {column} <= ?"));
        parameters.push(text(pattern.prefix()));
        parameters.push(text(format!("{}\u{10FFFF}", pattern.prefix())));
    }
    (either(sql), parameters)
}

/// Names one of whose groups begins as a pattern does; `None` if one can begin with anything.
fn name_prefixes(any: &[NamePattern]) -> Option<(String, Vec<Value>)> {
    let mut sql = Vec::new();
    let mut parameters = Vec::new();
    for group in any.iter().flat_map(NamePattern::groups) {
        let prefix = group.prefix().trim_end_matches('^');
        if prefix.is_empty() {
            return None;
        }
        if group.wildcard {
            sql.push("name >= ? AND name <= ?".to_owned());
            parameters.push(text(prefix));
            parameters.push(text(format!("{prefix}\u{10FFFF}")));
        } else {
            sql.push("name = ?".to_owned());
            parameters.push(text(group.text.as_str()));
        }
    }
    (!sql.is_empty()).then(|| (either(sql), parameters))
}
