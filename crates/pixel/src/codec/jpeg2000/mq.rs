//! The arithmetic decoder (T.800 Annex C).

/// Context of runs.
pub(super) const RUN: usize = 17;
/// Context of equally likely bits.
pub(super) const UNIFORM: usize = 18;

/// Estimate of the less likely symbol, next state after the more likely one, after the less likely
/// one, and whether the latter exchanges the two (Table C.2).
#[rustfmt::skip]
const STATES: [(u16, u8, u8, bool); 47] = [
    (0x5601, 1, 1, true), (0x3401, 2, 6, false), (0x1801, 3, 9, false), (0x0AC1, 4, 12, false),
    (0x0521, 5, 29, false), (0x0221, 38, 33, false), (0x5601, 7, 6, true), (0x5401, 8, 14, false),
    (0x4801, 9, 14, false), (0x3801, 10, 14, false), (0x3001, 11, 17, false), (0x2401, 12, 18, false),
    (0x1C01, 13, 20, false), (0x1601, 29, 21, false), (0x5601, 15, 14, true), (0x5401, 16, 14, false),
    (0x5101, 17, 15, false), (0x4801, 18, 16, false), (0x3801, 19, 17, false), (0x3401, 20, 18, false),
    (0x3001, 21, 19, false), (0x2801, 22, 19, false), (0x2401, 23, 20, false), (0x2201, 24, 21, false),
    (0x1C01, 25, 22, false), (0x1801, 26, 23, false), (0x1601, 27, 24, false), (0x1401, 28, 25, false),
    (0x1201, 29, 26, false), (0x1101, 30, 27, false), (0x0AC1, 31, 28, false), (0x09C1, 32, 29, false),
    (0x08A1, 33, 30, false), (0x0521, 34, 31, false), (0x0441, 35, 32, false), (0x02A1, 36, 33, false),
    (0x0221, 37, 34, false), (0x0141, 38, 35, false), (0x0111, 39, 36, false), (0x0085, 40, 37, false),
    (0x0049, 41, 38, false), (0x0025, 42, 39, false), (0x0015, 43, 40, false), (0x0009, 44, 41, false),
    (0x0005, 45, 42, false), (0x0001, 45, 43, false), (0x5601, 46, 46, false),
];

/// A state with the more likely symbol in its lowest bit.
#[derive(Clone, Copy)]
struct Step {
    estimate: u32,
    likely: u8,
    unlikely: u8,
}

const STEPS: [Step; 128] = {
    let mut steps = [Step {
        estimate: 0,
        likely: 0,
        unlikely: 0,
    }; 128];
    let mut index = 0;
    while index < 94 {
        let (estimate, likely, unlikely, exchanges) = STATES[index / 2];
        let symbol = (index % 2) as u8;
        steps[index] = Step {
            estimate: estimate as u32,
            likely: likely * 2 + symbol,
            unlikely: unlikely * 2 + (symbol ^ exchanges as u8),
        };
        index += 1;
    }
    steps
};

/// States of all contexts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contexts([u8; 32]);

impl Contexts {
    /// As a block begins (Table D.7).
    pub(super) const fn new() -> Contexts {
        let mut states = [0; 32];
        states[0] = 4 * 2;
        states[RUN] = 3 * 2;
        states[UNIFORM] = 46 * 2;
        Contexts(states)
    }
}

/// A decoder of one codeword segment. `data` must end with two bytes FF that are not part of it.
#[derive(Clone, Debug)]
pub(super) struct Mq<'a> {
    data: &'a [u8],
    position: usize,
    code: u32,
    interval: u32,
    count: u32,
    pub(super) contexts: Contexts,
}

impl<'a> Mq<'a> {
    /// INITDEC.
    pub(super) fn new(data: &'a [u8], contexts: Contexts) -> Mq<'a> {
        let mut decoder = Mq {
            data,
            position: 0,
            code: u32::from(data.first().copied().unwrap_or(0xFF)) << 16,
            interval: 0x8000,
            count: 0,
            contexts,
        };
        decoder.next_byte();
        decoder.code <<= 7;
        decoder.count -= 7;
        decoder
    }

    /// BYTEIN.
    #[inline(always)]
    fn next_byte(&mut self) {
        let current = self.data.get(self.position).copied().unwrap_or(0xFF);
        let next = u32::from(self.data.get(self.position + 1).copied().unwrap_or(0xFF));
        if current == 0xFF {
            if next > 0x8F {
                self.code = self.code.wrapping_add(0xFF00);
                self.count = 8;
            } else {
                self.position += 1;
                self.code = self.code.wrapping_add(next << 9);
                self.count = 7;
            }
        } else {
            self.position += 1;
            self.code = self.code.wrapping_add(next << 8);
            self.count = 8;
        }
    }

    /// RENORMD.
    #[inline(always)]
    fn renormalize(&mut self) {
        loop {
            if self.count == 0 {
                self.next_byte();
            }
            self.interval <<= 1;
            self.code <<= 1;
            self.count -= 1;
            if self.interval & 0x8000 != 0 {
                return;
            }
        }
    }

    /// DECODE: the next symbol in a context below 32.
    #[inline(always)]
    pub(super) fn decode(&mut self, context: usize) -> u32 {
        let state = &mut self.contexts.0[context & 31];
        let step = STEPS[usize::from(*state & 127)];
        let likely = u32::from(*state & 1);
        self.interval -= step.estimate;
        if (self.code >> 16) < step.estimate {
            let symbol;
            if self.interval < step.estimate {
                symbol = likely;
                *state = step.likely;
            } else {
                symbol = likely ^ 1;
                *state = step.unlikely;
            }
            self.interval = step.estimate;
            self.renormalize();
            symbol
        } else {
            self.code -= step.estimate << 16;
            if self.interval & 0x8000 != 0 {
                return likely;
            }
            let symbol;
            if self.interval < step.estimate {
                symbol = likely ^ 1;
                *state = step.unlikely;
            } else {
                symbol = likely;
                *state = step.likely;
            }
            self.renormalize();
            symbol
        }
    }
}

/// Bits of a raw segment (§D.6): after a byte FF the next has seven. Beyond the end there are ones.
#[derive(Clone, Debug)]
pub(super) struct Raw<'a> {
    data: &'a [u8],
    position: usize,
    current: u8,
    left: u32,
}

impl<'a> Raw<'a> {
    pub(super) fn new(data: &'a [u8]) -> Raw<'a> {
        Raw {
            data,
            position: 0,
            current: 0,
            left: 0,
        }
    }

    #[inline]
    pub(super) fn bit(&mut self) -> u32 {
        if self.left == 0 {
            self.left = if self.current == 0xFF { 7 } else { 8 };
            self.current = self.data.get(self.position).copied().unwrap_or(0xFF);
            self.position += 1;
        }
        self.left -= 1;
        u32::from(self.current >> self.left) & 1
    }
}
