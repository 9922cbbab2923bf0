//! Encoding high-throughput JPEG 2000 (T.814, PS3.5 §10.18).

use super::encode::{Quality, planes, transforms_color};
use super::forward::{Forward, decompose};
use super::ht::HtEncoder;
use super::markers::{CAP, COD, EOC, QCD, SIZ, SOD, SOT, TLM};
use super::packet_writer::{self, BandBlocks};
use super::stream::{self, TileStream};
use super::tile::{Band, Kind, Tile};
use super::wavelet::{Lift, Line, Part, Plane};
use crate::{Raster, Result};

/// How to encode.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct HtOptions {
    /// How near to the original.
    pub quality: Quality,
    /// As HTJ2K Lossless RPCL asks for (PS3.5 §10.18): a part for each resolution, the smallest
    /// first and at most 64 samples wide or high, and a table of their lengths.
    pub is_rpcl: bool,
}

/// Guard bits: the sums of the wavelet may be larger than the samples, of one bit by much.
const GUARD_BITS: u8 = 3;
/// Exponent of the sides of a block, less two: 64 samples.
const BLOCK: u8 = 4;

/// Encodes a picture as a bare code stream. Colors are transformed as by
/// [`encode`](super::encode()).
///
/// # Errors
/// [`Error::Unsupported`](crate::Error::Unsupported) above 24 bits or 4 components,
/// [`Error::Length`](crate::Error::Length) if the samples do not fill the picture.
pub fn encode_ht(raster: &Raster, options: &HtOptions) -> Result<Vec<u8>> {
    let mut components = planes(raster)?;
    let is_reversible = options.quality == Quality::Lossless;
    if !raster.is_signed {
        let shift = 1 << (raster.precision - 1);
        for sample in components.iter_mut().flatten() {
            *sample -= shift;
        }
    }
    if is_reversible {
        if transforms_color(raster)
            && let [first, second, third] = components.as_mut_slice()
        {
            reversible(first, second, third);
        }
        let picture = Picture {
            raster,
            options,
            steps: None,
        };
        return picture.encode(&components, |value, _| value);
    }
    let mut components: Vec<Vec<f32>> = components
        .iter()
        .map(|samples| samples.iter().map(|&sample| sample as f32).collect())
        .collect();
    if transforms_color(raster)
        && let [first, second, third] = components.as_mut_slice()
    {
        irreversible(first, second, third);
    }
    let with_step = |step: f32| {
        let picture = Picture {
            raster,
            options,
            steps: Some(step),
        };
        picture.encode(&components, |value, step| (value / step) as i32)
    };
    let peak = (1u64 << raster.precision) as f32;
    match options.quality {
        // Noise of a uniform quantizer: step² / 12.
        Quality::Psnr(decibels) => with_step(peak * 12f32.sqrt() * 10f32.powf(-decibels / 20.0)),
        Quality::Ratio(ratio) => {
            let raw = raster.samples.len() as f32 * f32::from(raster.precision) / 8.0;
            smallest_step(raw / ratio.max(1.0), peak, with_step)
        }
        Quality::Lossless => with_step(1.0),
    }
}

/// Looks for the step whose stream is just not longer than `length`.
fn smallest_step(
    length: f32,
    peak: f32,
    with_step: impl Fn(f32) -> Result<Vec<u8>>,
) -> Result<Vec<u8>> {
    let (mut fine, mut coarse) = (peak / 65_536.0, peak / 4.0);
    let mut best = with_step(coarse)?;
    for _ in 0..10 {
        let step = (fine * coarse).sqrt();
        let stream = with_step(step)?;
        if stream.len() as f32 <= length {
            coarse = step;
            let is_near = stream.len() as f32 > 0.97 * length;
            best = stream;
            if is_near {
                break;
            }
        } else {
            fine = step;
        }
    }
    Ok(best)
}

/// RCT (§G.2.1).
fn reversible(first: &mut [i32], second: &mut [i32], third: &mut [i32]) {
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let (red, green, blue) = (*first, *second, *third);
        *first = (red + 2 * green + blue) >> 2;
        *second = blue - green;
        *third = red - green;
    }
}

/// ICT (§G.3.1).
fn irreversible(first: &mut [f32], second: &mut [f32], third: &mut [f32]) {
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let (red, green, blue) = (*first, *second, *third);
        *first = 0.299 * red + 0.587 * green + 0.114 * blue;
        *second = -0.168_736 * red - 0.331_264 * green + 0.5 * blue;
        *third = 0.5 * red - 0.418_688 * green - 0.081_312 * blue;
    }
}

struct Picture<'a> {
    raster: &'a Raster,
    options: &'a HtOptions,
    /// Step of the quantizer, in samples; none where the wavelet is reversible.
    steps: Option<f32>,
}

