//! From what is written to a checked value.

use std::net::IpAddr;

use sagittal_core::{AeTitle, Uid};
use toml::de::DeValue;

use super::problem::nearest;
use super::setting::{Kind, quoted, show_duration, show_size};

/// A checked value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Integer`] and [`Kind::Port`]; bytes of [`Kind::Size`]; milliseconds of [`Kind::Duration`].
    Number(u64),
    /// Of all kinds of text.
    Text(String),
    /// Of [`Kind::List`].
    List(Vec<Value>),
}

/// What is written, before it is checked.
#[derive(Clone, Debug, PartialEq)]
pub enum Raw {
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Text in quotes.
    Text(String),
    /// A list.
    List(Vec<Raw>),
    /// From the environment or a flag, where everything is text without quotes.
    Word(String),
    /// Something that no setting takes: its kind in words.
    Other(&'static str),
}

impl Raw {
    /// From TOML.
    pub fn from_toml(value: &DeValue<'_>) -> Raw {
        match value {
            DeValue::Boolean(value) => Raw::Bool(*value),
            DeValue::Integer(value) => i128::from_str_radix(value.as_str(), value.radix())
                .map_or(Raw::Other("a number that is too large"), Raw::Integer),
            DeValue::String(value) => Raw::Text(value.to_string()),
            DeValue::Array(values) => {
                Raw::List(values.iter().map(|v| Raw::from_toml(v.get_ref())).collect())
            }
            DeValue::Float(_) => Raw::Other("a number with a fraction"),
            DeValue::Datetime(_) => Raw::Other("a date or time"),
            DeValue::Table(_) => Raw::Other("a table"),
        }
    }

    fn show(&self) -> String {
        match self {
            Raw::Bool(value) => value.to_string(),
            Raw::Integer(value) => value.to_string(),
            Raw::Text(text) | Raw::Word(text) => format!("{text:?}"),
            Raw::List(_) => "a list".into(),
            Raw::Other(what) => (*what).into(),
        }
    }
}

/// Why a value was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What was found and what was expected.
    pub message: String,
    /// What to write instead.
    pub remedy: Option<String>,
}

