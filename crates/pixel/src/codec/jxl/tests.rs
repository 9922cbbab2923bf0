//! Round trips, and streams that were damaged.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::{Expected, Raster, Samples, StreamColor};

fn picture(columns: u32, rows: u32, components: u8, is_wide: bool, seed: u32) -> Raster {
    let mut state = seed | 1;
    let count = columns * rows * u32::from(components);
    let samples = (0..count).map(|at| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        if seed.is_multiple_of(3) {
            state
        } else {
            at * 40 / columns + state % 16
        }
    });
    Raster {
        columns,
        rows,
        components,
        precision: if is_wide { 16 } else { 8 },
        is_signed: false,
        color: if components == 3 {
            StreamColor::Rgb
        } else {
            StreamColor::Grey
        },
        samples: match is_wide {
            true => Samples::U16(samples.map(|sample| sample as u16).collect()),
            false => Samples::U8(samples.map(|sample| sample as u8).collect()),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn lossless_gives_the_same_samples(
        columns in 2u32..300, rows in 2u32..150, is_color: bool, is_wide: bool, seed: u32,
    ) {
        let raster = picture(columns, rows, if is_color { 3 } else { 1 }, is_wide, seed);
        let Ok(stream) = encode_lossless(&raster) else {
            // Noise may be too much for the encoder.
            prop_assert!(seed.is_multiple_of(3));
            return Ok(());
        };
        prop_assert!(decode(&stream, &Expected::any(1 << 24)).unwrap() == raster);
    }

    #[test]
    fn damaged_streams_are_decoded_or_refused(
        damage in proptest::collection::vec((0usize..4096, any::<u8>()), 1..6), cut in 0usize..8192,
        seed: u32,
    ) {
        let raster = picture(70, 50, 1 + 2 * (seed % 2) as u8, seed % 5 == 0, seed);
        let Ok(mut stream) = encode_lossless(&raster) else {
            return Ok(());
        };
        for (at, value) in damage {
            let length = if value % 2 == 0 { stream.len() } else { 60 };
            let at = at % length.min(stream.len());
            stream[at] = value;
        }
        stream.truncate(if cut % 3 == 0 { cut } else { usize::MAX });
        let _ = decode(&stream, &Expected::any(1 << 20));
        let _ = header(&stream);
    }
}

#[test]
fn the_precision_is_told_and_signs_are_bits() {
    for (precision, columns) in [(1u8, 9u32), (5, 600), (9, 40), (12, 9000), (15, 2)] {
        let mask = u16::MAX >> (16 - precision);
        let values = (0..columns * 4).map(|at| (at * 37) as u16 & mask);
        let above = 16 - precision;
        let extended = |value: u16| ((value << above) as i16 >> above) as u16;
        let mut raster = picture(columns, 4, 1, true, 1);
        raster.precision = precision;
        raster.samples = match precision {
            0..=8 => Samples::U8(values.clone().map(|value| extended(value) as u8).collect()),
            _ => Samples::U16(values.clone().map(extended).collect()),
        };
        raster.is_signed = true;
        let stream = encode_lossless(&raster).unwrap();
        raster.is_signed = false;
        raster.samples = match precision {
            0..=8 => Samples::U8(values.map(|value| value as u8).collect()),
            _ => Samples::U16(values.collect()),
        };
        assert!(
            decode(&stream, &Expected::any(1 << 20)).unwrap() == raster,
            "{precision}"
        );
    }
}

#[test]
fn a_stream_of_another_size_than_expected_is_refused() {
    let stream = encode_lossless(&picture(40, 30, 1, false, 1)).unwrap();
    let expect = |size, max_bytes| {
        let expected = Expected {
            size,
            components: Some(1),
            max_bytes,
        };
        decode(&stream, &expected)
    };
    assert!(expect(Some((40, 30)), 1200).is_ok());
    assert!(matches!(
        expect(Some((30, 40)), 1200),
        Err(crate::Error::Mismatch { .. })
    ));
    assert!(matches!(
        expect(None, 1199),
        Err(crate::Error::TooLarge { .. })
    ));
}
