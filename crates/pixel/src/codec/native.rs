//! Native pixel data: samples as they are (PS3.5 §8.1, §A.1 to §A.3).

mod bits;
mod layout;

use crate::{Error, Frame, ImagePixel, Photometric, Result, SampleKind};

pub use bits::append_packed;
pub use bits::shift_down;
pub(crate) use bits::{pack_bits, unpack_bits};

/// How the bytes of a native frame lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Packing {
    /// Samples of 16, 32 and 64 bits are big endian. Smaller ones must already be in the order of
    /// bytes: [`FrameTable::read`](crate::frames::FrameTable::read) turns the words of OW.
    pub is_big_endian: bool,
    /// Bits of the first byte that belong to the frame before it.
    pub bit_offset: u8,
}

/// Decodes a native frame. Bytes beyond the frame are padding.
///
/// `YBR_FULL_422` becomes `YBR_FULL`, its colors repeated for both pixels of a pair. Of
/// `YBR_PARTIAL_422` and `YBR_PARTIAL_420` the colors are repeated likewise, but the range stays
/// restricted and the photometric interpretation keeps saying so: nothing is rounded here, and
/// [`color`](crate::color) knows the range.
///
/// # Errors
/// [`Error::TooLarge`] above `max_bytes`; [`Error::Length`] if bytes are missing;
/// [`Error::Unsupported`] of `YBR_PARTIAL_420` by pixel, whose layout the standard never gave.
pub fn decode(image: &ImagePixel, bytes: &[u8], packing: Packing, max_bytes: u64) -> Result<Frame> {
    check_size(image, max_bytes)?;
    let layout = layout::Layout::of(image, bytes.len())?;
    let data = samples(image, bytes, packing, layout.samples(image))?;
    let data = layout.by_pixel(image, data)?;
    let photometric = match image.photometric {
        Photometric::YbrFull422 => Photometric::YbrFull,
        other => other,
    };
    Frame::new(
        ImagePixel {
            is_by_plane: false,
            photometric,
            ..*image
        },
        data,
    )
}

/// Refuses a description whose frame is larger than is taken, before anything is allocated.
pub(crate) fn check_size(image: &ImagePixel, max_bytes: u64) -> Result<()> {
    if image.frame_bytes() > max_bytes {
        return Err(Error::TooLarge {
            bytes: image.frame_bytes(),
            limit: max_bytes,
        });
    }
    Ok(())
}

/// So many samples, each widened to 1, 2, 4 or 8 bytes, little endian, in the order of the bytes.
fn samples(image: &ImagePixel, bytes: &[u8], packing: Packing, count: u64) -> Result<Vec<u8>> {
    let bits = count.saturating_mul(image.bits_allocated.into());
    let offset = packing.bit_offset % 8;
    let needed = bits.saturating_add(offset.into()).div_ceil(8);
    let too_short = || Error::Length {
        expected: needed,
        found: bytes.len() as u64,
    };
    let bytes = usize::try_from(needed)
        .ok()
        .and_then(|needed| bytes.get(..needed))
        .ok_or_else(too_short)?;
    let count = usize::try_from(count).map_err(|_| too_short())?;
    match (image.bits_allocated, offset) {
        (8, 0) => Ok(bytes.to_vec()),
        (16 | 32 | 64, 0) => {
            let mut data = bytes.to_vec();
            if packing.is_big_endian {
                sagittal_file::swap::swap(&mut data, usize::from(image.sample_bytes()));
            }
            Ok(data)
        }
        (1, offset) => Ok(unpack_bits(bytes, offset, count)),
        (allocated, offset) if packing.is_big_endian => {
            let mut words = bytes.to_vec();
            sagittal_file::swap::swap(&mut words, 2);
            Ok(bits::unpack(&words, offset, allocated, count))
        }
        (allocated, offset) => Ok(bits::unpack(bytes, offset, allocated, count)),
    }
}

/// Encodes a frame as native little endian bytes, `is_by_plane` or pixel by pixel; also gives what
/// the data set must say. Single bits are packed, the last byte filled with zeros: to join frames
/// use [`append_packed`]. Samples of an odd number of bits take whole bytes. A restricted range
/// shares colors again.
///
/// # Errors
/// [`Error::Unsupported`] of `YBR_PARTIAL_420`.
pub fn encode(frame: &Frame, is_by_plane: bool) -> Result<(Vec<u8>, ImagePixel)> {
    let image = ImagePixel {
        bits_allocated: match frame.image.bits_allocated {
            1 => 1,
            _ => frame.image.sample_bytes() * 8,
        },
        ..frame.image
    };
    if image.bits_allocated == 1 {
        return Ok((pack_bits(&frame.data), image));
    }
    match image.photometric {
        Photometric::YbrPartial420 => Err(Error::Unsupported {
            codec: "native",
            what: "YBR_PARTIAL_420".into(),
        }),
        Photometric::YbrPartial422 | Photometric::YbrFull422 if image.samples_per_pixel == 3 => {
            Ok((layout::share_colors(&image, &frame.data)?, image))
        }
        _ if is_by_plane && image.samples_per_pixel > 1 => {
            let image = ImagePixel {
                is_by_plane: true,
                ..image
            };
            Ok((layout::to_planes(&image, &frame.data), image))
        }
        _ => Ok((frame.data.clone(), image)),
    }
}

/// Bytes that a native frame takes, its last one filled.
pub fn encoded_bytes(image: &ImagePixel) -> u64 {
    image
        .samples()
        .saturating_mul(image.bits_allocated.into())
        .div_ceil(8)
}

/// Refuses samples that are not integers, for codings that know none other.
pub(crate) fn check_integers(codec: &'static str, image: &ImagePixel) -> Result<()> {
    if image.kind == SampleKind::Integer {
        return Ok(());
    }
    Err(Error::Unsupported {
        codec,
        what: "floating point".into(),
    })
}

#[cfg(test)]
mod tests;
