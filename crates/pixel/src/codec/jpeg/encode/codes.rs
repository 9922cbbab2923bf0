//! The best Huffman codes for given frequencies (T.81 §K.2).

use crate::codec::jpeg::segments::marker;

/// Codes of the symbols below `N`, none of all ones, none longer than 16 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::codec::jpeg) struct Codes<const N: usize> {
    /// Codes of 1 to 16 bits.
    pub counts: [u8; 16],
    /// Symbols by growing length.
    pub symbols: Vec<u8>,
    /// By symbol: code and length; length 0 of those that do not occur.
    pub codes: [(u32, u32); N],
}

impl<const N: usize> Codes<N> {
    /// Makes codes for what occurs.
    pub fn new(frequencies: &[u64; N]) -> Codes<N> {
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
        let mut result = Codes {
            counts: [0; 16],
            symbols: Vec::new(),
            codes: [(0, 0); N],
        };
        let mut code = 0;
        for length in 1..=16 {
            for symbol in (0..N).filter(|symbol| lengths[*symbol] == length) {
                result.codes[symbol] = (code, length);
                result.symbols.push(symbol as u8);
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
fn lengths<const N: usize>(frequencies: &[u64; N]) -> [u32; N] {
    let mut trees: Vec<(u64, Vec<usize>)> = (0..N)
        .filter(|symbol| frequencies[*symbol] > 0)
        .map(|symbol| (frequencies[symbol] * 2, vec![symbol]))
        .collect();
    trees.push((1, Vec::new()));
    let mut lengths = [0; N];
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

    fn kraft<const N: usize>(codes: &Codes<N>) -> f64 {
        let used = codes.codes.iter().filter(|(_, length)| *length > 0);
        used.map(|(_, length)| 0.5_f64.powi(*length as i32)).sum()
    }

    #[test]
    fn lengths_never_exceed_sixteen_and_all_ones_stays_free() {
        let mut fibonacci = [1_u64; 17];
        for index in 2..17 {
            fibonacci[index] = fibonacci[index - 1] + fibonacci[index - 2];
        }
        let mut doubling = [0; 17];
        for (index, frequency) in doubling.iter_mut().enumerate() {
            *frequency = 3_u64.pow(index as u32);
        }
        let mut single = [0; 17];
        single[5] = 1_000;
        for frequencies in [fibonacci, doubling, single, [7; 17]] {
            let codes = Codes::new(&frequencies);
            let used = frequencies.iter().filter(|frequency| **frequency > 0);
            assert_eq!(codes.symbols.len(), used.count());
            assert!(kraft(&codes) < 1.0);
            for (code, length) in codes.codes.iter().filter(|(_, length)| *length > 0) {
                assert!(*length <= 16 && *code != (1 << length) - 1);
            }
        }
    }

    #[test]
    fn so_it_is_with_many_symbols() {
        let mut skewed = [0_u64; 256];
        for (symbol, frequency) in skewed.iter_mut().enumerate() {
            *frequency = 1 << (symbol % 40);
        }
        let mut single = [0; 256];
        single[7] = 3;
        for frequencies in [skewed, single, [1; 256]] {
            let codes = Codes::new(&frequencies);
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
