//! Deflated Image Frame Compression: each frame a DEFLATE stream of its native bytes (PS3.5 §A.4.12).

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

use crate::codec::native::{self, Packing};
use crate::{Error, Frame, ImagePixel, Result};

const CODEC: &str = "DEFLATE";

/// Decodes a frame. Not more is inflated than the frame needs; what a stream holds beyond that,
/// and the padding behind it, is not looked at. A zlib header before the stream is passed over.
///
/// # Errors
/// [`Error::TooLarge`] above `max_bytes`, [`Error::Stream`] if the stream is broken or holds too
/// few bytes.
pub fn decode(image: &ImagePixel, bytes: &[u8], max_bytes: u64) -> Result<Frame> {
    native::check_size(image, max_bytes)?;
    let needed = usize::try_from(native::encoded_bytes(image)).unwrap_or(usize::MAX);
    // DEFLATE makes at most 1032 bytes out of one.
    if needed > bytes.len().saturating_mul(1032).saturating_add(64) {
        return Err(broken(bytes.len(), "too short for its frame"));
    }
    let inflated = match inflate(bytes, needed, false) {
        Err(error) if bytes.first() == Some(&0x78) => {
            inflate(bytes, needed, true).map_err(|_| error)
        }
        other => other,
    }?;
    native::decode(image, &inflated, Packing::default(), max_bytes)
}

fn inflate(bytes: &[u8], needed: usize, has_zlib_header: bool) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(needed);
    let mut inflater = Decompress::new(has_zlib_header);
    let offset = |inflater: &Decompress| usize::try_from(inflater.total_in()).unwrap_or(usize::MAX);
    while out.len() < needed {
        let (before_in, before_out) = (inflater.total_in(), out.len());
        let rest = bytes.get(offset(&inflater)..).unwrap_or(&[]);
        let status = inflater
            .decompress_vec(rest, &mut out, FlushDecompress::None)
            .map_err(|_| broken(offset(&inflater), "not DEFLATE"))?;
        let is_stuck = inflater.total_in() == before_in && out.len() == before_out;
        if status == Status::StreamEnd || is_stuck {
            break;
        }
    }
    if out.len() < needed {
        return Err(broken(offset(&inflater), "ends before its frame"));
    }
    Ok(out)
}

/// Encodes a frame at a level of 0 to 9; single bits are packed first. Also gives what the data
/// set must say.
///
/// # Errors
/// As of [`native::encode`].
pub fn encode(frame: &Frame, level: u32) -> Result<(Vec<u8>, ImagePixel)> {
    let (bytes, image) = native::encode(frame, false)?;
    let room = Vec::with_capacity(bytes.len() / 2);
    let mut encoder = DeflateEncoder::new(room, Compression::new(level.min(9)));
    encoder.write_all(&bytes)?;
    Ok((encoder.finish()?, image))
}

fn broken(offset: usize, reason: &'static str) -> Error {
    Error::Stream {
        codec: CODEC,
        offset: offset as u64,
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Photometric, SampleKind};

    fn image(bits: u8) -> ImagePixel {
        ImagePixel {
            rows: 5,
            columns: 13,
            samples_per_pixel: 1,
            photometric: Photometric::Monochrome2,
            is_by_plane: false,
            bits_allocated: bits,
            bits_stored: bits,
            high_bit: bits - 1,
            is_signed: false,
            kind: SampleKind::Integer,
        }
    }

    #[test]
    fn what_was_deflated_is_inflated_and_bits_are_packed() {
        for bits in [1, 8, 16] {
            let image = image(bits);
            let data = (0..image.frame_bytes())
                .map(|at| {
                    if bits == 1 {
                        (at % 3 == 0).into()
                    } else {
                        at as u8
                    }
                })
                .collect();
            let frame = Frame::new(image, data).expect("length");
            let (bytes, said) = encode(&frame, 6).expect("encodes");
            assert_eq!(said, image);
            assert_eq!(decode(&image, &bytes, 1 << 20).expect("decodes"), frame);
            let cut = bytes.get(..bytes.len() / 2).expect("half");
            assert!(decode(&image, cut, 1 << 20).is_err());
        }
    }

    #[test]
    fn a_zlib_header_is_passed_over() {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&[7; 65]).expect("in memory");
        let bytes = encoder.finish().expect("in memory");
        assert_eq!(
            decode(&image(8), &bytes, 1000).expect("decodes").data,
            [7; 65]
        );
    }

    #[test]
    fn a_bomb_fills_no_more_than_its_frame() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 1 << 24]).expect("in memory");
        let bytes = encoder.finish().expect("in memory");
        assert_eq!(
            decode(&image(8), &bytes, 1000).expect("decodes").data,
            [0; 65]
        );
        assert!(matches!(
            decode(&image(16), &bytes, 100),
            Err(Error::TooLarge {
                bytes: 130,
                limit: 100
            })
        ));
    }
}
