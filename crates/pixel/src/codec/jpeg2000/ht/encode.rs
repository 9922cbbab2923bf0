//! Encoding a block: one clean-up pass (T.814 §7, read backwards).

use super::tables::{FIRST_WORDS, OTHER_WORDS, Words};
use super::writers::{BackwardWriter, ForwardWriter, MelWriter};

/// Room for blocks, used again for each.
#[derive(Debug, Default)]
pub(in super::super) struct HtEncoder {
    magnitudes: ForwardWriter,
    codes: BackwardWriter,
    mel: MelWriter,
    /// Patterns of the row above, with a quad to spare on both sides.
    above: Vec<u8>,
    current: Vec<u8>,
    /// Twice the magnitudes, less one, of the lowest row so far; one to spare on both sides.
    bottom: Vec<u32>,
    next_bottom: Vec<u32>,
}

/// A quad: its pattern, exponents and coded values.
#[derive(Clone, Copy, Default)]
struct Quad {
    pattern: u32,
    /// Magnitude less one with the sign below; of insignificant samples 0.
    values: [u32; 4],
    /// The largest exponent, 0 without a significant sample.
    largest: u32,
    /// Exponent that is coded, above the predicted one.
    excess: u32,
    exponent: u32,
    /// Samples of which the code tells the highest bit.
    known: u32,
}

impl Quad {
    /// Samples that need the whole exponent; none where it is the predicted one.
    fn reaching(&self) -> usize {
        let mut samples = 0;
        if self.excess > 0 {
            for (sample, value) in self.values.iter().enumerate() {
                if self.pattern >> sample & 1 == 1 && (value | 1).ilog2() + 1 == self.exponent {
                    samples |= 1 << sample;
                }
            }
        }
        samples
    }
}

/// The samples of a quad: left top, left bottom, right top, right bottom.
fn read_quad(
    (width, height): (usize, usize),
    (column, row): (usize, usize),
    sample: &impl Fn(usize, usize) -> i32,
) -> Quad {
    let mut quad = Quad::default();
    for number in 0..4 {
        let (x, y) = (2 * column + number / 2, 2 * row + number % 2);
        if x >= width || y >= height {
            continue;
        }
        let value = sample(x, y);
        if value != 0 {
            let coded = (value.unsigned_abs() - 1) << 1 | u32::from(value < 0);
            quad.values[number] = coded;
            quad.pattern |= 1 << number;
            quad.largest = quad.largest.max((coded | 1).ilog2() + 1);
        }
    }
    quad
}

/// An excess as length and bits of the prefix, and bits and length of the suffix (Table 3).
fn excess_code(excess: u32) -> (u32, u32, (u32, u32)) {
    match excess {
        0 => (0, 0, (0, 0)),
        1 => (1, 1, (0, 0)),
        2 => (2, 2, (0, 0)),
        3 | 4 => (3, 4, (excess - 3, 1)),
        _ => (3, 0, (excess - 5, 5)),
    }
}

impl HtEncoder {
    /// Encodes a block of quantized samples; nothing if all are zero. `sample` gives the value at a
    /// column and row.
    pub(in super::super) fn encode(
        &mut self,
        (width, height): (usize, usize),
        sample: impl Fn(usize, usize) -> i32,
    ) -> Vec<u8> {
        let across = width.div_ceil(2);
        self.magnitudes.clear();
        self.codes.begin();
        self.mel.begin();
        for buffer in [&mut self.above, &mut self.current] {
            buffer.clear();
            buffer.resize(across + 3, 0);
        }
        for buffer in [&mut self.bottom, &mut self.next_bottom] {
            buffer.clear();
            buffer.resize(2 * across + 4, 0);
        }
        let mut is_empty = true;
        for row in 0..height.div_ceil(2) {
            let mut left = 0;
            for first in (0..across).step_by(2) {
                let mut pair = [Quad::default(); 2];
                for (number, quad) in pair.iter_mut().enumerate().take(across - first) {
                    let column = first + number;
                    *quad = read_quad((width, height), (column, row), &sample);
                    is_empty &= quad.pattern == 0;
                    self.predict(quad, column, row);
                    left = self.put_pattern(quad, column, row, left);
                }
                self.put_exponents(&pair, row == 0);
                for quad in &pair {
                    self.put_magnitudes(quad);
                }
            }
            std::mem::swap(&mut self.above, &mut self.current);
            std::mem::swap(&mut self.bottom, &mut self.next_bottom);
        }
        if is_empty {
            return Vec::new();
        }
        self.finish()
    }

