//! Encodes lossless frames (T.81 §H; PS3.5 §A.4.2): one scan, the best Huffman table.

use super::bits::BitWriter;
use super::codes::Codes;
use crate::codec::jpeg::{broken, unsupported};
use crate::{Error, Raster, Result, Samples, StreamColor};

/// How to encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LosslessOptions {
    /// 1 to 7 (T.81 Table H.1). 1 is what every decoder knows, and what Selection Value 1's
    /// transfer syntax asks for.
    pub predictor: u8,
    /// Rows between restart markers; 0 is none.
    pub restart_rows: u16,
}

impl Default for LosslessOptions {
    fn default() -> LosslessOptions {
        LosslessOptions {
            predictor: 1,
            restart_rows: 0,
        }
    }
}

/// Encodes without loss: 1 to 4 components of 2 to 16 bits. Signed samples are taken as the bits
/// that they are, as the coding knows no sign.
///
/// # Errors
/// [`Error::Unsupported`] for other precisions, sizes above 65535 or predictors,
/// [`Error::Length`] if samples are missing.
pub fn encode_lossless(raster: &Raster, predictor: u8) -> Result<Vec<u8>> {
    let options = LosslessOptions {
        predictor,
        ..LosslessOptions::default()
    };
    encode_lossless_with(raster, &options)
}

/// The same with all options.
///
/// # Errors
/// As [`encode_lossless`], and for a restart interval above 65535 pixels.
pub fn encode_lossless_with(raster: &Raster, options: &LosslessOptions) -> Result<Vec<u8>> {
    let size = size(raster)?;
    if !(2..=16).contains(&raster.precision) {
        return Err(unsupported(format!(
            "encoding of {} bits without loss",
            raster.precision
        )));
    }
    if !(1..=7).contains(&options.predictor) {
        return Err(unsupported(format!("predictor {}", options.predictor)));
    }
    let interval = u32::from(options.restart_rows) * raster.columns;
    let interval = u16::try_from(interval)
        .map_err(|_| unsupported(format!("a restart interval of {interval} pixels")))?;
    let mask = u16::MAX >> (16 - raster.precision);
    let differences = match &raster.samples {
        Samples::U8(samples) => differences(samples, raster, options, mask),
        Samples::U16(samples) => differences(samples, raster, options, mask),
        Samples::U32(_) => return Err(unsupported("encoding of 32-bit samples without loss")),
    };
    let mut frequencies = [0_u64; 17];
    for difference in &differences {
        frequencies[category(*difference) as usize] += 1;
    }
    let codes = Codes::new(&frequencies);
    let mut writer = BitWriter::default();
    writer.bytes.reserve(differences.len() + 1024);
    head(&mut writer.bytes, raster, size, options, interval, &codes);
    let components = usize::from(raster.components);
    let rows = usize::from(options.restart_rows).max(if interval == 0 { usize::MAX } else { 1 });
    let stretch = rows.saturating_mul(raster.columns as usize * components);
    for (number, stretch) in differences.chunks(stretch.max(1)).enumerate() {
        if number > 0 {
            writer.bytes.extend([0xFF, 0xD0 + (number - 1) as u8 % 8]);
        }
        for difference in stretch {
            let size = category(*difference);
            let (code, length) = codes.codes[size as usize];
            writer.put(code, length);
            if size < 16 {
                let negative = u32::from(*difference >> 15);
                let bits = u32::from(*difference).wrapping_sub(negative) & ((1 << size) - 1);
                writer.put(bits, size);
            }
        }
        writer.finish();
    }
    writer.bytes.extend([0xFF, 0xD9]);
    Ok(writer.bytes)
}

/// Columns and rows, if the raster is whole and a frame may have them.
pub(super) fn size(raster: &Raster) -> Result<(u16, u16)> {
    let too_large = |_| unsupported("encoding of more than 65535 columns or rows");
    let columns = u16::try_from(raster.columns).map_err(too_large)?;
    let rows = u16::try_from(raster.rows).map_err(too_large)?;
    let components = raster.components;
    if columns == 0 || rows == 0 || !(1..=4).contains(&components) {
        return Err(broken(
            0,
            format!("{columns}×{rows}×{components} samples to encode"),
        ));
    }
    let expected = u64::from(columns) * u64::from(rows) * u64::from(components);
    let found = raster.samples.len() as u64;
    if expected == found {
        Ok((columns, rows))
    } else {
        Err(Error::Length { expected, found })
    }
}

