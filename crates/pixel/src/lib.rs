//! Frames of pixel data (PS3.5 §8, §A.4).

pub mod frames;

mod error;
pub use error::{Error, Result};
