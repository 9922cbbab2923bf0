//! What the encoders write is read back by foreign decoders.

use std::path::Path;

use sagittal_pixel::codec::jpeg::{
    self, Chroma, LosslessOptions, encode_baseline, encode_lossless_with,
};
use sagittal_pixel::{Expected, Raster, Samples, StreamColor};

use crate::support::{Numbers, Wrapped, frames, little_endian, native, python, run, tool};

/// Something like a picture: slopes, noise, and jumps through the whole range.
pub fn raster(
    numbers: &mut Numbers,
    columns: u32,
    rows: u32,
    components: u8,
    precision: u8,
) -> Raster {
    let top = (1_u32 << precision) - 1;
    let noise = 1 + numbers.below(1 + top / 8);
    let jumps = 2 + numbers.below(200);
    let mut samples = Vec::new();
    for y in 0..rows {
        for x in 0..columns {
            for component in 0..u32::from(components) {
                let slope = (x * 3 + y * 5 + component * 40) * (1 + top / 256);
                let sample = match numbers.below(jumps) {
                    0 => [0, top][numbers.below(2) as usize],
                    _ => (slope + numbers.below(noise)) & top,
                };
                samples.push(sample as u16);
            }
        }
    }
    Raster {
        columns,
        rows,
        components,
        precision,
        is_signed: false,
        color: if components == 1 {
            StreamColor::Grey
        } else {
            StreamColor::Unknown
        },
        samples: if precision <= 8 {
            Samples::U8(samples.into_iter().map(|sample| sample as u8).collect())
        } else {
            Samples::U16(samples)
        },
    }
}

