//! Decoding a block (T.814 §7).

use super::readers::{self, Bits, Mel, word_at};
use super::tables::{BOTH, BOTH_IN_FIRST, EXPONENTS, FIRST, OTHER, SPREAD};

/// Room for blocks, used again for each.
#[derive(Debug, Default)]
pub(in super::super) struct HtDecoder {
    /// Samples, row by row, as those of [`BlockDecoder`](super::super::block::BlockDecoder); rows are
    /// `stride` long, and there is an even number of them.
    samples: Vec<u32>,
    stride: usize,
    /// Plain bits.
    codes: Vec<u8>,
    magnitudes: Vec<u8>,
    quads: Quads,
    /// 1: significant after the clean-up, 2: after the propagation.
    significant: Vec<u8>,
    fresh: Vec<usize>,
}

/// A row of quads in pairs: what the row above tells of it, and what it tells of the one below.
#[derive(Debug, Default)]
struct Quads {
    /// What patterns above add to contexts.
    contexts: Vec<[u8; 2]>,
    /// Exponents of what lies above, less one.
    predicted: Vec<[u8; 2]>,
    /// Patterns: a bit for each sample; with a pair to spare on both sides.
    patterns: Vec<[u8; 2]>,
    /// Magnitudes of the lower samples, with a pair to spare on both sides.
    lower: Vec<[[u32; 2]; 2]>,
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
    /// The rows of the block decoded last. Each has a few samples more than the block is wide.
    pub(in super::super) fn rows(&self) -> std::slice::ChunksExact<'_, u32> {
        self.samples.chunks_exact(self.stride.max(1))
    }

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
        let [.., low, high] = clean_up else {
            return Err(Malformed("a block without its suffix"));
        };
        let suffix = usize::from(*high) << 4 | usize::from(low & 0xF);
        if !(2..=4079).contains(&suffix) || suffix > clean_up.len() {
            return Err(Malformed("a suffix longer than its block"));
        }
        let (magnitudes, suffix) = clean_up.split_at(clean_up.len() - suffix);
        let mut streams = Streams {
            mel: Mel::new(suffix),
            codes: Bits::new(readers::codes(suffix, &mut self.codes)),
            magnitudes: readers::forward(magnitudes, 0xFF, &mut self.magnitudes),
            position: 0,
        };
        let pairs = width.div_ceil(4);
        self.stride = 4 * pairs;
        // Whatever is there is overwritten.
        let rows = height.next_multiple_of(2);
        self.samples.resize(self.stride * rows, 0);
        self.quads.clear(pairs);
        let limits = Limits {
            pairs,
            ends_in_one: width.div_ceil(2) % 2 == 1,
            plane,
            most: (u32::from(missing) + 2).min(31),
        };
        for (number, rows) in self.samples.chunks_exact_mut(2 * self.stride).enumerate() {
            let (upper, lower) = rows.split_at_mut(self.stride);
            let (upper, lower) = (upper.as_chunks_mut().0, lower.as_chunks_mut().0);
            if number == 0 {
                self.quads
                    .row::<true>(&mut streams, &limits, upper, lower)?;
            } else {
                self.quads.prepare();
                self.quads
                    .row::<false>(&mut streams, &limits, upper, lower)?;
            }
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

    /// Marks the significant samples, with a border of others.
    fn mark(&mut self, width: usize, height: usize) {
        let stride = width + 2;
        self.significant.clear();
        self.significant.resize(stride * (height + 2), 0);
        let rows = self.samples.chunks_exact(self.stride.max(1));
        for (row, samples) in rows.take(height).enumerate() {
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
        let plain = readers::forward(data, 0, &mut self.magnitudes);
        let mut bits = Bits::new(plain);
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
                        if bits.bit() == 1 {
                            self.significant[at] = 2;
                            self.fresh.push(row * self.stride + column);
                        }
                    }
                }
                for &sample in &self.fresh {
                    self.samples[sample] = bits.bit() << 31 | 3 << plane;
                }
            }
        }
    }

    /// Magnitude refinement (§7.5) of what the clean-up made significant.
    fn refine(&mut self, (width, height): (usize, usize), data: &[u8], plane: u32) {
        let stride = width + 2;
        let plain = readers::refinements(data, &mut self.codes);
        let mut bits = Bits::new(plain);
        let (bit, half) = (2 << plane, 1 << plane);
        for stripe in (0..height).step_by(4) {
            for column in 0..width {
                for row in stripe..(stripe + 4).min(height) {
                    if self.significant[(row + 1) * stride + column + 1] != 1 {
                        continue;
                    }
                    let is_one = bits.bit();
                    let sample = &mut self.samples[row * self.stride + column];
                    *sample = (*sample ^ (bit * (1 ^ is_one))) | half;
                }
            }
        }
    }
}

