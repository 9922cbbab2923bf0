//! Recommended colors: CIELab values of data sets (PS3.3 §C.10.7.1.1) → sRGB.

use sagittal_core::{DataSet, Tag};

/// Reads an element of three CIELab numbers as a color of sRGB.
pub(super) fn read(data_set: &DataSet, tag: Tag) -> Option<[u8; 3]> {
    match data_set.ints(tag).as_slice() {
        &[l, a, b] => Some(to_srgb([l, a, b].map(|v| v as f64))),
        _ => None,
    }
}

/// Numbers 0 to 65535 for L* 0 to 100, a* and b* -128 to 127, white D50.
pub(super) fn to_srgb([l, a, b]: [f64; 3]) -> [u8; 3] {
    let l = l * 100.0 / 65535.0;
    let (a, b) = (a * 255.0 / 65535.0 - 128.0, b * 255.0 / 65535.0 - 128.0);
    let y = (l + 16.0) / 116.0;
    let inverse = |t: f64| {
        if t > 6.0 / 29.0 {
            t.powi(3)
        } else {
            3.0 * (6.0_f64 / 29.0).powi(2) * (t - 4.0 / 29.0)
        }
    };
    let (x, y, z) = (
        0.964_22 * inverse(y + a / 500.0),
        inverse(y),
        0.825_21 * inverse(y - b / 200.0),
    );
    // XYZ of D50 → linear sRGB, adapted after Bradford.
    [
        3.133_856_1 * x - 1.616_866_7 * y - 0.490_614_6 * z,
        -0.978_768_4 * x + 1.916_141_5 * y + 0.033_454_0 * z,
        0.071_945_3 * x - 0.228_991_4 * y + 1.405_242_7 * z,
    ]
    .map(|linear| {
        let linear = linear.clamp(0.0, 1.0);
        let curved = if linear <= 0.003_130_8 {
            12.92 * linear
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        // Between 0 and 255.
        (curved * 255.0).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(l: f64, a: f64, b: f64) -> [f64; 3] {
        [
            l / 100.0 * 65535.0,
            (a + 128.0) / 255.0 * 65535.0,
            (b + 128.0) / 255.0 * 65535.0,
        ]
    }

    #[test]
    fn white_black_and_red_come_out() {
        assert_eq!(to_srgb(encode(100.0, 0.0, 0.0)), [255; 3]);
        assert_eq!(to_srgb(encode(0.0, 0.0, 0.0)), [0; 3]);
        // sRGB red is 54.29, 80.81, 69.89 under D50.
        let [red, green, blue] = to_srgb(encode(54.29, 80.81, 69.89));
        assert!(
            red >= 254 && green <= 3 && blue <= 3,
            "{red} {green} {blue}"
        );
    }
}
