//! De-identification of files by the program.
#![allow(clippy::unwrap_used)] // a test that cannot go on ends

mod dicomdir;
mod files;
mod interrupted;
mod jobs;
mod peers;
mod score_card;
mod view;
