//! Conformance statements as people wrote them (PS3.2 Annex N and its predecessors): the tables of
//! Markdown, HTML, CSV and plain text, as far as they can be read, with a list of what cannot.

mod build;
mod column;
mod contexts;
mod grid;
mod html;
mod keys;
mod names;
mod plain;

#[cfg(test)]
mod tests;

use crate::document::Document;

/// What was made of a statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The document.
    pub document: Document,
    /// How many tables were understood.
    pub understood: usize,
    /// What was not, in order.
    pub missed: Vec<Missed>,
}

/// Something that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The line of the file, from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
    /// Why it is not understood.
    pub why: String,
}

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Name of the file, as evidence.
    pub file: String,
    /// Name of the system; else the title of the statement.
    pub name: Option<String>,
    /// AE title, where the statement names none.
    pub ae_title: Option<String>,
    /// When it was imported.
    pub date: Option<String>,
}

/// Reads a statement.
pub fn import(text: &str, options: &Options) -> Imported {
    let head: String = text.chars().take(4096).collect::<String>().to_lowercase();
    let is_html = head.contains("<html") || head.contains("<!doctype") || head.contains("<table");
    let grids = if is_html {
        html::grids(text)
    } else {
        plain::grids(text)
    };
    build::document(grids, options)
}

/// A document to be filled in by hand, where there are no tables that can be read.
pub fn template() -> &'static str {
    include_str!("template.toml")
}
