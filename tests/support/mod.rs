//! What the tests share: a server to talk to, objects, an HTTP client, foreign peers, waiting.
#![allow(clippy::unwrap_used)] // a test that cannot go on ends

pub mod cli;
pub mod data;
pub mod dicom;
pub mod http;
pub mod kinds;
pub mod objects;
pub mod peer;
pub mod random;
pub mod server;
pub mod wait;

pub use cli::{Ran, sagittal};
pub use server::Server;

/// `SAGITTAL_TEST_STRICT=1`: a missing peer or file is a failure, not a skip.
pub fn is_strict() -> bool {
    std::env::var_os("SAGITTAL_TEST_STRICT").is_some_and(|value| value != "0" && !value.is_empty())
}

/// Says loudly that a test is skipped, and why; in strict mode the test fails.
pub fn skip(why: &str) {
    assert!(!is_strict(), "SAGITTAL_TEST_STRICT is set, and {why}");
    eprintln!("\n*** SKIPPED: {why}\n");
}
