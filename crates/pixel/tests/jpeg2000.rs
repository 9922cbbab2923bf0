//! JPEG 2000 and high-throughput JPEG 2000: real files, and OpenJPEG as judge.
#![allow(clippy::unwrap_used)]

mod streams;

use sagittal_pixel::codec::jpeg2000;
use sagittal_pixel::{Expected, Raster, StreamColor};
use sagittal_testkit::skip;
use streams::{Frame, data, frames, hash, values};

const LOSSLESS: [&str; 5] = [
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.92",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    // Of which some are reversible.
    "1.2.840.10008.1.2.4.91",
];
const LOSSY: [&str; 3] = [
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.93",
    "1.2.840.10008.1.2.4.203",
];

fn decode(frame: &Frame) -> sagittal_pixel::Result<Raster> {
    let expected = Expected {
        size: Some((frame.image.columns, frame.image.rows)),
        components: Some(frame.image.samples_per_pixel),
        max_bytes: 1 << 26,
    };
    jpeg2000::decode(&frame.bytes, &expected)
}

#[test]
fn reversible_frames_have_the_samples_that_others_found() {
    let Some(root) = data() else { return };
    let mut wrong = Vec::new();
    let mut counted = 0;
    for frame in frames(&root, &LOSSLESS) {
        let Ok(header) = jpeg2000::header(&frame.bytes) else {
            wrong.push(format!("{} {}: no header", frame.path, frame.number));
            continue;
        };
        if !header.is_reversible {
            continue;
        }
        counted += 1;
        match decode(&frame) {
            Ok(raster) if frame.hashes.contains(&hash(&raster, &frame.image)) => {}
            Ok(_) => wrong.push(format!("{} {}: other samples", frame.path, frame.number)),
            Err(error) => wrong.push(format!("{} {}: {error}", frame.path, frame.number)),
        }
    }
    assert!(counted > 50, "{counted}");
    assert!(wrong.is_empty(), "{counted}: {wrong:#?}");
}

/// Samples by OpenJPEG; `None` where it fails, or is not there.
fn openjpeg(stream: &[u8], raster: &Raster) -> Option<Vec<i32>> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.j2k"), folder.path().join("a.rawl"));
    std::fs::write(&from, stream).unwrap();
    let output = std::process::Command::new("opj_decompress")
        .arg("-i")
        .arg(&from)
        .arg("-o")
        .arg(&to)
        .output();
    let Ok(output) = output else {
        skip("opj_decompress (libopenjp2-tools)");
        return None;
    };
    if !output.status.success() {
        return None;
    }
    let bytes = std::fs::read(&to).unwrap();
    let planes: Vec<i32> = if raster.precision <= 8 {
        let one = |byte: &u8| match raster.is_signed {
            true => i32::from(*byte as i8),
            false => i32::from(*byte),
        };
        bytes.iter().map(one).collect()
    } else {
        let one = |pair: &[u8]| match raster.is_signed {
            true => i32::from(i16::from_le_bytes([pair[0], pair[1]])),
            false => i32::from(u16::from_le_bytes([pair[0], pair[1]])),
        };
        bytes.chunks_exact(2).map(one).collect()
    };
    let (pixels, components) = (
        (raster.columns * raster.rows) as usize,
        usize::from(raster.components),
    );
    Some(
        (0..pixels * components)
            .map(|at| planes[at % components * pixels + at / components])
            .collect(),
    )
}

