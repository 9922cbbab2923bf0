//! Encoding a picture.

use super::entropy_encode::Encoder;
use super::header::{Interleave, unsupported};
use super::parameters::{Coding, Defaults, Preset, Regions};
use crate::raster::{Raster, Samples};
use crate::{Error, Result};

/// Encodes a picture of 1 to 4 components of 2 to 16 bits, so that no sample changes by more than
/// `near`; 0 is lossless. Several components are interleaved by line.
///
/// Signed samples are coded as the bits that their precision has (PS3.5 §8.2.3).
///
/// # Errors
/// [`Error::Unsupported`] for other pictures, samples above their precision and a `near` above half
/// of it, [`Error::Length`] if samples are missing.
pub fn encode(raster: &Raster, near: u8) -> Result<Vec<u8>> {
    encode_interleaved(raster, near, Interleave::Line)
}

/// [`encode`] with an interleave mode.
///
/// # Errors
/// Those of [`encode`].
pub fn encode_interleaved(raster: &Raster, near: u8, interleave: Interleave) -> Result<Vec<u8>> {
    // Where decoders differ in their defaults, nothing is left to them.
    let is_told = raster.precision > 12 || raster.precision < 7;
    encode_by(raster, near, interleave, Defaults::Standard, is_told)
}

/// [`encode_interleaved`] with anyone's default thresholds, told in the stream or not.
pub(super) fn encode_by(
    raster: &Raster,
    near: u8,
    interleave: Interleave,
    defaults: Defaults,
    is_told: bool,
) -> Result<Vec<u8>> {
    let source = Source::of(raster)?;
    let coding =
        Coding::new(raster.precision, near, Preset::default(), defaults).map_err(unsupported)?;
    let regions = Regions::new(&coding);
    let mut stream = Vec::with_capacity(raster.samples.len());
    put_header(&mut stream, raster, &source)?;
    if is_told {
        put_parameters(&mut stream, &coding);
    }
    let components = source.components;
    let scans = match interleave {
        Interleave::None => components,
        _ => 1,
    };
    for scan in 0..scans {
        let range = match interleave {
            Interleave::None => scan..scan + 1,
            _ => 0..components,
        };
        put_scan_header(&mut stream, range.clone(), near, interleave);
        let samples = source.rows * source.columns * range.len();
        let mut encoder = Encoder::new(&coding, &regions, samples);
        source.scan(&mut encoder, range, interleave);
        encoder.finish(&mut stream);
    }
    stream.extend([0xFF, 0xD9]);
    Ok(stream)
}

/// The picture to be encoded.
struct Source<'a> {
    samples: &'a Samples,
    rows: usize,
    columns: usize,
    components: usize,
    /// Bits that count.
    mask: u16,
}

