//! Validation across instances: one patient, one study, series of one kind, geometry, references.

mod agreement;
mod geometry;
mod references;
mod summary;

#[cfg(test)]
mod tests;

pub use summary::Summary;

use crate::finding::Finding;

/// A finding that concerns several instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudyFinding {
    /// What was found; the path is that of the attribute.
    pub finding: Finding,
    /// The instances concerned, as positions in what was given; the first of them if they are many.
    pub instances: Vec<usize>,
    /// The study, series or patient concerned, by the UID of a study or series.
    pub scope: String,
}

/// Compares instances with each other. Those of several studies may be mixed.
pub fn validate_study(instances: &[Summary]) -> Vec<StudyFinding> {
    let mut findings = Vec::new();
    agreement::check(instances, &mut findings);
    geometry::check(instances, &mut findings);
    references::check(instances, &mut findings);
    findings
}
