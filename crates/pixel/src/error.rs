//! Errors of this crate.

use std::borrow::Cow;

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
    /// A frame that is not there, or not to be told from others.
    #[error("there is no frame {number} of {frames}")]
    NoFrame {
        /// Its number, from 1.
        number: u32,
        /// How many there are.
        frames: u32,
    },
    /// A frame that one description of all frames does not fit.
    #[error("frame {number} has another layout than the first")]
    Unlike {
        /// Its number, from 1.
        number: u32,
    },
    /// The data set does not say what is needed.
    #[error("the data set has no {what}")]
    Missing {
        /// Name and tag.
        what: &'static str,
    },
    /// The data set says what cannot be.
    #[error("{what} cannot be {value}")]
    Description {
        /// Name and tag.
        what: &'static str,
        /// The value.
        value: u32,
    },
    /// Too few or too many bytes.
    #[error("{found} bytes of samples where {expected} are needed")]
    Length {
        /// What the description asks for.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Data set and code stream contradict each other.
    #[error("the stream has {stream} {what}, the data set says {data_set}")]
    Mismatch {
        /// Of what.
        what: &'static str,
        /// In the stream.
        stream: u32,
        /// In the data set.
        data_set: u32,
    },
    /// A picture larger than is taken.
    #[error("the picture needs {bytes} bytes, at most {limit} are taken")]
    TooLarge {
        /// Bytes when decoded.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A code stream that breaks its rules.
    #[error("broken {codec} stream at byte {offset}: {reason}")]
    Stream {
        /// Name of the coding.
        codec: &'static str,
        /// Where in the frame's bytes; 0 if the decoder cannot tell.
        offset: u64,
        /// What is wrong.
        reason: Cow<'static, str>,
    },
    /// Something that cannot be decoded or encoded.
    #[error("{codec}: {what} is not supported")]
    Unsupported {
        /// Name of the coding, or the transfer syntax.
        codec: &'static str,
        /// What.
        what: Cow<'static, str>,
    },
    /// A parameter of a rendered picture that is wrong (PS3.18 §8.3.5).
    #[error("{parameter}: {reason}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// What is wrong with it.
        reason: Cow<'static, str>,
    },
    /// A picture could not be encoded.
    #[error("cannot encode {format}: {reason}")]
    Output {
        /// PNG, JPEG or GIF.
        format: &'static str,
        /// Why.
        reason: String,
    },
}
