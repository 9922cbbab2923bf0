//! How fast RLE and native frames are decoded and encoded, on one thread. Takes DICOM files with
//! native pixel data.
//!
//! `cargo run --release -p sagittal-pixel --example rle_speed -- FILE...`

use std::hint::black_box;
use std::time::{Duration, Instant};

use sagittal_core::{Limits, transfer_syntax};
use sagittal_file::part10;
use sagittal_pixel::codec::{self, EncodeOptions};
use sagittal_pixel::frames::FrameTable;
use sagittal_pixel::{ImagePixel, color};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let file = part10::read(&bytes.clone().into(), Limits::default())?;
        let ts = file.opening.transfer_syntax_uid.as_str();
        let image = ImagePixel::of(&file.data_set)?;
        let table = FrameTable::of_instance(&bytes, file.opening.data_set_offset, ts)?
            .ok_or("no pixel data")?;
        let native = table.read(&bytes, 0, u64::MAX)?;
        let frame = codec::decode(ts, &image, &native, u64::MAX)?;
        let rle = transfer_syntax::RLE_LOSSLESS;
        let options = EncodeOptions::default();
        let encoded = codec::encode(rle, &frame, &options)?;
        let megabytes = frame.data.len() as f64 / 1e6;
        println!(
            "{path}: {} × {}, {megabytes:.2} MB, {:.2} MB as RLE",
            image.columns,
            image.rows,
            encoded.bytes.len() as f64 / 1e6
        );
        let report = |what: &str, time: Duration| {
            let speed = megabytes / 1e3 / time.as_secs_f64();
            println!("  {what:<12} {time:>10.1?} {speed:.2} GB/s");
        };
        let decoded = || codec::decode(rle, &encoded.image, &encoded.bytes, u64::MAX);
        report("RLE decode", best(decoded));
        report("RLE encode", best(|| codec::encode(rle, &frame, &options)));
        report(
            "native",
            best(|| codec::decode(ts, &image, &native, u64::MAX)),
        );
        report("copy", best(|| frame.data.clone()));
        if image.samples_per_pixel == 3 {
            report("to YBR_FULL", best(|| color::to_ybr_full(frame.clone())));
            let there = color::to_ybr_full(frame.clone())?;
            report("to RGB", best(|| color::to_rgb(there.clone())));
        }
    }
    Ok(())
}

/// The shortest of many runs.
fn best<T>(run: impl Fn() -> T) -> Duration {
    let mut best = Duration::MAX;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(600) {
        let begun = Instant::now();
        black_box(run());
        best = best.min(begun.elapsed());
    }
    best
}
