//! A file-set of the outputs: valid File IDs and a DICOMDIR made anew (PS3.10 §8, PS3.3 Annex F).
//!
//! Nothing of a DICOMDIR of the input goes into it: its records come from the outputs, which were
//! searched for what identifies before they were written.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rayon::prelude::*;
use sagittal_core::{DataSet, Uid, tags};
use sagittal_file::dicomdir::{Builder, FileId, FileIds};

use super::outputs::{DICOMDIR, file_id, header};
use crate::files;

/// What became of the outputs.
#[derive(Debug, Default)]
pub struct FileSet {
    /// Instances that the directory lists.
    pub listed: u64,
    /// Outputs that no directory can list, where they were, and why.
    pub unlisted: Vec<(PathBuf, String)>,
}

/// An output.
struct Member {
    path: PathBuf,
    /// Where it is already.
    id: Option<FileId>,
    /// Patient, study, series; then what orders instances.
    keys: [String; 3],
    number: i64,
    uid: String,
}

/// Moves the outputs in `out` to File IDs and writes the DICOMDIR. Those that have a File ID keep
/// it, so that runs into the same folder go on where the last one ended.
///
/// # Errors
/// When the folder cannot be read or written.
pub fn make(out: &Path, file_set_uid: Uid) -> anyhow::Result<FileSet> {
    let paths: Vec<PathBuf> = files::walk(out).collect::<std::io::Result<_>>()?;
    let directory = out.join(DICOMDIR);
    let mut members: Vec<Member> = paths
        .into_par_iter()
        .filter(|path| *path != directory)
        .filter_map(|path| Member::of(out, path))
        .collect();
    members.sort_by(|a, b| {
        let order = |one: &Member| (one.id.is_none(), one.id.clone(), one.number);
        (order(a), &a.keys, &a.uid).cmp(&(order(b), &b.keys, &b.uid))
    });
    // Within each group by what they are, so that numbers follow.
    let new = members.partition_point(|one| one.id.is_some());
    if let Some(new) = members.get_mut(new..) {
        new.sort_by(|a, b| (&a.keys, a.number, &a.uid).cmp(&(&b.keys, b.number, &b.uid)));
    }
    let mut ids = FileIds::new();
    let mut builder = Builder::new("", file_set_uid)?;
    let mut made = FileSet::default();
    for member in members {
        let Some((header, transfer_syntax_uid)) = header(&member.path) else {
            continue;
        };
        let [patient, study, series] = &member.keys;
        let mut next = || ids.next(patient, study, series);
        let mut id = next();
        if let Some(kept) = &member.id {
            id = kept.clone();
        } else {
            while path_of(out, &id).exists() {
                id = next();
            }
        }
        if let Err(error) = builder.add(&id, &header, transfer_syntax_uid.as_str()) {
            made.unlisted.push((member.path, error.to_string()));
            continue;
        }
        if member.id.is_none() {
            move_to(out, &member.path, &path_of(out, &id))?;
        }
        made.listed += 1;
    }
    let shown = || format!("cannot write {}", directory.display());
    let mut temporary = files::temporary().tempfile_in(out).with_context(shown)?;
    temporary
        .write_all(&builder.finish()?)
        .with_context(shown)?;
    temporary.persist(&directory).with_context(shown)?;
    Ok(made)
}

impl Member {
    fn of(out: &Path, path: PathBuf) -> Option<Member> {
        let (header, _) = header(&path)?;
        let text = |tag| header.first_text(tag).unwrap_or_default();
        let patient = [tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID].map(text);
        Some(Member {
            id: file_id(out, &path),
            keys: [
                patient.join("\\"),
                text(tags::STUDY_INSTANCE_UID),
                text(tags::SERIES_INSTANCE_UID),
            ],
            number: number(&header),
            uid: text(tags::SOP_INSTANCE_UID),
            path,
        })
    }
}

fn number(header: &DataSet) -> i64 {
    header.int(tags::INSTANCE_NUMBER).unwrap_or(i64::MAX)
}

fn path_of(out: &Path, id: &FileId) -> PathBuf {
    let components = id.components().iter();
    components.fold(out.to_owned(), |path, component| path.join(component))
}

/// Folders that are empty then go.
fn move_to(out: &Path, from: &Path, to: &Path) -> anyhow::Result<()> {
    let shown = || format!("cannot move {} to {}", from.display(), to.display());
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).with_context(shown)?;
    }
    std::fs::rename(from, to).with_context(shown)?;
    let above = from.ancestors().skip(1);
    for folder in above.take_while(|folder| *folder != out && folder.starts_with(out)) {
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}
