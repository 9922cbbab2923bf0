//! Arrivals and findings in SQLite.

use std::collections::{BTreeMap, HashMap};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::cache::Cache;
use crate::Result;
use crate::index::quality::{
    Arrival, Flawed, FlawedFilter, Noted, QualityDay, QualityFinding, QualityGroup, Standing,
};

/// Examples named of a kind of finding.
const EXAMPLES: usize = 5;

/// Arrivals of one transaction by day and series; written once at the end.
pub type Arrivals = BTreeMap<(i64, i64), i64>;

/// Takes in an instance that came, with the number of its record (`None` if it was refused).
pub fn arrived(
    connection: &Connection,
    cache: &mut Cache,
    arrivals: &mut Arrivals,
    arrival: &Arrival,
    record: Option<i64>,
) -> Result<()> {
    let series = series(connection, cache, arrival)?;
    if record.is_none() && was_refused(connection, series, arrival)? {
        return Ok(());
    }
    if arrival.counts {
        *arrivals.entry((arrival.day(), series)).or_default() += 1;
    }
    if !arrival.is_flawed() {
        return Ok(());
    }
    let id = match record {
        Some(record) => record,
        None => connection
            .prepare_cached("SELECT min(coalesce(min(id), 0), 0) - 1 FROM flawed")?
            .query_row([], |row| row.get(0))?,
    };
    cache.flawed = Some(true);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO flawed (id, series, uid, received_ms, standing)
             VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            id,
            series,
            arrival.sop_instance_uid,
            arrival.received_ms,
            arrival.standing.number()
        ])?;
    for (number, noted) in (0_i64..).zip(&arrival.findings) {
        let kind = cache.term(connection, &noted.kind)?;
        let path = cache.term(connection, &noted.path)?;
        let found = cache.term(connection, &noted.found)?;
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO finding (flawed, number, severity, kind, path, found)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![id, number, noted.severity, kind, path, found])?;
    }
    Ok(())
}

/// A sender may try the same instance again and again: it is told of once, and of the last time.
fn was_refused(connection: &Connection, series: i64, arrival: &Arrival) -> Result<bool> {
    let updated = connection
        .prepare_cached(
            "UPDATE flawed SET received_ms = max(received_ms, ?1)
             WHERE uid = ?2 AND series = ?3 AND standing = 2",
        )?
        .execute(params![
            arrival.received_ms,
            arrival.sop_instance_uid,
            series
        ])?;
    Ok(updated > 0)
}

fn series(connection: &Connection, cache: &mut Cache, arrival: &Arrival) -> Result<i64> {
    let key = format!(
        "{}\n{}\n{}\n{}",
        arrival.series_instance_uid, arrival.study_instance_uid, arrival.source, arrival.modality
    );
    if let Some(id) = cache.arrival_series.get(&key) {
        return Ok(*id);
    }
    let source = cache.term(connection, &arrival.source)?;
    let modality = cache.term(connection, &arrival.modality)?;
    let values = params![
        arrival.series_instance_uid,
        arrival.study_instance_uid,
        source,
        modality
    ];
    let found = connection
        .prepare_cached(
            "SELECT id FROM arrival_series
             WHERE uid = ? AND study = ? AND source = ? AND modality = ?",
        )?
        .query_row(values, |row| row.get(0))
        .optional()?;
    let id = match found {
        Some(id) => id,
        None => {
            connection
                .prepare_cached(
                    "INSERT INTO arrival_series (uid, study, source, modality)
                     VALUES (?, ?, ?, ?)",
                )?
                .execute(values)?;
            connection.last_insert_rowid()
        }
    };
    cache.arrival_series.insert(key, id);
    Ok(id)
}

/// Writes down what was counted.
pub fn finish(connection: &Connection, arrivals: &Arrivals) -> Result<()> {
    let mut add = connection.prepare_cached(
        "INSERT INTO arrival (day, series, instances) VALUES (?, ?, ?)
         ON CONFLICT (day, series) DO UPDATE SET instances = instances + excluded.instances",
    )?;
    for ((day, series), instances) in arrivals {
        add.execute([day, series, instances])?;
    }
    Ok(())
}

/// The instance of a record was deleted.
pub fn deleted(connection: &Connection, cache: &mut Cache, record: i64) -> Result<()> {
    if any(connection, cache)? {
        connection
            .prepare_cached("UPDATE flawed SET standing = 3 WHERE id = ?")?
            .execute([record])?;
    }
    Ok(())
}

