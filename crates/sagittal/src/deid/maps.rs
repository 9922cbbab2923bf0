//! What was replaced by what: two CSV files of `id_old,id_new`, kept over runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use sagittal_core::Uid;
use sagittal_deid::{IdentifierKind, Pseudonyms};

/// The file of UIDs.
pub const UID_MAP: &str = "uid_map.csv";
/// The file of patient IDs.
pub const PATIENT_MAP: &str = "patient_map.csv";

/// Pseudonyms of another source, each remembered with its original.
pub struct Remembered {
    source: Arc<dyn Pseudonyms>,
    uids: Mutex<BTreeMap<String, String>>,
    patients: Mutex<BTreeMap<String, String>>,
}

impl Remembered {
    /// Begins with what the files in `work` have.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn new(source: Arc<dyn Pseudonyms>, work: &Path) -> anyhow::Result<Remembered> {
        Ok(Remembered {
            source,
            uids: Mutex::new(read(&work.join(UID_MAP))?),
            patients: Mutex::new(read(&work.join(PATIENT_MAP))?),
        })
    }

    /// Writes both files.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save(&self, work: &Path) -> anyhow::Result<()> {
        for (name, map) in [(UID_MAP, &self.uids), (PATIENT_MAP, &self.patients)] {
            let mut text = String::from("id_old,id_new\n");
            if let Ok(map) = map.lock() {
                for (old, new) in map.iter() {
                    text.push_str(&format!("{},{}\n", quoted(old), quoted(new)));
                }
            }
            super::private::write(&work.join(name), text.as_bytes())?;
        }
        Ok(())
    }
}

impl Pseudonyms for Remembered {
    fn uid(&self, old: &str) -> Uid {
        let new = self.source.uid(old);
        if let Ok(mut map) = self.uids.lock() {
            map.entry(old.to_owned()).or_insert_with(|| new.to_string());
        }
        new
    }

    fn identifier(&self, kind: IdentifierKind, old: &str) -> String {
        let new = self.source.identifier(kind, old);
        if kind == IdentifierKind::Patient
            && let Ok(mut map) = self.patients.lock()
        {
            map.entry(old.to_owned()).or_insert_with(|| new.clone());
        }
        new
    }

    fn shift_days(&self, patient_id: &str, range: u32) -> i64 {
        self.source.shift_days(patient_id, range)
    }
}

fn read(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let rows = text.lines().skip(1).filter_map(|line| {
        // The new one has neither commas nor quotation marks.
        let (old, new) = line.rsplit_once(',')?;
        Some((unquoted(old), unquoted(new)))
    });
    Ok(rows.collect())
}

/// A field of CSV (RFC 4180); line breaks become spaces.
fn quoted(text: &str) -> String {
    let text = text.replace(['\r', '\n'], " ");
    match text.contains([',', '"']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.map_or_else(|| text.to_owned(), |text| text.replace("\"\"", "\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sagittal_deid::{Derived, ProjectKey};

    use super::*;

    #[test]
    fn what_was_asked_is_there_in_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let source = || Arc::new(Derived::new(ProjectKey::new([3; 32])));
        let first = Remembered::new(source(), folder.path()).unwrap();
        let odd = "MRN \"7\",x";
        let new = first.identifier(IdentifierKind::Patient, odd);
        first.uid("1.2.3");
        first.save(folder.path()).unwrap();
        let second = Remembered::new(source(), folder.path()).unwrap();
        second.uid("1.2.4");
        second.save(folder.path()).unwrap();
        let uids = read(&folder.path().join(UID_MAP)).unwrap();
        assert_eq!(uids.len(), 2);
        let patients = read(&folder.path().join(PATIENT_MAP)).unwrap();
        assert_eq!(patients.get(odd), Some(&new));
    }
}