impl Picture<'_> {
    fn levels(&self) -> u8 {
        let smaller = self.raster.columns.min(self.raster.rows);
        let mut levels = smaller.ilog2().min(5);
        while self.options.is_rpcl && smaller.div_ceil(1 << levels) > 64 {
            levels += 1;
        }
        levels as u8
    }

    fn encode<T: Forward>(
        &self,
        components: &[Vec<T>],
        quantize: impl Fn(T, f32) -> i32,
    ) -> Result<Vec<u8>> {
        let mut out = self.main_header();
        // The decoder lays the tile out; it wants a tile-part to be there.
        let mut header = out.clone();
        header.extend_from_slice(&SOT.to_be_bytes());
        let (main, _) = stream::main_header(&header)?;
        let empty = TileStream::default();
        let mut budget = usize::MAX;
        let tile = Tile::new(&main, &empty, 0, &mut budget)?;
        let mut encoder = HtEncoder::default();
        let mut blocks: Vec<Vec<Vec<Vec<u8>>>> = vec![Vec::new(); tile.precincts.len()];
        for (component, samples) in tile.components.iter().zip(components) {
            let Some(last) = component.resolutions.last() else {
                continue;
            };
            let mut whole = Plane {
                rect: last.rect,
                samples: samples.clone(),
            };
            for (number, resolution) in component.resolutions.iter().enumerate().rev() {
                let planes = if let [hl, lh, hh] = resolution.bands.as_slice() {
                    let below = component.resolutions.get(number.wrapping_sub(1));
                    let ll = below.map_or(resolution.rect, |below| below.rect);
                    let parts = decompose(whole, [ll, hl.rect, lh.rect, hh.rect]);
                    whole = parts.ll;
                    vec![parts.hl, parts.lh, parts.hh]
                } else {
                    vec![std::mem::take(&mut whole)]
                };
                for index in resolution.precincts.clone() {
                    let Some(precinct) = tile.precincts.get(index) else {
                        continue;
                    };
                    let of_bands = precinct.bands.iter().zip(&resolution.bands).zip(&planes);
                    blocks[index] = of_bands
                        .map(|((places, band), plane)| {
                            encode_blocks(&mut encoder, &places.blocks, band, plane, &quantize)
                        })
                        .collect();
                }
            }
        }
        self.write_parts(&tile, &blocks, &mut out);
        out.extend_from_slice(&EOC.to_be_bytes());
        Ok(out)
    }

    /// Writes the packets, smallest resolution first, in one tile-part or one for each.
    fn write_parts(&self, tile: &Tile, blocks: &[Vec<Vec<Vec<u8>>>], out: &mut Vec<u8>) {
        let mut order: Vec<usize> = (0..tile.precincts.len()).collect();
        order.sort_by_key(|&index| {
            let precinct = &tile.precincts[index];
            (
                precinct.resolution,
                precinct.y,
                precinct.x,
                precinct.component,
            )
        });
        let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
        let mut resolution = 0;
        for index in order {
            let precinct = &tile.precincts[index];
            if self.options.is_rpcl && precinct.resolution != resolution {
                parts.push(Vec::new());
                resolution = precinct.resolution;
            }
            let bands = &tile.components[precinct.component].resolutions
                [usize::from(precinct.resolution)]
            .bands;
            let of_bands: Vec<BandBlocks<'_>> = blocks[index]
                .iter()
                .zip(bands)
                .zip(&precinct.bands)
                .map(|((blocks, band), places)| BandBlocks {
                    across: places
                        .blocks
                        .iter()
                        .take_while(|block| {
                            places
                                .blocks
                                .first()
                                .is_some_and(|first| first.y == block.y)
                        })
                        .count(),
                    blocks: blocks.iter().map(Vec::as_slice).collect(),
                    zero_planes: u16::from(band.bit_planes) - 1,
                })
                .collect();
            if let Some(part) = parts.last_mut() {
                packet_writer::write(&of_bands, part);
            }
        }
        if self.options.is_rpcl {
            // One tile of 16 bits, lengths of 32 bits.
            segment(out, TLM, |body| {
                body.extend_from_slice(&[0, 0x60]);
                for part in &parts {
                    body.extend_from_slice(&[0, 0]);
                    body.extend_from_slice(&(part.len() as u32 + 14).to_be_bytes());
                }
            });
        }
        for (number, part) in parts.iter().enumerate() {
            segment(out, SOT, |body| {
                body.extend_from_slice(&[0, 0]);
                body.extend_from_slice(&(part.len() as u32 + 14).to_be_bytes());
                body.extend_from_slice(&[number as u8, parts.len() as u8]);
            });
            out.extend_from_slice(&SOD.to_be_bytes());
            out.extend_from_slice(part);
        }
    }

    /// SOC to QCD.
    fn main_header(&self) -> Vec<u8> {
        let raster = self.raster;
        let mut out = vec![0xFF, 0x4F];
        segment(&mut out, SIZ, |body| {
            body.extend_from_slice(&0x4000u16.to_be_bytes());
            let (columns, rows) = (raster.columns, raster.rows);
            for number in [columns, rows, 0, 0, columns, rows, 0, 0] {
                body.extend_from_slice(&number.to_be_bytes());
            }
            body.extend_from_slice(&u16::from(raster.components).to_be_bytes());
            for _ in 0..raster.components {
                let sign = if raster.is_signed { 0x80 } else { 0 };
                body.extend_from_slice(&[sign | (raster.precision - 1), 1, 1]);
            }
        });
        let quantization = self.quantization();
        let planes = quantization
            .iter()
            .map(|&(exponent, _)| GUARD_BITS + exponent - 1);
        let planes = planes.max().unwrap_or(1);
        segment(&mut out, CAP, |body| {
            body.extend_from_slice(&0x0002_0000u32.to_be_bytes());
            // Bits of magnitudes (T.814 Table A.3), and whether the wavelet is irreversible.
            let magnitudes = u16::from(planes.saturating_sub(8)).min(19);
            let wavelet = if self.steps.is_some() { 0x20 } else { 0 };
            body.extend_from_slice(&(wavelet | magnitudes).to_be_bytes());
        });
        segment(&mut out, COD, |body| {
            let color = u8::from(transforms_color(raster));
            let wavelet = u8::from(self.steps.is_none());
            // Progression 2 is RPCL.
            body.extend_from_slice(&[
                0,
                2,
                0,
                1,
                color,
                self.levels(),
                BLOCK,
                BLOCK,
                0x40,
                wavelet,
            ]);
        });
        segment(&mut out, QCD, |body| {
            let style = if self.steps.is_some() { 2 } else { 0 };
            body.push(GUARD_BITS << 5 | style);
            for (exponent, mantissa) in quantization {
                if self.steps.is_some() {
                    let step = u16::from(exponent) << 11 | mantissa;
                    body.extend_from_slice(&step.to_be_bytes());
                } else {
                    body.push(exponent << 3);
                }
            }
        });
        out
    }

    /// Exponent and mantissa of each band, from the lowest.
    fn quantization(&self) -> Vec<(u8, u16)> {
        let levels = self.levels();
        let mut all = Vec::new();
        for resolution in 0..=levels {
            let kinds: &[Kind] = match resolution {
                0 => &[Kind::Ll],
                _ => &[Kind::Hl, Kind::Lh, Kind::Hh],
            };
            for &kind in kinds {
                let gain = match kind {
                    Kind::Ll => 0,
                    Kind::Hl | Kind::Lh => 1,
                    Kind::Hh => 2,
                };
                let bits = self.raster.precision + gain;
                all.push(match self.steps {
                    None => (bits + u8::from(transforms_color(self.raster)), 0),
                    Some(step) => {
                        let level = match resolution {
                            0 => levels,
                            _ => levels - resolution + 1,
                        };
                        step_code(step / norm(kind, level), bits)
                    }
                });
            }
        }
        all
    }
}

