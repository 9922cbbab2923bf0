//! RLE Lossless (PS3.5 Annex G): every byte of the samples is a plane of its own, run-length coded.

mod pack;
mod planes;

use crate::codec::native;
use crate::{Error, Frame, ImagePixel, Photometric, Result};

const CODEC: &str = "RLE";
/// Bytes of the header: the number of segments and 15 offsets (PS3.5 §G.5).
const HEADER: usize = 64;
const MAX_SEGMENTS: usize = 15;
/// Bytes that the end of a segment may lack: writers differ in how they fill it to an even length.
const MISSING: usize = 2;

/// Decodes a frame. Planar Configuration does not matter: segments are always planes.
///
/// Odd streams are taken if there is no doubt about their samples: more segments than are needed,
/// offsets from the end of the header, segments that go on too long, or lack their last two bytes
/// or fewer, which become 0.
///
/// # Errors
/// [`Error::TooLarge`] above `max_bytes`, [`Error::Mismatch`] if there are too few segments,
/// [`Error::Stream`] if the header or a segment is broken.
pub fn decode(image: &ImagePixel, bytes: &[u8], max_bytes: u64) -> Result<Frame> {
    native::check_size(image, max_bytes)?;
    let planes = planes_of(image)?;
    let segments = segments(bytes, planes)?;
    let length = plane_bytes(image);
    check_possible(&segments, length)?;
    let data = if planes == 1 {
        let mut data = vec![0; length];
        unpack(&segments, &mut data)?;
        data
    } else {
        let mut scratch = vec![0; length.saturating_mul(planes)];
        for (segment, plane) in segments.iter().zip(scratch.chunks_exact_mut(length.max(1))) {
            unpack(std::slice::from_ref(segment), plane)?;
        }
        let width = usize::from(image.sample_bytes());
        planes::join(&scratch, length, planes, width)
    };
    let data = match image.bits_allocated {
        1 => native::unpack_bits(&data, 0, usize::try_from(image.samples()).unwrap_or(0)),
        _ => data,
    };
    let photometric = match image.photometric {
        // Planes of different sizes do not exist in RLE (PS3.5 §8.2.2).
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

/// Encodes a frame, row by row (PS3.5 §G.3.1); single bits are packed first. Also gives what the
/// data set must say.
///
/// # Errors
/// [`Error::Unsupported`] if samples need more than 15 segments, or colors have a restricted range.
pub fn encode(frame: &Frame) -> Result<(Vec<u8>, ImagePixel)> {
    let image = ImagePixel {
        bits_allocated: match frame.image.bits_allocated {
            1 => 1,
            _ => frame.image.sample_bytes() * 8,
        },
        is_by_plane: false,
        ..frame.image
    };
    native::check_integers(CODEC, &image)?;
    let planes = planes_of(&image)?;
    if matches!(
        image.photometric,
        Photometric::YbrPartial422 | Photometric::YbrPartial420
    ) {
        return Err(unsupported("a restricted range of colors"));
    }
    let mut out = vec![0; HEADER];
    let mut offsets = vec![u32::try_from(planes).unwrap_or(0)];
    let width = usize::from(image.sample_bytes());
    let packed;
    let (data, row) = if image.bits_allocated == 1 {
        packed = native::pack_bits(&frame.data);
        // Rows that share bytes cannot be told apart; the frame is then one row.
        let row = match frame.row_bytes() % 8 {
            0 => frame.row_bytes() / 8,
            _ => packed.len(),
        };
        (packed.as_slice(), row)
    } else {
        (frame.data.as_slice(), frame.row_bytes())
    };
    let mut bytes = Vec::new();
    for plane in 0..planes {
        let offset = u32::try_from(out.len()).map_err(|_| unsupported("so large a frame"))?;
        offsets.push(offset);
        for row in data.chunks_exact(row.max(1)) {
            if planes == 1 {
                pack::pack(row, &mut out);
            } else {
                planes::take(row, plane, planes, width, &mut bytes);
                pack::pack(&bytes, &mut out);
            }
        }
        if out.len() % 2 == 1 {
            out.push(0);
        }
    }
    for (to, offset) in out.as_chunks_mut::<4>().0.iter_mut().zip(offsets) {
        *to = offset.to_le_bytes();
    }
    Ok((out, image))
}

/// Segments that a frame needs (PS3.5 §G.2).
fn planes_of(image: &ImagePixel) -> Result<usize> {
    if image.bits_allocated == 1 {
        return Ok(1);
    }
    let planes = usize::from(image.samples_per_pixel) * usize::from(image.sample_bytes());
    if planes == 0 || planes > MAX_SEGMENTS {
        return Err(unsupported("more than 15 segments"));
    }
    Ok(planes)
}

fn plane_bytes(image: &ImagePixel) -> usize {
    let bytes = match image.bits_allocated {
        1 => image.samples().div_ceil(8),
        _ => image.pixels(),
    };
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// A segment: the stream from its first byte on, and how many bytes are its own.
#[derive(Clone, Copy, Debug)]
struct Segment<'a> {
    bytes: &'a [u8],
    length: usize,
    offset: usize,
}

/// Finds the first `planes` segments by the header.
fn segments(bytes: &[u8], planes: usize) -> Result<Vec<Segment<'_>>> {
    let header = bytes
        .get(..HEADER)
        .ok_or_else(|| broken(bytes.len(), "shorter than its header"))?;
    let mut numbers = header
        .as_chunks::<4>()
        .0
        .iter()
        .map(|number| u32::from_le_bytes(*number));
    let count = numbers.next().unwrap_or(0);
    let told = usize::try_from(count).unwrap_or(usize::MAX);
    if told == 0 || told > MAX_SEGMENTS {
        return Err(broken(0, "the number of segments is not 1 to 15"));
    }
    if told < planes {
        return Err(Error::Mismatch {
            what: "segments",
            stream: count,
            data_set: u32::try_from(planes).unwrap_or(u32::MAX),
        });
    }
    let offsets: Vec<usize> = numbers
        .take(told)
        .map(|offset| usize::try_from(offset).unwrap_or(usize::MAX))
        .collect();
    // Some writers count from the end of the header.
    let base = if offsets.first() == Some(&0) {
        HEADER
    } else {
        0
    };
    let absolute = |offset: usize| offset.saturating_add(base);
    let end_of = |begin: usize| {
        let later = offsets.iter().map(|offset| absolute(*offset));
        later
            .filter(|offset| *offset > begin && *offset <= bytes.len())
            .min()
            .unwrap_or(bytes.len())
    };
    let segment = |offset: &usize| {
        let offset = absolute(*offset);
        match bytes.get(offset..) {
            Some(rest) if offset >= HEADER => Ok(Segment {
                bytes: rest,
                length: end_of(offset) - offset,
                offset,
            }),
            _ => Err(broken(offset, "a segment begins outside of the stream")),
        }
    };
    offsets.iter().take(planes).map(segment).collect()
}

/// Two bytes become at most 128: refuses segments that cannot fill a plane, before one is made.
fn check_possible(segments: &[Segment<'_>], length: usize) -> Result<()> {
    for segment in segments {
        // The stream's last bytes may have got lost with its padding.
        if segment.length.saturating_add(MISSING).saturating_mul(64) < length {
            return Err(too_short(segment));
        }
    }
    Ok(())
}

fn unpack(segments: &[Segment<'_>], plane: &mut [u8]) -> Result<()> {
    for segment in segments {
        let filled = pack::unpack(segment.bytes, segment.length, plane);
        if filled + MISSING < plane.len() || (filled == 0 && !plane.is_empty()) {
            return Err(too_short(segment));
        }
        plane.get_mut(filled..).unwrap_or(&mut []).fill(0);
    }
    Ok(())
}

fn too_short(segment: &Segment<'_>) -> Error {
    broken(segment.offset, "the segment holds too few bytes")
}

fn broken(offset: usize, reason: &'static str) -> Error {
    Error::Stream {
        codec: CODEC,
        offset: offset as u64,
        reason: reason.into(),
    }
}

fn unsupported(what: &'static str) -> Error {
    Error::Unsupported {
        codec: CODEC,
        what: what.into(),
    }
}

#[cfg(test)]
mod tests;
