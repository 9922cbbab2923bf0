//! Blocks of high-throughput JPEG 2000 (T.814).

mod codes;
mod decode;
mod readers;
mod tables;

pub(super) use decode::HtDecoder;
