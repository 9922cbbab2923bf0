//! The color pipeline: samples of any color model → red, green, blue of 8 bits (PS3.3 §C.7.6.3.1.2).

use super::palette::Palette;
use super::samples::{Bits, for_each_raw, is_small, numbers};
use crate::{Error, Frame, Photometric, Result, SampleKind};

/// Turns a frame of colors into red, green and blue.
///
/// # Errors
/// [`Error::Unsupported`] for color models with other than their number of samples, and for
/// samples that are no integers.
pub(super) fn to_rgb(frame: &Frame) -> Result<Vec<u8>> {
    let image = &frame.image;
    let wanted = match image.photometric {
        Photometric::Argb | Photometric::Cmyk => 4,
        _ => 3,
    };
    if image.samples_per_pixel != wanted {
        return Err(unsupported(format!(
            "{} of {} samples",
            image.photometric, image.samples_per_pixel
        )));
    }
    if image.kind != SampleKind::Integer {
        return Err(unsupported("floating point color".to_owned()));
    }
    let is_plain = image.bits_allocated == 8 && image.bits_stored == 8 && !image.is_signed;
    let narrow;
    let samples: &[u8] = if is_plain {
        &frame.data
    } else {
        narrow = to_bytes(frame);
        &narrow
    };
    let triples = || {
        samples
            .chunks_exact(3)
            .filter_map(|triple| <[u8; 3]>::try_from(triple).ok())
    };
    Ok(match image.photometric {
        Photometric::YbrFull | Photometric::YbrFull422 | Photometric::YbrIct => {
            convert(samples, ybr_full)
        }
        Photometric::YbrPartial422 | Photometric::YbrPartial420 => convert(samples, ybr_partial),
        Photometric::YbrRct => convert(samples, ybr_rct),
        Photometric::Hsv => triples().flat_map(hsv).collect(),
        Photometric::Argb => samples
            .chunks_exact(4)
            .flat_map(|argb| argb.iter().skip(1).copied())
            .collect(),
        Photometric::Cmyk => samples
            .chunks_exact(4)
            .filter_map(|cmyk| <[u8; 4]>::try_from(cmyk).ok())
            .flat_map(cmyk)
            .collect(),
        _ => samples.to_vec(),
    })
}

fn unsupported(what: String) -> Error {
    Error::Unsupported {
        codec: "rendering",
        what: what.into(),
    }
}

/// Samples of other than 8 bits, brought to 8.
fn to_bytes(frame: &Frame) -> Vec<u8> {
    let (low, high) = Bits::of(&frame.image).limits();
    let scale = 255.0 / (high - low).max(1.0);
    // Between 0 and 255.
    numbers(frame)
        .map(|value| ((value - low) * scale).round() as u8)
        .collect()
}

fn convert(samples: &[u8], to_rgb: impl Fn([u8; 3]) -> [u8; 3]) -> Vec<u8> {
    let mut out = samples.to_vec();
    for pixel in out.as_chunks_mut::<3>().0 {
        *pixel = to_rgb(*pixel);
    }
    out
}

fn clamp(value: i32) -> u8 {
    u8::try_from(value.clamp(0, 255)).unwrap_or(0)
}

/// Fractions of 65536.
const HALF: i32 = 1 << 15;

/// YBR_FULL: ITU-R BT.601, full range.
fn ybr_full([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    [
        clamp((y + 91_881 * cr + HALF) >> 16),
        clamp((y - 22_553 * cb - 46_802 * cr + HALF) >> 16),
        clamp((y + 116_130 * cb + HALF) >> 16),
    ]
}

/// YBR_PARTIAL: ITU-R BT.601, luminance 16 to 235, colors 16 to 240.
fn ybr_partial([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) - 16, i32::from(cb) - 128, i32::from(cr) - 128);
    [
        clamp((76_309 * y + 104_597 * cr + HALF) >> 16),
        clamp((76_309 * y - 25_675 * cb - 53_279 * cr + HALF) >> 16),
        clamp((76_309 * y + 132_201 * cb + HALF) >> 16),
    ]
}

/// YBR_RCT: the reversible transformation of JPEG 2000, colors around 128.
fn ybr_rct([y, u, v]: [u8; 3]) -> [u8; 3] {
    let (y, u, v) = (i32::from(y), i32::from(u) - 128, i32::from(v) - 128);
    let green = y - ((u + v) >> 2);
    [clamp(v + green), clamp(green), clamp(u + green)]
}

/// Hue, saturation, value, each over its whole range.
fn hsv([hue, saturation, value]: [u8; 3]) -> [u8; 3] {
    let (hue, saturation, value) = (
        f32::from(hue) / 256.0 * 6.0,
        f32::from(saturation) / 255.0,
        f32::from(value),
    );
    [5.0, 3.0, 1.0].map(|n: f32| {
        let k = (n + hue) % 6.0;
        let part = k.min(4.0 - k).clamp(0.0, 1.0);
        // Between 0 and 255.
        (value - value * saturation * part).round() as u8
    })
}

fn cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| {
        let light = (255 - u32::from(ink)) * (255 - u32::from(black));
        u8::try_from((light + 127) / 255).unwrap_or(u8::MAX)
    })
}

/// Gives the indices of a frame their colors.
pub(super) fn with_palette(frame: &Frame, palette: &Palette) -> Vec<u8> {
    let bits = Bits::of(&frame.image);
    let mut out = Vec::with_capacity(frame.data.len().saturating_mul(3));
    if is_small(&frame.image) {
        for_each_raw(frame, |raw| {
            out.extend(palette.color(bits.value(raw.into())));
        });
    } else {
        // Saturates; palettes have 65536 colors.
        out.extend(numbers(frame).flat_map(|value| palette.color(value as i64)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_have_no_color_in_any_model() {
        for grey in [0, 1, 100, 254, 255] {
            assert_eq!(ybr_full([grey, 128, 128]), [grey; 3]);
            assert_eq!(ybr_rct([grey, 128, 128]), [grey; 3]);
            assert_eq!(hsv([17, 0, grey]), [grey; 3]);
            assert_eq!(cmyk([0, 0, 0, 255 - grey]), [grey; 3]);
        }
        assert_eq!(ybr_partial([16, 128, 128]), [0; 3]);
        assert_eq!(ybr_partial([235, 128, 128]), [255; 3]);
    }

    /// PS3.3 §C.7.6.3.1.2 gives luminance and colors of red: 76, 85, 255.
    #[test]
    fn red_comes_back() {
        let [red, green, blue] = ybr_full([76, 85, 255]);
        assert!(red >= 254 && green <= 1 && blue <= 1);
        assert_eq!(hsv([0, 255, 255]), [255, 0, 0]);
        assert_eq!(hsv([171, 255, 255])[2], 255);
    }

    #[test]
    fn the_conversion_is_that_of_the_formula() {
        for y in (0..=255).step_by(5) {
            for cb in (0..=255).step_by(5) {
                for cr in (0..=255).step_by(15) {
                    let [r, g, b] = ybr_full([y, cb, cr]);
                    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
                    let exact = [
                        y + 1.402 * cr,
                        y - 0.344_136 * cb - 0.714_136 * cr,
                        y + 1.772 * cb,
                    ];
                    for (got, exact) in [r, g, b].into_iter().zip(exact) {
                        assert!((f64::from(got) - exact.clamp(0.0, 255.0)).abs() < 0.51);
                    }
                }
            }
        }
    }
}
