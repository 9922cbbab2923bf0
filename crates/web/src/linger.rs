//! Request bodies that nobody reads to the end.
//!
//! A request that is refused early (401, 415, 507) is answered while its body still comes. Closing
//! the connection then makes many clients see a reset and not the answer; so the rest is read
//! away, within bounds.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt as _;
use http_body::{Body as _, Frame, SizeHint};

/// Bytes read away at most.
const BYTES: usize = 256 << 20;
/// Time for that at most.
const TIME: Duration = Duration::from_secs(15);

/// A request body whose rest is read away when it is dropped.
pub(crate) struct Lingering(Option<Body>);

impl Lingering {
    /// Wraps a body.
    pub fn new(body: Body) -> Lingering {
        Lingering((!body.is_end_stream()).then_some(body))
    }
}

impl http_body::Body for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let frame = std::task::ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(TIME, drain(body)));
        }
    }
}

async fn drain(body: Body) {
    let mut rest = BYTES;
    let mut chunks = body.into_data_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        match rest.checked_sub(chunk.len()) {
            Some(less) => rest = less,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test(start_paused = true)]
    async fn what_was_not_read_is_read_away() {
        let read = Arc::new(AtomicUsize::new(0));
        let counter = read.clone();
        let chunks = futures::stream::iter(0..10).map(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from_static(b"x"))
        });
        let body = Body::new(Lingering::new(Body::from_stream(chunks)));
        let mut stream = body.into_data_stream();
        assert!(stream.next().await.is_some());
        drop(stream);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(read.load(Ordering::SeqCst), 10);
    }
}
