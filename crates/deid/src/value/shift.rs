//! Dates moved by whole days: intervals stay, times of day too (PS3.15 §E.3.6).

use sagittal_core::{Date, DateTime, Vr};

/// All values of an element moved; `None` if one of them is no date.
pub fn shifted(text: &str, vr: Vr, days: i64) -> Option<String> {
    let values: Option<Vec<String>> = text
        .split('\\')
        .map(|value| match value.trim_matches([' ', '\0']) {
            "" => Some(String::new()),
            value if vr == Vr::DA => date(value, days),
            value if vr == Vr::DT => date_time(value, days),
            value => is_time(value).then(|| value.to_owned()),
        })
        .collect();
    values.map(|values| values.join("\\"))
}

/// Are all values of an element possible?
pub fn readable(text: &str, vr: Vr) -> bool {
    text.split('\\')
        .map(|value| value.trim_matches([' ', '\0']))
        .all(|value| match vr {
            _ if value.is_empty() => true,
            Vr::DA => Date::parse(value).is_ok(),
            Vr::DT => DateTime::parse(value).is_ok(),
            Vr::TM => is_time(value),
            _ => true,
        })
}

fn is_time(value: &str) -> bool {
    sagittal_core::Time::parse(value).is_ok()
}

fn date(value: &str, days: i64) -> Option<String> {
    moved(Date::parse(value).ok()?, days).map(|date| date.to_string())
}

/// What is not known (the day, the month) is not made up: a value of a year and month moves as its
/// fifteenth does, one of a year as its first of July, and is written with what it had.
fn date_time(value: &str, days: i64) -> Option<String> {
    let parsed = DateTime::parse(value).ok()?;
    if let Some(date) = parsed.date() {
        let moved = moved(date, days)?;
        return Some(DateTime::new(moved, parsed.time(), parsed.offset()).to_string());
    }
    let at = value.find(['+', '-']).unwrap_or(value.len());
    let (local, zone) = value.split_at_checked(at)?;
    let middle = match local.len() {
        4 => format!("{local}0701"),
        _ => format!("{local}15"),
    };
    let moved = moved(Date::parse(&middle).ok()?, days)?.to_string();
    Some(format!("{}{zone}", moved.get(..local.len())?))
}

fn moved(date: Date, days: i64) -> Option<Date> {
    let days = i64::from(date.to_days()).checked_add(days)?;
    Date::from_days(i32::try_from(days).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_move_and_times_stay() {
        let da = |text| shifted(text, Vr::DA, -30);
        assert_eq!(da("20240229").as_deref(), Some("20240130"));
        assert_eq!(da("20240101 ").as_deref(), Some("20231202"));
        assert_eq!(da("2024.01.31").as_deref(), Some("20240101"));
        assert_eq!(
            da("20240131\\\\20240201").as_deref(),
            Some("20240101\\\\20240102")
        );
        let dt = |text| shifted(text, Vr::DT, -30);
        assert_eq!(
            dt("20240229235959.123456+0100").as_deref(),
            Some("20240130235959.123456+0100")
        );
        assert_eq!(dt("2024022910").as_deref(), Some("2024013010"));
        assert_eq!(dt("202402").as_deref(), Some("202401"));
        assert_eq!(dt("2024-0500").as_deref(), Some("2024-0500"));
        assert_eq!(shifted("2024", Vr::DT, -365).as_deref(), Some("2023"));
        assert_eq!(
            shifted("235959.5", Vr::TM, -30).as_deref(),
            Some("235959.5")
        );
    }

    #[test]
    fn what_is_no_date_is_not_moved() {
        for bad in ["20230229", "20241301", "JOHN", "2024", "20240101-20240201"] {
            assert_eq!(shifted(bad, Vr::DA, -1), None, "{bad}");
            assert!(!readable(bad, Vr::DA), "{bad}");
        }
        assert_eq!(shifted("00010101", Vr::DA, -1), None);
        assert_eq!(shifted("JOHN", Vr::TM, -1), None);
        assert_eq!(shifted("20240101 10:30", Vr::DT, -1), None);
    }

    #[test]
    fn intervals_are_kept() {
        let days = |text: &str| Date::parse(text).expect("a date").to_days();
        for shift in [-1, -100, -365] {
            let (a, b) = ("20240228", "20240301");
            let (c, d) = (
                date(a, shift).expect("a date"),
                date(b, shift).expect("a date"),
            );
            assert_eq!(days(b) - days(a), days(&d) - days(&c));
        }
    }
}
