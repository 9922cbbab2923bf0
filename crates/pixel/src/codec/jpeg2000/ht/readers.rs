//! The bit streams of a block (T.814 §7.1).

/// Bits from the first byte on, the lowest first; after a byte FF the next has seven. Beyond the
/// end come bytes `FILL`.
#[derive(Clone, Debug)]
pub(super) struct Forward<'a, const FILL: u8> {
    data: &'a [u8],
    position: usize,
    bits: u64,
    count: u32,
    after_ff: bool,
}

impl<'a, const FILL: u8> Forward<'a, FILL> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Forward {
            data,
            position: 0,
            bits: 0,
            count: 0,
            after_ff: false,
        }
    }

    /// At least 32 bits, the next one lowest.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> u32 {
        if self.count < 32 {
            self.fill();
        }
        self.bits as u32
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.bits >>= count;
        self.count -= count;
    }

    #[inline(always)]
    fn fill(&mut self) {
        if !self.after_ff
            && let Some(&four) = self
                .data
                .get(self.position..)
                .and_then(|rest| rest.first_chunk::<4>())
        {
            let word = u32::from_le_bytes(four);
            // No byte FF among the four.
            if (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 == 0 {
                self.bits |= u64::from(word) << self.count;
                self.count += 32;
                self.position += 4;
                return;
            }
        }
        while self.count < 32 {
            let byte = self.data.get(self.position).copied().unwrap_or(FILL);
            self.position += 1;
            self.bits |= u64::from(byte) << self.count;
            self.count += if self.after_ff { 7 } else { 8 };
            if self.after_ff {
                // The eighth bit is stuffed: a zero in whole streams.
                self.bits &= (1 << self.count) - 1;
            }
            self.after_ff = byte == 0xFF;
        }
    }
}

/// Bits from the last byte on, the lowest first; before a byte above 8F, a byte whose seven lower
/// bits are ones has only these. Before the beginning come zeros.
#[derive(Clone, Debug)]
pub(super) struct Backward<'a> {
    data: &'a [u8],
    bits: u64,
    count: u32,
    after_large: bool,
}

impl<'a> Backward<'a> {
    /// Of variable-length codes: the last byte and a half tell the length of the suffix.
    pub(super) fn of_codes(suffix: &'a [u8]) -> Backward<'a> {
        let length = suffix.len().saturating_sub(2);
        let half = u64::from(suffix.get(length).copied().unwrap_or(0) >> 4);
        Backward {
            data: suffix.get(..length).unwrap_or_default(),
            bits: half,
            count: if half & 7 == 7 { 3 } else { 4 },
            after_large: (half << 4 | 0xF) > 0x8F,
        }
        .trimmed()
    }

    /// Of refined magnitudes.
    pub(super) fn of_magnitudes(data: &'a [u8]) -> Backward<'a> {
        Backward {
            data,
            bits: 0,
            count: 0,
            after_large: true,
        }
    }

    fn trimmed(mut self) -> Self {
        self.bits &= (1 << self.count) - 1;
        self
    }

    /// At least 32 bits, the next one lowest.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> u32 {
        while self.count < 32 {
            let byte = match self.data.split_last() {
                Some((&byte, rest)) => {
                    self.data = rest;
                    byte
                }
                None => 0,
            };
            let is_seven = self.after_large && byte & 0x7F == 0x7F;
            self.bits |= u64::from(if is_seven { 0x7F } else { byte }) << self.count;
            self.count += if is_seven { 7 } else { 8 };
            self.after_large = byte > 0x8F;
        }
        self.bits as u32
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.bits >>= count;
        self.count -= count;
    }
}

/// Exponents of run lengths by state (Table 2).
pub(super) const RUN_EXPONENTS: [u8; 13] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

/// Adaptively coded events (§7.1.3).
#[derive(Clone, Debug)]
pub(super) struct Mel<'a> {
    /// The suffix; its last byte is shared with the codes and counts as filled with ones.
    data: &'a [u8],
    position: usize,
    current: u8,
    left: u32,
    state: u8,
    /// Events that are still 0.
    run: u32,
    /// Then comes a 1.
    ends_in_one: bool,
}

impl<'a> Mel<'a> {
    pub(super) fn new(suffix: &'a [u8]) -> Mel<'a> {
        Mel {
            data: suffix
                .get(..suffix.len().saturating_sub(1))
                .unwrap_or_default(),
            position: 0,
            current: 0,
            left: 0,
            state: 0,
            run: 0,
            ends_in_one: false,
        }
    }

    #[inline]
    fn bit(&mut self) -> u32 {
        if self.left == 0 {
            self.left = if self.current == 0xFF { 7 } else { 8 };
            self.current = self.data.get(self.position).copied().unwrap_or(0xFF);
            if self.position + 1 == self.data.len() {
                self.current |= 0x0F;
            }
            self.position += 1;
        }
        self.left -= 1;
        u32::from(self.current >> self.left) & 1
    }

    /// The next event.
    #[inline]
    pub(super) fn event(&mut self) -> bool {
        if self.run == 0 && !self.ends_in_one {
            let exponent = RUN_EXPONENTS
                .get(usize::from(self.state))
                .copied()
                .unwrap_or(5);
            if self.bit() == 1 {
                self.run = 1 << exponent;
                self.state = (self.state + 1).min(12);
            } else {
                for _ in 0..exponent {
                    self.run = self.run << 1 | self.bit();
                }
                self.state = self.state.saturating_sub(1);
                self.ends_in_one = true;
            }
        }
        if self.run > 0 {
            self.run -= 1;
            false
        } else {
            self.ends_in_one = false;
            true
        }
    }
}
