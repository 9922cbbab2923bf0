//! A table of patients' identifiers: under which another one they are known here.

use std::collections::HashMap;
use std::fmt;

use sagittal_core::{Tag, tags};

use super::check;

/// Issuer and identifier of a patient, and what takes their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatientMap {
    rows: HashMap<(String, String), Target>,
}

/// What a patient is known by from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    id: String,
    issuer: String,
    name: Option<String>,
}

impl Target {
    /// Attributes and their values.
    pub(super) fn values(&self) -> impl Iterator<Item = (Tag, &str)> {
        let name = self.name.as_deref().map(|name| (tags::PATIENT_NAME, name));
        let known = [
            (tags::PATIENT_ID, self.id.as_str()),
            (tags::ISSUER_OF_PATIENT_ID, self.issuer.as_str()),
        ];
        known.into_iter().chain(name)
    }
}

/// What is wrong with a table. It does not show what is in the line: that is a patient's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Counted from one.
    pub line: usize,
    /// What is wrong.
    pub reason: &'static str,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for Flaw {}

impl PatientMap {
    /// Reads lines of `issuer,id,new id,new issuer[,new name]`; empty ones and those that begin
    /// with `#` are passed over. Fields may be in double quotes, doubled within. An empty issuer
    /// is that of a patient who has none, an empty new one is an empty Issuer of Patient ID.
    ///
    /// # Errors
    /// The first line that is not like that, or says again what another one said.
    pub fn parse(table: &str) -> Result<PatientMap, Flaw> {
        let mut map = PatientMap::default();
        for (number, line) in table.trim_start_matches('\u{feff}').lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, target) = row(line).map_err(|reason| flaw(number, reason))?;
            if map.rows.insert(key, target).is_some() {
                return Err(flaw(number, "this identifier was there before"));
            }
        }
        Ok(map)
    }

    /// What takes the place of a patient's identifier.
    pub fn get(&self, issuer: &str, id: &str) -> Option<&Target> {
        self.rows.get(&(issuer.to_owned(), id.to_owned()))
    }
}

fn flaw(number: usize, reason: &'static str) -> Flaw {
    Flaw {
        line: number + 1,
        reason,
    }
}

fn row(line: &str) -> Result<((String, String), Target), &'static str> {
    let fields = fields(line).ok_or("a quote is not closed")?;
    let (issuer, old, id, new_issuer, name) = match fields.as_slice() {
        [issuer, old, id, new_issuer] => (issuer, old, id, new_issuer, None),
        [issuer, old, id, new_issuer, name] => (issuer, old, id, new_issuer, Some(name)),
        _ => return Err("four or five fields expected"),
    };
    if old.is_empty() || id.is_empty() {
        return Err("an identifier is empty");
    }
    let target = Target {
        id: id.clone(),
        issuer: new_issuer.clone(),
        name: name.filter(|name| !name.is_empty()).cloned(),
    };
    for (tag, text) in target.values() {
        check(tag, text).map_err(|_| "a new value is too long or has characters not allowed")?;
    }
    Ok(((issuer.clone(), old.clone()), target))
}

/// The fields of a line; `None` if a quote is not closed.
fn fields(line: &str) -> Option<Vec<String>> {
    let mut all = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut field).trim().to_owned()),
            other => field.push(other),
        }
    }
    all.push(field.trim().to_owned());
    (!quoted).then_some(all)
}
