//! Taking in changes. All of this runs inside one transaction of the writer.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::blocks::{self, Header};
use super::cache::Cache;
use super::parents;
use super::quality::{self, Arrivals};
use crate::blob::Locator;
use crate::index::entry::{Change, Entry, Relocation, Watermarks};
use crate::index::key;
use crate::{Error, Result};

/// What the changes of one transaction come to for a series; written once at the end.
#[derive(Default)]
struct Tally {
    instances: i64,
    hidden: i64,
    bytes: i64,
    received_ms: i64,
    version: i64,
    /// SOP classes that came.
    added: BTreeSet<String>,
    /// An instance is no longer shown: its SOP class may be gone.
    removed: bool,
    /// A record is gone, shown or not.
    deleted: bool,
    /// An attribute of the series got a value: it may be the modality.
    filled: bool,
    headers: Vec<Header>,
}

impl Tally {
    /// A record is shown (`sign` 1) or no longer shown (-1).
    fn count(&mut self, sign: i64, hidden: bool, length: i64) {
        if hidden {
            self.hidden += sign;
        } else {
            self.instances += sign;
            self.bytes += sign * length;
            self.removed |= sign < 0;
        }
    }
}

/// One transaction's work.
pub struct Batch<'a> {
    connection: &'a Connection,
    cache: &'a mut Cache,
    tallies: BTreeMap<i64, Tally>,
    arrivals: Arrivals,
}

