//! Which transfer syntax is coded how, and what can be done with it (PS3.5 §A.4, §10).

use std::borrow::Cow;

use sagittal_core::transfer_syntax::{self, Compression};

use super::finding::Decoded;
use super::native::Packing;
use super::raster_frame::{Signs, of_frame, to_frame};
use super::{deflated, jpeg, jpeg2000, jpegls, jxl, native, rle};
use crate::{Error, Expected, Frame, ImagePixel, Photometric, Raster, Result, Samples};

/// How frames are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Native {
        is_big_endian: bool,
    },
    Deflated,
    Rle,
    /// Discrete cosines.
    Jpeg,
    /// Prediction.
    JpegLossless,
    JpegLs {
        is_lossless: bool,
    },
    Jpeg2000 {
        is_lossless: bool,
    },
    /// High-throughput JPEG 2000.
    HtJ2k(Ht),
    JpegXl,
}

/// What is asked of a high-throughput stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ht {
    Lossless,
    Rpcl,
    Lossy,
}

/// What is done with a coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ability {
    /// Only decoded.
    Decode,
    /// Decoded and encoded.
    Both,
}

const LITTLE_ENDIAN: Coding = Coding::Native {
    is_big_endian: false,
};
const BIG_ENDIAN: Coding = Coding::Native {
    is_big_endian: true,
};

/// The codings. A transfer syntax that is absent here cannot be decoded.
const CODINGS: &[(&str, Coding, Ability)] = {
    use transfer_syntax as ts;
    &[
        (ts::IMPLICIT_VR_LITTLE_ENDIAN, LITTLE_ENDIAN, Ability::Both),
        (ts::EXPLICIT_VR_LITTLE_ENDIAN, LITTLE_ENDIAN, Ability::Both),
        (
            ts::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN,
            LITTLE_ENDIAN,
            Ability::Both,
        ),
        (
            ts::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
            LITTLE_ENDIAN,
            Ability::Both,
        ),
        (
            ts::PAPYRUS_3_IMPLICIT_VR_LITTLE_ENDIAN,
            LITTLE_ENDIAN,
            Ability::Decode,
        ),
        (ts::EXPLICIT_VR_BIG_ENDIAN, BIG_ENDIAN, Ability::Both),
        (
            ts::DEFLATED_IMAGE_FRAME_COMPRESSION,
            Coding::Deflated,
            Ability::Both,
        ),
        (ts::RLE_LOSSLESS, Coding::Rle, Ability::Both),
        (ts::JPEG_BASELINE_8_BIT, Coding::Jpeg, Ability::Both),
        (ts::JPEG_EXTENDED_12_BIT, Coding::Jpeg, Ability::Decode),
        (ts::JPEG_EXTENDED_35, Coding::Jpeg, Ability::Decode),
        (
            ts::JPEG_SPECTRAL_SELECTION_NON_HIERARCHICAL_68,
            Coding::Jpeg,
            Ability::Decode,
        ),
        (
            ts::JPEG_FULL_PROGRESSION_NON_HIERARCHICAL_1012,
            Coding::Jpeg,
            Ability::Decode,
        ),
        (ts::JPEG_LOSSLESS, Coding::JpegLossless, Ability::Both),
        (ts::JPEG_LOSSLESS_SV1, Coding::JpegLossless, Ability::Both),
        (
            ts::JPEG_LS_LOSSLESS,
            Coding::JpegLs { is_lossless: true },
            Ability::Both,
        ),
        (
            ts::JPEG_LS_NEAR_LOSSLESS,
            Coding::JpegLs { is_lossless: false },
            Ability::Both,
        ),
        (
            ts::JPEG_2000_LOSSLESS,
            Coding::Jpeg2000 { is_lossless: true },
            Ability::Both,
        ),
        (
            ts::JPEG_2000,
            Coding::Jpeg2000 { is_lossless: false },
            Ability::Both,
        ),
        // Where the stream is one of Part 1.
        (
            ts::JPEG_2000_MC_LOSSLESS,
            Coding::Jpeg2000 { is_lossless: true },
            Ability::Decode,
        ),
        (
            ts::JPEG_2000_MC,
            Coding::Jpeg2000 { is_lossless: false },
            Ability::Decode,
        ),
        (
            ts::HTJ2K_LOSSLESS,
            Coding::HtJ2k(Ht::Lossless),
            Ability::Both,
        ),
        (
            ts::HTJ2K_LOSSLESS_RPCL,
            Coding::HtJ2k(Ht::Rpcl),
            Ability::Both,
        ),
        (ts::HTJ2K, Coding::HtJ2k(Ht::Lossy), Ability::Both),
        (ts::JPEG_XL_LOSSLESS, Coding::JpegXl, Ability::Both),
        (
            ts::JPEG_XL_JPEG_RECOMPRESSION,
            Coding::JpegXl,
            Ability::Decode,
        ),
        (ts::JPEG_XL, Coding::JpegXl, Ability::Decode),
    ]
};

