//! Round trips, and streams that were damaged.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::{Error, Samples, StreamColor};

/// Smooth with some noise, within the precision.
fn picture(
    columns: u32,
    rows: u32,
    components: u8,
    precision: u8,
    is_signed: bool,
    seed: u32,
) -> Raster {
    let mut state = seed | 1;
    let most = (1u64 << precision) as u32 - 1;
    let count = (columns * rows) as usize * usize::from(components);
    let samples = (0..count as u32).map(|at| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let smooth = at.wrapping_mul(most / 64 + 1) / (columns + 1);
        let value = smooth.wrapping_add(state % (most / 16 + 2)) & most;
        match (is_signed, seed % 7) {
            // Flat areas, and all that the precision allows.
            (_, 0) if (at / columns).is_multiple_of(3) => 0,
            (_, 1) => state & most,
            _ => value,
        }
    });
    let above = 32 - u32::from(precision);
    let samples = samples.map(|sample| match is_signed {
        true => ((sample << above) as i32 >> above) as u32,
        false => sample,
    });
    Raster {
        columns,
        rows,
        components,
        precision,
        is_signed,
        color: if components == 3 {
            StreamColor::Rgb
        } else {
            StreamColor::Unknown
        },
        samples: match precision {
            0..=8 => Samples::U8(samples.map(|sample| sample as u8).collect()),
            9..=16 => Samples::U16(samples.map(|sample| sample as u16).collect()),
            _ => Samples::U32(samples.collect()),
        },
    }
}

fn generous() -> Expected {
    Expected::any(1 << 24)
}

fn wide(raster: &Raster) -> Vec<i64> {
    match &raster.samples {
        Samples::U8(samples) if raster.is_signed => {
            samples.iter().map(|&one| (one as i8).into()).collect()
        }
        Samples::U8(samples) => samples.iter().map(|&one| one.into()).collect(),
        Samples::U16(samples) if raster.is_signed => {
            samples.iter().map(|&one| (one as i16).into()).collect()
        }
        Samples::U16(samples) => samples.iter().map(|&one| one.into()).collect(),
        Samples::U32(samples) => samples.iter().map(|&one| (one as i32).into()).collect(),
    }
}

fn rms(one: &Raster, other: &Raster) -> f64 {
    let (one, other) = (wide(one), wide(other));
    let squares = one
        .iter()
        .zip(&other)
        .map(|(one, other)| ((one - other) * (one - other)) as f64);
    (squares.sum::<f64>() / one.len() as f64).sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn lossless_ht_gives_the_same_samples(
        columns in 1u32..150, rows in 1u32..150, components in 1u8..=4,
        precision in 1u8..=20, is_signed: bool, is_rpcl: bool, seed: u32,
    ) {
        let raster = picture(columns, rows, components, precision, is_signed, seed);
        let options = HtOptions { is_rpcl, ..HtOptions::default() };
        let stream = encode_ht(&raster, &options).unwrap();
        prop_assert!(decode(&stream, &generous()).unwrap() == raster);
    }

    #[test]
    fn lossless_gives_the_same_samples(
        columns in 1u32..150, rows in 1u32..150, components in 1u8..=4,
        precision in 2u8..=16, is_signed: bool, seed: u32,
    ) {
        let raster = picture(columns, rows, components, precision, is_signed, seed);
        let stream = encode(&raster, &Options::default()).unwrap();
        prop_assert!(decode(&stream, &generous()).unwrap() == raster);
    }

    #[test]
    fn damaged_streams_are_decoded_or_refused(
        damage in proptest::collection::vec((0usize..4096, any::<u8>()), 1..6), cut in 0usize..8192,
        is_ht: bool, seed: u32,
    ) {
        let raster = picture(70, 50, 1 + 2 * (seed % 2) as u8, 12, false, seed);
        let mut stream = match is_ht {
            true => encode_ht(&raster, &HtOptions::default()).unwrap(),
            false => encode(&raster, &Options::default()).unwrap(),
        };
        for (at, value) in damage {
            // Half of the damage to the header.
            let length = if value % 2 == 0 { stream.len() } else { 120 };
            let at = at % length;
            stream[at] = value;
        }
        stream.truncate(if cut % 3 == 0 { cut.max(2) } else { usize::MAX });
        let expected = Expected { size: None, components: None, max_bytes: 1 << 20 };
        let _ = decode(&stream, &expected);
        let _ = header(&stream);
    }
}

