//! From code streams to frames and back: where stream and data set must agree, and what holds if
//! they do not (PS3.5 §8.2, PS3.3 §C.7.6.3).

use crate::codec::finding::{Decoded, Finding};
use crate::codec::native;
use crate::{Error, Frame, ImagePixel, Photometric, Raster, Result, Samples, StreamColor};

/// Makes a frame of a decoded stream.
///
/// Samples are extended to the allocated bits: by sign if data set and stream call them signed,
/// or if the data set does and an unsigned stream has at least the bits that are stored. The
/// stream is believed about colors, the data set about signs and stored bits.
///
/// # Errors
/// [`Error::Mismatch`] if size or components differ, [`Error::Length`] if the raster is not whole.
pub fn to_frame(raster: Raster, image: &ImagePixel) -> Result<Decoded> {
    check_agreement(&raster, image)?;
    let mut findings = Vec::new();
    let mut image = ImagePixel {
        is_by_plane: false,
        photometric: photometric(raster.color, image.photometric, &mut findings),
        ..*image
    };
    let precision = raster.precision;
    if precision > image.bits_allocated {
        findings.push(Finding::Widened {
            precision,
            bits_allocated: image.bits_allocated,
        });
        image.bits_allocated = match precision {
            0..=8 => 8,
            9..=16 => 16,
            _ => 32,
        };
        image.bits_stored = precision;
        image.high_bit = precision - 1;
    } else if precision != image.bits_stored {
        findings.push(Finding::Precision {
            precision,
            bits_stored: image.bits_stored,
        });
    }
    // Values that do not reach the High Bit cannot lie below it.
    if precision <= image.high_bit {
        image.high_bit = image.bits_stored - 1;
    }
    // Streams without signs hold two's complement of as many bits as they have: no contradiction.
    if raster.is_signed && !image.is_signed {
        findings.push(Finding::Sign {
            stream_is_signed: true,
        });
    }
    let sign_bits = match (image.is_signed, raster.is_signed) {
        (true, false) if precision >= image.bits_stored => Some(precision),
        _ => None,
    };
    let data = widened(raster, image.sample_bytes(), sign_bits);
    let frame = Frame::new(image, data)?;
    Ok(Decoded { frame, findings })
}

fn check_agreement(raster: &Raster, image: &ImagePixel) -> Result<()> {
    let differs = |what, stream: u32, data_set: u32| {
        Err(Error::Mismatch {
            what,
            stream,
            data_set,
        })
    };
    if raster.columns != image.columns {
        return differs("columns", raster.columns, image.columns);
    }
    if raster.rows != image.rows {
        return differs("rows", raster.rows, image.rows);
    }
    if raster.components != image.samples_per_pixel {
        return differs(
            "components",
            raster.components.into(),
            image.samples_per_pixel.into(),
        );
    }
    if !(1..=32).contains(&raster.precision) || image.bits_allocated > 32 {
        return Err(Error::Unsupported {
            codec: "image",
            what: "more than 32 bits".into(),
        });
    }
    native::check_integers("image", image)?;
    if raster.samples.len() as u64 != image.samples() {
        return Err(Error::Length {
            expected: image.samples(),
            found: raster.samples.len() as u64,
        });
    }
    Ok(())
}

/// What the samples mean after decoding.
fn photometric(
    stream: StreamColor,
    data_set: Photometric,
    findings: &mut Vec<Finding>,
) -> Photometric {
    use Photometric::{
        Rgb, Xyb, YbrFull, YbrFull422, YbrIct, YbrPartial420, YbrPartial422, YbrRct,
    };
    let decoded = match (stream, data_set) {
        // Undone by the decoder, as the standard asks (PS3.5 §8.2.4).
        (StreamColor::Rgb, YbrIct | YbrRct | Xyb | Rgb) => return Rgb,
        (StreamColor::Rgb, _) => Rgb,
        (StreamColor::Ycc, YbrFull | YbrFull422) => return YbrFull,
        (StreamColor::Ycc, _) => YbrFull,
        // A transformation that the stream does not have: its components were never transformed.
        (StreamColor::Unknown, YbrIct | YbrRct | Xyb) => Rgb,
        // Each pixel has colors of its own after decoding.
        (StreamColor::Unknown, YbrFull422 | YbrPartial422 | YbrPartial420) => return YbrFull,
        (StreamColor::Unknown | StreamColor::Grey, other) => return other,
    };
    findings.push(Finding::Color {
        stream,
        data_set,
        decoded,
    });
    decoded
}

