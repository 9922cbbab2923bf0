//! How fast JPEG is: decodes each file given again and again, in one thread, and encodes what came
//! out without loss. `cargo run --release -p sagittal-pixel --example jpeg_speed <stream>…`
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use sagittal_pixel::Expected;
use sagittal_pixel::codec::jpeg;

/// The best of many, in milliseconds.
fn best<T>(mut work: impl FnMut() -> T) -> f64 {
    let begun = Instant::now();
    let mut best = Duration::MAX;
    while begun.elapsed() < Duration::from_millis(1_500) {
        let at = Instant::now();
        std::hint::black_box(work());
        best = best.min(at.elapsed());
    }
    best.as_secs_f64() * 1e3
}

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).unwrap();
        let expected = Expected::any(1 << 30);
        let raster = jpeg::decode(&bytes, &expected).unwrap();
        let decode = best(|| jpeg::decode(&bytes, &expected).unwrap());
        let encode = best(|| jpeg::encode_lossless(&raster, 1).unwrap());
        println!(
            "{path}: {}×{}×{} of {} bits, decoded in {decode:.3} ms, encoded without loss in {encode:.3} ms",
            raster.columns, raster.rows, raster.components, raster.precision
        );
    }
}
