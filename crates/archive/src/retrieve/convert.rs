//! Between packs and channels on one side and `Read` and `Write` on the other, for conversions on
//! the blocking pool.

use std::io::{self, Read, Write};

use bytes::{Buf, Bytes, BytesMut};
use sagittal_store::blob::{Locator, Packs};
use tokio::sync::mpsc::Sender;

use super::reader::CHUNK;
use crate::Result;

/// Reads the data set of a record.
pub(super) struct PackRead<'a> {
    packs: &'a Packs,
    locator: Locator,
    at: u64,
    chunk: Bytes,
}

impl<'a> PackRead<'a> {
    pub(super) fn new(packs: &'a Packs, locator: Locator) -> PackRead<'a> {
        PackRead {
            packs,
            locator,
            at: 0,
            chunk: Bytes::new(),
        }
    }
}

impl Read for PackRead<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() {
            let chunk = self.packs.read(&self.locator, self.at, CHUNK);
            self.chunk = chunk.map_err(io::Error::other)?;
            self.at += self.chunk.len() as u64;
        }
        let count = buffer.len().min(self.chunk.len());
        if let Some(to) = buffer.get_mut(..count) {
            self.chunk.copy_to_slice(to);
        }
        Ok(count)
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
