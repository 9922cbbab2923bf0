//! What is encoded is decoded; what is broken is told.

#![allow(clippy::unwrap_used)]

use super::encode::encode_by;
use super::parameters::Defaults;
use super::*;
use crate::raster::{Expected, Raster, Samples, StreamColor};

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as u32
    }

    fn below(&mut self, end: u32) -> u32 {
        self.next() % end
    }
}

/// A picture: flat, smooth, noisy or of stripes.
fn picture(
    random: &mut Random,
    size: (u32, u32),
    components: u8,
    precision: u8,
    kind: u32,
) -> Raster {
    let (columns, rows) = size;
    let most = (1_u32 << precision) - 1;
    let mut values = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            for component in 0..u32::from(components) {
                values.push(match kind {
                    0 => most / 2 + u32::from(random.below(50) == 0),
                    1 => (row * 3 + column * 2 + component * 40 + random.below(3)).min(most),
                    2 => random.below(most + 1),
                    3 => most * (((row / 5) ^ (column / 7) ^ component) & 1),
                    _ => (row * column + random.below(1 + most / 8)) & most,
                });
            }
        }
    }
    raster(size, components, precision, values)
}

fn raster((columns, rows): (u32, u32), components: u8, precision: u8, values: Vec<u32>) -> Raster {
    Raster {
        columns,
        rows,
        components,
        precision,
        is_signed: false,
        color: if components == 1 {
            StreamColor::Grey
        } else {
            StreamColor::Unknown
        },
        samples: if precision <= 8 {
            Samples::U8(values.into_iter().map(|value| value as u8).collect())
        } else {
            Samples::U16(values.into_iter().map(|value| value as u16).collect())
        },
    }
}

fn values(raster: &Raster) -> Vec<i64> {
    match &raster.samples {
        Samples::U8(samples) => samples.iter().map(|one| i64::from(*one)).collect(),
        Samples::U16(samples) => samples.iter().map(|one| i64::from(*one)).collect(),
        Samples::U32(samples) => samples.iter().map(|one| i64::from(*one)).collect(),
    }
}

const ALL: Expected = Expected {
    size: None,
    components: None,
    max_bytes: 1 << 24,
};

fn check(raster: &Raster, near: u8, interleave: Interleave) {
    let what = format!(
        "{}x{}x{} {} bits near {near} {interleave:?}",
        raster.columns, raster.rows, raster.components, raster.precision
    );
    let stream = encode_interleaved(raster, near, interleave).expect(&what);
    let decoded = decode(&stream, &ALL).unwrap_or_else(|error| panic!("{what}: {error}"));
    if near == 0 {
        assert!(decoded == *raster, "{what}");
    }
    for (one, other) in values(&decoded).into_iter().zip(values(raster)) {
        assert!((one - other).abs() <= near.into(), "{what}");
    }
}

