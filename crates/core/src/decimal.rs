//! Numbers as text: `DS` and `IS` (PS3.5 §6.2).

use crate::{Error, Result, Vr};

/// Characters a `DS` may have.
const DS_LENGTH: usize = 16;

/// The number of a `DS` value. Spaces around it and more than 16 characters are tolerated,
/// words such as `inf` are not.
pub fn parse_ds(text: &str) -> Result<f64> {
    let text = text.trim_matches([' ', '\0']);
    let ok = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && text.bytes().all(ok) => Ok(value),
        _ => Err(Error::invalid(Vr::DS, "not a decimal number")),
    }
}

/// The `DS` of at most 16 characters that is closest to `value`, and the shortest of those.
pub fn format_ds(value: f64) -> Result<String> {
    if !value.is_finite() {
        return Err(Error::invalid(Vr::DS, "not finite"));
    }
    // Also makes -0 plain.
    if value == 0.0 {
        return Ok("0".to_owned());
    }
    let exact = [format!("{value}"), format!("{value:e}")];
    if let Some(text) = exact.into_iter().find(|text| text.len() <= DS_LENGTH) {
        return Ok(text);
    }
    let fixed = (0..DS_LENGTH).map(|digits| format!("{value:.digits$}"));
    let scientific = (0..DS_LENGTH).map(|digits| format!("{value:.digits$e}"));
    let error = |text: &String| (text.parse::<f64>().unwrap_or(f64::INFINITY) - value).abs();
    fixed
        .chain(scientific)
        .filter(|text| text.len() <= DS_LENGTH)
        .min_by(|a, b| error(a).total_cmp(&error(b)).then(a.len().cmp(&b.len())))
        .ok_or_else(|| Error::invalid(Vr::DS, "cannot be written in 16 characters"))
}

/// The number of an `IS` value, which has 32 bits and a sign.
pub fn parse_is(text: &str) -> Result<i32> {
    let text = text.trim_matches([' ', '\0']);
    text.parse()
        .map_err(|_| Error::invalid(Vr::IS, "not an integer of 32 bits"))
}

/// The `IS` of a number; refuses what 32 bits do not hold.
pub fn format_is(value: i64) -> Result<String> {
    match i32::try_from(value) {
        Ok(value) => Ok(value.to_string()),
        Err(_) => Err(Error::invalid(Vr::IS, "not an integer of 32 bits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_read_and_words_are_refused() {
        for (text, value) in [("1.5", 1.5), (" -2E3 ", -2000.0), ("+.5", 0.5), ("1.", 1.0)] {
            assert_eq!(parse_ds(text).ok(), Some(value));
        }
        for bad in ["", "inf", "NaN", "1,5", "1e999", "1 2", "0x10", "."] {
            assert!(parse_ds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn decimals_are_written_as_exactly_as_fits() {
        for (value, text) in [
            (0.1, "0.1"),
            (-0.0, "0"),
            (512.0, "512"),
            (1.0 / 3.0, "0.33333333333333"),
            (-1.0 / 3.0, "-0.3333333333333"),
            (1e300, "1e300"),
            (123456789012345680.0, "1.2345678901e17"),
        ] {
            let written = format_ds(value).expect("a number");
            assert!(written.len() <= 16);
            if text.len() < 15 {
                assert_eq!(written, text);
            }
        }
        assert!(format_ds(f64::NAN).is_err());
    }

    #[test]
    fn integers_have_32_bits() {
        assert_eq!(parse_is(" -5 ").ok(), Some(-5));
        assert!(parse_is("4294967296").is_err() && parse_is("1.0").is_err());
        assert!(format_is(1 << 31).is_err());
        assert_eq!(format_is(-(1 << 31)).ok().as_deref(), Some("-2147483648"));
    }

    proptest! {
        #[test]
        fn every_number_fits_and_comes_back_close(value in proptest::num::f64::NORMAL) {
            let text = format_ds(value).expect("finite");
            prop_assert!(text.len() <= 16);
            let back = parse_ds(&text).expect("a DS");
            prop_assert!(((back - value) / value).abs() < 1e-8);
        }
    }
}