#[test]
fn lossless_pictures_of_every_size_depth_and_predictor_come_back() {
    let mut numbers = Numbers(1);
    let mut cases = 0;
    for precision in 2..=16 {
        for predictor in 1..=7 {
            for components in 1..=4 {
                let (columns, rows) = (1 + numbers.below(40), 1 + numbers.below(25));
                let picture = raster(&mut numbers, columns, rows, components, precision);
                let options = LosslessOptions {
                    predictor,
                    restart_rows: numbers.below(4) as u16,
                };
                let stream = encode_lossless_with(&picture, &options).unwrap();
                let expected = Expected {
                    size: Some((columns, rows)),
                    components: Some(components),
                    max_bytes: 1 << 20,
                };
                assert_eq!(
                    jpeg::decode(&stream, &expected).unwrap(),
                    picture,
                    "{options:?}"
                );
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 15 * 7 * 4);
}

#[test]
fn signed_samples_come_back_as_their_bits() {
    let picture = Raster {
        columns: 4,
        rows: 1,
        components: 1,
        precision: 12,
        is_signed: true,
        color: StreamColor::Grey,
        samples: Samples::U16(vec![0xFFFF, 0xF800, 0x07FF, 0]),
    };
    let stream = jpeg::encode_lossless(&picture, 1).unwrap();
    let decoded = jpeg::decode(&stream, &Expected::any(100)).unwrap();
    assert_eq!(
        decoded.samples,
        Samples::U16(vec![0x0FFF, 0x0800, 0x07FF, 0])
    );
}

fn write(path: &Path, picture: &Raster, transfer_syntax: &str, photometric: &str, stream: &[u8]) {
    let wrapped = Wrapped {
        transfer_syntax,
        columns: picture.columns,
        rows: picture.rows,
        components: picture.components,
        precision: picture.precision,
        photometric,
        stream,
    };
    std::fs::write(path, wrapped.to_bytes()).unwrap();
}

#[test]
fn lossless_streams_are_read_by_dcmtk_and_gdcm() {
    let (Some(dcmdjpeg), Some(gdcmconv)) = (tool("dcmdjpeg"), tool("gdcmconv")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.dcm"), folder.path().join("out.dcm"));
    let (from, to) = (input.display().to_string(), output.display().to_string());
    let mut numbers = Numbers(2);
    for (precision, components, predictor, restart_rows) in [
        (8, 1, 1, 0),
        (8, 3, 1, 0),
        (8, 3, 6, 5),
        (10, 1, 5, 3),
        (12, 1, 1, 0),
        (12, 1, 4, 0),
        (16, 1, 1, 0),
        (16, 1, 1, 7),
        (16, 1, 2, 0),
        (16, 1, 3, 1),
        (16, 1, 7, 0),
    ] {
        let (columns, rows) = (40 + numbers.below(60), 30 + numbers.below(60));
        let picture = raster(&mut numbers, columns, rows, components, precision);
        let options = LosslessOptions {
            predictor,
            restart_rows,
        };
        let stream = encode_lossless_with(&picture, &options).unwrap();
        let transfer_syntax = match predictor {
            1 => "1.2.840.10008.1.2.4.70",
            _ => "1.2.840.10008.1.2.4.57",
        };
        let photometric = if components == 1 {
            "MONOCHROME2"
        } else {
            "RGB"
        };
        write(&input, &picture, transfer_syntax, photometric, &stream);
        let mut wanted = little_endian(&picture.samples);
        wanted.resize(wanted.len().div_ceil(2) * 2, 0);
        run(&dcmdjpeg, &["+cn", "+px", &from, &to]);
        assert!(
            native(&output) == wanted,
            "DCMTK, {precision} {components} {options:?}"
        );
        run(&gdcmconv, &["--raw", &from, &to]);
        assert!(
            native(&output) == wanted,
            "GDCM, {precision} {components} {options:?}"
        );
    }
}

/// Reads streams and writes their samples without conversion of colors.
const PILLOW: &str = r#"
import sys
from PIL import Image
read = Image.open(sys.argv[1])
if read.mode == "RGB": read.draft("YCbCr", read.size)
open(sys.argv[2], "wb").write(read.tobytes())
"#;

#[test]
fn baseline_streams_are_read_by_dcmtk_and_pillow_as_by_us() {
    let (Some(dcmdjpeg), Some(python)) = (tool("dcmdjpeg"), python("PIL")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let name = |name: &str| folder.path().join(name).display().to_string();
    let (input, output) = (folder.path().join("in.dcm"), folder.path().join("out.dcm"));
    let mut numbers = Numbers(3);
    for (components, color, chroma, photometric) in [
        (1, StreamColor::Grey, Chroma::Half, "MONOCHROME2"),
        (3, StreamColor::Ycc, Chroma::Full, "YBR_FULL"),
        (3, StreamColor::Ycc, Chroma::Half, "YBR_FULL_422"),
        (3, StreamColor::Rgb, Chroma::Half, "YBR_FULL_422"),
        (3, StreamColor::Rgb, Chroma::Quarter, "YBR_FULL_422"),
    ] {
        let mut picture = raster(&mut numbers, 75, 50, components, 8);
        picture.color = color;
        let stream = encode_baseline(&picture, 90, chroma).unwrap();
        let ours = jpeg::decode(&stream, &Expected::any(1 << 20)).unwrap();
        let expected = if components == 1 {
            StreamColor::Grey
        } else {
            StreamColor::Ycc
        };
        assert_eq!(ours.color, expected);
        std::fs::write(name("in.jpg"), &stream).unwrap();
        run(python, &["-c", PILLOW, &name("in.jpg"), &name("out.raw")]);
        let theirs = std::fs::read(name("out.raw")).unwrap();
        assert!(
            little_endian(&ours.samples) == theirs,
            "{color:?} {chroma:?}"
        );
        if chroma != Chroma::Quarter {
            write(
                &input,
                &picture,
                "1.2.840.10008.1.2.4.50",
                photometric,
                &stream,
            );
            assert_eq!(frames(&input).unwrap().1.len(), 1);
            run(
                &dcmdjpeg,
                &["+cn", "+px", &name("in.dcm"), &name("out.dcm")],
            );
            let theirs = &native(&output)[..ours.samples.len()];
            assert!(
                little_endian(&ours.samples) == theirs,
                "{color:?} {chroma:?}"
            );
        }
        // Without transformation the picture is near to what it was.
        if picture.color != StreamColor::Rgb && chroma == Chroma::Full {
            let (before, after) = (
                little_endian(&picture.samples),
                little_endian(&ours.samples),
            );
            let sum: u32 = before
                .iter()
                .zip(&after)
                .map(|(a, b)| u32::from(a.abs_diff(*b)))
                .sum();
            assert!(sum / (before.len() as u32) < 20);
        }
    }
}
