//! The table itself.
#![allow(clippy::single_range_in_vec_init)] // stretches of bytes, often just one

use std::ops::Range;

use super::instance::{Description, Location};
use super::read_at::ReadAt;
use super::scan;
use crate::{Error, Result};

/// A stretch of bytes: a fragment's value, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub offset: u64,
    pub length: u32,
}

impl Piece {
    pub fn end(self) -> u64 {
        self.offset + u64::from(self.length)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Frames side by side in a plain value.
    Native {
        offset: u64,
        length: u64,
        frame_bits: u64,
        /// Bytes of each word of 16 bits are swapped, see [`Description::is_word_swapped`].
        is_swapped: bool,
    },
    /// Frames of one or more pieces. `first` holds the number of each frame's first piece; it is
    /// empty if every frame is one piece.
    Pieces { pieces: Vec<Piece>, first: Vec<u32> },
    /// One stream of all frames, a video: no frame can be read by itself.
    Stream { pieces: Vec<Piece> },
}

/// Where the frames of an instance are. Frames count from 0.
///
/// ```
/// use sagittal_pixel::frames::{Description, FrameTable, Location};
///
/// let pixels = Location::Native { offset: 1000, length: 6 * 8 };
/// let description = Description { number_of_frames: 3, frame_bits: 16 * 8, ..Description::default() };
/// let table = FrameTable::build(&[0_u8; 2000][..], pixels, &description)?;
/// assert_eq!(table.frame(2), [1032..1048]);
/// # Ok::<(), sagittal_pixel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameTable {
    pub(super) frames: u32,
    pub(super) is_guess: bool,
    pub(super) layout: Layout,
}

impl FrameTable {
    /// Finds the frames. Of native pixel data nothing is read. Of encapsulated ones the extended
    /// offset table is believed after samples were looked at, the Basic Offset Table if it fits the
    /// fragments; without a table that holds, each fragment is a frame if the numbers are equal,
    /// else frames begin where code streams do.
    pub fn build<R: ReadAt + ?Sized>(
        source: &R,
        pixels: Location,
        description: &Description<'_>,
    ) -> Result<FrameTable> {
        let frames = description.number_of_frames.max(1);
        match pixels {
            Location::Native { offset, length } => {
                let frame_bits = match description.frame_bits {
                    0 => length.saturating_mul(8) / u64::from(frames),
                    bits => bits,
                };
                Ok(FrameTable {
                    frames,
                    is_guess: false,
                    layout: Layout::Native {
                        offset,
                        length,
                        frame_bits,
                        is_swapped: description.is_word_swapped,
                    },
                })
            }
            Location::Encapsulated { offset } => scan::build(source, offset, description),
        }
    }

    /// How many frames there are: as the instance says, unless its code streams say otherwise.
    pub fn number_of_frames(&self) -> u32 {
        self.frames
    }

    /// The stretches of bytes that make up a frame, in order; none if there is no such frame, or
    /// if frames cannot be told apart (see [`FrameTable::is_addressable`]). A native frame of a
    /// value that ends too early is cut.
    pub fn frame(&self, number: u32) -> Vec<Range<u64>> {
        if number >= self.frames {
            return Vec::new();
        }
        match &self.layout {
            Layout::Native {
                offset,
                length,
                frame_bits,
                ..
            } => {
                let begin = u64::from(number).saturating_mul(*frame_bits);
                let end = begin.saturating_add(*frame_bits).div_ceil(8).min(*length);
                let begin = begin / 8;
                if begin < end {
                    vec![offset + begin..offset + end]
                } else {
                    Vec::new()
                }
            }
            Layout::Pieces { pieces, first } => {
                let frame = if first.is_empty() {
                    number as usize..number as usize + 1
                } else {
                    let at = |number: usize| {
                        first
                            .get(number)
                            .map_or(pieces.len(), |piece| *piece as usize)
                    };
                    at(number as usize)..at(number as usize + 1)
                };
                ranges(pieces.get(frame).unwrap_or(&[]))
            }
            Layout::Stream { pieces } if self.frames == 1 => ranges(pieces),
            Layout::Stream { .. } => Vec::new(),
        }
    }

