//! Huffman codes for any of 256 symbols (T.81 §K.2), for coefficients.

use crate::codec::jpeg::segments::marker;

/// Codes of symbols that occur, none of all ones, none longer than 16 bits.
#[derive(Clone, Debug)]
pub(in crate::codec::jpeg) struct Symbols {
    counts: [u8; 16],
    symbols: Vec<u8>,
    /// By symbol: code and length; length 0 of those that do not occur.
    pub codes: [(u32, u32); 256],
}

impl Symbols {
    /// Makes codes for what occurs.
    pub fn new(frequencies: &[u64; 256]) -> Symbols {
        let mut frequencies = *frequencies;
        let lengths = loop {
            let lengths = lengths(&frequencies);
            if lengths.iter().all(|length| *length <= 16) {
                break lengths;
            }
            // Too deep: make the rare less rare.
            for frequency in frequencies.iter_mut().filter(|frequency| **frequency > 0) {
                *frequency = frequency.div_ceil(2);
            }
        };
        let mut result = Symbols {
            counts: [0; 16],
            symbols: Vec::new(),
            codes: [(0, 0); 256],
        };
        let mut code = 0;
        for length in 1..=16_u32 {
            for symbol in (0..=255_u8).filter(|symbol| lengths[usize::from(*symbol)] == length) {
                result.codes[usize::from(symbol)] = (code, length);
                result.symbols.push(symbol);
                result.counts[length as usize - 1] += 1;
                code += 1;
            }
            code <<= 1;
        }
        result
    }

    /// Appends a DHT segment: of which class (AC?) and number.
    pub fn put_segment(&self, (is_ac, number): (bool, u8), output: &mut Vec<u8>) {
        let length = 2 + 1 + 16 + self.symbols.len() as u16;
        output.extend_from_slice(&[0xFF, marker::DHT]);
        output.extend_from_slice(&length.to_be_bytes());
        output.push(u8::from(is_ac) << 4 | number);
        output.extend_from_slice(&self.counts);
        output.extend_from_slice(&self.symbols);
    }
}

/// The lengths of Huffman's codes; 0 for what does not occur. One more symbol, rarer than all,
/// takes the code of all ones.
fn lengths(frequencies: &[u64; 256]) -> [u32; 256] {
    let mut trees: Vec<(u64, Vec<usize>)> = (0..256)
        .filter(|symbol| frequencies[*symbol] > 0)
        .map(|symbol| (frequencies[symbol] * 2, vec![symbol]))
        .collect();
    trees.push((1, Vec::new()));
    let mut lengths = [0; 256];
    while trees.len() > 1 {
        trees.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        let (Some(one), Some(mut other)) = (trees.pop(), trees.pop()) else {
            break;
        };
        other.0 += one.0;
        other.1.extend(one.1);
        for symbol in &other.1 {
            lengths[*symbol] += 1;
        }
        trees.push(other);
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_a_prefix_code_without_all_ones_and_of_at_most_sixteen_bits() {
        let mut skewed = [0_u64; 256];
        for (symbol, frequency) in skewed.iter_mut().enumerate() {
            *frequency = 1 << (symbol % 40);
        }
        let mut single = [0; 256];
        single[7] = 3;
        for frequencies in [skewed, single, [1; 256]] {
            let codes = Symbols::new(&frequencies);
            let used: Vec<_> = codes
                .codes
                .iter()
                .filter(|(_, length)| *length > 0)
                .collect();
            let kraft: f64 = used
                .iter()
                .map(|(_, length)| 0.5_f64.powi(*length as i32))
                .sum();
            assert!(kraft < 1.0);
            assert!(
                used.iter()
                    .all(|(code, length)| *length <= 16 && *code != (1 << length) - 1)
            );
            assert_eq!(
                used.len(),
                frequencies.iter().filter(|one| **one > 0).count()
            );
        }
    }
}