fn coding(transfer_syntax_uid: &str) -> Option<(Coding, Ability)> {
    let uid = trimmed(transfer_syntax_uid);
    CODINGS
        .iter()
        .find(|(of, _, _)| *of == uid)
        .map(|(_, coding, ability)| (*coding, *ability))
}

fn trimmed(uid: &str) -> &str {
    uid.trim_end_matches(['\0', ' '])
}

/// Can frames of this transfer syntax be decoded?
pub fn can_decode(transfer_syntax_uid: &str) -> bool {
    coding(transfer_syntax_uid).is_some()
}

/// Can frames be encoded in this transfer syntax? Which frames, [`encode`] tells.
pub fn can_encode(transfer_syntax_uid: &str) -> bool {
    coding(transfer_syntax_uid).is_some_and(|(_, ability)| ability == Ability::Both)
}

/// May what this transfer syntax holds have lost something by it?
pub fn is_lossy(transfer_syntax_uid: &str) -> bool {
    transfer_syntax::by_uid(trimmed(transfer_syntax_uid)).is_some_and(|ts| ts.lossy)
}

/// One stream for all frames?
pub fn is_video(transfer_syntax_uid: &str) -> bool {
    transfer_syntax::by_uid(trimmed(transfer_syntax_uid))
        .is_some_and(|ts| ts.compression == Compression::Video)
}

/// How to encode. What a coding does not know it ignores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EncodeOptions {
    /// Quality of lossy JPEG, 1 to 100.
    pub quality: u8,
    /// The most by which samples of near-lossless JPEG-LS may differ; 0 loses nothing.
    pub near: u8,
    /// How much smaller lossy JPEG 2000 shall be than the samples.
    pub ratio: f32,
    /// Effort of DEFLATE, 0 to 9.
    pub level: u8,
    /// Native colors plane by plane.
    pub is_by_plane: bool,
    /// Pairs of pixels share colors in lossy JPEG.
    pub is_subsampled: bool,
}

impl Default for EncodeOptions {
    fn default() -> EncodeOptions {
        EncodeOptions {
            quality: 90,
            near: 2,
            ratio: 10.0,
            level: 6,
            is_by_plane: false,
            is_subsampled: true,
        }
    }
}

/// An encoded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Its bytes, without item header or padding.
    pub bytes: Vec<u8>,
    /// What the data set must say of them.
    pub image: ImagePixel,
    /// Something was lost.
    pub is_lossy: bool,
    /// What lay in allocated bits beside the stored ones, such as an overlay, is not in the bytes.
    pub is_trimmed: bool,
}

/// Decodes one frame: `bytes` as [`FrameTable::read`](crate::frames::FrameTable::read) gives them.
///
/// # Errors
/// [`Error::Unsupported`] of a transfer syntax without codec, [`Error::TooLarge`] if the frame
/// takes more than `max_bytes`, and what its codec finds.
pub fn decode(
    transfer_syntax_uid: &str,
    image: &ImagePixel,
    bytes: &[u8],
    max_bytes: u64,
) -> Result<Frame> {
    decode_with_findings(transfer_syntax_uid, image, bytes, max_bytes).map(|decoded| decoded.frame)
}

/// [`decode`], and what stream and data set disagree about.
///
/// # Errors
/// As of [`decode`].
pub fn decode_with_findings(
    transfer_syntax_uid: &str,
    image: &ImagePixel,
    bytes: &[u8],
    max_bytes: u64,
) -> Result<Decoded> {
    native::check_size(image, max_bytes)?;
    let (coding, _) = coding(transfer_syntax_uid).ok_or_else(|| no_codec(transfer_syntax_uid))?;
    let sound = |frame| Decoded {
        frame,
        findings: Vec::new(),
    };
    let expected = Expected {
        size: Some((image.columns, image.rows)),
        components: Some(image.samples_per_pixel),
        max_bytes,
    };
    match coding {
        Coding::Native { is_big_endian } => {
            let packing = Packing {
                is_big_endian,
                bit_offset: 0,
            };
            native::decode(image, bytes, packing, max_bytes).map(sound)
        }
        Coding::Deflated => deflated::decode(image, bytes, max_bytes).map(sound),
        Coding::Rle => rle::decode(image, bytes, max_bytes).map(sound),
        Coding::Jpeg | Coding::JpegLossless => to_frame(jpeg::decode(bytes, &expected)?, image),
        Coding::JpegLs { .. } => to_frame(jpegls::decode(bytes, &expected)?, image),
        Coding::Jpeg2000 { .. } | Coding::HtJ2k(_) => {
            to_frame(jpeg2000::decode(bytes, &expected)?, image)
        }
        Coding::JpegXl => to_frame(jxl::decode(bytes, &expected)?, image),
    }
}

