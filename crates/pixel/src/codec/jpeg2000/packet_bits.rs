//! Bits of packet headers (T.800 §B.10.1): after a byte FF the next has seven.

/// A reader of bits, the highest first.
#[derive(Clone, Debug)]
pub(super) struct PacketBits<'a> {
    bytes: &'a [u8],
    position: usize,
    current: u8,
    left: u8,
}

impl<'a> PacketBits<'a> {
    pub(super) fn new(bytes: &'a [u8], position: usize) -> PacketBits<'a> {
        PacketBits {
            bytes,
            position,
            current: 0,
            left: 0,
        }
    }

    /// The next bit; `None` at the end.
    #[inline]
    pub(super) fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.left = if self.current == 0xFF { 7 } else { 8 };
            self.current = *self.bytes.get(self.position)?;
            self.position += 1;
        }
        self.left -= 1;
        Some(u32::from(self.current >> self.left) & 1)
    }

    /// The next `count` bits, at most 32.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = (value << 1) | self.bit()?;
        }
        Some(value)
    }

    /// Ends the header; returns where what follows begins.
    pub(super) fn finish(self) -> usize {
        if self.current == 0xFF {
            self.position + 1
        } else {
            self.position
        }
    }
}
