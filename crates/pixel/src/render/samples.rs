//! Stored values of a frame (PS3.5 §8.1.1): the bits that count, with their sign.

use crate::{Frame, ImagePixel, SampleKind};

/// Where the bits of an integer sample are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits {
    shift: u32,
    stored: u32,
    is_signed: bool,
}

impl Bits {
    pub fn of(image: &ImagePixel) -> Bits {
        let stored = u32::from(image.bits_stored).clamp(1, 64);
        let shift = (u32::from(image.high_bit) + 1)
            .saturating_sub(stored)
            .min(63);
        Bits {
            shift,
            stored,
            is_signed: image.is_signed,
        }
    }

    /// The bits that count, as a number without sign.
    pub fn index(self, raw: u64) -> u64 {
        raw >> self.shift & (u64::MAX >> (64 - self.stored))
    }

    /// The same of at most 16 bits.
    pub fn index16(self, raw: u16) -> u16 {
        raw >> self.shift.min(15) & (u16::MAX >> (16 - self.stored.min(16)))
    }

    /// The stored value.
    pub fn value(self, raw: u64) -> i64 {
        self.value_of_index(self.index(raw))
    }

    /// The stored value that an index stands for.
    pub fn value_of_index(self, index: u64) -> i64 {
        let unused = 64 - self.stored;
        let high = (index << unused).cast_signed();
        if self.is_signed {
            high >> unused
        } else {
            (high.cast_unsigned() >> unused).cast_signed()
        }
    }

    /// The index of a stored value.
    pub fn index_of_value(self, value: i64) -> u64 {
        value.cast_unsigned() & (u64::MAX >> (64 - self.stored))
    }

    /// The least and the greatest value that the bits can hold.
    pub fn limits(self) -> (f64, f64) {
        let all = 2_f64.powi(self.stored.cast_signed());
        if self.is_signed {
            (-all / 2.0, all / 2.0 - 1.0)
        } else {
            (0.0, all - 1.0)
        }
    }
}

/// Integer samples of one or two bytes, without sign or place.
pub(super) fn for_each_raw(frame: &Frame, mut take: impl FnMut(u16)) {
    if frame.image.sample_bytes() == 1 {
        frame.data.iter().for_each(|&byte| take(byte.into()));
    } else {
        let words = frame.data.as_chunks::<2>().0;
        words
            .iter()
            .for_each(|&word| take(u16::from_le_bytes(word)));
    }
}

/// All samples as numbers, whatever they are.
pub(super) fn numbers(frame: &Frame) -> Box<dyn Iterator<Item = f64> + '_> {
    let data = &frame.data;
    let bits = Bits::of(&frame.image);
    fn chunks<const N: usize>(data: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
        data.chunks_exact(N)
            .filter_map(|chunk| chunk.try_into().ok())
    }
    match (frame.image.kind, frame.image.sample_bytes()) {
        (SampleKind::Float, _) => Box::new(chunks(data).map(|b| f32::from_le_bytes(b).into())),
        (SampleKind::Double, _) => Box::new(chunks(data).map(f64::from_le_bytes)),
        (SampleKind::Integer, 1) => {
            Box::new(data.iter().map(move |&b| bits.value(b.into()) as f64))
        }
        (SampleKind::Integer, 2) => {
            Box::new(chunks(data).map(move |b| bits.value(u16::from_le_bytes(b).into()) as f64))
        }
        (SampleKind::Integer, 4) => {
            Box::new(chunks(data).map(move |b| bits.value(u32::from_le_bytes(b).into()) as f64))
        }
        (SampleKind::Integer, _) => {
            Box::new(chunks(data).map(move |b| bits.value(u64::from_le_bytes(b)) as f64))
        }
    }
}

/// Integers of at most 16 bits: there can be a table of all of them.
pub(super) fn is_small(image: &ImagePixel) -> bool {
    image.kind == SampleKind::Integer && image.sample_bytes() <= 2
}

/// The least and the greatest stored value, what `is_padding` left out; none if all is padding.
pub(super) fn range(frame: &Frame, padding: Option<(f64, f64)>) -> Option<(f64, f64)> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut take = |value: f64| {
        low = low.min(value);
        high = high.max(value);
    };
    let counts = |value: f64| !padding.is_some_and(|(from, to)| (from..=to).contains(&value));
    if is_small(&frame.image) {
        let bits = Bits::of(&frame.image);
        if padding.is_none() {
            // The order of values is that of indices with the sign's bit turned.
            let turn = if frame.image.is_signed {
                1_u16 << (bits.stored.min(16) - 1)
            } else {
                0
            };
            let (mut least, mut most) = (u16::MAX, 0);
            for_each_raw(frame, |raw| {
                let index = bits.index16(raw) ^ turn;
                least = least.min(index);
                most = most.max(index);
            });
            for index in [least, most] {
                take(bits.value_of_index((index ^ turn).into()) as f64);
            }
        } else {
            let mut seen = vec![false; 1 << bits.stored.min(16)];
            for_each_raw(frame, |raw| {
                if let Some(seen) = seen.get_mut(usize::from(bits.index16(raw))) {
                    *seen = true;
                }
            });
            (0_u64..)
                .zip(seen)
                .filter(|(_, seen)| *seen)
                .map(|(index, _)| bits.value_of_index(index) as f64)
                .filter(|&value| counts(value))
                .for_each(take);
        }
    } else {
        numbers(frame)
            .filter(|value| value.is_finite() && counts(*value))
            .for_each(take);
    }
    (low <= high).then_some((low, high))
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Photometric;

    /// A grey image of integers of 16 bits.
    pub fn grey16(columns: u32, stored: u8, high_bit: u8, is_signed: bool, data: &[u16]) -> Frame {
        let image = ImagePixel {
            rows: u32::try_from(data.len()).unwrap() / columns,
            columns,
            samples_per_pixel: 1,
            photometric: Photometric::Monochrome2,
            is_by_plane: false,
            bits_allocated: 16,
            bits_stored: stored,
            high_bit,
            is_signed,
            kind: SampleKind::Integer,
        };
        let data = data.iter().flat_map(|v| v.to_le_bytes()).collect();
        Frame::new(image, data).unwrap()
    }

    #[test]
    fn bits_beside_the_stored_ones_do_not_count() {
        let frame = grey16(2, 12, 11, false, &[0xF123, 0x0FFF]);
        assert_eq!(numbers(&frame).collect::<Vec<_>>(), [0x123 as f64, 4095.0]);
        let frame = grey16(2, 12, 15, true, &[0xFFF7, 0x7FF0]);
        assert_eq!(numbers(&frame).collect::<Vec<_>>(), [-1.0, 2047.0]);
        assert_eq!(Bits::of(&frame.image).limits(), (-2048.0, 2047.0));
    }

    #[test]
    fn the_range_leaves_padding_out() {
        let values = [-2000_i16, -1000, 0, 500].map(i16::cast_unsigned);
        let frame = grey16(4, 16, 15, true, &values);
        assert_eq!(range(&frame, None), Some((-2000.0, 500.0)));
        assert_eq!(
            range(&frame, Some((-2000.0, -1500.0))),
            Some((-1000.0, 500.0))
        );
        assert_eq!(range(&frame, Some((-9999.0, 9999.0))), None);
    }

    #[test]
    fn an_index_is_the_inverse_of_a_value() {
        let frame = grey16(1, 10, 9, true, &[0]);
        let bits = Bits::of(&frame.image);
        for value in -512..512 {
            assert_eq!(bits.value_of_index(bits.index_of_value(value)), value);
        }
    }
}
