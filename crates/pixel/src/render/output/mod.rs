//! Files of pictures.

mod gif;
mod jpeg;
mod png;
mod sheet;

pub use gif::{frame_delays, gif};
pub use sheet::contact_sheet;

use super::Picture;
use crate::{Error, Result};

impl Picture {
    /// Encodes as PNG.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn to_png(&self) -> Result<Vec<u8>> {
        png::encode(self)
    }

    /// Encodes as JPEG, in the quality asked for, else 90.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn to_jpeg(&self) -> Result<Vec<u8>> {
        jpeg::encode(self)
    }

    /// Encodes as GIF of one picture.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub fn to_gif(&self) -> Result<Vec<u8>> {
        gif(std::slice::from_ref(self), &[0])
    }
}

fn failed(format: &'static str, reason: impl ToString) -> Error {
    Error::Output {
        format,
        reason: reason.to_string(),
    }
}