/// Everything before the entropy-coded data.
fn head(
    out: &mut Vec<u8>,
    raster: &Raster,
    (columns, rows): (u16, u16),
    options: &LosslessOptions,
    interval: u16,
    codes: &Codes<17>,
) {
    let components = raster.components;
    // Names for red, green, blue, as decoders look at them: no transformation.
    let ids = match (components, raster.color) {
        (3, StreamColor::Rgb) => *b"RGB\x04",
        _ => [1, 2, 3, 4],
    };
    let ids = ids.iter().take(components.into());
    out.extend([
        0xFF,
        0xD8,
        0xFF,
        0xC3,
        0,
        8 + 3 * components,
        raster.precision,
    ]);
    out.extend(rows.to_be_bytes());
    out.extend(columns.to_be_bytes());
    out.push(components);
    ids.clone().for_each(|id| out.extend([*id, 0x11, 0]));
    out.extend([0xFF, 0xC4, 0, 19 + codes.symbols.len() as u8, 0]);
    out.extend(codes.counts);
    out.extend(&codes.symbols);
    if interval > 0 {
        out.extend([0xFF, 0xDD, 0, 4]);
        out.extend(interval.to_be_bytes());
    }
    out.extend([0xFF, 0xDA, 0, 6 + 2 * components, components]);
    ids.for_each(|id| out.extend([*id, 0]));
    out.extend([options.predictor, 0, 0]);
}

/// Bits of a difference (T.81 Table H.2).
#[inline(always)]
fn category(difference: u16) -> u32 {
    16 - (difference as i16).unsigned_abs().leading_zeros()
}

/// Differences of all samples from their predictions, modulo 65536, components of a pixel side by
/// side.
fn differences<S: Copy + Into<u16>>(
    samples: &[S],
    raster: &Raster,
    options: &LosslessOptions,
    mask: u16,
) -> Vec<u16> {
    let step = usize::from(raster.components);
    let width = raster.columns as usize * step;
    let initial = 1_u16 << (raster.precision - 1);
    let mut differences = Vec::with_capacity(samples.len());
    let (mut row, mut above): (Vec<u16>, Vec<u16>) = (vec![0; width], vec![0; width]);
    for (number, line) in samples.chunks_exact(width).enumerate() {
        std::mem::swap(&mut row, &mut above);
        for (place, sample) in row.iter_mut().zip(line) {
            *place = (*sample).into() & mask;
        }
        let is_first = match options.restart_rows {
            0 => number == 0,
            rows => number.is_multiple_of(rows.into()),
        };
        let first = &row[..step];
        if is_first {
            differences.extend(first.iter().map(|sample| sample.wrapping_sub(initial)));
        } else {
            let pairs = first.iter().zip(&above);
            differences.extend(pairs.map(|(sample, above)| sample.wrapping_sub(*above)));
        }
        let predictor = if is_first { 1 } else { options.predictor };
        predicted(predictor, &row, &above, step, &mut differences);
    }
    differences
}

/// Differences of a row but for its first pixel.
fn predicted(predictor: u8, row: &[u16], above: &[u16], step: usize, out: &mut Vec<u16>) {
    let mut subtract = |formula: fn(i32, i32, i32) -> i32| {
        let samples = row.iter().skip(step).zip(row);
        let aboves = above.iter().skip(step).zip(above);
        out.extend(
            samples
                .zip(aboves)
                .map(|((sample, left), (above, corner))| {
                    let prediction = formula((*left).into(), (*above).into(), (*corner).into());
                    sample.wrapping_sub(prediction as u16)
                }),
        );
    };
    match predictor {
        1 => subtract(|left, _, _| left),
        2 => subtract(|_, above, _| above),
        3 => subtract(|_, _, corner| corner),
        4 => subtract(|left, above, corner| left + above - corner),
        5 => subtract(|left, above, corner| left + ((above - corner) >> 1)),
        6 => subtract(|left, above, corner| above + ((left - corner) >> 1)),
        _ => subtract(|left, above, _| (left + above) >> 1),
    }
}