/// Another record of the same instance takes the place of this one, findings and all.
pub fn forget(connection: &Connection, cache: &mut Cache, record: i64) -> Result<()> {
    if any(connection, cache)? {
        for sql in [
            "DELETE FROM flawed WHERE id = ?",
            "DELETE FROM finding WHERE flawed = ?",
        ] {
            connection.prepare_cached(sql)?.execute([record])?;
        }
    }
    Ok(())
}

fn any(connection: &Connection, cache: &mut Cache) -> Result<bool> {
    let any = match cache.flawed {
        Some(any) => any,
        None => connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM flawed)")?
            .query_row([], |row| row.get(0))?,
    };
    cache.flawed = Some(any);
    Ok(any)
}

/// Instances with findings, the last ones first.
pub fn flawed(connection: &Connection, filter: &FlawedFilter) -> Result<Vec<Flawed>> {
    let mut conditions = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    };
    let text = |text: &Option<String>| text.clone().map(Value::Text);
    add("f.id = ?", filter.id.map(Value::Integer));
    match filter.standing {
        // Spelled out, or the partial index would not serve.
        Some(Standing::Quarantined) => add("f.standing = 1 AND ?", Some(Value::Integer(1))),
        standing => add("f.standing = ?", standing.map(|s| s.number().into())),
    }
    add("a.study = ?", text(&filter.study_instance_uid));
    add("a.uid = ?", text(&filter.series_instance_uid));
    add("f.uid = ?", text(&filter.sop_instance_uid));
    add("s.text = ?", text(&filter.source));
    add("f.received_ms >= ?", filter.since_ms.map(Value::Integer));
    let wanted = match conditions.is_empty() {
        true => String::new(),
        false => format!("WHERE {}", conditions.join(" AND ")),
    };
    values.push(super::write::signed(filter.limit).into());
    values.push(super::write::signed(filter.offset).into());
    let mut statement = connection.prepare_cached(&format!(
        "SELECT f.id, f.uid, a.study, a.uid, m.text, s.text, f.received_ms, f.standing
         FROM flawed f JOIN arrival_series a ON a.id = f.series
             JOIN term s ON s.id = a.source JOIN term m ON m.id = a.modality
         {wanted} ORDER BY f.received_ms DESC, f.id DESC LIMIT ? OFFSET ?"
    ))?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        Ok(Flawed {
            id: row.get(0)?,
            arrival: Arrival {
                sop_instance_uid: row.get(1)?,
                study_instance_uid: row.get(2)?,
                series_instance_uid: row.get(3)?,
                modality: row.get(4)?,
                source: row.get(5)?,
                received_ms: row.get(6)?,
                standing: Standing::of_number(row.get(7)?),
                counts: false,
                findings: Vec::new(),
            },
        })
    })?;
    let mut all = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    for flawed in &mut all {
        flawed.arrival.findings = findings(connection, flawed.id)?;
    }
    Ok(all)
}

fn findings(connection: &Connection, id: i64) -> Result<Vec<Noted>> {
    let mut statement = connection.prepare_cached(
        "SELECT f.severity, k.text, p.text, t.text FROM finding f
             JOIN term k ON k.id = f.kind JOIN term p ON p.id = f.path
             JOIN term t ON t.id = f.found
         WHERE f.flawed = ? ORDER BY f.number",
    )?;
    let rows = statement.query_map([id], |row| noted(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn noted(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Noted> {
    Ok(Noted {
        severity: row.get(at)?,
        kind: row.get(at + 1)?,
        path: row.get(at + 2)?,
        found: row.get(at + 3)?,
    })
}

type Groups = BTreeMap<(String, String), QualityGroup>;

/// What came from the first to the last day (both included), and what was found in it.
pub fn report(connection: &Connection, first: i64, last: i64) -> Result<Vec<QualityGroup>> {
    let snapshot = connection.unchecked_transaction()?;
    let mut groups = Groups::new();
    counts(&snapshot, first, last, &mut groups)?;
    days(&snapshot, first, last, &mut groups)?;
    kinds(&snapshot, first, last, &mut groups)?;
    Ok(groups.into_values().collect())
}

const GROUPED: &str = "JOIN arrival_series a ON a.id = r.series
    JOIN term s ON s.id = a.source JOIN term m ON m.id = a.modality";
/// The rows of `flawed` of some days.
const OF_DAYS: &str = "r.received_ms >= ?1 * 86400000 AND r.received_ms < (?2 + 1) * 86400000";

fn group<'g>(
    groups: &'g mut Groups,
    row: &rusqlite::Row<'_>,
) -> rusqlite::Result<&'g mut QualityGroup> {
    let (source, modality): (String, String) = (row.get(0)?, row.get(1)?);
    let group = groups.entry((source.clone(), modality.clone()));
    Ok(group.or_insert_with(|| QualityGroup {
        source,
        modality,
        ..QualityGroup::default()
    }))
}

fn unsigned(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0))
}

