//! A finished picture.

use std::sync::Arc;

use crate::{Error, Result};

/// Grey or color elements, row by row from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// One byte an element, 0 black.
    Grey8(Vec<u8>),
    /// Red, green and blue, a byte each.
    Rgb8(Vec<u8>),
    /// One number an element, 0 black: only of [`render_deep`](super::render_deep).
    Grey16(Vec<u16>),
}

/// A picture, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Elements.
    pub pixels: Pixels,
    /// A profile to be put into files; none means sRGB.
    pub icc_profile: Option<Arc<[u8]>>,
    /// Quality of lossy files if the caller asked for one.
    pub quality: Option<u8>,
    /// What could not be done as the object or the caller wanted.
    pub notes: Vec<&'static str>,
}

impl Picture {
    /// Joins a size and elements.
    ///
    /// # Errors
    /// [`Error::Length`] unless there are as many elements as the size asks for.
    pub fn new(width: u32, height: u32, pixels: Pixels) -> Result<Picture> {
        let (found, of_each) = match &pixels {
            Pixels::Grey8(pixels) => (pixels.len(), 1),
            Pixels::Rgb8(pixels) => (pixels.len(), 3),
            Pixels::Grey16(pixels) => (pixels.len(), 1),
        };
        let expected = u64::from(width) * u64::from(height) * of_each;
        if found as u64 != expected {
            return Err(Error::Length {
                expected,
                found: found as u64,
            });
        }
        Ok(Picture {
            width,
            height,
            pixels,
            icc_profile: None,
            quality: None,
            notes: Vec::new(),
        })
    }

    /// Grey? Then three equal colors need not be sent.
    pub fn is_grey(&self) -> bool {
        !matches!(self.pixels, Pixels::Rgb8(_))
    }

    /// Red, green and blue, whatever the picture has.
    pub fn to_rgb(&self) -> Vec<u8> {
        match &self.pixels {
            Pixels::Grey8(pixels) => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
            Pixels::Rgb8(pixels) => pixels.clone(),
            Pixels::Grey16(pixels) => pixels
                .iter()
                .flat_map(|&grey| [grey.to_be_bytes()[0]; 3])
                .collect(),
        }
    }

    /// The picture in the middle of a larger black one; `None` if that is smaller.
    pub fn centered(&self, width: u32, height: u32) -> Option<Picture> {
        let left = width.checked_sub(self.width)? as usize / 2;
        let top = height.checked_sub(self.height)? as usize / 2;
        let (from, to) = (self.width as usize, width as usize);
        fn copy<T: Copy + Default>(
            pixels: &[T],
            [from, to, rows, left, top]: [usize; 5],
        ) -> Vec<T> {
            let mut out = vec![T::default(); to * rows];
            let target = out.chunks_exact_mut(to.max(1)).skip(top);
            for (row, source) in target.zip(pixels.chunks_exact(from.max(1))) {
                if let Some(part) = row.get_mut(left..left + from) {
                    part.copy_from_slice(source);
                }
            }
            out
        }
        let place = |of_each: usize| {
            [
                from * of_each,
                to * of_each,
                height as usize,
                left * of_each,
                top,
            ]
        };
        let pixels = match &self.pixels {
            Pixels::Grey8(pixels) => Pixels::Grey8(copy(pixels, place(1))),
            Pixels::Rgb8(pixels) => Pixels::Rgb8(copy(pixels, place(3))),
            Pixels::Grey16(pixels) => Pixels::Grey16(copy(pixels, place(1))),
        };
        Some(Picture {
            width,
            height,
            pixels,
            icc_profile: self.icc_profile.clone(),
            quality: self.quality,
            notes: self.notes.clone(),
        })
    }

    /// Makes a grey picture one of colors.
    pub(super) fn make_rgb(&mut self) {
        if self.is_grey() {
            self.pixels = Pixels::Rgb8(self.to_rgb());
        }
    }

    /// The elements, bytes of an element and elements of a row.
    pub(super) fn canvas(&mut self) -> Option<Canvas<'_>> {
        let (bytes, channels) = match &mut self.pixels {
            Pixels::Grey8(pixels) => (pixels, 1),
            Pixels::Rgb8(pixels) => (pixels, 3),
            Pixels::Grey16(_) => return None,
        };
        Some(Canvas {
            bytes,
            channels,
            width: self.width,
            height: self.height,
        })
    }
}

/// A picture to be drawn on.
pub(super) struct Canvas<'a> {
    pub bytes: &'a mut [u8],
    pub channels: usize,
    pub width: u32,
    pub height: u32,
}

impl Canvas<'_> {
    /// The element at column and row, if it is in the picture.
    pub fn at(&mut self, x: i64, y: i64) -> Option<&mut [u8]> {
        let x = u32::try_from(x).ok().filter(|&x| x < self.width)? as usize;
        let y = u32::try_from(y).ok().filter(|&y| y < self.height)? as usize;
        let start = (y * self.width as usize + x) * self.channels;
        self.bytes.get_mut(start..start + self.channels)
    }

    /// Sets an element; on a grey picture the color's luminance.
    pub fn set(&mut self, x: i64, y: i64, color: [u8; 3]) {
        self.mix(x, y, color, 1.0);
    }

    /// Covers an element to a part, 0 to 1.
    pub fn mix(&mut self, x: i64, y: i64, color: [u8; 3], cover: f32) {
        let grey = luminance(color);
        let is_grey = self.channels == 1;
        let Some(element) = self.at(x, y) else { return };
        let one = [grey];
        let source: &[u8] = if is_grey { &one } else { &color };
        for (to, &from) in element.iter_mut().zip(source) {
            let (old, new) = (f32::from(*to), f32::from(from));
            // Between two bytes: a byte.
            *to = (old + (new - old) * cover.clamp(0.0, 1.0)).round() as u8;
        }
    }
}

/// How light a color is, after ITU-R BT.601.
pub(super) fn luminance([red, green, blue]: [u8; 3]) -> u8 {
    let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    u8::try_from((sum + 500) / 1000).unwrap_or(u8::MAX)
}