#[test]
fn pictures_of_all_depths_and_kinds_survive() {
    let mut random = Random(7);
    for precision in 2..=16 {
        for components in [1, 2, 3, 4] {
            for kind in 0..5 {
                let size = (1 + random.below(70), 1 + random.below(30));
                let raster = picture(&mut random, size, components, precision, kind);
                for near in [0, 1, 2, 5] {
                    if u32::from(near) * 2 < 1 << precision {
                        for interleave in [Interleave::None, Interleave::Line, Interleave::Sample] {
                            check(&raster, near, interleave);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn pictures_of_all_shapes_survive() {
    let mut random = Random(8);
    for size in [
        (1, 1),
        (1, 2),
        (2, 1),
        (1, 77),
        (77, 1),
        (2, 2),
        (3, 500),
        (5_000, 3),
    ] {
        for precision in [8, 12, 16] {
            for components in [1, 3, 4] {
                for kind in 0..5 {
                    let raster = picture(&mut random, size, components, precision, kind);
                    check(&raster, 0, Interleave::Line);
                    check(&raster, 0, Interleave::Sample);
                    check(&raster, 3, Interleave::Line);
                    check(&raster, 3, Interleave::Sample);
                }
            }
        }
    }
}

#[test]
fn extreme_nears_survive() {
    let mut random = Random(9);
    for (precision, near) in [(2, 1), (8, 127), (9, 255), (16, 255), (12, 255), (4, 7)] {
        for kind in 0..5 {
            let raster = picture(&mut random, (40, 30), 1, precision, kind);
            check(&raster, near, Interleave::None);
        }
    }
}

#[test]
fn signed_samples_are_coded_by_their_bits() {
    let mut raster = raster((3, 1), 1, 12, vec![0xFFFF, 0xF800, 0x07FF]);
    raster.is_signed = true;
    let decoded = decode(&encode(&raster, 0).unwrap(), &ALL).unwrap();
    assert_eq!(decoded.samples, Samples::U16(vec![0x0FFF, 0x0800, 0x07FF]));
    raster.is_signed = false;
    assert!(matches!(
        encode(&raster, 0),
        Err(crate::Error::Unsupported { .. })
    ));
}

#[test]
fn what_cannot_be_encoded_is_refused() {
    let good = raster((4, 1), 1, 8, vec![0; 4]);
    let refused = |raster: Raster| assert!(encode(&raster, 0).is_err());
    refused(Raster {
        columns: 0,
        ..good.clone()
    });
    refused(Raster {
        columns: 5,
        ..good.clone()
    });
    refused(Raster {
        components: 5,
        ..good.clone()
    });
    refused(Raster {
        precision: 1,
        ..good.clone()
    });
    refused(Raster {
        precision: 17,
        ..good.clone()
    });
    assert!(encode(&good, 128).is_err());
}

#[test]
fn the_header_tells_without_decoding() {
    let raster = picture(&mut Random(3), (9, 5), 3, 10, 1);
    let stream = encode_interleaved(&raster, 2, Interleave::Sample).unwrap();
    let found = header(&stream).unwrap();
    assert_eq!(
        (
            found.columns,
            found.rows,
            found.components,
            found.precision,
            found.near
        ),
        (9, 5, 3, 10, 2)
    );
    assert_eq!(found.interleave, Interleave::Sample);
}

#[test]
fn claims_are_checked_before_allocation() {
    let mut stream = encode(&raster((4, 4), 1, 8, vec![9; 16]), 0).unwrap();
    assert!(matches!(
        decode(
            &stream,
            &Expected {
                size: Some((4, 5)),
                ..ALL
            }
        ),
        Err(crate::Error::Mismatch { what: "rows", .. })
    ));
    assert!(matches!(
        decode(
            &stream,
            &Expected {
                components: Some(3),
                ..ALL
            }
        ),
        Err(crate::Error::Mismatch { .. })
    ));
    stream[7..11].fill(0xFF);
    assert!(matches!(
        decode(&stream, &ALL),
        Err(crate::Error::TooLarge { .. })
    ));
    // An oversize picture of 2^32 by 2^32.
    let large = [
        0xFF, 0xF8, 0, 12, 4, 4, 255, 255, 255, 255, 255, 255, 255, 255,
    ];
    stream[7..11].fill(0);
    stream.splice(2..2, large);
    assert!(matches!(
        decode(&stream, &Expected::any(u64::MAX)),
        Err(crate::Error::TooLarge { .. })
    ));
}

#[test]
fn an_oversize_segment_gives_the_size() {
    let raster = picture(&mut Random(4), (40, 20), 1, 8, 1);
    let mut stream = encode(&raster, 0).unwrap();
    stream[7..11].fill(0);
    stream.splice(2..2, [0xFF, 0xF8, 0, 10, 4, 3, 0, 0, 20, 0, 0, 40]);
    assert!(decode(&stream, &ALL).unwrap() == raster);
}

#[test]
fn rows_may_follow_the_scan() {
    let raster = picture(&mut Random(4), (40, 20), 1, 8, 1);
    let mut stream = encode(&raster, 0).unwrap();
    stream[7..9].fill(0);
    let size = Some((40, 20));
    assert!(decode(&stream, &Expected { size, ..ALL }).unwrap() == raster);
    assert!(decode(&stream, &ALL).is_err());
    let end = stream.len() - 2;
    stream.splice(end..end, [0xFF, 0xDC, 0, 4, 0, 20]);
    assert!(decode(&stream, &ALL).unwrap() == raster);
}

#[test]
fn a_missing_end_and_padding_do_no_harm() {
    let raster = picture(&mut Random(5), (31, 17), 3, 8, 1);
    let stream = encode(&raster, 0).unwrap();
    for tail in [
        &[][..],
        &[0],
        &[0xFF],
        &[0xFF, 0xD9, 0],
        &[0xFF, 0xFF, 0xD9, 1, 2, 0xFF],
    ] {
        let mut changed = stream[..stream.len() - 2].to_vec();
        changed.extend(tail);
        assert!(decode(&changed, &ALL).unwrap() == raster);
    }
}

#[test]
fn thresholds_of_older_encoders_are_found_out() {
    let mut random = Random(11);
    let cases = [
        (16, Defaults::Unclamped),
        (14, Defaults::Unclamped),
        (6, Defaults::OneFormula),
        (4, Defaults::OneFormula),
    ];
    for (precision, defaults) in cases {
        for near in [0, 2] {
            let raster = picture(&mut random, (90, 70), 1, precision, 4);
            let wrong = encode_by(&raster, near, Interleave::None, defaults, false).unwrap();
            let told = encode_by(&raster, near, Interleave::None, defaults, true).unwrap();
            let decoded = decode(&wrong, &ALL).unwrap();
            assert!(
                decoded == decode(&told, &ALL).unwrap(),
                "{precision} {near}"
            );
            assert!(near > 0 || decoded == raster, "{precision}");
        }
    }
}

/// Where the bits of the only scan begin.
fn bits_begin(stream: &[u8]) -> usize {
    let at = stream
        .windows(2)
        .position(|pair| pair == [0xFF, 0xDA])
        .unwrap();
    at + 2 + usize::from(stream[at + 3])
}

#[test]
fn restart_intervals_begin_anew() {
    let mut random = Random(12);
    for (components, precision, interleave) in [
        (1, 16, Interleave::None),
        (3, 8, Interleave::Line),
        (3, 8, Interleave::Sample),
    ] {
        // 23 rows in intervals of 2: markers count to 7 and begin again.
        let whole = picture(&mut random, (50, 23), components, precision, 4);
        let mut stream = encode_interleaved(&whole, 0, interleave).unwrap();
        stream.truncate(bits_begin(&stream));
        let per_interval = 2 * 50 * usize::from(components);
        for (number, values) in values(&whole).chunks(per_interval).enumerate() {
            if number > 0 {
                stream.extend([0xFF, 0xD0 + (number as u8 - 1) % 8]);
            }
            let rows = values.len() / (50 * usize::from(components));
            let values = values.iter().map(|value| *value as u32).collect();
            let part = raster((50, rows as u32), components, precision, values);
            let part = encode_interleaved(&part, 0, interleave).unwrap();
            stream.extend(&part[bits_begin(&part)..part.len() - 2]);
        }
        stream.extend([0xFF, 0xD9]);
        for interval in [&[0, 2][..], &[0, 0, 2], &[0, 0, 0, 2]] {
            let mut told = stream.clone();
            let segment = [0xFF, 0xDD, 0, 2 + interval.len() as u8];
            told.splice(2..2, segment.into_iter().chain(interval.iter().copied()));
            assert!(decode(&told, &ALL).unwrap() == whole);
            let marker = told
                .windows(2)
                .rposition(|pair| pair == [0xFF, 0xD2])
                .unwrap();
            told[marker + 1] = 0xD5;
            assert!(matches!(
                decode(&told, &ALL),
                Err(crate::Error::Stream { .. })
            ));
        }
    }
}

#[test]
fn transformed_colors_come_out_as_rgb() {
    let raster = raster((2, 1), 3, 8, vec![100, 50, 30, 128, 7, 128]);
    let mut stream = encode(&raster, 0).unwrap();
    stream.splice(2..2, [0xFF, 0xE8, 0, 7, b'm', b'r', b'f', b'x', 1]);
    let decoded = decode(&stream, &ALL).unwrap();
    assert_eq!(decoded.color, StreamColor::Rgb);
    assert_eq!(decoded.samples, Samples::U8(vec![22, 50, 208, 7, 7, 7]));
    stream[10] = 9;
    assert!(matches!(
        decode(&stream, &ALL),
        Err(crate::Error::Unsupported { .. })
    ));
}

#[test]
fn what_is_not_decoded_is_named() {
    let stream = encode(&raster((2, 1), 1, 8, vec![1, 2]), 0).unwrap();
    let begin = bits_begin(&stream);
    let with = |at: usize, byte: u8| {
        let mut stream = stream.clone();
        stream[at] = byte;
        decode(&stream, &ALL)
    };
    let is_unsupported = |result| {
        matches!(
            result,
            Err(crate::Error::Unsupported {
                codec: "JPEG-LS",
                ..
            })
        )
    };
    assert!(is_unsupported(with(begin - 4, 1)), "mapping table");
    assert!(is_unsupported(with(begin - 1, 1)), "point transform");
    assert!(is_unsupported(with(3, 0xC0)), "baseline JPEG");
    assert!(is_unsupported(with(11, 5)), "components");
}

#[test]
fn truncated_streams_say_where() {
    let mut random = Random(6);
    for (components, precision) in [(1, 16), (3, 8), (1, 5)] {
        let raster = picture(&mut random, (60, 40), components, precision, 4);
        let stream = encode(&raster, 0).unwrap();
        for length in 0..stream.len() - 3 {
            match decode(&stream[..length], &ALL) {
                Err(crate::Error::Stream { offset, .. }) => assert!(offset <= length as u64),
                other => panic!("{length} of {}: {other:?}", stream.len()),
            }
        }
    }
}

#[test]
fn changed_bytes_never_crash_or_hang() {
    let mut random = Random(10);
    for (components, precision, near) in [(1, 16, 0), (1, 16, 3), (3, 8, 0), (4, 8, 2), (1, 3, 0)] {
        for kind in [0, 1, 4] {
            let raster = picture(&mut random, (30, 20), components, precision, kind);
            for interleave in [Interleave::None, Interleave::Line, Interleave::Sample] {
                let stream = encode_interleaved(&raster, near, interleave).unwrap();
                for _ in 0..300 {
                    let mut changed = stream.clone();
                    for _ in 0..1 + random.below(4) {
                        let at = random.below(changed.len() as u32) as usize;
                        changed[at] = match random.below(3) {
                            0 => changed[at] ^ (1 << random.below(8)),
                            1 => 0xFF,
                            _ => random.next() as u8,
                        };
                    }
                    let _ = decode(
                        &changed,
                        &Expected {
                            max_bytes: 1 << 20,
                            ..ALL
                        },
                    );
                    let _ = header(&changed);
                }
            }
        }
    }
}
