//! Connections that do nothing are closed, whatever state their protocol is in.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Bytes a slow reader must take before its patience clock starts anew.
const PROGRESS: usize = 4096;

/// A connection with patience: closed when no byte moves in either direction for `idle`, or when
/// the peer does not take what is written for `stall`.
pub(crate) struct Impatient<T> {
    inner: T,
    idle: Duration,
    stall: Duration,
    last: Instant,
    /// Wakes the task to look at the clock; re-armed only when it fires, for arming costs.
    alarm: Pin<Box<Sleep>>,
    /// Since when a write waits, and how much went since.
    blocked: Option<(Instant, usize)>,
}

impl<T> Impatient<T> {
    /// `first` is the patience until the first byte comes.
    pub fn new(inner: T, first: Duration, idle: Duration, stall: Duration) -> Impatient<T> {
        let now = Instant::now();
        // Until the first byte, the clock is set as if something had moved earlier.
        let last = now.checked_sub(idle.saturating_sub(first)).unwrap_or(now);
        Impatient {
            inner,
            idle,
            stall,
            last,
            alarm: Box::pin(sleep_until(now + first.min(idle))),
            blocked: None,
        }
    }

    fn moved(&mut self) {
        self.last = Instant::now();
    }

    /// Is patience at an end? Arms the alarm for when it will be.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let mut deadline = self.last + self.idle;
            if let Some((since, _)) = self.blocked {
                deadline = deadline.min(since + self.stall);
            }
            if Instant::now() >= deadline {
                return Poll::Ready(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the peer does nothing",
                ));
            }
            if self.alarm.is_elapsed() || deadline < self.alarm.deadline() {
                self.alarm.as_mut().reset(deadline);
            }
            ready!(self.alarm.as_mut().poll(context));
        }
    }

    fn note_write(&mut self, written: usize) {
        self.moved();
        if let Some((_, progress)) = &mut self.blocked {
            *progress += written;
            if *progress >= PROGRESS {
                self.blocked = None;
            }
        }
    }

    fn note_blocked(&mut self) {
        self.blocked.get_or_insert_with(|| (Instant::now(), 0));
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Impatient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_read(context, buffer) {
            Poll::Ready(result) => {
                self.moved();
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_patience(context).map(Err),
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Impatient<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write(context, bytes) {
            Poll::Ready(result) => {
                self.note_write(*result.as_ref().unwrap_or(&0));
                Poll::Ready(result)
            }
            Poll::Pending => {
                self.note_blocked();
                self.poll_patience(context).map(Err)
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.inner).poll_write_vectored(context, slices) {
            Poll::Ready(result) => {
                self.note_write(*result.as_ref().unwrap_or(&0));
                Poll::Ready(result)
            }
            Poll::Pending => {
                self.note_blocked();
                self.poll_patience(context).map(Err)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_flush(context) {
            Poll::Ready(result) => {
                self.blocked = None;
                Poll::Ready(result)
            }
            Poll::Pending => {
                self.note_blocked();
                self.poll_patience(context).map(Err)
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_shutdown(context) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => {
                self.note_blocked();
                self.poll_patience(context).map(Err)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_sends_nothing_is_dropped() {
        let (near, _far) = duplex(64);
        let mut near = Impatient::new(near, SECOND, 60 * SECOND, 10 * SECOND);
        let began = Instant::now();
        let error = near.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_first_byte_there_is_more_patience() {
        let (near, mut far) = duplex(64);
        let mut near = Impatient::new(near, SECOND, 60 * SECOND, 10 * SECOND);
        far.write_u8(1).await.unwrap();
        near.read_u8().await.unwrap();
        let began = Instant::now();
        near.read_u8().await.unwrap_err();
        assert_eq!(began.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_or_drops_by_drops_is_dropped() {
        let (near, mut far) = duplex(64);
        let mut near = Impatient::new(near, SECOND, 600 * SECOND, 10 * SECOND);
        let drip = tokio::spawn(async move {
            loop {
                tokio::time::sleep(SECOND).await;
                if far.read_u8().await.is_err() {
                    break;
                }
            }
        });
        let began = Instant::now();
        let error = near.write_all(&vec![0; 100_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() < 20 * SECOND);
        drip.abort();
    }
}
