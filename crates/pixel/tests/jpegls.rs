//! JPEG-LS against real files, DCMTK and GDCM.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::process::Command;

use sagittal_core::{Limits, Value, tags};
use sagittal_file::part10;
use sagittal_pixel::codec::jpegls::{self, Interleave};
use sagittal_pixel::frames::FrameTable;
use sagittal_pixel::{Expected, Raster, Samples, StreamColor};
use sagittal_testkit::data;
use sha2::{Digest, Sha256};

const ANY: Expected = Expected {
    size: None,
    components: None,
    max_bytes: 1 << 26,
};

fn tool(name: &str) -> Option<Command> {
    sagittal_testkit::tool(name).map(Command::new)
}

/// Fragments of every frame of a file, joined.
fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    let file = part10::read(&bytes.to_vec().into(), Limits::default()).unwrap();
    let ts = file.opening.transfer_syntax_uid.as_str();
    let table = FrameTable::of_instance(bytes, file.opening.data_set_offset, ts)
        .unwrap()
        .unwrap();
    (0..table.number_of_frames())
        .map(|frame| {
            table
                .frame(frame)
                .into_iter()
                .flat_map(|range| bytes[range.start as usize..range.end as usize].to_vec())
                .collect()
        })
        .collect()
}

/// Samples as little-endian bytes.
fn bytes_of(raster: &Raster) -> Vec<u8> {
    match &raster.samples {
        Samples::U8(samples) => samples.clone(),
        Samples::U16(samples) => samples.iter().flat_map(|one| one.to_le_bytes()).collect(),
        Samples::U32(samples) => samples.iter().flat_map(|one| one.to_le_bytes()).collect(),
    }
}

