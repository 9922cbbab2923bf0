//! The data of a twin: headers of DICOM files, those of a folder and those that come in.

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
    entries: RwLock<Vec<Entry>>,
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
        let mut entries = self.entries.write();
        let same = entries.iter().position(|known| {
            known.sop_instance_uid.is_some() && known.sop_instance_uid == entry.sop_instance_uid
        });
        let room = entries.len() < MOST;
        match same.and_then(|position| entries.get_mut(position)) {
            Some(known) => *known = entry,
            None if room => entries.push(entry),
            None => return false,
        }
        true
    }

    /// How many files.
    pub fn len(&self) -> usize {
        self.entries.read().len()
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those that are wanted.
    pub(super) fn filter(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let entries = self.entries.read();
        entries
            .iter()
            .filter(|entry| wanted(entry))
            .cloned()
            .collect()
    }

    /// Is an instance there?
    pub(super) fn has(&self, sop_class: &Uid, sop_instance: &Uid) -> bool {
        let entries = self.entries.read();
        entries.iter().any(|entry| {
            entry.sop_instance_uid.as_ref() == Some(sop_instance)
                && entry.sop_class_uid.as_ref() == Some(sop_class)
        })
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
