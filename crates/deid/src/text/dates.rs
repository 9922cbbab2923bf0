//! Dates in the spellings of seven languages: recognised, and moved with their spelling kept.

use std::collections::HashSet;

use sagittal_core::Date;

use super::times::clock;
use super::token::{Case, Class, Tokens};
use super::words::{BY, DOUBTFUL_MONTH, MONTH, MONTHS, PARTICLE, UNIT, Vocabulary, key};

/// A date in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The atom after its last.
    pub end: usize,
    /// Which date, if it is whole and can be read in one way.
    pub date: Option<Date>,
    /// Where its parts are.
    pub spelling: Spelling,
}

/// How a date is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spelling {
    /// `20240131` and the like in one atom.
    Compact(Order),
    /// An atom each.
    Parts {
        /// The atom of the year.
        year: usize,
        /// Of the month.
        month: usize,
        /// Of the day.
        day: usize,
    },
    /// Month and year, or day and month.
    Partial,
}

/// Order of digits in one atom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    /// Year first.
    Ymd,
    /// Day first.
    Dmy,
}

/// The date that begins at the atom `at`. `known` settles which of day and month comes first.
pub fn at(tokens: &Tokens<'_>, at: usize, known: &HashSet<Date>) -> Option<Found> {
    match tokens.class(at)? {
        Class::Digits => compact(tokens, at, known)
            .or_else(|| numeric(tokens, at, known))
            .or_else(|| day_first(tokens, at))
            .or_else(|| ideographic(tokens, at))
            .or_else(|| month_and_year(tokens, at)),
        Class::Letters => month_first(tokens, at),
        Class::Sign => None,
    }
}

/// The first date of a text that is whole.
pub fn read(text: &str) -> Option<Date> {
    let tokens = Tokens::new(text, Vocabulary::get());
    let known = HashSet::new();
    (0..tokens.len()).find_map(|position| at(&tokens, position, &known)?.date)
}

/// The atoms of `found` at `at` as they read `days` later; `None` if it cannot be moved.
pub fn shifted(
    tokens: &Tokens<'_>,
    at: usize,
    found: &Found,
    days: i64,
) -> Option<Vec<(usize, String)>> {
    let days = i32::try_from(days).ok()?;
    let moved = Date::from_days(found.date?.to_days().checked_add(days)?)?;
    let (year, month, day) = (moved.year(), moved.month(), moved.day());
    match found.spelling {
        Spelling::Partial => None,
        Spelling::Compact(order) => {
            let rest = tokens.plain(at).get(8..)?;
            Some(vec![match order {
                Order::Ymd => (at, format!("{year:04}{month:02}{day:02}{rest}")),
                Order::Dmy => (at, format!("{day:02}{month:02}{year:04}{rest}")),
            }])
        }
        Spelling::Parts {
            year: year_at,
            month: month_at,
            day: day_at,
        } => {
            let short = tokens.plain(year_at).len() == 2;
            let year = if short {
                format!("{:02}", year % 100)
            } else {
                format!("{year:04}")
            };
            let month = match tokens.class(month_at)? {
                Class::Digits => padded(tokens, month_at, month),
                _ => named(tokens, month_at, month)?,
            };
            let mut edits = vec![
                (year_at, year),
                (month_at, month),
                (day_at, padded(tokens, day_at, day)),
            ];
            if matches!(tokens.plain(day_at + 1), "st" | "nd" | "rd" | "th")
                && tokens.gap(day_at + 1).is_empty()
            {
                let suffix = match day {
                    1 | 21 | 31 => "st",
                    2 | 22 => "nd",
                    3 | 23 => "rd",
                    _ => "th",
                };
                edits.push((day_at + 1, suffix.to_owned()));
            }
            Some(edits)
        }
    }
}

fn padded(tokens: &Tokens<'_>, at: usize, number: u8) -> String {
    let width = if tokens.plain(at).starts_with('0') || tokens.plain(at).len() == 2 {
        2
    } else {
        1
    };
    format!("{number:0width$}")
}

/// The other month's name in the same language and length.
fn named(tokens: &Tokens<'_>, at: usize, month: u8) -> Option<String> {
    let old = tokens.word(at);
    let index = Vocabulary::get().month(old)?;
    let names = MONTHS.iter().find(|names| {
        names
            .get(usize::from(index) - 1)
            .is_some_and(|name| key(name) == old)
    })?;
    let name = names.get(usize::from(month).checked_sub(1)?)?;
    Some(match tokens.get(at)?.case {
        Case::Lower => (*name).to_owned(),
        Case::Upper => name.to_uppercase(),
        Case::Title => {
            let mut letters = name.chars();
            let first = letters.next()?;
            first.to_uppercase().chain(letters).collect()
        }
    })
}

