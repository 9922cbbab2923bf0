//! Reading big-endian fields, and the errors of this codec.

use std::borrow::Cow;

use crate::{Error, Result};

/// Name of the coding in errors.
pub(super) const CODEC: &str = "JPEG 2000";

/// A stream that breaks its rules at `offset`.
pub(super) fn broken(offset: usize, reason: impl Into<Cow<'static, str>>) -> Error {
    Error::Stream {
        codec: CODEC,
        offset: offset as u64,
        reason: reason.into(),
    }
}

/// A stream that uses what is not decoded.
pub(super) fn unsupported(what: impl Into<Cow<'static, str>>) -> Error {
    Error::Unsupported {
        codec: CODEC,
        what: what.into(),
    }
}

/// A cursor over big-endian fields.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Where `bytes` begins in the frame.
    base: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8], base: usize) -> Fields<'a> {
        Fields {
            bytes,
            position: 0,
            base,
        }
    }

    /// Offset in the frame of the next field.
    pub(super) fn offset(&self) -> usize {
        self.base + self.position
    }

    /// Bytes not yet read.
    pub(super) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    /// The next `length` bytes.
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let end = self.position.checked_add(length);
        match end.and_then(|end| self.bytes.get(self.position..end)) {
            Some(bytes) => {
                self.position += length;
                Ok(bytes)
            }
            None => Err(broken(self.offset(), "ends within a field")),
        }
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or(0))
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        let bytes = self.take(2)?;
        Ok(bytes
            .iter()
            .fold(0, |value, &byte| (value << 8) | u16::from(byte)))
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .fold(0, |value, &byte| (value << 8) | u32::from(byte)))
    }

    /// A component's index: one byte below 257 components, else two (Table A.22).
    pub(super) fn component(&mut self, components: usize) -> Result<usize> {
        if components < 257 {
            self.u8().map(usize::from)
        } else {
            self.u16().map(usize::from)
        }
    }
}
