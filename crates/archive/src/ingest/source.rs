//! Bytes of a data set, wherever they are: still in memory, in a spill, in a pack.

use std::cell::RefCell;
use std::io;

use bytes::{Bytes, BytesMut};
use sagittal_pixel::frames::ReadAt;
use sagittal_store::blob::{Locator, Packs, Spill};

use crate::Result;

/// A data set that can be looked into. Calls may block.
pub(crate) trait Source {
    /// Bytes of the data set.
    fn length(&self) -> u64;
    /// Bytes `offset..offset + length`, cut at the end.
    fn read(&mut self, offset: u64, length: usize) -> Result<Bytes>;
}

/// A source as frame tables want it, with a small window of what was read last: item headers of
/// small fragments lie close together.
pub(crate) struct Window<'a> {
    length: u64,
    inner: RefCell<(&'a mut dyn Source, u64, Bytes)>,
}

impl<'a> Window<'a> {
    const SIZE: usize = 16 << 10;

    pub(crate) fn new(source: &'a mut dyn Source) -> Window<'a> {
        let length = source.length();
        Window {
            length,
            inner: RefCell::new((source, 0, Bytes::new())),
        }
    }
}

impl ReadAt for Window<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut inner = self.inner.borrow_mut();
        let (source, base, held) = &mut *inner;
        let wanted = buffer
            .len()
            .min(usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX));
        let within = |base: u64, held: &Bytes| {
            let from = usize::try_from(offset.checked_sub(base)?).ok()?;
            (from.checked_add(wanted)? <= held.len()).then_some(from)
        };
        let from = match within(*base, held) {
            Some(from) => from,
            None => {
                let length = wanted.max(Self::SIZE);
                *held = source.read(offset, length).map_err(io::Error::other)?;
                *base = offset;
                0
            }
        };
        let there = held.get(from..).unwrap_or_default();
        let count = there.len().min(buffer.len());
        if let (Some(to), Some(bytes)) = (buffer.get_mut(..count), there.get(..count)) {
            to.copy_from_slice(bytes);
        }
        Ok(count)
    }

    fn len(&self) -> u64 {
        self.length
    }
}

/// Chunks as they came.
pub(crate) struct Chunks<'a> {
    pub(crate) chunks: &'a [Bytes],
    pub(crate) length: u64,
}

impl Chunks<'_> {
    pub(crate) fn new(chunks: &[Bytes]) -> Chunks<'_> {
        let length = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Chunks { chunks, length }
    }
}

impl Source for Chunks<'_> {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&mut self, offset: u64, length: usize) -> Result<Bytes> {
        let Ok(mut skip) = usize::try_from(offset) else {
            return Ok(Bytes::new());
        };
        let mut out = BytesMut::new();
        for chunk in self.chunks {
            if skip >= chunk.len() {
                skip -= chunk.len();
                continue;
            }
            let missing = length - out.len();
            let end = chunk.len().min(skip.saturating_add(missing));
            // Most often all of it is in one chunk: no copy then.
            if out.is_empty() && end - skip == length {
                return Ok(chunk.slice(skip..end));
            }
            out.extend_from_slice(chunk.get(skip..end).unwrap_or_default());
            if out.len() == length {
                break;
            }
            skip = 0;
        }
        Ok(out.freeze())
    }
}

/// A large instance while it is spilled.
pub(crate) struct Spilled<'a>(pub(crate) &'a mut Spill);

impl Source for Spilled<'_> {
    fn length(&self) -> u64 {
        self.0.length()
    }

    fn read(&mut self, offset: u64, length: usize) -> Result<Bytes> {
        Ok(self.0.read(offset, length)?)
    }
}

/// A record.
pub(crate) struct Stored<'a> {
    pub(crate) packs: &'a Packs,
    pub(crate) locator: Locator,
}

impl Source for Stored<'_> {
    fn length(&self) -> u64 {
        self.locator.length
    }

    fn read(&mut self, offset: u64, length: usize) -> Result<Bytes> {
        Ok(self.packs.read(&self.locator, offset, length)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn chunks_are_read_across_their_borders() {
        let whole: Vec<u8> = (0..100).collect();
        let chunks: Vec<Bytes> = whole.chunks(7).map(Bytes::copy_from_slice).collect();
        let mut source = Chunks::new(&chunks);
        assert_eq!(source.length(), 100);
        for (offset, length) in [
            (0, 7),
            (0, 100),
            (6, 2),
            (7, 14),
            (90, 20),
            (100, 5),
            (200, 5),
        ] {
            let wanted = &whole[whole.len().min(offset)..whole.len().min(offset + length)];
            assert_eq!(source.read(offset as u64, length).unwrap(), wanted);
        }
    }
}
