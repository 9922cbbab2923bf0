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
    /// A value ends before its length says, where all of it is needed.
    #[error("{path}: {expected} bytes promised at byte {offset}, {found} there")]
    Truncated {
        /// Where.
        path: TagPath,
        /// Byte offset of the value.
        offset: u64,
        /// Bytes promised.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// A data set that the standard does not allow to be written.
    #[error("{path}: cannot be written: {reason}")]
    Unwritable {
        /// Where.
        path: TagPath,
        /// Why.
        reason: String,
    },
    /// A transfer syntax that cannot be used for this.
    #[error("transfer syntax {uid} is not supported for {operation}")]
    UnsupportedTransferSyntax {
        /// The UID.
        uid: String,
        /// For what.
        operation: &'static str,
    },
    /// Reading or writing failed underneath.
    #[error("input or output failed")]
    Io {
        /// How.
        #[from]
        source: std::io::Error,
    },
    /// Text (DICOM JSON, Native DICOM Model) that cannot be read.
    #[error("{format}: {path}: {reason} at byte {offset}")]
    Syntax {
        /// `DICOM JSON` or `Native DICOM Model`.
        format: &'static str,
        /// The element concerned; empty for the document as a whole.
        path: TagPath,
        /// Where in the text.
        offset: u64,
        /// What was found or expected.
        reason: String,
    },
}
