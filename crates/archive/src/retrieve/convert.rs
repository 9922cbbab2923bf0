//! Between packs and channels on one side and `ReadAt` and `Write` on the other, for conversions on
//! the blocking pool.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use parking_lot::Mutex;
use sagittal_pixel::frames::ReadAt;
use sagittal_store::blob::{Locator, Packs};
use tokio::sync::mpsc::Sender;

use super::reader::CHUNK;
use crate::Result;
use crate::deidentified::Cleaned;

/// The data set of a record, read anywhere. The chunk read last is kept: most reads go forward in
/// small steps.
pub(crate) struct PackAt<'a> {
    packs: &'a Packs,
    locator: Locator,
    chunk: Mutex<(u64, Bytes)>,
    cleaned: Option<Arc<Cleaned>>,
}

impl<'a> PackAt<'a> {
    pub(crate) fn new(packs: &'a Packs, locator: Locator) -> PackAt<'a> {
        PackAt {
            packs,
            locator,
            chunk: Mutex::new((0, Bytes::new())),
            cleaned: None,
        }
    }

    /// What a view gives of it.
    pub(super) fn through(self, cleaned: Option<Arc<Cleaned>>) -> PackAt<'a> {
        PackAt { cleaned, ..self }
    }

    /// The bytes at hand from `offset` on; at least one unless it is the end.
    fn at(&self, offset: u64) -> io::Result<Bytes> {
        let mut chunk = self.chunk.lock();
        let (begin, bytes) = &*chunk;
        let skip = offset
            .checked_sub(*begin)
            .and_then(|skip| usize::try_from(skip).ok());
        if let Some(skip) = skip.filter(|skip| *skip < bytes.len()) {
            return Ok(bytes.slice(skip..));
        }
        let read = match &self.cleaned {
            None => self
                .packs
                .read(&self.locator, offset, CHUNK)
                .map_err(io::Error::other),
            Some(cleaned) => cleaned
                .read(self.packs, &self.locator, offset, CHUNK)
                .map_err(io::Error::other),
        };
        let bytes = read?;
        *chunk = (offset, bytes.clone());
        Ok(bytes)
    }
}

impl ReadAt for PackAt<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..)
            && !rest.is_empty()
        {
            let mut bytes = self.at(offset + done as u64)?;
            let count = rest.len().min(bytes.len());
            if count == 0 {
                break;
            }
            if let Some(to) = rest.get_mut(..count) {
                bytes.copy_to_slice(to);
            }
            done += count;
        }
        Ok(done)
    }

    fn len(&self) -> u64 {
        self.locator.length
    }
}

/// Sends what is written, in chunks.
pub(super) struct ChunkWrite<'a> {
    sender: &'a Sender<Result<Bytes>>,
    chunk: BytesMut,
}

impl<'a> ChunkWrite<'a> {
    pub(super) fn new(sender: &'a Sender<Result<Bytes>>) -> ChunkWrite<'a> {
        ChunkWrite {
            sender,
            chunk: BytesMut::with_capacity(CHUNK),
        }
    }

    fn send(&mut self) -> io::Result<()> {
        let chunk = self.chunk.split().freeze();
        let sent = self.sender.blocking_send(Ok(chunk));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Sends the rest.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            Ok(())
        } else {
            self.send()
        }
    }
}

impl Write for ChunkWrite<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.capacity() == 0 {
            self.chunk.reserve(CHUNK);
        }
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
