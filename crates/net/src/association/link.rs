//! The two halves of a connection: PDUs in, bytes out, each wait with a limit.

use std::io::IoSlice;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::Config;
use super::pace::Pace;
use crate::error::{Error, Result};
use crate::pdu::{Incoming, Pdu, PduError, PduStream};

/// First receive buffer, and that of an association that is idle.
const SMALL_BUFFER: usize = 8 * 1024;

/// Why no PDU came.
pub(super) enum ReadFailure {
    /// Evt17.
    Closed,
    /// Evt19.
    Invalid(PduError),
    /// Evt17, with the reason.
    Io(std::io::Error),
}

pub(super) struct Reader {
    input: Input,
    pub(super) stream: PduStream,
    /// Of the message that is arriving.
    pub(super) pace: Pace,
}

/// What comes, before it is understood.
struct Input {
    io: Box<dyn AsyncRead + Send + Sync + Unpin>,
    buffer: BytesMut,
    /// How much room the next read is given; grows while reads fill it.
    room: usize,
    max_room: usize,
    bytes: u64,
}

impl Reader {
    pub(super) fn new(io: Box<dyn AsyncRead + Send + Sync + Unpin>, config: &Config) -> Reader {
        Reader {
            input: Input {
                io,
                buffer: BytesMut::new(),
                room: SMALL_BUFFER,
                max_room: config.receive_buffer.max(SMALL_BUFFER),
                bytes: 0,
            },
            stream: PduStream::new(config.limits()),
            pace: Pace::new(config.read, config.min_rate),
        }
    }

    /// Bytes received so far.
    pub(super) fn bytes(&self) -> u64 {
        self.input.bytes
    }

    /// What has already arrived, without waiting.
    pub(super) fn ready(&mut self) -> Result<Option<Incoming>, ReadFailure> {
        self.stream
            .next(&mut self.input.buffer)
            .map_err(ReadFailure::Invalid)
    }

    /// Waits for some bytes. Cancel safe.
    pub(super) async fn fill(&mut self) -> Result<(), ReadFailure> {
        self.input.fill().await
    }

    /// As [`Reader::fill`], inside a message; `None` if the peer is too slow.
    pub(super) async fn fill_in_time(&mut self) -> Option<Result<(), ReadFailure>> {
        let Reader { input, pace, .. } = self;
        let before = input.bytes;
        let waiting = pace.wait();
        let filled = timeout(waiting.limit(), input.fill()).await.ok()?;
        waiting.end(input.bytes - before);
        Some(filled)
    }

    /// Gives the large buffer back while nothing is going on.
    pub(super) fn shrink(&mut self) {
        if self.input.buffer.is_empty() && self.input.room > SMALL_BUFFER {
            self.input.buffer = BytesMut::new();
            self.input.room = SMALL_BUFFER;
        }
    }

    /// Is the peer in the middle of a PDU?
    pub(super) fn is_between_pdus(&self) -> bool {
        self.stream.is_between_pdus() && self.input.buffer.is_empty()
    }

    /// The next PDU or piece of one.
    pub(super) async fn next(&mut self) -> Result<Incoming, ReadFailure> {
        loop {
            if let Some(incoming) = self.ready()? {
                return Ok(incoming);
            }
            self.fill().await?;
        }
    }

    /// Sta13: reads and drops what comes until the peer closes or ARTIM expires. Were the
    /// connection closed with bytes unread, the peer might lose the PDU that we sent last.
    pub(super) async fn linger(&mut self, artim: Duration) {
        let deadline = Instant::now() + artim;
        let Input { io, buffer, .. } = &mut self.input;
        *buffer = BytesMut::with_capacity(SMALL_BUFFER);
        loop {
            buffer.clear();
            match timeout_at(deadline, io.read_buf(buffer)).await {
                Ok(Ok(count)) if count > 0 => {}
                _ => return,
            }
        }
    }
}

impl Input {
    async fn fill(&mut self) -> Result<(), ReadFailure> {
        let spare = self.buffer.capacity() - self.buffer.len();
        // Handed-out fragments keep their buffer alive; if none does, this takes it back whole.
        if spare < self.room / 4 || spare < 512 {
            self.buffer.reserve(self.room);
        }
        let spare = self.buffer.capacity() - self.buffer.len();
        let count =
            self.io
                .read_buf(&mut self.buffer)
                .await
                .map_err(|error| match error.kind() {
                    std::io::ErrorKind::UnexpectedEof => ReadFailure::Closed,
                    _ => ReadFailure::Io(error),
                })?;
        if count == 0 {
            return Err(ReadFailure::Closed);
        }
        self.bytes += count as u64;
        if count == spare {
            self.room = (self.room * 4).min(self.max_room);
        }
        Ok(())
    }
}

pub(super) struct Writer {
    io: Box<dyn AsyncWrite + Send + Sync + Unpin>,
    limit: Duration,
    /// Of the message that is being sent.
    pace: Pace,
    /// A write was begun and not ended: what the peer has is not a whole PDU.
    broken: bool,
    pub(super) bytes: u64,
}

impl Writer {
    pub(super) fn new(io: Box<dyn AsyncWrite + Send + Sync + Unpin>, config: &Config) -> Writer {
        Writer {
            io,
            limit: config.write,
            pace: Pace::new(config.write, config.min_rate),
            broken: false,
            bytes: 0,
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Marks the beginning of several writes that belong together.
    pub(super) fn begin(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.broken, true) {
            Err(Error::Interrupted)
        } else {
            self.pace.reset();
            Ok(())
        }
    }

    /// Ends what [`Writer::begin`] began: everything is on its way.
    pub(super) async fn end(&mut self) -> Result<()> {
        match timeout(self.limit, self.io.flush()).await {
            Ok(result) => result.map_err(Error::io("send"))?,
            Err(_) => return Err(self.timed_out()),
        }
        self.broken = false;
        Ok(())
    }

    /// Writes all of the slices, at the pace that the peer must keep.
    pub(super) async fn write(&mut self, mut slices: &mut [IoSlice<'_>]) -> Result<()> {
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            let waiting = self.pace.wait();
            let count = match timeout(waiting.limit(), self.io.write_vectored(slices)).await {
                Ok(result) => result.map_err(Error::io("send"))?,
                Err(_) => {
                    drop(waiting);
                    return Err(self.timed_out());
                }
            };
            waiting.end(count as u64);
            if count == 0 {
                return Err(Error::Closed);
            }
            self.bytes += count as u64;
            IoSlice::advance_slices(&mut slices, count);
        }
        Ok(())
    }

    /// Writes one PDU.
    pub(super) async fn pdu(&mut self, pdu: &Pdu) -> Result<()> {
        self.begin()?;
        let bytes = pdu.encode();
        self.write(&mut [IoSlice::new(&bytes)]).await?;
        self.end().await
    }

    /// Closes our direction, within the limit; errors do not matter any more.
    pub(super) async fn shutdown(&mut self) {
        let _ = timeout(self.limit.min(Duration::from_secs(5)), self.io.shutdown()).await;
    }

    fn timed_out(&self) -> Error {
        Error::Timeout {
            waiting_for: "the peer to take what is sent",
            after: self.limit,
        }
    }
}
