//! JPEG against real files and foreign programs.
#![allow(clippy::unwrap_used)]

mod encoders;
mod faults;
mod lossless;
mod lossy;
mod support;
