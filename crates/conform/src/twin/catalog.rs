//! The data of a twin: headers of DICOM files, those of a folder and those that come in.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use parking_lot::RwLock;
use sagittal_core::{DataSet, Limits, Uid, tags, transfer_syntax};
use sagittal_file::part10;
use sagittal_file::read::read_data_set;
use sagittal_file::write::write_data_set;

/// Longer values are left out of headers.
const LONGEST_VALUE: usize = 64 << 10;
/// Bytes of a file that is looked at.
const LONGEST_FILE: u64 = 2 << 30;
/// Files of a catalog.
const MOST: usize = 200_000;

/// A DICOM file.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its header; text as in the file.
    pub header: DataSet,
    /// The file; `None` if it was not kept.
    pub path: Option<PathBuf>,
    pub sop_class_uid: Option<Uid>,
    pub sop_instance_uid: Option<Uid>,
}

/// Files, by the order in which they came.
#[derive(Debug, Default)]
pub struct Catalog {
    files: RwLock<Files>,
}

#[derive(Debug, Default)]
struct Files {
    entries: Vec<Entry>,
    /// Where an instance stands.
    by_uid: HashMap<Uid, usize>,
}

impl Catalog {
    /// Adds a file; `Ok(false)` if it is no DICOM file, or there are too many. Blocks.
    pub fn add(&self, path: &Path) -> io::Result<bool> {
        if std::fs::metadata(path)?.len() > LONGEST_FILE {
            return Ok(false);
        }
        let bytes = Bytes::from(std::fs::read(path)?);
        let Ok(file) = part10::read(&bytes, Limits::default()) else {
            return Ok(false);
        };
        let is_directory = file.data_set.contains(tags::DIRECTORY_RECORD_SEQUENCE);
        if file.data_set.is_empty() || is_directory {
            return Ok(false);
        }
        Ok(self.put(file.data_set, Some(path.to_owned())))
    }

    /// Adds a data set that came in.
    pub(super) fn put(&self, data_set: DataSet, path: Option<PathBuf>) -> bool {
        let Some(header) = header(data_set) else {
            return false;
        };
        let uid = |tag| header.uid(tag).ok().flatten();
        let entry = Entry {
            sop_class_uid: uid(tags::SOP_CLASS_UID),
            sop_instance_uid: uid(tags::SOP_INSTANCE_UID),
            path,
            header,
        };
        let mut files = self.files.write();
        let Files { entries, by_uid } = &mut *files;
        let at = entry.sop_instance_uid.as_ref();
        let same = at.and_then(|uid| by_uid.get(uid)).copied();
        let room = entries.len() < MOST;
        match same.and_then(|position| entries.get_mut(position)) {
            Some(known) => *known = entry,
            None if room => {
                if let Some(uid) = &entry.sop_instance_uid {
                    by_uid.insert(uid.clone(), entries.len());
                }
                entries.push(entry);
            }
            None => return false,
        }
        true
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.files.read().entries.len()
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those that are wanted.
    pub(super) fn filter(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let files = self.files.read();
        let entries = files.entries.iter();
        entries.filter(|entry| wanted(entry)).cloned().collect()
    }

    /// Is an instance there?
    pub(super) fn has(&self, sop_class: &Uid, sop_instance: &Uid) -> bool {
        let files = self.files.read();
        let position = files.by_uid.get(sop_instance).copied();
        let entry = position.and_then(|position| files.entries.get(position));
        entry.is_some_and(|entry| entry.sop_class_uid.as_ref() == Some(sop_class))
    }
}

/// Short values only, in memory of their own: those of a file share all of its bytes.
fn header(mut data_set: DataSet) -> Option<DataSet> {
    data_set.retain(|element| {
        let is_long = element
            .value
            .as_bytes()
            .is_some_and(|bytes| bytes.len() > LONGEST_VALUE);
        element.tag != tags::PIXEL_DATA && !is_long
    });
    let syntax = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
    let mut bytes = Vec::new();
    write_data_set(&data_set, syntax, &mut bytes).ok()?;
    let read = read_data_set(&bytes.into(), syntax, Limits::default());
    read.ok().map(|(header, _)| header)
}
