//! Errors of this crate. `dimse/status.rs` and `web/error.rs` translate them.

use sagittal_core::{TagPath, Uid};

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing in the archive answers to this.
    #[error("{what} {uid} is not in the archive")]
    NotFound {
        /// `study`, `series`, `instance`, `frame`, `bulk data`.
        what: &'static str,
        /// UID, or number.
        uid: String,
    },
    /// The instance was deleted.
    #[error("{what} {uid} was deleted")]
    Gone {
        /// `study`, `series`, `instance`.
        what: &'static str,
        /// UID.
        uid: String,
    },
    /// The request cannot be understood.
    #[error("{reason}")]
    BadRequest {
        /// What was found and expected.
        reason: String,
    },
    /// A query key with a value that cannot be matched.
    #[error("{path}: {reason}")]
    BadKey {
        /// The key.
        path: TagPath,
        /// What was found and expected.
        reason: String,
    },
    /// The object cannot be understood: no SOP Instance UID and the like (DIMSE C000).
    #[error("cannot understand the object: {reason}")]
    Unreadable {
        /// Why.
        reason: String,
    },
    /// The data set contradicts what its sender says of it (DIMSE A900).
    #[error("the data set does not match: {reason}")]
    Mismatch {
        /// What contradicts what.
        reason: String,
    },
    /// Another object with this SOP Instance UID is kept, and the policy keeps it.
    #[error("instance {sop_instance_uid} is already in the archive with other content")]
    Duplicate {
        /// The UID.
        sop_instance_uid: Uid,
    },
    /// A rule of data quality refuses the object (DIMSE A900 if it does not match its SOP class, else
    /// C000).
    #[error("{reason}")]
    Refused {
        /// The UID.
        sop_instance_uid: Uid,
        /// What was found, in a few words.
        reason: String,
        /// It does not match its SOP class.
        mismatch: bool,
    },
    /// The instance cannot be had in the asked-for transfer syntax.
    #[error("instance {sop_instance_uid} is stored as {stored} and cannot be given as {wanted}")]
    NotConvertible {
        /// The instance.
        sop_instance_uid: Uid,
        /// Its transfer syntax.
        stored: Uid,
        /// What was asked for.
        wanted: String,
    },
    /// What was stored is broken, so that it cannot become another transfer syntax.
    #[error(
        "instance {sop_instance_uid} cannot be converted to {wanted}, only given as it was received: {source}"
    )]
    Unconvertible {
        /// The instance.
        sop_instance_uid: Uid,
        /// What was asked for.
        wanted: Uid,
        /// What is wrong with it.
        source: sagittal_pixel::Error,
    },
    /// What was received cannot be made again of what is kept.
    #[error("what was received cannot be restored: {reason}")]
    Unrestorable {
        /// Why.
        reason: String,
    },
    /// A policy does not let the instance be given away: it refused it, or the residual check
    /// found something that identifies.
    #[error("cannot be de-identified: {reason}")]
    NotDeidentified {
        /// Why; places and kinds, no values.
        reason: String,
    },
    /// Log or report of a de-identification cannot be kept.
    #[error("{reason}")]
    Proof {
        /// Why; no protected value.
        reason: String,
    },
    /// A de-identified view does not give the instance: it cannot be de-identified by its policy.
    #[error("the instance cannot be de-identified by the policy of this view, and is not given")]
    Withheld,
    /// A de-identified view cannot be written to.
    #[error("a de-identified view can only be read")]
    ReadOnly,
    /// Storage trouble: full, damaged, locked.
    #[error(transparent)]
    Store(#[from] sagittal_store::Error),
    /// A data set could not be read or written.
    #[error(transparent)]
    File(#[from] sagittal_file::Error),
    /// Pixel data that cannot be decoded or encoded.
    #[error(transparent)]
    Pixel(#[from] sagittal_pixel::Error),
    /// The asked-for work is larger than the configured bound.
    #[error("{what}: more than {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// Nobody took the answers of a query for a long time.
    #[error("the query was ended because its answers were not taken")]
    Stalled,
    /// Memory that the work needs did not become free for a long time.
    #[error("too much is being done at the same time; try again")]
    Busy,
    /// The archive is stopping.
    #[error("the archive is shutting down")]
    Stopping,
}
