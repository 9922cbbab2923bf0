//! From samples to bytes.

use std::panic::catch_unwind;

use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use super::unsupported;
use crate::{Error, Expected, Raster, Result, Samples};

/// Encodes losslessly: grey or color, up to 16 bits. Signed samples become the unsigned numbers
/// with the same bits, as many as the precision tells.
///
/// # Errors
/// [`Error::Unsupported`] for other components and depths and for pictures of one row or column,
/// which the encoder does not know; [`Error::Length`] if the samples do not fill the picture.
pub fn encode_lossless(raster: &Raster) -> Result<Vec<u8>> {
    let color = match raster.components {
        1 => ColorSpace::Luma,
        3 => ColorSpace::RGB,
        count => return Err(unsupported(format!("encoding {count} components"))),
    };
    let expected =
        u64::from(raster.columns) * u64::from(raster.rows) * u64::from(raster.components);
    if raster.samples.len() as u64 != expected {
        return Err(Error::Length {
            expected,
            found: raster.samples.len() as u64,
        });
    }
    if raster.columns < 2 || raster.rows < 2 {
        return Err(unsupported("encoding a single row or column"));
    }
    if !(1..=16).contains(&raster.precision) {
        return Err(unsupported("encoding more than 16 bits"));
    }
    let mask = u16::MAX >> (16 - raster.precision);
    let wide = |sample: u16| (sample & mask).to_ne_bytes();
    let widened: Vec<u8>;
    let (bytes, depth) = match &raster.samples {
        Samples::U8(samples) if raster.precision == 8 => (samples, BitDepth::Eight),
        Samples::U8(samples) => {
            let all = samples.iter().flat_map(|&sample| wide(sample.into()));
            widened = all.collect();
            (&widened, BitDepth::Sixteen)
        }
        Samples::U16(samples) => {
            widened = samples.iter().flat_map(|&sample| wide(sample)).collect();
            (&widened, BitDepth::Sixteen)
        }
        Samples::U32(_) => return Err(unsupported("encoding samples of 32 bits")),
    };
    let options = EncoderOptions::new(raster.columns as usize, raster.rows as usize, color, depth)
        .set_num_threads(1);
    // Noise that grows when it is coded is more than the encoder has room for.
    let encoded = catch_unwind(|| {
        let mut out = Vec::new();
        let encoder = JxlSimpleEncoder::new(bytes, options);
        encoder.encode(&mut out).is_ok().then_some(out)
    });
    let Ok(Some(mut out)) = encoded else {
        return Err(unsupported("encoding this picture"));
    };
    if depth == BitDepth::Sixteen {
        set_precision(&mut out, raster)?;
    }
    // Of some pictures the encoder's streams end early: none leaves unread.
    let expected = Expected {
        size: Some((raster.columns, raster.rows)),
        components: Some(raster.components),
        max_bytes: u64::MAX,
    };
    if super::decode(&out, &expected)
        .is_ok_and(|back| is_same(&back.samples, &raster.samples, mask))
    {
        Ok(out)
    } else {
        Err(unsupported("encoding this picture"))
    }
}

/// Are the bits of the precision the same?
fn is_same(back: &Samples, samples: &Samples, mask: u16) -> bool {
    match (back, samples) {
        (Samples::U8(back), Samples::U8(samples)) => {
            let pairs = back.iter().zip(samples);
            pairs.fold(true, |same, (&back, &sample)| {
                same & (u16::from(back) == u16::from(sample) & mask)
            })
        }
        (Samples::U16(back), Samples::U16(samples)) => {
            let pairs = back.iter().zip(samples);
            pairs.fold(true, |same, (&back, &sample)| {
                same & (back == sample & mask)
            })
        }
        _ => false,
    }
}

/// Writes the precision into the header, where the encoder has 16 bits: it is told so that readers
/// know, samples are coded the same way (ISO/IEC 18181-1, image metadata).
fn set_precision(stream: &mut [u8], raster: &Raster) -> Result<()> {
    let bits_of_side = |side: u32| match side - 1 {
        0..512 => 9,
        512..8_192 => 13,
        8_192..262_144 => 18,
        _ => 30,
    };
    // Signature, size with a bit before and a ratio between, three flags, then a selector.
    let sides = 2 + bits_of_side(raster.rows) + 3 + 2 + bits_of_side(raster.columns);
    let first = 16 + 1 + sides + 3 + 2;
    for place in 0..6 {
        let bit = first + place;
        if let Some(byte) = stream.get_mut(bit / 8) {
            let is_set = (raster.precision - 1) >> place & 1;
            *byte = *byte & !(1 << (bit % 8)) | is_set << (bit % 8);
        }
    }
    match super::header(stream) {
        Ok(header) if header.precision == raster.precision => Ok(()),
        _ => Err(unsupported("telling this precision")),
    }
}
