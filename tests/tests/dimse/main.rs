//! DIMSE services over real associations.
#![allow(clippy::unwrap_used)]

mod verification;
