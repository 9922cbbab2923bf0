//! Lossless files: every frame has the hash that independent decoders agree on.

use std::collections::HashMap;

use sagittal_core::tags;
use sagittal_pixel::Expected;
use sagittal_pixel::codec::jpeg::{self, Process};
use sha2::{Digest, Sha256};

use crate::support::{data, files, frames, little_endian};

const LOSSLESS: [&str; 2] = ["1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"];

/// Hashes by file and frame, but for those that few decoders give.
fn hashes(root: &std::path::Path) -> HashMap<(String, usize), Vec<String>> {
    let table = std::fs::read_to_string(root.join("pixels.tsv")).unwrap();
    let mut hashes: HashMap<_, Vec<String>> = HashMap::new();
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        if !fields[6].contains("VARIANT") {
            let key = (fields[0].to_owned(), fields[1].parse().unwrap());
            hashes.entry(key).or_default().push(fields[2].to_owned());
        }
    }
    hashes
}

#[test]
fn every_lossless_frame_has_the_hash_that_decoders_agree_on() {
    let Some(root) = data() else { return };
    let hashes = hashes(&root);
    let mut wrong = Vec::new();
    let mut counted = 0;
    for path in files(&root, &LOSSLESS) {
        let Some((data_set, frames)) = frames(&root.join(&path)) else {
            continue;
        };
        let allocated = data_set.int(tags::BITS_ALLOCATED).unwrap_or(0);
        for (number, frame) in frames.iter().enumerate() {
            let Some(wanted) = hashes.get(&(path.clone(), number)) else {
                continue;
            };
            let raster = match jpeg::decode(frame, &Expected::any(1 << 28)) {
                Ok(raster) => raster,
                Err(error) => {
                    wrong.push(format!("{path} {number}: {error}"));
                    continue;
                }
            };
            let mut bytes = little_endian(&raster.samples);
            if raster.precision <= 8 && allocated == 16 {
                bytes = bytes.into_iter().flat_map(|byte| [byte, 0]).collect();
            }
            let found: String = Sha256::digest(&bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let process = jpeg::header(frame).unwrap().process;
            if !wanted.contains(&found) {
                wrong.push(format!("{path} {number}: differs ({process:?})"));
            }
            counted += usize::from(process == Process::Lossless);
        }
    }
    eprintln!("{counted} lossless frames");
    assert!(wrong.is_empty() && counted > 60, "{counted}, {wrong:#?}");
}
