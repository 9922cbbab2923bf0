#![allow(clippy::unwrap_used)]
use super::*;
use crate::codec::jpeg::{Chroma, decode, encode_baseline};
use crate::{Raster, Samples};

fn picture(columns: u32, rows: u32, components: u8) -> Raster {
    let samples = (0..rows * columns)
        .flat_map(|at| {
            let (x, y) = (at % columns, at / columns);
            let wave =
                ((f64::from(x) * 0.35).sin() * 60.0 + (f64::from(y) * 0.21).cos() * 50.0) as i32;
            (0..i32::from(components)).map(move |component| {
                (128 + wave + component * 20 + ((x * 7 + y * 13) % 11) as i32).clamp(0, 255) as u8
            })
        })
        .collect();
    Raster {
        columns,
        rows,
        components,
        precision: 8,
        is_signed: false,
        color: if components == 1 {
            StreamColor::Grey
        } else {
            StreamColor::Rgb
        },
        samples: Samples::U8(samples),
    }
}

fn bytes(raster: Raster) -> Vec<u8> {
    match raster.samples {
        Samples::U8(samples) => samples,
        _ => Vec::new(),
    }
}

fn is_in(areas: &[Area], x: u32, y: u32, margin: u32) -> bool {
    areas.iter().any(|area| {
        x + margin >= area.left
            && x < area.right + margin
            && y + margin >= area.top
            && y < area.bottom + margin
    })
}

#[test]
fn blocks_that_are_not_touched_stay_bit_for_bit() {
    let area = Area {
        left: 20,
        top: 3,
        right: 61,
        bottom: 18,
    };
    for (components, chroma, margin) in [
        (1, Chroma::Full, 0),
        (3, Chroma::Full, 0),
        (3, Chroma::Half, 2),
        (3, Chroma::Quarter, 2),
    ] {
        let (columns, rows) = (101, 67);
        let stream = encode_baseline(&picture(columns, rows, components), 90, chroma).unwrap();
        let blanked = blank(
            &stream,
            &Expected::any(1 << 20),
            &[area],
            Meaning::default(),
        )
        .unwrap();
        let before = bytes(decode(&stream, &Expected::any(1 << 20)).unwrap());
        let after = bytes(decode(&blanked.bytes, &Expected::any(1 << 20)).unwrap());
        let count = usize::from(components);
        let mut same = 0;
        for at in 0..columns * rows {
            let (x, y) = (at % columns, at / columns);
            let range = at as usize * count..(at as usize + 1) * count;
            if !is_in(&blanked.covered, x, y, margin) {
                assert_eq!(before[range.clone()], after[range], "{x} {y} {chroma:?}");
                same += 1;
            } else if is_in(&[area], x, y, 0) {
                assert_eq!(after[range.start], 0, "{x} {y}");
            }
            // Luminance is nobody else's.
            let luma = at as usize * count;
            assert!(is_in(&blanked.covered, x, y, 0) || before[luma] == after[luma]);
        }
        assert!(same > 3_000, "{same}");
    }
}

#[test]
fn nothing_touched_gives_the_same_picture_and_white_is_white() {
    let stream = encode_baseline(&picture(40, 24, 1), 75, Chroma::Full).unwrap();
    let any = Expected::any(1 << 20);
    let same = blank(&stream, &any, &[], Meaning::default()).unwrap();
    assert_eq!(
        decode(&stream, &any).unwrap(),
        decode(&same.bytes, &any).unwrap()
    );
    assert!(same.covered.is_empty());
    let all = Area {
        left: 0,
        top: 0,
        right: 40,
        bottom: 24,
    };
    let white = blank(
        &stream,
        &any,
        &[all],
        Meaning {
            is_inverse: true,
            is_rgb: false,
        },
    )
    .unwrap();
    assert!(
        bytes(decode(&white.bytes, &any).unwrap())
            .iter()
            .all(|sample| *sample == 255)
    );
}

#[test]
fn broken_streams_are_refused() {
    let stream = encode_baseline(&picture(40, 24, 3), 75, Chroma::Half).unwrap();
    let any = Expected::any(1 << 20);
    for length in (0..stream.len()).step_by(7) {
        let _ = blank(&stream[..length], &any, &[], Meaning::default());
    }
    assert!(blank(&stream[..stream.len() / 2], &any, &[], Meaning::default()).is_err());
}
