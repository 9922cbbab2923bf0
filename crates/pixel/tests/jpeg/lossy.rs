//! Lossy files: frames are those of DCMTK's decoder, to the grey level.

use std::path::Path;

use sagittal_pixel::codec::jpeg;
use sagittal_pixel::{Expected, Samples};

use crate::support::{data, files, frames, native, run, tool};

const LOSSY: [&str; 2] = ["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"];

/// The largest difference and the mean of all.
fn differences(ours: &[u16], theirs: &[u16]) -> (u16, f64) {
    let each = ours
        .iter()
        .zip(theirs)
        .map(|(one, other)| one.abs_diff(*other));
    let most = each.clone().max().unwrap_or(0);
    let sum: u64 = each.map(u64::from).sum();
    (most, sum as f64 / ours.len().max(1) as f64)
}

fn wide(samples: &Samples) -> Vec<u16> {
    match samples {
        Samples::U8(samples) => samples.iter().map(|sample| u16::from(*sample)).collect(),
        Samples::U16(samples) => samples.clone(),
        Samples::U32(_) => Vec::new(),
    }
}

fn compare(path: &Path, dcmdjpeg: &str, out: &Path) -> Result<Vec<String>, String> {
    let Some((_, frames)) = frames(path) else {
        return Err("no frames".to_owned());
    };
    let out_name = out.display().to_string();
    let arguments = ["+cn", "+px", &path.display().to_string(), &out_name];
    let status = std::process::Command::new(dcmdjpeg)
        .args(arguments)
        .output();
    if !status.unwrap().status.success() {
        return Err("not decoded by dcmdjpeg".to_owned());
    }
    let theirs = native(out);
    let frame_bytes = theirs.len() / frames.len();
    let mut wrong = Vec::new();
    for (number, frame) in frames.iter().enumerate().take(3) {
        let raster = match jpeg::decode(frame, &Expected::any(1 << 28)) {
            Ok(raster) => raster,
            Err(error) => {
                wrong.push(format!("frame {number}: {error}"));
                continue;
            }
        };
        let theirs = &theirs[number * frame_bytes..(number + 1) * frame_bytes];
        let theirs: Vec<u16> = match raster.samples {
            Samples::U8(_) => theirs.iter().map(|byte| u16::from(*byte)).collect(),
            _ => theirs
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect(),
        };
        let ours = wide(&raster.samples);
        // An odd number of bytes is padded.
        let (most, mean) = differences(&ours, &theirs);
        let is_subsampled = jpeg::header(frame).unwrap().is_subsampled();
        let is_close = if is_subsampled {
            mean <= 0.2
        } else {
            most <= 1
        };
        if std::env::var_os("JPEG_TEST_VERBOSE").is_some() {
            eprintln!(
                "{} {number}: {most} {mean:.4} {is_subsampled}",
                path.display()
            );
        }
        if !is_close || theirs.len().abs_diff(ours.len()) > 1 {
            wrong.push(format!(
                "frame {number}: at most {most}, in the mean {mean}"
            ));
        }
    }
    Ok(wrong)
}

#[test]
fn lossy_frames_are_those_of_another_decoder() {
    let (Some(root), Some(dcmdjpeg)) = (data(), tool("dcmdjpeg")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.dcm");
    let (mut compared, mut wrong, mut odd) = (0, Vec::new(), Vec::new());
    for path in files(&root, &LOSSY) {
        match compare(&root.join(&path), &dcmdjpeg, &out) {
            Ok(found) => {
                compared += 1;
                wrong.extend(found.into_iter().map(|found| format!("{path} {found}")));
            }
            Err(reason) => odd.push(format!("{path}: {reason}")),
        }
    }
    eprintln!("{compared} files; not compared: {odd:#?}");
    assert!(wrong.is_empty() && compared > 40, "{compared}, {wrong:#?}");
}

#[test]
fn bare_streams_of_every_process_are_decoded() {
    let Some(root) = data() else { return };
    let mut counted = 0;
    for entry in std::fs::read_dir(root.join("codestreams")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jpg") {
            let bytes = std::fs::read(&path).unwrap();
            let raster = jpeg::decode(&bytes, &Expected::any(1 << 28));
            let raster = raster.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.display().to_string();
            assert_eq!(name.contains("grayscale"), raster.components == 1, "{name}");
            counted += 1;
        }
    }
    assert!(counted >= 6);
}

/// Pictures of odd sizes, progressive, subsampled, with restarts, as Pillow writes and reads them.
const PILLOW: &str = r#"
import sys, random
from PIL import Image
folder = sys.argv[1]
random.seed(7)
number = 0
for size in [(1,1),(2,3),(5,4),(7,9),(8,8),(17,33),(64,48),(101,67)]:
    for mode in ["L","RGB","CMYK"]:
        small = Image.new(mode, (max(1,size[0]//3), max(1,size[1]//3)))
        bands = len(small.getbands())
        small.putdata([tuple(random.randrange(256) for _ in range(bands)) if bands>1 else random.randrange(256) for _ in range(small.size[0]*small.size[1])])
        image = small.resize(size, Image.BICUBIC)
        for options in [dict(), dict(progressive=True), dict(subsampling=0), dict(subsampling=0, progressive=True, restart_marker_blocks=3), dict(subsampling=1), dict(subsampling=1, restart_marker_rows=1), dict(subsampling=2, restart_marker_blocks=2, optimize=True), dict(keep_rgb=True, quality=95)]:
            name = f"{folder}/{number}"
            image.save(name + ".jpg", quality=options.pop("quality", 80), **options)
            read = Image.open(name + ".jpg")
            if mode == "RGB":
                if options.get("keep_rgb"): pass
                else: read.draft("YCbCr", size)
            data = read.tobytes()
            if mode == "CMYK":
                data = bytes(255 - b for b in data)
            open(name + ".raw", "wb").write(data)
            number += 1
"#;

#[test]
fn streams_of_odd_sizes_and_every_sampling_are_those_of_libjpeg_turbo() {
    let Some(python) = crate::support::python("PIL") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    run(
        python,
        &["-c", PILLOW, &folder.path().display().to_string()],
    );
    let (mut counted, mut wrong) = (0, Vec::new());
    while let Ok(bytes) = std::fs::read(folder.path().join(format!("{counted}.jpg"))) {
        let theirs = std::fs::read(folder.path().join(format!("{counted}.raw"))).unwrap();
        match jpeg::decode(&bytes, &Expected::any(1 << 20)) {
            Ok(raster) => {
                let Samples::U8(ours) = &raster.samples else {
                    panic!()
                };
                let most = ours
                    .iter()
                    .zip(&theirs)
                    .map(|(one, other)| one.abs_diff(*other))
                    .max();
                if ours.len() != theirs.len() || most > Some(0) {
                    let header = jpeg::header(&bytes).unwrap();
                    wrong.push(format!("{counted}: {most:?} {header:?}"));
                }
            }
            Err(error) => wrong.push(format!("{counted}: {error}")),
        }
        counted += 1;
    }
    assert!(wrong.is_empty() && counted == 192, "{counted}, {wrong:#?}");
}
