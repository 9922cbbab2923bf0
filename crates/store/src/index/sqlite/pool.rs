//! Connections: one that writes, a bounded number that read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Options;
use crate::{Error, Result};

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        // SQLite's own words name tables and columns, never values.
        Error::Index {
            reason: error.to_string(),
        }
    }
}

/// Opens the connection that writes.
pub fn open_writer(path: &Path, options: &Options) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "page_size", 8192)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(Error::Index {
            reason: format!(
                "journal mode {mode} instead of wal: is the folder on a network drive?"
            ),
        });
    }
    // The packs are the truth: what a power cut takes from the end of the log is read again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 2_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    configure(&connection, options.writer_cache)?;
    Ok(connection)
}

fn configure(connection: &Connection, cache: u64) -> Result<()> {
    connection.pragma_update(
        None,
        "cache_size",
        -i64::try_from(cache / 1024).unwrap_or(0),
    )?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(128);
    // Otherwise SQLite plans a cached statement anew whenever one of its parameters is compared
    // with a column outside the chosen index, which is at nearly every use. No plan here depends
    // on a value: ranges of prefixes are spelt out.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Read-only connections, opened when needed, at most `limit`.
pub struct Readers {
    path: PathBuf,
    limit: usize,
    cache: u64,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    open: usize,
}

/// A connection on loan.
pub struct Reader<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl Readers {
    /// None open yet.
    pub fn new(path: PathBuf, options: &Options) -> Readers {
        Readers {
            path,
            limit: options.readers.max(1),
            cache: options.reader_cache,
            state: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    /// Lends a connection; waits while all are out.
    pub fn get(&self) -> Result<Reader<'_>> {
        let mut state = self.state.lock();
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(self.lend(connection));
            }
            if state.open < self.limit {
                state.open += 1;
                break;
            }
            self.returned.wait(&mut state);
        }
        drop(state);
        match self.open() {
            Ok(connection) => Ok(self.lend(connection)),
            Err(error) => {
                self.state.lock().open -= 1;
                self.returned.notify_one();
                Err(error)
            }
        }
    }

    /// Lends a connection that is open and idle.
    pub fn try_get(&self) -> Option<Reader<'_>> {
        let idle = self.state.lock().idle.pop();
        idle.map(|connection| self.lend(connection))
    }

    fn lend(&self, connection: Connection) -> Reader<'_> {
        Reader {
            readers: self,
            connection: Some(connection),
        }
    }

    fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        configure(&connection, self.cache)?;
        Ok(connection)
    }

    /// Closes those that are idle (their statements may know tables that are gone).
    pub fn close_idle(&self) {
        let mut state = self.state.lock();
        state.open -= state.idle.len();
        state.idle.clear();
    }
}

impl std::ops::Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("a reader has its connection until it is dropped"),
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.readers.state.lock().idle.push(connection);
            self.readers.returned.notify_one();
        }
    }
}
