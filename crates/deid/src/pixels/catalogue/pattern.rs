//! Patterns of text: equal, with wild cards, or a regular expression.

use regex::{Regex, RegexBuilder};
use sagittal_core::wildcard;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a value must be like, without case.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Equal(String),
    Wild(String),
    Regex(Regex),
}

/// Bytes that a compiled expression may take.
const MOST_REGEX_BYTES: usize = 1 << 20;

impl Pattern {
    /// Reads a pattern: `/.../` is a regular expression that may match anywhere, `*` and `?` are
    /// wild cards, else the text must be equal.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let expression = text
            .strip_prefix('/')
            .and_then(|text| text.strip_suffix('/'));
        let kind = match expression {
            Some(expression) => RegexBuilder::new(expression)
                .case_insensitive(true)
                .size_limit(MOST_REGEX_BYTES)
                .build()
                .map(Kind::Regex)
                .map_err(|error| error.to_string())?,
            None if wildcard::has_wildcards(text) => Kind::Wild(text.to_lowercase()),
            None => Kind::Equal(text.to_lowercase()),
        };
        Ok(Pattern {
            text: text.to_owned(),
            kind,
        })
    }

    /// Does a value match? Space around it does not count.
    pub fn matches(&self, value: &str) -> bool {
        let value = value.trim_matches([' ', '\0']);
        match &self.kind {
            Kind::Regex(regex) => regex.is_match(value),
            Kind::Wild(pattern) => wildcard::matches(pattern, &value.to_lowercase()),
            Kind::Equal(text) => *text == value.to_lowercase(),
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pattern, D::Error> {
        let text = String::deserialize(deserializer)?;
        Pattern::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// One or several of something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOf<T> {
    /// One.
    One(T),
    /// Any of these.
    Several(Vec<T>),
}

impl<T> OneOf<T> {
    /// All of them.
    pub fn as_slice(&self) -> &[T] {
        match self {
            OneOf::One(one) => std::slice::from_ref(one),
            OneOf::Several(several) => several,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_are_equal_wild_or_regular() {
        let matches = |pattern: &str, value| Pattern::parse(pattern).unwrap().matches(value);
        assert!(matches("GE Medical", "ge medical \0") && !matches("GE", "GE Medical"));
        assert!(matches("*logiq*", "GE LOGIQ E9") && !matches("*logiq", "LOGIQ E9"));
        assert!(matches("/^iU(22|33)$/", "IU22") && !matches("/^iU22$/", "iU22x"));
        assert!(
            Pattern::parse("/(/").is_err() && Pattern::parse("/(a{1000}){1000}{100}/").is_err()
        );
    }
}
