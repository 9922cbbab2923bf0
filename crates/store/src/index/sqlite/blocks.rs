//! Headers in blocks: the JSON objects of many instances of a series, separated by commas, as one
//! zstd frame, so that what the headers of a series have in common is kept once, and a series'
//! metadata is a concatenation.
//!
//! What arrives in one transaction makes a *loose* block. When a series has enough of them, or has
//! been quiet for a while, they are merged.

use std::io::Read;

use rusqlite::{Connection, params};

use crate::{Error, Result};

/// Most instances of a block.
pub const MOST: usize = 256;
/// Most bytes of a block's JSON, unless one header alone is larger.
pub const MOST_BYTES: usize = 2 << 20;
/// Loose instances of a series before they are merged.
pub const MANY: usize = 64;

/// Most instances of a series that are all sorted into new blocks when it is quiet.
const MOST_MERGED: usize = 4_096;

const LEVEL: i32 = 3;

/// One header: the instance's number and its JSON.
pub type Header = (i64, Vec<u8>);

/// Where an instance's header is in a block's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the instance.
    pub instance: i64,
    /// First byte.
    pub start: usize,
    /// Bytes.
    pub length: usize,
}

/// A block, not decompressed.
#[derive(Debug)]
pub struct Block {
    /// Number of the block.
    pub id: i64,
    /// Where what is.
    pub places: Vec<Place>,
    data: Vec<u8>,
}

impl Block {
    /// The JSON of the whole block.
    pub fn json(&self) -> Result<Vec<u8>> {
        let length = self.places.last().map_or(0, |p| p.start + p.length);
        zstd::bulk::decompress(&self.data, length)
            .ok()
            .filter(|json| json.len() == length)
            .ok_or_else(|| damaged(self.id))
    }
}

fn damaged(block: i64) -> Error {
    Error::Index {
        reason: format!("header block {block} is damaged; rebuild the index"),
    }
}

/// Writes headers as blocks; loose if they are few.
pub fn insert(connection: &Connection, series: i64, headers: &[Header]) -> Result<()> {
    let mut rest = headers;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fit = rest.iter().take(MOST).take_while(|(_, json)| {
            bytes += json.len() + 1;
            bytes <= MOST_BYTES
        });
        let (now, later) = rest.split_at(fit.count().max(1));
        insert_block(
            connection,
            series,
            now,
            now.len() < MANY && bytes < MOST_BYTES,
        )?;
        rest = later;
    }
    Ok(())
}

fn insert_block(
    connection: &Connection,
    series: i64,
    headers: &[Header],
    loose: bool,
) -> Result<()> {
    let mut contents = Vec::with_capacity(headers.len() * 4);
    let mut json = Vec::with_capacity(headers.iter().map(|(_, h)| h.len() + 1).sum());
    let mut before = 0;
    for (instance, header) in headers {
        put_varint(&mut contents, zigzag(instance - before));
        put_varint(&mut contents, header.len() as u64);
        before = *instance;
        if !json.is_empty() {
            json.push(b',');
        }
        json.extend_from_slice(header);
    }
    let data = zstd::bulk::compress(&json, LEVEL).map_err(|error| Error::Index {
        reason: format!("cannot compress headers: {error}"),
    })?;
    connection
        .prepare_cached("INSERT INTO block (series, loose, contents, data) VALUES (?, ?, ?, ?)")?
        .execute(params![series, loose, contents, data])?;
    Ok(())
}

/// All blocks of a series.
pub fn of_series(connection: &Connection, series: i64) -> Result<Vec<Block>> {
    let mut statement = connection
        .prepare_cached("SELECT id, contents, data FROM block WHERE series = ? ORDER BY id")?;
    let mut rows = statement.query([series])?;
    let mut blocks = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let places = places(row.get_ref(1)?.as_blob().unwrap_or(&[])).ok_or_else(|| damaged(id))?;
        blocks.push(Block {
            id,
            places,
            data: row.get(2)?,
        });
    }
    Ok(blocks)
}

/// The header of one instance.
pub fn header(connection: &Connection, series: i64, instance: i64) -> Result<Option<Vec<u8>>> {
    let mut statement =
        connection.prepare_cached("SELECT id, contents FROM block WHERE series = ?")?;
    let mut rows = statement.query([series])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let places = places(row.get_ref(1)?.as_blob().unwrap_or(&[])).ok_or_else(|| damaged(id))?;
        if let Some(place) = places
            .iter()
            .find(|place| place.instance == instance)
            .copied()
        {
            return one_header(connection, id, place).map(Some);
        }
    }
    Ok(None)
}

