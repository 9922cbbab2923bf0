//! What is black: the samples of a blanked pixel (PS3.3 §C.7.6.3.1.2).

use sagittal_core::{DataSet, Tag, tags};
use sagittal_pixel::{ImagePixel, Photometric, SampleKind};

/// The samples of a black pixel, each as a word of the allocated bits. `darkest` is black in a
/// grey image with signs.
pub(super) fn black(image: &ImagePixel, data_set: &DataSet, darkest: Option<i64>) -> Vec<u64> {
    if image.kind != SampleKind::Integer {
        // Zero is zero in floating point too.
        return vec![0; image.samples_per_pixel.into()];
    }
    let most = (1_i64 << image.bits_stored.min(62)) - 1;
    let center = 1_i64 << (image.bits_stored.clamp(1, 62) - 1);
    let values: Vec<i64> = match image.photometric {
        Photometric::Monochrome1 if !image.is_signed => vec![most],
        Photometric::Monochrome1 | Photometric::Monochrome2 if image.is_signed => {
            vec![darkest.unwrap_or(0)]
        }
        Photometric::PaletteColor => vec![darkest_index(data_set)],
        Photometric::YbrFull | Photometric::YbrFull422 => vec![0, center, center],
        Photometric::YbrPartial422 | Photometric::YbrPartial420 => {
            vec![(16_i64 << image.bits_stored.min(54)) >> 8, center, center]
        }
        Photometric::Cmyk => vec![0, 0, 0, most],
        _ => vec![0; image.samples_per_pixel.into()],
    };
    values.into_iter().map(|value| word(value, image)).collect()
}

/// A stored value in the place of its bits. What else lay in the word, such as an overlay, is gone.
pub(super) fn word(value: i64, image: &ImagePixel) -> u64 {
    let low_bit = u32::from((image.high_bit + 1).saturating_sub(image.bits_stored));
    let is_low = low_bit == 0;
    // Values with signs fill the word if they lie at its end, as decoders expect of them.
    let stored = if image.is_signed && is_low {
        image.bits_allocated
    } else {
        image.bits_stored
    };
    (value.cast_unsigned() & mask(stored)) << low_bit
}

/// The stored value of a word.
pub(super) fn value(word: u64, image: &ImagePixel) -> i64 {
    let low_bit = u32::from((image.high_bit + 1).saturating_sub(image.bits_stored));
    let bits = word >> low_bit & mask(image.bits_stored);
    if image.is_signed {
        let shift = 64 - u32::from(image.bits_stored.clamp(1, 64));
        (bits << shift).cast_signed() >> shift
    } else {
        bits.cast_signed()
    }
}

fn mask(bits: u8) -> u64 {
    u64::MAX >> (64 - u32::from(bits.clamp(1, 64)))
}

const CHANNELS: [(Tag, Tag); 3] = [
    (
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

/// The palette's index with the darkest color; of segmented palettes the first one. It is the same
/// for all pixels that are blanked, whatever it looks like.
fn darkest_index(data_set: &DataSet) -> i64 {
    let descriptor = data_set.ints(CHANNELS[0].0);
    let (count, first) = match descriptor.as_slice() {
        [0, first, ..] => (65_536, *first),
        [count, first, ..] => (*count, *first),
        _ => return 0,
    };
    let count = usize::try_from(count).unwrap_or(0);
    let mut sums = vec![0_u32; count];
    for (_, data) in CHANNELS {
        let Some(bytes) = data_set.bytes(data) else {
            return first;
        };
        if bytes.len() >= count * 2 {
            let words = bytes.as_chunks::<2>().0.iter();
            for (sum, word) in sums.iter_mut().zip(words) {
                *sum += u32::from(u16::from_le_bytes(*word));
            }
        } else {
            for (sum, byte) in sums.iter_mut().zip(bytes) {
                *sum += u32::from(*byte);
            }
        }
    }
    let darkest = sums.iter().enumerate().min_by_key(|(_, sum)| **sum);
    first + darkest.map_or(0, |(at, _)| at as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(is_signed: bool, bits_allocated: u8, bits_stored: u8, high_bit: u8) -> ImagePixel {
        ImagePixel {
            rows: 1,
            columns: 1,
            samples_per_pixel: 1,
            photometric: Photometric::Monochrome2,
            is_by_plane: false,
            bits_allocated,
            bits_stored,
            high_bit,
            is_signed,
            kind: SampleKind::Integer,
        }
    }

    #[test]
    fn values_go_into_words_and_come_out_again() {
        for image in [
            image(true, 16, 12, 11),
            image(true, 16, 12, 15),
            image(false, 16, 12, 13),
            image(true, 16, 16, 15),
        ] {
            let values: &[i64] = if image.is_signed {
                &[-2048, -1, 0, 2047]
            } else {
                &[0, 4095]
            };
            for of in values {
                assert_eq!(value(word(*of, &image), &image), *of, "{image:?}");
            }
        }
        assert_eq!(word(-1, &image(true, 16, 12, 11)), 0xFFFF);
        assert_eq!(word(4095, &image(false, 16, 12, 15)), 0xFFF0);
    }

    #[test]
    fn black_is_black_in_each_interpretation() {
        let of = |photometric, samples_per_pixel| {
            let image = ImagePixel {
                photometric,
                samples_per_pixel,
                ..image(false, 8, 8, 7)
            };
            black(&image, &DataSet::new(), None)
        };
        assert_eq!(of(Photometric::Monochrome2, 1), [0]);
        assert_eq!(of(Photometric::Monochrome1, 1), [255]);
        assert_eq!(of(Photometric::Rgb, 3), [0, 0, 0]);
        assert_eq!(of(Photometric::YbrFull422, 3), [0, 128, 128]);
        assert_eq!(of(Photometric::YbrPartial422, 3), [16, 128, 128]);
        let mut palette = DataSet::new();
        for (descriptor, data) in CHANNELS {
            palette.put_u16(descriptor, &[3, 10, 16]);
            palette.put_u16(data, &[900, 5, 60_000]);
        }
        let image = ImagePixel {
            photometric: Photometric::PaletteColor,
            ..image(false, 8, 8, 7)
        };
        assert_eq!(black(&image, &palette, None), [11]);
    }
}
