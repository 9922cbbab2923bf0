//! What a code stream says otherwise than the data set, and which of them was believed.

use std::fmt;

use crate::{Photometric, StreamColor};

/// A contradiction that did not keep a frame from being decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Stream and data set disagree about colors; the stream was believed, since its decoder acts
    /// on it.
    Color {
        /// What the stream says.
        stream: StreamColor,
        /// What the data set says.
        data_set: Photometric,
        /// What the frame is in.
        decoded: Photometric,
    },
    /// The stream's samples have more bits than are allocated; more are allocated now.
    Widened {
        /// Precision of the stream.
        precision: u8,
        /// Bits Allocated of the data set.
        bits_allocated: u8,
    },
    /// The stream's samples have more or fewer bits than the data set says are stored. The data set
    /// was believed.
    Precision {
        /// Precision of the stream.
        precision: u8,
        /// Bits Stored of the data set.
        bits_stored: u8,
    },
    /// Stream and data set disagree about signs. The data set was believed, the bits left as they
    /// are.
    Sign {
        /// The stream's samples are two's complement.
        stream_is_signed: bool,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Color {
                data_set, decoded, ..
            } => write!(f, "the data set says {data_set}, the stream is {decoded}"),
            Finding::Widened {
                precision,
                bits_allocated,
            } => write!(
                f,
                "samples of {precision} bits do not fit {bits_allocated} allocated ones"
            ),
            Finding::Precision {
                precision,
                bits_stored,
            } => write!(
                f,
                "the stream has samples of {precision} bits, the data set says {bits_stored}"
            ),
            Finding::Sign { stream_is_signed } => write!(
                f,
                "the stream's samples are {}, the data set says otherwise",
                if *stream_is_signed {
                    "signed"
                } else {
                    "unsigned"
                }
            ),
        }
    }
}

/// A decoded frame, and what was odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The frame.
    pub frame: crate::Frame,
    /// Contradictions.
    pub findings: Vec<Finding>,
}
