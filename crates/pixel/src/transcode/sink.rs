//! Writing frames.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use sagittal_core::{Tag, Vr, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::{pixel_data, swap};

use crate::codec::Encoded;
use crate::{ImagePixel, Result};

/// Native frames one after the other; those of single bits need not begin with a byte.
pub(super) struct Native {
    vr: Vr,
    unit: usize,
    frame_bits: u64,
    /// Bits that do not fill a byte yet, and how many.
    partial: u8,
    bits: u8,
    written: u64,
}

impl Native {
    pub fn new(image: &ImagePixel, encoding: Encoding, pixels: Tag) -> Native {
        let vr = match pixels {
            tags::FLOAT_PIXEL_DATA => Vr::OF,
            tags::DOUBLE_FLOAT_PIXEL_DATA => Vr::OD,
            _ if image.bits_allocated > 8 => Vr::OW,
            _ => Vr::OB,
        };
        Native {
            vr,
            unit: if encoding.big_endian { vr.unit() } else { 1 },
            frame_bits: image.samples() * u64::from(image.bits_allocated),
            partial: 0,
            bits: 0,
            written: 0,
        }
    }

    pub fn vr(&self) -> Vr {
        self.vr
    }

    /// Bytes of so many frames.
    pub fn length(&self, frames: u32) -> u64 {
        self.frame_bits.saturating_mul(frames.into()).div_ceil(8)
    }

    /// Writes a frame.
    pub fn put(&mut self, mut bytes: Vec<u8>, output: &mut dyn Write) -> Result<()> {
        if self.unit > 1 {
            swap::swap(&mut bytes, self.unit);
        }
        let over = u8::try_from(self.frame_bits % 8).unwrap_or(0);
        if self.bits > 0 {
            for byte in bytes.iter_mut() {
                let here = *byte;
                *byte = here << self.bits | self.partial;
                self.partial = here >> (8 - self.bits);
            }
        }
        if over == 0 {
            return self.write(&bytes, output);
        }
        // The last byte given has `over` bits of the frame, and zeros.
        let bits = self.bits + over;
        let last = if bits >= 8 {
            bytes.len()
        } else {
            bytes.len().saturating_sub(1)
        };
        self.partial = match bytes.get(last) {
            Some(&byte) => byte,
            None if self.bits > 0 => self.partial,
            None => 0,
        };
        self.bits = bits % 8;
        bytes.truncate(last);
        self.write(&bytes, output)
    }

    fn write(&mut self, bytes: &[u8], output: &mut dyn Write) -> Result<()> {
        self.written += bytes.len() as u64;
        Ok(output.write_all(bytes)?)
    }

    /// Writes what remains, padded to even length.
    pub fn finish(mut self, output: &mut dyn Write) -> Result<()> {
        if self.bits > 0 {
            self.write(&[self.partial], output)?;
        }
        if self.written % 2 == 1 {
            output.write_all(&[0])?;
        }
        Ok(())
    }
}

/// The Basic Offset Table of frames that are one fragment each; empty if offsets are too large
/// (PS3.5 §A.4).
pub(super) fn offset_table(frames: &[Encoded]) -> Vec<u32> {
    let mut table = Vec::with_capacity(frames.len());
    let mut at = 0_u64;
    for frame in frames {
        let Ok(offset) = u32::try_from(at) else {
            return Vec::new();
        };
        table.push(offset);
        at += 8 + (frame.bytes.len() as u64).next_multiple_of(2);
    }
    table
}

/// Writes a fragment.
pub(super) fn fragment(bytes: &[u8], output: &mut dyn Write) -> Result<()> {
    let mut head = Vec::with_capacity(8);
    pixel_data::put_fragment_header(&mut head, bytes.len() as u64)?;
    output.write_all(&head)?;
    output.write_all(bytes)?;
    if bytes.len() % 2 == 1 {
        output.write_all(&[0])?;
    }
    Ok(())
}

/// Deflates what is written, padded to even length (PS3.5 §A.5).
pub(super) fn deflated<T>(
    output: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> Result<T>,
) -> Result<T> {
    let mut counted = Counted { output, bytes: 0 };
    let mut encoder = DeflateEncoder::new(&mut counted, Compression::default());
    let result = write(&mut encoder)?;
    encoder.finish()?;
    if counted.bytes % 2 == 1 {
        counted.write_all(&[0])?;
    }
    Ok(result)
}

struct Counted<'a> {
    output: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Photometric;

    #[test]
    fn frames_of_single_bits_are_written_bit_to_bit() {
        for (columns, expected) in [
            (3_u32, vec![0b1110_1101, 0b1]),
            (8, vec![0b101, 0b101, 0b111]),
            (4, vec![0b0101_0101, 0b111]),
            (7, vec![0b1000_0101, 0b1100_0010, 0b1]),
        ] {
            let image = ImagePixel {
                rows: 1,
                columns,
                samples_per_pixel: 1,
                photometric: Photometric::Monochrome2,
                is_by_plane: false,
                bits_allocated: 1,
                bits_stored: 1,
                high_bit: 0,
                is_signed: false,
                kind: crate::SampleKind::Integer,
            };
            let mut writer = Native::new(&image, Encoding::EXPLICIT_LE, tags::PIXEL_DATA);
            let length = usize::try_from(writer.length(3)).unwrap();
            let mut out = Vec::new();
            for frame in [0b101, 0b101, 0b111] {
                writer.put(vec![frame], &mut out).unwrap();
            }
            writer.finish(&mut out).unwrap();
            assert_eq!(out[..length], expected[..length], "{columns}");
            assert_eq!(length, expected.len());
            assert_eq!(out.len() % 2, 0);
        }
    }
}
