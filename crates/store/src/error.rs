//! Errors of this crate.

use std::path::PathBuf;

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something could not be kept, found or given back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk, or the share of it that we may use, is full. Nothing was kept.
    #[error("no space left in {}: {available} bytes free, {needed} needed", path.display())]
    Full {
        /// The data folder.
        path: PathBuf,
        /// Bytes free.
        available: u64,
        /// Bytes needed, the reserve included.
        needed: u64,
    },
    /// Another process has the folder.
    #[error("{} is in use by another server (process {pid}); stop it or choose another --data folder", path.display())]
    Locked {
        /// The data folder.
        path: PathBuf,
        /// Process id in the lock file, 0 if unknown.
        pid: u32,
    },
    /// The operating system refused.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// `read`, `write`, `sync`, …
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// Its reason.
        source: std::io::Error,
    },
    /// Bytes on disk are not what was written.
    #[error("pack {pack} is damaged at byte {offset}: {reason}")]
    Damaged {
        /// Number of the pack.
        pack: u64,
        /// Where.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// The index cannot answer.
    #[error("index: {reason}")]
    Index {
        /// Why, without patient data.
        reason: String,
    },
    /// The store is stopping.
    #[error("the store is shutting down")]
    Stopping,
}
