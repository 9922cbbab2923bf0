//! Decoding a block (T.814 §7).

use super::readers::{Backward, Forward, Mel};
use super::tables::{FIRST, OTHER, PREFIXES};

/// Room for blocks, used again for each.
///
/// Samples are as those of [`BlockDecoder`](super::super::block::BlockDecoder).
#[derive(Debug, Default)]
pub(in super::super) struct HtDecoder {
    /// Samples, row by row.
    pub(in super::super) samples: Vec<u32>,
    /// Entries of the pattern table and exponents of the row's quads.
    quads: Vec<(u16, u16)>,
    /// Patterns of the row above, with a quad to spare on both sides.
    above: Vec<u8>,
    /// Magnitudes of the lowest row of samples so far, with one to spare on both sides.
    bottom: Vec<u32>,
    next_bottom: Vec<u32>,
    /// 1: significant after the clean-up, 2: after the propagation.
    significant: Vec<u8>,
    fresh: Vec<usize>,
}

/// A block as packets brought it.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct HtBlock<'a> {
    /// Width and height.
    pub(in super::super) size: (usize, usize),
    /// The segment of the clean-up pass.
    pub(in super::super) clean_up: &'a [u8],
    /// The segment of the refining passes.
    pub(in super::super) refining: &'a [u8],
    pub(in super::super) passes: u8,
    /// The bit plane of the clean-up.
    pub(in super::super) plane: u32,
    /// Planes above the block's first, which bound its exponents.
    pub(in super::super) missing: u8,
    pub(in super::super) is_causal: bool,
}