/// Encodes one frame.
///
/// # Errors
/// [`Error::Unsupported`] if the transfer syntax has no encoder, or cannot hold such a frame.
pub fn encode(
    transfer_syntax_uid: &str,
    frame: &Frame,
    options: &EncodeOptions,
) -> Result<Encoded> {
    let Some((coding, Ability::Both)) = coding(transfer_syntax_uid) else {
        return Err(no_codec(transfer_syntax_uid));
    };
    let whole = |(bytes, image)| Encoded {
        bytes,
        image,
        is_lossy: false,
        is_trimmed: false,
    };
    match coding {
        Coding::Native { is_big_endian } => {
            let mut encoded = native::encode(frame, options.is_by_plane).map(whole)?;
            if is_big_endian {
                let width = usize::from(encoded.image.bits_allocated / 8);
                sagittal_file::swap::swap(&mut encoded.bytes, width);
            }
            Ok(encoded)
        }
        Coding::Deflated => deflated::encode(frame, options.level.into()).map(whole),
        Coding::Rle => rle::encode(frame).map(whole),
        Coding::Jpeg => encode_jpeg(frame, options),
        Coding::JpegLossless => lossless(frame, |raster| jpeg::encode_lossless(raster, 1)),
        Coding::JpegLs { is_lossless: true } => lossless(frame, |raster| jpegls::encode(raster, 0)),
        Coding::JpegLs { is_lossless: false } => encode_near(frame, options.near),
        Coding::Jpeg2000 { is_lossless } => {
            let quality = quality(is_lossless, options);
            encode_wavelets(frame, is_lossless, |raster| {
                jpeg2000::encode(raster, &jpeg2000::Options { quality })
            })
        }
        Coding::HtJ2k(ht) => {
            let is_lossless = ht != Ht::Lossy;
            let options = jpeg2000::HtOptions {
                quality: quality(is_lossless, options),
                is_rpcl: ht == Ht::Rpcl,
            };
            encode_wavelets(frame, is_lossless, |raster| {
                jpeg2000::encode_ht(raster, &options)
            })
        }
        Coding::JpegXl => encode_jxl(frame),
    }
}

fn quality(is_lossless: bool, options: &EncodeOptions) -> jpeg2000::Quality {
    if is_lossless {
        jpeg2000::Quality::Lossless
    } else {
        jpeg2000::Quality::Ratio(options.ratio)
    }
}

/// Encodes with wavelets: red, green and blue are transformed (PS3.5 §8.2.4).
fn encode_wavelets(
    frame: &Frame,
    is_lossless: bool,
    code: impl Fn(&Raster) -> Result<Vec<u8>>,
) -> Result<Encoded> {
    let mut stored = of_frame(frame, Signs::Kept)?;
    if !is_lossless && stored.image.photometric.is_palette() {
        return Err(Error::Unsupported {
            codec: "JPEG 2000",
            what: "changing indices of a palette".into(),
        });
    }
    let bytes = code(&stored.raster)?;
    if jpeg2000::header(&bytes)?.transforms_color {
        stored.image.photometric = match is_lossless {
            true => Photometric::YbrRct,
            false => Photometric::YbrIct,
        };
    }
    Ok(Encoded {
        bytes,
        image: stored.image,
        is_lossy: !is_lossless,
        is_trimmed: stored.is_trimmed,
    })
}

/// Encodes as JPEG XL, whose colors are red, green and blue.
fn encode_jxl(frame: &Frame) -> Result<Encoded> {
    if frame.image.photometric.is_ybr() {
        return Err(Error::Unsupported {
            codec: "JPEG XL",
            what: "encoding luminance and colors".into(),
        });
    }
    lossless(frame, jxl::encode_lossless)
}

