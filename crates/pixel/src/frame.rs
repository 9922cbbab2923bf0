//! A decoded frame.

use crate::{Error, ImagePixel, Result};

/// A decoded frame: stored values, before any rescale, VOI or palette.
///
/// `data` holds `image.rows × image.columns × image.samples_per_pixel` samples of
/// `image.sample_bytes()` bytes each, little endian, row by row from the top left, the samples of
/// a pixel side by side (`image.is_by_plane` is false). Single bits (Bits Allocated 1) take a byte
/// each, 0 or 1. Colors that pixels share are given to each: `photometric` is then `YbrFull`.
/// Integer samples have the bits and the place that `bits_stored` and `high_bit` tell; what is in
/// the bits beside is what the object had there (PS3.5 §8.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How samples are laid out.
    pub image: ImagePixel,
    /// The samples.
    pub data: Vec<u8>,
}

impl Frame {
    /// Joins description and samples.
    ///
    /// # Errors
    /// [`Error::Length`] unless `data` is as long as `image` asks for.
    pub fn new(image: ImagePixel, data: Vec<u8>) -> Result<Frame> {
        if data.len() as u64 == image.frame_bytes() {
            Ok(Frame { image, data })
        } else {
            Err(Error::Length {
                expected: image.frame_bytes(),
                found: data.len() as u64,
            })
        }
    }

    /// Bytes of one row.
    pub fn row_bytes(&self) -> usize {
        self.data.len() / (self.image.rows.max(1) as usize)
    }

    /// The rows, from the top.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.data.chunks_exact(self.row_bytes().max(1))
    }
}
