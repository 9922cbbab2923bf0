//! JPEG-LS, lossless and near-lossless (ITU-T T.87 | ISO/IEC 14495-1; PS3.5 §8.2.3, §A.4.3):
//! transfer syntaxes 1.2.840.10008.1.2.4.80 and .81.
//!
//! [`decode`] and [`encode`] are whole-picture functions; `docs/design/codecs-jpegls.md` tells how
//! they work and how fast they are. Clauses are those of T.87.

mod bits;
mod color;
mod context;
mod decode;
mod encode;
mod entropy_decode;
mod entropy_encode;
mod header;
mod parameters;
#[cfg(test)]
mod tests;

pub use decode::decode;
pub use encode::{encode, encode_interleaved};
pub use header::{Header, Interleave, header};

/// Name of the coding in errors.
const CODEC: &str = "JPEG-LS";
