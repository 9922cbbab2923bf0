//! Many byte strings searched at once, letters of ASCII in either case.
//!
//! Built for each instance, so building must be cheap: no automaton, but a table of three-byte
//! windows. Each pattern has an anchor, the window of it that fewest other patterns have. In bulk
//! data only every fourth byte is looked at, which finds patterns of six bytes or more.

use super::exemption::is_gradient;

/// Where a match may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Anywhere.
    Anywhere,
    /// Not within a longer word or number.
    Word,
}

/// A spelling of a needle.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Bytes, letters of ASCII in lower case.
    pub bytes: Vec<u8>,
    /// Whose spelling it is.
    pub needle: u32,
    /// Where it may stand.
    pub fit: Fit,
    /// Bytes of a character: 2 for UTF-16.
    pub unit: usize,
    /// UTF-16: the byte of a unit that has ASCII characters.
    pub low: usize,
    /// Letters of either case are the same.
    pub folds: bool,
    /// A part of a name, or an identifier without digits: no proof by itself in a name that the
    /// policy keeps.
    pub single: bool,
}

/// Windows are told apart by so many bits.
const BITS: u32 = 18;
/// Shortest pattern.
pub const SHORTEST: usize = 3;
/// Shortest pattern that is looked for in bulk data.
pub const BULK: usize = 6;
/// Shortest UTF-16 pattern that is looked for in bulk data.
const BULK_UTF16: usize = 12;
/// Every so many bytes of bulk data are looked at.
const STRIDE: usize = 4;

/// The patterns and their windows.
pub struct Matcher {
    patterns: Vec<Pattern>,
    /// By window at the anchor.
    all: Windows,
    /// By windows of three bytes at the first offsets: bulk data.
    bulk: Windows,
    /// By windows of eight bytes at the first offsets: bulk data, UTF-16.
    wide: Windows,
}

/// Which windows there are, and of which patterns at which offset.
#[derive(Default)]
struct Windows {
    filter: Vec<u64>,
    entries: Vec<(u32, u32, u32)>,
}

impl Windows {
    fn new() -> Windows {
        Windows {
            filter: vec![0; 1 << (BITS - 6)],
            entries: Vec::new(),
        }
    }

    fn add(&mut self, hash: u32, pattern: usize, offset: usize) {
        if let Some(word) = self.filter.get_mut((hash >> 6) as usize) {
            *word |= 1 << (hash & 63);
        }
        let entry = (hash, small(pattern), small(offset));
        self.entries.push(entry);
    }

    #[inline]
    fn has(&self, hash: u32) -> bool {
        let word = self.filter.get((hash >> 6) as usize).copied();
        word.unwrap_or(0) >> (hash & 63) & 1 != 0
    }

