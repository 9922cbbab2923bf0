//! What can go wrong.

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong. No message has a protected value in it.
#[derive(Debug, thiserror::Error)]
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

    /// The input cannot be read.
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
}

impl Error {
    /// [`Error::Crypto`].
    pub(crate) fn crypto(expected: &str) -> Error {
        Error::Crypto {
            expected: expected.to_owned(),
        }
    }
}
