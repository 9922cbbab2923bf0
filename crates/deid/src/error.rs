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
}
