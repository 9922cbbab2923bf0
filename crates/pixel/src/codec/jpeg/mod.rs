//! JPEG (ITU-T T.81; PS3.5 §8.2.1, §A.4.1, §A.4.2): baseline, extended with 8 and 12 bits,
//! progressive and lossless streams are decoded, baseline and lossless ones are encoded.
//!
//! The decoder is our own and free of `unsafe`. Components come out as the stream has them: YCbCr
//! stays YCbCr ([`StreamColor`](crate::StreamColor) tells), components of fewer samples are brought
//! to full size. Samples are never signed here: of a lossless stream of signed values the bits are
//! given as they were put in, and it is for the caller to extend their sign.

mod bits;
mod blank;
mod dct;
mod decode;
mod encode;
mod header;
mod huffman;
mod layout;
mod lossless;
mod progressive;
mod scan;
mod segments;
mod sequential;
mod stream;
mod upsample;

pub use blank::{Area, BlankedStream, Meaning, blank};
pub use decode::decode;
pub use encode::baseline::{Chroma, encode_baseline};
pub use encode::lossless::{LosslessOptions, encode_lossless, encode_lossless_with};
pub use header::{Component, Header, Process, header};

use std::borrow::Cow;

use crate::Error;

/// The coding's name in errors.
const CODEC: &str = "JPEG";

/// A stream that breaks its rules at a byte.
fn broken(offset: usize, reason: impl Into<Cow<'static, str>>) -> Error {
    Error::Stream {
        codec: CODEC,
        offset: offset as u64,
        reason: reason.into(),
    }
}

/// A lawful stream, or a wish, that cannot be served.
fn unsupported(what: impl Into<Cow<'static, str>>) -> Error {
    Error::Unsupported {
        codec: CODEC,
        what: what.into(),
    }
}
