//! Decoded frames of real files are those of independent decoders.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use sagittal_core::{Limits, transfer_syntax};
use sagittal_file::part10;
use sagittal_pixel::codec::{self, Decoded};
use sagittal_pixel::frames::FrameTable;
use sagittal_pixel::{Error, Frame, ImagePixel, SampleKind};
use sagittal_testkit::data;
use sha2::{Digest, Sha256};

const MAX_BYTES: u64 = 256 << 20;

/// A file, opened.
struct Instance {
    bytes: Vec<u8>,
    ts: String,
    image: Result<ImagePixel, Error>,
    table: Option<FrameTable>,
}

impl Instance {
    fn open(path: &Path) -> Option<Instance> {
        let bytes = std::fs::read(path).unwrap();
        let file = part10::read(&bytes.clone().into(), Limits::default()).ok()?;
        let ts = file.opening.transfer_syntax_uid.as_str().to_owned();
        let image = ImagePixel::of(&file.data_set);
        if transfer_syntax::by_uid(&ts).is_some_and(|ts| ts.deflated) {
            let mut inflated = Vec::new();
            let deflated = &bytes[file.opening.data_set_offset as usize..];
            std::io::copy(
                &mut flate2::read::DeflateDecoder::new(deflated),
                &mut inflated,
            )
            .ok()?;
            let explicit = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
            let table = FrameTable::of_instance(&inflated, 0, explicit).ok()?;
            return Some(Instance {
                bytes: inflated,
                ts: explicit.to_owned(),
                image,
                table,
            });
        }
        let table = FrameTable::of_instance(&bytes, file.opening.data_set_offset, &ts).ok()?;
        Some(Instance {
            bytes,
            ts,
            image,
            table,
        })
    }

    fn decode(&self, number: u32) -> Result<Decoded, Error> {
        let image = self.image.as_ref().map_err(|error| Error::Unsupported {
            codec: "description",
            what: error.to_string().into(),
        })?;
        let table = self
            .table
            .as_ref()
            .ok_or(Error::Missing { what: "pixel data" })?;
        let bytes = table.read(&self.bytes, number, MAX_BYTES)?;
        codec::decode_with_findings(&self.ts, image, &bytes, MAX_BYTES)
    }
}

/// What independent decoders give for one frame.
struct Row<'a> {
    sha256: &'a str,
    info: &'a str,
}

fn rows(text: &str) -> BTreeMap<&str, BTreeMap<u32, Vec<Row<'_>>>> {
    let mut files: BTreeMap<&str, BTreeMap<u32, Vec<Row<'_>>>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let row = Row {
            sha256: fields[2],
            info: fields[6],
        };
        let frames = files.entry(fields[0]).or_default();
        frames
            .entry(fields[1].parse().unwrap())
            .or_default()
            .push(row);
    }
    files
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
}

/// The bytes that `pixels.tsv` may have hashed: packed single bits of compressed objects, else
/// samples, with or without what is in the allocated bits above the stored ones.
fn hashed(frame: &Frame, info: &str) -> [Vec<u8>; 2] {
    if info.contains("packed") {
        let (bytes, _) = codec::native::encode(frame, false).unwrap();
        return [bytes, Vec::new()];
    }
    let image = &frame.image;
    let width = usize::from(image.sample_bytes());
    let mut stored = frame.data.clone();
    if !image.is_signed && image.bits_stored < image.bits_allocated {
        let mask = ((1_u64 << image.bits_stored) - 1).to_le_bytes();
        for sample in stored.chunks_exact_mut(width) {
            sample
                .iter_mut()
                .zip(mask)
                .for_each(|(byte, mask)| *byte &= mask);
        }
    }
    [frame.data.clone(), stored]
}

/// Least, most and mean of the samples, as numpy counts them in the words of the data set.
fn measures(frame: &Frame) -> (f64, f64, f64) {
    let image = &frame.image;
    let width = usize::from(image.sample_bytes());
    let number = |sample: &[u8]| -> f64 {
        let mut word = [0; 8];
        word[..width].copy_from_slice(sample);
        let word = u64::from_le_bytes(word);
        match image.kind {
            SampleKind::Float => f32::from_bits(word as u32).into(),
            SampleKind::Double => f64::from_bits(word),
            SampleKind::Integer if image.is_signed => {
                let shift = 64 - width * 8;
                (((word << shift) as i64) >> shift) as f64
            }
            SampleKind::Integer => word as f64,
        }
    };
    let numbers = frame.data.chunks_exact(width).map(number);
    let (mut least, mut most, mut sum) = (f64::MAX, f64::MIN, 0.0);
    for number in numbers {
        least = least.min(number);
        most = most.max(number);
        sum += number;
    }
    (least, most, sum / (frame.data.len() / width) as f64)
}