fn counts(connection: &Connection, first: i64, last: i64, groups: &mut Groups) -> Result<()> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT s.text, m.text, COUNT(DISTINCT a.study), SUM(r.instances)
         FROM arrival r {GROUPED} WHERE r.day BETWEEN ?1 AND ?2 GROUP BY s.id, m.id"
    ))?;
    let mut rows = statement.query([first, last])?;
    while let Some(row) = rows.next()? {
        let group = group(groups, row)?;
        group.studies = unsigned(row, 2)?;
        group.instances = unsigned(row, 3)?;
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT s.text, m.text, COUNT(DISTINCT a.study), COUNT(*),
             SUM(r.standing = 1), SUM(r.standing = 2)
         FROM flawed r {GROUPED} WHERE {OF_DAYS} GROUP BY s.id, m.id"
    ))?;
    let mut rows = statement.query([first, last])?;
    while let Some(row) = rows.next()? {
        let group = group(groups, row)?;
        group.affected_studies = unsigned(row, 2)?;
        group.affected_instances = unsigned(row, 3)?;
        group.quarantined = unsigned(row, 4)?;
        group.refused = unsigned(row, 5)?;
    }
    Ok(())
}

fn days(connection: &Connection, first: i64, last: i64, groups: &mut Groups) -> Result<()> {
    let mut affected: HashMap<(String, String, i64), u64> = HashMap::new();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT s.text, m.text, r.received_ms / 86400000, COUNT(*)
         FROM flawed r {GROUPED} WHERE {OF_DAYS} GROUP BY 1, 2, 3"
    ))?;
    let mut rows = statement.query([first, last])?;
    while let Some(row) = rows.next()? {
        affected.insert((row.get(0)?, row.get(1)?, row.get(2)?), unsigned(row, 3)?);
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT s.text, m.text, r.day, SUM(r.instances)
         FROM arrival r {GROUPED} WHERE r.day BETWEEN ?1 AND ?2 GROUP BY 1, 2, 3 ORDER BY 3"
    ))?;
    let mut rows = statement.query([first, last])?;
    while let Some(row) = rows.next()? {
        let key = (row.get(0)?, row.get(1)?, row.get(2)?);
        let day = QualityDay {
            day: key.2,
            instances: unsigned(row, 3)?,
            affected: affected.get(&key).copied().unwrap_or(0),
        };
        group(groups, row)?.days.push(day);
    }
    Ok(())
}

fn kinds(connection: &Connection, first: i64, last: i64, groups: &mut Groups) -> Result<()> {
    let mut examples = connection.prepare_cached(&format!(
        "SELECT r.uid FROM finding f JOIN flawed r ON r.id = f.flawed
             JOIN arrival_series a ON a.id = r.series
         WHERE {OF_DAYS} AND a.source = ?3 AND a.modality = ?4 AND f.severity = ?5
             AND f.kind = ?6 AND f.path = ?7 AND f.found = ?8
         ORDER BY r.received_ms DESC, r.id DESC LIMIT ?9"
    ))?;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT s.text, m.text, f.severity, k.text, p.text, t.text, COUNT(*),
             COUNT(DISTINCT a.study), MIN(r.received_ms), MAX(r.received_ms),
             s.id, m.id, k.id, p.id, t.id
         FROM finding f JOIN flawed r ON r.id = f.flawed {GROUPED}
             JOIN term k ON k.id = f.kind JOIN term p ON p.id = f.path
             JOIN term t ON t.id = f.found
         WHERE {OF_DAYS} GROUP BY s.id, m.id, f.severity, k.id, p.id, t.id
         ORDER BY 7 DESC, 3, 4, 5, 6"
    ))?;
    let mut rows = statement.query([first, last])?;
    while let Some(row) = rows.next()? {
        let id = |at| row.get::<_, i64>(at);
        let noted = noted(row, 2)?;
        let values = [
            first,
            last,
            id(10)?,
            id(11)?,
            i64::from(noted.severity),
            id(12)?,
            id(13)?,
            id(14)?,
            i64::try_from(EXAMPLES).unwrap_or(i64::MAX),
        ];
        let uids = examples.query_map(values, |row| row.get(0))?;
        let finding = QualityFinding {
            noted,
            instances: unsigned(row, 6)?,
            studies: unsigned(row, 7)?,
            first_ms: row.get(8)?,
            last_ms: row.get(9)?,
            examples: uids.collect::<rusqlite::Result<_>>()?,
        };
        group(groups, row)?.findings.push(finding);
    }
    Ok(())
}
