//! The best Huffman codes for given frequencies (T.81 §K.2).

/// Codes of up to 17 symbols, none of all ones, none longer than 16 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Codes {
    /// Codes of 1 to 16 bits.
    pub counts: [u8; 16],
    /// Symbols by growing length.
    pub symbols: Vec<u8>,
    /// By symbol: code and length.
    pub codes: [(u32, u32); 17],
}

impl Codes {
    /// Makes codes for what occurs.
    pub fn new(frequencies: &[u64; 17]) -> Codes {
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
            codes: [(0, 0); 17],
        };
        let mut code = 0;
        for length in 1..=16 {
            for symbol in (0..17_usize).filter(|symbol| lengths[*symbol] == length) {
                result.codes[symbol] = (code, length);
                result.symbols.push(symbol as u8);
                result.counts[length as usize - 1] += 1;
                code += 1;
            }
            code <<= 1;
        }
        result
    }
}

/// The lengths of Huffman's codes; 0 for what does not occur. One more symbol, rarer than all, takes
/// the code of all ones.
fn lengths(frequencies: &[u64; 17]) -> [u32; 17] {
    // Each tree: its weight, and which symbols are in it (bit 17 is the added one).
    let mut trees: Vec<(u64, u32)> = (0..17)
        .filter(|symbol| frequencies[*symbol] > 0)
        .map(|symbol| (frequencies[symbol] * 2, 1 << symbol))
        .collect();
    trees.push((1, 1 << 17));
    let mut lengths = [0; 17];
    while trees.len() > 1 {
        trees.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        let (Some(one), Some(other)) = (trees.pop(), trees.pop()) else {
            break;
        };
        let joined = (one.0 + other.0, one.1 | other.1);
        for (symbol, length) in lengths.iter_mut().enumerate() {
            *length += joined.1 >> symbol & 1;
        }
        trees.push(joined);
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kraft(codes: &Codes) -> f64 {
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
}
