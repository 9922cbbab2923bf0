//! Encoding with the block coder of Part 1, by OpenJPEG.

use super::bytes::{CODEC, unsupported};
use crate::{Error, Raster, Result, Samples, StreamColor};

/// How near to the original.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Quality {
    /// Reversible: the same samples come out.
    #[default]
    Lossless,
    /// So many times smaller than the samples.
    Ratio(f32),
    /// Signal to noise in decibels.
    Psnr(f32),
}

/// How to encode.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Options {
    /// How near to the original.
    pub quality: Quality,
}

/// Encodes a picture as a bare code stream (PS3.5 §A.4.4). Three components that are red, green and
/// blue ([`StreamColor::Rgb`]) are transformed: the photometric interpretation is then `YBR_RCT`, or
/// `YBR_ICT` unless lossless.
///
/// # Errors
/// [`Error::Unsupported`] for what the encoder does not take, [`Error::Length`] if the samples do not
/// fill the picture.
pub fn encode(raster: &Raster, options: &Options) -> Result<Vec<u8>> {
    let components = planes(raster)?;
    let picture = sagittal_openjpeg::Picture {
        columns: raster.columns,
        rows: raster.rows,
        precision: raster.precision,
        is_signed: raster.is_signed,
        components: &components,
    };
    let quality = match options.quality {
        Quality::Lossless => sagittal_openjpeg::Quality::Lossless,
        Quality::Ratio(ratio) => sagittal_openjpeg::Quality::Ratio(ratio),
        Quality::Psnr(decibels) => sagittal_openjpeg::Quality::Psnr(decibels),
    };
    // Of single bits OpenJPEG loses some when it transforms them.
    let transforms_color = transforms_color(raster) && raster.precision > 1;
    sagittal_openjpeg::encode(&picture, quality, transforms_color).map_err(|error| {
        Error::Unsupported {
            codec: CODEC,
            what: format!("encoding this picture ({error})").into(),
        }
    })
}

/// Are the first three components to be transformed?
pub(super) fn transforms_color(raster: &Raster) -> bool {
    raster.components == 3 && raster.color == StreamColor::Rgb
}

/// Each component by itself, signed samples below zero.
pub(super) fn planes(raster: &Raster) -> Result<Vec<Vec<i32>>> {
    let components = usize::from(raster.components);
    let pixels = raster.columns as usize * raster.rows as usize;
    if !(1..=4).contains(&components) || !(1..=24).contains(&raster.precision) || pixels == 0 {
        return Err(unsupported("encoding such a picture"));
    }
    if raster.samples.len() != pixels * components {
        return Err(Error::Length {
            expected: (pixels * components) as u64,
            found: raster.samples.len() as u64,
        });
    }
    // Whatever is in the bits above the precision does not count.
    let above = 32 - u32::from(raster.precision);
    let value = |sample: u32| match raster.is_signed {
        true => ((sample << above) as i32) >> above,
        false => (sample << above >> above) as i32,
    };
    let plane = |number: usize| match &raster.samples {
        Samples::U8(samples) => every(samples, number, components, |one| value(u32::from(one))),
        Samples::U16(samples) => every(samples, number, components, |one| value(u32::from(one))),
        Samples::U32(samples) => every(samples, number, components, value),
    };
    Ok((0..components).map(plane).collect())
}

fn every<S: Copy>(samples: &[S], first: usize, step: usize, value: impl Fn(S) -> i32) -> Vec<i32> {
    let samples = samples.iter().skip(first).step_by(step);
    samples.map(|&sample| value(sample)).collect()
}
