//! Samples of single pixels set among others, in every layout that native frames have
//! (PS3.3 §C.7.6.3.1, PS3.5 §8.1.1).

use sagittal_pixel::{ImagePixel, Photometric, SampleKind};

use super::fill;
use super::shape::Spans;

/// What is to become of pixels of a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Which pixels.
    pub spans: Spans,
    /// What they become.
    pub values: Values,
}

/// New values.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Black.
    Black,
    /// A stored value for each pixel, in the order of the spans: of grey images.
    Each(Vec<i64>),
}

/// How samples follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    ByPixel,
    ByPlane,
    /// Two luminances, blue, red.
    PairsByPixel,
    PairsByPlane,
    FoursByPlane,
}

/// One frame's samples among bytes.
pub(super) struct Samples<'a> {
    bytes: &'a mut [u8],
    first_bit: u64,
    image: ImagePixel,
    layout: Layout,
}

impl<'a> Samples<'a> {
    /// The frame begins at `first_bit` and has `bits` bits. Some writers say that colors are shared
    /// and share none: the length shows it.
    pub fn new(bytes: &'a mut [u8], first_bit: u64, bits: u64, image: ImagePixel) -> Samples<'a> {
        let is_full = bits >= image.samples() * u64::from(image.bits_allocated);
        let layout = match image.photometric {
            Photometric::YbrFull422 | Photometric::YbrPartial422
                if !is_full && image.samples_per_pixel == 3 =>
            {
                match image.is_by_plane {
                    true => Layout::PairsByPlane,
                    false => Layout::PairsByPixel,
                }
            }
            Photometric::YbrPartial420 if !is_full => Layout::FoursByPlane,
            _ if image.is_by_plane && image.samples_per_pixel > 1 => Layout::ByPlane,
            _ => Layout::ByPixel,
        };
        Samples {
            bytes,
            first_bit,
            image,
            layout,
        }
    }

    /// Columns and rows of pixels that share colors.
    fn group(&self) -> (u32, u32) {
        match self.layout {
            Layout::ByPixel | Layout::ByPlane => (1, 1),
            Layout::PairsByPixel | Layout::PairsByPlane => (2, 1),
            Layout::FoursByPlane => (2, 2),
        }
    }

    /// Sets pixels; returns those that were set, which are more than asked for where pixels share
    /// colors. `black` are the samples of [`Values::Black`].
    pub fn apply(&mut self, edit: &Edit, black: &[u64]) -> Spans {
        let (across, down) = self.group();
        let (rows, columns) = (self.image.rows, self.image.columns);
        match &edit.values {
            Values::Black => {
                let spans = edit.spans.snapped(across, down, rows, columns);
                for (row, ranges) in spans.rows() {
                    for column in ranges.iter().cloned().flatten() {
                        self.put_pixel(column, *row, black);
                    }
                }
                spans
            }
            Values::Each(values) => {
                let mut values = values.iter();
                for (row, ranges) in edit.spans.rows() {
                    for (column, value) in ranges.iter().cloned().flatten().zip(&mut values) {
                        let word = fill::word(*value, &self.image);
                        self.put_pixel(column, *row, &[word]);
                    }
                }
                edit.spans.clone()
            }
        }
    }

    fn put_pixel(&mut self, column: u32, row: u32, samples: &[u64]) {
        for (number, sample) in (0_u64..).zip(samples) {
            let at = self.index(column.into(), row.into(), number);
            self.put(at, *sample);
        }
    }

    /// The number of a pixel's sample among the frame's.
    fn index(&self, column: u64, row: u64, sample: u64) -> u64 {
        let columns = u64::from(self.image.columns);
        let half = columns.div_ceil(2);
        let (pixel, pixels) = (row * columns + column, self.image.pixels());
        match (self.layout, sample) {
            (Layout::ByPixel, _) => pixel * u64::from(self.image.samples_per_pixel) + sample,
            (Layout::ByPlane, _) => sample * pixels + pixel,
            (Layout::PairsByPixel, _) => {
                let pair = row * (columns + 2 * half) + column / 2 * 4;
                // A row's last pixel without a partner has its colors right behind it.
                let partner = u64::from(column / 2 * 2 + 1 < columns);
                match sample {
                    0 => pair + column % 2,
                    _ => pair + partner + sample,
                }
            }
            (_, 0) => pixel,
            (Layout::PairsByPlane, _) => {
                let rows = u64::from(self.image.rows);
                pixels + (sample - 1) * half * rows + row * half + column / 2
            }
            (Layout::FoursByPlane, _) => {
                let rows = u64::from(self.image.rows).div_ceil(2);
                pixels + (sample - 1) * half * rows + row / 2 * half + column / 2
            }
        }
    }

    /// Sets a sample: all of its allocated bits.
    fn put(&mut self, at: u64, word: u64) {
        let bits = u64::from(self.image.bits_allocated);
        let Some(bit) = at
            .checked_mul(bits)
            .and_then(|bit| bit.checked_add(self.first_bit))
        else {
            return;
        };
        if bit.is_multiple_of(8) && bits.is_multiple_of(8) {
            let (Ok(from), Ok(length)) = (usize::try_from(bit / 8), usize::try_from(bits / 8))
            else {
                return;
            };
            // A frame that was cut has no such sample.
            if let Some(to) = self.bytes.get_mut(from..from.saturating_add(length)) {
                for (to, from) in to.iter_mut().zip(word.to_le_bytes()) {
                    *to = from;
                }
            }
            return;
        }
        for number in 0..bits {
            let at = bit + number;
            let Some(byte) = usize::try_from(at / 8)
                .ok()
                .and_then(|at| self.bytes.get_mut(at))
            else {
                return;
            };
            let mask = 1_u8 << (at % 8);
            match word >> number & 1 {
                1 => *byte |= mask,
                _ => *byte &= !mask,
            }
        }
    }

    /// The darkest stored value of a grey frame with signs: what black is made there, since the
    /// least possible value would spoil windows that are made from what occurs.
    pub fn darkest(&self) -> Option<i64> {
        let image = &self.image;
        if image.samples_per_pixel != 1 || !image.is_signed || image.kind != SampleKind::Integer {
            return None;
        }
        let values = (0..image.pixels()).filter_map(|at| Some(fill::value(self.get(at)?, image)));
        match image.photometric {
            Photometric::Monochrome1 => values.max(),
            _ => values.min(),
        }
    }

    fn get(&self, at: u64) -> Option<u64> {
        let bits = u64::from(self.image.bits_allocated);
        let bit = at * bits + self.first_bit;
        if bit.is_multiple_of(8) && bits.is_multiple_of(8) {
            let from = usize::try_from(bit / 8).ok()?;
            let bytes = self
                .bytes
                .get(from..from + usize::from(image_bytes(bits)))?;
            return Some(
                bytes
                    .iter()
                    .rev()
                    .fold(0, |word, byte| word << 8 | u64::from(*byte)),
            );
        }
        let mut word = 0;
        for number in 0..bits {
            let at = bit + number;
            let byte = self.bytes.get(usize::try_from(at / 8).ok()?)?;
            word |= u64::from(byte >> (at % 8) & 1) << number;
        }
        Some(word)
    }
}

fn image_bytes(bits: u64) -> u8 {
    u8::try_from(bits / 8).unwrap_or(8)
}
