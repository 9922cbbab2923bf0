//! Transfers to and from DICOM peers: what `send`, `get`, `move`, `find` and `recv` show and sum up.

mod feed;
mod progress;
mod receive;
mod retrieve;
mod send;
mod summary;

pub use receive::{Counted, Received};
pub use retrieve::{Retrieve, tell};
pub use send::{SendOptions, send};
pub use summary::Summary;

use tokio_util::sync::CancellationToken;

/// Exit code after a second Ctrl-C.
const KILLED: i32 = 130;

/// Canceled by the first Ctrl-C (or SIGTERM); the second ends the program at once.
pub fn interrupt() -> CancellationToken {
    let token = CancellationToken::new();
    let canceled = token.clone();
    tokio::spawn(async move {
        signal().await;
        canceled.cancel();
        eprintln!("sagittal: stopping; once more to end at once");
        signal().await;
        std::process::exit(KILLED);
    });
    token
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
