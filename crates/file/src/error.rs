//! Errors of this crate.

use sagittal_core::TagPath;

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What makes bytes unreadable, or a data set unwritable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A limit of [`sagittal_core::Limits`] was reached.
    #[error("{path}: more than {limit} {what} at byte {offset}")]
    Limit {
        /// What was counted: `nested sequences`, `elements`, `inflated bytes`.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// Where.
        path: TagPath,
        /// Byte offset.
        offset: u64,
    },
    /// Nothing in these bytes is DICOM.
    #[error("not a DICOM data set: {reason}")]
    NotDicom {
        /// Why.
        reason: String,
    },
}
