//! Times of day: next to dates, and by themselves.

use super::token::{Class, Tokens};
use super::words::{TIME_SUFFIX, TIME_WORD};

/// The atom after the time of day that follows the date which ends before `at`.
pub fn after_date(tokens: &Tokens<'_>, at: usize) -> usize {
    let gap = tokens.gap(at);
    if gap.chars().count() > 3 || gap.contains('\n') {
        return at;
    }
    let mut start = at;
    if tokens.is(at, TIME_WORD) && tokens.class(at) == Some(Class::Letters)
        || tokens.plain(at) == "t"
    {
        start += 1;
    }
    // Digits written together, as devices do: `20240131_104500`.
    let joined = start > at || matches!(gap, "_" | "-" | " ");
    let is_time = |digits: &str| {
        digits
            .get(..4)
            .is_some_and(|hm| clock(hm.get(..2), hm.get(2..)))
    };
    if joined
        && let Some(digits) = tokens.digits(start, 4, 6)
        && digits.len() != 5
        && (digits.len() == 6 || start > at)
        && is_time(digits)
    {
        return start + 1;
    }
    match time(tokens, start) {
        Some(end) => end,
        None => at,
    }
}

/// The atom after a time of day that begins at `at`: `10:45`, `10:45:30.5`, `14h30`, `14.05 Uhr`,
/// with a suffix and a zone.
pub fn time(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    let hour = tokens.digits(at, 1, 2)?;
    let mut end = at + 1;
    let colon = tokens.gap(end) == ":";
    if colon && clock(Some(hour), tokens.digits(end, 2, 2)) {
        end += 1;
        if tokens.gap(end) == ":" && tokens.digits(end, 2, 2).is_some() {
            end += 1;
            if matches!(tokens.gap(end), "." | ",") && tokens.digits(end, 1, 6).is_some() {
                end += 1;
            }
        }
    } else if matches!(tokens.plain(end), "h" | "u")
        && tokens.gap(end).is_empty()
        && clock(Some(hour), tokens.digits(end + 1, 2, 2))
        && tokens.gap(end + 1).is_empty()
    {
        end += 2;
    } else if tokens.gap(end) == "."
        && clock(Some(hour), tokens.digits(end, 2, 2))
        && tokens.plain(end + 1) == "uhr"
    {
        end += 1;
    } else if hour.parse().is_ok_and(|hour: u8| hour < 25)
        && (matches!(tokens.plain(end), "uhr" | "am" | "pm"))
        && matches!(tokens.gap(end), "" | " ")
    {
        return Some(end + 1);
    } else {
        return None;
    }
    // Zone.
    if matches!(tokens.gap(end), "+" | "-") && tokens.digits(end, 4, 4).is_some() {
        return Some(end + 1);
    }
    if matches!(tokens.gap(end), "+" | "-")
        && tokens.gap(end + 1) == ":"
        && tokens.digits(end, 2, 2).is_some()
    {
        return Some(end + 2);
    }
    while tokens.is(end, TIME_SUFFIX) && matches!(tokens.gap(end), "" | " ") {
        // `a.m.`
        if matches!(tokens.plain(end), "a" | "p") && tokens.plain(end + 1) != "m" {
            break;
        }
        end += if matches!(tokens.plain(end), "a" | "p") {
            2
        } else {
            1
        };
    }
    Some(end)
}

/// An hour and a minute.
pub fn clock(hour: Option<&str>, minute: Option<&str>) -> bool {
    let below = |text: Option<&str>, limit: u8| {
        text.and_then(|text| text.parse::<u8>().ok())
            .is_some_and(|number| number < limit)
    };
    below(hour, 25) && below(minute, 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words::Vocabulary;

    #[test]
    fn times_end_where_their_suffix_and_zone_do() {
        for (text, atoms) in [
            ("10:45", 2),
            ("10:45:30.5 x", 4),
            ("14h30", 3),
            ("14.05 Uhr", 3),
            ("10:45 pm", 3),
            ("10:45 a.m.", 4),
            ("10:45+0100", 3),
            ("10:45+01:00", 4),
        ] {
            let tokens = Tokens::new(text, Vocabulary::get());
            assert_eq!(time(&tokens, 0), Some(atoms), "{text}");
        }
        for text in ["1:2", "25.5", "99:10", "14.05"] {
            let tokens = Tokens::new(text, Vocabulary::get());
            assert_eq!(time(&tokens, 0), None, "{text}");
        }
    }
}
