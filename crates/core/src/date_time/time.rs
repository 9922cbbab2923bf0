//! `TM`.

use std::fmt;
use std::str::FromStr;

use super::digits;
use crate::{Error, Result, Vr};

/// A time of day, as precise as it was written: to the hour, minute, second or a fraction.
/// Ordered by its earliest moment, then the less precise first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    hour: u8,
    minute: u8,
    second: u8,
    microsecond: u32,
    /// Digits written: 2, 4, 6, or 6 and those of the fraction.
    precision: u8,
}

impl Time {
    /// Midnight, to the microsecond.
    pub const MIDNIGHT: Time = Time {
        hour: 0,
        minute: 0,
        second: 0,
        microsecond: 0,
        precision: 12,
    };

    /// To the microsecond. Second 60 is a leap second.
    pub fn new(hour: u8, minute: u8, second: u8, microsecond: u32) -> Result<Time> {
        if hour < 24 && minute < 60 && second <= 60 && microsecond < 1_000_000 {
            Ok(Time {
                hour,
                minute,
                second,
                microsecond,
                precision: 12,
            })
        } else {
            Err(Error::invalid(Vr::TM, "no such time"))
        }
    }

    /// `HH`, `HHMM`, `HHMMSS` or `HHMMSS.F` with up to six digits; also with colons as in
    /// ACR-NEMA. Spaces around it go.
    pub fn parse(text: &str) -> Result<Time> {
        let text = text.trim_matches([' ', '\0']);
        Time::read(text).ok_or_else(|| Error::invalid(Vr::TM, "not HHMMSS.FFFFFF"))
    }

    pub(super) fn read(text: &str) -> Option<Time> {
        let plain = match text.as_bytes().get(2) {
            Some(b':') => without_colons(text)?,
            _ => text.to_owned(),
        };
        let (whole, fraction) = match plain.split_once('.') {
            Some((whole, fraction)) if whole.len() == 6 => (whole, Some(fraction)),
            Some(_) => return None,
            None => (plain.as_str(), None),
        };
        let mut rest = whole;
        let mut next = || -> Option<u8> {
            if rest.is_empty() {
                return Some(0);
            }
            let (number, after) = digits(rest, 2)?;
            rest = after;
            u8::try_from(number).ok()
        };
        let (hour, minute, second) = (next()?, next()?, next()?);
        if !rest.is_empty() || whole.is_empty() {
            return None;
        }
        let (microsecond, fraction_digits) = match fraction {
            None => (0, 0),
            Some(fraction) => (micros(fraction)?, fraction.len()),
        };
        let precision = u8::try_from(whole.len() + fraction_digits).ok()?;
        Time::new(hour, minute, second, microsecond)
            .ok()
            .map(|time| Time { precision, ..time })
    }

    /// The hour, 0 to 23.
    pub fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, if it is known.
    pub fn minute(self) -> Option<u8> {
        (self.precision >= 4).then_some(self.minute)
    }

    /// The second, 0 to 60, if it is known.
    pub fn second(self) -> Option<u8> {
        (self.precision >= 6).then_some(self.second)
    }

    /// Microseconds of the second, 0 if there is no fraction.
    pub fn microsecond(self) -> u32 {
        self.microsecond
    }

    /// Microseconds from midnight to the earliest moment that is meant.
    pub fn earliest(self) -> i64 {
        let seconds =
            i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        seconds * 1_000_000 + i64::from(self.microsecond)
    }

    /// Microseconds from midnight to the latest moment that is meant.
    pub fn latest(self) -> i64 {
        let span = match self.precision {
            0..=2 => 3_600_000_000,
            3..=4 => 60_000_000,
            digits => 10_i64.pow(12_u32.saturating_sub(u32::from(digits))),
        };
        self.earliest() + span - 1
    }

    /// `HH:MM:SS.FFFFFF`, cut to the precision (ISO 8601).
    pub fn to_iso(self) -> String {
        let text = self.to_string();
        let mut iso = String::with_capacity(text.len() + 2);
        for (at, character) in text.chars().enumerate() {
            if at == 2 || at == 4 {
                iso.push(':');
            }
            iso.push(character);
        }
        iso
    }
}

fn without_colons(text: &str) -> Option<String> {
    let mut parts = text.split(':');
    let mut plain = parts.next().filter(|hour| hour.len() == 2)?.to_owned();
    let minute = parts.next().filter(|minute| minute.len() == 2)?;
    plain.push_str(minute);
    plain.push_str(parts.next().unwrap_or(""));
    parts.next().is_none().then_some(plain)
}

fn micros(fraction: &str) -> Option<u32> {
    let ok = (1..=6).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit());
    if ok {
        format!("{fraction:0<6}").parse().ok()
    } else {
        None
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Time {
            hour,
            minute,
            second,
            microsecond,
            precision,
        } = self;
        let full = format!("{hour:02}{minute:02}{second:02}{microsecond:06}");
        let (whole, fraction) = full.split_at(usize::from(*precision).min(6));
        f.write_str(whole)?;
        match usize::from(*precision).checked_sub(6) {
            Some(digits @ 1..) => write!(f, ".{}", fraction.get(..digits).unwrap_or(fraction)),
            _ => Ok(()),
        }
    }
}

impl FromStr for Time {
    type Err = Error;
    fn from_str(text: &str) -> Result<Time> {
        Time::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_precise_as_written() {
        for text in [
            "10",
            "1030",
            "103015",
            "103015.5",
            "103015.123456",
            "235960",
        ] {
            assert_eq!(
                Time::parse(text).map(|t| t.to_string()).ok().as_deref(),
                Some(text)
            );
        }
        for (text, plain) in [
            ("10:30:15.5", "103015.5"),
            ("10:30", "1030"),
            (" 103015 ", "103015"),
        ] {
            assert_eq!(
                Time::parse(text).map(|t| t.to_string()).ok().as_deref(),
                Some(plain)
            );
        }
        for bad in [
            "",
            "1",
            "24",
            "1060",
            "103061",
            "1030.5",
            "103015.",
            "103015.1234567",
            "10:3",
            "10:30:15:1",
            "-1",
        ] {
            assert!(Time::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_imprecise_time_means_all_its_moments() {
        let time = |text| Time::parse(text).expect("a time");
        assert_eq!(
            (time("10").earliest(), time("10").latest()),
            (36_000_000_000, 39_599_999_999)
        );
        assert_eq!(time("103015").latest() - time("103015").earliest(), 999_999);
        assert_eq!(
            time("103015.12").latest() - time("103015.12").earliest(),
            9_999
        );
        assert_eq!(
            time("103015.000001").latest(),
            time("103015.000001").earliest()
        );
        assert_eq!(
            (time("10").minute(), time("1000").minute()),
            (None, Some(0))
        );
        assert_eq!(time("103015.5").to_iso(), "10:30:15.5");
    }
}