#[test]
fn rpcl_streams_are_as_the_standard_asks() {
    let raster = picture(700, 300, 1, 12, false, 3);
    let options = HtOptions {
        is_rpcl: true,
        ..HtOptions::default()
    };
    let stream = encode_ht(&raster, &options).unwrap();
    let header = header(&stream).unwrap();
    assert!(header.is_ht && header.is_rpcl && header.has_tlm && header.is_reversible);
    assert!(raster.rows.div_ceil(1 << header.levels) <= 64);
    assert_eq!(decode(&stream, &generous()).unwrap(), raster);
}

#[test]
fn lossy_streams_are_as_small_and_as_near_as_asked() {
    let raster = picture(256, 256, 1, 12, false, 12);
    for ratio in [4.0, 10.0] {
        let most = 256.0 * 256.0 * 1.5 / ratio;
        let quality = Quality::Ratio(ratio);
        let ht = encode_ht(
            &raster,
            &HtOptions {
                quality,
                is_rpcl: false,
            },
        )
        .unwrap();
        let old = encode(&raster, &Options { quality }).unwrap();
        for stream in [ht, old] {
            assert!(
                (stream.len() as f32) < most * 1.02,
                "{} {most}",
                stream.len()
            );
            let decoded = decode(&stream, &generous()).unwrap();
            let rms = rms(&decoded, &raster);
            assert!(rms > 0.0 && rms < 250.0, "{rms}");
        }
    }
    for psnr in [40.0f32, 60.0] {
        let quality = Quality::Psnr(psnr);
        let stream = encode_ht(
            &raster,
            &HtOptions {
                quality,
                is_rpcl: false,
            },
        )
        .unwrap();
        let decoded = decode(&stream, &generous()).unwrap();
        let found = 20.0 * (4095.0 / rms(&decoded, &raster)).log10();
        assert!((found - f64::from(psnr)).abs() < 4.0, "{found} for {psnr}");
    }
}

#[test]
fn colors_are_transformed_and_come_back() {
    let mut raster = picture(90, 40, 3, 8, false, 5);
    let stream = encode_ht(&raster, &HtOptions::default()).unwrap();
    assert!(header(&stream).unwrap().transforms_color);
    assert_eq!(decode(&stream, &generous()).unwrap(), raster);
    raster.color = StreamColor::Unknown;
    let stream = encode_ht(&raster, &HtOptions::default()).unwrap();
    assert!(!header(&stream).unwrap().transforms_color);
    assert_eq!(decode(&stream, &generous()).unwrap(), raster);
}

#[test]
fn a_stream_of_another_size_than_expected_is_refused() {
    let stream = encode_ht(&picture(40, 30, 1, 8, false, 1), &HtOptions::default()).unwrap();
    let expect = |size, components, max_bytes| {
        let expected = Expected {
            size,
            components,
            max_bytes,
        };
        decode(&stream, &expected)
    };
    assert!(expect(Some((40, 30)), Some(1), 1200).is_ok());
    assert!(matches!(
        expect(Some((30, 40)), None, 1200),
        Err(Error::Mismatch { .. })
    ));
    assert!(matches!(
        expect(None, Some(3), 1200),
        Err(Error::Mismatch { .. })
    ));
    assert!(matches!(
        expect(None, None, 1199),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn a_stream_that_ends_within_a_packet_is_refused() {
    let raster = picture(200, 200, 1, 12, false, 9);
    let stream = encode_ht(&raster, &HtOptions::default()).unwrap();
    let cut = &stream[..stream.len() / 2];
    assert!(matches!(
        decode(cut, &generous()),
        Err(Error::Stream { .. })
    ));
}

/// With two guard bits a band of this picture had larger values than bit planes.
#[test]
fn pictures_of_one_bit_lose_nothing_to_large_sums_in_their_bands() {
    let raster = picture(145, 36, 4, 1, false, 3_141_329_935);
    let stream = encode_ht(&raster, &HtOptions::default()).unwrap();
    assert!(decode(&stream, &generous()).unwrap() == raster);
}
