//! Documents as users name them: a file, `self`, or one of the library.

use std::path::Path;

use anyhow::Context as _;
use sagittal_conform::Document;

use super::statement;

/// The document that a word names.
pub(super) fn document(word: &str, config: Option<&Path>) -> anyhow::Result<Document> {
    if word == "self" {
        return statement::of_configuration(config);
    }
    file(Path::new(word))
}

/// The document in a file, JSON or TOML.
pub(super) fn file(path: &Path) -> anyhow::Result<Document> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    Document::parse(&text).with_context(|| name.to_string())
}
