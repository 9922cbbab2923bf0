//! Reads files side by side, validates them and compares them with each other.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bytes::Bytes;
use rayon::prelude::*;
use sagittal_core::{Limits, Tag, tags};
use sagittal_file::part10;
use sagittal_iod::{Severity, Summary, validate_file, validate_study};

use super::{Checked, FileResult, Report};
use crate::files;

/// Files larger than this are read one at a time, so that memory holds few of them.
const LARGE: u64 = 128 << 20;
/// So many files are in flight.
const BATCH: usize = 256;

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The mildest severity reported.
    pub least: Severity,
    /// At most so many findings of one file.
    pub most: usize,
    /// Compare the instances with each other.
    pub compare: bool,
}

/// What became of one file.
enum One {
    Read(Box<(FileResult, Option<Summary>)>),
    Foreign,
}

/// Checks everything at and below `paths`, writing as it goes.
pub fn all(paths: &[PathBuf], options: Options, report: &mut dyn Report) -> io::Result<Checked> {
    let mut checked = Checked::default();
    let (mut summaries, mut names) = (Vec::new(), Vec::new());
    for given in paths {
        let is_folder = given.is_dir();
        let mut walk = files::walk(given).peekable();
        while walk.peek().is_some() {
            let batch: Vec<_> = walk.by_ref().take(BATCH).collect();
            let results: Vec<One> = batch
                .into_par_iter()
                .map(|path| match path {
                    Ok(path) => one(path, is_folder, options),
                    Err(error) => unread(given.clone(), error.to_string()),
                })
                .collect();
            for result in results {
                let One::Read(result) = result else {
                    checked.foreign += 1;
                    continue;
                };
                let (result, summary) = *result;
                checked.count(&result);
                report.file(&result)?;
                if let Some(summary) = summary {
                    summaries.push(summary);
                    names.push(result.path);
                }
            }
        }
    }
    if options.compare {
        let mut findings = validate_study(&summaries);
        findings.retain(|found| found.finding.severity <= options.least);
        for found in &findings {
            checked.add(found.finding.severity);
        }
        report.study(&findings, &names)?;
    }
    Ok(checked)
}

impl Checked {
    fn count(&mut self, result: &FileResult) {
        match &result.outcome {
            Ok(findings) => {
                self.files += 1;
                for finding in findings {
                    self.add(finding.severity);
                }
            }
            Err(_) => self.unread += 1,
        }
    }

    fn add(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Information => self.informations += 1,
        }
    }
}

fn unread(path: PathBuf, reason: String) -> One {
    One::Read(Box::new((
        FileResult {
            path,
            sop_class_uid: String::new(),
            sop_instance_uid: String::new(),
            outcome: Err(reason),
        },
        None,
    )))
}

fn one(path: PathBuf, in_folder: bool, options: Options) -> One {
    static LARGE_ONES: Mutex<()> = Mutex::new(());
    let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
    // A poisoned lock only means that another file's check has failed.
    let _alone = (length > LARGE).then(|| LARGE_ONES.lock());
    match read(&path) {
        Ok(file) => {
            let validation = sagittal_iod::Options {
                least: options.least,
                most: options.most,
            };
            let text = |tag: Tag| file.data_set.first_text(tag).unwrap_or_default();
            let result = FileResult {
                sop_class_uid: text(tags::SOP_CLASS_UID),
                sop_instance_uid: text(tags::SOP_INSTANCE_UID),
                outcome: Ok(validate_file(&file, validation)),
                path,
            };
            let is_directory = file.data_set.contains(tags::DIRECTORY_RECORD_SEQUENCE);
            let summary = (options.compare && !is_directory).then(|| Summary::of(&file.data_set));
            One::Read(Box::new((result, summary)))
        }
        Err(Failure::NotDicom(_)) if in_folder => One::Foreign,
        Err(Failure::NotDicom(reason) | Failure::Other(reason)) => unread(path, reason),
    }
}

/// Why a file was not validated.
enum Failure {
    NotDicom(String),
    Other(String),
}

fn read(path: &Path) -> Result<part10::File, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::Other(error.to_string()))?;
    part10::read(&Bytes::from(bytes), Limits::default()).map_err(|error| match error {
        sagittal_file::Error::NotDicom { .. } => Failure::NotDicom(error.to_string()),
        _ => Failure::Other(error.to_string()),
    })
}
