//! Encoders.

pub mod baseline;
mod bits;
mod codes;
pub mod lossless;
