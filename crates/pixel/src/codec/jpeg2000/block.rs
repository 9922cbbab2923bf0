//! Decoding the bit planes of a block (T.800 Annex D).
//!
//! Samples come out as sign and magnitude with half a bit below: the highest bit is the sign, the
//! others twice the magnitude, to which half of the last decoded plane is added. Where all planes
//! are there, shifting right by one gives the magnitude.

use super::contexts::{self, AROUND, EAST, NORTH, SELF, SIGN, SOUTH, Significance, WEST};
use super::markers::BlockStyle;
use super::mq::{Contexts, Mq, RUN, Raw, UNIFORM};
use super::tile::Kind;

/// Sign of a sample.
pub(super) const NEGATIVE: u32 = 1 << 31;

// What is known of four samples one below another, with the samples around them. Bits 0 to 17:
// significance of six rows of three. Bits 18 to 23: signs of the middle column's six rows.
// Bits 24 to 27: coded in this plane. Bits 28 to 31: refined before.
const SIGNIFICANCE: u32 = (1 << 18) - 1;
const SIGNS: u32 = 18;
const VISITED: u32 = 24;
const REFINED: u32 = 28;
const ALL_VISITED: u32 = 0xF << VISITED;

/// Room for blocks, used again for each.
#[derive(Debug, Default)]
pub(super) struct BlockDecoder {
    flags: Vec<u32>,
    /// Samples, row by row.
    pub(super) samples: Vec<u32>,
    width: usize,
    height: usize,
    stride: usize,
}

/// Where bits come from.
trait Source {
    /// Bits are not coded: no contexts, no predicted signs.
    const IS_RAW: bool;
    fn bit(&mut self, context: usize) -> u32;
}

impl Source for Mq<'_> {
    const IS_RAW: bool = false;
    #[inline(always)]
    fn bit(&mut self, context: usize) -> u32 {
        self.decode(context)
    }
}

impl Source for Raw<'_> {
    const IS_RAW: bool = true;
    #[inline(always)]
    fn bit(&mut self, _: usize) -> u32 {
        Raw::bit(self)
    }
}

impl BlockDecoder {
    /// Decodes a block of so many bit planes. Each segment is its bytes and its passes; the bytes
    /// must be followed by two bytes FF.
    pub(super) fn decode<'s>(
        &mut self,
        (width, height): (usize, usize),
        kind: Kind,
        style: BlockStyle,
        planes: u8,
        segments: impl Iterator<Item = (&'s [u8], u8)>,
    ) {
        self.width = width;
        self.height = height;
        self.stride = width + 2;
        self.flags.clear();
        self.flags.resize(self.stride * (height.div_ceil(4) + 2), 0);
        self.samples.clear();
        self.samples.resize(width * height, 0);
        let table = contexts::of(kind);
        let is_causal = style.is_causal();
        let mut states = Contexts::new();
        let mut pass = 0u32;
        for (data, passes) in segments {
            let is_raw = style.is_bypass() && pass >= 10 && !pass.is_multiple_of(3);
            let mut raw = Raw::new(data.get(..data.len().saturating_sub(2)).unwrap_or_default());
            let mut coded = Mq::new(data, states);
            for _ in 0..passes {
                let done = pass.div_ceil(3);
                let Some(plane) = u32::from(planes).checked_sub(1 + done) else {
                    return;
                };
                match (pass % 3, is_raw) {
                    (1, false) => self.propagate(&mut coded, table, plane, is_causal),
                    (1, true) => self.propagate(&mut raw, table, plane, is_causal),
                    (2, false) => self.refine(&mut coded, plane),
                    (2, true) => self.refine(&mut raw, plane),
                    _ => {
                        self.clean_up(&mut coded, table, plane, is_causal);
                        if style.has_symbols() {
                            for _ in 0..4 {
                                coded.decode(UNIFORM);
                            }
                        }
                    }
                }
                if style.resets() {
                    coded.contexts = Contexts::new();
                }
                pass += 1;
            }
            states = coded.contexts;
        }
    }

