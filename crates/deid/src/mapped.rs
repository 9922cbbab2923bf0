//! Pseudonyms that are remembered: maps of old to new, kept between runs and exported as CSV.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sagittal_core::Uid;

use crate::log::csv_record;
use crate::{Error, IdentifierKind, Pseudonyms, Result};

/// All kinds, as they stand in files.
const KINDS: [IdentifierKind; 5] = [
    IdentifierKind::Patient,
    IdentifierKind::Accession,
    IdentifierKind::Study,
    IdentifierKind::Device,
    IdentifierKind::Other,
];

/// The first line of what [`Mapped::to_bytes`] writes.
const HEAD: &str = "kind,id_old,id_new";

/// Answers from its map, and asks `source` for what is not in it yet: what was answered once is
/// answered so for ever, even if the key changes. The map has protected values: whoever has it can
/// re-identify.
pub struct Mapped {
    source: Arc<dyn Pseudonyms>,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    uids: BTreeMap<String, Uid>,
    /// By kind and old identifier.
    identifiers: BTreeMap<(&'static str, String), String>,
    /// By patient.
    shifts: BTreeMap<String, i64>,
}

impl Mapped {
    /// Empty.
    pub fn new(source: Arc<dyn Pseudonyms>) -> Mapped {
        Mapped {
            source,
            tables: Mutex::default(),
        }
    }

    /// Reads what [`Mapped::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Error::MapLine`] for a line that is none of a map, or contradicts another.
    pub fn from_bytes(bytes: &[u8], source: Arc<dyn Pseudonyms>) -> Result<Mapped> {
        let mapped = Mapped::new(source);
        let text = std::str::from_utf8(bytes).map_err(|_| Error::MapLine { line: 1 })?;
        let records = records(text)?;
        let mut records = records.into_iter();
        let is_map = records
            .next()
            .is_some_and(|(_, head)| head.join(",") == HEAD);
        if !is_map {
            return Err(Error::MapLine { line: 1 });
        }
        for (line, record) in records {
            let [kind, old, new] =
                <[String; 3]>::try_from(record).map_err(|_| Error::MapLine { line })?;
            mapped.put(&kind, old, new).ok_or(Error::MapLine { line })?;
        }
        Ok(mapped)
    }

    /// The whole map: CSV of `kind,id_old,id_new`, sorted, so that equal maps are equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let tables = self.lock();
        let mut out = format!("{HEAD}\r\n");
        let mut write = |kind: &str, old: &str, new: String| {
            csv_record(
                &[Some(kind.to_owned()), Some(old.to_owned()), Some(new)],
                &mut out,
            );
        };
        for (old, new) in &tables.uids {
            write("uid", old, new.to_string());
        }
        for ((kind, old), new) in &tables.identifiers {
            write(kind, old, new.clone());
        }
        for (old, days) in &tables.shifts {
            write("shift", old, days.to_string());
        }
        out.into_bytes()
    }

    /// The map of UIDs as CSV of `id_old,id_new`.
    pub fn uid_csv(&self) -> String {
        let tables = self.lock();
        let pairs = tables
            .uids
            .iter()
            .map(|(old, new)| (old.as_str(), new.as_str()));
        pairs_csv(pairs)
    }

    /// The map of identifiers of one kind as CSV of `id_old,id_new`; patients' are what tools for
    /// linking ask for.
    pub fn identifier_csv(&self, kind: IdentifierKind) -> String {
        let tables = self.lock();
        let of_kind = tables
            .identifiers
            .iter()
            .filter(|((name, _), _)| *name == kind.as_str());
        pairs_csv(of_kind.map(|((_, old), new)| (old.as_str(), new.as_str())))
    }

    /// Adds UIDs from CSV of `id_old,id_new`.
    ///
    /// # Errors
    /// As [`Mapped::from_bytes`].
    pub fn import_uids(&self, csv: &str) -> Result<usize> {
        self.import("uid", csv)
    }

    /// Adds identifiers from CSV of `id_old,id_new`: pseudonyms given by somebody else.
    ///
    /// # Errors
    /// As [`Mapped::from_bytes`].
    pub fn import_identifiers(&self, kind: IdentifierKind, csv: &str) -> Result<usize> {
        self.import(kind.as_str(), csv)
    }

    fn import(&self, kind: &str, csv: &str) -> Result<usize> {
        let mut count = 0;
        for (line, record) in records(csv)? {
            if line == 1 && record == ["id_old", "id_new"] {
                continue;
            }
            let [old, new] =
                <[String; 2]>::try_from(record).map_err(|_| Error::MapLine { line })?;
            self.put(kind, old, new).ok_or(Error::MapLine { line })?;
            count += 1;
        }
        Ok(count)
    }

