//! Times of the steps from a file to a JPEG: `render_times <file>…`.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use bytes::Bytes;
use sagittal_core::{Limits, tags};
use sagittal_file::part10;
use sagittal_pixel::render::{Options, render};
use sagittal_pixel::{ImagePixel, codec};

fn best<T>(name: &str, mut run: impl FnMut() -> T) -> T {
    let mut least = f64::MAX;
    let mut made = None;
    for _ in 0..60 {
        let start = Instant::now();
        made = Some(run());
        least = least.min(start.elapsed().as_secs_f64() * 1e3);
    }
    println!("{name}: {least:.3} ms");
    made.unwrap()
}

fn main() {
    for name in std::env::args().skip(1) {
        let bytes = Bytes::from(std::fs::read(&name).unwrap());
        let read = best("read", || part10::read(&bytes, Limits::default()).unwrap());
        let image = ImagePixel::of(&read.data_set).unwrap();
        let pixels = read.data_set.bytes(tags::PIXEL_DATA).unwrap().clone();
        let frame = best("decode", || {
            codec::decode("1.2.840.10008.1.2.1", &image, &pixels, 1 << 30).unwrap()
        });
        let options = Options::default();
        let picture = best("render", || {
            render(&read.data_set, 1, &frame, &options).unwrap()
        });
        let jpeg = best("jpeg", || picture.to_jpeg().unwrap());
        let png = best("png", || picture.to_png().unwrap());
        println!("{} and {} bytes", jpeg.len(), png.len());
    }
}
