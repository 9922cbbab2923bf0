//! Writes entropy-coded segments (T.81 §F.1.2.3).

/// Gathers bits, stuffing a zero after each 0xFF.
#[derive(Debug, Default)]
pub(in crate::codec::jpeg) struct BitWriter {
    pub bytes: Vec<u8>,
    /// The last bits, the newest lowest.
    buffer: u64,
    count: u32,
}

impl BitWriter {
    /// Writes the low `length` bits, at most 32. There must be none above them.
    #[inline(always)]
    pub fn put(&mut self, bits: u32, length: u32) {
        self.buffer = self.buffer << length | u64::from(bits);
        self.count += length;
        if self.count >= 32 {
            self.count -= 32;
            let word = (self.buffer >> self.count) as u32;
            self.put_bytes(word.to_be_bytes());
        }
    }

    #[inline(always)]
    fn put_bytes(&mut self, bytes: [u8; 4]) {
        if bytes.contains(&0xFF) {
            bytes.into_iter().for_each(|byte| self.put_byte(byte));
        } else {
            self.bytes.extend_from_slice(&bytes);
        }
    }

    fn put_byte(&mut self, byte: u8) {
        self.bytes.push(byte);
        if byte == 0xFF {
            self.bytes.push(0);
        }
    }

    /// Fills the last byte with ones.
    pub fn finish(&mut self) {
        let fill = (8 - self.count % 8) % 8;
        self.buffer = self.buffer << fill | ((1 << fill) - 1);
        self.count += fill;
        while self.count > 0 {
            self.count -= 8;
            self.put_byte((self.buffer >> self.count) as u8);
        }
        self.buffer = 0;
    }
}
