//! Encodes baseline frames (T.81 §F.1; PS3.5 §A.4.1) with the `jpeg-encoder` crate.

use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};

use super::lossless::size;
use crate::codec::jpeg::unsupported;
use crate::{Raster, Result, Samples, StreamColor};

/// How many samples the colors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Chroma {
    /// As many as the luminance (4:4:4): YBR_FULL.
    Full,
    /// Half as many across (4:2:2): YBR_FULL_422.
    #[default]
    Half,
    /// Half as many in both directions (4:2:0).
    Quarter,
}

/// Encodes 8-bit grey, or colors as YCbCr: red, green and blue are transformed, luminance and
/// colors are taken as they are. `quality` goes from 1 to 100. The stream has a JFIF segment.
///
/// # Errors
/// [`Error::Unsupported`](crate::Error::Unsupported) for other rasters,
/// [`Error::Length`](crate::Error::Length) if samples are missing.
pub fn encode_baseline(raster: &Raster, quality: u8, chroma: Chroma) -> Result<Vec<u8>> {
    let (columns, rows) = size(raster)?;
    let (Samples::U8(samples), 8, false) = (&raster.samples, raster.precision, raster.is_signed)
    else {
        let bits = raster.precision;
        return Err(unsupported(format!("baseline encoding of {bits} bits")));
    };
    let color = match (raster.components, raster.color) {
        (1, _) => ColorType::Luma,
        (3, StreamColor::Ycc) => ColorType::Ycbcr,
        (3, _) => ColorType::Rgb,
        (components, _) => {
            return Err(unsupported(format!(
                "baseline encoding of {components} components"
            )));
        }
    };
    let mut bytes = Vec::with_capacity(samples.len() / 4 + 1024);
    let mut encoder = Encoder::new(&mut bytes, quality.clamp(1, 100));
    encoder.set_optimized_huffman_tables(true);
    encoder.set_sampling_factor(match chroma {
        Chroma::Full => SamplingFactor::R_4_4_4,
        Chroma::Half => SamplingFactor::R_4_2_2,
        Chroma::Quarter => SamplingFactor::R_4_2_0,
    });
    encoder
        .encode(samples, columns, rows, color)
        .map_err(|error: EncodingError| unsupported(error.to_string()))?;
    Ok(bytes)
}
