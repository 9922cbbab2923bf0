//! From samples to bytes.

use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

use super::{CODEC, unsupported};
use crate::{Error, Raster, Result, Samples};

/// Encodes losslessly: grey or color, in 8 or 16 bits. Signed samples become the unsigned numbers
/// with the same bits.
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
    let wide: Vec<u8>;
    let (bytes, depth) = match &raster.samples {
        Samples::U8(samples) => (samples, BitDepth::Eight),
        Samples::U16(samples) => {
            wide = samples
                .iter()
                .flat_map(|sample| sample.to_ne_bytes())
                .collect();
            (&wide, BitDepth::Sixteen)
        }
        Samples::U32(_) => return Err(unsupported("encoding more than 16 bits")),
    };
    let options = EncoderOptions::new(raster.columns as usize, raster.rows as usize, color, depth)
        .set_num_threads(1);
    let mut out = Vec::new();
    JxlSimpleEncoder::new(bytes, options)
        .encode(&mut out)
        .map_err(|error| Error::Unsupported {
            codec: CODEC,
            what: format!("encoding this picture ({error:?})").into(),
        })?;
    Ok(out)
}
