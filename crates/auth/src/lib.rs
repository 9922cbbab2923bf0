//! Who may do what: users, tokens, AE title and address rules, permissions as types.

pub mod permission;

mod caller;
pub use caller::{Authorized, Caller, CallerKind, Denied};