#[test]
fn frames_of_real_files_have_the_known_samples() {
    let Some(root) = data() else { return };
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let pixels = std::fs::read_to_string(root.join("pixels.tsv")).unwrap();
    let mut compared = 0;
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let is_jpegls = matches!(
            fields[9],
            "1.2.840.10008.1.2.4.80" | "1.2.840.10008.1.2.4.81"
        );
        if !is_jpegls || fields[0].starts_with("malformed/") {
            continue;
        }
        let bytes = std::fs::read(root.join(fields[0])).unwrap();
        // Two files have no preamble.
        let frames = if bytes[128..132] == *b"DICM" {
            frames(&bytes)
        } else {
            let start = bytes
                .windows(3)
                .position(|w| w == [0xFF, 0xD8, 0xFF])
                .unwrap();
            vec![bytes[start..].to_vec()]
        };
        for row in pixels.lines().skip(1) {
            let known: Vec<&str> = row.split('\t').collect();
            if known[0] != fields[0] {
                continue;
            }
            let frame = &frames[known[1].parse::<usize>().unwrap()];
            let raster = jpegls::decode(frame, &ANY)
                .unwrap_or_else(|error| panic!("{}: {error}", fields[0]));
            let hash =
                Sha256::digest(bytes_of(&raster))
                    .iter()
                    .fold(String::new(), |mut text, byte| {
                        write!(text, "{byte:02x}").unwrap();
                        text
                    });
            assert_eq!(hash, known[2], "{} frame {}", fields[0], known[1]);
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn bare_streams_decode_to_the_reference_within_their_near() {
    let Some(root) = data() else { return };
    for (stream, raw, near, color) in [
        (
            "jpeg-ls_lossless-grayscale-8",
            "grayscale-8",
            0,
            StreamColor::Grey,
        ),
        ("jpeg-ls_lossless-rgb-8", "rgb-8", 0, StreamColor::Unknown),
        (
            "jpeg-ls_lossy_near-lossless-grayscale-8",
            "grayscale-8",
            1,
            StreamColor::Grey,
        ),
        (
            "jpeg-ls_lossy_near-lossless-rgb-8",
            "rgb-8",
            1,
            StreamColor::Unknown,
        ),
    ] {
        let folder = root.join("codestreams");
        let bytes = std::fs::read(folder.join(format!("wsid-{stream}.jls"))).unwrap();
        let raw = format!("wsid-explicit_vr_little_endian-{raw}.raw");
        let raw = std::fs::read(folder.join(raw)).unwrap();
        let raster = jpegls::decode(&bytes, &ANY).unwrap();
        assert_eq!(raster.color, color);
        assert_eq!(jpegls::header(&bytes).unwrap().near, near);
        let far = bytes_of(&raster)
            .iter()
            .zip(&raw)
            .map(|(one, other)| one.abs_diff(*other))
            .max();
        assert_eq!(
            (raw.len(), far),
            (bytes_of(&raster).len(), Some(near)),
            "{stream}"
        );
    }
}

#[test]
fn changed_real_streams_never_crash_or_hang() {
    let Some(root) = data() else { return };
    // More with JPEGLS_CHANGES, for a search of hours.
    let changes = std::env::var("JPEGLS_CHANGES")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(300);
    let mut seed = 99_u32;
    let mut random = move |end: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % end
    };
    for file in [
        "compressed/dv3-synthetic_monochrome_jpegls_lossless.dcm",
        "compressed/pyd-jpeglsnearlossless_08.dcm",
        "compressed/pyd-mr_small_jpeg_ls_lossless.dcm",
        "compressed/pyd-sc_rgb_jls_lossy_line.dcm",
        "compressed/orth-2021-02-19-malaterrecp246.dcm",
        "wsi/hd-sm_image_jpegls.dcm",
    ] {
        let stream = frames(&std::fs::read(root.join(file)).unwrap()).remove(0);
        for _ in 0..changes {
            let mut changed = stream.clone();
            for _ in 0..1 + random(3) {
                // Every other time in the header.
                let reach = [changed.len(), changed.len().min(60)][random(2)];
                let at = random(reach);
                changed[at] = [changed[at] ^ 1 << random(8), 0xFF, random(256) as u8][random(3)];
            }
            if random(4) == 0 {
                changed.truncate(random(changed.len()));
            }
            if let Ok(raster) = jpegls::decode(&changed, &Expected::any(1 << 20)) {
                assert!(raster.samples.len() <= 1 << 20);
            }
        }
    }
}

#[test]
fn a_native_object_with_the_wrong_transfer_syntax_is_no_stream() {
    assert!(jpegls::decode(&[0x30, 0xF8, 0x30, 0xF8], &ANY).is_err());
    assert!(jpegls::decode(&[], &ANY).is_err());
}

/// A picture with edges, slopes, noise and flat parts.
fn picture(columns: u32, rows: u32, components: u8, precision: u8) -> Raster {
    let most = (1_u32 << precision) - 1;
    let mut seed = 12_345_u32;
    let mut values = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            for component in 0..u32::from(components) {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                values.push(match (row / 16 + column / 24) % 4 {
                    0 => most / 3 * (component + 1) / 2,
                    1 => (row * 5 + column * 3 + component * 17 + (seed >> 30)) & most,
                    2 => (seed >> 8) & most,
                    _ => most.saturating_sub(column * component),
                });
            }
        }
    }
    Raster {
        columns,
        rows,
        components,
        precision,
        is_signed: false,
        color: StreamColor::Unknown,
        samples: if precision <= 8 {
            Samples::U8(values.iter().map(|value| *value as u8).collect())
        } else {
            Samples::U16(values.iter().map(|value| *value as u16).collect())
        },
    }
}