/// `20240131`, `31012024`, with time of day in the same atom.
fn compact(tokens: &Tokens<'_>, at: usize, known: &HashSet<Date>) -> Option<Found> {
    if in_number(tokens, at) {
        return None;
    }
    let digits = tokens.digits(at, 6, 14)?;
    let found = |date, order| {
        Some(Found {
            end: at + 1,
            date: Some(date),
            spelling: Spelling::Compact(order),
        })
    };
    let is_time = |rest: Option<&str>| match rest {
        Some("") => true,
        Some(rest) => matches!(rest.len(), 4 | 6) && clock(rest.get(..2), rest.get(2..4)),
        None => false,
    };
    if digits.len() >= 8 && is_time(digits.get(8..)) {
        let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
        if let Some(date) = date(part(0, 4)?, part(4, 6)?, part(6, 8)?) {
            return found(date, Order::Ymd);
        }
        if let Some(date) = date(part(4, 8)?, part(2, 4)?, part(0, 2)?)
            && digits.len() == 8
        {
            return found(date, Order::Dmy);
        }
    }
    // Six digits are too often something else, unless the date is known.
    if digits.len() == 6 {
        let mut parts = [0; 3];
        for (part, from) in parts.iter_mut().zip([0, 2, 4]) {
            *part = digits.get(from..from + 2)?.parse::<u32>().ok()?;
        }
        let [a, b, c] = parts;
        let is_known = |year: u32, month, day| {
            [1900, 2000].iter().any(|century| {
                date(century + year, month, day).is_some_and(|date| known.contains(&date))
            })
        };
        if is_known(a, b, c) || is_known(c, b, a) || is_known(c, a, b) {
            return Some(Found {
                end: at + 1,
                date: None,
                spelling: Spelling::Partial,
            });
        }
    }
    None
}

/// Three numbers with the same mark between them.
fn numeric(tokens: &Tokens<'_>, at: usize, known: &HashSet<Date>) -> Option<Found> {
    let first = tokens.digits(at, 1, 4)?;
    tokens.digits(at + 1, 1, 2)?;
    let third = tokens.digits(at + 2, 1, 4)?;
    let mark = tokens.gap(at + 1);
    let bare = mark.trim();
    let same = bare == tokens.gap(at + 2).trim() && mark.len() <= 3;
    if !same || !matches!(bare, "-" | "/" | "." | "_" | "") || (bare.is_empty() && mark != " ") {
        return None;
    }
    let whole_year = first.len() == 4 || third.len() == 4;
    if !whole_year && (third.len() != 2 || bare.is_empty() || bare == "_") {
        return None;
    }
    // Part of a longer number: an address, a UID, a version.
    let is_more = |gap: &str, digit: bool| digit && !bare.is_empty() && gap == bare;
    if is_more(
        tokens.gap(at),
        at > 0 && tokens.class(at - 1) == Some(Class::Digits),
    ) || is_more(
        tokens.gap(at + 3),
        tokens.class(at + 3) == Some(Class::Digits),
    ) && bare != "-"
        || in_number(tokens, at) && bare == "."
    {
        return None;
    }
    let (a, b, c) = (
        tokens.number(at)?,
        tokens.number(at + 1)?,
        tokens.number(at + 2)?,
    );
    let parts = |year, month, day| Spelling::Parts { year, month, day };
    let reading = |year: u32, month, day, spelling| {
        let two_digits = year < 100;
        let years: &[u32] = match (two_digits, year < 50) {
            (false, _) => &[0],
            (true, true) => &[2000, 1900],
            (true, false) => &[1900, 2000],
        };
        let dates = years
            .iter()
            .filter_map(|century| date(century + year, month, day));
        let dates: Vec<Date> = dates.collect();
        let known = dates.iter().find(|date| known.contains(date));
        known.or(dates.first()).map(|date| (*date, spelling))
    };
    let mut readings: Vec<(Date, Spelling)> = Vec::new();
    if first.len() == 4 {
        readings.extend(reading(a, b, c, parts(at, at + 1, at + 2)));
    } else {
        readings.extend(reading(c, b, a, parts(at + 2, at + 1, at)));
        // Nobody writes the month first before a dot.
        if bare != "." {
            readings.extend(reading(c, a, b, parts(at + 2, at, at + 1)));
        }
        if readings.is_empty() && first.len() == 2 && third.len() == 2 {
            readings.extend(reading(a, b, c, parts(at, at + 1, at + 2)));
        }
    }
    let known = readings.iter().find(|(date, _)| known.contains(date));
    let settled = match (known, readings.as_slice()) {
        (Some(reading), _) => Some(*reading),
        (None, [only]) => Some(*only),
        (None, [one, other, ..]) if one.0 == other.0 => Some(*one),
        (None, []) => return None,
        // 01/02/2024: nobody knows.
        (None, _) => None,
    };
    Some(Found {
        end: at + 3,
        date: settled.map(|(date, _)| date),
        spelling: settled.map_or(Spelling::Partial, |(_, spelling)| spelling),
    })
}

