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
    #[error("{path}: not a valid {vr} value: {reason}")]
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