/// SQLite has no unsigned integers; nothing here comes near their upper half.
pub fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl<'a> Batch<'a> {
    /// Begins.
    pub fn new(connection: &'a Connection, cache: &'a mut Cache) -> Batch<'a> {
        Batch {
            connection,
            cache,
            tallies: BTreeMap::new(),
            arrivals: Arrivals::new(),
        }
    }

    /// Takes in one change.
    pub fn change(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Store(entry) => self.store(entry),
            Change::Refuse(arrival) => quality::arrived(
                self.connection,
                self.cache,
                &mut self.arrivals,
                arrival,
                None,
            ),
            Change::Supersede {
                sop_instance_uid,
                sequence,
            } => self.supersede(sop_instance_uid.as_str(), signed(*sequence)),
            Change::Recode {
                sop_instance_uid,
                record,
                sequence,
            } => self.forget(
                sop_instance_uid.as_str(),
                signed(*record),
                signed(*sequence),
            ),
            Change::Delete {
                sop_instance_uids,
                sequence,
            } => sop_instance_uids
                .iter()
                .try_for_each(|uid| self.delete(uid.as_str(), signed(*sequence))),
        }
    }

    fn store(&mut self, entry: &Entry) -> Result<()> {
        let uid = entry.instance.sop_instance_uid.as_str();
        let sequence = signed(entry.sequence);
        let Some(shown) = self.not_yet_stored(uid, sequence)? else {
            return Ok(());
        };
        let hidden = entry.hidden || shown;
        let study = parents::study(self.connection, self.cache, entry)?;
        let (series, filled) = parents::series(self.connection, self.cache, study, entry)?;
        self.insert(entry, series, hidden)?;
        let tally = self.tallies.entry(series).or_default();
        tally.count(1, hidden, signed(entry.locator.length));
        tally.filled |= filled;
        tally.received_ms = tally.received_ms.max(entry.received_ms);
        tally.version = tally.version.max(sequence);
        if !hidden && !tally.added.contains(&entry.instance.sop_class_uid) {
            tally.added.insert(entry.instance.sop_class_uid.clone());
        }
        tally.headers.push((sequence, entry.header.clone()));
        let Some(arrival) = &entry.arrival else {
            return Ok(());
        };
        quality::arrived(
            self.connection,
            self.cache,
            &mut self.arrivals,
            arrival,
            Some(sequence),
        )
    }

    /// `None` if the record was taken in (or even deleted again) before; else whether another
    /// instance with its UID is shown.
    fn not_yet_stored(&mut self, uid: &str, sequence: i64) -> Result<Option<bool>> {
        let stored: Option<String> = self
            .connection
            .prepare_cached("SELECT uid FROM instance WHERE id = ?")?
            .query_row([sequence], |row| row.get(0))
            .optional()?;
        if let Some(stored) = stored {
            if stored == uid {
                return Ok(None);
            }
            return Err(Error::Index {
                reason: format!("record {sequence} is of instance {stored} and of {uid}"),
            });
        }
        let shown = self
            .connection
            .prepare_cached("SELECT 1 FROM instance WHERE uid = ? AND hidden = 0")?
            .query_row([uid], |_| Ok(()))
            .optional()?
            .is_some();
        let deleted = self
            .cache
            .deleted_after(self.connection, || key::uid_hash(uid), sequence)?;
        Ok((!deleted).then_some(shown))
    }

    fn insert(&mut self, entry: &Entry, series: i64, hidden: bool) -> Result<()> {
        let instance = &entry.instance;
        let sop_class = self.cache.term(self.connection, &instance.sop_class_uid)?;
        let transfer_syntax = self
            .cache
            .term(self.connection, &entry.transfer_syntax_uid)?;
        let source = self.cache.term(self.connection, &entry.source)?;
        let frames = (!entry.frames.is_empty()).then_some(&entry.frames);
        let locator = &entry.locator;
        self.connection
            .prepare_cached(
                "INSERT INTO instance (id, series, number_key, uid, sop_class, transfer_syntax,
                     instance_number, content_date, content_time, number_of_frames, rows, columns,
                     bits_allocated, pack, offset, header_length, prefix_length, length, hash,
                     hidden, source, received_ms, frames)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                signed(entry.sequence),
                series,
                key::number_key(&instance.instance_number),
                instance.sop_instance_uid,
                sop_class,
                transfer_syntax,
                instance.instance_number.trim(),
                instance.content_date.trim(),
                instance.content_time.trim(),
                instance.number_of_frames,
                instance.rows,
                instance.columns,
                instance.bits_allocated,
                signed(locator.pack),
                signed(locator.offset),
                locator.header_length,
                locator.prefix_length,
                signed(locator.length),
                entry.hash.as_slice(),
                hidden,
                source,
                entry.received_ms,
                frames,
            ])?;
        Ok(())
    }

    fn supersede(&mut self, uid: &str, sequence: i64) -> Result<()> {
        let hidden: Option<(i64, i64)> = self
            .connection
            .prepare_cached(
                "UPDATE instance SET hidden = 1 WHERE uid = ?1 AND hidden = 0 AND id < ?2
                 RETURNING series, length",
            )?
            .query_row(params![uid, sequence], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if let Some((series, length)) = hidden {
            let tally = self.tallies.entry(series).or_default();
            tally.count(-1, false, length);
            tally.count(1, true, length);
            tally.version = tally.version.max(sequence);
        }
        Ok(())
    }

    fn forget(&mut self, uid: &str, record: i64, sequence: i64) -> Result<()> {
        let gone: Option<(i64, i64, bool)> = self
            .connection
            .prepare_cached(
                "DELETE FROM instance WHERE id = ?1 AND uid = ?2 RETURNING series, length, hidden",
            )?
            .query_row(params![record, uid], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        if let Some((series, length, hidden)) = gone {
            let tally = self.tallies.entry(series).or_default();
            tally.count(-1, hidden, length);
            tally.version = tally.version.max(sequence);
            tally.headers.retain(|(instance, _)| *instance != record);
            quality::forget(self.connection, self.cache, record)?;
        }
        Ok(())
    }

    fn delete(&mut self, uid: &str, sequence: i64) -> Result<()> {
        for hidden in [false, true] {
            // The condition on `hidden` is spelled out, or the partial indexes would not serve.
            let sql = if hidden {
                "DELETE FROM instance WHERE uid = ?1 AND hidden = 1 AND id < ?2
                 RETURNING series, length, id"
            } else {
                "DELETE FROM instance WHERE uid = ?1 AND hidden = 0 AND id < ?2
                 RETURNING series, length, id"
            };
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![uid, sequence])?;
            while let Some(row) = rows.next()? {
                let (series, length): (i64, i64) = (row.get(0)?, row.get(1)?);
                let id: i64 = row.get(2)?;
                let tally = self.tallies.entry(series).or_default();
                tally.count(-1, hidden, length);
                tally.deleted = true;
                tally.version = tally.version.max(sequence);
                tally.headers.retain(|(instance, _)| *instance != id);
                quality::deleted(self.connection, self.cache, id)?;
            }
        }
        self.remember_deleted(uid, sequence)
    }

    fn remember_deleted(&mut self, uid: &str, sequence: i64) -> Result<()> {
        self.cache.deletions = Some(true);
        self.connection
            .prepare_cached(
                "INSERT INTO deleted (uid_hash, sequence) VALUES (?, ?)
                 ON CONFLICT (uid_hash) DO UPDATE SET sequence = max(sequence, excluded.sequence)",
            )?
            .execute(params![key::uid_hash(uid), sequence])?;
        Ok(())
    }

    /// Writes down the sums and the headers.
    pub fn finish(mut self, watermarks: &Watermarks) -> Result<()> {
        let mut studies: BTreeMap<i64, StudyTally> = BTreeMap::new();
        for (series, tally) in std::mem::take(&mut self.tallies) {
            let (study, change) = self.finish_series(series, &tally)?;
            studies.entry(study).or_default().add(&tally, &change);
        }
        for (study, tally) in &studies {
            self.finish_study(*study, tally)?;
        }
        quality::finish(self.connection, &self.arrivals)?;
        let mut mark = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO watermark (pack, bytes) VALUES (?, ?)")?;
        for (pack, bytes) in watermarks {
            mark.execute([signed(*pack), signed(*bytes)])?;
        }
        Ok(())
    }

    fn finish_series(&mut self, series: i64, tally: &Tally) -> Result<(i64, SeriesChange)> {
        let (study, before, hidden, mut classes, uid): (i64, i64, i64, String, String) = self
            .connection
            .prepare_cached(
                "SELECT study, instances, hidden, sop_classes, uid FROM series WHERE id = ?",
            )?
            .query_row([series], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            })?;
        let after = before + tally.instances;
        if after == 0 && hidden + tally.hidden == 0 {
            self.remember_deleted(&uid, tally.version)?;
            for sql in [
                "DELETE FROM block WHERE series = ?",
                "DELETE FROM series WHERE id = ?",
            ] {
                self.connection.prepare_cached(sql)?.execute([series])?;
            }
            self.cache.series.clear();
        } else {
            let before_classes = classes.clone();
            classes = self.classes_after(series, classes, tally)?;
            self.update_series(series, &classes, tally)?;
            self.add_headers(series, tally)?;
            let change = SeriesChange {
                shown: i64::from(after > 0) - i64::from(before > 0),
                sets: tally.filled || before_classes != classes || (before > 0) != (after > 0),
            };
            return Ok((study, change));
        }
        let change = SeriesChange {
            shown: -i64::from(before > 0),
            sets: before > 0,
        };
        Ok((study, change))
    }

    fn classes_after(&self, series: i64, before: String, tally: &Tally) -> Result<String> {
        let mut classes: BTreeSet<String> = split(&before);
        if tally.removed {
            classes = self
                .connection
                .prepare_cached(
                    "SELECT text FROM term WHERE id IN
                         (SELECT DISTINCT sop_class FROM instance WHERE series = ? AND hidden = 0)",
                )?
                .query_map([series], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
        } else {
            classes.extend(tally.added.iter().cloned());
        }
        Ok(join(&classes))
    }

    fn update_series(&self, series: i64, classes: &str, tally: &Tally) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE series SET instances = instances + ?, hidden = hidden + ?, bytes = bytes + ?,
                     received_ms = max(received_ms, ?), version = max(version, ?), sop_classes = ?
                 WHERE id = ?",
            )?
            .execute(params![
                tally.instances,
                tally.hidden,
                tally.bytes,
                tally.received_ms,
                tally.version,
                classes,
                series
            ])?;
        Ok(())
    }

    fn add_headers(&mut self, series: i64, tally: &Tally) -> Result<()> {
        if tally.headers.is_empty() {
            return Ok(());
        }
        blocks::insert(self.connection, series, &tally.headers)?;
        let loose = self.cache.loose.get(&series).copied().unwrap_or(0) + tally.headers.len();
        if loose < blocks::MANY || tally.headers.len() >= blocks::MANY {
            self.cache.loose.insert(series, loose % blocks::MANY);
            return Ok(());
        }
        self.cache.loose.insert(series, 0);
        blocks::merge(self.connection, series, false)
    }

    fn finish_study(&mut self, study: i64, tally: &StudyTally) -> Result<()> {
        let (patient, instances, hidden, uid, name_key): (i64, i64, i64, String, String) = self
            .connection
            .prepare_cached(
                "UPDATE study SET series = series + ?, instances = instances + ?,
                     hidden = hidden + ?, bytes = bytes + ?, received_ms = max(received_ms, ?),
                     version = max(version, ?)
                 WHERE id = ? RETURNING patient, instances, hidden, uid, name_key",
            )?
            .query_row(
                params![
                    tally.series,
                    tally.instances,
                    tally.hidden,
                    tally.bytes,
                    tally.received_ms,
                    tally.version,
                    study
                ],
                |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        row.get(4)?,
                    ))
                },
            )?;
        if instances == 0 && hidden == 0 {
            self.remember_deleted(&uid, tally.version)?;
            parents::delete_names(self.connection, study, &name_key)?;
            self.connection
                .prepare_cached("DELETE FROM study WHERE id = ?")?
                .execute([study])?;
            self.cache.studies.clear();
            return parents::refresh_patient(self.connection, patient);
        } else if tally.sets {
            self.update_sets(study)?;
        }
        self.finish_patient(patient, study, tally)
    }

    /// Modalities and SOP classes of the study anew from its shown series.
    fn update_sets(&self, study: i64) -> Result<()> {
        let mut modalities = BTreeSet::new();
        let mut classes = BTreeSet::new();
        let mut statement = self.connection.prepare_cached(
            "SELECT modality, sop_classes FROM series WHERE study = ? AND instances > 0",
        )?;
        let mut rows = statement.query([study])?;
        while let Some(row) = rows.next()? {
            modalities.extend(split(&row.get::<_, String>(0)?));
            classes.extend(split(&row.get::<_, String>(1)?));
        }
        self.connection
            .prepare_cached("UPDATE study SET modalities = ?, sop_classes = ? WHERE id = ?")?
            .execute(params![join(&modalities), join(&classes), study])?;
        Ok(())
    }

    fn finish_patient(&self, patient: i64, study: i64, tally: &StudyTally) -> Result<()> {
        if tally.removed {
            return parents::refresh_patient(self.connection, patient);
        }
        let shown: bool = self
            .connection
            .prepare_cached("SELECT instances = ? AND instances > 0 FROM study WHERE id = ?")?
            .query_row(params![tally.instances, study], |row| row.get(0))?;
        self.connection
            .prepare_cached(
                "UPDATE patient SET studies = studies + ?, series = series + ?,
                     instances = instances + ? WHERE id = ?",
            )?
            .execute(params![shown, tally.series, tally.instances, patient])?;
        Ok(())
    }
}

