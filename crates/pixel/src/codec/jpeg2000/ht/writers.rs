//! Writing the bit streams of a block: the counterparts of [`readers`](super::readers).

/// Magnitudes and signs: forwards, the lowest bit first.
#[derive(Debug, Default)]
pub(super) struct ForwardWriter {
    pub(super) bytes: Vec<u8>,
    bits: u64,
    count: u32,
    after_ff: bool,
}

impl ForwardWriter {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        (self.bits, self.count, self.after_ff) = (0, 0, false);
    }

    /// Writes the `count` lowest bits of `bits`, at most 31; the others must be zero.
    #[inline]
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.bits |= u64::from(bits) << self.count;
        self.count += count;
        loop {
            let room = if self.after_ff { 7 } else { 8 };
            if self.count < room {
                return;
            }
            let byte = (self.bits & ((1 << room) - 1)) as u8;
            self.bytes.push(byte);
            self.bits >>= room;
            self.count -= room;
            self.after_ff = byte == 0xFF;
        }
    }

    /// Fills the last byte with ones; what the reader fills in anyway is left out.
    pub(super) fn finish(&mut self) {
        if self.count > 0 {
            let room = if self.after_ff { 7 } else { 8 };
            let filled = (self.bits | u64::MAX << self.count) & ((1 << room) - 1);
            if filled != 0xFF {
                self.bytes.push(filled as u8);
            }
        } else if self.after_ff {
            self.bytes.pop();
        }
    }
}

/// Variable-length codes: backwards, the lowest bit first. `bytes` are in the order of writing.
#[derive(Debug, Default)]
pub(super) struct BackwardWriter {
    pub(super) bytes: Vec<u8>,
    byte: u32,
    count: u32,
    after_large: bool,
}

impl BackwardWriter {
    /// Begins with a byte and a half that will tell the suffix's length.
    pub(super) fn begin(&mut self) {
        self.bytes.clear();
        self.bytes.push(0xFF);
        (self.byte, self.count, self.after_large) = (0xF, 4, true);
    }

    #[inline]
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        for place in 0..count {
            self.byte |= (bits >> place & 1) << self.count;
            self.count += 1;
            // After a large byte, seven ones are a whole byte: the eighth bit is stuffed.
            if self.count == 8 || self.count == 7 && self.after_large && self.byte == 0x7F {
                self.flush();
            }
        }
    }

    fn flush(&mut self) {
        self.bytes.push(self.byte as u8);
        self.after_large = self.byte > 0x8F;
        (self.byte, self.count) = (0, 0);
    }

    pub(super) fn finish(&mut self) {
        if self.count > 0 {
            self.flush();
        }
    }
}

/// Adaptively coded events.
#[derive(Debug, Default)]
pub(super) struct MelWriter {
    pub(super) bytes: Vec<u8>,
    byte: u8,
    left: u32,
    state: u8,
    run: u32,
}

impl MelWriter {
    pub(super) fn begin(&mut self) {
        self.bytes.clear();
        (self.byte, self.left, self.state, self.run) = (0, 8, 0, 0);
    }

    #[inline]
    pub(super) fn event(&mut self, is_one: bool) {
        let exponent = u32::from(super::readers::RUN_EXPONENTS[usize::from(self.state)]);
        if is_one {
            self.bit(0);
            for place in (0..exponent).rev() {
                self.bit(self.run >> place & 1);
            }
            self.run = 0;
            self.state = self.state.saturating_sub(1);
        } else {
            self.run += 1;
            if self.run >= 1 << exponent {
                self.bit(1);
                self.run = 0;
                self.state = (self.state + 1).min(12);
            }
        }
    }

    fn bit(&mut self, bit: u32) {
        self.left -= 1;
        self.byte |= (bit as u8) << self.left;
        if self.left == 0 {
            self.bytes.push(self.byte);
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = 0;
        }
    }

    /// Ends a run that may be cut short; the last byte is never FF.
    pub(super) fn finish(&mut self) {
        if self.run > 0 {
            self.bit(1);
        }
        let is_begun = self.left < 7 || self.left == 7 && self.bytes.last() != Some(&0xFF);
        if is_begun || self.bytes.last() == Some(&0xFF) {
            self.bytes.push(self.byte);
        }
    }
}
