//! Compression of what is stored, by rule and by hand, against the built binary.
#![allow(clippy::unwrap_used)]

mod arrival;
mod by_hand;
mod kill;
mod pictures;
#[path = "../dimse/tools.rs"]
#[allow(dead_code)] // Shared with the tests of DIMSE.
mod tools;
