//! TCP as DICOM senders need it.
//!
//! A sender with Nagle's algorithm waits for the ACK of its last small segment before it sends the
//! next; a receiver with delayed ACK answers after 40 ms. Together they make 20 instances a second.
//! Linux forgets TCP_QUICKACK after a while, so it is set again whenever we wait for bytes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP stream without Nagle's algorithm and, on Linux, without delayed ACKs.
#[derive(Debug)]
pub struct TunedStream {
    tcp: TcpStream,
}

impl TunedStream {
    /// Sets the options; what the system refuses is left.
    pub fn new(tcp: TcpStream) -> TunedStream {
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
        let keepalive = socket2::TcpKeepalive::new().with_time(std::time::Duration::from_secs(120));
        let _ = socket2::SockRef::from(&tcp).set_tcp_keepalive(&keepalive);
        let stream = TunedStream { tcp };
        stream.arm_quickack();
        stream
    }

    /// The stream within.
    pub fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    fn arm_quickack(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = socket2::SockRef::from(&self.tcp).set_tcp_quickack(true);
    }
}

impl AsyncRead for TunedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.tcp).poll_read(cx, buffer);
        // Only now is it known that the sender has to come with more, and may wait for an ACK.
        if result.is_pending() {
            self.arm_quickack();
        }
        result
    }
}

impl AsyncWrite for TunedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn acknowledgments_are_quick_again_whenever_more_is_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (peer, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let mut peer = peer.unwrap();
        let mut stream = TunedStream::new(accepted.unwrap().0);
        assert!(stream.tcp().nodelay().unwrap());
        for _ in 0..3 {
            socket2::SockRef::from(stream.tcp())
                .set_tcp_quickack(false)
                .unwrap();
            peer.write_all(b"x").await.unwrap();
            stream.read_u8().await.unwrap();
            let waiting = futures::poll!(Box::pin(stream.read_u8()));
            assert!(waiting.is_pending());
            assert!(socket2::SockRef::from(stream.tcp()).tcp_quickack().unwrap());
        }
    }
}
