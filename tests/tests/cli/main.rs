//! The command line: its output, its exit codes.
#![allow(clippy::unwrap_used)]

mod config;
mod demo;
mod dump;
mod export;
mod import;
mod peers;
mod render;
mod usage;
mod validate;
mod verify;
