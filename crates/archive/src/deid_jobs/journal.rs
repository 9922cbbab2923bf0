//! Which instances of a job are done: `done.jsonl`. A line follows what it tells of; where it is
//! missing after a crash, the instance is done again.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::job::Counts;
use crate::Result;
use crate::proof::private::trouble;

const FILE: &str = "done.jsonl";

/// What became of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fate {
    Written,
    Refused,
    Quarantined,
    Failed,
}

#[derive(Serialize, Deserialize)]
struct Line {
    /// SOP Instance UID, as it is in the archive.
    instance: String,
    fate: Fate,
}

/// The open journal.
pub(super) struct Journal {
    file: File,
    done: HashMap<String, Fate>,
}

impl Journal {
    pub(super) fn open(folder: &Path) -> Result<Journal> {
        let path = folder.join(FILE);
        let mut done = HashMap::new();
        let mut is_cut = false;
        if let Ok(file) = File::open(&path) {
            for line in BufReader::new(file).lines().map_while(Result::ok) {
                match serde_json::from_str::<Line>(&line) {
                    Ok(line) => {
                        done.insert(line.instance, line.fate);
                    }
                    Err(_) => is_cut = true,
                }
            }
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(trouble("open", &path))?;
        if is_cut {
            // What was cut off must not run into the next line.
            file.write_all(b"\n").map_err(trouble("write", &path))?;
        }
        Ok(Journal { file, done })
    }

    pub(super) fn has(&self, instance: &str) -> bool {
        self.done.contains_key(instance)
    }

    pub(super) fn add(&mut self, instance: &str, fate: Fate) -> std::io::Result<()> {
        let line = Line {
            instance: instance.to_owned(),
            fate,
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.done.insert(line.instance, fate);
        Ok(())
    }

    pub(super) fn sync(&self) -> std::io::Result<()> {
        self.file.sync_all()
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for fate in self.done.values() {
            let count = match fate {
                Fate::Written => &mut counts.written,
                Fate::Refused => &mut counts.refused,
                Fate::Quarantined => &mut counts.quarantined,
                Fate::Failed => &mut counts.failed,
            };
            *count += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_journal_that_was_cut_goes_on_with_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.add("1.2", Fate::Written).unwrap();
        journal.add("1.3", Fate::Refused).unwrap();
        let path = folder.path().join(FILE);
        let length = std::fs::metadata(&path).unwrap().len();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(length - 5).unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        assert!(journal.has("1.2") && !journal.has("1.3"));
        journal.add("1.3", Fate::Quarantined).unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let counts = journal.counts();
        assert_eq!(
            (counts.written, counts.quarantined, counts.refused),
            (1, 1, 0)
        );
    }
}
