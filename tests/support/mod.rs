//! What the tests share: a server to talk to, objects, an HTTP client, foreign peers, waiting.
#![allow(clippy::unwrap_used)] // a test that cannot go on ends

pub mod cli;
pub mod data;
pub mod dicom;
pub mod http;
pub mod kinds;
pub mod objects;
pub mod peer;
pub mod planted;
pub mod random;
pub mod server;
pub mod wait;

pub use cli::{Ran, sagittal};
pub use server::Server;

pub use sagittal_testkit::{is_strict, skip};
