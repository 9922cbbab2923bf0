//! From a blocking thread to an asynchronous reader: a bounded channel whose writer does not wait
//! for ever, and whose reader learns if the writer gave up.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::{Error, Result};

/// What is not taken for so long is not waited for.
const STALLED: Duration = Duration::from_secs(60);

/// The writing end.
pub(crate) struct Outlet<T> {
    sender: mpsc::Sender<Result<T>>,
    stalled: Arc<AtomicBool>,
    runtime: Handle,
    patience: Duration,
}

impl<T> Clone for Outlet<T> {
    fn clone(&self) -> Outlet<T> {
        Outlet {
            sender: self.sender.clone(),
            stalled: Arc::clone(&self.stalled),
            runtime: self.runtime.clone(),
            patience: self.patience,
        }
    }
}

/// A channel with room for `ahead` items. Call it on the runtime.
pub(crate) fn channel<T: Send + 'static>(
    ahead: usize,
) -> (Outlet<T>, BoxStream<'static, Result<T>>) {
    channel_with(ahead, STALLED)
}

fn channel_with<T: Send + 'static>(
    ahead: usize,
    patience: Duration,
) -> (Outlet<T>, BoxStream<'static, Result<T>>) {
    let (sender, receiver) = mpsc::channel(ahead);
    let stalled = Arc::new(AtomicBool::new(false));
    let outlet = Outlet {
        sender,
        stalled: Arc::clone(&stalled),
        runtime: Handle::current(),
        patience,
    };
    let items = futures::stream::unfold((receiver, stalled), |(mut receiver, stalled)| async {
        let item = match receiver.recv().await {
            Some(item) => item,
            // Ended, or given up: that is said once.
            None if stalled.swap(false, Ordering::AcqRel) => Err(Error::Stalled),
            None => return None,
        };
        Some((item, (receiver, stalled)))
    });
    (outlet, items.fuse().boxed())
}

impl<T: Send + 'static> Outlet<T> {
    /// Hands over from a blocking thread. Waits while the reader is behind, though not for ever;
    /// breaks if it is gone or has been too slow.
    pub(crate) fn send(&self, item: Result<T>) -> ControlFlow<()> {
        let item = match self.sender.try_send(item) {
            Ok(()) => return ControlFlow::Continue(()),
            Err(mpsc::error::TrySendError::Closed(_)) => return ControlFlow::Break(()),
            Err(mpsc::error::TrySendError::Full(item)) => item,
        };
        let sending = async { tokio::time::timeout(self.patience, self.sender.send(item)).await };
        match self.runtime.block_on(sending) {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(_)) => ControlFlow::Break(()),
            Err(_) => {
                self.stalled.store(true, Ordering::Release);
                ControlFlow::Break(())
            }
        }
    }

    /// Ends with an error, if there is one.
    pub(crate) async fn end(self, ended: Result<()>) {
        if let Err(error) = ended {
            let sending = self.sender.send(Err(error));
            let _ = tokio::time::timeout(self.patience, sending).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_stops_ends_the_writer_and_is_told() {
        let (outlet, mut items) = channel_with::<u32>(1, Duration::from_millis(20));
        let writer = tokio::task::spawn_blocking(move || {
            (0..)
                .take_while(|n| outlet.send(Ok(*n)).is_continue())
                .count()
        });
        let sent = tokio::time::timeout(Duration::from_secs(10), writer).await;
        assert_eq!(sent.expect("in time").expect("no panic"), 1);
        assert!(matches!(items.next().await, Some(Ok(0))));
        assert!(matches!(items.next().await, Some(Err(Error::Stalled))));
        assert!(items.next().await.is_none());
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_ends_the_writer_at_once() {
        let (outlet, items) = channel::<u32>(1);
        let writer = tokio::task::spawn_blocking(move || {
            (0..)
                .take_while(|n| outlet.send(Ok(*n)).is_continue())
                .count()
        });
        drop(items);
        let sent = tokio::time::timeout(Duration::from_secs(10), writer).await;
        assert!(sent.expect("in time").expect("no panic") <= 1);
    }
}
