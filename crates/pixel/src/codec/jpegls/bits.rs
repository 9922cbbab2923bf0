//! Bits of a scan (§A.1, §C.2.1): a zero bit is stuffed after each byte 0xFF.
//!
//! The stuffed bits are taken out of (or put into) a whole scan at once, eight bytes at a time
//! where none is 0xFF, so that the coder itself sees plain bits.

/// Zero bytes after the bits of a segment, so that words can be read at its end.
const PADDING: usize = 16;

/// A segment of a scan without stuffed bits: up to its marker or the end of the stream.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// The bits, and padding.
    bytes: Vec<u8>,
    /// How many bits.
    bits: usize,
    /// How many of these may be a fill byte before the marker.
    filling: usize,
    /// Where in the stream the segment began.
    start: usize,
    /// Where in the stream its marker is (or its end).
    pub end: usize,
}

/// Has a byte of the word all bits set?
fn has_ff(word: u64) -> bool {
    let low = 0x0101_0101_0101_0101_u64;
    let zeros = !word;
    zeros.wrapping_sub(low) & !zeros & (low << 7) != 0
}

/// The low `count` bits (less than 64) of a word, moved to its top.
fn low_bits(word: u64, count: u32) -> u64 {
    if count == 0 { 0 } else { word << (64 - count) }
}

impl Segment {
    /// Takes the stuffed bits out of the segment that begins at `start`.
    pub fn read(stream: &[u8], start: usize, reuse: Segment) -> Segment {
        let mut bytes = reuse.bytes;
        bytes.clear();
        let mut rest = stream.get(start..).unwrap_or_default();
        bytes.reserve(rest.len().min(1 << 20) + PADDING);
        // Bits not yet a byte, from the top.
        let (mut pending, mut count) = (0_u64, 0_u32);
        let mut filling = 0;
        loop {
            if let Some((eight, after)) = rest.split_first_chunk::<8>() {
                let word = u64::from_be_bytes(*eight);
                if !has_ff(word) {
                    bytes.extend_from_slice(&(pending | word >> count).to_be_bytes());
                    pending = low_bits(word, count);
                    rest = after;
                    continue;
                }
            }
            match *rest {
                [0xFF, low, ..] if low < 0x80 => {
                    pending |= (0xFF_u64 << 7 | u64::from(low)) << (49 - count);
                    count += 15;
                    rest = rest.get(2..).unwrap_or_default();
                }
                // A fill byte before the marker, or the last byte of a scan without stuffed bit.
                [0xFF, 0xFF, 0x80..=0xFF, ..] => {
                    pending |= 0xFF_u64 << (56 - count);
                    count += 8;
                    filling = 8;
                    rest = rest.get(1..).unwrap_or_default();
                    move_bytes(&mut bytes, &mut pending, &mut count);
                    break;
                }
                [0xFF, ..] | [] => break,
                [byte, ..] => {
                    pending |= u64::from(byte) << (56 - count);
                    count += 8;
                    rest = rest.get(1..).unwrap_or_default();
                }
            }
            move_bytes(&mut bytes, &mut pending, &mut count);
        }
        let bits = bytes.len() * 8 + count as usize;
        bytes.extend_from_slice(&pending.to_be_bytes());
        bytes.extend_from_slice(&[0; PADDING]);
        Segment {
            bits,
            filling,
            bytes,
            start,
            end: stream.len() - rest.len(),
        }
    }

    /// A reader of the segment.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            bytes: &self.bytes,
            position: 0,
            end: self.bits,
            filling: self.filling,
        }
    }

    /// Where in the stream a bit is.
    pub fn offset(&self, stream: &[u8], bit: usize) -> usize {
        let mut at = self.start;
        let mut seen = 0;
        let mut width = 8;
        while seen + width <= bit && at < self.end {
            seen += width;
            width = if stream.get(at) == Some(&0xFF) { 7 } else { 8 };
            at += 1;
        }
        at
    }
}

/// Moves whole bytes out of the pending bits.
fn move_bytes(bytes: &mut Vec<u8>, pending: &mut u64, count: &mut u32) {
    while *count >= 8 {
        bytes.push((*pending >> 56) as u8);
        *pending <<= 8;
        *count -= 8;
    }
}

/// Reads bits; past the end there are zeros.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// The next bit.
    pub position: usize,
    end: usize,
    filling: usize,
}

impl Reader<'_> {
    /// The next 57 bits or more, from the top of the word.
    #[inline(always)]
    pub fn peek(&self) -> u64 {
        let at = self.position >> 3;
        match self.bytes.get(at..at + 8) {
            Some(eight) => {
                let mut word = [0; 8];
                word.copy_from_slice(eight);
                u64::from_be_bytes(word) << (self.position & 7)
            }
            None => 0,
        }
    }

    /// The next `count` bits, at most 32.
    #[inline(always)]
    pub fn take(&mut self, count: u32) -> u32 {
        let word = self.peek();
        self.position += count as usize;
        ((word >> 32) >> (32 - count.min(32))) as u32
    }

    /// More bits read than there are?
    pub fn is_past_end(&self) -> bool {
        self.position > self.end
    }

    /// Only the bits left that fill the last byte?
    pub fn is_at_end(&self) -> bool {
        self.position <= self.end && self.end - self.position < 8 + self.filling
    }
}

