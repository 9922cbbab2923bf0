//! The form of single values (PS3.5 §6.2): repertoire, length, dates and numbers that exist.

use sagittal_core::{Date, DateTime, Element, Time, Value, Vr, decimal};

use crate::finding::Kind;
use crate::rules::text_values;

/// What is wrong with a value.
pub struct Problem {
    pub kind: Kind,
    pub found: &'static str,
    pub fix: &'static str,
}

const fn problem(kind: Kind, found: &'static str, fix: &'static str) -> Option<Problem> {
    Some(Problem { kind, found, fix })
}

/// The number of values (PS3.5 §6.4); bulk data is one.
pub fn count(element: &Element) -> usize {
    let Value::Bytes(bytes) = &element.value else {
        return 1;
    };
    match element.vr.fixed_length() {
        Some(length) => bytes.len() / length,
        None if element.vr.is_text() && !element.vr.is_single_text() => text_values(bytes).count(),
        None => 1,
    }
}

/// Checks the whole value field of a VR that Specific Character Set does not concern.
pub fn check(vr: Vr, bytes: &[u8]) -> Option<Problem> {
    match vr {
        Vr::UI => bytes
            .split(|byte| *byte == b'\\')
            .find_map(super::uid::check_value),
        Vr::AE => check_each(bytes, ae),
        Vr::AS => check_each(bytes, age),
        Vr::CS => check_each(bytes, code),
        Vr::DA => check_each(bytes, date),
        Vr::DS => check_each(bytes, decimal_string),
        Vr::DT => check_each(bytes, date_time),
        Vr::IS => check_each(bytes, integer_string),
        Vr::TM => check_each(bytes, time),
        Vr::UR => uri(trim_padding(bytes)),
        _ => {
            let length = vr.fixed_length().or(bulk_unit(vr))?;
            if bytes.len().is_multiple_of(length) {
                return None;
            }
            problem(
                Kind::Length,
                "the length is no multiple of that of one value",
                "write whole values",
            )
        }
    }
}

const fn bulk_unit(vr: Vr) -> Option<usize> {
    match vr {
        Vr::OW => Some(2),
        Vr::OF | Vr::OL => Some(4),
        Vr::OD | Vr::OV => Some(8),
        _ => None,
    }
}

/// NUL pads UIDs only (PS3.5 §6.2), and a single value of fixed even length needs no padding.
pub fn check_padding(vr: Vr, bytes: &[u8]) -> Option<Problem> {
    if !vr.is_text() || vr == Vr::UI {
        return None;
    }
    match bytes.last() {
        Some(0) => problem(
            Kind::Characters,
            "padded with NUL, which only UIDs are",
            "pad with a space",
        ),
        Some(b' ') if matches!(vr, Vr::DA | Vr::AS) && !bytes.contains(&b'\\') => {
            // All blank is an empty value.
            if bytes.iter().all(|byte| *byte == b' ') {
                return None;
            }
            problem(
                Kind::Characters,
                "spaces around a value of fixed length",
                "write it without spaces",
            )
        }
        _ => None,
    }
}

fn check_each(bytes: &[u8], test: fn(&[u8]) -> Option<Problem>) -> Option<Problem> {
    trim_padding(bytes)
        .split(|byte| *byte == b'\\')
        .map(trim_spaces)
        .filter(|value| !value.is_empty())
        .find_map(test)
}

/// Without NULs at the end, which are reported by themselves.
fn trim_padding(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., 0] = bytes {
        bytes = rest;
    }
    bytes
}

fn trim_spaces(mut value: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' '] = value {
        value = rest;
    }
    value
}

fn only(value: &[u8], allowed: fn(u8) -> bool) -> bool {
    value.iter().all(|byte| allowed(*byte))
}

fn text(value: &[u8]) -> &str {
    std::str::from_utf8(value).unwrap_or("")
}

fn ae(value: &[u8]) -> Option<Problem> {
    if !only(value, |b| (0x20..0x7F).contains(&b)) {
        return problem(
            Kind::Characters,
            "a character that AE does not allow",
            "use printable ASCII without backslash",
        );
    }
    too_long(value, 16, "more than 16 characters")
}

fn too_long(value: &[u8], most: usize, found: &'static str) -> Option<Problem> {
    if value.len() > most {
        return problem(Kind::Length, found, "shorten the value");
    }
    None
}

fn age(value: &[u8]) -> Option<Problem> {
    match value {
        [a, b, c, b'D' | b'W' | b'M' | b'Y'] if only(&[*a, *b, *c], |b| b.is_ascii_digit()) => None,
        _ if value.len() != 4 => problem(
            Kind::Length,
            "an age that has not four characters",
            "write three digits and D, W, M or Y, such as 018M",
        ),
        _ => problem(
            Kind::Characters,
            "an age that is not three digits and D, W, M or Y",
            "write it like 018M",
        ),
    }
}

fn code(value: &[u8]) -> Option<Problem> {
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b' ' | b'_');
    if !only(value, allowed) {
        return problem(
            Kind::Characters,
            "a character that CS does not allow",
            "use capitals, digits, space and underscore",
        );
    }
    too_long(value, 16, "more than 16 characters")
}

fn date(value: &[u8]) -> Option<Problem> {
    if !only(value, |b| b.is_ascii_digit()) {
        return problem(
            Kind::Characters,
            "a date that is not eight digits",
            "write YYYYMMDD",
        );
    }
    if value.len() != 8 {
        return problem(
            Kind::Length,
            "a date that is not eight digits",
            "write YYYYMMDD",
        );
    }
    if Date::parse(text(value)).is_err() {
        return problem(
            Kind::DateTime,
            "a day that the calendar does not have",
            "correct the date, or leave it empty",
        );
    }
    None
}

