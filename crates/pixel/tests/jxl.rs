//! JPEG XL: real files, and libjxl as judge.
#![allow(clippy::unwrap_used)]

mod streams;

use sagittal_pixel::codec::jxl;
use sagittal_pixel::{Expected, Raster, Samples, StreamColor};
use sagittal_testkit::skip;
use streams::{Frame, data, frames, hash, values};

const LOSSLESS: [&str; 1] = ["1.2.840.10008.1.2.4.110"];
const ALL: [&str; 3] = [
    "1.2.840.10008.1.2.4.110",
    "1.2.840.10008.1.2.4.111",
    "1.2.840.10008.1.2.4.112",
];

fn decode(frame: &Frame) -> sagittal_pixel::Result<Raster> {
    let expected = Expected {
        size: Some((frame.image.columns, frame.image.rows)),
        components: Some(frame.image.samples_per_pixel),
        max_bytes: 1 << 26,
    };
    jxl::decode(&frame.bytes, &expected)
}

#[test]
fn lossless_frames_have_the_samples_that_others_found() {
    let Some(root) = data() else { return };
    let mut counted = 0;
    for frame in frames(&root, &LOSSLESS) {
        let raster = decode(&frame).unwrap();
        let hash = hash(&raster, &frame.image);
        assert!(frame.hashes.contains(&hash), "{}", frame.path);
        counted += 1;
    }
    assert!(counted >= 2, "{counted}");
}

/// Samples by libjxl in 8 bits; `None` where it is not there.
fn djxl(stream: &[u8], components: u8, is_wide: bool) -> Option<Vec<i32>> {
    let folder = tempfile::tempdir().unwrap();
    let kind = if components == 1 { "pgm" } else { "ppm" };
    let (from, to) = (
        folder.path().join("a.jxl"),
        folder.path().join("a").with_extension(kind),
    );
    std::fs::write(&from, stream).unwrap();
    let output = std::process::Command::new("djxl")
        .arg(&from)
        .arg(&to)
        .output();
    let Ok(output) = output else {
        skip("djxl (libjxl-tools)");
        return None;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let bytes = std::fs::read(&to).unwrap();
    // Three lines of header, or all of it in one.
    let mut header = 0;
    let mut words = 0;
    while words < 4 {
        let is_space = bytes[header].is_ascii_whitespace();
        words += usize::from(is_space);
        header += 1;
    }
    Some(match is_wide {
        true => bytes[header..]
            .chunks_exact(2)
            .map(|pair| i32::from(u16::from_be_bytes([pair[0], pair[1]])))
            .collect(),
        false => bytes[header..].iter().map(|&byte| byte.into()).collect(),
    })
}

#[test]
fn lossy_frames_are_as_libjxl_has_them() {
    let Some(root) = data() else { return };
    let mut counted = 0;
    for frame in frames(&root, &ALL) {
        if frame.number > 1 {
            continue;
        }
        let raster = decode(&frame).unwrap();
        if raster.precision != 8 {
            continue;
        }
        let Some(judge) = djxl(&frame.bytes, raster.components, false) else {
            return;
        };
        let ours = values(&raster);
        assert_eq!(ours.len(), judge.len(), "{}", frame.path);
        let differences = ours
            .iter()
            .zip(&judge)
            .map(|(one, other)| one.abs_diff(*other));
        let (most, sum) = differences.fold((0, 0u64), |(most, sum), one| {
            (most.max(one), sum + u64::from(one))
        });
        let mean = sum as f64 / ours.len() as f64;
        eprintln!(
            "{} {}: most {most}, mean {mean:.4}",
            frame.path, frame.number
        );
        // Filters of floating point, and what follows from them in steep places.
        assert!(most <= 2 && mean < 0.1, "{}: {most} {mean}", frame.path);
        counted += 1;
    }
    assert!(counted >= 3, "{counted}");
}

#[test]
fn libjxl_reads_the_same_samples_from_what_is_encoded() {
    for (components, is_wide) in [(1u8, false), (1, true), (3, false), (3, true)] {
        let (columns, rows) = (301u32, 200u32);
        let count = columns * rows * u32::from(components);
        let values_of =
            (0..count).map(|at| ((at.wrapping_mul(2_654_435_761) >> 20) & (at >> 4)) | (at / 97));
        let raster = Raster {
            columns,
            rows,
            components,
            precision: if is_wide { 16 } else { 8 },
            is_signed: false,
            color: if components == 3 {
                StreamColor::Rgb
            } else {
                StreamColor::Grey
            },
            samples: match is_wide {
                true => Samples::U16(values_of.map(|value| value as u16).collect()),
                false => Samples::U8(values_of.map(|value| value as u8).collect()),
            },
        };
        let stream = jxl::encode_lossless(&raster).unwrap();
        let Some(judge) = djxl(&stream, components, is_wide) else {
            return;
        };
        assert!(judge == values(&raster), "{components} {is_wide}");
    }
}