/// A step as exponent and mantissa (equation E-3).
fn step_code(step: f32, bits: u8) -> (u8, u16) {
    let relative = step / 2f32.powi(i32::from(bits));
    let power = relative.log2().floor();
    let exponent = (-power).clamp(0.0, 27.0);
    let mantissa = ((relative * exponent.exp2() - 1.0) * 2048.0).round();
    (exponent as u8, mantissa.clamp(0.0, 2047.0) as u16)
}

/// By how much noise in a band grows when bands are put together: the norm of what a single 1
/// becomes.
fn norm(kind: Kind, level: u8) -> f32 {
    let one = |is_high: bool| {
        if level == 0 {
            return 1.0;
        }
        let (length, mut impulse) = (64usize, vec![0f32; 64]);
        impulse[length / 2] = 1.0;
        let mut is_high = is_high;
        for _ in 0..level {
            let width = 2 * impulse.len();
            let silent = vec![0.0; impulse.len()];
            let (low, high) = if is_high {
                (&silent, &impulse)
            } else {
                (&impulse, &silent)
            };
            let mut out = vec![0.0; width];
            Line::new(width, false).recompose(low, high, Part::OnlyLow, &mut out);
            impulse = out;
            is_high = false;
        }
        impulse
            .iter()
            .map(|sample| sample * sample)
            .sum::<f32>()
            .sqrt()
    };
    match kind {
        Kind::Ll => one(false) * one(false),
        Kind::Hl | Kind::Lh => one(true) * one(false),
        Kind::Hh => one(true) * one(true),
    }
}

fn encode_blocks<T: Lift>(
    encoder: &mut HtEncoder,
    places: &[super::tile::Block],
    band: &Band,
    plane: &Plane<T>,
    quantize: &impl Fn(T, f32) -> i32,
) -> Vec<Vec<u8>> {
    let width = plane.rect.width();
    let most = (1u32 << band.bit_planes.min(30)) as i32 - 1;
    let encode = |block: &super::tile::Block| {
        let first = block.y as usize * width + block.x as usize;
        let size = (usize::from(block.width), usize::from(block.height));
        encoder.encode(size, |x, y| {
            let sample = plane.samples.get(first + y * width + x);
            let value = sample.map_or(0, |&sample| quantize(sample, band.step));
            value.clamp(-most, most)
        })
    };
    places.iter().map(encode).collect()
}

/// Writes a marker segment.
fn segment(out: &mut Vec<u8>, marker: u16, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::new();
    fill(&mut body);
    out.extend_from_slice(&marker.to_be_bytes());
    out.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(&body);
}
