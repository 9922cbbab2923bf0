//! What a stream says of itself.

use jxl_bitstream::Bitstream;
use jxl_oxide::ImageHeader;
use jxl_oxide::image::BitDepth;
use jxl_oxide_common::Bundle;

use super::{broken, container, unsupported};
use crate::Result;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Columns.
    pub columns: u32,
    /// Rows.
    pub rows: u32,
    /// Components of a pixel: 1 or 3, without alpha and the like.
    pub components: u8,
    /// Bits of a sample. Signed samples are coded as the unsigned numbers with the same bits.
    pub precision: u8,
    /// Colors were transformed in a way that loses.
    pub is_xyb: bool,
}

/// Most bytes of a compressed color profile.
const MAX_PROFILE: u64 = 1 << 22;

/// Reads the header of a frame.
///
/// # Errors
/// [`Error::Stream`](crate::Error::Stream) if it is broken,
/// [`Error::Unsupported`](crate::Error::Unsupported) if it is of what no frame is: an animation,
/// floating point, CMYK, a turned picture.
pub fn header(bytes: &[u8]) -> Result<Header> {
    of(&container::unwrap(bytes)?)
}

/// The same of a bare code stream.
pub(super) fn of(stream: &[u8]) -> Result<Header> {
    let mut bits = Bitstream::new(stream);
    let parsed = ImageHeader::parse(&mut bits, ());
    let image = parsed.map_err(|error| broken(0, error.to_string()))?;
    let metadata = &image.metadata;
    if metadata.colour_encoding.want_icc() {
        let length = bits
            .read_u64()
            .map_err(|error| broken(0, error.to_string()))?;
        if length > MAX_PROFILE {
            return Err(unsupported("so large a color profile"));
        }
    }
    if metadata.animation.is_some() {
        return Err(unsupported("an animation"));
    }
    if metadata.orientation != 1 {
        return Err(unsupported("a turned picture"));
    }
    let BitDepth::IntegerSample { bits_per_sample } = metadata.bit_depth else {
        return Err(unsupported("floating point"));
    };
    if !(1..=24).contains(&bits_per_sample) {
        return Err(unsupported(format!(
            "a precision of {bits_per_sample} bits"
        )));
    }
    if metadata.ec_info.iter().any(|extra| extra.is_black()) {
        return Err(unsupported("CMYK"));
    }
    if metadata.ec_info.len() > 4 {
        return Err(unsupported("more than 4 extra channels"));
    }
    Ok(Header {
        columns: image.size.width,
        rows: image.size.height,
        components: if metadata.grayscale() { 1 } else { 3 },
        precision: bits_per_sample as u8,
        is_xyb: metadata.xyb_encoded,
    })
}