    /// `None` if it is no entry, or another one for the same is there already.
    fn put(&self, kind: &str, old: String, new: String) -> Option<()> {
        let mut tables = self.lock();
        if old.is_empty() || new.is_empty() {
            return None;
        }
        match kind {
            "uid" => {
                let new = Uid::new(&new).ok()?;
                let there = tables.uids.entry(old).or_insert_with(|| new.clone());
                (*there == new).then_some(())
            }
            "shift" => {
                let days: i64 = new.parse().ok()?;
                let there = tables.shifts.entry(old).or_insert(days);
                (*there == days).then_some(())
            }
            _ => {
                let kind = KINDS.iter().find(|known| known.as_str() == kind)?;
                let key = (kind.as_str(), old);
                let there = tables.identifiers.entry(key).or_insert_with(|| new.clone());
                (*there == new).then_some(())
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pseudonyms for Mapped {
    fn uid(&self, old: &str) -> Uid {
        let mut tables = self.lock();
        if let Some(new) = tables.uids.get(old) {
            return new.clone();
        }
        let new = self.source.uid(old);
        tables.uids.insert(old.to_owned(), new.clone());
        new
    }

    fn identifier(&self, kind: IdentifierKind, old: &str) -> String {
        let mut tables = self.lock();
        let key = (kind.as_str(), old.to_owned());
        let new = tables.identifiers.entry(key);
        new.or_insert_with(|| self.source.identifier(kind, old))
            .clone()
    }

    fn shift_days(&self, patient_id: &str, range: u32) -> i64 {
        let mut tables = self.lock();
        let shift = tables.shifts.entry(patient_id.to_owned());
        *shift.or_insert_with(|| self.source.shift_days(patient_id, range))
    }
}

/// Never what is in it.
impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = self.lock();
        write!(
            f,
            "Mapped({} UIDs, {} identifiers)",
            tables.uids.len(),
            tables.identifiers.len()
        )
    }
}

fn pairs_csv<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = "id_old,id_new\r\n".to_owned();
    for (old, new) in pairs {
        csv_record(&[Some(old.to_owned()), Some(new.to_owned())], &mut out);
    }
    out
}

/// Records of CSV (RFC 4180) with the line each begins in, from 1; empty lines are left out.
fn records(text: &str) -> Result<Vec<(u64, Vec<String>)>> {
    let mut records = Vec::new();
    let mut record: Vec<String> = Vec::new();
    let mut cell = String::new();
    let mut is_quoted = false;
    let (mut line, mut start) = (1, 1);
    let mut characters = text
        .strip_prefix('\u{FEFF}')
        .unwrap_or(text)
        .chars()
        .peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' if is_quoted || cell.is_empty() => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut cell));
                let whole = std::mem::take(&mut record);
                if whole != [""] {
                    records.push((start, whole));
                }
                line += 1;
                start = line;
            }
            _ => {
                line += u64::from(character == '\n');
                cell.push(character);
            }
        }
    }
    if is_quoted {
        return Err(Error::MapLine { line: start });
    }
    if !cell.is_empty() || !record.is_empty() {
        record.push(cell);
        records.push((start, record));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{Derived, ProjectKey};

    fn derived(byte: u8) -> Arc<dyn Pseudonyms> {
        Arc::new(Derived::new(ProjectKey::new([byte; 32])))
    }

    #[test]
    fn what_was_answered_once_is_answered_so_with_another_key() {
        let first = Mapped::new(derived(1));
        let uid = first.uid("1.2.3");
        let patient = first.identifier(IdentifierKind::Patient, "4711, \"A\"\nB");
        let days = first.shift_days("4711", 365);
        let bytes = first.to_bytes();
        let second = Mapped::from_bytes(&bytes, derived(2)).unwrap();
        assert_eq!(second.uid("1.2.3"), uid);
        assert_eq!(
            second.identifier(IdentifierKind::Patient, "4711, \"A\"\nB"),
            patient
        );
        assert_eq!(second.shift_days("4711", 365), days);
        assert_eq!(second.to_bytes(), bytes);
        assert_ne!(second.uid("1.2.4"), first.uid("1.2.4"));
    }

    #[test]
    fn maps_are_exported_and_imported_as_csv() {
        let mapped = Mapped::new(derived(1));
        let csv = "id_old,id_new\n4711,SUBJ-001\n\"a,b\",SUBJ-002\n";
        assert_eq!(
            mapped
                .import_identifiers(IdentifierKind::Patient, csv)
                .unwrap(),
            2
        );
        assert_eq!(
            mapped.identifier(IdentifierKind::Patient, "a,b"),
            "SUBJ-002"
        );
        let exported = mapped.identifier_csv(IdentifierKind::Patient);
        assert_eq!(exported, csv.replace('\n', "\r\n"));
        let other = Mapped::new(derived(1));
        other.uid("1.2.3");
        assert_eq!(mapped.import_uids(&other.uid_csv()).unwrap(), 1);
        assert_eq!(mapped.uid("1.2.3"), other.uid("1.2.3"));
        assert!(!format!("{mapped:?}").contains("4711"));
    }

    #[test]
    fn a_contradiction_or_damage_is_named_by_its_line() {
        let mapped = Mapped::new(derived(1));
        let line = |csv: &str| match mapped.import_identifiers(IdentifierKind::Study, csv) {
            Err(Error::MapLine { line }) => line,
            other => panic!("{other:?}"),
        };
        assert_eq!(line("1,A\n\n1,B\n"), 3);
        assert_eq!(line("2,A,C\n"), 1);
        assert_eq!(line("3,\"A\n"), 1);
        assert_eq!(line("4,\n"), 1);
        for bad in [
            &b"\xFF"[..],
            b"",
            b"kind,id_old,id_new\r\nplanet,a,b\r\n",
            b"kind,id_old,id_new\nuid,1.2,x\n",
        ] {
            assert!(Mapped::from_bytes(bad, derived(1)).is_err());
        }
    }
}