/// `31 Jan 2024`, `31st of January`, `31. Januar 2024`, `31 de enero de 2024`.
fn day_first(tokens: &Tokens<'_>, at: usize) -> Option<Found> {
    let day = tokens.number(at).filter(|day| (1..=31).contains(day))?;
    tokens.digits(at, 1, 2)?;
    let mut month_at = at + 1;
    let is_ordinal = matches!(
        tokens.plain(month_at),
        "st" | "nd" | "rd" | "th" | "er" | "o" | "a"
    );
    if is_ordinal && tokens.gap(month_at).is_empty() {
        month_at += 1;
    }
    if matches!(tokens.plain(month_at), "of" | "de" | "di" | "den") {
        month_at += 1;
    }
    if in_number(tokens, at) || !(at + 1..=month_at).all(|gap| is_close(tokens.gap(gap))) {
        return None;
    }
    let month = month(tokens, month_at)?;
    let year_at = year_after(tokens, month_at + 1);
    match year_at {
        None if is_doubtful(tokens, month_at)
            && (month_at == at + 1 || !is_named(tokens, month_at)) =>
        {
            None
        }
        None => Some(Found {
            end: month_at + 1,
            date: None,
            spelling: Spelling::Partial,
        }),
        Some(year_at) => Some(Found {
            end: year_at + 1,
            date: date(whole_year(tokens, year_at)?, month, day),
            spelling: Spelling::Parts {
                year: year_at,
                month: month_at,
                day: at,
            },
        }),
    }
}

/// `January 31st, 2024`, `Jan 31`, `January 2024`.
fn month_first(tokens: &Tokens<'_>, at: usize) -> Option<Found> {
    let month = month(tokens, at)?;
    let partial = |end| {
        Some(Found {
            end,
            date: None,
            spelling: Spelling::Partial,
        })
    };
    let next = at + 1;
    if !is_close(tokens.gap(next)) {
        return None;
    }
    let is_year = |at: usize| {
        tokens.digits(at, 4, 4).is_some() && (1900..2100).contains(&tokens.number(at).unwrap_or(0))
    };
    if is_year(next) || (matches!(tokens.plain(next), "of" | "de" | "del") && is_year(next + 1)) {
        return partial(next + if is_year(next) { 1 } else { 2 });
    }
    let day = tokens.number(next).filter(|day| (1..=31).contains(day))?;
    tokens.digits(next, 1, 2)?;
    let mut end = next + 1;
    if matches!(tokens.plain(end), "st" | "nd" | "rd" | "th") && tokens.gap(end).is_empty() {
        end += 1;
    }
    if let Some(year_at) = year_after(tokens, end) {
        return Some(Found {
            end: year_at + 1,
            date: date(whole_year(tokens, year_at)?, month, day),
            spelling: Spelling::Parts {
                year: year_at,
                month: at,
                day: next,
            },
        });
    }
    let is_measure = tokens.is(end, UNIT) || tokens.gap(end).starts_with(['%', '.', '/']);
    if is_doubtful(tokens, at) && (!is_named(tokens, at) || is_measure) || tokens.is(end, UNIT) {
        return None;
    }
    partial(end)
}

/// `2024年1月31日`, `2024년 1월 31일`.
fn ideographic(tokens: &Tokens<'_>, at: usize) -> Option<Found> {
    let is = |at: usize, signs: [&str; 2]| signs.contains(&tokens.raw(at));
    tokens.digits(at, 1, 4)?;
    if is(at + 1, ["年", "년"]) {
        tokens.digits(at + 2, 1, 2)?;
        if !is(at + 3, ["月", "월"]) {
            return None;
        }
        let date = date(
            tokens.number(at)?,
            tokens.number(at + 2)?,
            tokens.number(at + 4).unwrap_or(0),
        );
        let whole = tokens.digits(at + 4, 1, 2).is_some() && is(at + 5, ["日", "일"]);
        return Some(Found {
            end: at + if whole { 6 } else { 4 },
            date: date.filter(|_| whole),
            spelling: if whole && date.is_some() {
                Spelling::Parts {
                    year: at,
                    month: at + 2,
                    day: at + 4,
                }
            } else {
                Spelling::Partial
            },
        });
    }
    let day_too = is(at + 1, ["月", "월"])
        && tokens.digits(at + 2, 1, 2).is_some()
        && is(at + 3, ["日", "일"]);
    day_too.then_some(Found {
        end: at + 4,
        date: None,
        spelling: Spelling::Partial,
    })
}

