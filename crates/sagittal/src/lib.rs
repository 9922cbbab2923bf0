//! The command line of Sagittal: the server, and tools around it.

pub mod audited;
pub mod client;
pub mod command;
pub mod config;
pub mod convert;
pub mod deid;
pub mod demo;
pub mod export;
pub mod files;
pub mod import;
pub mod meter;
pub mod out;
pub mod render;
pub mod server;
pub mod transfer;
pub mod validate;

use anyhow::Context as _;

/// The runtime of a command.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

/// Does another process have the data folder?
pub fn is_locked(error: &sagittal_archive::Error) -> bool {
    matches!(
        error,
        sagittal_archive::Error::Store(sagittal_store::Error::Locked { .. })
    )
}