    /// All bytes of all frames, without item headers.
    pub fn all(&self) -> Vec<Range<u64>> {
        match &self.layout {
            Layout::Native { offset, length, .. } => vec![*offset..offset + length],
            Layout::Pieces { pieces, .. } | Layout::Stream { pieces } => ranges(pieces),
        }
    }

    /// Bits of the first byte of a native frame that belong to the frame before it: bit-packed
    /// frames need not begin at a byte (PS3.5 §8.1.1).
    pub fn bit_offset(&self, number: u32) -> u8 {
        match &self.layout {
            Layout::Native { frame_bits, .. } => {
                let [low, ..] = u64::from(number).wrapping_mul(*frame_bits).to_le_bytes();
                low % 8
            }
            _ => 0,
        }
    }

    /// Reads a frame, joined, as [`codec::decode`](crate::codec::decode) takes it: it begins at the
    /// first bit, and of words of 16 bits that are swapped the bytes are in their order again.
    ///
    /// # Errors
    /// [`Error::NoFrame`] if [`FrameTable::frame`] has none, [`Error::TooLarge`] above `max_bytes`,
    /// [`Error::Length`] if the source ends too early, [`Error::Read`](crate::Error::Read).
    pub fn read<R: ReadAt + ?Sized>(
        &self,
        source: &R,
        number: u32,
        max_bytes: u64,
    ) -> Result<Vec<u8>> {
        let mut ranges = self.frame(number);
        if ranges.is_empty() {
            return Err(Error::NoFrame {
                number: number.saturating_add(1),
                frames: self.frames,
            });
        }
        let total = ranges.iter().map(|range| range.end - range.start).sum();
        if total > max_bytes {
            return Err(Error::TooLarge {
                bytes: total,
                limit: max_bytes,
            });
        }
        let mut skip = 0;
        let is_swapped = match (&self.layout, ranges.first_mut()) {
            (
                Layout::Native {
                    offset,
                    length,
                    is_swapped: true,
                    ..
                },
                Some(range),
            ) => {
                // Whole words; frames need not begin with one.
                skip = (range.start - offset) % 2;
                range.start -= skip;
                if (range.end - offset) % 2 == 1 {
                    range.end = (range.end + 1).min(offset + length);
                }
                true
            }
            _ => false,
        };
        let mut bytes = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
        for range in ranges {
            let begin = bytes.len();
            let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            bytes.resize(begin + length, 0);
            let found = source.read_at(range.start, bytes.get_mut(begin..).unwrap_or(&mut []))?;
            if found < length {
                return Err(Error::Length {
                    expected: total,
                    found: (begin + found) as u64,
                });
            }
        }
        if is_swapped {
            sagittal_file::swap::swap(&mut bytes, 2);
            bytes.drain(..usize::try_from(skip).unwrap_or(0).min(bytes.len()));
            bytes.truncate(usize::try_from(total).unwrap_or(usize::MAX));
        }
        match self.bit_offset(number) {
            0 => Ok(bytes),
            offset => Ok(crate::codec::native::shift_down(&bytes, offset)),
        }
    }

    /// Does every frame begin at a byte?
    pub fn is_byte_aligned(&self) -> bool {
        !matches!(&self.layout, Layout::Native { frame_bits, .. } if self.frames > 1 && frame_bits % 8 != 0)
    }

    /// Are pixel data encapsulated?
    pub fn is_encapsulated(&self) -> bool {
        !matches!(self.layout, Layout::Native { .. })
    }

    /// Can frames be read one by one? Not those of a video.
    pub fn is_addressable(&self) -> bool {
        self.frames == 1 || !matches!(self.layout, Layout::Stream { .. })
    }

    /// Were fragments dealt out evenly, for want of any sign where frames begin?
    pub fn is_guess(&self) -> bool {
        self.is_guess
    }
}

/// No frames: an instance without pixel data.
impl Default for FrameTable {
    fn default() -> FrameTable {
        let layout = Layout::Pieces {
            pieces: Vec::new(),
            first: Vec::new(),
        };
        FrameTable {
            frames: 0,
            is_guess: false,
            layout,
        }
    }
}

fn ranges(pieces: &[Piece]) -> Vec<Range<u64>> {
    pieces
        .iter()
        .map(|piece| piece.offset..piece.end())
        .collect()
}
