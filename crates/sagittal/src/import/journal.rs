//! What an interrupted import has done, so that the next one goes on where it stopped. The journal
//! is removed when an import is complete: a later one looks at every file again.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The journal of one import: of these paths into this folder.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    done: HashSet<u128>,
    file: Mutex<File>,
}

impl Journal {
    /// Opens the journal of an import of `sources` in the data folder.
    pub fn open(data: &Path, sources: &[PathBuf]) -> io::Result<Journal> {
        let mut hasher = DefaultHasher::new();
        for source in sources {
            std::path::absolute(source)?.hash(&mut hasher);
        }
        let path = data.join(format!("import-{:016x}.journal", hasher.finish()));
        let done = match File::open(&path) {
            Ok(file) => read(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => HashSet::new(),
            Err(error) => return Err(error),
        };
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let file = Mutex::new(file);
        Ok(Journal { path, done, file })
    }

    /// How many were done before.
    pub fn len(&self) -> usize {
        self.done.len()
    }

    /// Nothing was done before.
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// Was this done before?
    pub(super) fn is_done(&self, mark: u128) -> bool {
        self.done.contains(&mark)
    }

    /// Notes what is done and durable. If that fails, it is only looked at again.
    pub(super) fn note(&self, mark: u128) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(file, "{mark:032x}");
    }

    /// The import is complete.
    pub fn remove(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn read(file: File) -> io::Result<HashSet<u128>> {
    let mut done = HashSet::new();
    for line in BufReader::new(file).lines() {
        // A last line that was cut is no mark.
        let line = line?;
        if line.len() == 32
            && let Ok(mark) = u128::from_str_radix(&line, 16)
        {
            done.insert(mark);
        }
    }
    Ok(done)
}

/// Identifies a file as it is now.
pub(super) fn mark(name: &str, size: u64, version: u128) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, name, size, version).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_noted_is_known_next_time_and_gone_when_complete() {
        let folder = tempfile::tempdir().unwrap();
        let sources = [PathBuf::from("/in")];
        let journal = Journal::open(folder.path(), &sources).unwrap();
        assert!(journal.is_empty());
        journal.note(mark("a", 1, 2));
        drop(journal);
        let journal = Journal::open(folder.path(), &sources).unwrap();
        assert!(journal.is_done(mark("a", 1, 2)));
        assert!(
            !journal.is_done(mark("a", 1, 3)),
            "a file that changed is another one"
        );
        journal.remove();
        assert!(Journal::open(folder.path(), &sources).unwrap().is_empty());
    }
}
