//! JPEG.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::failed;
use crate::Result;
use crate::render::{Picture, Pixels};

/// When nobody asks for another.
const QUALITY: u8 = 90;

pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>> {
    let narrow;
    let (color_type, bytes) = match &picture.pixels {
        Pixels::Grey8(pixels) => (ColorType::Luma, pixels),
        Pixels::Rgb8(pixels) => (ColorType::Rgb, pixels),
        Pixels::Grey16(pixels) => {
            narrow = pixels.iter().map(|grey| grey.to_be_bytes()[0]).collect();
            (ColorType::Luma, &narrow)
        }
    };
    let side = |side: u32| u16::try_from(side).map_err(|_| failed("JPEG", "sides end at 65535"));
    let quality = picture.quality.unwrap_or(QUALITY);
    let mut out = Vec::with_capacity(bytes.len() / 4 + 1024);
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(if quality >= QUALITY {
        SamplingFactor::F_1_1
    } else {
        SamplingFactor::F_2_2
    });
    if let Some(profile) = &picture.icc_profile {
        encoder
            .add_icc_profile(profile)
            .map_err(|e| failed("JPEG", e))?;
    }
    encoder
        .encode(
            bytes,
            side(picture.width)?,
            side(picture.height)?,
            color_type,
        )
        .map_err(|e| failed("JPEG", e))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ramp() -> Picture {
        let pixels = (0..64_u8)
            .flat_map(|y| (0..64).map(move |x| x * 2 + y))
            .collect();
        Picture::new(64, 64, Pixels::Grey8(pixels)).unwrap()
    }

    fn decode(bytes: &[u8]) -> Vec<u8> {
        let options = zune_core::options::DecoderOptions::default()
            .jpeg_set_out_colorspace(zune_core::colorspace::ColorSpace::Luma);
        zune_jpeg::JpegDecoder::new_with_options(
            zune_core::bytestream::ZCursor::new(bytes),
            options,
        )
        .decode()
        .unwrap()
    }

    #[test]
    fn quality_tells_size_and_likeness() {
        let mut picture = ramp();
        let fine = picture.to_jpeg().unwrap();
        picture.quality = Some(5);
        let coarse = picture.to_jpeg().unwrap();
        assert!(coarse.len() < fine.len());
        let Pixels::Grey8(pixels) = &picture.pixels else {
            unreachable!()
        };
        let off = |bytes: &[u8]| {
            let decoded = decode(bytes);
            assert_eq!(decoded.len(), pixels.len());
            pixels
                .iter()
                .zip(decoded)
                .map(|(a, b)| a.abs_diff(b))
                .max()
                .unwrap()
        };
        assert!(off(&fine) <= 6, "{}", off(&fine));
        assert!(off(&fine) < off(&coarse));
    }

    #[test]
    fn sides_of_more_than_16_bits_are_refused() {
        let picture = Picture::new(70_000, 1, Pixels::Grey8(vec![0; 70_000])).unwrap();
        assert!(picture.to_jpeg().is_err());
    }
}
