//! Ages above 89 years identify (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(C)).

/// The ceiling for ages: 90 years or more.
const CEILING: &str = "090Y";

/// One value of `AS`, capped; `None` if it may stay as it is, or is no age at all: see [`is_age`].
pub fn capped(text: &str) -> Option<&'static str> {
    let text = text.trim_matches([' ', '\0']);
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u32 = number.parse().ok()?;
    let too_old = match unit {
        "Y" => number > 89,
        // 90 years in months; 999 weeks or days are less.
        "M" => number >= 1080,
        _ => false,
    };
    too_old.then_some(CEILING)
}

/// Is this three digits and a unit (PS3.5 §6.2 AS)?
pub fn is_age(text: &str) -> bool {
    let text = text.trim_matches([' ', '\0']);
    let mut bytes = text.bytes();
    let digits = bytes.by_ref().take(3).all(|byte| byte.is_ascii_digit());
    text.len() == 4 && digits && matches!(bytes.next(), Some(b'D' | b'W' | b'M' | b'Y'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_great_ages_are_capped() {
        assert_eq!(capped("089Y"), None);
        assert_eq!(capped("090Y"), Some("090Y"));
        assert_eq!(capped("104Y "), Some("090Y"));
        assert_eq!(capped("1100M"), Some("090Y"));
        assert_eq!(capped("999W"), None);
        assert_eq!(capped(""), None);
        assert!(is_age("003W") && !is_age("3W") && !is_age("JOHN"));
    }
}
