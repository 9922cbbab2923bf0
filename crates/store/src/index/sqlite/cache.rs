//! What the writer remembers between transactions. Thrown away whenever one fails.

use std::collections::HashMap;
use std::hash::Hash;

use rusqlite::{Connection, OptionalExtension};

use crate::Result;

/// A bounded map that forgets everything when it is full: what is in use comes back at once.
pub struct Bounded<K, V> {
    map: HashMap<K, V>,
    most: usize,
}

impl<K: Eq + Hash, V> Bounded<K, V> {
    /// An empty one.
    pub fn new(most: usize) -> Bounded<K, V> {
        Bounded {
            map: HashMap::new(),
            most,
        }
    }

    /// What is known.
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.map.get(key)
    }

    /// Remembers.
    pub fn insert(&mut self, key: K, value: V) {
        if self.map.len() >= self.most {
            self.map.clear();
        }
        self.map.insert(key, value);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.map.clear();
    }
}

/// A study or series that is in the tables.
#[derive(Clone, Copy, Debug)]
pub struct Parent {
    /// Its row.
    pub id: i64,
    /// A bit for each attribute without a value: a later instance may fill it.
    pub missing: u32,
}

/// The caches.
pub struct Cache {
    /// Study by UID.
    pub studies: Bounded<String, Parent>,
    /// Series by study row and UID.
    pub series: Bounded<(i64, String), Parent>,
    /// Loose instances of a series, as far as seen.
    pub loose: Bounded<i64, usize>,
    /// Series by which arrivals are counted, by all that makes one.
    pub arrival_series: Bounded<String, i64>,
    terms: Bounded<String, i64>,
    /// Has anything ever been found in an instance? (Spares a lookup per deletion.)
    pub flawed: Option<bool>,
    /// Has anything ever been deleted? (Spares a lookup per instance.)
    pub deletions: Option<bool>,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache {
            studies: Bounded::new(4_096),
            series: Bounded::new(8_192),
            loose: Bounded::new(8_192),
            arrival_series: Bounded::new(8_192),
            terms: Bounded::new(1_024),
            flawed: None,
            deletions: None,
        }
    }
}

impl Cache {
    /// The number of a term, given one if it has none.
    pub fn term(&mut self, connection: &Connection, text: &str) -> Result<i64> {
        if let Some(id) = self.terms.get(text) {
            return Ok(*id);
        }
        let found = connection
            .prepare_cached("SELECT id FROM term WHERE text = ?")?
            .query_row([text], |row| row.get(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                connection
                    .prepare_cached("INSERT INTO term (text) VALUES (?)")?
                    .execute([text])?;
                connection.last_insert_rowid()
            }
        };
        self.terms.insert(text.to_owned(), id);
        Ok(id)
    }

    /// Was the record deleted later in the history than `sequence`?
    pub fn deleted_after(
        &mut self,
        connection: &Connection,
        uid_hash: impl FnOnce() -> i64,
        sequence: i64,
    ) -> Result<bool> {
        let any = match self.deletions {
            Some(any) => any,
            None => connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM deleted)")?
                .query_row([], |row| row.get(0))?,
        };
        self.deletions = Some(any);
        if !any {
            return Ok(false);
        }
        let at: Option<i64> = connection
            .prepare_cached("SELECT sequence FROM deleted WHERE uid_hash = ?")?
            .query_row([uid_hash()], |row| row.get(0))
            .optional()?;
        Ok(at.is_some_and(|at| at > sequence))
    }
}
