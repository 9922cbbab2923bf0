//! Colors from one photometric interpretation to another (PS3.3 §C.7.6.3.1.2).
//!
//! Exact: each result is the true value of the defining equations, rounded half up and clipped,
//! which is what JFIF asks for. Whole numbers only.

use crate::{Error, Frame, ImagePixel, Photometric, Result, SampleKind};

/// Red, green and blue of a pixel in `YBR_FULL` of so many bits: ITU-R BT.601, in which 0.299,
/// 0.587 and 0.114 are the weights of red, green and blue. The numbers are its coefficients as
/// fractions.
#[inline]
fn full_to_rgb([luminance, blue, red]: [u16; 3], bits: u32) -> [u16; 3] {
    let center = 1_i64 << (bits - 1);
    let maximum = (1_i64 << bits) - 1;
    let luminance = i64::from(luminance);
    let (blue, red) = (i64::from(blue) - center, i64::from(red) - center);
    [
        clip(luminance + rounded(701 * red, 500), maximum),
        clip(
            luminance + rounded(-101_004 * blue - 209_599 * red, 293_500),
            maximum,
        ),
        clip(luminance + rounded(443 * blue, 250), maximum),
    ]
}

/// The same of 8 bits in numbers of 32, by which dividing is fast.
#[inline]
fn full_to_rgb_8([luminance, blue, red]: [u8; 3]) -> [u8; 3] {
    /// Added so that nothing below zero is divided, and taken away again.
    const LIFT: i32 = 256;
    let luminance = i32::from(luminance) - LIFT;
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    let divided = |numerator: i32, denominator: i32| {
        let lifted = (numerator + LIFT * denominator + denominator / 2).cast_unsigned();
        (lifted / denominator.cast_unsigned()).cast_signed()
    };
    let clipped = |value: i32| value.clamp(0, 255).to_le_bytes()[0];
    [
        clipped(luminance + divided(701 * red, 500)),
        clipped(luminance + divided(-101_004 * blue - 209_599 * red, 293_500)),
        clipped(luminance + divided(443 * blue, 250)),
    ]
}

/// `YBR_FULL` of a pixel in red, green and blue of so many bits.
#[inline]
fn rgb_to_full([red, green, blue]: [u16; 3], bits: u32) -> [u16; 3] {
    let center = 1_i64 << (bits - 1);
    let maximum = (1_i64 << bits) - 1;
    let (red, green, blue) = (i64::from(red), i64::from(green), i64::from(blue));
    [
        clip(
            rounded(299 * red + 587 * green + 114 * blue, 1_000),
            maximum,
        ),
        clip(
            center + rounded(886 * blue - 299 * red - 587 * green, 1_772),
            maximum,
        ),
        clip(
            center + rounded(701 * red - 587 * green - 114 * blue, 1_402),
            maximum,
        ),
    ]
}

