#![allow(clippy::unwrap_used)]

use super::*;

/// Is it the value of the equations in floating point, rounded half up? Halves are exact in the
/// code and not here.
fn is_rounded(found: u8, value: f64) -> bool {
    let value = value.clamp(0.0, 255.0);
    (f64::from(found) - value).abs() <= 0.5 + 1e-9
}

#[test]
fn every_color_of_eight_bits_is_the_rounded_truth() {
    for luminance in (0..=255_u8).step_by(5) {
        for blue in 0..=255_u8 {
            for red in 0..=255_u8 {
                let (y, b, r) = (
                    f64::from(luminance),
                    f64::from(blue) - 128.0,
                    f64::from(red) - 128.0,
                );
                let truth = [
                    y + 1.402 * r,
                    y - (0.114 * 1.772 * b + 0.299 * 1.402 * r) / 0.587,
                    y + 1.772 * b,
                ];
                let mut pixel = [luminance, blue, red];
                let wide = full_to_rgb(pixel.map(u16::from), 8);
                ybr_full_to_rgb(&mut pixel);
                assert_eq!(pixel.map(u16::from), wide);
                for (found, truth) in pixel.into_iter().zip(truth) {
                    assert!(is_rounded(found, truth), "{luminance} {blue} {red}");
                }
            }
        }
    }
}

#[test]
fn luminance_and_colors_of_every_rgb_are_the_rounded_truth() {
    for red in (0..=255_u8).step_by(3) {
        for green in 0..=255_u8 {
            for blue in 0..=255_u8 {
                let (r, g, b) = (f64::from(red), f64::from(green), f64::from(blue));
                let y = 0.299 * r + 0.587 * g + 0.114 * b;
                let truth = [y, (b - y) / 1.772 + 128.0, (r - y) / 1.402 + 128.0];
                let mut pixel = [red, green, blue];
                let wide = rgb_to_full(pixel.map(u16::from), 8);
                rgb_to_ybr_full(&mut pixel);
                assert_eq!(pixel.map(u16::from), wide);
                for (found, truth) in pixel.into_iter().zip(truth) {
                    assert!(is_rounded(found, truth), "{red} {green} {blue}");
                }
            }
        }
    }
}

#[test]
fn halves_are_rounded_up() {
    // 0.37 × 50 is 18.5, 1.772 × 125 is 221.5.
    assert_eq!(full_to_rgb_8([15, 178, 78])[1], 34);
    assert_eq!(full_to_rgb_8([240, 3, 128])[2], 19);
}

#[test]
fn a_restricted_range_becomes_a_full_one() {
    assert_eq!(partial_to_rgb([16, 128, 128], 8), [0, 0, 0]);
    assert_eq!(partial_to_rgb([235, 128, 128], 8), [255, 255, 255]);
    // Pure red of ITU-R BT.601.
    assert_eq!(partial_to_rgb([81, 90, 240], 8), [254, 0, 0]);
    assert_eq!(partial_to_rgb([16 << 8, 1 << 15, 1 << 15], 16), [0, 0, 0]);
}

#[test]
fn sixteen_bits_come_back_but_for_rounding() {
    let image = ImagePixel {
        rows: 1,
        columns: 4,
        samples_per_pixel: 3,
        photometric: Photometric::Rgb,
        is_by_plane: false,
        bits_allocated: 16,
        bits_stored: 16,
        high_bit: 15,
        is_signed: false,
        kind: SampleKind::Integer,
    };
    let samples: Vec<u16> = (0..12_u16).map(|at| at.wrapping_mul(5_417)).collect();
    let data = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let frame = Frame::new(image, data).expect("length");
    let there = to_ybr_full(frame).expect("converts");
    assert_eq!(there.image.photometric, Photometric::YbrFull);
    let back = to_rgb(there).expect("converts");
    for (sample, bytes) in samples.iter().zip(back.data.as_chunks::<2>().0) {
        assert!(sample.abs_diff(u16::from_le_bytes(*bytes)) <= 2);
    }
}

#[test]
fn what_cannot_be_converted_is_refused() {
    let image = ImagePixel {
        rows: 1,
        columns: 1,
        samples_per_pixel: 4,
        photometric: Photometric::Cmyk,
        is_by_plane: false,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        is_signed: false,
        kind: SampleKind::Integer,
    };
    let frame = Frame::new(image, vec![0; 4]).expect("length");
    assert!(matches!(to_rgb(frame), Err(Error::Unsupported { .. })));
}
