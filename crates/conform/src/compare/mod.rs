//! Two documents side by side: what will work between two systems, and what will not.
//!
//! For each thing that one system sends to or asks of the other, a [`Finding`] says whether it works,
//! works after a conversion, works less well than expected, is refused (and where), or is not known.
//! What a document does not know is never guessed: it is unknown here as well.

mod association;
mod context;
mod html;
mod matrix;
mod query;
mod remedy;
mod report;
mod retrieve;
mod text;
mod tls;
mod way;
mod web;

#[cfg(test)]
mod tests;

pub use html::{html, matrix_html};
pub use matrix::{Cell, MATRIX_FORMAT, Matrix, matrix};
pub use report::{
    Comparison, Converter, Counts, Direction, FORMAT, Finding, Outcome, Place, Remedy, Severity,
    Side, Verdict, Workflow,
};
pub use text::{matrix_text, text};

use crate::document::Document;

/// Compares two systems, in both directions; of some workflows only, unless none is named.
pub fn compare(a: &Document, b: &Document, workflows: &[Workflow]) -> Comparison {
    let mut findings = way::findings(a, b, Direction::AToB, workflows);
    findings.extend(way::findings(b, a, Direction::BToA, workflows));
    Comparison::new(a, b, workflows, findings)
}
