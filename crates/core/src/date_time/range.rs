//! Range matching keys (PS3.4 §C.2.2.2.5): `a`, `a-b`, `-b`, `a-`.
//!
//! A value that is not precise to the last digit counts at its earliest moment; a bound that is
//! not takes in all its moments. A range whose start is after its end covers nothing.

use std::str::FromStr;

use super::{Date, DateTime, Offset, Time};
use crate::{Error, Result, Vr};

/// A range of days, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateRange {
    /// The first day; `None` if there is no bound.
    pub from: Option<Date>,
    /// The last day; `None` if there is no bound.
    pub to: Option<Date>,
}

/// A range of times of day, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// The start; `None` if there is no bound.
    pub from: Option<Time>,
    /// The end; `None` if there is no bound.
    pub to: Option<Time>,
}

/// A range of moments, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTimeRange {
    /// The start; `None` if there is no bound.
    pub from: Option<DateTime>,
    /// The end; `None` if there is no bound.
    pub to: Option<DateTime>,
}

impl DateRange {
    /// Reads a key; a single day is a range of one.
    pub fn parse(text: &str) -> Result<DateRange> {
        let (from, to) = bounds(text, Vr::DA, Date::parse)?;
        Ok(DateRange { from, to })
    }

    /// Is the day within the range?
    pub fn covers(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
    }
}

impl TimeRange {
    /// Reads a key; a single time is the range of all its moments.
    pub fn parse(text: &str) -> Result<TimeRange> {
        let (from, to) = bounds(text, Vr::TM, Time::parse)?;
        Ok(TimeRange { from, to })
    }

    /// Is the earliest moment of `time` within the range?
    pub fn covers(&self, time: Time) -> bool {
        let moment = time.earliest();
        self.from.is_none_or(|from| from.earliest() <= moment)
            && self.to.is_none_or(|to| moment <= to.latest())
    }
}

impl DateTimeRange {
    /// Reads a key. A hyphen may also begin an offset from UTC: what is a single value as it
    /// stands is one, and of several ways to split a range the first that is in order counts.
    pub fn parse(text: &str) -> Result<DateTimeRange> {
        let text = text.trim_matches([' ', '\0']);
        let range = |from, to| DateTimeRange { from, to };
        if let Ok(single) = DateTime::parse(text) {
            return Ok(range(Some(single), Some(single)));
        }
        if let Some(Ok(to)) = text.strip_prefix('-').map(DateTime::parse) {
            return Ok(range(None, Some(to)));
        }
        if let Some(Ok(from)) = text.strip_suffix('-').map(DateTime::parse) {
            return Ok(range(Some(from), None));
        }
        let splits = text.match_indices('-').filter_map(|(at, _)| {
            let (from, to) = (text.get(..at)?, text.get(at + 1..)?);
            Some((DateTime::parse(from).ok()?, DateTime::parse(to).ok()?))
        });
        let splits: Vec<_> = splits.collect();
        let in_order = |pair: &&(DateTime, DateTime)| {
            pair.0.earliest(Offset::UTC) <= pair.1.latest(Offset::UTC)
        };
        match splits.iter().find(in_order).or(splits.first()) {
            Some((from, to)) => Ok(range(Some(*from), Some(*to))),
            None => Err(Error::invalid(
                Vr::DT,
                "neither a date time nor a range of them",
            )),
        }
    }

    /// The range from the first moment of a pair of date and time keys to the last: combined
    /// date-time matching (PS3.4 §C.2.2.2.5.1), on times without offset.
    pub fn combined(dates: &DateRange, times: &TimeRange) -> DateTimeRange {
        let with = |date: Option<Date>, time| date.map(|date| DateTime::new(date, time, None));
        DateTimeRange {
            from: with(dates.from, times.from),
            to: with(dates.to, times.to),
        }
    }

    /// Is the earliest moment of `value` within the range? `zone` is the offset of values and
    /// bounds that have none.
    pub fn covers(&self, value: DateTime, zone: Offset) -> bool {
        let (from, to) = self.moments(zone);
        (from..=to).contains(&value.earliest(zone))
    }

    /// The bounds in microseconds of UTC from 0001-01-01, as [`DateTime::earliest`] counts.
    pub fn moments(&self, zone: Offset) -> (i64, i64) {
        let from = self.from.map_or(i64::MIN, |from| from.earliest(zone));
        (from, self.to.map_or(i64::MAX, |to| to.latest(zone)))
    }
}

type Bounds<T> = (Option<T>, Option<T>);