/// The bits of a block's clean-up.
struct Streams<'a> {
    mel: Mel<'a>,
    codes: Bits<'a>,
    magnitudes: &'a [u8],
    /// The next bit of the magnitudes.
    position: usize,
}

/// What is the same for all rows of a block.
struct Limits {
    /// Pairs of quads in a row.
    pairs: usize,
    /// The last pair has but one quad.
    ends_in_one: bool,
    plane: u32,
    /// The largest exponent.
    most: u32,
}

impl Quads {
    /// Nothing is above.
    fn clear(&mut self, pairs: usize) {
        self.contexts.clear();
        self.contexts.resize(pairs, [0; 2]);
        self.predicted.clear();
        self.predicted.resize(pairs, [1; 2]);
        self.patterns.clear();
        self.patterns.resize(pairs + 2, [0; 2]);
        self.lower.clear();
        self.lower.resize(pairs + 2, [[0; 2]; 2]);
    }

    /// What the row decoded last tells of the next one (§7.3.5, §7.3.7).
    fn prepare(&mut self) {
        let patterns = self.patterns.as_flattened();
        let (west, here, east) = (patterns.get(1..), patterns.get(2..), patterns.get(3..));
        let near = west.into_iter().flatten().zip(here.into_iter().flatten());
        let near = near.zip(east.into_iter().flatten());
        let contexts = self.contexts.as_flattened_mut();
        for (context, ((&west, &here), &east)) in contexts.iter_mut().zip(near) {
            *context = (west >> 3 | here >> 1) & 1 | (here >> 1 | east << 1) & 4;
        }
        let lower = self.lower.as_flattened();
        let (west, here, east) = (lower.get(1..), lower.get(2..), lower.get(3..));
        let near = west.into_iter().flatten().zip(here.into_iter().flatten());
        let near = near.zip(east.into_iter().flatten());
        let predicted = self.predicted.as_flattened_mut();
        for (predicted, (([_, west], here), [east, _])) in predicted.iter_mut().zip(near) {
            *predicted = (west | here[0] | here[1] | east | 2).ilog2() as u8;
        }
    }

    /// Decodes a row: patterns and exponents (§7.3.5, §7.3.6), magnitudes and signs (§7.3.8).
    #[inline(always)]
    fn row<const IS_FIRST: bool>(
        &mut self,
        streams: &mut Streams<'_>,
        limits: &Limits,
        upper: &mut [[u32; 4]],
        lower: &mut [[u32; 4]],
    ) -> Result<(), Malformed> {
        let above = self.contexts.iter().zip(&self.predicted);
        let patterns = self.patterns.get_mut(1..).unwrap_or_default();
        let of_below = self.lower.get_mut(1..).unwrap_or_default();
        let below = patterns.iter_mut().zip(of_below);
        let samples = upper.iter_mut().zip(lower);
        let mut left = 0;
        for (number, ((above, below), samples)) in above.zip(below).zip(samples).enumerate() {
            let (contexts, predicted) = above;
            let is_one = limits.ends_in_one && number + 1 == limits.pairs;
            let [first, second] = streams.pair::<IS_FIRST>(*contexts, &mut left, is_one);
            let (patterns, lower) = below;
            *patterns = [first.pattern() as u8, second.pattern() as u8];
            let first = streams.quad(first, predicted[0], limits)?;
            let second = streams.quad(second, predicted[1], limits)?;
            *lower = [first.lower, second.lower];
            let (top, bottom) = samples;
            *top = [
                first.samples[0],
                first.samples[2],
                second.samples[0],
                second.samples[2],
            ];
            *bottom = [
                first.samples[1],
                first.samples[3],
                second.samples[1],
                second.samples[3],
            ];
        }
        Ok(())
    }
}

/// An entry of the table of patterns, and by how much the exponent exceeds what is predicted.
#[derive(Clone, Copy)]
struct Quad {
    entry: u32,
    excess: u32,
}

impl Quad {
    #[inline(always)]
    fn pattern(self) -> u32 {
        self.entry >> 4 & 0xF
    }
}

/// Samples of a quad: left top, left bottom, right top, right bottom.
struct Decoded {
    samples: [u32; 4],
    lower: [u32; 2],
}