/// Collects bits.
pub(super) struct Writer {
    words: Vec<u64>,
    pending: u64,
    /// Bits free in `pending`, 1 to 64.
    free: u32,
}

impl Writer {
    /// Nothing yet; room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Writer {
        Writer {
            words: Vec::with_capacity(bytes / 8 + 1),
            pending: 0,
            free: 64,
        }
    }

    /// Adds the low `count` bits (at most 64) of `value`; the others must be zero.
    #[inline(always)]
    pub fn put(&mut self, value: u64, count: u32) {
        if count < self.free {
            self.free -= count;
            self.pending |= value << self.free;
        } else {
            let over = count - self.free;
            self.words.push(self.pending | value >> over);
            self.pending = (value << 1) << (63 - over);
            self.free = 64 - over;
        }
    }

    /// Writes the bits, stuffed, to the end of a stream; zeros fill the last byte.
    pub fn finish(mut self, stream: &mut Vec<u8>) {
        let bits = self.words.len() * 64 + (64 - self.free) as usize;
        self.words.push(self.pending);
        stream.reserve(bits / 8 + bits / 1024 + 16);
        // Bits not yet written, from the top, less than 8.
        let (mut pending, mut count) = (0_u64, 0_u32);
        let mut left = bits;
        let mut after_ff = false;
        for word in self.words {
            let whole = pending | word >> count;
            if left >= 64 && !after_ff && !has_ff(whole) {
                stream.extend_from_slice(&whole.to_be_bytes());
                pending = low_bits(word, count);
                left -= 64;
                continue;
            }
            let mut bits = u128::from(pending) << 64 | u128::from(word) << (64 - count);
            let mut have = count + left.min(64) as u32;
            left -= left.min(64);
            let least = if left == 0 { 1 } else { 8 };
            while have >= least {
                let width = if after_ff { 7 } else { 8 };
                let byte = (bits >> (128 - width)) as u8;
                stream.push(byte);
                after_ff = byte == 0xFF;
                bits <<= width;
                have = have.saturating_sub(width);
            }
            pending = (bits >> 64) as u64;
            count = have;
        }
        // A marker follows: a last 0xFF must not look like its beginning.
        if after_ff {
            stream.push(0);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bits_survive_stuffing() {
        let mut seed = 1_u64;
        for round in 0..400_u32 {
            let mut values = Vec::new();
            let mut writer = Writer::with_capacity(8);
            for _ in 0..round {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let count = 1 + (seed >> 59) as u32;
                let ones = (seed >> 40) & 3 != 0;
                let value = if ones { u64::MAX } else { seed >> 8 } & ((1 << count) - 1);
                values.push((value, count));
                writer.put(value, count);
            }
            let mut stream = vec![1, 2, 3];
            writer.finish(&mut stream);
            for pair in stream[3..].windows(2) {
                assert!(pair[0] != 0xFF || pair[1] < 0x80);
            }
            let end = stream.len();
            assert_ne!(stream.last(), Some(&0xFF));
            stream.extend_from_slice(&[0xFF, 0xD9]);
            let segment = Segment::read(&stream, 3, Segment::default());
            assert_eq!(segment.end, end);
            let mut reader = segment.reader();
            for (value, count) in values {
                assert_eq!(u64::from(reader.take(count)), value);
                assert!(!reader.is_past_end());
            }
            assert!(segment.offset(&stream, reader.position) <= end);
        }
    }

    #[test]
    fn words_of_64_bits_are_taken() {
        let mut writer = Writer::with_capacity(0);
        writer.put(1, 1);
        writer.put(0x1234_5678_9ABC_DEF0, 64);
        writer.put(0x0FED_CBA9_8765_4321, 64);
        let mut stream = Vec::new();
        writer.finish(&mut stream);
        let segment = Segment::read(&stream, 0, Segment::default());
        let mut reader = segment.reader();
        assert_eq!(reader.take(1), 1);
        assert_eq!(reader.take(32), 0x1234_5678);
        assert_eq!(reader.take(32), 0x9ABC_DEF0);
        assert_eq!(reader.take(32), 0x0FED_CBA9);
        assert_eq!(reader.take(32), 0x8765_4321);
        assert!(reader.is_at_end());
    }

    #[test]
    fn the_offset_of_a_bit_counts_stuffed_ones() {
        let stream = [0x01, 0xFF, 0x7F, 0x02, 0xFF, 0xD9];
        let segment = Segment::read(&stream, 0, Segment::default());
        assert_eq!(segment.end, 4);
        assert_eq!(segment.bits, 31);
        assert_eq!(segment.offset(&stream, 0), 0);
        assert_eq!(segment.offset(&stream, 8), 1);
        assert_eq!(segment.offset(&stream, 16), 2);
        assert_eq!(segment.offset(&stream, 23), 3);
    }
}
