//! The first pass over the input: which files there are, of whom, and who is known.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use bytes::Bytes;
use rayon::prelude::*;
use sagittal_core::{DataSet, Limits, sop_class, tags};
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
    /// Files of CT and MR, by Series Instance UID: series may have a face.
    pub series: BTreeMap<String, Vec<PathBuf>>,
    /// Files that are no DICOM files.
    pub not_dicom: u64,
}

/// What is known of one instance.
struct Instance {
    path: PathBuf,
    patient_id: String,
    /// Of CT and MR.
    series: Option<String>,
    identity: Identity,
}

/// What one file tells.
enum Told {
    Of(Box<Instance>),
    /// It will be looked at again, and reported then: what cannot be read, and DICOMDIR, which
    /// tells nothing that its instances do not tell.
    Later(PathBuf),
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
            Told::Of(instance) => {
                let known = scan.patients.entry(instance.patient_id).or_default();
                known.extend(&instance.identity);
                if let Some(series) = instance.series {
                    let files = scan.series.entry(series).or_default();
                    files.push(instance.path.clone());
                }
                scan.files.push(instance.path);
            }
            Told::Later(path) => scan.files.push(path),
            Told::NotDicom => scan.not_dicom += 1,
        }
    }
    Ok(scan)
}

fn look(path: PathBuf) -> Told {
    let Ok(bytes) = std::fs::read(&path) else {
        return Told::Later(path);
    };
    match part10::read(&Bytes::from(bytes), Limits::default()) {
        Ok(file) if is_directory(&file) => Told::Later(path),
        Ok(file) => {
            let data_set = &file.data_set;
            let modality = data_set.first_text(tags::MODALITY).unwrap_or_default();
            let may_have_face = matches!(modality.as_str(), "CT" | "MR");
            Told::Of(Box::new(Instance {
                patient_id: patient_id(data_set),
                series: may_have_face
                    .then(|| data_set.first_text(tags::SERIES_INSTANCE_UID))
                    .flatten(),
                identity: Identity::of(data_set),
                path,
            }))
        }
        Err(sagittal_file::Error::NotDicom { .. }) => Told::NotDicom,
        Err(_) => Told::Later(path),
    }
}

/// Is it a DICOMDIR?
pub fn is_directory(file: &part10::File) -> bool {
    let class = match file.opening.meta.uid(tags::MEDIA_STORAGE_SOP_CLASS_UID) {
        Ok(Some(uid)) => Some(uid),
        _ => file.data_set.uid(tags::SOP_CLASS_UID).ok().flatten(),
    };
    class.is_some_and(|uid| uid == sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE)
}

/// The Patient ID, trimmed; empty if there is none.
pub fn patient_id(data_set: &DataSet) -> String {
    data_set
        .first_text(tags::PATIENT_ID)
        .unwrap_or_default()
        .trim()
        .to_owned()
}
