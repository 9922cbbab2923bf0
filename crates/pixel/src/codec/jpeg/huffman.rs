//! Huffman tables for decoding (T.81 §C, §F.2.2.3): most codes, and their additional bits where
//! these are few, are found with one look.

use super::bits::extend;
use super::broken;
use super::segments::Segment;
use crate::Result;

/// A table as DHT gives it (T.81 §B.2.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HuffmanCodes {
    /// Codes of 1 to 16 bits.
    pub counts: [u8; 16],
    /// Symbols, by growing length of their codes.
    pub symbols: Vec<u8>,
}

impl HuffmanCodes {
    /// Reads the table at `start` of a DHT segment's body. Says where the next one is.
    pub fn read(segment: &Segment<'_>, start: usize) -> Result<(HuffmanCodes, usize)> {
        let mut counts = [0; 16];
        counts.copy_from_slice(segment.slice(start, 16)?);
        let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
        let wrong = || broken(segment.at(start), "a Huffman table with too many codes");
        if total > 256 {
            return Err(wrong());
        }
        // All-ones codes are taken although §C forbids them: an encoder of the nineties made
        // 16-bit lossless streams with a full table.
        let mut code = 0_u32;
        for (length, count) in (1_u32..).zip(counts) {
            code += u32::from(count);
            if code > 1 << length {
                return Err(wrong());
            }
            code <<= 1;
        }
        let symbols = segment.slice(start + 16, total)?.to_vec();
        Ok((HuffmanCodes { counts, symbols }, start + 16 + total))
    }
}

/// What additional bits follow a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The symbol is a category: as many bits, of category 16 none.
    Difference,
    /// As many as the symbol's low half says.
    Coefficient,
}

/// What is found under the next bits: value (16 bits), symbol (8), complete (1), length (5).
/// Length 0 is a longer code, or none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry(u32);

impl Entry {
    const COMPLETE: u32 = 0x80;

    /// Bits to pass: code and additional bits if complete, else the code alone.
    #[inline(always)]
    pub fn length(self) -> u32 {
        self.0 & 31
    }

    /// Is the value known?
    #[inline(always)]
    pub fn is_complete(self) -> bool {
        self.0 & Self::COMPLETE != 0
    }

    #[inline(always)]
    pub fn symbol(self) -> u8 {
        (self.0 >> 8) as u8
    }

    #[inline(always)]
    pub fn value(self) -> i32 {
        (self.0 as i32) >> 16
    }
}

/// For coefficients: small, as up to eight are made for each frame.
pub(super) type DctTable = Table<1024>;
/// For lossless differences: a code and its bits fit nearly always.
pub(super) type LosslessTable = Table<4096>;

/// A table to decode with; `SIZE` is a power of two.
#[derive(Clone, Debug)]
pub(super) struct Table<const SIZE: usize> {
    entries: Box<[Entry; SIZE]>,
    /// By length: the first 16 bits that are above all codes so long.
    limits: [u32; 17],
    /// By length: what makes a code the index of its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl<const SIZE: usize> Table<SIZE> {
    const BITS: u32 = SIZE.trailing_zeros();

    pub fn new(codes: &HuffmanCodes, kind: Kind) -> Table<SIZE> {
        let mut table = Table {
            entries: Box::new([Entry::default(); SIZE]),
            limits: [0; 17],
            offsets: [0; 17],
            symbols: codes.symbols.clone(),
        };
        let mut code = 0_u32;
        let mut index = 0_usize;
        for (length, count) in (1_u32..).zip(codes.counts) {
            table.offsets[length as usize] = index as i32 - code as i32;
            for _ in 0..count {
                if length <= Self::BITS {
                    let symbol = codes.symbols.get(index).copied().unwrap_or(0);
                    table.enter(code, length, symbol, kind);
                }
                code += 1;
                index += 1;
            }
            table.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        table
    }

    /// Fills what begins with one code.
    fn enter(&mut self, code: u32, length: u32, symbol: u8, kind: Kind) {
        let spare = Self::BITS - length;
        let first = (code << spare) as usize;
        let Some(entries) = self.entries.get_mut(first..first + (1 << spare)) else {
            return; // `HuffmanCodes::read` lets no such code pass
        };
        let plain = u32::from(symbol) << 8 | length;
        let size = match kind {
            Kind::Difference if symbol == 16 => {
                // -32768 is 32768 to arithmetic modulo 65536.
                entries.fill(Entry(0x8000_0000 | plain | Entry::COMPLETE));
                return;
            }
            Kind::Difference => u32::from(symbol),
            Kind::Coefficient => u32::from(symbol & 15),
        };
        if size == 0 {
            entries.fill(Entry(plain | Entry::COMPLETE));
        } else if size > spare {
            entries.fill(Entry(plain));
        } else {
            let repeats = 1 << (spare - size);
            for (bits, same) in (0_i32..).zip(entries.chunks_exact_mut(repeats)) {
                let value = extend(bits, size);
                same.fill(Entry(
                    (value << 16) as u32 | (plain + size) | Entry::COMPLETE,
                ));
            }
        }
    }

    /// `buffer` has the next bits on top.
    #[inline(always)]
    pub fn look_up(&self, buffer: u64) -> Entry {
        self.entries[(buffer >> (64 - Self::BITS)) as usize]
    }

    /// Symbol and length of a code that is too long for one look (T.81 Figure F.16).
    #[cold]
    pub fn search(&self, buffer: u64) -> Option<(u8, u32)> {
        let next = (buffer >> 48) as u32;
        for length in Self::BITS + 1..=16 {
            if next < self.limits[length as usize] {
                let code = (next >> (16 - length)) as i32;
                let index = usize::try_from(code + self.offsets[length as usize]).ok()?;
                return Some((*self.symbols.get(index)?, length));
            }
        }
        None
    }
}
