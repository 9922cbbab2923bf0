//! Frames decoded and encoded, several at once.

use rayon::prelude::*;

use super::Options;
use crate::codec::{self, Encoded};
use crate::color;
use crate::frames::{FrameTable, ReadAt};
use crate::{Frame, ImagePixel, Photometric, Result};

/// Frames of one instance on their way from one syntax to another.
pub(super) struct Frames<'a, R: ReadAt + ?Sized> {
    pub source: &'a R,
    pub table: &'a FrameTable,
    pub image: ImagePixel,
    pub from: &'a str,
    pub to: &'a str,
    pub options: &'a Options,
}

impl<R: ReadAt + Sync + ?Sized> Frames<'_, R> {
    /// How many are worked on at once.
    pub fn at_once(&self) -> u32 {
        let held =
            self.options.limits.held_bytes / self.image.frame_bytes().saturating_mul(2).max(1);
        let workers = rayon::current_num_threads() as u64 * 2;
        u32::try_from(held.min(workers).max(1)).unwrap_or(1)
    }

    /// Frames from `first` on, encoded, with how long each was before.
    pub fn encoded(&self, first: u32, count: u32) -> Result<Vec<Encoded>> {
        let limit = self.options.limits.frame_bytes;
        let stored: Vec<Vec<u8>> = (first..first.saturating_add(count))
            .map(|number| self.table.read(self.source, number, limit))
            .collect::<Result<_>>()?;
        if let [only] = &stored[..] {
            return Ok(vec![self.one(only)?]);
        }
        stored.par_iter().map(|bytes| self.one(bytes)).collect()
    }

    fn one(&self, bytes: &[u8]) -> Result<Encoded> {
        let limit = self.options.limits.frame_bytes;
        let frame = codec::decode(self.from, &self.image, bytes, limit)?;
        codec::encode(self.to, &self.colored(frame)?, &self.options.encode)
    }

    /// Colors as the target wants them: what JPEG stored as luminance and colors becomes RGB,
    /// which everybody can show, unless it stays JPEG.
    fn colored(&self, frame: Frame) -> Result<Frame> {
        let is_ybr = matches!(
            frame.image.photometric,
            Photometric::YbrFull | Photometric::YbrPartial422 | Photometric::YbrPartial420
        );
        if is_ybr && is_jpeg(self.from) && !is_jpeg(self.to) {
            color::to_rgb(frame)
        } else {
            Ok(frame)
        }
    }
}

/// The lossy and lossless processes of JPEG (PS3.5 §A.4.1).
fn is_jpeg(uid: &str) -> bool {
    let number = uid.strip_prefix("1.2.840.10008.1.2.4.");
    number
        .and_then(|number| number.parse::<u8>().ok())
        .is_some_and(|number| (50..=70).contains(&number))
}
