//! Times of decoding and encoding one frame: `codec_times <file>…`, bare streams or raw samples of
//! 512×512 signed 16-bit pixels named `*.raw`.
#![allow(clippy::unwrap_used)]

use std::time::Instant;

use sagittal_pixel::codec::{jpeg2000, jxl};
use sagittal_pixel::{Expected, Raster, Samples, StreamColor};

fn best(name: &str, mut run: impl FnMut() -> usize) {
    let mut least = f64::MAX;
    let mut bytes = 0;
    for _ in 0..15 {
        let start = Instant::now();
        bytes = run();
        least = least.min(start.elapsed().as_secs_f64() * 1e3);
    }
    println!("{name}: {least:.2} ms, {bytes} bytes");
}

fn main() {
    let expected = Expected::any(1 << 30);
    for name in std::env::args().skip(1) {
        let bytes = std::fs::read(&name).unwrap();
        if name.ends_with(".raw") {
            let samples = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            let raster = Raster {
                columns: 512,
                rows: 512,
                components: 1,
                precision: 16,
                is_signed: true,
                color: StreamColor::Unknown,
                samples: Samples::U16(samples.collect()),
            };
            let options = jpeg2000::Options::default();
            let ht = jpeg2000::HtOptions::default();
            best("encode J2K", || {
                jpeg2000::encode(&raster, &options).unwrap().len()
            });
            best("encode HTJ2K", || {
                jpeg2000::encode_ht(&raster, &ht).unwrap().len()
            });
            best("encode JXL", || {
                jxl::encode_lossless(&raster).unwrap().len()
            });
            let stream = jpeg2000::encode_ht(&raster, &ht).unwrap();
            best("decode own HTJ2K", || {
                jpeg2000::decode(&stream, &expected).unwrap().samples.len()
            });
            let stream = jpeg2000::encode(&raster, &options).unwrap();
            best("decode own J2K", || {
                jpeg2000::decode(&stream, &expected).unwrap().samples.len()
            });
            let stream = jxl::encode_lossless(&raster).unwrap();
            best("decode own JXL", || {
                jxl::decode(&stream, &expected).unwrap().samples.len()
            });
        } else if jpeg2000::header(&bytes).is_ok() {
            best(&name, || {
                jpeg2000::decode(&bytes, &expected).unwrap().samples.len()
            });
        } else {
            best(&name, || {
                jxl::decode(&bytes, &expected).unwrap().samples.len()
            });
        }
    }
}
