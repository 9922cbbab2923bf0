//! Encoders.

pub mod baseline;
pub(super) mod bits;
mod codes;
pub mod lossless;
pub(super) mod symbols;
