//! Real files for the tests, and their frames.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::Path;

use sagittal_core::{DataSet, Limits, transfer_syntax};
use sagittal_file::part10;
use sagittal_pixel::frames::FrameTable;
use sagittal_pixel::{Frame, ImagePixel, codec};
pub use sagittal_testkit::data;

/// Skips if something is missing.
pub fn missing(is_missing: bool, what: &str) {
    if is_missing {
        sagittal_testkit::skip(&format!("there is no {what}"));
    }
}

/// The most bytes of a decoded frame.
const MAX_BYTES: u64 = 256 << 20;

/// A file, opened.
pub struct Instance {
    /// Its data set, pixel data included.
    pub data_set: DataSet,
    bytes: Vec<u8>,
    ts: String,
    table: Option<FrameTable>,
}

impl Instance {
    /// Reads a file; `None` for what cannot be read.
    pub fn open(path: &Path) -> Option<Instance> {
        let mut bytes = std::fs::read(path).unwrap();
        let file = part10::read(&bytes.clone().into(), Limits::default()).ok()?;
        let mut ts = file.opening.transfer_syntax_uid.as_str().to_owned();
        let mut offset = file.opening.data_set_offset;
        if transfer_syntax::by_uid(&ts).is_some_and(|ts| ts.deflated) {
            let mut inflated = Vec::new();
            let mut decoder = flate2::read::DeflateDecoder::new(&bytes[offset as usize..]);
            std::io::copy(&mut decoder, &mut inflated).ok()?;
            (bytes, offset) = (inflated, 0);
            transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN.clone_into(&mut ts);
        }
        let table = FrameTable::of_instance(&bytes, offset, &ts).ok().flatten();
        Some(Instance {
            data_set: file.data_set,
            bytes,
            ts,
            table,
        })
    }

    /// A decoded frame, from 1; `None` where none can be had.
    pub fn frame(&self, number: u32) -> Option<Frame> {
        let image = ImagePixel::of(&self.data_set).ok()?;
        let bytes = self
            .table
            .as_ref()?
            .read(&self.bytes, number.checked_sub(1)?, MAX_BYTES)
            .ok()?;
        codec::decode(&self.ts, &image, &bytes, MAX_BYTES).ok()
    }
}

/// Reads a file's data set.
pub fn open(path: &Path) -> DataSet {
    Instance::open(path).unwrap().data_set
}