/// `01/2024`, `2024-01`.
fn month_and_year(tokens: &Tokens<'_>, at: usize) -> Option<Found> {
    if !matches!(tokens.gap(at + 1), "/" | "-" | ".") || in_number(tokens, at) {
        return None;
    }
    let (first, second) = (tokens.number(at)?, tokens.number(at + 1)?);
    let lengths = (tokens.plain(at).len(), tokens.plain(at + 1).len());
    let fits = match lengths {
        (1 | 2, 4) => (1..=12).contains(&first) && (1900..2100).contains(&second),
        (4, 2) => (1900..2100).contains(&first) && (1..=12).contains(&second),
        _ => false,
    };
    let goes_on = matches!(tokens.gap(at + 2), "/" | "-" | ".")
        && tokens.class(at + 2) == Some(Class::Digits);
    (fits && !goes_on).then_some(Found {
        end: at + 2,
        date: None,
        spelling: Spelling::Partial,
    })
}

fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    if !(1880..2100).contains(&year) {
        return None;
    }
    Date::new(
        u16::try_from(year).ok()?,
        u8::try_from(month).ok()?,
        u8::try_from(day).ok()?,
    )
    .ok()
}

/// The atom after a point that follows a digit: the fraction of a number.
fn in_number(tokens: &Tokens<'_>, at: usize) -> bool {
    at > 0 && tokens.class(at - 1) == Some(Class::Digits) && matches!(tokens.gap(at), "." | ",")
}

fn is_close(gap: &str) -> bool {
    gap.chars().count() <= 3
        && gap
            .chars()
            .all(|c| matches!(c, ' ' | '-' | '.' | ',' | '/' | '_' | 'º' | '°' | '\''))
}

fn month(tokens: &Tokens<'_>, at: usize) -> Option<u32> {
    if !tokens.is(at, MONTH) || tokens.class(at) != Some(Class::Letters) {
        return None;
    }
    Vocabulary::get().month(tokens.word(at)).map(u32::from)
}

fn is_doubtful(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens.is(at, DOUBTFUL_MONTH)
}

/// Written as names of months are in English.
fn is_named(tokens: &Tokens<'_>, at: usize) -> bool {
    tokens
        .get(at)
        .is_some_and(|token| token.case == Case::Title)
}

fn year_after(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    let mut at = at;
    if tokens.is(at, BY | PARTICLE) || matches!(tokens.plain(at), "of" | "de" | "del" | "di") {
        at += 1;
    }
    let gap = tokens.gap(at);
    if !is_close(gap) {
        return None;
    }
    let year = tokens.number(at)?;
    let fits = match tokens.plain(at).len() {
        4 => (1880..2100).contains(&year),
        2 => !tokens.is(at + 1, UNIT) && tokens.gap(at + 1) != ":",
        _ => false,
    };
    fits.then_some(at)
}

fn whole_year(tokens: &Tokens<'_>, at: usize) -> Option<u32> {
    let year = tokens.number(at)?;
    Some(match (tokens.plain(at).len(), year < 50) {
        (2, true) => 2000 + year,
        (2, false) => 1900 + year,
        _ => year,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_the_same_date_are_read() {
        for text in [
            "2024-01-31",
            "31.01.2024",
            "31/1/24",
            "Jan 31 2024",
            "31st of January 2024",
            "20240131",
            "2024年1月31日",
            "31. Januar 2024",
            "31 de enero de 2024",
            "31 janvier 2024",
            "31 gennaio 2024",
            "31 januari 2024",
            "31 de janeiro de 2024",
            "January 31st, 2024",
            "31-JAN-2024",
            "31JAN2024",
            "31 01 2024",
            "20240131104500",
            "31. 1. 2024",
            "2024/01/31",
            "2024_01_31",
        ] {
            assert_eq!(
                read(text).map(Date::to_iso).as_deref(),
                Some("2024-01-31"),
                "{text}"
            );
        }
        for text in [
            "L4/5",
            "1.2.3",
            "3/4",
            "12.5",
            "5 may",
            "10 mm",
            "2024",
            "1.2.840.10008",
            "12:30",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
