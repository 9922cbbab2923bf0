//! Objects to send: one template of each kind in memory, in which the identity is patched.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use sagittal_core::{DataSet, Limits, Uid, Vr, tags, transfer_syntax};
use sagittal_file::part10::{self, Meta};

use crate::population::{Identity, Population, Slot};

/// A Part 10 file whose identity can be replaced in place.
#[derive(Clone)]
pub struct Template {
    /// The file.
    pub file: Vec<u8>,
    /// Where its data set begins.
    pub data_set: usize,
    /// SOP Class UID.
    pub sop_class_uid: String,
    slots: Vec<(Slot, usize)>,
}

impl Template {
    /// Takes a generated file as it is.
    pub fn new(file: Vec<u8>) -> Result<Template> {
        Template::with(file, |_| {})
    }

    /// Takes a generated file and changes it.
    pub fn with(file: Vec<u8>, change: impl FnOnce(&mut DataSet)) -> Result<Template> {
        let read = part10::read(&Bytes::from(file), Limits::default())?;
        let mut data_set = read.data_set;
        change(&mut data_set);
        let marker = Identity::marker();
        for slot in Slot::ALL {
            data_set.put_text(slot.tag(), &marker.text(slot));
        }
        let sop_class_uid = data_set
            .uid(tags::SOP_CLASS_UID)?
            .context("a template without SOP class")?;
        let meta = Meta {
            sop_class_uid: sop_class_uid.clone(),
            sop_instance_uid: Uid::new(&marker.text(Slot::SopInstanceUid))?,
            transfer_syntax_uid: Uid::from_static(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN),
            source_ae_title: None,
        };
        let file = part10::write(&meta, &data_set)?;
        let start = part10::open(&file)?.data_set_offset as usize;
        let mut slots = Vec::new();
        for slot in Slot::ALL {
            let text = marker.text(slot);
            // Text of the header only: pixel data are long and hold no text.
            let header = &file[..file.len().min(64 * 1024)];
            let places = header.windows(text.len()).enumerate();
            let places = places.filter(|(_, window)| *window == text.as_bytes());
            slots.extend(places.map(|(at, _)| (slot, at)));
        }
        Ok(Template {
            file,
            data_set: start,
            sop_class_uid: sop_class_uid.to_string(),
            slots,
        })
    }

    /// Writes an identity into a copy of the file.
    pub fn patch(&self, copy: &mut [u8], identity: &Identity) {
        for (slot, at) in &self.slots {
            let text = identity.text(*slot);
            copy[*at..*at + text.len()].copy_from_slice(text.as_bytes());
        }
    }

    /// Bytes of the data set.
    pub fn data_set_length(&self) -> usize {
        self.file.len() - self.data_set
    }
}

/// The kinds of object that are sent.
pub struct Templates {
    pub ct: Template,
    pub mr: Template,
    pub cr: Template,
    pub sr: Template,
    /// A CT of 5 KB: the header is real, the picture small.
    pub small: Template,
    /// 500 frames of 256×256 samples.
    pub frames: Template,
}

/// Frames of the multi-frame object.
pub const FRAMES: usize = 500;
const SMALL_SIDE: u16 = 36;

impl Templates {
    /// From the files that `sagittal demo` writes.
    pub fn load(folder: &std::path::Path) -> Result<Templates> {
        let first = |modality: &str| -> Result<Vec<u8>> {
            let mut names: Vec<_> = std::fs::read_dir(folder)?
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| {
                    let name = path
                        .file_name()
                        .map(|name| name.to_string_lossy().into_owned());
                    name.is_some_and(|name| name.starts_with(&format!("{modality}-")))
                })
                .collect();
            names.sort();
            let path = names
                .first()
                .with_context(|| format!("no {modality} among the generated files"))?;
            Ok(std::fs::read(path)?)
        };
        let small = |data_set: &mut DataSet| {
            data_set.put_u16(tags::ROWS, &[SMALL_SIDE]);
            data_set.put_u16(tags::COLUMNS, &[SMALL_SIDE]);
            let length = usize::from(SMALL_SIDE) * usize::from(SMALL_SIDE) * 2;
            data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![7u8; length]);
        };
        let frames = |data_set: &mut DataSet| {
            // Multi-frame Grayscale Word Secondary Capture Image Storage
            data_set.put_text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.7.3");
            data_set.put_text(tags::NUMBER_OF_FRAMES, &FRAMES.to_string());
            let frame = data_set
                .bytes(tags::PIXEL_DATA)
                .cloned()
                .unwrap_or_default();
            data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, frame.repeat(FRAMES));
        };
        Ok(Templates {
            ct: Template::new(first("ct")?)?,
            mr: Template::new(first("mr")?)?,
            cr: Template::new(first("cr")?)?,
            sr: Template::new(first("sr")?)?,
            small: Template::with(first("ct")?, small)?,
            frames: Template::with(first("mr")?, frames)?,
        })
    }
}

/// A template and the population whose identities are patched into it.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    pub template: &'a Template,
    pub population: Population,
}
