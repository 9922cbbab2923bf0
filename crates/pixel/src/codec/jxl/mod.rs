//! JPEG XL (ISO/IEC 18181, PS3.5 §A.4.12): decoding by jxl-oxide, lossless encoding by zune-jpegxl.

mod container;
mod decode;
mod encode;
mod header;

#[cfg(test)]
mod tests;

pub use decode::decode;
pub use encode::encode_lossless;
pub use header::{Header, header};

use std::borrow::Cow;

use crate::Error;

const CODEC: &str = "JPEG XL";

fn broken(offset: usize, reason: impl Into<Cow<'static, str>>) -> Error {
    Error::Stream {
        codec: CODEC,
        offset: offset as u64,
        reason: reason.into(),
    }
}

fn unsupported(what: impl Into<Cow<'static, str>>) -> Error {
    Error::Unsupported {
        codec: CODEC,
        what: what.into(),
    }
}
