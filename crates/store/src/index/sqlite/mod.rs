//! The embedded index: SQLite in WAL mode, one writer, a bounded number of readers.

mod blocks;
mod cache;
mod counts;
mod find;
mod narrow;
mod parents;
mod pool;
mod quality;
mod read;
mod schema;
mod selection;
mod sql;
mod write;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension};

use self::cache::Cache;
use self::counts::Counts;
use self::pool::Readers;
use self::read::Terms;
use self::write::Batch;
use super::entry::{Change, Known, Live, Record, Relocation, Statistics, Watermarks};
use super::quality::{Flawed, FlawedFilter, QualityGroup};
use super::query::{IndexQuery, Selection};
use super::row::{InstanceRow, PatientRow, Row, StudyRow};
use super::{Index, key};
use crate::{Error, Result};

/// Name of the file in the index's folder.
const FILE: &str = "index.sqlite";

/// How much memory and how many files an index may use.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections that read at the same time, at most.
    pub readers: usize,
    /// Bytes of page cache of the writer.
    pub writer_cache: u64,
    /// Bytes of page cache of each reader.
    pub reader_cache: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            readers: 8,
            writer_cache: 32 << 20,
            reader_cache: 4 << 20,
        }
    }
}

/// The embedded index.
pub struct SqliteIndex {
    writer: Mutex<Writer>,
    readers: Readers,
    terms: Terms,
    counts: Counts,
}

struct Writer {
    connection: Connection,
    cache: Cache,
}

impl SqliteIndex {
    /// Opens the index in a folder, which exists, or makes it. An index that cannot be read or is
    /// of a newer version is an error: the caller may [`SqliteIndex::remove`] it and rebuild.
    pub fn open(folder: &Path, options: Options) -> Result<SqliteIndex> {
        let path = folder.join(FILE);
        let mut connection = pool::open_writer(&path, &options)?;
        schema::migrate(&mut connection)?;
        Ok(SqliteIndex {
            writer: Mutex::new(Writer {
                connection,
                cache: Cache::default(),
            }),
            readers: Readers::new(path, &options),
            terms: Terms::default(),
            counts: Counts::default(),
        })
    }

