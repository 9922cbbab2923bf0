//! The bit streams of a block (T.814 §7.1).
//!
//! Stuffed bits are taken out of a whole stream first, seven bytes at a time where there are none;
//! what decodes sees plain bits, the next one lowest.

/// Bytes that follow the plain bits, so that words can be read at their end.
const AFTER: usize = 16;

/// Plain bits of a stream that begins with its first byte: after a byte FF the next has seven. Beyond
/// the end come bytes `fill`, which are all ones or all zeros.
pub(super) fn forward<'a>(data: &[u8], fill: u8, room: &'a mut Vec<u8>) -> &'a [u8] {
    let mut packer = Packer::new(room, data.len());
    let mut data = data;
    let mut is_after_ff = false;
    loop {
        if !is_after_ff && let Some(&eight) = data.first_chunk::<8>() {
            let seven = u64::from_le_bytes(eight) & SEVEN_BYTES;
            // No byte FF among the seven.
            if (!seven).wrapping_sub(ONES) & seven & HIGHS == 0 {
                packer.seven(seven);
                data = data.get(7..).unwrap_or_default();
                continue;
            }
        }
        let few = data.get(..8).unwrap_or(data);
        if few.is_empty() {
            return packer.end(fill);
        }
        for &byte in few {
            if is_after_ff {
                // The eighth bit is stuffed: a zero in whole streams.
                packer.bits(byte & 0x7F, 7);
            } else {
                packer.bits(byte, 8);
            }
            is_after_ff = byte == 0xFF;
        }
        data = data.get(few.len()..).unwrap_or_default();
    }
}

/// Plain bits of the variable-length codes of a suffix, whose last byte and a half tell its length.
pub(super) fn codes<'a>(suffix: &[u8], room: &'a mut Vec<u8>) -> &'a [u8] {
    let length = suffix.len().saturating_sub(2);
    let half = suffix.get(length).copied().unwrap_or(0) >> 4;
    let mut packer = Packer::new(room, suffix.len());
    packer.bits(half & 7, 3);
    if half & 7 != 7 {
        packer.bits(half >> 3, 1);
    }
    let data = suffix.get(..length).unwrap_or_default();
    backward(data, half > 8, packer)
}

/// Plain bits of refined magnitudes.
pub(super) fn refinements<'a>(data: &[u8], room: &'a mut Vec<u8>) -> &'a [u8] {
    backward(data, true, Packer::new(room, data.len()))
}

/// From the last byte on: before a byte above 8F, a byte whose seven lower bits are ones has only
/// these. Before the beginning come zeros.
fn backward<'a>(data: &[u8], is_after_large: bool, mut packer: Packer<'a>) -> &'a [u8] {
    let mut data = data;
    let mut is_after_large = is_after_large;
    loop {
        if let Some(&eight) = data.last_chunk::<8>() {
            let word = u64::from_be_bytes(eight);
            let seven = word & SEVEN_BYTES;
            // No byte among the seven has seven ones.
            if ((seven & !HIGHS) + ONES) & HIGHS & SEVEN_BYTES == 0 {
                packer.seven(seven);
                is_after_large = seven >> 48 > 0x8F;
                data = data.get(..data.len() - 7).unwrap_or_default();
                continue;
            }
        }
        let rest = data.len().saturating_sub(8);
        let few = data.get(rest..).unwrap_or_default();
        if few.is_empty() {
            return packer.end(0);
        }
        for &byte in few.iter().rev() {
            if is_after_large && byte & 0x7F == 0x7F {
                packer.bits(0x7F, 7);
            } else {
                packer.bits(byte, 8);
            }
            is_after_large = byte > 0x8F;
        }
        data = data.get(..rest).unwrap_or_default();
    }
}

const SEVEN_BYTES: u64 = u64::MAX >> 8;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Puts bits together, the first lowest.
struct Packer<'a> {
    out: &'a mut Vec<u8>,
    /// Whole bytes so far.
    length: usize,
    bits: u64,
    /// How many bits wait; below 8.
    count: u32,
}

impl<'a> Packer<'a> {
    /// For so many bytes at most.
    fn new(out: &'a mut Vec<u8>, most: usize) -> Packer<'a> {
        if out.len() < most + AFTER {
            out.resize(most + AFTER, 0);
        }
        Packer {
            out,
            length: 0,
            bits: 0,
            count: 0,
        }
    }

    #[inline(always)]
    fn write(&mut self) {
        let place = self.out.get_mut(self.length..);
        if let Some(place) = place.and_then(|place| place.first_chunk_mut::<8>()) {
            *place = self.bits.to_le_bytes();
        }
    }

    #[inline(always)]
    fn seven(&mut self, bytes: u64) {
        self.bits |= bytes << self.count;
        self.write();
        self.bits >>= 56;
        self.length += 7;
    }

    #[inline(always)]
    fn bits(&mut self, bits: u8, count: u32) {
        self.bits |= u64::from(bits) << self.count;
        self.count += count;
        self.write();
        let whole = self.count / 8;
        self.length += whole as usize;
        self.bits >>= 8 * whole;
        self.count %= 8;
    }

    fn end(mut self, fill: u8) -> &'a [u8] {
        let more = u64::from_le_bytes([fill; 8]);
        self.bits |= more << self.count;
        self.write();
        self.length += 8;
        self.bits = more;
        self.write();
        self.out.get(..self.length + 8).unwrap_or_default()
    }
}

/// At least 57 bits from a place on, the next one lowest; far beyond the end, `beyond`.
#[inline(always)]
pub(super) fn word_at(bytes: &[u8], bit: usize, beyond: u64) -> u64 {
    match bytes.get(bit / 8..).and_then(|rest| rest.first_chunk()) {
        Some(&eight) => u64::from_le_bytes(eight) >> (bit % 8),
        None => beyond,
    }
}

