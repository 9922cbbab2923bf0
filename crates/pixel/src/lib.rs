//! Pixel data: frames, codecs, rendering (PS3.3 §C.7.6.3, PS3.5 §8, §A.4).

pub mod codec;
pub mod color;
pub mod frames;
pub mod render;
pub mod transcode;

mod error;
mod frame;
mod image;
mod raster;

pub use error::{Error, Result};
pub use frame::Frame;
pub use image::{ImagePixel, Photometric, SampleKind};
pub use raster::{Expected, Raster, Samples, StreamColor};
