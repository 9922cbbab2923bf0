//! JPEG 2000 (T.800, PS3.5 §A.4.4) and high-throughput JPEG 2000 (T.814, PS3.5 §A.4.4, §10.18).
//!
//! The decoder is our own and has no `unsafe`: it reads both block codings, any progression, tiles,
//! layers and precincts, samples of up to 26 bits, bare or in JP2. OpenJPEG encodes the former
//! coding, our own encoder the latter. `docs/design/codecs-jpeg2000.md` tells why.

mod bands;
mod block;
mod boxes;
mod bytes;
mod contexts;
mod decode;
mod encode;
mod encode_ht;
mod forward;
mod header;
mod ht;
mod markers;
mod mq;
mod packet_bits;
mod packet_writer;
mod packets;
mod stream;
mod tag_tree;
mod tile;
mod wavelet;

#[cfg(test)]
mod tests;

pub use encode::{Options, Quality, encode};
pub use encode_ht::{HtOptions, encode_ht};
pub use header::{Header, header};

use crate::{Expected, Raster, Result};

/// Decodes a frame.
///
/// # Errors
/// [`Error::Mismatch`](crate::Error::Mismatch) and [`Error::TooLarge`](crate::Error::TooLarge) before
/// anything is allocated, [`Error::Stream`](crate::Error::Stream) if the stream is broken or
/// incomplete, [`Error::Unsupported`](crate::Error::Unsupported) for what is of Part 2.
pub fn decode(bytes: &[u8], expected: &Expected) -> Result<Raster> {
    decode::decode(bytes, expected)
}
