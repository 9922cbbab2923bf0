//! `DA`.

use std::fmt;
use std::str::FromStr;

use super::digits;
use crate::{Error, Result, Vr};

/// A day of the Gregorian calendar, years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Refuses a day that the calendar does not have.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Date> {
        let ok = (1..=9999).contains(&year) && day >= 1 && day <= days_of_month(year, month);
        if ok {
            Ok(Date { year, month, day })
        } else {
            Err(Error::invalid(Vr::DA, "no such day"))
        }
    }

    /// `YYYYMMDD`, or `YYYY.MM.DD` as in ACR-NEMA; spaces around it go.
    pub fn parse(text: &str) -> Result<Date> {
        let text = text.trim_matches([' ', '\0']);
        Date::read(text).ok_or_else(|| Error::invalid(Vr::DA, "not YYYYMMDD"))
    }

    fn read(text: &str) -> Option<Date> {
        let (year, rest) = digits(text, 4)?;
        let dotted = rest.starts_with('.');
        let skip = |rest: &'_ str| {
            if dotted {
                rest.strip_prefix('.').map(str::len)
            } else {
                Some(rest.len())
            }
        };
        let rest = rest.get(rest.len() - skip(rest)?..)?;
        let (month, rest) = digits(rest, 2)?;
        let rest = rest.get(rest.len() - skip(rest)?..)?;
        let (day, rest) = digits(rest, 2)?;
        let number = |n: u32| u8::try_from(n).ok();
        let date = Date::new(u16::try_from(year).ok()?, number(month)?, number(day)?).ok()?;
        rest.is_empty().then_some(date)
    }

    /// The year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub fn day(self) -> u8 {
        self.day
    }

    /// The last day of a month, `None` if there is no such month.
    pub fn last_of_month(year: u16, month: u8) -> Option<Date> {
        Date::new(year, month, days_of_month(year, month)).ok()
    }

    /// Days since 0001-01-01, which is 0.
    pub fn to_days(self) -> i32 {
        let before = i32::from(self.year) - 1;
        let leap_days = before / 4 - before / 100 + before / 400;
        let months: i32 = (1..self.month)
            .map(|m| i32::from(days_of_month(self.year, m)))
            .sum();
        before * 365 + leap_days + months + i32::from(self.day) - 1
    }

    /// The inverse of [`Date::to_days`]; `None` outside the years 1 to 9999.
    pub fn from_days(days: i32) -> Option<Date> {
        // 146,097 days are 400 years: the estimate is at most one year off.
        let estimate = i64::from(days) * 400 / 146_097 + 1;
        let year = [estimate + 1, estimate, estimate - 1]
            .into_iter()
            .find_map(|year| {
                let first = Date::new(u16::try_from(year).ok()?, 1, 1).ok()?;
                (first.to_days() <= days).then_some(first)
            })?;
        let mut left = days - year.to_days();
        for month in 1..=12 {
            let length = i32::from(days_of_month(year.year, month));
            if left < length {
                return Date::new(year.year, month, u8::try_from(left + 1).ok()?).ok();
            }
            left -= length;
        }
        None
    }

    /// `YYYY-MM-DD` (ISO 8601).
    pub fn to_iso(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn days_of_month(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = Error;
    fn from_str(text: &str) -> Result<Date> {
        Date::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_read_in_both_spellings() {
        for text in ["20240229", "2024.02.29", " 20240229\0"] {
            assert_eq!(
                Date::parse(text).map(|d| d.to_string()).ok().as_deref(),
                Some("20240229")
            );
        }
        for bad in [
            "",
            "20230229",
            "20241301",
            "2024.0229",
            "202402",
            "20240229x",
            "00000101",
            "2024-02-29",
            "２０２４０２２９",
        ] {
            assert!(Date::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn days_are_counted() {
        let date = |text| Date::parse(text).expect("a date");
        assert_eq!(date("00010101").to_days(), 0);
        assert_eq!(date("19700101").to_days(), 719_162);
        assert_eq!(date("20240229").to_iso(), "2024-02-29");
        assert_eq!(Date::from_days(-1), None);
        assert_eq!(Date::from_days(date("99991231").to_days() + 1), None);
    }

    proptest! {
        #[test]
        fn a_count_of_days_is_a_date(days in 0..3_652_059) {
            let date = Date::from_days(days).expect("in range");
            prop_assert_eq!(date.to_days(), days);
            prop_assert_eq!(Date::parse(&date.to_string()).ok(), Some(date));
        }
    }
}