/// Decompresses no more of a block than it must.
fn one_header(connection: &Connection, block: i64, place: Place) -> Result<Vec<u8>> {
    let data: Vec<u8> = connection
        .prepare_cached("SELECT data FROM block WHERE id = ?")?
        .query_row([block], |row| row.get(0))?;
    let mut json = zstd::stream::read::Decoder::new(data.as_slice())
        .map_err(|_| damaged(block))?
        .take((place.start + place.length) as u64);
    let mut header = Vec::with_capacity(place.length);
    std::io::copy(
        &mut json.by_ref().take(place.start as u64),
        &mut std::io::sink(),
    )
    .and_then(|_| json.read_to_end(&mut header))
    .map_err(|_| damaged(block))?;
    if header.len() == place.length {
        Ok(header)
    } else {
        Err(damaged(block))
    }
}

/// The header of a shown instance of a series that is near the beginning of a block.
pub fn first_header(connection: &Connection, series: i64) -> Result<Option<Vec<u8>>> {
    let mut statement =
        connection.prepare_cached("SELECT id, contents FROM block WHERE series = ?")?;
    let mut shown =
        connection.prepare_cached("SELECT 1 FROM instance WHERE id = ? AND hidden = 0")?;
    let mut rows = statement.query([series])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let places = places(row.get_ref(1)?.as_blob().unwrap_or(&[])).ok_or_else(|| damaged(id))?;
        for place in places {
            if shown.exists([place.instance])? {
                return one_header(connection, id, place).map(Some);
            }
        }
    }
    Ok(None)
}

/// Merges the blocks of a series: only the loose ones, or all if `whole` (and they are not so many
/// that this would take long). Headers of instances that are gone fall away; those that stay are
/// in order of instance number.
pub fn merge(connection: &Connection, series: i64, whole: bool) -> Result<()> {
    let mut statement = connection
        .prepare_cached("SELECT id FROM instance WHERE series = ? ORDER BY number_key, id")?;
    let order: Vec<i64> = statement
        .query_map([series], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let rank: std::collections::HashMap<i64, usize> =
        order.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let all = whole && order.len() <= MOST_MERGED;
    let ids: Vec<i64> = connection
        .prepare_cached("SELECT id FROM block WHERE series = ?1 AND (loose = 1 OR ?2)")?
        .query_map(params![series, all], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut headers: Vec<Header> = Vec::new();
    let mut blocks = of_series(connection, series)?;
    blocks.retain(|block| ids.contains(&block.id));
    let ranks = |block: &Block| -> Option<Vec<usize>> {
        let places = block.places.iter();
        places
            .map(|place| rank.get(&place.instance).copied())
            .collect()
    };
    if let [only] = blocks.as_slice()
        && ranks(only).is_some_and(|ranks| ranks.is_sorted())
    {
        return settle(connection, series);
    }
    for block in blocks {
        let json = block.json()?;
        for place in &block.places {
            if rank.contains_key(&place.instance) {
                let header = json.get(place.start..place.start + place.length);
                headers.push((
                    place.instance,
                    header.ok_or_else(|| damaged(block.id))?.to_vec(),
                ));
            }
        }
    }
    headers.sort_by_key(|(instance, _)| rank.get(instance).copied());
    let mut delete = connection.prepare_cached("DELETE FROM block WHERE id = ?")?;
    for id in ids {
        delete.execute([id])?;
    }
    insert(connection, series, &headers)?;
    if whole {
        settle(connection, series)?;
    }
    Ok(())
}

/// A last block may be small for good: nothing more is to be done about it until more comes.
fn settle(connection: &Connection, series: i64) -> Result<()> {
    connection
        .prepare_cached("UPDATE block SET loose = 0 WHERE series = ? AND loose = 1")?
        .execute([series])?;
    Ok(())
}

fn places(contents: &[u8]) -> Option<Vec<Place>> {
    let mut rest = contents;
    let (mut instance, mut start) = (0i64, 0usize);
    let mut places = Vec::new();
    while !rest.is_empty() {
        let delta = take_varint(&mut rest)?;
        let length = usize::try_from(take_varint(&mut rest)?).ok()?;
        instance = instance.checked_add(unzigzag(delta))?;
        places.push(Place {
            instance,
            start,
            length,
        });
        start = start.checked_add(length)?.checked_add(1)?;
    }
    Some(places)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back() {
        for value in [0, 1, -1, 127, 128, -300, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            put_varint(&mut out, zigzag(value));
            let mut rest = out.as_slice();
            assert_eq!(take_varint(&mut rest).map(unzigzag), Some(value));
            assert!(rest.is_empty());
        }
        assert_eq!(take_varint(&mut [0xFF; 11].as_slice()), None);
        assert_eq!(take_varint(&mut [0x80].as_slice()), None);
    }

    #[test]
    fn cut_contents_are_noticed() {
        assert_eq!(places(&[2, 0x85]), None);
        assert_eq!(places(&[]), Some(vec![]));
    }
}