    fn of(&self, hash: u32) -> &[(u32, u32, u32)] {
        let from = self.entries.partition_point(|entry| entry.0 < hash);
        let rest = self.entries.get(from..).unwrap_or(&[]);
        let length = rest.iter().take_while(|entry| entry.0 == hash).count();
        rest.get(..length).unwrap_or(&[])
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The hash of a window of three bytes; case does not matter, and more than that does not either.
#[inline]
fn hash3(window: u32) -> u32 {
    ((window & 0x00FF_FFFF) | 0x0020_2020).wrapping_mul(0x9E37_79B1) >> (32 - BITS)
}

#[inline]
fn hash8(window: u64) -> u32 {
    let mixed = (window | 0x2020_2020_2020_2020).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (64 - BITS)) as u32
}

/// Are the first three bytes none of the control characters? No pattern has these.
#[inline]
fn is_text(window: u64) -> bool {
    let window = window as u32 & 0x00FF_FFFF;
    window.wrapping_sub(0x0020_2020) & !window & 0x0080_8080 == 0
}

/// Is every other byte zero: the first 256 characters in UTF-16?
#[inline]
fn is_utf16(window: u64) -> bool {
    window != 0 && (window & 0xFF00_FF00_FF00_FF00 == 0 || window & 0x00FF_00FF_00FF_00FF == 0)
}

fn window3(bytes: &[u8]) -> Option<u32> {
    let [a, b, c] = *bytes.first_chunk::<3>()?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

fn window8(bytes: &[u8]) -> Option<u64> {
    bytes
        .first_chunk::<8>()
        .map(|bytes| u64::from_le_bytes(*bytes))
}

impl Matcher {
    /// Of these patterns; those that are too short are left out.
    pub fn new(mut patterns: Vec<Pattern>) -> Matcher {
        patterns.retain(|pattern| pattern.bytes.len() >= SHORTEST);
        let mut used = vec![0_u8; 1 << BITS];
        let mut all = Windows::new();
        let mut bulk = Windows::new();
        let mut wide = Windows::new();
        for (number, pattern) in patterns.iter().enumerate() {
            let windows = pattern.bytes.windows(3).enumerate();
            let hashes = windows.map(|(at, bytes)| (at, hash3(window3(bytes).unwrap_or(0))));
            let count = |hash: u32| used.get(hash as usize).copied().unwrap_or(u8::MAX);
            let best = hashes.min_by_key(|(_, hash)| count(*hash));
            if let Some((at, hash)) = best {
                if let Some(count) = used.get_mut(hash as usize) {
                    *count = count.saturating_add(1);
                }
                all.add(hash, number, at);
            }
            let offsets = 0..STRIDE;
            if is_gradient(&pattern.bytes) {
                continue;
            }
            if pattern.unit == 1 && pattern.bytes.len() >= BULK {
                for at in offsets {
                    let window = pattern.bytes.get(at..).and_then(window3);
                    bulk.add(hash3(window.unwrap_or(0)), number, at);
                }
            } else if pattern.bytes.len() >= BULK_UTF16 {
                for at in offsets {
                    let window = pattern.bytes.get(at..).and_then(window8);
                    wide.add(hash8(window.unwrap_or(0)), number, at);
                }
            }
        }
        for windows in [&mut all, &mut bulk, &mut wide] {
            windows.entries.sort_unstable();
        }
        Matcher {
            patterns,
            all,
            bulk,
            wide,
        }
    }

    /// Calls `found` with the position of each match of patterns of at least `shortest` bytes.
    pub fn search(&self, hay: &[u8], shortest: usize, mut found: impl FnMut(usize, &Pattern)) {
        if self.patterns.is_empty() {
            return;
        }
        for (at, bytes) in hay.windows(3).enumerate() {
            let hash = hash3(window3(bytes).unwrap_or(0));
            if self.all.has(hash) {
                self.compare(&self.all, hash, hay, at, &mut |start, pattern| {
                    if pattern.bytes.len() >= shortest {
                        found(start, pattern);
                    }
                });
            }
        }
    }

    /// As [`Matcher::search`], of patterns of at least [`BULK`] bytes in bulk data.
    pub fn search_bulk(&self, hay: &[u8], mut found: impl FnMut(usize, &Pattern)) {
        if self.bulk.entries.is_empty() && self.wide.entries.is_empty() {
            return;
        }
        let mut at = 0;
        // Two samples in one load of eight bytes; the rest below.
        while let Some(bytes) = hay.get(at..).and_then(|rest| rest.first_chunk::<12>()) {
            let [a, b, c, d, e, f, g, h, i, j, k, l] = *bytes;
            let near = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
            let far = u64::from_le_bytes([e, f, g, h, i, j, k, l]);
            for (at, window) in [(at, near), (at + STRIDE, far)] {
                if is_text(window) {
                    let hash = hash3(window as u32);
                    if self.bulk.has(hash) {
                        self.compare(&self.bulk, hash, hay, at, &mut found);
                    }
                }
                if is_utf16(window) {
                    let hash = hash8(window);
                    if self.wide.has(hash) {
                        self.compare(&self.wide, hash, hay, at, &mut found);
                    }
                }
            }
            at += 2 * STRIDE;
        }
        while let Some(window) = hay.get(at..).and_then(window3) {
            let hash = hash3(window);
            if self.bulk.has(hash) {
                self.compare(&self.bulk, hash, hay, at, &mut found);
            }
            if let Some(window) = hay.get(at..).and_then(window8) {
                self.compare(&self.wide, hash8(window), hay, at, &mut found);
            }
            at += STRIDE;
        }
    }

    fn compare(
        &self,
        windows: &Windows,
        hash: u32,
        hay: &[u8],
        at: usize,
        found: &mut impl FnMut(usize, &Pattern),
    ) {
        for (_, number, offset) in windows.of(hash) {
            let Some(pattern) = self.patterns.get(*number as usize) else {
                continue;
            };
            let Some(start) = at.checked_sub(*offset as usize) else {
                continue;
            };
            let end = start + pattern.bytes.len();
            let is_equal = hay.get(start..end).is_some_and(|part| pattern.equals(part));
            if is_equal && (pattern.fit == Fit::Anywhere || pattern.stands_alone(hay, start, end)) {
                found(start, pattern);
            }
        }
    }
}

impl Pattern {
    fn equals(&self, part: &[u8]) -> bool {
        if self.folds {
            part.eq_ignore_ascii_case(&self.bytes)
        } else {
            part == self.bytes
        }
    }

    /// Neither within a longer word nor within a longer number.
    fn stands_alone(&self, hay: &[u8], start: usize, end: usize) -> bool {
        let char_at = |at: Option<usize>| -> u8 {
            let at = at.unwrap_or(usize::MAX);
            let high = 1 - self.low;
            let is_ascii =
                self.unit == 1 || at.checked_add(high).and_then(|at| hay.get(at)) == Some(&0);
            let low = if self.unit == 1 {
                Some(at)
            } else {
                at.checked_add(self.low)
            };
            let byte = low.and_then(|at| hay.get(at)).copied();
            byte.filter(|_| is_ascii).unwrap_or(0)
        };
        let before = char_at(start.checked_sub(self.unit));
        let before2 = char_at(start.checked_sub(2 * self.unit));
        let (first, last) = (char_at(Some(start)), char_at(end.checked_sub(self.unit)));
        let (after, after2) = (char_at(Some(end)), char_at(end.checked_add(self.unit)));
        // The end of a value cuts a number; a decimal point does not.
        let joins_before = if first.is_ascii_digit() {
            matches!(before, b'1'..=b'9') || before == b'.' && before2.is_ascii_digit()
        } else {
            is_letter(before) && !(before.is_ascii_lowercase() && first.is_ascii_uppercase())
        };
        let joins_after = if last.is_ascii_digit() {
            after.is_ascii_digit() || after == b'.' && after2.is_ascii_digit()
        } else {
            is_letter(after) && !(last.is_ascii_lowercase() && after.is_ascii_uppercase())
        };
        !joins_before && !joins_after
    }
}

/// A letter, as far as one byte tells.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0xC0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, fit: Fit) -> Pattern {
        Pattern {
            bytes: text.to_lowercase().into_bytes(),
            needle: 0,
            fit,
            unit: 1,
            low: 0,
            folds: true,
            single: false,
        }
    }