/// Encodes the stored bits without loss, in a coding without signs.
fn lossless(frame: &Frame, code: impl Fn(&Raster) -> Result<Vec<u8>>) -> Result<Encoded> {
    let stored = of_frame(frame, Signs::AsBits)?;
    Ok(Encoded {
        bytes: code(&stored.raster)?,
        image: stored.image,
        is_lossy: false,
        is_trimmed: stored.is_trimmed,
    })
}

/// Encodes with discrete cosines: samples of up to 8 bits, colors as luminance and colors that
/// pairs of pixels share (PS3.5 §8.2.1).
fn encode_jpeg(frame: &Frame, options: &EncodeOptions) -> Result<Encoded> {
    let mut stored = of_frame(frame, Signs::Kept)?;
    let image = &mut stored.image;
    if stored.raster.is_signed || image.bits_stored > 8 || image.photometric.is_palette() {
        return Err(Error::Unsupported {
            codec: "JPEG",
            what: "encoding signed samples, indices, or more than 8 bits with loss".into(),
        });
    }
    // Streams of fewer bits do not exist.
    stored.raster.precision = 8;
    (image.bits_allocated, image.bits_stored, image.high_bit) = (8, 8, 7);
    let chroma = if image.samples_per_pixel == 3 && options.is_subsampled {
        image.photometric = Photometric::YbrFull422;
        jpeg::Chroma::Half
    } else {
        if image.samples_per_pixel == 3 {
            image.photometric = Photometric::YbrFull;
        }
        jpeg::Chroma::Full
    };
    Ok(Encoded {
        bytes: jpeg::encode_baseline(&stored.raster, options.quality, chroma)?,
        image: stored.image,
        is_lossy: true,
        is_trimmed: stored.is_trimmed,
    })
}

/// Encodes nearly without loss.
fn encode_near(frame: &Frame, near: u8) -> Result<Encoded> {
    let stored = of_frame(frame, Signs::AsBits)?;
    let image = &stored.image;
    let unsupported = |what: &'static str| {
        Err(Error::Unsupported {
            codec: "JPEG-LS",
            what: what.into(),
        })
    };
    if near > 0 && image.photometric.is_palette() {
        return unsupported("changing indices of a palette");
    }
    // The least and the most of signed samples are neighbors as bits.
    if near > 0 && image.is_signed && has_sample_near_sign(&stored.raster, near) {
        return unsupported("signed samples at the end of their range with loss");
    }
    Ok(Encoded {
        bytes: jpegls::encode(&stored.raster, near)?,
        image: stored.image,
        is_lossy: near > 0,
        is_trimmed: stored.is_trimmed,
    })
}

/// Is a sample so close to where the sign changes that it may get the wrong one?
fn has_sample_near_sign(raster: &Raster, near: u8) -> bool {
    let half = 1_u32 << (raster.precision - 1);
    let is_near = |sample: u32| sample.abs_diff(half) <= near.into();
    match &raster.samples {
        Samples::U8(samples) => samples.iter().any(|sample| is_near((*sample).into())),
        Samples::U16(samples) => samples.iter().any(|sample| is_near((*sample).into())),
        Samples::U32(samples) => samples.iter().any(|sample| is_near(*sample)),
    }
}

fn no_codec(transfer_syntax_uid: &str) -> Error {
    let uid = trimmed(transfer_syntax_uid);
    Error::Unsupported {
        codec: "transfer syntax",
        what: transfer_syntax::by_uid(uid)
            .map_or_else(|| Cow::Owned(uid.to_owned()), |ts| Cow::Borrowed(ts.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coding_is_of_a_transfer_syntax_that_exists() {
        for (uid, coding, _) in CODINGS {
            let ts = transfer_syntax::by_uid(uid).expect("a transfer syntax");
            if *coding != LITTLE_ENDIAN {
                assert_eq!(*coding == BIG_ENDIAN, ts.big_endian, "{uid}");
            }
        }
    }

    #[test]
    fn padding_of_a_uid_does_not_count() {
        assert!(can_decode("1.2.840.10008.1.2\0") && can_encode("1.2.840.10008.1.2.5"));
        assert!(!can_decode("1.2.840.10008.1.2.4.100") && !can_decode("1.2.3"));
        assert!(is_video("1.2.840.10008.1.2.4.100\0") && is_lossy("1.2.840.10008.1.2.4.50"));
        assert!(!is_lossy("1.2.840.10008.1.2.4.70"));
    }
}
