//! Makes a DICOMDIR for a file-set.

use std::collections::HashMap;

use sagittal_core::{DataSet, Tag, TagPath, Uid, tags};

use super::encode::encode;
use super::{FileId, RecordType, keys};
use crate::{Error, Result};

/// A record, and those below it.
#[derive(Debug)]
pub(super) struct Node {
    pub data_set: DataSet,
    pub children: Vec<usize>,
}

/// Gathers instances into the hierarchy of directory records (PS3.3 §F.4).
#[derive(Debug)]
pub struct Builder {
    file_set_id: String,
    sop_instance_uid: Uid,
    nodes: Vec<Node>,
    roots: Vec<usize>,
    /// Patient, study and series records by their keys.
    known: HashMap<(usize, String), usize>,
}

impl Builder {
    /// An empty directory. `file_set_id` may be empty, else up to 16 characters of a Code String;
    /// `sop_instance_uid` identifies the file-set.
    pub fn new(file_set_id: &str, sop_instance_uid: Uid) -> Result<Builder> {
        let is_code =
            |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b' ' | b'_');
        if file_set_id.len() > 16 || !file_set_id.bytes().all(is_code) {
            return Err(unwritable(
                tags::FILE_SET_ID,
                "not a code string of at most 16 characters",
            ));
        }
        Ok(Builder {
            file_set_id: file_set_id.to_owned(),
            sop_instance_uid,
            nodes: Vec::new(),
            roots: Vec::new(),
            known: HashMap::new(),
        })
    }

    /// Adds an instance: its header (all but the pixels), where it is and in which transfer syntax.
    /// Refuses one without SOP Class, SOP Instance, Study or Series Instance UID; other keys that
    /// it lacks are made up.
    pub fn add(
        &mut self,
        file_id: &FileId,
        instance: &DataSet,
        transfer_syntax_uid: &str,
    ) -> Result<()> {
        let sop_class_uid = required(instance, tags::SOP_CLASS_UID)?;
        let sop_instance_uid = required(instance, tags::SOP_INSTANCE_UID)?;
        let record_type = RecordType::of_sop_class(sop_class_uid.as_str());
        let parent = match record_type.is_root() {
            true => None,
            false => Some(self.series(instance)?),
        };
        let mut record = DataSet::new();
        record.put_text(tags::REFERENCED_FILE_ID, &file_id.to_value());
        record.put_uid(tags::REFERENCED_SOP_CLASS_UID_IN_FILE, &sop_class_uid);
        record.put_uid(tags::REFERENCED_SOP_INSTANCE_UID_IN_FILE, &sop_instance_uid);
        record.put_text(
            tags::REFERENCED_TRANSFER_SYNTAX_UID_IN_FILE,
            transfer_syntax_uid,
        );
        self.push(parent, &record_type, record, instance);
        Ok(())
    }

    /// How many records there are, patients, studies and series included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// No records at all.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The bytes of the file `DICOMDIR`.
    pub fn finish(&self) -> Result<Vec<u8>> {
        encode(
            &self.file_set_id,
            &self.sop_instance_uid,
            &self.nodes,
            &self.roots,
        )
    }

    /// The series record of an instance; made, with those above it, if need be.
    fn series(&mut self, instance: &DataSet) -> Result<usize> {
        let study_instance_uid = required(instance, tags::STUDY_INSTANCE_UID)?;
        let series_instance_uid = required(instance, tags::SERIES_INSTANCE_UID)?;
        let patient_id = instance.first_text(tags::PATIENT_ID).unwrap_or_default();
        let issuer = instance
            .first_text(tags::ISSUER_OF_PATIENT_ID)
            .unwrap_or_default();
        let patient_key = format!("{patient_id}\0{issuer}");
        let study_key = format!("{patient_key}\0{study_instance_uid}");
        let series_key = format!("{study_key}\0{series_instance_uid}");
        let patient = self.folder(None, RecordType::Patient, patient_key, instance);
        let study = self.folder(Some(patient), RecordType::Study, study_key, instance);
        Ok(self.folder(Some(study), RecordType::Series, series_key, instance))
    }

    fn folder(
        &mut self,
        parent: Option<usize>,
        record_type: RecordType,
        key: String,
        instance: &DataSet,
    ) -> usize {
        let key = (record_type.level(), key);
        if let Some(&node) = self.known.get(&key) {
            return node;
        }
        let node = self.push(parent, &record_type, DataSet::new(), instance);
        self.known.insert(key, node);
        node
    }

    fn push(
        &mut self,
        parent: Option<usize>,
        record_type: &RecordType,
        references: DataSet,
        instance: &DataSet,
    ) -> usize {
        let node = self.nodes.len();
        let siblings = match parent.and_then(|parent| self.nodes.get_mut(parent)) {
            Some(parent) => &mut parent.children,
            None => &mut self.roots,
        };
        siblings.push(node);
        let place = siblings.len();
        let mut data_set = DataSet::with_character_set(instance.character_set().clone());
        // The offsets come first; they are settled when everything has its place.
        data_set.put_u32(tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD, &[0]);
        data_set.put_u16(tags::RECORD_IN_USE_FLAG, &[0xFFFF]);
        data_set.put_u32(
            tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
            &[0],
        );
        data_set.put_text(tags::DIRECTORY_RECORD_TYPE, record_type.as_str());
        for element in references.into_elements() {
            data_set.put(element);
        }
        let terms = instance.character_set().defined_terms();
        if !terms.is_empty() {
            data_set.put_text(tags::SPECIFIC_CHARACTER_SET, &terms);
        }
        keys::put(&mut data_set, record_type, instance, place);
        self.nodes.push(Node {
            data_set,
            children: Vec::new(),
        });
        node
    }
}

fn required(instance: &DataSet, tag: Tag) -> Result<Uid> {
    match instance.uid(tag) {
        Ok(Some(uid)) => Ok(uid),
        _ => Err(unwritable(tag, "missing in an instance of a file-set")),
    }
}

fn unwritable(tag: Tag, reason: &str) -> Error {
    Error::Unwritable {
        path: TagPath::root(tag),
        reason: reason.to_owned(),
    }
}