    fn starts(matcher: &Matcher, hay: &str) -> Vec<usize> {
        let mut starts = Vec::new();
        matcher.search(hay.as_bytes(), 0, |start, _| starts.push(start));
        starts
    }

    #[test]
    fn words_are_found_in_any_case_but_not_within_others() {
        let matcher = Matcher::new(vec![pattern("doe", Fit::Word)]);
        for hay in ["DOE", "doe_x", "T1_Doe-2", "JaneDoe", "x.DoeJane", "(doe)"] {
            assert_eq!(starts(&matcher, hay).len(), 1, "{hay}");
        }
        for hay in ["does", "undoed", "DOER"] {
            assert_eq!(starts(&matcher, hay).len(), 0, "{hay}");
        }
    }

    #[test]
    fn numbers_are_not_found_within_longer_ones() {
        let matcher = Matcher::new(vec![pattern("12345", Fit::Word)]);
        for hay in ["12345", "0012345", "ID12345x", "12345.", "no 12345, then"] {
            assert_eq!(starts(&matcher, hay).len(), 1, "{hay}");
        }
        for hay in ["123456", "912345", "12345.67", "1.12345"] {
            assert_eq!(starts(&matcher, hay).len(), 0, "{hay}");
        }
    }

    #[test]
    fn bulk_data_are_searched_at_every_alignment() {
        let texts = ["doe^ja", "4711-0815-42", "smith^j"];
        let mut patterns: Vec<_> = texts.map(|text| pattern(text, Fit::Anywhere)).into();
        patterns.push(Pattern {
            bytes: "doe^jane".bytes().flat_map(|b| [b, 0]).collect(),
            unit: 2,
            ..pattern("", Fit::Word)
        });
        let matcher = Matcher::new(patterns.clone());
        for shift in 0..17 {
            for end in [0, 1, 2, 3, 9] {
                for pattern in &patterns {
                    let mut hay = vec![7; shift];
                    hay.extend_from_slice(&pattern.bytes.to_ascii_uppercase());
                    hay.resize(hay.len() + end, 7);
                    let mut found = 0;
                    matcher.search_bulk(&hay, |start, _| found += usize::from(start == shift));
                    assert!(found > 0, "{shift} {end}");
                }
            }
        }
    }
}
