//! A bounded walk over the bytes of one PDU.

use super::{PduError, PduErrorKind};

/// What is left to read of a PDU or an item, and where it lies in the connection.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    offset: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], offset: u64) -> Cursor<'a> {
        Cursor { bytes, offset }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn error(&self, kind: PduErrorKind) -> PduError {
        PduError {
            kind,
            offset: self.offset,
        }
    }

    pub(super) fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], PduError> {
        match self.bytes.split_at_checked(count) {
            Some((head, rest)) => {
                self.bytes = rest;
                self.offset += count as u64;
                Ok(head)
            }
            None => Err(self.error(PduErrorKind::Truncated { what })),
        }
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        self.offset += self.bytes.len() as u64;
        std::mem::take(&mut self.bytes)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], PduError> {
        let error = self.error(PduErrorKind::Truncated { what });
        self.take(N, what)?.first_chunk().copied().ok_or(error)
    }

    pub(super) fn u8(&mut self, what: &'static str) -> Result<u8, PduError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self, what: &'static str) -> Result<u16, PduError> {
        self.array(what).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, PduError> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// A part of `count` bytes with a cursor of its own.
    pub(super) fn part(&mut self, count: u16, what: &'static str) -> Result<Cursor<'a>, PduError> {
        let offset = self.offset;
        let bytes = self.take(usize::from(count), what)?;
        Ok(Cursor { bytes, offset })
    }

    /// A part preceded by its 16-bit length.
    pub(super) fn counted(&mut self, what: &'static str) -> Result<Cursor<'a>, PduError> {
        let length = self.u16(what)?;
        self.part(length, what)
    }

    /// An item: type, second byte (reserved, in 57H the version), contents.
    pub(super) fn item(&mut self, what: &'static str) -> Result<(u8, Cursor<'a>), PduError> {
        let kind = self.u8(what)?;
        self.u8(what)?;
        Ok((kind, self.counted(what)?))
    }
}