/// An object of Secondary Capture with native pixels, or encapsulated ones.
fn object(raster: &Raster, stream: Option<&[u8]>, ts: &str) -> Vec<u8> {
    fn element(out: &mut Vec<u8>, tag: (u16, u16), vr: &[u8; 2], value: &[u8]) {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == b"UI" { 0 } else { b' ' });
        }
        out.extend(tag.0.to_le_bytes());
        out.extend(tag.1.to_le_bytes());
        out.extend(vr);
        if matches!(vr, b"OB" | b"OW") {
            out.extend([0, 0]);
            out.extend((value.len() as u32).to_le_bytes());
        } else {
            out.extend((value.len() as u16).to_le_bytes());
        }
        out.extend(value);
    }
    let sop_class = b"1.2.840.10008.5.1.4.1.1.7";
    let mut meta = Vec::new();
    element(&mut meta, (2, 1), b"OB", &[0, 1]);
    element(&mut meta, (2, 2), b"UI", sop_class);
    element(&mut meta, (2, 3), b"UI", b"2.25.1");
    element(&mut meta, (2, 0x10), b"UI", ts.as_bytes());
    element(&mut meta, (2, 0x12), b"UI", b"2.25.2");
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    element(&mut out, (2, 0), b"UL", &(meta.len() as u32).to_le_bytes());
    out.extend(meta);
    let short = |number: u32| (number as u16).to_le_bytes();
    let wide = raster.precision > 8;
    element(&mut out, (8, 0x16), b"UI", sop_class);
    element(&mut out, (8, 0x18), b"UI", b"2.25.1");
    element(&mut out, (8, 0x60), b"CS", b"OT");
    element(&mut out, (0x20, 0xD), b"UI", b"2.25.3");
    element(&mut out, (0x20, 0xE), b"UI", b"2.25.4");
    element(&mut out, (0x28, 2), b"US", &short(raster.components.into()));
    let photometric: &[u8] = if raster.components == 1 {
        b"MONOCHROME2"
    } else {
        b"RGB"
    };
    element(&mut out, (0x28, 4), b"CS", photometric);
    if raster.components > 1 {
        element(&mut out, (0x28, 6), b"US", &short(0));
    }
    element(&mut out, (0x28, 0x10), b"US", &short(raster.rows));
    element(&mut out, (0x28, 0x11), b"US", &short(raster.columns));
    element(
        &mut out,
        (0x28, 0x100),
        b"US",
        &short(if wide { 16 } else { 8 }),
    );
    element(
        &mut out,
        (0x28, 0x101),
        b"US",
        &short(raster.precision.into()),
    );
    element(
        &mut out,
        (0x28, 0x102),
        b"US",
        &short(u32::from(raster.precision) - 1),
    );
    element(&mut out, (0x28, 0x103), b"US", &short(0));
    match stream {
        None => {
            let vr = if wide { b"OW" } else { b"OB" };
            element(&mut out, (0x7FE0, 0x10), vr, &bytes_of(raster));
        }
        Some(stream) => {
            out.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 255, 255, 255, 255]);
            out.extend([0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0x00, 0xE0]);
            let padded = stream.len().next_multiple_of(2);
            out.extend((padded as u32).to_le_bytes());
            out.extend(stream);
            out.resize(out.len() + padded - stream.len(), 0);
            out.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        }
    }
    out
}

