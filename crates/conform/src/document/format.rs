//! Reading and writing: JSON and TOML.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Document, FORMAT, SopClasses, TransferSyntaxes};

/// Why a text is no conformance document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not JSON, or says something that a document cannot.
    #[error("no conformance document: {0}")]
    Json(#[from] serde_json::Error),

    /// It is not TOML, or says something that a document cannot.
    #[error("no conformance document: {0}")]
    Toml(#[from] toml::de::Error),

    /// It cannot be written as TOML.
    #[error("cannot be written as TOML: {0}")]
    WriteToml(#[from] toml::ser::Error),

    /// It is of a later version of the format.
    #[error("format {found} of the conformance document is not known, expected at most {FORMAT}")]
    Format {
        /// The version found.
        found: u64,
    },

    /// Something in it contradicts itself.
    #[error("conformance document: {0}")]
    Invalid(String),
}

impl Document {
    /// From JSON. A field that the format does not have is refused, with its name and place.
    pub fn from_json(text: &str) -> Result<Document, Error> {
        let value: Value = serde_json::from_str(text)?;
        check_format(value.get("format").and_then(Value::as_u64))?;
        // From the text again, so that an error has its line.
        Document::checked(serde_json::from_str(text)?)
    }

    /// From TOML.
    pub fn from_toml(text: &str) -> Result<Document, Error> {
        let table: toml::Table = toml::from_str(text)?;
        let format = table.get("format").and_then(toml::Value::as_integer);
        check_format(format.and_then(|format| u64::try_from(format).ok()))?;
        Document::checked(toml::from_str(text)?)
    }

    /// From either: JSON begins with a brace.
    pub fn parse(text: &str) -> Result<Document, Error> {
        if text.trim_start().starts_with('{') {
            Document::from_json(text)
        } else {
            Document::from_toml(text)
        }
    }

    fn checked(document: Document) -> Result<Document, Error> {
        document.check()?;
        Ok(document)
    }

    /// As JSON, with UIDs.
    pub fn to_json(&self) -> Result<String, Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// As TOML, with names and groups.
    pub fn to_toml(&self) -> Result<String, Error> {
        let mut value = serde_json::to_value(self)?;
        shorten(&mut value);
        // Tables must come after values, which the order of the fields does not promise.
        let table: toml::Table = serde_json::from_value(value)?;
        Ok(toml::to_string_pretty(&table)?)
    }

    /// Is every basis that is named there, and every Application Entity named once?
    pub fn check(&self) -> Result<(), Error> {
        let value = serde_json::to_value(self)?;
        let mut missing = BTreeSet::new();
        bases(&value, &mut |name| {
            if !self.bases.contains_key(name) {
                missing.insert(name.to_owned());
            }
        });
        if let Some(name) = missing.first() {
            return Err(Error::Invalid(format!("there is no basis called {name:?}")));
        }
        let mut titles = BTreeSet::new();
        for entity in &self.application_entities {
            for title in entity.aliases.iter().chain([&entity.ae_title]) {
                sagittal_core::AeTitle::new(title)
                    .map_err(|error| Error::Invalid(format!("AE title {title:?}: {error}")))?;
                if !titles.insert(title) {
                    return Err(Error::Invalid(format!("AE title {title:?} appears twice")));
                }
            }
        }
        Ok(())
    }
}

fn check_format(found: Option<u64>) -> Result<(), Error> {
    match found {
        Some(found) if found > u64::from(FORMAT) || found == 0 => Err(Error::Format { found }),
        _ => Ok(()),
    }
}

/// Calls back with every name of a basis.
fn bases(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(basis) if name == "basis" => found(basis),
                    _ => bases(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| bases(item, found)),
        _ => {}
    }
}

/// UIDs of known fields to names and groups.
fn shorten(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                let words = match name.as_str() {
                    "sop_classes" => reread::<SopClasses>(value).map(|list| list.words()),
                    // Of an order of preference, a group would lose the order.
                    "order" => reread::<TransferSyntaxes>(value)
                        .map(|list| list.iter().flat_map(|uid| one(uid).words()).collect()),
                    "transfer_syntaxes" | "from" | "to" => {
                        reread::<TransferSyntaxes>(value).map(|list| list.words())
                    }
                    _ => None,
                };
                match words {
                    Some(words) => *value = Value::from(words),
                    None => shorten(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        _ => {}
    }
}

fn one(uid: &sagittal_core::Uid) -> TransferSyntaxes {
    [uid.clone()].into_iter().collect()
}

fn reread<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

#[cfg(test)]
mod tests;