    /// Removes the files of an index that is not open.
    pub fn remove(folder: &Path) -> Result<()> {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let path: PathBuf = folder.join(format!("{FILE}{suffix}"));
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::Io {
                        operation: "remove",
                        path,
                        source: error,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Bytes of the tables and indexes, for those who measure.
    pub fn sizes(&self) -> Result<Vec<(String, u64)>> {
        let reader = self.readers.get()?;
        let mut statement =
            reader.prepare("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC")?;
        let rows = statement.query_map([], |row| {
            Ok((
                row.get(0)?,
                u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0),
            ))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Runs one transaction; what the writer remembers is forgotten if it fails.
    fn write<T>(&self, work: impl FnOnce(&Connection, &mut Cache) -> Result<T>) -> Result<T> {
        let mut guard = self.writer.lock();
        let Writer { connection, cache } = &mut *guard;
        let result = (|| {
            let transaction = connection.transaction()?;
            let value = work(&transaction, cache)?;
            transaction.commit()?;
            Ok(value)
        })();
        if result.is_err() {
            *cache = Cache::default();
        }
        self.counts.changed();
        result
    }
}

impl Index for SqliteIndex {
    fn apply(&self, changes: &[Change], watermarks: &Watermarks) -> Result<()> {
        self.write(|connection, cache| {
            let mut batch = Batch::new(connection, cache);
            changes.iter().try_for_each(|change| batch.change(change))?;
            batch.finish(watermarks)
        })
    }

    fn watermarks(&self) -> Result<Watermarks> {
        read::watermarks(&*self.readers.get()?)
    }

    fn known(&self, sop_instance_uid: &str) -> Result<Option<Known>> {
        read::known(&*self.readers.get()?, &self.terms, sop_instance_uid)
    }

    fn known_now(&self, sop_instance_uid: &str) -> Result<Option<Option<Known>>> {
        let Some(reader) = self.readers.try_get() else {
            return Ok(None);
        };
        read::known(&reader, &self.terms, sop_instance_uid).map(Some)
    }

    fn is_hidden(&self, sop_instance_uid: &str, hash: &crate::blob::Hash) -> Result<bool> {
        read::is_hidden(&*self.readers.get()?, sop_instance_uid, hash)
    }

    fn clear(&self) -> Result<()> {
        let mut guard = self.writer.lock();
        guard.cache = Cache::default();
        schema::reset(&mut guard.connection)?;
        self.counts.changed();
        self.terms.forget();
        self.readers.close_idle();
        Ok(())
    }

    fn relocate(&self, moves: &[Relocation], watermarks: &Watermarks, gone: &[u64]) -> Result<u64> {
        self.write(|connection, _| write::relocate(connection, moves, watermarks, gone))
    }

    fn was_deleted(&self, uid: &str) -> Result<bool> {
        let reader = self.readers.get()?;
        let found = reader
            .prepare_cached("SELECT 1 FROM deleted WHERE uid_hash = ?")?
            .query_row([key::uid_hash(uid)], |_| Ok(()))
            .optional()?;
        Ok(found.is_some())
    }

    fn instance(&self, sop_instance_uid: &str) -> Result<Option<Row>> {
        selection::instance(&self.readers, &self.terms, sop_instance_uid)
    }

    fn instances(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<()> {
        selection::instances(&self.readers, &self.terms, selection, sink)
    }

    fn frames(&self, instance: &InstanceRow) -> Result<Vec<u8>> {
        read::frames(&*self.readers.get()?, write::signed(instance.sequence))
    }

    fn header(&self, instance: &InstanceRow) -> Result<Vec<u8>> {
        let reader = self.readers.get()?;
        let snapshot = reader.unchecked_transaction()?;
        let id = write::signed(instance.sequence);
        let header = match read::series_of(&snapshot, id)? {
            Some(series) => blocks::header(&snapshot, series, id)?,
            None => None,
        };
        header.ok_or_else(|| Error::Index {
            reason: format!(
                "no header of instance {}",
                instance.attributes.sop_instance_uid
            ),
        })
    }

    fn sample(&self, row: &Row) -> Result<Option<Vec<u8>>> {
        selection::sample(&*self.readers.get()?, row)
    }

    fn patient(&self, study: &StudyRow) -> Result<Option<PatientRow>> {
        read::patient_by_id(&*self.readers.get()?, study.patient)
    }

    fn headers(
        &self,
        selection: &Selection,
        sink: &mut dyn FnMut(Vec<u8>, u64) -> ControlFlow<()>,
    ) -> Result<()> {
        selection::headers(&self.readers, &self.terms, selection, sink)
    }

    fn find(&self, query: &IndexQuery, sink: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<()> {
        find::find(&self.readers, &self.terms, query, sink)
    }

    fn count(&self, query: &IndexQuery) -> Result<u64> {
        let count = || find::count(&self.readers, &self.terms, query);
        self.counts.get(query, count)
    }

    fn state_tag(&self, selection: &Selection) -> Result<Option<String>> {
        selection::state_tag(&self.readers, &self.terms, selection)
    }

    fn statistics(&self) -> Result<Statistics> {
        read::statistics(&*self.readers.get()?)
    }

    fn records(&self, sink: &mut dyn FnMut(Record) -> ControlFlow<()>) -> Result<()> {
        read::records(&self.readers, sink)
    }

    fn record(&self, sequence: u64) -> Result<Option<Record>> {
        read::record(&*self.readers.get()?, write::signed(sequence))
    }

    fn live(&self) -> Result<BTreeMap<u64, Live>> {
        read::live(&*self.readers.get()?)
    }

    fn flawed(&self, filter: &FlawedFilter) -> Result<Vec<Flawed>> {
        quality::flawed(&*self.readers.get()?, filter)
    }

    fn quality(&self, first_day: i64, last_day: i64) -> Result<Vec<QualityGroup>> {
        quality::report(&*self.readers.get()?, first_day, last_day)
    }

    fn maintain(&self, budget: Duration) -> Result<bool> {
        let end = Instant::now() + budget;
        loop {
            // One series a transaction, so that ingest never waits long.
            let more = self.write(|connection, cache| {
                let series: Option<i64> = connection
                    .prepare_cached("SELECT series FROM block WHERE loose = 1 LIMIT 1")?
                    .query_row([], |row| row.get(0))
                    .optional()?;
                if let Some(series) = series {
                    blocks::merge(connection, series, true)?;
                    cache.loose.insert(series, 0);
                }
                Ok(series.is_some())
            })?;
            if !more || Instant::now() >= end {
                return Ok(more);
            }
        }
    }
}

#[cfg(test)]
mod tests;
