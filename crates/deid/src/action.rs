//! Actions of the confidentiality profile (PS3.15 Table E.1-1a).

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// One primitive action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Primitive {
    /// `D`: a dummy value of the same kind, not empty.
    Dummy,
    /// `Z`: zero length, or a dummy value.
    Zero,
    /// `X`: removed.
    Remove,
    /// `K`: kept; sequences are gone through.
    Keep,
    /// `C`: cleaned, the meaning without the identity.
    Clean,
    /// `U`: another UID, the same for the same UID everywhere.
    Uid,
}

/// What a row asks for: a primitive action, or a choice of them by the attribute's type in the
/// IOD (PS3.15 Table E.1-1a, `X/Z/D` and the like).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The same for every IOD.
    One(Primitive),
    /// `Z/D`: zero unless Type 1.
    ZeroOrDummy,
    /// `X/Z`: removed unless Type 2 or 1.
    RemoveOrZero,
    /// `X/D`: removed unless Type 1.
    RemoveOrDummy,
    /// `X/Z/D`: removed if Type 3, zero if Type 2, dummy if Type 1.
    RemoveZeroOrDummy,
    /// `X/Z/U*`: as `X/Z/D`, a Type 1 sequence kept with the UIDs in it replaced.
    RemoveZeroOrUid,
}

/// As written in the table.
const SPELLINGS: [(&str, Action); 11] = [
    ("D", Action::One(Primitive::Dummy)),
    ("Z", Action::One(Primitive::Zero)),
    ("X", Action::One(Primitive::Remove)),
    ("K", Action::One(Primitive::Keep)),
    ("C", Action::One(Primitive::Clean)),
    ("U", Action::One(Primitive::Uid)),
    ("Z/D", Action::ZeroOrDummy),
    ("X/Z", Action::RemoveOrZero),
    ("X/D", Action::RemoveOrDummy),
    ("X/Z/D", Action::RemoveZeroOrDummy),
    ("X/Z/U*", Action::RemoveZeroOrUid),
];

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spelling = SPELLINGS.iter().find(|(_, action)| action == self);
        f.write_str(spelling.map_or("", |(text, _)| text))
    }
}

impl FromStr for Action {
    type Err = Error;

    fn from_str(text: &str) -> Result<Action, Error> {
        let found = SPELLINGS.iter().find(|(spelling, _)| *spelling == text);
        found
            .map(|(_, action)| *action)
            .ok_or_else(|| Error::Action {
                found: text.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_displayed_and_read_back() {
        for (text, action) in SPELLINGS {
            assert_eq!(action.to_string(), text);
            assert_eq!(text.parse::<Action>().ok(), Some(action));
        }
        assert!("Y".parse::<Action>().is_err());
    }
}
