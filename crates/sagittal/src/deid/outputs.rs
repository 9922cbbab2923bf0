//! Which outputs are there, whatever the layout: files by their UIDs, or a file-set with DICOMDIR.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sagittal_core::{DataSet, Limits, Uid, tags};
use sagittal_file::dicomdir::FileId;
use sagittal_file::{dicomdir, part10};

use crate::files;

/// A header is in the first bytes.
const HEADER: u64 = 1 << 20;

/// The name of a directory in its file-set's folder (PS3.10 §8.6).
pub const DICOMDIR: &str = "DICOMDIR";

/// Files below a folder of outputs, by SOP Instance UID: what their names, the directory or
/// themselves say. Whether one is what it says is for the caller to see by its digest.
///
/// # Errors
/// When a folder cannot be read.
pub fn outputs(out: &Path) -> std::io::Result<HashMap<String, PathBuf>> {
    let mut listed = listed(out);
    let mut outputs = HashMap::new();
    for path in files::walk(out) {
        let path = path?;
        if path == out.join(DICOMDIR) {
            continue;
        }
        let is_named = path.extension().is_some_and(|ending| ending == "dcm");
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let uid = match stem {
            Some(stem) if is_named => Some(stem.to_owned()),
            _ => listed.remove(&path).or_else(|| uid_of(out, &path)),
        };
        if let Some(uid) = uid {
            outputs.insert(uid, path);
        }
    }
    Ok(outputs)
}

/// What the directory lists.
fn listed(out: &Path) -> HashMap<PathBuf, String> {
    let bytes = std::fs::read(out.join(DICOMDIR)).unwrap_or_default();
    let Ok(directory) = dicomdir::read(&Bytes::from(bytes), Limits::default()) else {
        return HashMap::new();
    };
    let of = |record: &dicomdir::Record| {
        let path = out.join(record.relative_path()?);
        Some((path, record.sop_instance_uid.as_ref()?.to_string()))
    };
    directory.instances().filter_map(of).collect()
}

/// Of a file that moved into a file-set whose directory was never written.
fn uid_of(out: &Path, path: &Path) -> Option<String> {
    file_id(out, path)?;
    let (header, _) = header(path)?;
    header.first_text(tags::SOP_INSTANCE_UID)
}

/// The File ID of a file of a file-set in `out`, if its name is one.
pub fn file_id(out: &Path, path: &Path) -> Option<FileId> {
    let components = path.strip_prefix(out).ok()?.components();
    let components: Option<Vec<&str>> = components
        .map(|component| component.as_os_str().to_str())
        .collect();
    FileId::new(&components?)
}

/// Header and transfer syntax of an output; `None` of what is none. Pixels may be cut.
pub fn header(path: &Path) -> Option<(DataSet, Uid)> {
    let read = |most: u64| {
        let mut bytes = Vec::new();
        File::open(path)
            .ok()?
            .take(most)
            .read_to_end(&mut bytes)
            .ok()?;
        let file = part10::read(&Bytes::from(bytes), Limits::default()).ok()?;
        let data_set = file.data_set;
        let is_whole = data_set.contains(tags::SERIES_INSTANCE_UID);
        is_whole.then_some((data_set, file.opening.transfer_syntax_uid))
    };
    // What is not in the first bytes, or cannot be read when it is cut, is read as a whole.
    read(HEADER).or_else(|| {
        let bytes = Bytes::from(std::fs::read(path).ok()?);
        let file = part10::read(&bytes, Limits::default()).ok()?;
        Some((file.data_set, file.opening.transfer_syntax_uid))
    })
}