    /// Joins the three streams and tells the length of the suffix (§7.1).
    fn finish(&mut self) -> Vec<u8> {
        self.magnitudes.finish();
        self.mel.finish();
        self.codes.finish();
        let suffix = self.mel.bytes.len() + self.codes.bytes.len();
        let mut all = Vec::with_capacity(self.magnitudes.bytes.len() + suffix);
        all.extend_from_slice(&self.magnitudes.bytes);
        all.extend_from_slice(&self.mel.bytes);
        all.extend(self.codes.bytes.iter().rev());
        if let [.., low, high] = all.as_mut_slice() {
            *low = *low & 0xF0 | (suffix & 0xF) as u8;
            *high = (suffix >> 4) as u8;
        }
        all
    }

    /// The exponent that the decoder expects, and the excess over it.
    fn predict(&mut self, quad: &mut Quad, column: usize, row: usize) {
        let x = 2 * column;
        let predicted = if row > 0 && quad.pattern & quad.pattern.wrapping_sub(1) != 0 {
            let near = &self.bottom[x..x + 4];
            (near[0] | near[1] | near[2] | near[3] | 2).ilog2()
        } else {
            1
        };
        quad.exponent = quad.largest.max(predicted);
        quad.excess = quad.exponent - predicted;
        if quad.pattern == 0 {
            (quad.exponent, quad.excess) = (0, 0);
        }
        let odd = |sample: usize| match quad.pattern >> sample & 1 {
            1 => quad.values[sample] | 1,
            _ => 0,
        };
        self.next_bottom[x + 1] = odd(1);
        self.next_bottom[x + 2] = odd(3);
        self.current[column + 1] = quad.pattern as u8;
    }

    /// Writes which samples are significant; returns the pattern for the next quad's context.
    fn put_pattern(&mut self, quad: &mut Quad, column: usize, row: usize, left: usize) -> usize {
        let (words, context): (&Words, usize) = if row == 0 {
            (&FIRST_WORDS, (left | left >> 1) & 1 | left >> 1 & 6)
        } else {
            let at = |index: usize| usize::from(self.above[index]);
            let (north_west, north, north_east) = (at(column), at(column + 1), at(column + 2));
            let context = (north_west >> 3 | north >> 1) & 1
                | (left >> 1 | left >> 2) & 2
                | (north >> 1 | north_east << 1) & 4;
            (&OTHER_WORDS, context)
        };
        if context == 0 {
            self.mel.event(quad.pattern != 0);
        }
        if context != 0 || quad.pattern != 0 {
            let entry = words[context << 8 | (quad.pattern as usize) << 4 | quad.reaching()];
            self.codes.put(u32::from(entry >> 8), u32::from(entry & 7));
            quad.known = u32::from(entry >> 4 & 0xF);
        }
        quad.pattern as usize
    }

    /// Writes the excesses of a pair of quads (§7.3.6).
    fn put_exponents(&mut self, pair: &[Quad; 2], is_first_row: bool) {
        let mut excess = pair.map(|quad| quad.excess);
        let both = excess[0] > 0 && excess[1] > 0;
        if is_first_row && both {
            let is_large = excess[0] > 2 && excess[1] > 2;
            self.mel.event(is_large);
            if is_large {
                excess = excess.map(|excess| excess - 2);
            } else if excess[0] > 2 {
                let (length, prefix, suffix) = excess_code(excess[0]);
                self.codes.put(prefix, length);
                self.codes.put(excess[1] - 1, 1);
                self.codes.put(suffix.0, suffix.1);
                return;
            }
        }
        let coded = excess.map(excess_code);
        for (length, prefix, _) in coded {
            self.codes.put(prefix, length);
        }
        for (_, _, (bits, length)) in coded {
            self.codes.put(bits, length);
        }
    }

    fn put_magnitudes(&mut self, quad: &Quad) {
        for (sample, &value) in quad.values.iter().enumerate() {
            if quad.pattern >> sample & 1 == 1 {
                let count = quad.exponent - (quad.known >> sample & 1);
                self.magnitudes
                    .put(value & ((1u64 << count) - 1) as u32, count);
            }
        }
    }
}
