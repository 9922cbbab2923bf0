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
const PREFIXES: [(u16, u16, u16); 8] = [
    (3, 5, 5),
    (1, 0, 1),
    (2, 0, 2),
    (1, 0, 1),
    (3, 1, 3),
    (1, 0, 1),
    (2, 0, 2),
    (1, 0, 1),
];

/// Which quads of a pair have an exponent: the first, the second, both; and both in the first row,
/// where a large first one leaves one bit for the second.
pub(super) const BOTH: usize = 3;
pub(super) const BOTH_IN_FIRST: usize = 4;

/// Exponents of a pair by which have one (`<< 6`) and the next six bits: `second << 13 | first << 10`
/// `| bits of the first suffix << 7 | bits of both suffixes << 3 | bits of both prefixes`.
pub(super) const EXPONENTS: [u16; 512] = {
    let mut table = [0; 512];
    let mut index = 0;
    while index < (BOTH_IN_FIRST + 1) << 6 {
        let (which, bits) = (index >> 6, index & 63);
        let nothing = (0, 0, 0);
        let first = if which & 1 == 1 || which == BOTH_IN_FIRST {
            PREFIXES[bits & 7]
        } else {
            nothing
        };
        let rest = bits >> first.0;
        let second = if which == BOTH_IN_FIRST && first.2 > 2 {
            (1, 0, (rest & 1) as u16 + 1)
        } else if which >= 2 {
            PREFIXES[rest & 7]
        } else {
            nothing
        };
        let (prefixes, suffixes) = (first.0 + second.0, first.1 + second.1);
        table[index] = second.2 << 13 | first.2 << 10 | first.1 << 7 | suffixes << 3 | prefixes;
        index += 1;
    }
    table
};

/// The bits of a pattern, each in a byte.
pub(super) const SPREAD: [u32; 16] = {
    let mut table = [0; 16];
    let mut index = 0;
    while index < 16 {
        let bits = index as u32;
        table[index] = bits & 1 | (bits & 2) << 7 | (bits & 4) << 14 | (bits & 8) << 21;
        index += 1;
    }
    table
};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bits_of_significant_samples_are_known() {
        for entry in FIRST.into_iter().chain(OTHER) {
            let (known, ones, pattern) = (entry >> 12, entry >> 8 & 0xF, entry >> 4 & 0xF);
            assert_eq!((known & !pattern, ones & !known), (0, 0), "{entry:#06x}");
            assert!(known == 0 || entry & 8 != 0, "{entry:#06x}");
        }
    }

    #[test]
    fn a_large_first_exponent_leaves_a_bit_for_the_second_in_the_first_row() {
        // Prefix 001 of the first: 3 and a bit more. Then a 1: the second is 2.
        let entry = EXPONENTS[BOTH_IN_FIRST << 6 | 0b00_1100];
        assert_eq!(entry, 2 << 13 | 3 << 10 | 1 << 7 | 1 << 3 | 4);
        // Elsewhere the second has a prefix of its own: 1 is 1.
        let entry = EXPONENTS[BOTH << 6 | 0b00_1100];
        assert_eq!(entry, 1 << 13 | 3 << 10 | 1 << 7 | 1 << 3 | 4);
    }
}