/// What the end of a series' changes means for its study.
struct SeriesChange {
    /// Is shown now (1), or no longer (-1).
    shown: i64,
    /// Modalities or SOP classes may have changed.
    sets: bool,
}

#[derive(Default)]
struct StudyTally {
    series: i64,
    instances: i64,
    hidden: i64,
    bytes: i64,
    received_ms: i64,
    version: i64,
    sets: bool,
    removed: bool,
}

impl StudyTally {
    fn add(&mut self, tally: &Tally, change: &SeriesChange) {
        self.series += change.shown;
        self.instances += tally.instances;
        self.hidden += tally.hidden;
        self.bytes += tally.bytes;
        self.received_ms = self.received_ms.max(tally.received_ms);
        self.version = self.version.max(tally.version);
        self.sets |= change.sets;
        self.removed |= tally.removed || tally.deleted;
    }
}

fn split(joined: &str) -> BTreeSet<String> {
    let values = joined.split('\\').filter(|value| !value.is_empty());
    values.map(str::to_owned).collect()
}

fn join(values: &BTreeSet<String>) -> String {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    values.join("\\")
}

/// Takes in that records were copied. Returns how many were where they were said to be.
pub fn relocate(
    connection: &Connection,
    moves: &[Relocation],
    watermarks: &Watermarks,
    gone: &[u64],
) -> Result<u64> {
    let mut found = 0;
    for hidden in ["hidden = 0", "hidden = 1"] {
        let mut statement = connection.prepare_cached(&format!(
            "UPDATE instance SET pack = ?, offset = ?, header_length = ?, prefix_length = ?,
                 length = ?
             WHERE uid = ? AND {hidden} AND pack = ? AND offset = ?"
        ))?;
        for Relocation {
            sop_instance_uid,
            from,
            to,
        } in moves
        {
            let Locator {
                pack,
                offset,
                header_length,
                prefix_length,
                length,
            } = *to;
            let rows = statement.execute(params![
                signed(pack),
                signed(offset),
                header_length,
                prefix_length,
                signed(length),
                sop_instance_uid,
                signed(from.pack),
                signed(from.offset)
            ])?;
            found += rows as u64;
        }
    }
    let mut mark = connection
        .prepare_cached("INSERT OR REPLACE INTO watermark (pack, bytes) VALUES (?, ?)")?;
    for (pack, bytes) in watermarks {
        mark.execute([signed(*pack), signed(*bytes)])?;
    }
    let mut forget = connection.prepare_cached("DELETE FROM watermark WHERE pack = ?")?;
    for pack in gone {
        forget.execute([signed(*pack)])?;
    }
    Ok(found)
}
