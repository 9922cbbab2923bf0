//! Data sets to send.

use std::io;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Read from a source at a time.
const CHUNK: usize = 256 * 1024;

/// The data set of a message, encoded in the transfer syntax of its presentation context.
#[derive(Default)]
pub enum Data<'a> {
    /// No data set.
    #[default]
    None,
    /// In memory.
    Bytes(Bytes),
    /// As it comes; its length need not be known.
    Stream(Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send + 'a>>),
}

impl<'a> Data<'a> {
    /// Chunks as they come; empty ones are skipped.
    pub fn stream(chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'a) -> Data<'a> {
        Data::Stream(Box::pin(chunks))
    }

    /// All that a reader has.
    pub fn reader(reader: impl AsyncRead + Send + Unpin + 'a) -> Data<'a> {
        Data::stream(futures::stream::try_unfold(
            reader,
            |mut reader| async move {
                let mut buffer = BytesMut::with_capacity(CHUNK);
                // Fill the chunk: files come in small pieces from some readers.
                while buffer.len() < CHUNK / 2 {
                    if reader.read_buf(&mut buffer).await? == 0 {
                        break;
                    }
                }
                Ok((!buffer.is_empty()).then(|| (buffer.freeze(), reader)))
            },
        ))
    }

    /// Is there no data set?
    pub fn is_none(&self) -> bool {
        matches!(self, Data::None)
    }
}

impl From<Bytes> for Data<'_> {
    fn from(bytes: Bytes) -> Self {
        Data::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Data<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Data::Bytes(bytes.into())
    }
}

impl<T: Into<Bytes>> From<Option<T>> for Data<'_> {
    fn from(bytes: Option<T>) -> Self {
        bytes.map_or(Data::None, |bytes| Data::Bytes(bytes.into()))
    }
}