/// The samples in `width` bytes each, little endian; of unsigned ones, the highest of `sign_bits`
/// is the sign.
fn widened(raster: Raster, width: u8, sign_bits: Option<u8>) -> Vec<u8> {
    let is_signed = raster.is_signed;
    let shift = |bits: u8| 32_u32.saturating_sub(bits.into());
    let extend = move |sample: u32| match sign_bits {
        Some(bits) => (sample << shift(bits)).cast_signed() >> shift(bits),
        None => sample.cast_signed(),
    };
    match raster.samples {
        Samples::U8(samples) if width == 1 && sign_bits.is_none_or(|bits| bits >= 8) => samples,
        Samples::U8(samples) => {
            let samples = samples.into_iter().map(|sample| match is_signed {
                true => i32::from(sample.cast_signed()),
                false => extend(sample.into()),
            });
            bytes(samples, width)
        }
        Samples::U16(samples) if width == 2 && sign_bits.is_none_or(|bits| bits >= 16) => samples
            .into_iter()
            .map(u16::to_le_bytes)
            .collect::<Vec<_>>()
            .into_flattened(),
        Samples::U16(samples) => {
            let samples = samples.into_iter().map(|sample| match is_signed {
                true => i32::from(sample.cast_signed()),
                false => extend(sample.into()),
            });
            bytes(samples, width)
        }
        Samples::U32(samples) => bytes(samples.into_iter().map(extend), width),
    }
}

/// Numbers as little endian bytes.
fn bytes(samples: impl ExactSizeIterator<Item = i32>, width: u8) -> Vec<u8> {
    match width {
        1 => samples.map(|sample| sample.to_le_bytes()[0]).collect(),
        2 => samples
            .map(|sample| {
                let [low, high, ..] = sample.to_le_bytes();
                [low, high]
            })
            .collect::<Vec<_>>()
            .into_flattened(),
        _ => samples
            .map(i32::to_le_bytes)
            .collect::<Vec<_>>()
            .into_flattened(),
    }
}

/// What a code can say of signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// Samples may be signed.
    Kept,
    /// Samples are unsigned: two's complement of the stored bits goes in as it is.
    AsBits,
}

/// A frame's stored values, ready to be coded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The samples, of `bits_stored` bits each.
    pub raster: Raster,
    /// What the data set must say: the High Bit follows Bits Stored.
    pub image: ImagePixel,
    /// Something else lay in the allocated bits beside the stored ones, such as an overlay, and is
    /// not in the raster.
    pub is_trimmed: bool,
}

