//! The server's own log, on standard error. Fields are UIDs, tags, addresses and counts: no patient data.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::Log;

/// Starts logging; the first call of the process counts.
pub fn start(log: &Log) {
    // Libraries are only heard when they warn; `debug` and `trace` mean our own crates.
    let filter = format!(
        "warn,sagittal={level},sagittal_core={level},sagittal_file={level},sagittal_net={level},sagittal_store={level},\
         sagittal_archive={level},sagittal_auth={level},sagittal_audit={level},sagittal_dimse={level},sagittal_web={level}",
        level = log.level
    );
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr);
    let _ = if log.json {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init()
    } else {
        builder
            .with_ansi(std::io::stderr().is_terminal())
            .try_init()
    };
}
