//! How long JPEG-LS takes: `jpegls_speed FILE.dcm…` decodes and encodes the first frame of each,
//! one thread, and prints the best of many times in milliseconds.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Instant;

use sagittal_core::Limits;
use sagittal_file::part10;
use sagittal_pixel::Expected;
use sagittal_pixel::codec::jpegls;
use sagittal_pixel::frames::FrameTable;

fn best(mut work: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < 1.5 {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
    }
    best
}

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).unwrap();
        let file = part10::read(&bytes.clone().into(), Limits::default()).unwrap();
        let ts = file.opening.transfer_syntax_uid.as_str();
        let table = FrameTable::of_instance(&bytes, file.opening.data_set_offset, ts)
            .unwrap()
            .unwrap();
        let mut frame = Vec::new();
        for range in table.frame(0) {
            frame.extend_from_slice(&bytes[range.start as usize..range.end as usize]);
        }
        let any = Expected::any(1 << 30);
        let header = jpegls::header(&frame).unwrap();
        let raster = jpegls::decode(&frame, &any).unwrap();
        let decode = best(|| drop(black_box(jpegls::decode(&frame, &any).unwrap())));
        let encode = best(|| drop(black_box(jpegls::encode(&raster, header.near).unwrap())));
        let size = jpegls::encode(&raster, header.near).unwrap().len();
        println!(
            "{path}: {}x{}x{} {} bits near {}: decode {decode:.2} ms, encode {encode:.2} ms, {} bytes, {size} again",
            header.columns,
            header.rows,
            header.components,
            header.precision,
            header.near,
            frame.len()
        );
    }
}