/// Takes the stored bits of a frame's samples, to be coded.
///
/// # Errors
/// [`Error::Unsupported`] of floating point, more than 32 bits, and a restricted range of colors.
pub fn of_frame(frame: &Frame, signs: Signs) -> Result<Stored> {
    let image = &frame.image;
    native::check_integers("image", image)?;
    let unsupported = |what: &'static str| {
        Err(Error::Unsupported {
            codec: "image",
            what: what.into(),
        })
    };
    if image.bits_allocated > 32 {
        return unsupported("more than 32 bits");
    }
    if frame.data.len() as u64 != image.frame_bytes() {
        return Err(Error::Length {
            expected: image.frame_bytes(),
            found: frame.data.len() as u64,
        });
    }
    let color = match image.photometric {
        Photometric::Rgb => StreamColor::Rgb,
        Photometric::YbrFull => StreamColor::Ycc,
        Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::PaletteColor => {
            StreamColor::Grey
        }
        Photometric::Hsv | Photometric::Argb | Photometric::Cmyk => StreamColor::Unknown,
        _ => return unsupported("colors that are not each pixel's own or of a restricted range"),
    };
    let cut = Cut::of(image, signs);
    let (samples, is_trimmed) = cut.samples(frame);
    let raster = Raster {
        columns: image.columns,
        rows: image.rows,
        components: image.samples_per_pixel,
        precision: image.bits_stored,
        is_signed: cut.is_signed,
        color,
        samples,
    };
    let image = ImagePixel {
        is_by_plane: false,
        bits_allocated: match image.bits_allocated {
            1 => 1,
            _ => image.sample_bytes() * 8,
        },
        high_bit: image.bits_stored - 1,
        ..*image
    };
    Ok(Stored {
        raster,
        image,
        is_trimmed,
    })
}

/// Where the stored bits lie in a word of 32.
struct Cut {
    /// Bits above the stored ones.
    above: u32,
    /// Bits above and below.
    beside: u32,
    /// The values are signed.
    has_signs: bool,
    /// And stay so in the raster.
    is_signed: bool,
    /// Bits of the type.
    allocated: u32,
}

impl Cut {
    fn of(image: &ImagePixel, signs: Signs) -> Cut {
        let stored = u32::from(image.bits_stored).clamp(1, 32);
        let high_bit = u32::from(image.high_bit).clamp(stored - 1, 31);
        Cut {
            above: 31 - high_bit,
            beside: 32 - stored,
            has_signs: image.is_signed,
            is_signed: image.is_signed && signs == Signs::Kept,
            allocated: u32::from(image.sample_bytes()) * 8,
        }
    }

    /// The stored bits of a word.
    #[inline]
    fn value(&self, word: u32) -> u32 {
        let top = word << self.above;
        if self.is_signed {
            (top.cast_signed() >> self.beside).cast_unsigned()
        } else {
            top >> self.beside
        }
    }

    /// A word that holds nothing but its value, extended by zeros or by its sign.
    #[inline]
    fn is_pure(&self, word: u32) -> bool {
        let top = word << self.above;
        let below = self.beside - self.above;
        let unsigned = top >> self.beside << below;
        let signed = (top.cast_signed() >> self.beside).cast_unsigned() << below;
        let mask = u32::MAX >> (32 - self.allocated.clamp(1, 32));
        word == unsigned || (self.has_signs && word == signed & mask)
    }

    fn samples(&self, frame: &Frame) -> (Samples, bool) {
        let mut is_pure = true;
        let mut take = |word: u32| {
            is_pure &= self.is_pure(word);
            self.value(word)
        };
        let words = Words(&frame.data, frame.image.sample_bytes());
        let samples = match frame.image.bits_stored {
            0..=8 => Samples::U8(words.map(|word| take(word).to_le_bytes()[0])),
            9..=16 => Samples::U16(words.map(|word| {
                let [low, high, ..] = take(word).to_le_bytes();
                u16::from_le_bytes([low, high])
            })),
            _ => Samples::U32(words.map(take)),
        };
        (samples, !is_pure)
    }
}

/// Little endian words of 1, 2 or 4 bytes.
struct Words<'a>(&'a [u8], u8);

impl Words<'_> {
    fn map<T>(&self, mut take: impl FnMut(u32) -> T) -> Vec<T> {
        match self.1 {
            1 => self.0.iter().map(|byte| take((*byte).into())).collect(),
            2 => {
                let words = self.0.as_chunks::<2>().0.iter();
                words
                    .map(|word| take(u16::from_le_bytes(*word).into()))
                    .collect()
            }
            _ => {
                let words = self.0.as_chunks::<4>().0.iter();
                words.map(|word| take(u32::from_le_bytes(*word))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;
