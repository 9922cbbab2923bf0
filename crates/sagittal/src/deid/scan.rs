//! The first pass over the input: which files there are, of whom, and who is known.

use std::collections::HashMap;
use std::path::PathBuf;

use bytes::Bytes;
use rayon::prelude::*;
use sagittal_core::{DataSet, Limits, tags};
use sagittal_deid::text::Identity;
use sagittal_file::part10;

use crate::files;

/// Names, identifiers and places that any object of a patient tells are cleaned from all of them:
/// a report names the technician that only an image's header knows.
#[derive(Debug, Default)]
pub struct Scan {
    /// All files, in order.
    pub files: Vec<PathBuf>,
    /// By Patient ID.
    pub patients: HashMap<String, Identity>,
    /// Files that are no DICOM files.
    pub not_dicom: u64,
}

/// What one file tells.
enum Told {
    Of(PathBuf, String, Box<Identity>),
    /// It will be tried again, and reported then.
    Unreadable(PathBuf),
    NotDicom,
}

/// Reads everything at and below `paths`.
///
/// # Errors
/// When a folder cannot be read.
pub fn scan(paths: &[PathBuf]) -> anyhow::Result<Scan> {
    let mut found = Vec::new();
    for path in paths {
        for file in files::walk(path) {
            found.push(file?);
        }
    }
    let told: Vec<Told> = found.into_par_iter().map(look).collect();
    let mut scan = Scan::default();
    for told in told {
        match told {
            Told::Of(path, patient_id, identity) => {
                scan.files.push(path);
                scan.patients
                    .entry(patient_id)
                    .or_default()
                    .extend(&identity);
            }
            Told::Unreadable(path) => scan.files.push(path),
            Told::NotDicom => scan.not_dicom += 1,
        }
    }
    Ok(scan)
}

fn look(path: PathBuf) -> Told {
    let Ok(bytes) = std::fs::read(&path) else {
        return Told::Unreadable(path);
    };
    match part10::read(&Bytes::from(bytes), Limits::default()) {
        Ok(file) => {
            let patient_id = patient_id(&file.data_set);
            let identity = Identity::of(&file.data_set);
            Told::Of(path, patient_id, Box::new(identity))
        }
        Err(sagittal_file::Error::NotDicom { .. }) => Told::NotDicom,
        Err(_) => Told::Unreadable(path),
    }
}

/// The Patient ID, trimmed; empty if there is none.
pub fn patient_id(data_set: &DataSet) -> String {
    data_set
        .first_text(tags::PATIENT_ID)
        .unwrap_or_default()
        .trim()
        .to_owned()
}
