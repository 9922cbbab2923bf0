//! Lossless files: every frame has the hash that independent decoders agree on.

use std::collections::HashMap;

use sagittal_core::tags;
use sagittal_pixel::codec::jpeg::{self, Process};
use sagittal_pixel::{Expected, Raster, Samples, StreamColor};
use sha2::{Digest, Sha256};

use crate::encoders::raster;
use crate::support::{Numbers, data, files, frames, little_endian};

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

/// Segments of a stream's scan, from DHT on, without EOI.
fn scan_of(stream: &[u8]) -> &[u8] {
    let start = stream
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC4])
        .unwrap();
    &stream[start..stream.len() - 2]
}

#[test]
fn components_may_have_scans_of_their_own() {
    let mut numbers = Numbers(8);
    for precision in [8, 12] {
        let whole = raster(&mut numbers, 23, 17, 3, precision);
        let interleaved = jpeg::encode_lossless(&whole, 1).unwrap();
        let end = interleaved
            .windows(2)
            .position(|pair| pair == [0xFF, 0xC4])
            .unwrap();
        let mut stream = interleaved[..end].to_vec();
        for component in 0..3 {
            let mut one = Raster {
                components: 1,
                ..whole.clone()
            };
            one.samples = match &whole.samples {
                Samples::U8(all) => {
                    Samples::U8(all.iter().skip(component).step_by(3).copied().collect())
                }
                Samples::U16(all) => {
                    Samples::U16(all.iter().skip(component).step_by(3).copied().collect())
                }
                Samples::U32(_) => panic!(),
            };
            let single = jpeg::encode_lossless(&one, 1 + component as u8 * 3).unwrap();
            let mut scan = scan_of(&single).to_vec();
            let sos = scan
                .windows(2)
                .position(|pair| pair == [0xFF, 0xDA])
                .unwrap();
            scan[sos + 5] = component as u8 + 1;
            stream.extend(scan);
        }
        stream.extend([0xFF, 0xD9]);
        assert_eq!(
            jpeg::decode(&stream, &Expected::any(1 << 20)).unwrap(),
            whole
        );
        let missing = stream
            .windows(2)
            .rposition(|pair| pair == [0xFF, 0xC4])
            .unwrap();
        assert!(jpeg::decode(&stream[..missing], &Expected::any(1 << 20)).is_err());
    }
}

#[test]
fn a_point_transform_is_undone() {
    let small = raster(&mut Numbers(9), 20, 11, 1, 10);
    let mut stream = jpeg::encode_lossless(&small, 5).unwrap();
    stream[6] = 12; // precision
    let sos = stream
        .windows(2)
        .position(|pair| pair == [0xFF, 0xDA])
        .unwrap();
    stream[sos + 9] = 2; // Al
    let raster = jpeg::decode(&stream, &Expected::any(1 << 20)).unwrap();
    let Samples::U16(samples) = &small.samples else {
        panic!()
    };
    let wanted = samples.iter().map(|sample| sample << 2).collect();
    assert_eq!(
        (raster.precision, raster.samples),
        (12, Samples::U16(wanted))
    );
}

#[test]
fn a_difference_of_half_the_range_has_no_additional_bits() {
    let picture = Raster {
        columns: 7,
        rows: 1,
        components: 1,
        precision: 16,
        is_signed: false,
        color: StreamColor::Grey,
        samples: Samples::U16(vec![0, 32_768, 0, 65_535, 32_767, 1, 32_769]),
    };
    for predictor in 1..=7 {
        let stream = jpeg::encode_lossless(&picture, predictor).unwrap();
        assert_eq!(jpeg::decode(&stream, &Expected::any(100)).unwrap(), picture);
    }
}

#[test]
fn a_last_byte_of_ff_may_look_like_a_fill_byte() {
    let mut numbers = Numbers(10);
    let (picture, mut stream) = (0..10_000)
        .map(|_| raster(&mut numbers, 9, 5, 1, 16))
        .map(|picture| (picture.clone(), jpeg::encode_lossless(&picture, 1).unwrap()))
        .find(|(_, stream)| stream.ends_with(&[0xFF, 0, 0xFF, 0xD9]))
        .unwrap();
    stream.remove(stream.len() - 3);
    assert_eq!(
        jpeg::decode(&stream, &Expected::any(1 << 20)).unwrap(),
        picture
    );
}
