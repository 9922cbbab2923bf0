//! Broken streams: typed errors, in bounded time, never a panic.

use std::time::Instant;

use sagittal_pixel::codec::jpeg::{
    self, Chroma, LosslessOptions, encode_baseline, encode_lossless_with,
};
use sagittal_pixel::{Error, Expected, Raster, Samples, StreamColor};

use crate::encoders::raster;
use crate::support::{Numbers, data, frames};

fn pictures() -> (Raster, Raster) {
    let mut numbers = Numbers(4);
    let mut color = raster(&mut numbers, 37, 29, 3, 8);
    color.color = StreamColor::Rgb;
    (raster(&mut numbers, 31, 23, 1, 16), color)
}

/// Streams of all kinds.
fn streams() -> Vec<Vec<u8>> {
    let (grey, color) = pictures();
    let mut streams = vec![encode_baseline(&color, 80, Chroma::Quarter).unwrap()];
    for (picture, predictor, restart_rows) in [(&grey, 1, 0), (&grey, 6, 4), (&color, 4, 2)] {
        let options = LosslessOptions {
            predictor,
            restart_rows,
        };
        streams.push(encode_lossless_with(picture, &options).unwrap());
    }
    let Samples::U8(samples) = &color.samples else {
        panic!()
    };
    let mut progressive = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut progressive, 70);
    encoder.set_progressive(true);
    encoder.set_restart_interval(2);
    let (columns, rows) = (color.columns as u16, color.rows as u16);
    let rgb = jpeg_encoder::ColorType::Rgb;
    encoder.encode(samples, columns, rows, rgb).unwrap();
    streams.push(progressive);
    if let Some(root) = data() {
        let extended = root.join("compressed/dv3-synthetic_monochrome_jpeg_extended_12_bit.dcm");
        streams.extend(frames(&extended).unwrap().1);
    }
    streams
}

#[test]
fn flipped_bytes_do_no_harm() {
    let begun = Instant::now();
    let mut numbers = Numbers(5);
    let (mut decoded, mut refused) = (0, 0);
    for stream in streams() {
        for _ in 0..2_000 {
            let mut broken = stream.clone();
            for _ in 0..=numbers.below(3) {
                let at = numbers.below(broken.len() as u32) as usize;
                broken[at] = match numbers.below(3) {
                    0 => 0xFF,
                    1 => broken[at] ^ (1 << numbers.below(8)),
                    _ => numbers.next() as u8,
                };
            }
            match jpeg::decode(&broken, &Expected::any(1 << 20)) {
                Ok(_) => decoded += 1,
                Err(_) => refused += 1,
            }
        }
    }
    eprintln!("{decoded} decoded, {refused} refused");
    assert!(refused > 1_000 && begun.elapsed().as_secs() < 60);
}

#[test]
fn a_stream_cut_off_is_an_error_unless_only_its_end_marker_is_missing() {
    for stream in streams() {
        let whole = jpeg::decode(&stream, &Expected::any(1 << 20)).unwrap();
        let end = stream
            .windows(2)
            .rposition(|pair| pair == [0xFF, 0xD9])
            .unwrap();
        let without_eoi = jpeg::decode(&stream[..end], &Expected::any(1 << 20)).unwrap();
        assert_eq!(without_eoi, whole);
        for cut in 0..end - 1 {
            match jpeg::decode(&stream[..cut], &Expected::any(1 << 20)) {
                Err(Error::Stream { offset, .. }) => assert!(offset <= cut as u64),
                other => panic!("cut at {cut} of {end}: {other:?}"),
            }
        }
    }
}

#[test]
fn bytes_after_the_picture_and_fill_bytes_before_markers_do_not_matter() {
    for stream in streams() {
        let whole = jpeg::decode(&stream, &Expected::any(1 << 20)).unwrap();
        let mut longer = stream.clone();
        longer.extend([0, 0, 0xFF, 0xD8, 0xFF, 0xC0, 1, 2, 3]);
        assert_eq!(
            jpeg::decode(&longer, &Expected::any(1 << 20)).unwrap(),
            whole
        );
        let mut filled = vec![0xFF, 0xFF];
        filled.extend(&stream[..2]);
        filled.extend([0xFF, 0xFF]);
        filled.extend(&stream[2..]);
        assert_eq!(
            jpeg::decode(&filled, &Expected::any(1 << 20)).unwrap(),
            whole
        );
    }
}

#[test]
fn claims_are_looked_at_before_anything_is_allocated() {
    let (grey, _) = pictures();
    let mut stream = jpeg::encode_lossless(&grey, 1).unwrap();
    let expected = |size, components| Expected {
        size,
        components,
        max_bytes: 1 << 40,
    };
    for wrong in [
        expected(Some((31, 24)), None),
        expected(Some((30, 23)), None),
        expected(None, Some(3)),
    ] {
        let found = jpeg::decode(&stream, &wrong);
        assert!(matches!(found, Err(Error::Mismatch { .. })), "{found:?}");
    }
    let found = jpeg::decode(&stream, &Expected::any(31 * 23 * 2 - 1));
    assert!(matches!(found, Err(Error::TooLarge { .. })), "{found:?}");
    // Eight gigabytes of samples in some hundred bytes.
    stream[7..11].fill(0xFF);
    let begun = Instant::now();
    let found = jpeg::decode(&stream, &expected(None, None));
    assert!(matches!(found, Err(Error::Stream { .. })), "{found:?}");
    assert!(begun.elapsed().as_secs() < 1);
}

#[test]
fn rows_come_from_a_dnl_segment_or_the_data_set_if_the_frame_has_none() {
    let (grey, _) = pictures();
    let mut stream = jpeg::encode_lossless(&grey, 1).unwrap();
    let whole = jpeg::decode(&stream, &Expected::any(1 << 20)).unwrap();
    stream[7..9].fill(0);
    let found = jpeg::decode(&stream, &Expected::any(1 << 20));
    assert!(matches!(found, Err(Error::Stream { .. })), "{found:?}");
    let told = Expected {
        size: Some((31, 23)),
        ..Expected::any(1 << 20)
    };
    assert_eq!(jpeg::decode(&stream, &told).unwrap(), whole);
    let end = stream.len() - 2;
    stream.splice(end..end, [0xFF, 0xDC, 0, 4, 0, 23]);
    assert_eq!(jpeg::header(&stream).unwrap().rows, 23);
    assert_eq!(
        jpeg::decode(&stream, &Expected::any(1 << 20)).unwrap(),
        whole
    );
}
