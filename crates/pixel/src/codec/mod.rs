//! Codecs of the transfer syntaxes (PS3.5 §8.2, §A.4): [`decode`] and [`encode`] by UID.
//!
//! Each coding has a module; the registry says which transfer syntax is whose.

pub mod deflated;
pub mod jpeg;
pub mod jpeg2000;
pub mod jpegls;
pub mod jxl;
pub mod native;
pub mod raster_frame;
pub mod rle;

mod finding;
mod parallel;
mod registry;

pub use finding::{Decoded, Finding};
pub use parallel::frames_in_parallel;
pub use registry::{
    EncodeOptions, Encoded, can_decode, can_encode, decode, decode_with_findings, encode, is_lossy,
    is_video,
};