/// Takes plain bits one after the other.
#[derive(Clone, Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
    bits: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Bits<'a> {
        Bits {
            bytes,
            position: 0,
            bits: 0,
            count: 0,
        }
    }

    /// Gets at least 56 bits; zeros beyond the end.
    #[inline(always)]
    pub(super) fn fill(&mut self) {
        let more = word_at(self.bytes, 8 * self.position, 0);
        self.bits |= more << self.count;
        self.position += ((63 - self.count) / 8) as usize;
        self.count |= 56;
    }

    /// The bits that were got, the next one lowest.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.bits
    }

    /// Goes on by fewer bits than were got.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.bits >>= count;
        self.count -= count;
    }

    /// A bit.
    #[inline(always)]
    pub(super) fn bit(&mut self) -> u32 {
        if self.count == 0 {
            self.fill();
        }
        let bit = self.bits as u32 & 1;
        self.skip(1);
        bit
    }
}

/// Exponents of run lengths by state (Table 2).
pub(super) const RUN_EXPONENTS: [u8; 13] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

/// Adaptively coded events (§7.1.3).
#[derive(Clone, Debug)]
pub(super) struct Mel<'a> {
    /// The suffix; its last byte is shared with the codes and counts as filled with ones.
    data: &'a [u8],
    /// The next bit is the highest.
    bits: u64,
    count: u32,
    is_after_ff: bool,
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
            bits: 0,
            count: 0,
            is_after_ff: false,
            state: 0,
            run: 0,
            ends_in_one: false,
        }
    }

    /// The next event.
    #[inline(always)]
    pub(super) fn event(&mut self) -> bool {
        if self.run == 0 && !self.ends_in_one {
            self.next_run();
        }
        if self.run > 0 {
            self.run -= 1;
            false
        } else {
            self.ends_in_one = false;
            true
        }
    }

    #[inline(never)]
    fn next_run(&mut self) {
        if self.count < 6 {
            self.fill();
        }
        let exponent = RUN_EXPONENTS.get(usize::from(self.state)).copied();
        let exponent = u32::from(exponent.unwrap_or(5));
        let length = if self.bits >> 63 == 1 {
            self.run = 1 << exponent;
            self.state = (self.state + 1).min(12);
            1
        } else {
            self.run = ((self.bits << 1) >> 1 >> (63 - exponent)) as u32;
            self.state = self.state.saturating_sub(1);
            self.ends_in_one = true;
            1 + exponent
        };
        self.bits <<= length;
        self.count -= length;
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let byte = match self.data.split_first() {
                Some((&byte, rest)) => {
                    self.data = rest;
                    byte | if rest.is_empty() { 0x0F } else { 0 }
                }
                None => 0xFF,
            };
            let (bits, count) = match self.is_after_ff {
                true => (byte & 0x7F, 7),
                false => (byte, 8),
            };
            self.bits |= u64::from(bits) << (64 - count - self.count);
            self.count += count;
            self.is_after_ff = byte == 0xFF;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of which many are stuffed around.
    fn data(length: usize, seed: u32) -> Vec<u8> {
        let mut state = seed;
        let bytes = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match state >> 29 {
                0 => 0xFF,
                1 => 0x7F,
                _ => (state >> 16) as u8,
            }
        });
        bytes.take(length).collect()
    }

    fn bits_of(plain: &[u8], count: usize) -> Vec<u32> {
        let mut bits = Bits::new(plain);
        (0..count).map(|_| bits.bit()).collect()
    }

    #[test]
    fn after_a_byte_of_ones_forward_streams_have_seven_bits() {
        for length in 0..60 {
            let data = data(length, length as u32);
            let mut expected = Vec::new();
            let mut is_after_ff = false;
            for &byte in &data {
                let count = if is_after_ff { 7 } else { 8 };
                expected.extend((0..count).map(|bit| u32::from(byte >> bit) & 1));
                is_after_ff = byte == 0xFF;
            }
            for fill in [0, 0xFF] {
                let mut room = vec![0xA5; 7];
                let plain = forward(&data, fill, &mut room);
                let mut expected = expected.clone();
                expected.resize(expected.len() + 60, u32::from(fill & 1));
                assert_eq!(bits_of(plain, expected.len()), expected, "{length}");
            }
        }
    }

    #[test]
    fn before_a_large_byte_backward_streams_have_seven_bits_of_ones() {
        for length in 0..60 {
            let data = data(length, 77 + length as u32);
            let mut expected = Vec::new();
            let mut is_after_large = true;
            for &byte in data.iter().rev() {
                let is_stuffed = is_after_large && byte & 0x7F == 0x7F;
                let count = if is_stuffed { 7 } else { 8 };
                expected.extend((0..count).map(|bit| u32::from(byte >> bit) & 1));
                is_after_large = byte > 0x8F;
            }
            expected.resize(expected.len() + 100, 0);
            let mut room = Vec::new();
            let plain = refinements(&data, &mut room);
            assert_eq!(bits_of(plain, expected.len()), expected, "{length}");
        }
    }

    #[test]
    fn words_far_beyond_the_end_are_what_is_said() {
        let mut room = Vec::new();
        let plain = forward(&[1, 2], 0xFF, &mut room);
        assert_eq!(word_at(plain, 0, 5) & 0xFF_FFFF, 0xFF_0201);
        assert_eq!(word_at(plain, 1000, 5), 5);
        assert_eq!(word_at(plain, usize::MAX, 5), 5);
    }
}
