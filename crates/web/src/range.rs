//! Byte ranges (RFC 9110 §14, PS3.18 §10.4 for bulk data).

use std::ops::Range;

use http::HeaderMap;
use http::header::{IF_RANGE, RANGE};

use crate::error::{Error, Result};

/// Ranges answered in one response; a request with more gets everything.
const RANGES: usize = 16;

/// What of a resource is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Everything,
    /// One range, not empty.
    One(Range<u64>),
    /// Several, in the client's order, none empty.
    Several(Vec<Range<u64>>),
}

/// Reads `Range` (and `If-Range`) for a resource of `length` bytes with this entity tag.
/// What RFC 9110 says to ignore is ignored; a range beyond the end is 416.
pub fn wanted(headers: &HeaderMap, length: u64, etag: Option<&str>) -> Result<Wanted> {
    let Some(text) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return Ok(Wanted::Everything);
    };
    if let Some(condition) = headers.get(IF_RANGE) {
        // Only strong tags compare; dates never do, for we keep none.
        if condition.to_str().ok() != etag || etag.is_none_or(|tag| tag.starts_with("W/")) {
            return Ok(Wanted::Everything);
        }
    }
    let Some(ranges) = parse(text, length) else {
        return Ok(Wanted::Everything);
    };
    let inside: Vec<Range<u64>> = ranges.into_iter().flatten().collect();
    let total: u64 = inside
        .iter()
        .map(|range| range.end - range.start)
        .fold(0, u64::saturating_add);
    match inside.as_slice() {
        [] => Err(Error::RangeNotSatisfiable { length }),
        [one] => Ok(Wanted::One(one.clone())),
        // Overlapping ranges that ask for more than there is: RFC 9110 §14.2 lets us refuse.
        several if several.len() > RANGES || total > length => Ok(Wanted::Everything),
        _ => Ok(Wanted::Several(inside)),
    }
}

/// `None` if the header is not a list of byte ranges; an inner `None` for a range beyond the end.
fn parse(text: &str, length: u64) -> Option<Vec<Option<Range<u64>>>> {
    let (unit, list) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let number = |digits: &str| -> Option<u64> {
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        // More digits than fit lie beyond every end.
        all_digits.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    let mut ranges = Vec::new();
    for piece in list.split(',') {
        let piece = piece.trim();
        if piece.is_empty() {
            continue;
        }
        let (first, last) = piece.split_once('-')?;
        let (first, last) = (first.trim(), last.trim());
        let range = if first.is_empty() {
            let suffix = number(last)?;
            length.saturating_sub(suffix)..length
        } else {
            let first = number(first)?;
            let end = if last.is_empty() {
                length
            } else {
                let last = number(last)?;
                if last < first {
                    return None;
                }
                last.saturating_add(1).min(length)
            };
            first..end
        };
        ranges.push((range.start < range.end).then_some(range));
        if ranges.len() > 1000 {
            return None;
        }
    }
    (!ranges.is_empty()).then_some(ranges)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]
    use super::*;
    use proptest::prelude::*;

    fn ask(range: &str, length: u64) -> Result<Wanted> {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, range.parse().unwrap());
        wanted(&headers, length, None)
    }

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        assert_eq!(ask("bytes=0-0", 10).unwrap(), Wanted::One(0..1));
        assert_eq!(ask("bytes=2-", 10).unwrap(), Wanted::One(2..10));
        assert_eq!(ask("bytes=-3", 10).unwrap(), Wanted::One(7..10));
        assert_eq!(ask("bytes=-30", 10).unwrap(), Wanted::One(0..10));
        assert_eq!(ask("Bytes = 2-3 ,", 10).unwrap(), Wanted::One(2..4));
        assert_eq!(
            ask("bytes=5-99999999999999999999999", 10).unwrap(),
            Wanted::One(5..10)
        );
        assert_eq!(
            ask("bytes=0-1, 4-5", 10).unwrap(),
            Wanted::Several(vec![0..2, 4..6])
        );
        assert_eq!(ask("bytes=0-1, 40-50", 10).unwrap(), Wanted::One(0..2));
    }

    #[test]
    fn beyond_the_end_is_416_and_rubbish_is_ignored() {
        for beyond in ["bytes=10-", "bytes=-0", "bytes=99999999999999999999-"] {
            assert!(
                matches!(
                    ask(beyond, 10),
                    Err(Error::RangeNotSatisfiable { length: 10 })
                ),
                "{beyond}"
            );
        }
        assert!(ask("bytes=0-", 0).is_err());
        for rubbish in [
            "bytes",
            "bytes=",
            "items=0-1",
            "bytes=a-b",
            "bytes=3-1",
            "bytes=1",
            "bytes=+1-2",
        ] {
            assert_eq!(ask(rubbish, 10).unwrap(), Wanted::Everything, "{rubbish}");
        }
    }

    #[test]
    fn many_and_overlapping_ranges_give_everything() {
        let many = format!(
            "bytes={}",
            (0..40).map(|n| format!("{n}-{n},")).collect::<String>()
        );
        assert_eq!(ask(&many, 100).unwrap(), Wanted::Everything);
        assert_eq!(ask("bytes=0-,0-", 10).unwrap(), Wanted::Everything);
    }

    #[test]
    fn if_range_compares_strong_tags() {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, "bytes=0-0".parse().unwrap());
        headers.insert(IF_RANGE, "\"a\"".parse().unwrap());
        assert_eq!(
            wanted(&headers, 5, Some("\"a\"")).unwrap(),
            Wanted::One(0..1)
        );
        assert_eq!(
            wanted(&headers, 5, Some("\"b\"")).unwrap(),
            Wanted::Everything
        );
        assert_eq!(wanted(&headers, 5, None).unwrap(), Wanted::Everything);
    }

    proptest! {
        #[test]
        fn every_answer_lies_inside(text in "bytes=[0-9,\\- ]{0,30}", length in 0u64..50) {
            match ask(&text, length) {
                Ok(Wanted::One(range)) => prop_assert!(range.start < range.end && range.end <= length),
                Ok(Wanted::Several(ranges)) => for range in ranges {
                    prop_assert!(range.start < range.end && range.end <= length);
                },
                _ => {}
            }
        }
    }
}
