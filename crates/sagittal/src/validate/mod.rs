//! Validation of files for `sagittal validate`: reading them side by side, and the reports.

pub mod check;
pub mod report;

use std::io;
use std::path::PathBuf;

use sagittal_iod::{Finding, StudyFinding};

/// What was found in one file.
pub struct FileResult {
    /// The file.
    pub path: PathBuf,
    /// SOP Class UID, empty if there is none.
    pub sop_class_uid: String,
    /// SOP Instance UID, empty if there is none.
    pub sop_instance_uid: String,
    /// What was found, or why the file could not be read.
    pub outcome: Result<Vec<Finding>, String>,
}

/// How many there were of what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    /// Files that were read.
    pub files: u64,
    /// Files that could not be read.
    pub unread: u64,
    /// Files that are not DICOM, in folders.
    pub foreign: u64,
    /// Findings.
    pub errors: u64,
    /// Findings.
    pub warnings: u64,
    /// Findings.
    pub informations: u64,
}

/// A form in which results are written.
pub trait Report {
    /// One file, in order.
    fn file(&mut self, result: &FileResult) -> io::Result<()>;

    /// What comparing the instances gave; `names` are their files.
    fn study(&mut self, findings: &[StudyFinding], names: &[PathBuf]) -> io::Result<()>;

    /// The end.
    fn finish(&mut self, checked: &Checked) -> io::Result<()>;
}
