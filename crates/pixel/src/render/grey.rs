//! The grey pipeline: stored values → modality → VOI → presentation (PS3.3 §C.11, PS3.4 §N.2).

use super::samples::{Bits, is_small, numbers};
use super::voi::Voi;
use super::{LookupTable, ModalityTransform};
use crate::Frame;

/// Entries of a table for all numbers of 16 bits.
const ENTRIES: usize = 1 << 16;

/// All that lies between a stored value and its grey.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub modality: ModalityTransform,
    pub voi: Voi,
    pub presentation: Option<LookupTable>,
    /// Is the lightest value shown as black?
    pub inverse: bool,
    /// Stored values that are no pixels: shown black.
    pub padding: Option<(f64, f64)>,
}

impl Chain {
    /// How light a stored value is shown, 0 to 1.
    pub fn apply(&self, stored: f64) -> f64 {
        if stored.is_nan() {
            return 0.0;
        }
        if let Some((from, to)) = self.padding
            && (from..=to).contains(&stored)
        {
            return 0.0;
        }
        let light = self.voi.apply(self.modality.apply(stored));
        let light = match &self.presentation {
            Some(table) => table.at_unit(light),
            None => light,
        };
        if self.inverse { 1.0 - light } else { light }
    }

    /// Grey of 8 bits.
    pub fn grey8(&self, frame: &Frame) -> Vec<u8> {
        // Between 0 and 255.
        self.map(frame, |light| (light * 255.0 + 0.5) as u8)
    }

    /// Grey of 16 bits.
    pub fn grey16(&self, frame: &Frame) -> Vec<u16> {
        // Between 0 and 65535.
        self.map(frame, |light| (light * 65535.0 + 0.5) as u16)
    }

    /// Lightness, for a palette to be laid over.
    pub fn lightness(&self, frame: &Frame) -> Vec<f32> {
        self.map(frame, |light| light as f32)
    }

    fn map<T: Copy + Default>(&self, frame: &Frame, quantize: impl Fn(f64) -> T) -> Vec<T> {
        if !is_small(&frame.image) {
            return numbers(frame).map(|v| quantize(self.apply(v))).collect();
        }
        let bits = Bits::of(&frame.image);
        let Some((low, high)) = super::samples::range(frame, None) else {
            return Vec::new();
        };
        // Whole numbers of 16 bits.
        let (low, high) = (low as i64, high as i64);
        // Up to 256 KiB: not on the stack.
        #[allow(clippy::useless_vec)]
        let mut table = vec![T::default(); ENTRIES];
        for value in low..=high {
            let at = usize::try_from(bits.index_of_value(value)).unwrap_or(usize::MAX);
            if let Some(entry) = table.get_mut(at) {
                *entry = quantize(self.apply(value as f64));
            }
        }
        // As long as 16 bits reach: no number is beyond its end.
        let Some(table) = table.first_chunk::<ENTRIES>() else {
            return Vec::new();
        };
        let look_up = |raw: u16| table[usize::from(bits.index16(raw))];
        if frame.image.sample_bytes() == 1 {
            frame.data.iter().map(|&raw| look_up(raw.into())).collect()
        } else {
            let words = frame.data.as_chunks::<2>().0;
            words
                .iter()
                .map(|&word| look_up(u16::from_le_bytes(word)))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples::tests::grey16;
    use super::super::{VoiFunction, Window};
    use super::*;

    fn chain() -> Chain {
        Chain {
            modality: ModalityTransform::Rescale {
                slope: 2.0,
                intercept: -100.0,
            },
            voi: Voi::Window(Window::new(0.0, 200.0, VoiFunction::LinearExact).unwrap()),
            presentation: None,
            inverse: false,
            padding: None,
        }
    }

    #[test]
    fn a_value_passes_rescale_and_window() {
        let frame = grey16(5, 12, 11, false, &[0, 25, 50, 100, 4095]);
        assert_eq!(chain().grey8(&frame), [0, 64, 128, 255, 255]);
        assert_eq!(chain().grey16(&frame)[2], 32768);
    }

    #[test]
    fn tables_and_arithmetic_agree() {
        let values: Vec<u16> = (0..=u16::MAX).step_by(7).collect();
        let small = grey16(1, 16, 15, true, &values);
        let mut image = small.image;
        image.bits_allocated = 32;
        image.bits_stored = 32;
        image.high_bit = 31;
        let data = values
            .iter()
            .flat_map(|v| i32::from(v.cast_signed()).to_le_bytes())
            .collect();
        let wide = Frame::new(image, data).unwrap();
        let mut chain = chain();
        chain.inverse = true;
        chain.padding = Some((-7.0, 3.0));
        assert_eq!(chain.grey8(&small), chain.grey8(&wide));
    }

    #[test]
    fn padding_is_black_even_if_inverted() {
        let mut chain = chain();
        chain.inverse = true;
        chain.padding = Some((0.0, 0.0));
        let frame = grey16(2, 12, 11, false, &[0, 1]);
        assert_eq!(chain.grey8(&frame), [0, 252]);
    }

    #[test]
    fn a_presentation_lut_takes_the_whole_range() {
        let mut chain = chain();
        chain.presentation = LookupTable::new(0, 8, vec![255, 0]);
        let frame = grey16(2, 12, 11, false, &[0, 4095]);
        assert_eq!(chain.grey8(&frame), [255, 0]);
    }
}
