//! Many strings searched for at once. A filter of the first four bytes rejects almost every
//! position, so that a list of a hundred thousand patients costs no more than a short one.

use std::collections::HashMap;

use super::Kind;

/// Words of the filter; its bits are a small multiple.
const FILTER: usize = 256;

/// A set of strings of at least four bytes, each of a kind.
#[derive(Clone, Debug, Default)]
pub struct Needles {
    by_start: HashMap<u32, Vec<(String, Kind)>>,
    filter: Vec<u64>,
}

impl Needles {
    /// Adds a string; shorter ones than four bytes are not taken.
    pub fn add(&mut self, needle: String, kind: Kind) {
        let Some(start) = needle.as_bytes().first_chunk::<4>() else {
            return;
        };
        let start = u32::from_le_bytes(*start);
        if self.filter.is_empty() {
            self.filter = vec![0; FILTER];
        }
        let (word, bit) = place(start);
        if let Some(word) = self.filter.get_mut(word) {
            *word |= bit;
        }
        let same_start = self.by_start.entry(start).or_default();
        if !same_start.iter().any(|(other, _)| *other == needle) {
            same_start.push((needle, kind));
        }
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.by_start.is_empty()
    }

    /// Calls `found` with the bytes of each occurrence in `text`.
    pub fn search(&self, text: &str, mut found: impl FnMut(usize, &str, Kind)) {
        if self.is_empty() {
            return;
        }
        for (at, window) in text.as_bytes().windows(4).enumerate() {
            let Ok(start) = <[u8; 4]>::try_from(window) else {
                continue;
            };
            let start = u32::from_le_bytes(start);
            let (word, bit) = place(start);
            if self.filter.get(word).is_none_or(|word| word & bit == 0) {
                continue;
            }
            let rest = text.as_bytes().get(at..).unwrap_or(&[]);
            for (needle, kind) in self.by_start.get(&start).into_iter().flatten() {
                if rest.starts_with(needle.as_bytes()) {
                    found(at, needle, *kind);
                }
            }
        }
    }
}

fn place(start: u32) -> (usize, u64) {
    let hash = start.wrapping_mul(0x9E37_79B1) >> 18;
    let word = usize::try_from(hash >> 6).unwrap_or(0);
    (word % FILTER, 1 << (hash & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_found() {
        let mut needles = Needles::default();
        needles.add("12345".to_owned(), Kind::Identifier);
        needles.add("1234567".to_owned(), Kind::Identifier);
        needles.add("abc".to_owned(), Kind::Identifier);
        let mut found = Vec::new();
        needles.search("x1234567y12345abc", |at, needle, _| {
            found.push((at, needle.len()))
        });
        assert_eq!(found, [(1, 5), (1, 7), (9, 5)]);
    }
}