/// The same of 8 bits in numbers of 32.
#[inline]
fn rgb_to_full_8([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let (red, green, blue) = (i32::from(red), i32::from(green), i32::from(blue));
    let divided = |numerator: i32, denominator: i32, center: i32| {
        let lifted = (numerator + center * denominator + denominator / 2).cast_unsigned();
        let [byte, ..] = (lifted / denominator.cast_unsigned())
            .min(255)
            .to_le_bytes();
        byte
    };
    [
        divided(299 * red + 587 * green + 114 * blue, 1_000, 0),
        divided(886 * blue - 299 * red - 587 * green, 1_772, 128),
        divided(701 * red - 587 * green - 114 * blue, 1_402, 128),
    ]
}

/// Red, green and blue of a pixel in the range of television, luminance 16 to 235 and colors 16 to
/// 240 if there are 8 bits.
#[inline]
fn partial_to_rgb([luminance, blue, red]: [u16; 3], bits: u32) -> [u16; 3] {
    let center = 1_i64 << (bits - 1);
    let maximum = (1_i64 << bits) - 1;
    // White, and the span of colors, for as many bits.
    let scale = |of_eight_bits: i64| (of_eight_bits << bits) >> 8;
    let (luminance_span, color_span) = (scale(219), scale(224));
    let luminance = (i64::from(luminance) - scale(16)) * color_span * 293_500;
    let (blue, red) = (i64::from(blue) - center, i64::from(red) - center);
    let colors = luminance_span * 293_500;
    let denominator = luminance_span * color_span * 293_500;
    let of = |numerator: i64, fraction: i64| {
        let whole = luminance + colors / fraction * numerator;
        let value = i128::from(whole) * i128::from(maximum) + i128::from(denominator / 2);
        let value = value.div_euclid(i128::from(denominator));
        clip(i64::try_from(value).unwrap_or(0), maximum)
    };
    [
        of(701 * red, 500),
        of(-101_004 * blue - 209_599 * red, 293_500),
        of(443 * blue, 250),
    ]
}

/// A quotient, to the nearest whole number and halves up.
#[inline]
fn rounded(numerator: i64, denominator: i64) -> i64 {
    (numerator + denominator / 2).div_euclid(denominator)
}

#[inline]
fn clip(value: i64, maximum: i64) -> u16 {
    u16::try_from(value.clamp(0, maximum)).unwrap_or(u16::MAX)
}

/// A frame in `RGB`. One that is grey or a palette's stays as it is.
///
/// # Errors
/// [`Error::Unsupported`] of `HSV`, `ARGB` and `CMYK`, and of colors of other than 8 to 16
/// bits or other than three unsigned samples.
pub fn to_rgb(frame: Frame) -> Result<Frame> {
    match frame.image.photometric {
        Photometric::Monochrome1
        | Photometric::Monochrome2
        | Photometric::PaletteColor
        | Photometric::Rgb => Ok(frame),
        Photometric::YbrFull | Photometric::YbrFull422 => {
            converted(frame, Photometric::Rgb, full_to_rgb_8, full_to_rgb)
        }
        Photometric::YbrPartial422 | Photometric::YbrPartial420 => {
            converted(frame, Photometric::Rgb, partial_to_rgb_8, partial_to_rgb)
        }
        // Undone while decoding; what still bears the name is already red, green and blue.
        Photometric::YbrIct | Photometric::YbrRct | Photometric::Xyb => Ok(Frame {
            image: ImagePixel {
                photometric: Photometric::Rgb,
                ..frame.image
            },
            ..frame
        }),
        other @ (Photometric::Hsv | Photometric::Argb | Photometric::Cmyk) => {
            Err(unsupported(other.as_str()))
        }
    }
}

/// A frame in `YBR_FULL`, from `RGB` or a restricted range. One that is grey or a palette's stays
/// as it is.
///
/// # Errors
/// As of [`to_rgb`].
pub fn to_ybr_full(frame: Frame) -> Result<Frame> {
    let frame = match frame.image.photometric {
        Photometric::YbrFull => return Ok(frame),
        _ => to_rgb(frame)?,
    };
    match frame.image.photometric {
        Photometric::Rgb => converted(frame, Photometric::YbrFull, rgb_to_full_8, rgb_to_full),
        _ => Ok(frame),
    }
}

/// Applies a conversion of pixels to a frame.
fn converted(
    mut frame: Frame,
    photometric: Photometric,
    of_8: impl Fn([u8; 3]) -> [u8; 3],
    of_16: impl Fn([u16; 3], u32) -> [u16; 3],
) -> Result<Frame> {
    let image = &frame.image;
    let bits = u32::from(image.bits_stored);
    if image.samples_per_pixel != 3
        || image.is_signed
        || image.kind != SampleKind::Integer
        || !(8..=16).contains(&bits)
        || image.high_bit != image.bits_stored - 1
    {
        return Err(unsupported("such samples of colors"));
    }
    if image.sample_bytes() == 1 {
        for pixel in frame.data.as_chunks_mut::<3>().0 {
            *pixel = of_8(*pixel);
        }
    } else {
        let width = usize::from(image.sample_bytes());
        for pixel in frame.data.chunks_exact_mut(width * 3) {
            let mut samples = [0; 3];
            for (to, from) in samples.iter_mut().zip(pixel.chunks_exact(width)) {
                *to = from
                    .first_chunk::<2>()
                    .map_or(0, |bytes| u16::from_le_bytes(*bytes));
            }
            let samples = of_16(samples, bits);
            for (to, from) in pixel.chunks_exact_mut(width).zip(samples) {
                to.fill(0);
                if let Some(low) = to.first_chunk_mut::<2>() {
                    *low = from.to_le_bytes();
                }
            }
        }
    }
    frame.image.photometric = photometric;
    Ok(frame)
}

/// Red, green and blue of pixels of `YBR_FULL` in 8 bits, in place.
pub fn ybr_full_to_rgb(pixels: &mut [u8]) {
    for pixel in pixels.as_chunks_mut::<3>().0 {
        *pixel = full_to_rgb_8(*pixel);
    }
}

/// Luminance and colors in full range of pixels of `RGB` in 8 bits, in place.
pub fn rgb_to_ybr_full(pixels: &mut [u8]) {
    for pixel in pixels.as_chunks_mut::<3>().0 {
        *pixel = rgb_to_full_8(*pixel);
    }
}

/// Red, green and blue of pixels of the range of television in 8 bits, in place.
pub fn ybr_partial_to_rgb(pixels: &mut [u8]) {
    for pixel in pixels.as_chunks_mut::<3>().0 {
        *pixel = partial_to_rgb_8(*pixel);
    }
}

fn partial_to_rgb_8(pixel: [u8; 3]) -> [u8; 3] {
    partial_to_rgb(pixel.map(u16::from), 8).map(|sample| sample.to_le_bytes()[0])
}

fn unsupported(what: &'static str) -> Error {
    Error::Unsupported {
        codec: "color",
        what: what.into(),
    }
}

#[cfg(test)]
mod tests;
