//! Person names (PS3.5 §6.2 PN, §6.2.1): up to three groups of up to five components.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result, Vr};

/// Characters of one group.
const GROUP_LENGTH: usize = 64;

/// One person name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PersonName {
    /// In an alphabet, usually Latin.
    pub alphabetic: NameGroup,
    /// In ideographs or Hangul, as the person writes it.
    pub ideographic: NameGroup,
    /// As it is spoken, in Kana or Hangul.
    pub phonetic: NameGroup,
}

/// One representation of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NameGroup {
    /// Family name complex.
    pub family: String,
    /// Given name complex.
    pub given: String,
    /// Middle name.
    pub middle: String,
    /// Name prefix, e.g. a title.
    pub prefix: String,
    /// Name suffix, e.g. a degree.
    pub suffix: String,
}

impl PersonName {
    /// One value of `PN`. Refuses more than three groups, five components of a group or 64
    /// characters of one, control characters and backslashes. Spaces around components go.
    pub fn parse(text: &str) -> Result<PersonName> {
        let groups: Vec<&str> = text.trim_end_matches(['\0', ' ']).split('=').collect();
        if groups.len() > 3 {
            return Err(Error::invalid(Vr::PN, "more than three component groups"));
        }
        if groups
            .iter()
            .any(|group| group.chars().count() > GROUP_LENGTH)
        {
            return Err(Error::invalid(
                Vr::PN,
                "more than 64 characters in a component group",
            ));
        }
        if text
            .trim_end_matches('\0')
            .contains(|c: char| c.is_control() || c == '\\')
        {
            return Err(Error::invalid(Vr::PN, "a control character or backslash"));
        }
        if groups.iter().any(|group| group.split('^').count() > 5) {
            return Err(Error::invalid(Vr::PN, "more than five components"));
        }
        Ok(PersonName::tolerant(text))
    }

    /// As [`PersonName::parse`] for what devices send: what is too much stays in the last
    /// component or group, control characters are dropped.
    pub fn tolerant(text: &str) -> PersonName {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        let mut groups = text.splitn(3, '=').map(NameGroup::tolerant);
        let mut next = || groups.next().unwrap_or_default();
        PersonName {
            alphabetic: next(),
            ideographic: next(),
            phonetic: next(),
        }
    }

    /// No characters at all.
    pub fn is_empty(&self) -> bool {
        self.groups().into_iter().all(NameGroup::is_empty)
    }

    /// The three groups in order.
    pub fn groups(&self) -> [&NameGroup; 3] {
        [&self.alphabetic, &self.ideographic, &self.phonetic]
    }
}

impl NameGroup {
    fn tolerant(text: &str) -> NameGroup {
        let mut components = text.splitn(5, '^').map(|c| c.trim_matches(' ').to_owned());
        let mut next = || components.next().unwrap_or_default();
        NameGroup {
            family: next(),
            given: next(),
            middle: next(),
            prefix: next(),
            suffix: next(),
        }
    }

    /// No characters at all.
    pub fn is_empty(&self) -> bool {
        self.components()
            .iter()
            .all(|component| component.is_empty())
    }

    /// The five components in the order of the standard.
    pub fn components(&self) -> [&str; 5] {
        [
            &self.family,
            &self.given,
            &self.middle,
            &self.prefix,
            &self.suffix,
        ]
    }
}

impl fmt::Display for NameGroup {
    /// Without delimiters at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.components().join("^").trim_end_matches('^'))
    }
}

impl fmt::Display for PersonName {
    /// Without delimiters at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            self.groups()
                .map(ToString::to_string)
                .join("=")
                .trim_end_matches('='),
        )
    }
}

impl FromStr for PersonName {
    type Err = Error;
    fn from_str(text: &str) -> Result<PersonName> {
        PersonName::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_falls_into_groups_and_components() {
        let name = PersonName::parse("Yamada^Tarou^^Dr^=山田^太郎=やまだ^たろう ").expect("a name");
        assert_eq!(name.alphabetic.family, "Yamada");
        assert_eq!(name.alphabetic.prefix, "Dr");
        assert_eq!(name.ideographic.given, "太郎");
        assert_eq!(name.phonetic.family, "やまだ");
        assert_eq!(name.to_string(), "Yamada^Tarou^^Dr=山田^太郎=やまだ^たろう");
    }

    #[test]
    fn empty_parts_keep_their_place() {
        for text in ["", "=山田", "^Tarou", "a==c"] {
            assert_eq!(
                PersonName::parse(text)
                    .map(|n| n.to_string())
                    .ok()
                    .as_deref(),
                Some(text)
            );
        }
        assert!(PersonName::parse("^^==").is_ok_and(|name| name.is_empty()));
    }

    #[test]
    fn what_the_standard_forbids_is_refused_or_kept_tolerantly() {
        for bad in ["a=b=c=d", "a^b^c^d^e^f", "a\\b", "a\nb", &"ä".repeat(65)] {
            assert!(PersonName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(PersonName::parse(&"ä".repeat(64)).is_ok());
        assert_eq!(PersonName::tolerant("a^b^c^d^e^f").alphabetic.suffix, "e^f");
    }
}