fn measure(info: &str, name: &str) -> Option<f64> {
    let text = info.split_once(name)?.1;
    let end = text
        .find(|letter: char| !(letter.is_ascii_digit() || "+-.e".contains(letter)))
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

/// Is the frame close to what a decoder of a lossy stream gives?
fn is_close(frame: &Frame, info: &str) -> bool {
    let (least, most, mean) = measures(frame);
    let (Some(expected_least), Some(expected_most), Some(expected_mean)) = (
        measure(info, "min="),
        measure(info, "max="),
        measure(info, "mean="),
    ) else {
        return false;
    };
    // Extremes hang on single samples, and on the filter that spreads shared colors.
    let span = (expected_most - expected_least).max(1.0);
    let slack = (span * 0.03).max(2.0);
    (least - expected_least).abs() <= slack
        && (most - expected_most).abs() <= slack
        && (mean - expected_mean).abs() <= (span * 0.001).max(0.2)
}

/// What came out for one file.
#[derive(Default)]
struct Outcome {
    exact: u32,
    close: u32,
    wrong: Vec<String>,
    findings: Vec<String>,
    without_codec: Option<String>,
}

fn compare(root: &Path, path: &str, frames: &BTreeMap<u32, Vec<Row<'_>>>) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(instance) = Instance::open(&root.join(path)) else {
        outcome.wrong.push(format!("{path}: cannot be opened"));
        return outcome;
    };
    if !codec::can_decode(&instance.ts) {
        outcome.without_codec = Some(instance.ts);
        return outcome;
    }
    for (number, rows) in frames {
        let decoded = match instance.decode(*number) {
            Ok(decoded) => decoded,
            Err(error) => {
                outcome.wrong.push(format!("{path} {number}: {error}"));
                continue;
            }
        };
        let found = decoded.findings.iter();
        outcome
            .findings
            .extend(found.map(|finding| format!("{path}: {finding}")));
        let frame = decoded.frame;
        let is_exact = rows
            .iter()
            .filter(|row| !row.info.contains("VARIANT"))
            .any(|row| {
                hashed(&frame, row.info)
                    .iter()
                    .any(|bytes| sha256(bytes) == row.sha256)
            });
        let is_lossy = rows.iter().any(|row| row.info.contains("lossy"));
        if is_exact {
            outcome.exact += 1;
        } else if is_lossy && rows.iter().any(|row| is_close(&frame, row.info)) {
            outcome.close += 1;
        } else {
            let measured = measures(&frame);
            let expected = rows[0].info;
            outcome
                .wrong
                .push(format!("{path} {number}: {measured:?}, not {expected}"));
        }
    }
    outcome.findings.dedup();
    outcome
}

/// No file is exempt: each frame of a lossless stream has the bytes of the list, each of a lossy
/// one is close to an independent decoder's.
#[test]
fn frames_are_those_of_independent_decoders() {
    let Some(root) = data() else { return };
    let text = std::fs::read_to_string(root.join("pixels.tsv")).unwrap();
    let outcomes: Vec<Outcome> = rows(&text)
        .par_iter()
        .map(|(path, frames)| compare(&root, path, frames))
        .collect();
    let exact: u32 = outcomes.iter().map(|outcome| outcome.exact).sum();
    let close: u32 = outcomes.iter().map(|outcome| outcome.close).sum();
    let mut without_codec = BTreeMap::<&str, u32>::new();
    for uid in outcomes
        .iter()
        .filter_map(|outcome| outcome.without_codec.as_deref())
    {
        *without_codec.entry(uid).or_default() += 1;
    }
    eprintln!("{exact} frames exact, {close} close; without codec: {without_codec:?}");
    for finding in outcomes.iter().flat_map(|outcome| &outcome.findings) {
        eprintln!("{finding}");
    }
    let wrong: Vec<&String> = outcomes.iter().flat_map(|outcome| &outcome.wrong).collect();
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
    assert!(without_codec.is_empty(), "{without_codec:?}");
    assert!(exact >= 1_800 && close < 100, "{exact} {close}");
}

#[test]
fn broken_files_end_in_time_with_an_error_or_a_frame() {
    let Some(root) = data() else { return };
    let mut counted = 0;
    for entry in std::fs::read_dir(root.join("malformed")).unwrap() {
        let path = entry.unwrap().path();
        let Some(instance) = Instance::open(&path) else {
            continue;
        };
        let count = instance
            .table
            .as_ref()
            .map_or(0, FrameTable::number_of_frames);
        for number in 0..count.min(8) {
            let begun = Instant::now();
            let result = instance.decode(number);
            assert!(
                begun.elapsed() < Duration::from_secs(5),
                "{}",
                path.display()
            );
            if let Ok(decoded) = result {
                assert_eq!(
                    decoded.frame.data.len() as u64,
                    decoded.frame.image.frame_bytes()
                );
            }
            counted += 1;
        }
    }
    assert!(counted > 20, "{counted}");
}
