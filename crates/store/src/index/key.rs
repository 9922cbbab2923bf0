//! What values are compared and sorted by: folded text, dates, times and numbers as integers.

use sagittal_core::date_time::{Date, DateTime, Offset, Time};
use sagittal_core::fold::fold;

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

/// No date: sorts after all others.
pub const NO_MOMENT: i64 = i64::MAX;

/// A person name to compare by.
pub fn name_key(name: &str) -> String {
    fold(name)
}

/// A DA value as days; `None` if this is no date.
pub fn date_key(text: &str) -> Option<i64> {
    Date::parse(text).ok().map(|date| i64::from(date.to_days()))
}

/// A TM value as microseconds of the day; `None` if this is no time.
pub fn time_key(text: &str) -> Option<i64> {
    Time::parse(text).ok().map(Time::earliest)
}

/// A DT value as microseconds, in UTC if it says how to get there; `None` if this is none.
pub fn date_time_key(text: &str) -> Option<i64> {
    DateTime::parse(text)
        .ok()
        .map(|moment| moment.earliest(Offset::UTC))
}

/// A date and its time (midnight if there is none) as microseconds; `None` without a date.
pub fn moment(date: &str, time: &str) -> Option<i64> {
    Some(date_key(date)? * DAY + time_key(time).unwrap_or(0))
}

/// What studies are sorted by, the newest first.
pub fn newest(date: &str, time: &str) -> i64 {
    moment(date, time).map_or(NO_MOMENT, |moment| -moment)
}

/// The number in an IS or DS value.
pub fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

/// What series and instances are sorted by: their number, those without one last.
pub fn number_key(text: &str) -> i64 {
    match number(text) {
        // Far beyond any IS, and exact in both types.
        Some(n) if n.abs() < 1e15 => (n * 1000.0).round() as i64,
        _ => i64::MAX,
    }
}

/// 64 bits of a UID's hash, for sets that must be small.
pub fn uid_hash(uid: &str) -> i64 {
    let hash = blake3::hash(uid.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    i64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn studies_sort_newest_first_and_those_without_a_date_last() {
        assert!(newest("20240301", "") < newest("20240229", "235959"));
        assert!(newest("20240301", "10") < newest("20240301", "0930"));
        assert!(newest("00010101", "") < newest("2024-13", "10"));
        assert_eq!(moment("20240301", "x"), moment("20240301", ""));
        assert_eq!(date_time_key("20240301"), moment("20240301", ""));
    }

    #[test]
    fn instances_without_a_number_sort_last() {
        assert!(number_key("-3") < number_key("2"));
        assert!(number_key(" 10 ") > number_key("9.5"));
        assert_eq!(number_key("A"), i64::MAX);
    }
}
