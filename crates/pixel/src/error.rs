//! Errors of this crate.

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What makes pixel data unusable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes could not be read.
    #[error("cannot read pixel data")]
    Read {
        /// How.
        #[from]
        source: std::io::Error,
    },
    /// The data set could not be read.
    #[error("cannot read the data set")]
    DataSet {
        /// How.
        #[from]
        source: sagittal_file::Error,
    },
    /// More fragments than are taken.
    #[error("more than {limit} fragments at byte {offset}")]
    TooManyFragments {
        /// The limit.
        limit: usize,
        /// Where.
        offset: u64,
    },
    /// A stored frame table that cannot be read.
    #[error("not a frame table: {reason}")]
    FrameTable {
        /// Why.
        reason: &'static str,
    },
}