/// A block that cannot be.
#[derive(Debug)]
pub(in super::super) struct Malformed(pub(in super::super) &'static str);

impl HtDecoder {
    /// Decodes a block.
    pub(in super::super) fn decode(&mut self, block: &HtBlock<'_>) -> Result<(), Malformed> {
        let HtBlock {
            size: (width, height),
            clean_up,
            refining,
            passes,
            plane,
            missing,
            is_causal,
        } = *block;
        self.samples.clear();
        self.samples.resize(width * height, 0);
        let [.., low, high] = clean_up else {
            return Err(Malformed("a block without its suffix"));
        };
        let suffix = usize::from(*high) << 4 | usize::from(low & 0xF);
        if !(2..=4079).contains(&suffix) || suffix > clean_up.len() {
            return Err(Malformed("a suffix longer than its block"));
        }
        let (magnitudes, suffix) = clean_up.split_at(clean_up.len() - suffix);
        let mut mel = Mel::new(suffix);
        let mut codes = Backward::of_codes(suffix);
        let mut magnitudes = Forward::<0xFF>::new(magnitudes);
        let across = width.div_ceil(2);
        self.quads.clear();
        self.quads.resize(across + 1, (0, 0));
        self.above.clear();
        self.above.resize(across + 3, 0);
        self.bottom.clear();
        self.bottom.resize(2 * across + 2, 0);
        self.next_bottom.clear();
        self.next_bottom.resize(2 * across + 2, 0);
        let most = (u32::from(missing) + 2).min(31);
        for row in 0..height.div_ceil(2) {
            if row == 0 {
                self.first_row(across, &mut mel, &mut codes);
            } else {
                self.other_row(across, &mut mel, &mut codes);
            }
            self.magnitudes(row, (width, height), &mut magnitudes, plane, most)?;
        }
        if passes > 1 && plane > 0 && !refining.is_empty() {
            self.mark(width, height);
            self.propagate((width, height), refining, plane - 1, is_causal);
            if passes > 2 {
                self.refine((width, height), refining, plane - 1);
            }
        }
        Ok(())
    }

    /// Patterns and exponents of the first row of quads (§7.3.5, §7.3.6).
    fn first_row(&mut self, across: usize, mel: &mut Mel<'_>, codes: &mut Backward<'_>) {
        let mut context = 0;
        for (pair_number, pair) in self
            .quads
            .chunks_mut(2)
            .take(across.div_ceil(2))
            .enumerate()
        {
            let mut entries = [0u16; 2];
            for (number, entry) in entries.iter_mut().enumerate() {
                if 2 * pair_number + number >= across {
                    break;
                }
                *entry = pattern(&FIRST, context, mel, codes);
                let pattern = usize::from(*entry >> 4 & 0xF);
                context = (pattern | pattern >> 1) & 1 | pattern >> 1 & 6;
            }
            // Both exceed: an event tells whether by more than two.
            let both = entries[0] & entries[1] & 8 != 0;
            let (first, second) = exponents(entries, codes, both && mel.event(), both);
            for (place, (entry, exponent)) in pair
                .iter_mut()
                .zip([(entries[0], first), (entries[1], second)])
            {
                *place = (entry, exponent + 1);
            }
        }
    }

    /// Patterns and exponents of any other row of quads.
    fn other_row(&mut self, across: usize, mel: &mut Mel<'_>, codes: &mut Backward<'_>) {
        let mut left = 0usize;
        for (pair_number, pair) in self
            .quads
            .chunks_mut(2)
            .take(across.div_ceil(2))
            .enumerate()
        {
            let mut entries = [0u16; 2];
            for (number, entry) in entries.iter_mut().enumerate() {
                let quad = 2 * pair_number + number;
                if quad >= across {
                    break;
                }
                // `above` has a quad to spare at its beginning.
                let at = |index: usize| usize::from(self.above[index]);
                let (north_west, north, north_east) = (at(quad), at(quad + 1), at(quad + 2));
                let context = (north_west >> 3 | north >> 1) & 1
                    | (left >> 1 | left >> 2) & 2
                    | (north >> 1 | north_east << 1) & 4;
                *entry = pattern(&OTHER, context, mel, codes);
                left = usize::from(*entry >> 4 & 0xF);
            }
            let (first, second) = exponents(entries, codes, false, false);
            for (place, (entry, exponent)) in pair
                .iter_mut()
                .zip([(entries[0], first), (entries[1], second)])
            {
                *place = (entry, exponent);
            }
        }
    }

    /// Magnitudes and signs of a row of quads (§7.3.8).
    fn magnitudes(
        &mut self,
        row: usize,
        (width, height): (usize, usize),
        bits: &mut Forward<'_, 0xFF>,
        plane: u32,
        most: u32,
    ) -> Result<(), Malformed> {
        let across = width.div_ceil(2);
        let two_rows = 2 * row + 1 < height;
        let (top, bottom) = self.samples[2 * row * width..].split_at_mut(width);
        for quad in 0..across {
            let (entry, exponent) = self.quads[quad];
            let entry = u32::from(entry);
            let pattern = entry >> 4 & 0xF;
            self.above[quad + 1] = pattern as u8;
            let x = 2 * quad;
            if pattern == 0 {
                self.next_bottom[x + 1] = 0;
                self.next_bottom[x + 2] = 0;
                continue;
            }
            let mut exponent = u32::from(exponent);
            if row > 0 {
                // More than one significant sample: at least as large as those above, less one.
                let predicted = if pattern & (pattern - 1) != 0 {
                    let near = &self.bottom[x..x + 4];
                    (near[0] | near[1] | near[2] | near[3] | 2).ilog2()
                } else {
                    1
                };
                exponent += predicted;
            }
            if exponent > most {
                return Err(Malformed("an exponent above the block's planes"));
            }
            let mut values = [0u32; 4];
            let mut words = [0u32; 4];
            for sample in 0..4 {
                if pattern >> sample & 1 == 0 {
                    continue;
                }
                let count = exponent - (entry >> (12 + sample) & 1);
                let next = bits.peek();
                bits.skip(count);
                let mut value =
                    (next & ((1u64 << count) - 1) as u32) | (entry >> (8 + sample) & 1) << count;
                value |= 1;
                values[sample as usize] = value;
                words[sample as usize] = (next << 31) | value.wrapping_add(2) << plane;
            }
            self.next_bottom[x + 1] = values[1];
            self.next_bottom[x + 2] = values[3];
            top[x] = words[0];
            if two_rows {
                bottom[x] = words[1];
            }
            if x + 1 < width {
                top[x + 1] = words[2];
                if two_rows {
                    bottom[x + 1] = words[3];
                }
            }
        }
        std::mem::swap(&mut self.bottom, &mut self.next_bottom);
        Ok(())
    }

    /// Marks the significant samples, with a border of others.
    fn mark(&mut self, width: usize, height: usize) {
        let stride = width + 2;
        self.significant.clear();
        self.significant.resize(stride * (height + 2), 0);
        for (row, samples) in self.samples.chunks_exact(width).enumerate() {
            let marks = &mut self.significant[(row + 1) * stride + 1..][..width];
            for (mark, &sample) in marks.iter_mut().zip(samples) {
                *mark = u8::from(sample != 0);
            }
        }
    }

    /// Significance propagation (§7.4): groups of four columns, their signs after them.
    fn propagate(
        &mut self,
        (width, height): (usize, usize),
        data: &[u8],
        plane: u32,
        is_causal: bool,
    ) {
        let stride = width + 2;
        let mut bits = Forward::<0>::new(data);
        for stripe in (0..height).step_by(4) {
            let end = (stripe + 4).min(height);
            for group in (0..width).step_by(4) {
                self.fresh.clear();
                for column in group..(group + 4).min(width) {
                    for row in stripe..end {
                        let at = (row + 1) * stride + column + 1;
                        if self.significant[at] != 0 {
                            continue;
                        }
                        let three = |at: usize| {
                            let marks = &self.significant[at - 1..=at + 1];
                            marks[0] | marks[1] | marks[2]
                        };
                        let mut near = three(at - stride) | three(at);
                        if !(is_causal && row + 1 == stripe + 4) {
                            near |= three(at + stride);
                        }
                        if near == 0 {
                            continue;
                        }
                        let is_one = bits.peek() & 1 == 1;
                        bits.skip(1);
                        if is_one {
                            self.significant[at] = 2;
                            self.fresh.push(row * width + column);
                        }
                    }
                }
                for &sample in &self.fresh {
                    let sign = bits.peek() << 31;
                    bits.skip(1);
                    self.samples[sample] = sign | 3 << plane;
                }
            }
        }
    }

    /// Magnitude refinement (§7.5) of what the clean-up made significant.
    fn refine(&mut self, (width, height): (usize, usize), data: &[u8], plane: u32) {
        let stride = width + 2;
        let mut bits = Backward::of_magnitudes(data);
        let (bit, half) = (2 << plane, 1 << plane);
        for stripe in (0..height).step_by(4) {
            for column in 0..width {
                for row in stripe..(stripe + 4).min(height) {
                    if self.significant[(row + 1) * stride + column + 1] != 1 {
                        continue;
                    }
                    let is_one = bits.peek() & 1;
                    bits.skip(1);
                    let sample = &mut self.samples[row * width + column];
                    *sample = (*sample ^ (bit * (1 ^ is_one))) | half;
                }
            }
        }
    }
}

/// The pattern of a quad: an event tells whether it is empty where nothing around it is
/// significant.
#[inline(always)]
fn pattern(
    table: &[u16; 1024],
    context: usize,
    mel: &mut Mel<'_>,
    codes: &mut Backward<'_>,
) -> u16 {
    if context == 0 && !mel.event() {
        return 0;
    }
    let entry = table[(context << 7 | (codes.peek() & 0x7F) as usize) & 1023];
    codes.skip(u32::from(entry & 7));
    entry
}

/// By how much the exponents of two quads exceed what is predicted (§7.3.6).
///
/// `is_large`: both by more than two. `is_first_row`: a large first one leaves one bit for the
/// second.
#[inline(always)]
fn exponents(
    entries: [u16; 2],
    codes: &mut Backward<'_>,
    is_large: bool,
    both_in_first: bool,
) -> (u16, u16) {
    let (has_first, has_second) = (entries[0] & 8 != 0, entries[1] & 8 != 0);
    if !has_first && !has_second {
        return (0, 0);
    }
    let mut word = codes.peek();
    let mut used = 0;
    let mut prefix = |word: &mut u32| {
        let (length, suffix, value) = PREFIXES[(*word & 7) as usize];
        *word >>= length;
        used += length;
        (suffix, value)
    };
    let mut first = (0, 0);
    let mut second = (0, 0);
    if has_first {
        first = prefix(&mut word);
    }
    if has_second {
        second = if both_in_first && !is_large && first.1 > 2 {
            let value = (word & 1) + 1;
            word >>= 1;
            used += 1;
            (0, value)
        } else {
            prefix(&mut word)
        };
    }
    let mut total = [0u32; 2];
    for (value, (suffix, base)) in total.iter_mut().zip([first, second]) {
        *value = base + (word & ((1 << suffix) - 1));
        word >>= suffix;
        used += suffix;
    }
    codes.skip(used);
    let more = if is_large { 2 } else { 0 };
    ((total[0] + more) as u16, (total[1] + more) as u16)
}
