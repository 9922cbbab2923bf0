//! Blocks of high-throughput JPEG 2000 (T.814).

mod codes;
mod decode;
mod encode;
mod readers;
mod tables;
mod writers;

pub(super) use decode::{HtBlock, HtDecoder};
pub(super) use encode::HtEncoder;
