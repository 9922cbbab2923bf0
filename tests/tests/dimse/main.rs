//! DIMSE services over real associations.
#![allow(clippy::unwrap_used)]

mod get;
mod r#move;
mod negotiation;
mod query;
mod store;
mod tools;
mod verification;