    /// A sample becomes significant: reads its sign, tells its neighbors.
    #[inline(always)]
    fn set<S: Source>(
        &mut self,
        source: &mut S,
        at: usize,
        row: u32,
        sample: usize,
        plane: u32,
        is_causal: bool,
    ) {
        let flags = &mut self.flags[at - 1..=at + 1];
        let own = flags[1];
        let around = own >> (3 * row);
        let sign = if S::IS_RAW {
            source.bit(0)
        } else {
            let significant = (around & NORTH) >> 1
                | (around & WEST) >> 2
                | (around & EAST) >> 3
                | (around & SOUTH) >> 4;
            let bit = SIGNS + 1 + row;
            let signs = (own >> (bit - 1) & 1)
                | (flags[0] >> bit & 1) << 1
                | (flags[2] >> bit & 1) << 2
                | (own >> (bit + 1) & 1) << 3;
            let entry = SIGN[((significant | signs << 4) & 0xFF) as usize];
            source.bit(usize::from(entry >> 1)) ^ u32::from(entry & 1)
        };
        self.samples[sample] = (3 << plane) | (sign << 31);
        let place = 3 * (row + 1);
        flags[0] |= 4 << place;
        flags[1] |= 2 << place | sign << (SIGNS + 1 + row);
        flags[2] |= 1 << place;
        if row == 0 && !is_causal {
            let above = at - self.stride;
            let flags = &mut self.flags[above - 1..=above + 1];
            flags[0] |= 4 << 15;
            flags[1] |= 2 << 15 | sign << (SIGNS + 5);
            flags[2] |= 1 << 15;
        }
        if row == 3 {
            let below = at + self.stride;
            let flags = &mut self.flags[below - 1..=below + 1];
            flags[0] |= 4;
            flags[1] |= 2 | sign << SIGNS;
            flags[2] |= 1;
        }
    }

    /// Significance propagation (§D.3.1).
    #[inline(never)]
    fn propagate<S: Source + Clone>(
        &mut self,
        from: &mut S,
        table: &Significance,
        plane: u32,
        is_causal: bool,
    ) {
        let mut source = from.clone();
        for stripe in 0..self.height.div_ceil(4) {
            let rows = (self.height - 4 * stripe).min(4) as u32;
            for column in 0..self.width {
                let at = (stripe + 1) * self.stride + column + 1;
                if self.flags[at] & SIGNIFICANCE == 0 {
                    continue;
                }
                for row in 0..rows {
                    let around = self.flags[at] >> (3 * row);
                    if around & SELF != 0 || around & AROUND == 0 {
                        continue;
                    }
                    let context = usize::from(table[(around & AROUND) as usize]);
                    if source.bit(context) == 1 {
                        let sample = (4 * stripe + row as usize) * self.width + column;
                        self.set(&mut source, at, row, sample, plane, is_causal);
                    }
                    self.flags[at] |= 1 << (VISITED + row);
                }
            }
        }
        *from = source;
    }

    /// Magnitude refinement (§D.3.3).
    #[inline(never)]
    fn refine<S: Source + Clone>(&mut self, from: &mut S, plane: u32) {
        let mut source = from.clone();
        let (bit, half) = (2 << plane, 1 << plane);
        for stripe in 0..self.height.div_ceil(4) {
            let rows = (self.height - 4 * stripe).min(4) as u32;
            for column in 0..self.width {
                let at = (stripe + 1) * self.stride + column + 1;
                let mut flags = self.flags[at];
                if flags & SIGNIFICANCE == 0 {
                    continue;
                }
                for row in 0..rows {
                    let around = flags >> (3 * row);
                    if around & SELF == 0 || flags >> (VISITED + row) & 1 != 0 {
                        continue;
                    }
                    let context = if flags >> (REFINED + row) & 1 != 0 {
                        16
                    } else if around & AROUND != 0 {
                        15
                    } else {
                        14
                    };
                    let sample =
                        &mut self.samples[(4 * stripe + row as usize) * self.width + column];
                    // The bit below the last known one is set: it stood for half.
                    *sample = (*sample ^ (bit * (1 ^ source.bit(context)))) | half;
                    flags |= 1 << (REFINED + row);
                }
                self.flags[at] = flags;
            }
        }
        *from = source;
    }

    /// Clean-up (§D.3.4).
    #[inline(never)]
    fn clean_up(&mut self, from: &mut Mq<'_>, table: &Significance, plane: u32, is_causal: bool) {
        let mut source = from.clone();
        for stripe in 0..self.height.div_ceil(4) {
            let rows = (self.height - 4 * stripe).min(4) as u32;
            for column in 0..self.width {
                let at = (stripe + 1) * self.stride + column + 1;
                let mut first = 0;
                if self.flags[at] & (SIGNIFICANCE | ALL_VISITED) == 0 && rows == 4 {
                    if source.decode(RUN) == 0 {
                        continue;
                    }
                    first = source.decode(UNIFORM) << 1;
                    first |= source.decode(UNIFORM);
                    let sample = (4 * stripe + first as usize) * self.width + column;
                    self.set(&mut source, at, first, sample, plane, is_causal);
                    first += 1;
                }
                for row in first..rows {
                    let flags = self.flags[at];
                    let around = flags >> (3 * row);
                    if around & SELF != 0 || flags >> (VISITED + row) & 1 != 0 {
                        continue;
                    }
                    let context = usize::from(table[(around & AROUND) as usize]);
                    if source.decode(context) == 1 {
                        let sample = (4 * stripe + row as usize) * self.width + column;
                        self.set(&mut source, at, row, sample, plane, is_causal);
                    }
                }
                self.flags[at] &= !ALL_VISITED;
            }
        }
        *from = source;
    }
}
