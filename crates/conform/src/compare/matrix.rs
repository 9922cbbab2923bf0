//! Many systems: each asks each.

use serde::Serialize;

use super::report::{Counts, Direction, Finding, Outcome, Side, Verdict, Workflow};
use super::way;
use crate::document::Document;

/// The version of the JSON that is written.
pub const MATRIX_FORMAT: u32 = 1;

/// What each of several systems asks of each other one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Matrix {
    /// Version of this form: 1.
    pub format: u32,
    /// The systems.
    pub systems: Vec<Side>,
    /// The workflows looked at; all if empty.
    pub workflows: Vec<Workflow>,
    /// In one word.
    pub verdict: Verdict,
    /// Pairs, a system with itself left out.
    pub cells: Vec<Cell>,
}

/// What one system asks of another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Who asks: a place in `systems`, from 0.
    pub from: usize,
    /// Who answers.
    pub to: usize,
    /// The worst that counts; nothing if nothing is asked.
    pub worst: Option<Outcome>,
    /// How many of each.
    pub counts: Counts,
    /// One by one.
    pub findings: Vec<Finding>,
}

impl Cell {
    /// In a word, with the number of findings that count.
    pub fn word(&self) -> String {
        let count = self
            .findings
            .iter()
            .filter(|finding| finding.counts())
            .count();
        match self.worst {
            None => "nothing".to_owned(),
            Some(worst) if count > 0 => format!("{} {count}", worst.name()),
            Some(worst) => worst.name().to_owned(),
        }
    }
}

impl Matrix {
    /// A cell by its place.
    pub fn cell(&self, from: usize, to: usize) -> Option<&Cell> {
        self.cells
            .iter()
            .find(|cell| cell.from == from && cell.to == to)
    }

    /// As JSON.
    ///
    /// # Errors
    /// It cannot be written, which does not happen.
    pub fn to_json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// Compares each with each.
pub fn matrix(documents: &[Document], workflows: &[Workflow]) -> Matrix {
    let mut cells = Vec::new();
    for (from, asking) in documents.iter().enumerate() {
        for (to, asked) in documents.iter().enumerate().filter(|(to, _)| *to != from) {
            let findings = way::findings(asking, asked, Direction::AToB, workflows);
            cells.push(Cell {
                from,
                to,
                worst: worst(&findings),
                counts: Counts::of(&findings),
                findings,
            });
        }
    }
    Matrix {
        format: MATRIX_FORMAT,
        systems: documents.iter().map(Side::of).collect(),
        workflows: workflows.to_vec(),
        verdict: Verdict::of(cells.iter().flat_map(|cell| &cell.findings)),
        cells,
    }
}

/// Of what counts; else that it works, or that nothing is known.
fn worst(findings: &[Finding]) -> Option<Outcome> {
    let counting = findings.iter().filter(|finding| finding.counts());
    let worst = counting.map(|finding| finding.outcome).max();
    worst.or_else(|| findings.iter().map(|finding| finding.outcome).min())
}