/// Runs a tool from one file to another; what it wrote.
fn convert(name: &str, options: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut command = tool(name)?;
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from.dcm"), folder.path().join("to.dcm"));
    std::fs::write(&from, input).unwrap();
    let output = command.args(options).arg(&from).arg(&to).output().unwrap();
    assert!(
        output.status.success(),
        "{name} {options:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(std::fs::read(to).unwrap())
}

/// Native samples of a file that a tool wrote.
fn native(bytes: &[u8], length: usize) -> Vec<u8> {
    let file = part10::read(&bytes.to_vec().into(), Limits::default()).unwrap();
    match &file.data_set.get(tags::PIXEL_DATA).unwrap().value {
        Value::Bytes(bytes) => bytes[..length].to_vec(),
        other => panic!("{other:?}"),
    }
}

/// Components, precision, near and interleave mode.
const CASES: [(u8, u8, u8, Interleave); 13] = [
    (1, 8, 0, Interleave::None),
    (1, 8, 3, Interleave::None),
    (1, 10, 0, Interleave::None),
    (1, 12, 0, Interleave::None),
    (1, 12, 5, Interleave::None),
    (1, 16, 0, Interleave::None),
    (1, 16, 2, Interleave::None),
    (3, 8, 0, Interleave::Line),
    (3, 8, 0, Interleave::Sample),
    (3, 8, 0, Interleave::None),
    (3, 8, 2, Interleave::Line),
    (3, 8, 2, Interleave::Sample),
    (1, 6, 0, Interleave::None),
];

fn foreign_decoders_agree(name: &str, options: &[&str]) {
    for (components, precision, near, interleave) in CASES {
        // All shapes of one kind of picture, one shape of the others.
        let shapes = [(97, 61), (1, 1), (1, 40), (40, 1)];
        let is_first = components == 1 && precision == 8 && near == 0;
        for (columns, rows) in shapes.into_iter().take(if is_first { 4 } else { 1 }) {
            let raster = picture(columns, rows, components, precision);
            let what = format!(
                "{name} {columns}x{rows}x{components} {precision} bits near {near} {interleave:?}"
            );
            let stream = jpegls::encode_interleaved(&raster, near, interleave).unwrap();
            let ts = match near {
                0 => "1.2.840.10008.1.2.4.80",
                _ => "1.2.840.10008.1.2.4.81",
            };
            let object = object(&raster, Some(&stream), ts);
            let Some(written) = convert(name, options, &object) else {
                return;
            };
            let ours = jpegls::decode(&stream, &ANY).unwrap();
            let theirs = native(&written, bytes_of(&ours).len());
            assert!(theirs == bytes_of(&ours), "{what}: decoders differ");
            if near == 0 {
                assert!(ours.samples == raster.samples, "{what}: not lossless");
            }
        }
    }
}

#[test]
fn dcmtk_reads_back_what_is_encoded() {
    foreign_decoders_agree("dcmdjpls", &[]);
}

#[test]
fn gdcm_reads_back_what_is_encoded() {
    foreign_decoders_agree("gdcmconv", &["--raw"]);
}

#[test]
fn streams_of_foreign_encoders_are_decoded() {
    let dcmtk: [&[&str]; 9] = [
        &["+el"],
        &["+el", "+is"],
        &["+el", "+in"],
        &["+el", "+pc"],
        &["+el", "+pz"],
        &["+el", "+t1", "5", "+t2", "9", "+t3", "30", "+rs", "31"],
        &["+en"],
        &["+en", "+md", "5", "+is"],
        &["+en", "+md", "1", "+in"],
    ];
    let gdcm: [&[&str]; 2] = [&["--jpegls"], &["--jpegls", "--lossy", "-e", "3"]];
    let dcmtk = dcmtk.map(|options| ("dcmcjpls", options));
    let gdcm = gdcm.map(|options| ("gdcmconv", options));
    for (name, options) in dcmtk.into_iter().chain(gdcm) {
        for (components, precision) in [(1, 8), (1, 12), (1, 16), (3, 8)] {
            let shapes = [(97, 61), (1, 40)];
            for (columns, rows) in shapes.into_iter().take(if precision == 12 { 2 } else { 1 }) {
                let raster = picture(columns, rows, components, precision);
                let what = format!("{name} {options:?} {columns}x{rows}x{components} {precision}");
                let object = object(&raster, None, "1.2.840.10008.1.2.1");
                let Some(written) = convert(name, options, &object) else {
                    return;
                };
                let stream = frames(&written).remove(0);
                let near = jpegls::header(&stream).unwrap().near;
                let ours =
                    jpegls::decode(&stream, &ANY).unwrap_or_else(|error| panic!("{what}: {error}"));
                if near == 0 {
                    assert!(ours.samples == raster.samples, "{what}");
                    continue;
                }
                let Some(theirs) = convert("dcmdjpls", &[], &written) else {
                    return;
                };
                let theirs = native(&theirs, bytes_of(&ours).len());
                assert!(theirs == bytes_of(&ours), "{what}: decoders differ");
            }
        }
    }
}
