//! Instances by UIDs, and their headers.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::blocks::{self, Block};
use super::find;
use super::pool::Readers;
use super::read::Terms;
use super::sql;
use crate::Result;
use crate::index::query::{Level, Selection};
use crate::index::row::{Row, SeriesRow};

/// The shown instance with this UID.
pub fn instance(readers: &Readers, terms: &Terms, uid: &str) -> Result<Option<Row>> {
    let selection = Selection {
        sop_instance_uids: vec![uid.to_owned()],
        ..Selection::default()
    };
    let mut found = None;
    instances(readers, terms, &selection, &mut |row| {
        found = Some(row);
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// The shown instances selected, in order.
pub fn instances(
    readers: &Readers,
    terms: &Terms,
    selection: &Selection,
    sink: &mut dyn FnMut(Row) -> ControlFlow<()>,
) -> Result<()> {
    find::find(readers, terms, &selection.query(Level::Instance), sink)
}

/// The headers of the shown instances selected.
pub fn headers(
    readers: &Readers,
    terms: &Terms,
    selection: &Selection,
    sink: &mut dyn FnMut(Vec<u8>, u64) -> ControlFlow<()>,
) -> Result<()> {
    let mut failed = None;
    let query = selection.query(Level::Series);
    find::find(readers, terms, &query, &mut |row| {
        let Some(series) = row.series() else {
            return ControlFlow::Continue(());
        };
        match series_headers(readers, selection, series, sink) {
            Ok(flow) => flow,
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failed.map_or(Ok(()), Err)
}

/// Bytes of headers of one series that are sorted in memory; a larger series that came out of order
/// is in order when its blocks have been merged.
const MOST_SORTED: usize = 32 << 20;

fn series_headers(
    readers: &Readers,
    selection: &Selection,
    series: &SeriesRow,
    sink: &mut dyn FnMut(Vec<u8>, u64) -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let (blocks, wanted) = {
        let reader = readers.get()?;
        // One state for both, or a merge in between would lose headers.
        let snapshot = reader.unchecked_transaction()?;
        let blocks = blocks::of_series(&snapshot, series.id)?;
        (blocks, wanted(&snapshot, selection, series.id)?)
    };
    let length = |block: &Block| {
        block
            .places
            .last()
            .map_or(0, |last| last.start + last.length)
    };
    let in_order = {
        let places = blocks.iter().flat_map(|block| &block.places);
        let ranks = places.filter_map(|place| wanted.get(&place.instance));
        ranks.is_sorted()
    };
    if !in_order && blocks.iter().map(length).sum::<usize>() <= MOST_SORTED {
        return sorted(&blocks, &wanted, sink);
    }
    for block in blocks {
        let kept = block
            .places
            .iter()
            .filter(|place| wanted.contains_key(&place.instance));
        let kept = kept.count();
        if kept == 0 {
            continue;
        }
        let json = block.json()?;
        let json = if kept == block.places.len() {
            json
        } else {
            pick(&block, &json, &wanted)
        };
        if sink(json, kept as u64).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Headers of a series that came out of order and have not been merged yet, sorted by number.
fn sorted(
    blocks: &[Block],
    wanted: &HashMap<i64, usize>,
    sink: &mut dyn FnMut(Vec<u8>, u64) -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let texts: Vec<Vec<u8>> = blocks.iter().map(Block::json).collect::<Result<_>>()?;
    let mut headers: Vec<(usize, &[u8])> = Vec::with_capacity(wanted.len());
    for (block, json) in blocks.iter().zip(&texts) {
        for place in &block.places {
            if let Some(rank) = wanted.get(&place.instance) {
                let header = json.get(place.start..place.start + place.length);
                headers.push((*rank, header.unwrap_or_default()));
            }
        }
    }
    headers.sort_by_key(|(rank, _)| *rank);
    for portion in headers.chunks(blocks::MOST) {
        let portion: Vec<&[u8]> = portion.iter().map(|(_, header)| *header).collect();
        if sink(portion.join(&b','), portion.len() as u64).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The shown instances selected, and the place of each in the order of their numbers.
fn wanted(
    connection: &Connection,
    selection: &Selection,
    series: i64,
) -> Result<HashMap<i64, usize>> {
    let mut sql = "SELECT id FROM instance WHERE series = ? AND hidden = 0".to_owned();
    let mut parameters = vec![Value::Integer(series)];
    if !selection.sop_instance_uids.is_empty() {
        sql.push_str(" AND uid IN (SELECT value FROM json_each(?))");
        parameters.push(sql::list(&selection.sop_instance_uids));
    }
    sql.push_str(" ORDER BY number_key, id");
    let mut statement = connection.prepare_cached(&sql)?;
    let ids = statement.query_map(params_from_iter(parameters), |row| row.get(0))?;
    ids.enumerate()
        .map(|(rank, id)| Ok((id?, rank)))
        .collect::<Result<_>>()
}

fn pick(block: &Block, json: &[u8], wanted: &HashMap<i64, usize>) -> Vec<u8> {
    let mut picked = Vec::new();
    for place in &block.places {
        if !wanted.contains_key(&place.instance) {
            continue;
        }
        if !picked.is_empty() {
            picked.push(b',');
        }
        picked.extend(
            json.get(place.start..place.start + place.length)
                .unwrap_or(&[]),
        );
    }
    picked
}

/// A hash over the versions of what is selected, at the level at which it is selected.
pub fn state_tag(
    readers: &Readers,
    terms: &Terms,
    selection: &Selection,
) -> Result<Option<String>> {
    let level = selection.level();
    let mut hasher = blake3::Hasher::new();
    let mut any = false;
    find::find(readers, terms, &selection.query(level), &mut |row| {
        any = true;
        hasher.update(&row.state());
        ControlFlow::Continue(())
    })?;
    let tag = hasher.finalize().to_hex();
    Ok(any.then(|| tag.chars().take(32).collect()))
}

/// The header of one shown instance of what the row is.
pub fn sample(connection: &Connection, row: &Row) -> Result<Option<Vec<u8>>> {
    let snapshot = connection.unchecked_transaction()?;
    let (sql, id) = match row {
        Row::Instance(_, series, instance) => {
            let id = super::write::signed(instance.sequence);
            return blocks::header(&snapshot, series.id, id);
        }
        Row::Series(_, series) => ("SELECT id FROM series WHERE id = ?", series.id),
        Row::Study(study) => (
            "SELECT id FROM series WHERE study = ? AND instances > 0 ORDER BY number_key, uid",
            study.id,
        ),
        Row::Patient(patient) => (
            "SELECT s.id FROM study t JOIN series s ON s.study = t.id
             WHERE t.patient = ? AND s.instances > 0 ORDER BY t.id, s.id",
            patient.id,
        ),
    };
    let mut statement = snapshot.prepare_cached(sql)?;
    let mut series = statement.query([id])?;
    while let Some(row) = series.next()? {
        if let Some(header) = blocks::first_header(&snapshot, row.get(0)?)? {
            return Ok(Some(header));
        }
    }
    Ok(None)
}
