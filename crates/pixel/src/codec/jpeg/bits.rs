//! Bits of entropy-coded segments (T.81 §F.2.2.5, §B.1.1.5): a 64-bit buffer, filled eight bytes
//! at once where none of them is 0xFF.

use super::broken;
use super::huffman::Table;
use super::segments::{marker, next_marker};
use crate::Result;

/// Reads the bits of one scan. It never goes past a marker: there, and at the end of the bytes, it
/// gives ones, which no code consists of, and remembers how many.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Of the first byte that is not in `buffer`.
    position: usize,
    /// The next bits, the first one on top.
    buffer: u64,
    /// Valid bits of `buffer`.
    count: u32,
    /// Bits that were given without being there.
    padding: u64,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8], position: usize) -> BitReader<'a> {
        BitReader {
            bytes,
            position,
            buffer: 0,
            count: 0,
            padding: 0,
        }
    }

    /// Where the reader is: not behind the marker that ends the segment.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Have more bits been read than there are? Old encoders leave the last byte out if it is
    /// 0xFF, so that it looks like a fill byte before the next marker: such is taken.
    pub fn is_overrun(&self) -> bool {
        let missing = self.padding.saturating_sub(self.count.into());
        missing > 8 || (missing > 0 && !self.is_at_fill())
    }

    fn is_at_fill(&self) -> bool {
        self.bytes
            .get(self.position..)
            .is_some_and(|rest| rest.starts_with(&[0xFF, 0xFF]))
    }

    /// The error for a scan that cannot go on.
    pub fn error(&self) -> crate::Error {
        if self.is_overrun() {
            broken(self.position, "entropy-coded data end early")
        } else {
            let ahead = usize::try_from(self.count / 8).unwrap_or(0);
            let near = self.position.saturating_sub(ahead);
            broken(near, "a code that is in no table, or a wrong coefficient")
        }
    }

    /// Passes restart marker `number` (0 to 7) and begins anew behind it.
    pub fn restart(&mut self, number: u8) -> Result<()> {
        let found = next_marker(self.bytes, self.position);
        // All of the interval must have been read, but for bits that fill the last byte.
        let unread = found.map(|found| found - self.position + (self.count / 8) as usize);
        match found {
            Some(offset)
                if self.bytes[offset + 1] == marker::RST0 + number
                    && (self.padding > 0 || unread.is_some_and(|unread| unread <= 8)) =>
            {
                *self = BitReader::new(self.bytes, offset + 2);
                Ok(())
            }
            _ => Err(broken(
                found.unwrap_or(self.bytes.len()),
                format!("restart marker {number} expected"),
            )),
        }
    }

    /// Makes at least 32 bits available, which is one code and its additional bits.
    #[inline(always)]
    pub fn fill(&mut self) {
        if self.count < 32 {
            self.refill();
        }
    }

    #[inline(always)]
    fn refill(&mut self) {
        if let Some(chunk) = self
            .bytes
            .get(self.position..)
            .and_then(|rest| rest.first_chunk::<8>())
        {
            let word = u64::from_be_bytes(*chunk);
            if !has_ff(word) {
                // Bits beyond `count` are those of the byte at `position`: to be seen again, equal.
                self.buffer |= word >> self.count;
                let taken = (63 - self.count) >> 3;
                self.position += taken as usize;
                self.count += taken * 8;
                return;
            }
        }
        self.refill_slowly();
    }

    #[cold]
    #[inline(never)]
    fn refill_slowly(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.position) {
                Some(0xFF) if self.bytes.get(self.position + 1) == Some(&0) => {
                    self.position += 2;
                    0xFF
                }
                Some(0xFF) | None => {
                    self.buffer |= u64::MAX >> self.count;
                    self.padding += u64::from(64 - self.count);
                    self.count = 64;
                    return;
                }
                Some(byte) => {
                    self.position += 1;
                    *byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[inline(always)]
    fn consume(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.count -= bits;
    }

    /// The next 1 to 16 bits. [`fill`](Self::fill) must have been called.
    #[inline(always)]
    pub fn take(&mut self, bits: u32) -> i32 {
        let value = (self.buffer >> (64 - bits)) as i32;
        self.consume(bits);
        value
    }

    /// The next bit, filling first.
    #[inline(always)]
    pub fn bit(&mut self) -> bool {
        self.fill();
        self.take(1) == 1
    }

    /// `size` additional bits as the signed value they stand for (T.81 §F.2.2.1).
    #[inline(always)]
    pub fn take_signed(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        extend(self.take(size), size)
    }

    /// A difference: its category's code and additional bits (T.81 §F.2.2.1, §H.2.2). Category 16
    /// has no additional bits. None if there is no such code.
    #[inline(always)]
    pub fn difference<const SIZE: usize>(&mut self, table: &Table<SIZE>) -> Option<i32> {
        self.fill();
        let entry = table.look_up(self.buffer);
        if entry.is_complete() {
            self.consume(entry.length());
            return Some(entry.value());
        }
        let size = self.finish_symbol(table, entry)?;
        match size {
            0..=15 => Some(self.take_signed(size.into())),
            16 => Some(32_768),
            _ => None,
        }
    }

    /// A symbol of a coefficient: zeros before it and its size; the value too if one look at the
    /// table gave it (T.81 §F.2.2.2).
    #[inline(always)]
    pub fn coefficient<const SIZE: usize>(&mut self, table: &Table<SIZE>) -> Option<(u8, i32)> {
        self.fill();
        let entry = table.look_up(self.buffer);
        if entry.is_complete() {
            self.consume(entry.length());
            return Some((entry.symbol(), entry.value()));
        }
        let symbol = self.finish_symbol(table, entry)?;
        Some((symbol, self.take_signed((symbol & 15).into())))
    }

    /// A symbol without its additional bits.
    #[inline(always)]
    pub fn symbol<const SIZE: usize>(&mut self, table: &Table<SIZE>) -> Option<u8> {
        self.fill();
        let entry = table.look_up(self.buffer);
        if entry.is_complete() {
            self.consume(entry.length() - u32::from(entry.symbol() & 15));
            return Some(entry.symbol());
        }
        self.finish_symbol(table, entry)
    }

    #[inline(always)]
    fn finish_symbol<const SIZE: usize>(
        &mut self,
        table: &Table<SIZE>,
        entry: super::huffman::Entry,
    ) -> Option<u8> {
        if entry.length() > 0 {
            self.consume(entry.length());
            return Some(entry.symbol());
        }
        let (symbol, length) = table.search(self.buffer)?;
        self.consume(length);
        Some(symbol)
    }
}

/// Additional bits as a signed value (T.81 Figure F.12).
#[inline(always)]
pub(super) fn extend(value: i32, size: u32) -> i32 {
    if value < 1 << (size - 1) {
        value - (1 << size) + 1
    } else {
        value
    }
}

/// Is any byte 0xFF?
#[inline(always)]
fn has_ff(word: u64) -> bool {
    let zeros = !word;
    zeros.wrapping_sub(0x0101_0101_0101_0101) & !zeros & 0x8080_8080_8080_8080 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffed_bytes_are_read_and_markers_end_the_bits() {
        let mut reader = BitReader::new(&[0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD9], 0);
        let mut read = Vec::new();
        for _ in 0..3 {
            reader.fill();
            read.push(reader.take(8));
        }
        assert_eq!(read, [0x12, 0xFF, 0x34]);
        assert!(!reader.is_overrun());
        assert!(reader.bit());
        assert!(reader.is_overrun());
        assert_eq!(reader.position(), 4);
    }

    #[test]
    fn bytes_of_ff_are_seen_wherever_they_are() {
        for shift in 0..8 {
            assert!(has_ff(0xFF_u64 << (8 * shift)));
            assert!(has_ff(0xFEFE_FEFE_FEFE_FEFE | 0x01_u64 << (8 * shift)));
            assert!(!has_ff(0xFE_u64 << (8 * shift)));
        }
        assert!(!has_ff(0xFEFE_FEFE_FEFE_FEFE));
    }
}
