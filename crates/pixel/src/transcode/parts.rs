//! An instance taken apart: what is before pixel data, the frames, what is behind.

use bytes::Bytes;
use sagittal_core::{DataSet, Limits as ReadLimits, Tag};
use sagittal_file::encoding::{
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, Encoding,
};
use sagittal_file::{read, splice};

use super::Limits;
use crate::frames::{FrameTable, ReadAt, element_before};
use crate::{Error, Result};

/// The group of pixel data, with their offset tables.
pub(super) const PIXEL_GROUP: Tag = Tag(0x7FE0, 0);

/// An instance taken apart. Offsets are those of the source.
pub(super) struct Parts {
    /// The syntax of `header` and `tail`; not deflated.
    pub encoding: Encoding,
    /// The transfer syntax of the frames.
    pub transfer_syntax: String,
    /// All elements before pixel data, as they are stored.
    pub header: Bytes,
    /// The same, read.
    pub data_set: DataSet,
    /// Which element holds the frames; `None` if there are no pixel data.
    pub pixels: Option<Tag>,
    /// The frames.
    pub table: FrameTable,
    /// All elements behind pixel data.
    pub tail: Bytes,
}

/// The bytes to be taken apart: inflated, if they were deflated.
pub(super) enum Plain<'a, R: ReadAt + ?Sized> {
    Source(&'a R, u64),
    Inflated(Vec<u8>),
}

impl<'a, R: ReadAt + ?Sized> Plain<'a, R> {
    pub fn of(source: &'a R, offset: u64, from: &str, limits: Limits) -> Result<Plain<'a, R>> {
        if !Encoding::of(from).deflated {
            return Ok(Plain::Source(source, offset));
        }
        let bytes = bytes_of(source, offset, source.len(), limits.frame_bytes)?;
        let read_limits = ReadLimits {
            inflated: limits.frame_bytes,
            ..ReadLimits::default()
        };
        Ok(Plain::Inflated(read::inflate(&bytes, read_limits)?.0))
    }
}

impl<R: ReadAt + ?Sized> ReadAt for Plain<'_, R> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Plain::Source(source, base) => source.read_at(base.saturating_add(offset), buffer),
            Plain::Inflated(bytes) => bytes.read_at(offset, buffer),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Plain::Source(source, base) => source.len().saturating_sub(*base),
            Plain::Inflated(bytes) => bytes.len() as u64,
        }
    }
}

impl Parts {
    /// Takes a data set apart that begins at the first byte of `source`.
    pub fn of<R: ReadAt + ?Sized>(source: &R, from: &str, limits: Limits) -> Result<Parts> {
        let from = match super::trim(from) {
            DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => EXPLICIT_VR_LITTLE_ENDIAN,
            from => from,
        };
        let encoding = Encoding::of(from);
        let table = FrameTable::of_instance(source, 0, from)?;
        let stored = table.as_ref().map(FrameTable::all).unwrap_or_default();
        let begin = stored.first().map_or(source.len(), |range| range.start);
        let bytes = bytes_of(source, 0, begin, limits.header_bytes)?;
        let read_limits = ReadLimits::default();
        let mut header = Vec::with_capacity(bytes.len());
        let nothing = DataSet::new();
        splice::splice(
            &bytes,
            encoding,
            read_limits,
            &nothing,
            |_| false,
            PIXEL_GROUP,
            &mut header,
        )?;
        let header = Bytes::from(header);
        let (data_set, _) = read::read_encoded(&header, encoding, read_limits)?;
        let pixels = table
            .as_ref()
            .map(|table| element_before(&bytes, table, encoding));
        let tail = match (&table, stored.last()) {
            (Some(table), Some(last)) => {
                let end = end_of_pixels(source, table, last.end)?;
                bytes_of(source, end, source.len(), limits.header_bytes)?
            }
            // Nothing but elements behind; the pixel data are empty.
            _ => Bytes::new(),
        };
        Ok(Parts {
            encoding,
            transfer_syntax: from.to_owned(),
            header,
            data_set,
            pixels,
            table: table.unwrap_or_default(),
            tail,
        })
    }
}

impl Parts {
    /// The element that holds frames, if there are any.
    pub fn pixels_with_frames(&self) -> Option<Tag> {
        let is_empty = self.table.all().iter().all(|range| range.is_empty());
        self.pixels.filter(|_| !is_empty)
    }
}

/// Behind the last fragment there may be items without content, and there is the delimiter.
fn end_of_pixels<R: ReadAt + ?Sized>(source: &R, table: &FrameTable, end: u64) -> Result<u64> {
    if !table.is_encapsulated() {
        return Ok(end);
    }
    let mut at = end;
    loop {
        let mut head = [0; 8];
        if source.read_at(at, &mut head)? < head.len() {
            return Ok(source.len());
        }
        let [g0, g1, e0, e1, length @ ..] = head;
        match [g0, g1, e0, e1] {
            SEQUENCE_DELIMITATION => return Ok(at + 8),
            ITEM => at = at.saturating_add(8 + u64::from(u32::from_le_bytes(length))),
            _ => return Ok(at),
        }
    }
}

const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const SEQUENCE_DELIMITATION: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];

fn bytes_of<R: ReadAt + ?Sized>(source: &R, from: u64, to: u64, limit: u64) -> Result<Bytes> {
    let length = to.saturating_sub(from);
    let size = usize::try_from(length)
        .ok()
        .filter(|_| length <= limit)
        .ok_or(Error::TooLarge {
            bytes: length,
            limit,
        })?;
    let mut bytes = vec![0; size];
    let found = source.read_at(from, &mut bytes)?;
    bytes.truncate(found);
    Ok(bytes.into())
}