fn bounds<T: Copy>(text: &str, vr: Vr, parse: fn(&str) -> Result<T>) -> Result<Bounds<T>> {
    let text = text.trim_matches([' ', '\0']);
    let bound = |text: &str| {
        if text.trim().is_empty() {
            Ok(None)
        } else {
            parse(text).map(Some)
        }
    };
    match text.split_once('-') {
        None => parse(text).map(|value| (Some(value), Some(value))),
        Some((from, to)) => match (bound(from)?, bound(to)?) {
            (None, None) => Err(Error::invalid(vr, "a range without bounds")),
            bounds => Ok(bounds),
        },
    }
}

impl FromStr for DateRange {
    type Err = Error;
    fn from_str(text: &str) -> Result<DateRange> {
        DateRange::parse(text)
    }
}

impl FromStr for TimeRange {
    type Err = Error;
    fn from_str(text: &str) -> Result<TimeRange> {
        TimeRange::parse(text)
    }
}

impl FromStr for DateTimeRange {
    type Err = Error;
    fn from_str(text: &str) -> Result<DateTimeRange> {
        DateTimeRange::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_covered_from_the_first_to_the_last() {
        let covers = |range: &str, day: &str| {
            let range = DateRange::parse(range).expect("a range");
            range.covers(Date::parse(day).expect("a day"))
        };
        assert!(covers("20240101-20240131", "20240101") && covers("20240101-20240131", "20240131"));
        assert!(!covers("20240101-20240131", "20240201"));
        assert!(covers("-20240131", "00010101") && !covers("-20240131", "20240201"));
        assert!(covers("20240101-", "99991231") && !covers("20240101-", "20231231"));
        assert!(covers("20240101", "20240101") && !covers("20240101", "20240102"));
        assert!(covers("2024.01.01 - 2024.01.31", "20240115"));
        assert!(!covers("20240131-20240101", "20240115"));
        for bad in [
            "",
            "-",
            "2024-2025",
            "20240101-x",
            "20240101-20240102-20240103",
        ] {
            assert!(DateRange::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_imprecise_bound_takes_in_all_its_moments() {
        let covers = |range: &str, time: &str| {
            let range = TimeRange::parse(range).expect("a range");
            range.covers(Time::parse(time).expect("a time"))
        };
        assert!(covers("10-12", "125959.999999") && !covers("10-12", "13"));
        assert!(covers("1030", "103059") && !covers("1030", "1031"));
        assert!(covers("-1030", "00") && covers("1030-", "235959"));
        assert!(covers("10:30-10:31", "103115"));
        assert!(!covers("103000-", "102959.999999"));
    }

    #[test]
    fn hyphens_of_offsets_are_told_from_those_of_ranges() {
        let show = |text: &str| {
            let range = DateTimeRange::parse(text).expect("a range");
            let end = |bound: Option<DateTime>| bound.map_or(String::new(), |b| b.to_string());
            format!("{}|{}", end(range.from), end(range.to))
        };
        assert_eq!(show("20240101-0500"), "20240101-0500|20240101-0500");
        assert_eq!(show("20240101-20240201"), "20240101|20240201");
        assert_eq!(
            show("20240101-0500-20240201-0500"),
            "20240101-0500|20240201-0500"
        );
        assert_eq!(
            show("20240101+0100-20240201-0500"),
            "20240101+0100|20240201-0500"
        );
        assert_eq!(show("20240101-20240201-0500"), "20240101|20240201-0500");
        assert_eq!(show("20240101-0500-"), "20240101-0500|");
        assert_eq!(show("-20240101-0500"), "|20240101-0500");
        assert_eq!(show("1999-2005"), "1999|2005");
        for bad in ["", "-", "--", "x-y", "20240101--20240102"] {
            assert!(DateTimeRange::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn moments_are_covered_across_zones() {
        let covers = |range: &str, value: &str| {
            let range = DateTimeRange::parse(range).expect("a range");
            range.covers(DateTime::parse(value).expect("a value"), Offset::UTC)
        };
        assert!(covers("20240101-20240131", "20240131235959"));
        assert!(covers("20240101+0000-", "20231231200000-0500"));
        assert!(!covers("20240101+0000-", "20240101003000+0100"));
        assert!(covers("2024", "20241231235959.999999"));
    }

    #[test]
    fn dates_and_times_combine_to_one_range() {
        let dates = DateRange::parse("20240101-20240103").expect("a range");
        let times = TimeRange::parse("1800-0600").expect("a range");
        let range = DateTimeRange::combined(&dates, &times);
        let covers =
            |text: &str| range.covers(DateTime::parse(text).expect("a value"), Offset::UTC);
        assert!(covers("202401021200") && covers("202401011800") && covers("202401030600"));
        assert!(!covers("202401011759") && !covers("202401030601"));
    }
}
