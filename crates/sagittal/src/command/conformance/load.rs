//! Documents as users name them: a file, `self`, or one of the library.

use std::path::Path;

use anyhow::Context as _;
use sagittal_conform::{Document, library};

use super::statement;

/// The document that a word names.
pub(super) fn document(word: &str, config: Option<&Path>) -> anyhow::Result<Document> {
    if word == "self" {
        return statement::of_configuration(config);
    }
    let Some(name) = word.strip_prefix("library:") else {
        return file(Path::new(word));
    };
    let found = library::document(name).with_context(|| {
        let names: Vec<&str> = library::names().collect();
        format!(
            "{name:?} is not in the library, which has {}",
            names.join(", ")
        )
    })?;
    found.with_context(|| word.to_owned())
}

/// The document in a file, JSON or TOML.
pub(super) fn file(path: &Path) -> anyhow::Result<Document> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    Document::parse(&text).with_context(|| name.to_string())
}
