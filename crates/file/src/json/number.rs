//! Numbers as text: `DS` and `IS` (PS3.5 §6.2) against the number grammar of JSON.

/// Is this a number in the grammar of JSON (RFC 8259 §6), and a finite one?
pub(super) fn is_json_number(text: &str) -> bool {
    is_json_grammar(text.as_bytes())
        && (text.len() <= 16 && !text.contains(['e', 'E']) || is_finite(text))
}

pub(super) fn is_json_grammar(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let digits = leading_digits(rest);
    let (integer, rest) = rest.split_at(digits);
    if digits == 0 || (digits > 1 && integer.starts_with(b"0")) {
        return false;
    }
    let rest = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => match leading_digits(fraction) {
            0 => return false,
            digits => fraction.get(digits..).unwrap_or_default(),
        },
    };
    let rest = match rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        None => rest,
        Some(exponent) => {
            let exponent = exponent
                .strip_prefix(b"+")
                .or_else(|| exponent.strip_prefix(b"-"))
                .unwrap_or(exponent);
            match leading_digits(exponent) {
                0 => return false,
                digits => exponent.get(digits..).unwrap_or_default(),
            }
        }
    };
    rest.is_empty()
}

fn leading_digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

fn is_finite(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Is this an `IS` that every JSON reader holds exactly?
pub(super) fn is_json_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    // Twelve characters are what IS may have; 15 digits are below 2^53.
    (1..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'))
}

/// An integer, also when it is written as `5.0` or `1e3`.
pub(super) fn integer_from_text(text: &str) -> Option<i128> {
    let text = text.trim();
    if let Ok(value) = text.parse::<i128>() {
        return Some(value);
    }
    let value = text.parse::<f64>().ok()?;
    // Beyond 2^63 a double is no exact integer; within, the conversion is exact.
    (value.fract() == 0.0 && value.abs() < 9.3e18).then_some(value as i128)
}

/// A floating point number; the spellings of not-a-number and the infinities that are about.
pub(super) fn float_from_text(text: &str) -> Option<f64> {
    match text.trim() {
        "NaN" | "nan" | "NAN" => Some(f64::NAN),
        "Infinity" | "+Infinity" | "inf" | "+inf" | "INF" | "+INF" => Some(f64::INFINITY),
        "-Infinity" | "-inf" | "-INF" => Some(f64::NEG_INFINITY),
        number => number.parse::<f64>().ok().filter(|value| value.is_finite()),
    }
}

/// A number's text as `DS`: as it stands if it fits 16 characters, else rounded to what fits.
pub(super) fn decimal_string(text: &str) -> String {
    const LONGEST: usize = 16;
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let Ok(value) = text.parse::<f64>() else {
        return text.to_owned();
    };
    let plain = format!("{value}");
    if plain.len() <= LONGEST {
        return plain;
    }
    let magnitude = value.abs();
    if (1e-4..1e15).contains(&magnitude) {
        // Sign, digits before the point and the point take their share of the sixteen.
        let before = format!("{value:.0}").len();
        let rounded = format!("{value:.*}", LONGEST.saturating_sub(before + 1));
        if rounded.len() <= LONGEST {
            return rounded;
        }
    }
    (0..=10)
        .rev()
        .map(|digits| format!("{value:.digits$e}"))
        .find(|candidate| candidate.len() <= LONGEST)
        .unwrap_or(plain)
}

/// A number's text as `IS`: a plain integer if it is one, else as it stands.
pub(super) fn integer_string(text: &str) -> String {
    integer_from_text(text).map_or_else(|| text.to_owned(), |value| value.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_grammar_of_json_makes_a_number() {
        for good in [
            "0",
            "-0",
            "1",
            "-1.5",
            "1e5",
            "0.50",
            "1.000000e+01",
            "123456789.12345",
        ] {
            assert!(is_json_number(good), "{good}");
        }
        for bad in [
            "", "-", "+1", "01", ".5", "5.", "1e", "1e+", "1.5x", "1 2", "1e999", "NaN", "0x10",
        ] {
            assert!(!is_json_number(bad), "{bad}");
        }
        assert!(
            is_json_integer("-42")
                && !is_json_integer("1.0")
                && !is_json_integer("9007199254740993")
        );
    }

    #[test]
    fn a_long_number_is_rounded_into_sixteen_characters() {
        assert_eq!(decimal_string("1.50"), "1.50");
        assert_eq!(decimal_string("0.30000000000000004"), "0.30000000000000");
        assert_eq!(decimal_string("-123456.78901234567"), "-123456.78901235");
        for text in [
            "1.2345678901234567e-200",
            "-1.2345678901234567e200",
            "-0.00001234567890123",
            "123456789012345678",
        ] {
            let short = decimal_string(text);
            assert!(short.len() <= 16, "{short}");
            let (a, b): (f64, f64) = (text.parse().unwrap(), short.parse().unwrap());
            assert!(((a - b) / a).abs() < 1e-8, "{text} {short}");
        }
    }

    #[test]
    fn integers_are_recognised_in_other_clothes() {
        assert_eq!(integer_from_text("1e3"), Some(1000));
        assert_eq!(integer_from_text(" 5.0 "), Some(5));
        assert_eq!(integer_from_text("5.5"), None);
        assert_eq!(integer_string("7.0"), "7");
        assert_eq!(integer_string("7.5"), "7.5");
    }
}