/// Checks what is written against a kind.
pub fn check(kind: &Kind, raw: &Raw) -> Result<Value, Refused> {
    if let (Kind::List(of), raw) = (kind, raw) {
        return check_list(of, raw);
    }
    let number = |raw: &Raw| match raw {
        Raw::Integer(value) => Some(*value),
        Raw::Word(word) => word.trim().replace('_', "").parse().ok(),
        _ => None,
    };
    let text = match raw {
        Raw::Text(text) | Raw::Word(text) => Some(text.trim()),
        _ => None,
    };
    let value = match kind {
        Kind::Bool => match (raw, text) {
            (Raw::Bool(value), _) => Some(Value::Bool(*value)),
            (Raw::Word(_), Some("true" | "1" | "yes" | "on")) => Some(Value::Bool(true)),
            (Raw::Word(_), Some("false" | "0" | "no" | "off")) => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::Integer { min, max } => number(raw)
            .filter(|value| (i128::from(*min)..=i128::from(*max)).contains(value))
            .and_then(as_number),
        Kind::Port => number(raw)
            .filter(|value| (0..=65535).contains(value))
            .and_then(as_number),
        Kind::Size { min, max } => number(raw)
            .and_then(|value| u64::try_from(value).ok())
            .or_else(|| text.and_then(parse_size))
            .filter(|value| (*min..=*max).contains(value))
            .map(Value::Number),
        Kind::Duration { min, max } => number(raw)
            .and_then(|value| u64::try_from(value).ok()?.checked_mul(1000))
            .or_else(|| text.and_then(parse_duration))
            .filter(|value| (*min..=*max).contains(value))
            .map(Value::Number),
        Kind::List(_) => None,
        _ => text
            .filter(|text| text_fits(kind, text))
            .map(|text| Value::Text(text.to_owned())),
    };
    value.ok_or_else(|| refuse(kind, raw))
}

fn as_number(value: i128) -> Option<Value> {
    u64::try_from(value).ok().map(Value::Number)
}

fn check_list(of: &Kind, raw: &Raw) -> Result<Value, Refused> {
    match raw {
        Raw::List(items) => {
            let values: Result<Vec<Value>, Refused> =
                items.iter().map(|item| check(of, item)).collect();
            values.map(Value::List)
        }
        Raw::Word(word) => {
            let items = word
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            let values: Result<Vec<Value>, Refused> = items
                .map(|item| check(of, &Raw::Word(item.to_owned())))
                .collect();
            values.map(Value::List)
        }
        single => Err(Refused {
            message: format!(
                "found {}, expected a list, each {}",
                single.show(),
                of.expected()
            ),
            remedy: check(of, single)
                .ok()
                .map(|_| format!("put it in brackets: [{}]", single.show())),
        }),
    }
}

fn refuse(kind: &Kind, raw: &Raw) -> Refused {
    // A hash is a secret of sorts: it is not repeated in messages.
    let found = match kind {
        Kind::PasswordHash | Kind::TokenHash => "something else".to_owned(),
        _ => raw.show(),
    };
    Refused {
        message: format!("found {found}, expected {}", kind.expected()),
        remedy: remedy(kind, raw),
    }
}

fn remedy(kind: &Kind, raw: &Raw) -> Option<String> {
    match (kind, raw) {
        (Kind::Choice(words), Raw::Text(text) | Raw::Word(text)) => {
            let near = nearest(text, words.iter().copied());
            Some(match near {
                Some(word) => format!("did you mean \"{word}\"?"),
                None => format!("write one of {}", quoted(words)),
            })
        }
        (Kind::Bool, Raw::Text(text)) if matches!(text.as_str(), "true" | "false") => {
            Some(format!("write {text} without quotes"))
        }
        (Kind::Integer { .. } | Kind::Port, Raw::Text(text))
            if text.trim().parse::<i64>().is_ok() =>
        {
            Some(format!("write {} without quotes", text.trim()))
        }
        (Kind::Integer { min, max }, Raw::Integer(value)) => Some(format!(
            "write {}",
            value.clamp(&i128::from(*min), &i128::from(*max))
        )),
        (Kind::Size { min, max }, Raw::Integer(_) | Raw::Text(_)) => {
            let given = match raw {
                Raw::Integer(value) => u64::try_from(*value).ok(),
                Raw::Text(text) => parse_size(text),
                _ => None,
            };
            given.map(|value| format!("write \"{}\"", show_size(value.clamp(*min, *max))))
        }
        (Kind::Duration { min, max }, Raw::Text(text)) => parse_duration(text)
            .map(|value| format!("write \"{}\"", show_duration(value.clamp(*min, *max)))),
        (Kind::AeTitle, Raw::Text(text)) if text.trim().chars().count() > 16 => Some(format!(
            "{} characters are too many: shorten it to 16",
            text.trim().chars().count()
        )),
        (Kind::Address, Raw::Text(text)) if text.contains(':') && text.contains('.') => {
            Some("write the port under `port`".into())
        }
        (Kind::Address, Raw::Text(text)) if text == "localhost" => {
            Some("write \"127.0.0.1\"".into())
        }
        (Kind::UrlPath, Raw::Text(text)) => {
            let cut = text.trim_matches('/');
            Some(format!("write \"/{cut}\""))
        }
        (Kind::PasswordHash, _) => Some("run `sagittal user hash` and paste what it prints".into()),
        (Kind::TokenHash, _) => {
            Some("run `sagittal token new` and paste the hash it prints".into())
        }
        (
            Kind::Text | Kind::Path | Kind::Host | Kind::Name | Kind::AeTitle,
            Raw::Integer(value),
        ) => Some(format!("write it in quotes: \"{value}\"")),
        _ => None,
    }
}

fn text_fits(kind: &Kind, text: &str) -> bool {
    let no_space = !text.contains(char::is_whitespace);
    match kind {
        Kind::Text | Kind::Path => !text.contains('\0'),
        Kind::Name => {
            let ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
            !text.is_empty() && text.len() <= 64 && text.chars().all(ok)
        }
        Kind::AeTitle => AeTitle::new(text).is_ok(),
        Kind::Address => text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok(),
        Kind::Host => is_host(text),
        Kind::Network => text.parse::<sagittal_auth::AddressRange>().is_ok(),
        Kind::Choice(words) => words.contains(&text),
        Kind::Uid => Uid::new(text).is_ok(),
        Kind::UrlPath => {
            let ok =
                |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '/');
            text.starts_with('/')
                && text.len() > 1
                && !text.ends_with('/')
                && !text.contains("//")
                && text.chars().all(ok)
        }
        Kind::BaseUrl => {
            text.is_empty() || (is_http(text) && no_space && !text.contains(['?', '#']))
        }
        Kind::Origin => text == "*" || is_origin(text),
        Kind::PasswordHash => text.starts_with("$argon2id$") && no_space,
        Kind::TokenHash => text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()),
        Kind::Day => text.is_empty() || parse_day(text).is_some(),
        _ => false,
    }
}

