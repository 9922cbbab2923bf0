//! Frames of the real files, and what their samples should be.

#![allow(dead_code, reason = "each test uses some of it")]

use std::collections::BTreeMap;
use std::path::Path;

use sagittal_core::Limits;
use sagittal_file::part10;
use sagittal_pixel::frames::FrameTable;
use sagittal_pixel::{ImagePixel, Raster, Samples};
pub use sagittal_testkit::data;
use sha2::{Digest, Sha256};

/// A frame of a real file.
pub struct Frame {
    pub path: String,
    pub ts: String,
    pub number: u32,
    pub image: ImagePixel,
    pub bytes: Vec<u8>,
    /// Hashes of the decoded samples.
    pub hashes: Vec<String>,
}

/// All frames of files of some transfer syntaxes of which decoders have told the samples.
pub fn frames(root: &Path, syntaxes: &[&str]) -> Vec<Frame> {
    let mut hashes: BTreeMap<(String, u32), Vec<String>> = BTreeMap::new();
    let pixels = std::fs::read_to_string(root.join("pixels.tsv")).unwrap();
    for line in pixels.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let key = (fields[0].to_owned(), fields[1].parse().unwrap());
        hashes.entry(key).or_default().push(fields[2].to_owned());
    }
    let mut all = Vec::new();
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let ts = fields.iter().find(|field| syntaxes.contains(field));
        let Some(ts) = ts else { continue };
        let bytes = std::fs::read(root.join(fields[0])).unwrap();
        let Ok(file) = part10::read(&bytes.clone().into(), Limits::default()) else {
            continue;
        };
        let Ok(image) = ImagePixel::of(&file.data_set) else {
            continue;
        };
        let table = FrameTable::of_instance(&bytes, file.opening.data_set_offset, ts).unwrap();
        let Some(table) = table else { continue };
        for number in 0..table.number_of_frames() {
            let Some(hashes) = hashes.get(&(fields[0].to_owned(), number)) else {
                continue;
            };
            let parts = table.frame(number).into_iter();
            let bytes = parts
                .flat_map(|range| bytes[range.start as usize..range.end as usize].to_vec())
                .collect();
            all.push(Frame {
                path: fields[0].to_owned(),
                ts: (*ts).to_owned(),
                number,
                image,
                bytes,
                hashes: hashes.clone(),
            });
        }
    }
    all
}

/// Samples as integers, two's complement where they are signed.
pub fn values(raster: &Raster) -> Vec<i32> {
    match &raster.samples {
        Samples::U8(samples) if raster.is_signed => {
            samples.iter().map(|&one| i32::from(one as i8)).collect()
        }
        Samples::U8(samples) => samples.iter().map(|&one| i32::from(one)).collect(),
        Samples::U16(samples) if raster.is_signed => {
            samples.iter().map(|&one| i32::from(one as i16)).collect()
        }
        Samples::U16(samples) => samples.iter().map(|&one| i32::from(one)).collect(),
        Samples::U32(samples) => samples.iter().map(|&one| one as i32).collect(),
    }
}

/// Hash of the samples as a native data set would have them.
pub fn hash(raster: &Raster, image: &ImagePixel) -> String {
    let mut bytes = Vec::new();
    for value in values(raster) {
        bytes.extend_from_slice(&value.to_le_bytes()[..usize::from(image.sample_bytes())]);
    }
    let digest = Sha256::digest(&bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