#[test]
fn irreversible_frames_are_as_openjpeg_has_them() {
    let Some(root) = data() else { return };
    let mut wrong = Vec::new();
    let mut counted = 0;
    for frame in frames(&root, &LOSSY) {
        if frame.number > 1 {
            continue;
        }
        let header = jpeg2000::header(&frame.bytes).unwrap();
        if header.is_reversible {
            continue;
        }
        let raster = match decode(&frame) {
            Ok(raster) => raster,
            Err(error) => {
                wrong.push(format!("{} {}: {error}", frame.path, frame.number));
                continue;
            }
        };
        let Some(judge) = openjpeg(&frame.bytes, &raster) else {
            eprintln!("{}: not by OpenJPEG", frame.path);
            continue;
        };
        counted += 1;
        let ours = values(&raster);
        assert_eq!(ours.len(), judge.len());
        let differences = ours
            .iter()
            .zip(&judge)
            .map(|(one, other)| one.abs_diff(*other));
        let (most, sum) = differences.fold((0, 0u64), |(most, sum), one| {
            (most.max(one), sum + u64::from(one))
        });
        eprintln!(
            "{} {}: most {most}, sum {sum} of {}",
            frame.path,
            frame.number,
            ours.len()
        );
        if most > 1 {
            wrong.push(format!("{} {}: {most}", frame.path, frame.number));
        }
    }
    eprintln!("{counted} compared");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A picture of each kind that is encoded: grey and color, 8 and 16 bits, signed and not.
fn originals(root: &std::path::Path) -> Vec<(String, Raster)> {
    let mut kinds = std::collections::BTreeMap::new();
    for frame in frames(root, &LOSSLESS) {
        let Ok(mut raster) = decode(&frame) else {
            continue;
        };
        if raster.components == 3 {
            raster.color = StreamColor::Rgb;
        }
        if raster.columns * raster.rows > 400_000 {
            continue;
        }
        let kind = (raster.components, raster.precision, raster.is_signed);
        kinds.entry(kind).or_insert((frame.path, raster));
    }
    kinds.into_values().collect()
}

#[test]
fn openjpeg_reads_the_same_samples_from_what_is_encoded() {
    let Some(root) = data() else { return };
    let originals = originals(&root);
    assert!(originals.len() >= 5, "{}", originals.len());
    for (path, raster) in originals {
        let ht = |is_rpcl| {
            let quality = jpeg2000::Quality::Lossless;
            let options = jpeg2000::HtOptions { quality, is_rpcl };
            jpeg2000::encode_ht(&raster, &options).unwrap()
        };
        let old = jpeg2000::encode(&raster, &jpeg2000::Options::default()).unwrap();
        for stream in [old, ht(false), ht(true)] {
            let Some(judge) = openjpeg(&stream, &raster) else {
                skip("opj_decompress that reads these");
                return;
            };
            assert!(judge == values(&raster), "{path}");
        }
    }
}

#[test]
fn openjpeg_reads_nearly_the_same_samples_from_what_is_encoded_with_loss() {
    let Some(root) = data() else { return };
    for (path, raster) in originals(&root) {
        if raster.precision < 8 {
            continue;
        }
        let quality = jpeg2000::Quality::Ratio(12.0);
        let ht = jpeg2000::HtOptions {
            quality,
            is_rpcl: false,
        };
        let ht = jpeg2000::encode_ht(&raster, &ht).unwrap();
        let old = jpeg2000::encode(&raster, &jpeg2000::Options { quality }).unwrap();
        for stream in [old, ht] {
            let ours = jpeg2000::decode(&stream, &Expected::any(1 << 26)).unwrap();
            let Some(judge) = openjpeg(&stream, &raster) else {
                skip("opj_decompress that reads these");
                return;
            };
            let most = values(&ours)
                .iter()
                .zip(&judge)
                .map(|(one, other)| one.abs_diff(*other))
                .max();
            assert!(most <= Some(1), "{path}: {most:?}");
        }
    }
}

#[test]
fn odd_streams_are_decoded_as_by_openjpeg_or_refused() {
    let Some(root) = data() else { return };
    let mut decoded = 0;
    for entry in std::fs::read_dir(root.join("codestreams")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        match jpeg2000::decode(&bytes, &Expected::any(1 << 26)) {
            Ok(raster) => {
                decoded += 1;
                let start = bytes
                    .windows(4)
                    .position(|four| four == [0xFF, 0x4F, 0xFF, 0x51]);
                let judge = openjpeg(&bytes[start.unwrap_or(0)..], &raster);
                let most = judge.map(|judge| {
                    let pairs = values(&raster).into_iter().zip(judge);
                    pairs.map(|(one, other)| one.abs_diff(other)).max()
                });
                eprintln!("{name}: decoded, {most:?} from OpenJPEG's");
                assert!(most.flatten() <= Some(1), "{name}");
            }
            Err(error) => eprintln!("{name}: {error}"),
        }
    }
    assert!(decoded >= 8, "{decoded}");
}