fn is_http(text: &str) -> bool {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        let host = rest.rsplit_once(':').map_or(rest, |(host, _)| host);
        scheme.chars().all(|c| c.is_ascii_alphanumeric())
            && !host.is_empty()
            && !rest.contains(['/', '?', '#', ' '])
    })
}

/// `YYYY-MM-DD`.
pub fn parse_day(text: &str) -> Option<time::Date> {
    let mut parts = text.split('-');
    let mut number = |length: usize| {
        let part = parts.next().filter(|part| part.len() == length)?;
        part.parse::<u16>().ok()
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = time::Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?);
    date.ok().filter(|_| parts.next().is_none())
}

/// A host name (RFC 1123) or an IP address.
pub fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
        || (text.len() <= 253 && text.trim_end_matches('.').split('.').all(label))
}

/// `"128 MiB"`, `"1.5 GB"`, `"4096"` in bytes. Units: B, KB, MB, GB, TB (1000) and KiB, MiB, GiB, TiB (1024).
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        _ => return None,
    };
    scale(number.trim(), unit)
}

/// `"500ms"`, `"30s"`, `"5m"`, `"2h"`, `"1d"` in milliseconds; without a unit seconds.
pub fn parse_duration(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit: u64 = match unit.to_ascii_lowercase().as_str() {
        "ms" => 1,
        "" | "s" | "sec" | "second" | "seconds" => 1000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    scale(number.trim(), unit)
}

fn scale(number: &str, unit: u64) -> Option<u64> {
    if let Ok(whole) = number.replace('_', "").parse::<u64>() {
        return whole.checked_mul(unit);
    }
    let (whole, fraction) = number.split_once('.')?;
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    if fraction.is_empty() || fraction.len() > 6 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: u64 = fraction.parse().ok()?;
    let divisor = 10u64.pow(u32::try_from(fraction.len()).ok()?);
    let part = u128::from(digits) * u128::from(unit) / u128::from(divisor);
    whole
        .checked_mul(unit)?
        .checked_add(u64::try_from(part).ok()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sizes_and_times_are_read_in_their_units() {
        assert_eq!(parse_size("128 MiB"), Some(128 << 20));
        assert_eq!(parse_size("1.5GB"), Some(1_500_000_000));
        assert_eq!(parse_size("4096"), Some(4096));
        assert_eq!(parse_size("99999999999 TiB"), None);
        assert_eq!(parse_size("12 parsecs"), None);
        assert_eq!(parse_duration("500ms"), Some(500));
        assert_eq!(parse_duration("1.5h"), Some(5_400_000));
        assert_eq!(parse_duration("30"), Some(30_000));
        assert_eq!(parse_duration("-1s"), None);
    }

    #[test]
    fn a_port_in_quotes_is_refused_with_its_remedy() {
        let refused = check(&Kind::Port, &Raw::Text("11112".into())).unwrap_err();
        assert_eq!(
            refused.remedy.as_deref(),
            Some("write 11112 without quotes")
        );
        assert!(check(&Kind::Port, &Raw::Integer(70000)).is_err());
        assert!(check(&Kind::Port, &Raw::Word("104".into())).is_ok());
    }

    #[test]
    fn a_choice_knows_its_nearest_word() {
        let kind = Kind::Choice(&["keep-both", "keep-first", "replace"]);
        let refused = check(&kind, &Raw::Text("keep_both".into())).unwrap_err();
        assert_eq!(
            refused.remedy.as_deref(),
            Some("did you mean \"keep-both\"?")
        );
    }

    #[test]
    fn hashes_are_not_repeated_in_messages() {
        let refused = check(&Kind::PasswordHash, &Raw::Text("hunter2".into())).unwrap_err();
        assert!(!refused.message.contains("hunter2"));
    }

    #[test]
    fn a_list_from_the_environment_is_separated_by_commas() {
        let value = check(&Kind::List(&Kind::AeTitle), &Raw::Word("A, B".into()));
        let text = |t: &str| Value::Text(t.into());
        assert_eq!(value, Ok(Value::List(vec![text("A"), text("B")])));
    }

    #[test]
    fn days_are_read_and_networks_have_a_prefix_that_fits() {
        assert!(parse_day("2030-12-31").is_some());
        assert!(parse_day("2030-02-30").is_none());
        assert!(parse_day("30-12-31").is_none());
        assert!(text_fits(&Kind::Network, "10.0.0.0/8"));
        assert!(!text_fits(&Kind::Network, "10.0.0.0/33"));
        assert!(text_fits(&Kind::Network, "fe80::/10"));
    }
}