fn time(value: &[u8]) -> Option<Problem> {
    if !only(value, |b| b.is_ascii_digit() || b == b'.') {
        return problem(
            Kind::Characters,
            "a time that is not HHMMSS.FFFFFF",
            "write digits without colons",
        );
    }
    if let Some(long) = too_long(value, 14, "more than 14 characters") {
        return Some(long);
    }
    if Time::parse(text(value)).is_err() {
        return problem(
            Kind::DateTime,
            "a time of day that does not exist",
            "correct the time, or leave it empty",
        );
    }
    None
}

fn date_time(value: &[u8]) -> Option<Problem> {
    if !only(value, |b| {
        b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-')
    }) {
        return problem(
            Kind::Characters,
            "a date and time that is not YYYYMMDDHHMMSS.FFFFFF&ZZXX",
            "write digits, and an offset such as +0100",
        );
    }
    if let Some(long) = too_long(value, 26, "more than 26 characters") {
        return Some(long);
    }
    if DateTime::parse(text(value)).is_err() {
        return problem(
            Kind::DateTime,
            "a date and time that does not exist",
            "correct it, or leave it empty",
        );
    }
    None
}

fn integer_string(value: &[u8]) -> Option<Problem> {
    if !only(value, |b| b.is_ascii_digit() || matches!(b, b'+' | b'-')) {
        return problem(
            Kind::Characters,
            "a character that IS does not allow",
            "write digits, with a sign if need be",
        );
    }
    if let Some(long) = too_long(value, 12, "more than 12 characters") {
        return Some(long);
    }
    if decimal::parse_is(text(value)).is_err() {
        return problem(
            Kind::Characters,
            "no integer of 32 bits",
            "write a number between -2147483648 and 2147483647",
        );
    }
    None
}

fn decimal_string(value: &[u8]) -> Option<Problem> {
    let allowed = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'e' | b'E' | b'.');
    if !only(value, allowed) {
        return problem(
            Kind::Characters,
            "a character that DS does not allow",
            "write a decimal number with a point",
        );
    }
    if let Some(long) = too_long(value, 16, "more than 16 characters") {
        return Some(long);
    }
    if decimal::parse_ds(text(value)).is_err() {
        return problem(
            Kind::Characters,
            "no decimal number",
            "write a decimal number with a point",
        );
    }
    None
}

fn uri(bytes: &[u8]) -> Option<Problem> {
    let value = match bytes {
        [b' ', ..] => {
            return problem(
                Kind::Characters,
                "a URI that begins with a space",
                "write it without leading spaces",
            );
        }
        value => trim_spaces(value),
    };
    if !only(value, |b| b.is_ascii_graphic() && b != b'\\') {
        return problem(
            Kind::Characters,
            "a character that URIs do not allow",
            "escape it with % and two hexadecimal digits",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(vr: Vr, value: &str) -> Option<Kind> {
        check(vr, value.as_bytes()).map(|problem| problem.kind)
    }

    #[test]
    fn dates_and_times_that_do_not_exist_are_found() {
        assert_eq!(kind(Vr::DA, "20240229"), None);
        assert_eq!(kind(Vr::DA, "20230229"), Some(Kind::DateTime));
        assert_eq!(kind(Vr::DA, "2023.02.01"), Some(Kind::Characters));
        assert_eq!(kind(Vr::DA, "202302"), Some(Kind::Length));
        assert_eq!(kind(Vr::TM, "235959.123456"), None);
        assert_eq!(kind(Vr::TM, "246000"), Some(Kind::DateTime));
        assert_eq!(kind(Vr::TM, "12:30:00"), Some(Kind::Characters));
        assert_eq!(kind(Vr::DT, "20240101120000.5+0100 "), None);
        assert_eq!(kind(Vr::DT, "20241301"), Some(Kind::DateTime));
    }

    #[test]
    fn repertoire_and_length_are_those_of_the_vr() {
        for (vr, good, bad, expected) in [
            (Vr::CS, "ORIGINAL\\PRIMARY ", "original", Kind::Characters),
            (Vr::CS, "A_1", "ABCDEFGHIJKLMNOPQ", Kind::Length),
            (Vr::IS, "-12 ", "1.5", Kind::Characters),
            (Vr::IS, "2147483647", "2147483648", Kind::Characters),
            (Vr::DS, "1.5\\-2e3", "1,5", Kind::Characters),
            (Vr::DS, "0", "0.12345678901234567", Kind::Length),
            (Vr::AS, "018M", "18M", Kind::Length),
            (Vr::AE, "STORE SCP", "STORE_SCP_TOO_LONG", Kind::Length),
            (Vr::UI, "1.2.840\0", "1.2.", Kind::Uid),
        ] {
            assert_eq!(kind(vr, good), None, "{good}");
            assert_eq!(kind(vr, bad), Some(expected), "{bad}");
        }
        let padding = check_padding(Vr::LO, b"padded\0").map(|p| p.kind);
        assert_eq!(padding, Some(Kind::Characters));
        assert!(check_padding(Vr::DA, b"20240101\\20240102 ").is_none());
        assert_eq!(
            check(Vr::US, &[0, 1, 2]).map(|p| p.kind),
            Some(Kind::Length)
        );
    }
}