impl<'a> Source<'a> {
    fn of(raster: &'a Raster) -> Result<Source<'a>> {
        if !(1..=4).contains(&raster.components) {
            return Err(unsupported("other than 1 to 4 components"));
        }
        if !(2..=16).contains(&raster.precision) {
            return Err(unsupported("a precision other than 2 to 16 bits"));
        }
        if raster.rows == 0 || raster.columns == 0 {
            return Err(unsupported("an empty picture"));
        }
        let expected = u64::from(raster.rows)
            .saturating_mul(raster.columns.into())
            .saturating_mul(raster.components.into());
        if expected != raster.samples.len() as u64 {
            return Err(Error::Length {
                expected,
                found: raster.samples.len() as u64,
            });
        }
        let mask = u16::MAX >> (16 - raster.precision);
        let used = match &raster.samples {
            Samples::U8(samples) => samples.iter().fold(0, |used, one| used | u32::from(*one)),
            Samples::U16(samples) => samples.iter().fold(0, |used, one| used | u32::from(*one)),
            Samples::U32(samples) => samples.iter().fold(0, |used, one| used | *one),
        };
        if !raster.is_signed && used > u32::from(mask) {
            return Err(unsupported("a sample above its precision"));
        }
        Ok(Source {
            samples: &raster.samples,
            rows: raster.rows as usize,
            columns: raster.columns as usize,
            components: usize::from(raster.components),
            mask,
        })
    }

    /// Encodes a scan of some components.
    fn scan(
        &self,
        encoder: &mut Encoder<'_>,
        components: std::ops::Range<usize>,
        interleave: Interleave,
    ) {
        let by_sample = interleave == Interleave::Sample && components.len() > 1;
        let (sets, width) = if by_sample {
            (1, components.len())
        } else {
            (components.len(), 1)
        };
        let line = || vec![0_u16; (self.columns + 2) * width];
        let mut lines: Vec<[Vec<u16>; 2]> = (0..sets).map(|_| [line(), line()]).collect();
        for row in 0..self.rows {
            for (set, [above, line]) in lines.iter_mut().enumerate() {
                let inner = width..line.len() - width;
                let step = if by_sample { 1 } else { self.components };
                self.take(row, components.start + set, step, &mut line[inner]);
                encoder.line(above, line, width, set);
                std::mem::swap(above, line);
            }
        }
    }

    /// Samples of a row, from a component on, `step` apart.
    fn take(&self, row: usize, component: usize, step: usize, line: &mut [u16]) {
        let per_row = self.columns * self.components;
        let range = row * per_row + component..(row + 1) * per_row;
        let mask = self.mask;
        match self.samples {
            Samples::U8(all) => copy(&all[range], step, line, |value| u16::from(value) & mask),
            Samples::U16(all) => copy(&all[range], step, line, |value| value & mask),
            Samples::U32(all) => copy(&all[range], step, line, |value| value as u16 & mask),
        }
    }
}

fn copy<T: Copy>(from: &[T], step: usize, to: &mut [u16], convert: impl Fn(T) -> u16) {
    if step == 1 {
        for (to, from) in to.iter_mut().zip(from) {
            *to = convert(*from);
        }
    } else {
        for (to, from) in to.iter_mut().zip(from.iter().step_by(step)) {
            *to = convert(*from);
        }
    }
}

/// SOI and the frame header (§C.2.2).
fn put_header(stream: &mut Vec<u8>, raster: &Raster, source: &Source<'_>) -> Result<()> {
    stream.extend([0xFF, 0xD8]);
    // Larger ones would need an LSE segment that hardly any decoder knows, and DICOM has none.
    let short = |number: u32| match u16::try_from(number) {
        Ok(number) => Ok(number.to_be_bytes()),
        Err(_) => Err(unsupported("more than 65,535 rows or columns")),
    };
    stream.extend([0xFF, 0xF7, 0, 8 + 3 * raster.components, raster.precision]);
    stream.extend(short(raster.rows)?);
    stream.extend(short(raster.columns)?);
    stream.push(raster.components);
    for component in 1..=source.components {
        stream.extend([component as u8, 0x11, 0]);
    }
    Ok(())
}

/// LSE with coding parameters (§C.2.4.1.1).
fn put_parameters(stream: &mut Vec<u8>, coding: &Coding) {
    stream.extend([0xFF, 0xF8, 0, 13, 1]);
    let [t1, t2, t3] = coding.thresholds;
    for number in [coding.max_value, t1, t2, t3, coding.reset] {
        // All are at most 65,535.
        stream.extend((number as u16).to_be_bytes());
    }
}

/// SOS (§C.2.3).
fn put_scan_header(
    stream: &mut Vec<u8>,
    components: std::ops::Range<usize>,
    near: u8,
    interleave: Interleave,
) {
    let count = components.len() as u8;
    stream.extend([0xFF, 0xDA, 0, 6 + 2 * count, count]);
    for component in components {
        stream.extend([component as u8 + 1, 0]);
    }
    let interleave = match (count, interleave) {
        (1, _) | (_, Interleave::None) => 0,
        (_, Interleave::Line) => 1,
        (_, Interleave::Sample) => 2,
    };
    stream.extend([near, interleave, 0]);
}
