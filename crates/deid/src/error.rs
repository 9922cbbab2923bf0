//! What can go wrong.

use sagittal_core::TagPath;

use crate::policy::Problems;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong. No message has a protected value in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An action code that Table E.1-1a does not have.
    #[error(
        "{found:?} is no action of PS3.15 Table E.1-1a (D, Z, X, K, C, U, Z/D, X/Z, X/D, X/Z/D, X/Z/U*)"
    )]
    Action {
        /// As written.
        found: String,
    },

    /// A project key of the wrong shape.
    #[error("a project key has 64 hexadecimal digits, found {found} characters")]
    Key {
        /// How many characters were there.
        found: usize,
    },

    /// A policy with mistakes.
    #[error("the policy cannot be used:\n{0}")]
    Policy(Problems),

    /// An instance that the policy does not let through.
    #[error("{path}: refused: {reason}")]
    Refused {
        /// What is in the way; empty for the instance as a whole.
        path: TagPath,
        /// Why.
        reason: String,
    },

    /// A list of names cannot be read.
    #[error("line {line} of the list: {reason}")]
    List {
        /// From 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },

    /// The input cannot be read, or the output not written.
    #[error(transparent)]
    File(#[from] sagittal_file::Error),

    /// A value cannot be made.
    #[error(transparent)]
    Core(#[from] sagittal_core::Error),

    /// A digest of another shape.
    #[error("a digest has 64 hexadecimal digits in lower case, found {found} characters")]
    Digest {
        /// How many characters were there.
        found: usize,
    },

    /// A line of a transformation log that cannot be read.
    #[error("line {line} is not a line of a transformation log")]
    LogLine {
        /// Its number, from 1.
        line: u64,
    },

    /// A line of a map of pseudonyms that is no entry, or contradicts another.
    #[error("line {line} of the map is no entry, or contradicts another")]
    MapLine {
        /// Its number, from 1.
        line: u64,
    },

    /// A key, certificate or encrypted message that cannot be used.
    #[error("{expected} was expected")]
    Crypto {
        /// What was expected.
        expected: String,
    },

    /// What was to be read cannot be.
    #[error("cannot read")]
    Read(#[source] std::io::Error),

    /// What was to be written cannot be.
    #[error("cannot write")]
    Write(#[source] std::io::Error),

    /// Pixel data that cannot be cleaned, and are therefore not let through.
    #[error("pixels cannot be cleaned: {0}")]
    Pixels(&'static str),

    /// Pixel data that cannot be read, decoded or encoded.
    #[error(transparent)]
    Pixel(#[from] sagittal_pixel::Error),

    /// An instance that may have identifying text in its pixels, and no rule covers it.
    #[error(
        "text may be burned in ({why}) and no rule covers it: add a rectangle or a device template, \
         use OCR, or let the policy keep such images"
    )]
    BurnedIn {
        /// What makes one think so.
        why: &'static str,
    },

    /// A rule refuses the instance as a whole.
    #[error("refused by {rule:?}: {why}")]
    RefusedByRule {
        /// Its name.
        rule: String,
        /// Why such images are not let through.
        why: &'static str,
    },

    /// Text could not be looked for, though the policy requires it.
    #[error("text detection: {0}")]
    TextDetection(String),

    /// A catalogue of devices with mistakes.
    #[error("{name}:{line}: {message}")]
    Catalogue {
        /// Of the file.
        name: String,
        /// Line, from 1.
        line: usize,
        /// What was found, and what was expected.
        message: String,
    },

    /// A face that cannot be removed, so that the series is not let through.
    #[error("the face cannot be removed: {0}")]
    Deface(String),
}

impl Error {
    /// [`Error::Crypto`].
    pub(crate) fn crypto(expected: &str) -> Error {
        Error::Crypto {
            expected: expected.to_owned(),
        }
    }
}
