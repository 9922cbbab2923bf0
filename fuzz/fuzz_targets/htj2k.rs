//! High-throughput JPEG 2000: the packets of a good header replaced by any bytes, and samples of any
//! kind encoded and decoded again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sagittal_pixel::codec::jpeg2000::{self, HtOptions};
use sagittal_pixel::{Expected, Raster, Samples, StreamColor};

fuzz_target!(|bytes: &[u8]| {
    let [columns, rows, kind, rest @ ..] = bytes else {
        return;
    };
    let (columns, rows) = (u32::from(columns % 80) + 1, u32::from(rows % 80) + 1);
    let count = (columns * rows) as usize;
    let precision = kind % 16 + 1;
    let above = 16 - precision;
    let is_signed = kind & 0x40 != 0;
    let sample = |at: usize| {
        let byte = |at: usize| u16::from(*rest.get(at % rest.len().max(1)).unwrap_or(&0));
        let sample = byte(at) << 8 | byte(at + 1);
        let sample = (sample << above) as i16;
        if is_signed { (sample >> above) as u16 } else { (sample as u16) >> above }
    };
    let raster = Raster {
        columns,
        rows,
        components: 1,
        precision,
        is_signed,
        color: StreamColor::Unknown,
        samples: match precision {
            0..=8 => Samples::U8((0..count).map(|at| sample(at) as u8).collect()),
            _ => Samples::U16((0..count).map(sample).collect()),
        },
    };
    let options = HtOptions {
        is_rpcl: kind & 0x80 != 0,
        ..HtOptions::default()
    };
    let mut stream = jpeg2000::encode_ht(&raster, &options).unwrap();
    let expected = Expected::any(1 << 20);
    assert_eq!(jpeg2000::decode(&stream, &expected).unwrap(), raster);
    let at = stream.windows(2).position(|pair| pair == [0xFF, 0x93]).unwrap() + 2;
    for (place, byte) in stream[at..].iter_mut().zip(rest) {
        *place ^= byte;
    }
    let _ = jpeg2000::decode(&stream, &expected);
});
