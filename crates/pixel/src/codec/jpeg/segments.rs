//! Marker segments (T.81 §B.1.1).

use super::broken;
use crate::Result;

/// Markers (T.81 Table B.1): the byte after 0xFF.
pub(super) mod marker {
    /// Start of frame, baseline; the other processes follow.
    pub const SOF0: u8 = 0xC0;
    pub const SOF1: u8 = 0xC1;
    pub const SOF2: u8 = 0xC2;
    pub const SOF3: u8 = 0xC3;
    pub const DHT: u8 = 0xC4;
    /// Reserved for extensions, though it looks like a start of frame.
    pub const JPG: u8 = 0xC8;
    pub const DAC: u8 = 0xCC;
    pub const SOF15: u8 = 0xCF;
    pub const RST0: u8 = 0xD0;
    pub const RST7: u8 = 0xD7;
    pub const SOI: u8 = 0xD8;
    pub const EOI: u8 = 0xD9;
    pub const SOS: u8 = 0xDA;
    pub const DQT: u8 = 0xDB;
    pub const DNL: u8 = 0xDC;
    pub const DRI: u8 = 0xDD;
    pub const APP0: u8 = 0xE0;
    pub const APP14: u8 = 0xEE;
    pub const TEM: u8 = 0x01;
    /// JPEG-LS (ITU-T T.87): start of frame and its parameters.
    pub const SOF55: u8 = 0xF7;
}

/// A marker and what belongs to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    pub marker: u8,
    /// Of the marker's 0xFF.
    pub offset: usize,
    /// Without marker and length; empty for markers that stand alone.
    pub body: &'a [u8],
}

impl<'a> Segment<'a> {
    /// Where byte `index` of the body is in the stream.
    pub fn at(&self, index: usize) -> usize {
        self.offset + 4 + index
    }

    /// A byte of the body.
    pub fn byte(&self, index: usize) -> Result<u8> {
        self.body
            .get(index)
            .copied()
            .ok_or_else(|| self.too_short())
    }

    /// Two bytes of the body.
    pub fn word(&self, index: usize) -> Result<u16> {
        Ok(u16::from_be_bytes([
            self.byte(index)?,
            self.byte(index + 1)?,
        ]))
    }

    pub fn slice(&self, start: usize, length: usize) -> Result<&'a [u8]> {
        self.body
            .get(start..start + length)
            .ok_or_else(|| self.too_short())
    }

    fn too_short(&self) -> crate::Error {
        let marker = self.marker;
        broken(
            self.offset,
            format!("the segment of marker {marker:02X} is too short"),
        )
    }
}

/// Goes from marker to marker.
#[derive(Clone, Debug)]
pub(super) struct Segments<'a> {
    pub bytes: &'a [u8],
    pub position: usize,
}

impl<'a> Segments<'a> {
    /// Begins after SOI; what precedes it must be fill bytes.
    pub fn open(bytes: &'a [u8]) -> Result<Segments<'a>> {
        let fill = bytes.iter().take_while(|byte| **byte == 0xFF).count();
        match bytes.get(fill) {
            Some(&marker::SOI) if fill > 0 => Ok(Segments {
                bytes,
                position: fill + 1,
            }),
            _ => Err(broken(0, "no start of image")),
        }
    }

    /// The next segment; none at the end of the bytes. Bytes between segments are passed over, as
    /// what a sloppy encoder left after a scan.
    pub fn next(&mut self) -> Result<Option<Segment<'a>>> {
        let Some(offset) = next_marker(self.bytes, self.position) else {
            self.position = self.bytes.len();
            return Ok(None);
        };
        let marker = self.bytes[offset + 1];
        self.position = offset + 2;
        let alone = matches!(
            marker,
            marker::RST0..=marker::RST7 | marker::SOI | marker::EOI | marker::TEM
        );
        if alone {
            return Ok(Some(Segment {
                marker,
                offset,
                body: &[],
            }));
        }
        let truncated = || {
            broken(
                offset,
                format!("the segment of marker {marker:02X} is cut off"),
            )
        };
        let length = self
            .bytes
            .get(self.position..)
            .and_then(|rest| rest.first_chunk::<2>())
            .map(|length| usize::from(u16::from_be_bytes(*length)))
            .ok_or_else(truncated)?;
        if length < 2 {
            return Err(broken(offset, "a segment shorter than its length"));
        }
        let body = self
            .bytes
            .get(self.position + 2..self.position + length)
            .ok_or_else(truncated)?;
        self.position += length;
        Ok(Some(Segment {
            marker,
            offset,
            body,
        }))
    }
}

/// Offset of the first 0xFF from `position` on that begins a marker: what follows is neither a
/// stuffed zero nor another fill byte.
pub(super) fn next_marker(bytes: &[u8], mut position: usize) -> Option<usize> {
    loop {
        let rest = bytes.get(position..)?;
        position += rest.iter().position(|byte| *byte == 0xFF)?;
        match bytes.get(position + 1)? {
            0x00 => position += 2,
            0xFF => position += 1,
            _ => return Some(position),
        }
    }
}
