//! Errors of this crate: configuration that makes no sense, and callers that are turned away.

/// A value of the configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not an address or network.
    #[error("{found:?} is not an IP address or network such as 10.1.0.0/16")]
    InvalidAddress {
        /// The text.
        found: String,
    },
    /// Not a permission.
    #[error("{found:?} is not a permission: one of {expected} expected")]
    InvalidPermission {
        /// The text.
        found: String,
        /// All there are.
        expected: String,
    },
    /// Not a role.
    #[error("{found:?} is not a role: one of {expected} expected")]
    InvalidRole {
        /// The text.
        found: String,
        /// All there are.
        expected: String,
    },
    /// Not an Argon2 hash in PHC form.
    #[error(
        "the password hash of user {name:?} cannot be read: make one with `sagittal user hash`"
    )]
    InvalidPasswordHash {
        /// Whose.
        name: String,
    },
    /// Not the SHA-256 of a token.
    #[error(
        "the hash of token {name:?} is not 64 hexadecimal digits: make one with `sagittal token new`"
    )]
    InvalidTokenHash {
        /// Whose.
        name: String,
    },
    /// The same name twice.
    #[error("{what} {name:?} occurs twice")]
    Twice {
        /// `user` or `token`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A user name that Basic authentication cannot carry (RFC 7617 §2).
    #[error("user name {name:?} is empty or contains a colon or control character")]
    InvalidUserName {
        /// The name.
        name: String,
    },
    /// Hashing failed.
    #[error("cannot hash the password: {reason}")]
    Hash {
        /// Why.
        reason: String,
    },
}

/// Why a caller's identity could not be settled. Says nothing that helps to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nothing was presented, and something must be.
    #[error("authentication is required")]
    Missing,
    /// The Authorization header cannot be read, or its scheme is not known.
    #[error("the authorization header is not Basic or Bearer credentials")]
    Malformed,
    /// Name or password, or token, is wrong.
    #[error("wrong credentials")]
    Wrong,
    /// The token was good once.
    #[error("the token has expired")]
    Expired,
    /// This address presented wrong ones too often: nothing is looked at for a while.
    #[error("too many wrong credentials from this address; try again in {seconds} s")]
    TooMany {
        /// How long.
        seconds: u64,
    },
    /// No rule lets this AE title in from this address.
    #[error("no rule admits this AE title from this address")]
    UnknownAe,
}