impl Streams<'_> {
    /// Patterns and excess of two quads. `left`: the pattern before them, then their last.
    ///
    /// At most 30 bits: two codes of 7, prefixes of 3 and suffixes of 5.
    #[inline(always)]
    fn pair<const IS_FIRST: bool>(
        &mut self,
        contexts: [u8; 2],
        left: &mut usize,
        is_one: bool,
    ) -> [Quad; 2] {
        self.codes.fill();
        let mut word = self.codes.peek();
        let mut total = 0;
        let mut pattern = |above: u8| {
            let left_bits = *left;
            let context = if IS_FIRST {
                (left_bits | left_bits >> 1) & 1 | left_bits >> 1 & 6
            } else {
                usize::from(above) | (left_bits >> 1 | left_bits >> 2) & 2
            };
            // An event tells whether a quad is empty where nothing around it is significant.
            if context == 0 && !self.mel.event() {
                *left = 0;
                return 0;
            }
            let table = if IS_FIRST { &FIRST } else { &OTHER };
            let entry = table[(context << 7 | (word & 0x7F) as usize) & 1023];
            word >>= entry & 7;
            total += u32::from(entry & 7);
            *left = usize::from(entry >> 4 & 0xF);
            u32::from(entry)
        };
        let first = pattern(contexts[0]);
        let second = if is_one { 0 } else { pattern(contexts[1]) };
        let mut which = (first >> 3 & 1 | second >> 2 & 2) as usize;
        let mut more = 0;
        if IS_FIRST && which == BOTH {
            // An event tells whether both exceed by more than two.
            if self.mel.event() {
                more = 2;
            } else {
                which = BOTH_IN_FIRST;
            }
        }
        let entry = EXPONENTS[(which << 6 | (word & 63) as usize) & 511];
        let entry = u32::from(entry);
        let (prefixes, suffixes) = (entry & 7, entry >> 3 & 15);
        let of_first = entry >> 7 & 7;
        word >>= prefixes;
        self.codes.skip(total + prefixes + suffixes);
        let word = word as u32;
        let low = |word: u32, count: u32| word & ((1 << count) - 1);
        let first_excess = (entry >> 10 & 7) + low(word, of_first) + more;
        let second_excess = (entry >> 13) + low(word >> of_first, suffixes - of_first) + more;
        [
            Quad {
                entry: first,
                excess: first_excess,
            },
            Quad {
                entry: second,
                excess: second_excess,
            },
        ]
    }

    /// Magnitudes and signs of a quad.
    #[inline(always)]
    fn quad(&mut self, quad: Quad, predicted: u8, limits: &Limits) -> Result<Decoded, Malformed> {
        let pattern = quad.pattern();
        if pattern == 0 {
            return Ok(Decoded {
                samples: [0; 4],
                lower: [0; 2],
            });
        }
        // More than one significant sample: at least as large as those above, less one.
        let is_single = pattern & (pattern - 1) == 0;
        let exponent = quad.excess + if is_single { 1 } else { u32::from(predicted) };
        if exponent > limits.most {
            return Err(Malformed("an exponent above the block's planes"));
        }
        // Bits of the four samples, each number in a byte, and where these bits end.
        let counts =
            SPREAD[(pattern & 15) as usize] * exponent - SPREAD[(quad.entry >> 12 & 15) as usize];
        let ends = counts.wrapping_mul(0x0101_0101);
        let mut samples = [0; 4];
        let mut values = [0; 4];
        let end = |number: usize| (ends >> (8 * number) & 0xFF) as usize;
        let word = word_at(self.magnitudes, self.position, u64::MAX);
        let other = word_at(self.magnitudes, self.position + end(1), u64::MAX);
        // Two samples of 28 bits are in one word.
        let words = if exponent <= 28 {
            [word, word >> end(0), other, other >> (end(2) - end(1))]
        } else {
            let at = |bit| word_at(self.magnitudes, self.position + bit, u64::MAX);
            [word, at(end(0)), other, at(end(2))]
        };
        for number in 0..4 {
            let bits = words[number] as u32;
            let count = counts >> (8 * number) & 0xFF;
            let mask = 0u32.wrapping_sub(pattern >> number & 1);
            let known = (quad.entry >> (8 + number) & 1) << count;
            let value = (bits & ((1 << count) - 1) | known | 1) & mask;
            values[number] = value;
            samples[number] = (bits << 31 | value.wrapping_add(2) << limits.plane) & mask;
        }
        self.position += end(3);
        Ok(Decoded {
            samples,
            lower: [values[1], values[3]],
        })
    }
}
