//! `DT`.

use std::fmt;
use std::str::FromStr;

use super::{Date, Time, digits};
use crate::{Error, Result, Vr};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Minutes by which local time is ahead of UTC, -12:00 to +14:00.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(i16);

impl Offset {
    /// UTC itself.
    pub const UTC: Offset = Offset(0);

    /// From minutes; refuses what no zone has.
    pub fn from_minutes(minutes: i16) -> Result<Offset> {
        if (-720..=840).contains(&minutes) {
            Ok(Offset(minutes))
        } else {
            Err(Error::invalid(
                Vr::DT,
                "an offset from UTC beyond -1200 to +1400",
            ))
        }
    }

    /// `+ZZXX` or `-ZZXX`, also the value of Timezone Offset From UTC (0008,0201).
    pub fn parse(text: &str) -> Result<Offset> {
        Offset::read(text.trim_matches([' ', '\0']))
            .ok_or_else(|| Error::invalid(Vr::DT, "not an offset from UTC"))
    }

    fn read(text: &str) -> Option<Offset> {
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, rest) = digits(rest, 2)?;
        let (minutes, rest) = digits(rest, 2).filter(|(minutes, _)| *minutes < 60)?;
        let total = i16::try_from(hours * 60 + minutes).ok()?;
        if rest.is_empty() {
            Offset::from_minutes(sign * total).ok()
        } else {
            None
        }
    }

    /// Minutes ahead of UTC.
    pub fn minutes(self) -> i16 {
        self.0
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, minutes) = (if self.0 < 0 { '-' } else { '+' }, self.0.unsigned_abs());
        write!(f, "{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }
}

/// A date and time as precise as it was written, from the year to the microsecond, with or
/// without an offset from UTC. Not ordered as such: see [`DateTime::earliest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// The first day that is meant.
    date: Date,
    /// 1 if only the year is known, 2 with the month, 3 with the day.
    date_parts: u8,
    time: Option<Time>,
    offset: Option<Offset>,
}

impl DateTime {
    /// Of a day, and a time of it if that is known.
    pub fn new(date: Date, time: Option<Time>, offset: Option<Offset>) -> DateTime {
        DateTime {
            date,
            date_parts: 3,
            time,
            offset,
        }
    }

    /// `YYYYMMDDHHMMSS.FFFFFF&ZZXX`, cut anywhere after the year; spaces around it go.
    pub fn parse(text: &str) -> Result<DateTime> {
        let text = text.trim_matches([' ', '\0']);
        DateTime::read(text).ok_or_else(|| Error::invalid(Vr::DT, "not YYYYMMDDHHMMSS.FFFFFF&ZZXX"))
    }

    fn read(text: &str) -> Option<DateTime> {
        let (local, offset) = match text.find(['+', '-']) {
            Some(at) => {
                let (local, offset) = text.split_at_checked(at)?;
                (local, Some(Offset::read(offset)?))
            }
            None => (text, None),
        };
        let (year, rest) = digits(local, 4)?;
        let (month, rest) = if rest.is_empty() {
            (1, rest)
        } else {
            digits(rest, 2)?
        };
        let (day, rest) = if rest.is_empty() {
            (1, rest)
        } else {
            digits(rest, 2)?
        };
        let number = |n: u32| u8::try_from(n).ok();
        let date = Date::new(u16::try_from(year).ok()?, number(month)?, number(day)?).ok()?;
        let date_parts = match local.len() {
            4 => 1,
            6 => 2,
            _ => 3,
        };
        let time = match rest {
            "" => None,
            rest if rest.contains(':') => return None,
            rest => Some(Time::read(rest)?),
        };
        Some(DateTime {
            date,
            date_parts,
            time,
            offset,
        })
    }

    /// The day, if it is known.
    pub fn date(self) -> Option<Date> {
        (self.date_parts == 3).then_some(self.date)
    }

    /// The time, if it is known.
    pub fn time(self) -> Option<Time> {
        self.time
    }

    /// The offset from UTC, if it was written.
    pub fn offset(self) -> Option<Offset> {
        self.offset
    }

    /// Microseconds in UTC from 0001-01-01 to the earliest moment that is meant; `zone` is the
    /// offset of a value that has none.
    pub fn earliest(self, zone: Offset) -> i64 {
        let time = self.time.map_or(0, Time::earliest);
        i64::from(self.date.to_days()) * DAY + time - self.shift(zone)
    }

    /// As [`DateTime::earliest`], to the latest moment.
    pub fn latest(self, zone: Offset) -> i64 {
        let last = match self.date_parts {
            1 => Date::last_of_month(self.date.year(), 12),
            2 => Date::last_of_month(self.date.year(), self.date.month()),
            _ => None,
        };
        let time = self.time.map_or(DAY - 1, Time::latest);
        i64::from(last.unwrap_or(self.date).to_days()) * DAY + time - self.shift(zone)
    }

    fn shift(self, zone: Offset) -> i64 {
        i64::from(self.offset.unwrap_or(zone).minutes()) * 60_000_000
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date.to_string();
        let digits = 2 + 2 * usize::from(self.date_parts);
        f.write_str(date.get(..digits).unwrap_or(&date))?;
        if let Some(time) = self.time {
            write!(f, "{time}")?;
        }
        match self.offset {
            Some(offset) => write!(f, "{offset}"),
            None => Ok(()),
        }
    }
}

impl FromStr for DateTime {
    type Err = Error;
    fn from_str(text: &str) -> Result<DateTime> {
        DateTime::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime {
        DateTime::parse(text).expect("a date time")
    }

    #[test]
    fn every_precision_is_kept() {
        for text in [
            "2024",
            "202402",
            "20240229",
            "2024022910",
            "202402291030",
            "20240229103015",
            "20240229103015.5",
            "20240229103015.123456+0100",
            "2024-0500",
            "20240229+1400",
        ] {
            assert_eq!(at(text).to_string(), text);
        }
        for bad in [
            "",
            "24",
            "20240",
            "20230229",
            "2024022925",
            "2024+1500",
            "2024+01",
            "2024-1201",
            "20240229 10",
            "20240229 10:30",
            "2024022910:30",
        ] {
            assert!(DateTime::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn moments_of_different_zones_are_compared_in_utc() {
        let moment = |text| at(text).earliest(Offset::UTC);
        assert_eq!(moment("20240101003000+0100"), moment("20231231233000"));
        assert_eq!(moment("20240101000000-0500"), moment("20240101050000+0000"));
        let vienna = Offset::from_minutes(60).expect("an offset");
        assert_eq!(at("202401010030").earliest(vienna), moment("202312312330"));
        assert_eq!(
            at("2024").latest(Offset::UTC),
            at("20241231235959.999999").earliest(Offset::UTC)
        );
        assert_eq!(
            at("202402").latest(Offset::UTC),
            at("20240229").latest(Offset::UTC)
        );
    }
}
