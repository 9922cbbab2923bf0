//! Who may do what: users, tokens, AE title and address rules, permissions as types.
//!
//! [`Directory`] settles who a caller is; [`Authorized`] proves that it may do something.

pub mod address;
pub mod directory;
pub mod password;
pub mod permission;
pub mod role;
pub mod token;

mod caller;
mod error;
mod guesses;

pub use address::AddressRange;
pub use caller::{Authorized, Caller, CallerKind, Denied};
pub use directory::{AeRule, ApiToken, Directory, DirectoryBuilder, Quick, User};
pub use error::{Error, Rejection};
pub use permission::Permission;
pub use role::Role;
