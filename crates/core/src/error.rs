//! Errors of this crate.

use crate::{TagPath, Vr};

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A value that the standard does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a tag.
    #[error("{found:?} is not a tag: expected eight hexadecimal digits or a keyword")]
    InvalidTag {
        /// The text.
        found: String,
    },
    /// Not a UID (PS3.5 §9.1).
    #[error("{found:?} is not a valid UID")]
    InvalidUid {
        /// The text.
        found: String,
    },
    /// Not an AE title (PS3.5 §6.2).
    #[error("{found:?} is not an AE title: 1 to 16 ASCII characters without backslash expected")]
    InvalidAeTitle {
        /// The text.
        found: String,
    },
    /// A value that its VR does not allow. The value itself may be patient data and is not shown.
    #[error("{}not a valid {vr} value: {reason}", place(path))]
    InvalidValue {
        /// Where.
        path: TagPath,
        /// The VR.
        vr: Vr,
        /// What is wrong.
        reason: String,
    },
    /// Text that the target character set has no code for.
    #[error("a character has no code in character set {charset}")]
    Unencodable {
        /// Defined terms of Specific Character Set.
        charset: String,
    },
}

impl Error {
    /// A bad value that does not know yet which element it belongs to.
    pub(crate) fn invalid(vr: Vr, reason: &str) -> Error {
        Error::InvalidValue {
            path: TagPath::default(),
            vr,
            reason: reason.to_owned(),
        }
    }

    /// Says where the bad value is; leaves other errors as they are.
    pub fn at(self, place: TagPath) -> Error {
        match self {
            Error::InvalidValue { vr, reason, .. } => Error::InvalidValue {
                path: place,
                vr,
                reason,
            },
            other => other,
        }
    }
}

fn place(path: &TagPath) -> String {
    if path.0.is_empty() {
        String::new()
    } else {
        format!("{path}: ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags;

    #[test]
    fn a_bad_value_says_where_it_is_once_that_is_known() {
        let error = Error::invalid(Vr::DA, "no such day");
        assert_eq!(error.to_string(), "not a valid DA value: no such day");
        let error = error.at(TagPath::root(tags::STUDY_DATE));
        assert_eq!(
            error.to_string(),
            "(0008,0020): not a valid DA value: no such day"
        );
    }
}
