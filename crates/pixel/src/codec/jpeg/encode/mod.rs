//! Encoders.

pub mod baseline;
pub(super) mod bits;
pub(super) mod codes;
pub mod lossless;
