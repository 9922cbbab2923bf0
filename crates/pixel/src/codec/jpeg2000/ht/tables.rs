//! Tables to decode significance patterns and exponents with.

use super::codes::{Code, FIRST_ROW, OTHER_ROWS};

/// By context and the next seven bits: `known << 12 | ones << 8 | pattern << 4 | offset << 3`
/// `| length`.
pub(super) type Patterns = [u16; 1024];

pub(super) const FIRST: Patterns = patterns(&FIRST_ROW);
pub(super) const OTHER: Patterns = patterns(&OTHER_ROWS);

const fn patterns(codes: &[Code]) -> Patterns {
    let mut table = [0; 1024];
    let mut index = 0;
    while index < codes.len() {
        let code = codes[index];
        let context = (code >> 28) as usize;
        let (pattern, offset) = (code >> 24 & 0xF, code >> 20 & 0xF);
        let (known, ones) = (code >> 16 & 0xF, code >> 12 & 0xF);
        let (word, length) = ((code >> 4 & 0xFF) as usize, code & 0xF);
        let entry = known << 12 | ones << 8 | pattern << 4 | offset << 3 | length;
        let mut above = 0;
        while above < 128 >> length {
            table[context << 7 | above << length | word] = entry as u16;
            above += 1;
        }
        index += 1;
    }
    table
}

/// Prefix of an exponent by the next three bits: its length, bits of the suffix, value (Table 3).
pub(super) const PREFIXES: [(u32, u32, u32); 8] = [
    (3, 5, 5),
    (1, 0, 1),
    (2, 0, 2),
    (1, 0, 1),
    (3, 1, 3),
    (1, 0, 1),
    (2, 0, 2),
    (1, 0, 1),
];

/// By context, pattern and the samples that reach the exponent: `word << 8 | known << 4 | length`.
pub(super) type Words = [u16; 2048];

pub(super) const FIRST_WORDS: Words = words(&FIRST_ROW);
pub(super) const OTHER_WORDS: Words = words(&OTHER_ROWS);

/// Of several codes that tell the truth, the one that tells most.
const fn words(codes: &[Code]) -> Words {
    let mut table = [0; 2048];
    let mut told = [0; 2048];
    let mut index = 0;
    while index < codes.len() {
        let code = codes[index];
        let place = ((code >> 28) << 8 | (code >> 24 & 0xF) << 4) as usize;
        let (known, ones) = (code >> 16 & 0xF, code >> 12 & 0xF);
        let (word, length) = (code >> 4 & 0xFF, code & 0xF);
        let entry = (word << 8 | known << 4 | length) as u16;
        if code >> 20 & 0xF == 0 {
            table[place] = entry;
        } else {
            let mut reaching = 1;
            while reaching < 16 {
                let at = place | reaching as usize;
                if known & reaching == ones && known.count_ones() + 1 > told[at] {
                    table[at] = entry;
                    told[at] = known.count_ones() + 1;
                }
                reaching += 1;
            }
        }
        index += 1;
    }
    table
}
