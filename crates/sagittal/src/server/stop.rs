//! Stopping: a first signal lets running transfers end, a second one does not.

use std::io;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Beyond the grace period of each part so long is waited for it to end.
const MARGIN: Duration = Duration::from_secs(10);

/// Waits for a signal, or for a part that ends by itself; then for all parts to end.
pub(super) async fn until_stopped(
    tasks: &mut JoinSet<io::Result<()>>,
    stop: &CancellationToken,
    grace: Duration,
) -> anyhow::Result<()> {
    let mut failure = None;
    tokio::select! {
        signal = signal() => tracing::info!(signal, "stopping; a second signal stops at once"),
        ended = tasks.join_next() => failure = Some(judge(ended)),
    }
    stop.cancel();
    let end = tokio::time::sleep(grace + MARGIN);
    tokio::pin!(end);
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                None => break,
                ended => {
                    let result = judge(ended);
                    if result.is_err() && failure.is_none() {
                        failure = Some(result);
                    }
                }
            },
            _ = signal() => {
                tracing::warn!("second signal: stopping at once");
                break;
            }
            () = &mut end => {
                tracing::warn!("transfers that did not end in time are cut");
                break;
            }
        }
    }
    tasks.abort_all();
    failure.unwrap_or(Ok(()))
}

fn judge(ended: Option<Result<io::Result<()>, tokio::task::JoinError>>) -> anyhow::Result<()> {
    match ended {
        None => Ok(()),
        Some(Ok(result)) => result.context("a server ended"),
        Some(Err(error)) => Err(error).context("a server ended"),
    }
}

#[cfg(unix)]
async fn signal() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        // Without handlers the system's own behavior is in force: the process just ends.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

#[cfg(not(unix))]
async fn signal() -> &'static str {
    match tokio::signal::ctrl_c().await {
        Ok(()) => "Ctrl-C",
        Err(_) => std::future::pending().await,
    }
}
