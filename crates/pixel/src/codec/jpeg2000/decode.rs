//! From bytes to samples.

use super::block::{BlockDecoder, NEGATIVE};
use super::bytes::{broken, unsupported};
use super::ht::{HtBlock, HtDecoder};
use super::markers::Component;
use super::packets;
use super::stream::{self, Main, TileStream};
use super::tile::{Band, Block, Tile, TileComponent};
use super::wavelet::{Lift, Plane, recompose};
use crate::{Expected, Raster, Result, Samples, StreamColor};

/// Blocks and precincts of all tiles that may be small.
const SMALL_BLOCKS: usize = 1 << 20;

/// Decodes a frame.
pub(super) fn decode(bytes: &[u8], expected: &Expected) -> Result<Raster> {
    let (main, fields) = stream::main_header(bytes)?;
    main.check(expected)?;
    let components = main.size.components.as_slice();
    let Some(first) = components.first() else {
        return Err(broken(0, "no components"));
    };
    let (columns, rows) = main.size.of_component(first);
    for component in components {
        if (component.dx, component.dy) != (first.dx, first.dy) {
            return Err(unsupported("components of different sizes"));
        }
        if component.is_signed != first.is_signed {
            return Err(unsupported("signed and unsigned components"));
        }
    }
    let precision = components.iter().map(|component| component.precision);
    let precision = precision.max().unwrap_or(first.precision);
    let count = columns as usize * rows as usize * components.len();
    let offset = fields.offset();
    let tiles = stream::tiles(&main, fields)?;
    let total = main.size.tiles_across() * main.size.tiles_down();
    if tiles.len() as u64 != u64::from(total) {
        return Err(broken(offset, format!("{} of {total} tiles", tiles.len())));
    }
    let mut samples = match precision {
        0..=8 => Samples::U8(vec![0; count]),
        9..=16 => Samples::U16(vec![0; count]),
        _ => Samples::U32(vec![0; count]),
    };
    let mut color = main.color;
    let mut room = Room::default();
    let mut budget = SMALL_BLOCKS + count / 16;
    for (&index, tile_stream) in &tiles {
        let mut tile = Tile::new(&main, tile_stream, index, &mut budget)?;
        packets::read(&main, tile_stream, &mut tile)?;
        let (planes, is_transformed) = tile_planes(&main, tile_stream, &tile, &mut room)?;
        if is_transformed {
            color = StreamColor::Rgb;
        }
        let place = Place {
            columns: columns as usize,
            components: components.len(),
            x0: main.size.x0.div_ceil(first.dx),
            y0: main.size.y0.div_ceil(first.dy),
        };
        for (number, (plane, component)) in planes.iter().zip(components).enumerate() {
            match &mut samples {
                Samples::U8(samples) => {
                    place.store(samples, number, plane, component, |value| value as u8)
                }
                Samples::U16(samples) => {
                    place.store(samples, number, plane, component, |value| value as u16)
                }
                Samples::U32(samples) => {
                    place.store(samples, number, plane, component, |value| value as u32)
                }
            }
        }
    }
    Ok(Raster {
        columns,
        rows,
        components: components.len() as u8,
        precision,
        is_signed: first.is_signed,
        color,
        samples,
    })
}

/// Decoders and buffers that are used again for each block.
#[derive(Default)]
struct Room {
    block: BlockDecoder,
    ht: HtDecoder,
    bytes: Vec<u8>,
    segments: Vec<(std::ops::Range<usize>, u8)>,
}

/// Samples of a tile's component, before they are shifted.
enum Samplings {
    Whole(Plane<i32>),
    Real(Plane<f32>),
}

/// Decodes the components of a tile and undoes their transformation; tells whether there was one.
fn tile_planes(
    main: &Main<'_>,
    stream: &TileStream<'_>,
    tile: &Tile,
    room: &mut Room,
) -> Result<(Vec<Samplings>, bool)> {
    let mut planes = Vec::with_capacity(tile.components.len());
    for component in &tile.components {
        planes.push(if component.style.is_reversible {
            Samplings::Whole(component_plane(stream, tile, component, room)?)
        } else {
            Samplings::Real(component_plane(stream, tile, component, room)?)
        });
    }
    let coding = stream.parameters.coding.as_ref();
    let coding = coding.or(main.parameters.coding.as_ref());
    if !coding.is_some_and(|coding| coding.transforms_components) {
        return Ok((planes, false));
    }
    match planes.as_mut_slice() {
        [
            Samplings::Whole(y),
            Samplings::Whole(u),
            Samplings::Whole(v),
            ..,
        ] => {
            reversible(&mut y.samples, &mut u.samples, &mut v.samples);
        }
        [
            Samplings::Real(y),
            Samplings::Real(u),
            Samplings::Real(v),
            ..,
        ] => {
            irreversible(&mut y.samples, &mut u.samples, &mut v.samples);
        }
        [_, _, _, ..] => {
            return Err(broken(
                stream.offset,
                "two wavelets in transformed components",
            ));
        }
        // Some writers say so of grey pictures.
        _ => return Ok((planes, false)),
    }
    Ok((planes, true))
}

/// RCT (§G.2): green first, then red and blue.
fn reversible(first: &mut [i32], second: &mut [i32], third: &mut [i32]) {
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let green = first.wrapping_sub(second.wrapping_add(*third) >> 2);
        let red = third.wrapping_add(green);
        let blue = second.wrapping_add(green);
        (*first, *second, *third) = (red, green, blue);
    }
}

/// ICT (§G.3).
fn irreversible(first: &mut [f32], second: &mut [f32], third: &mut [f32]) {
    for ((first, second), third) in first.iter_mut().zip(second).zip(third) {
        let (luminance, blue, red) = (*first, *second, *third);
        *first = luminance + 1.402 * red;
        *second = luminance - 0.344_13 * blue - 0.714_14 * red;
        *third = luminance + 1.772 * blue;
    }
}

/// Samples of either filter, from what block decoders give.
trait Coefficient: Lift {
    fn of(sample: u32, step: f32) -> Self;
}

impl Coefficient for i32 {
    #[inline]
    fn of(sample: u32, _: f32) -> i32 {
        let magnitude = ((sample & !NEGATIVE) >> 1) as i32;
        // Bit by bit rather than by a branch: signs are random.
        let sign = sample as i32 >> 31;
        (magnitude ^ sign) - sign
    }
}

impl Coefficient for f32 {
    #[inline]
    fn of(sample: u32, step: f32) -> f32 {
        let magnitude = (sample & !NEGATIVE) as i32 as f32 * step;
        f32::from_bits(magnitude.to_bits() ^ (sample & NEGATIVE))
    }
}

fn component_plane<T: Coefficient>(
    stream: &TileStream<'_>,
    tile: &Tile,
    component: &TileComponent,
    room: &mut Room,
) -> Result<Plane<T>> {
    let mut whole: Option<Plane<T>> = None;
    for resolution in &component.resolutions {
        let mut bands = Vec::with_capacity(3);
        for (number, band) in resolution.bands.iter().enumerate() {
            let mut plane = Plane::<T>::new(band.rect);
            let precincts = tile.precincts.get(resolution.precincts.clone());
            for precinct in precincts.unwrap_or_default() {
                let blocks = precinct
                    .bands
                    .get(number)
                    .map(|band| band.blocks.as_slice());
                for block in blocks.unwrap_or_default() {
                    if !block.chunks.is_empty() {
                        decode_block(stream, component, band, block, room, &mut plane)?;
                    }
                }
            }
            bands.push(plane);
        }
        whole = Some(match (whole, bands.as_slice()) {
            (Some(ll), [hl, lh, hh]) => recompose(resolution.rect, &ll, hl, lh, hh),
            (_, _) => bands.pop().unwrap_or_default(),
        });
    }
    Ok(whole.unwrap_or_default())
}

/// Decodes a block into its band.
fn decode_block<T: Coefficient>(
    stream: &TileStream<'_>,
    component: &TileComponent,
    band: &Band,
    block: &Block,
    room: &mut Room,
    plane: &mut Plane<T>,
) -> Result<()> {
    let at = block.chunks.first().map_or(0, |chunk| chunk.bytes.start);
    let planes = band.bit_planes.checked_sub(block.zero_planes);
    let Some(planes) = planes.filter(|&planes| planes > 0) else {
        return Err(broken(stream.offset + at, "a block without bit planes"));
    };
    gather(stream, block, &mut room.bytes, &mut room.segments);
    let size = (usize::from(block.width), usize::from(block.height));
    let style = component.style.blocks;
    let segments = room.segments.iter().map(|(range, passes)| {
        let bytes = room.bytes.get(range.clone()).unwrap_or_default();
        (bytes, *passes)
    });
    let samples = if style.is_ht() {
        if band.bit_planes > MAX_HT_PLANES {
            return Err(unsupported(format!("{} bit planes", band.bit_planes)));
        }
        let mut segments = segments.map(|(bytes, passes)| {
            let length = bytes.len().saturating_sub(AFTER.len());
            (bytes.get(..length).unwrap_or_default(), passes)
        });
        let (clean_up, first) = segments.next().unwrap_or_default();
        let (refining, more) = segments.next().unwrap_or_default();
        let coded = HtBlock {
            size,
            clean_up,
            refining,
            passes: first.saturating_add(more),
            plane: u32::from(planes) - 1,
            missing: block.zero_planes,
            is_causal: style.is_causal(),
        };
        let decoded = room.ht.decode(&coded);
        decoded.map_err(|malformed| broken(stream.offset + at, malformed.0))?;
        &mut room.ht.samples
    } else {
        room.block.decode(size, band.kind, style, planes, segments);
        &mut room.block.samples
    };
    if component.region > 0 {
        // What belongs to the region of interest is what the shift put above all else (§H.1).
        let limit = 2u32 << component.region;
        for sample in samples.iter_mut() {
            let magnitude = *sample & !NEGATIVE;
            if magnitude >= limit {
                *sample = (*sample & NEGATIVE) | (magnitude >> component.region);
            }
        }
    }
    let step = band.step * 0.5;
    let width = plane.rect.width();
    let rows = plane.samples.chunks_exact_mut(width.max(1));
    let rows = rows.skip(block.y as usize);
    for (row, samples) in rows.zip(samples.chunks_exact(size.0)) {
        let row = row.get_mut(block.x as usize..).unwrap_or_default();
        for (to, &sample) in row.iter_mut().zip(samples) {
            *to = T::of(sample, step);
        }
    }
    Ok(())
}

/// Most bit planes of high-throughput blocks, so that exponents fit.
const MAX_HT_PLANES: u8 = 29;
/// What follows each segment: the arithmetic decoder may look so far ahead.
const AFTER: [u8; 2] = [0xFF, 0xFF];

/// Gathers a block's segments: ranges of `bytes` and their passes.
fn gather(
    stream: &TileStream<'_>,
    block: &Block,
    bytes: &mut Vec<u8>,
    segments: &mut Vec<(std::ops::Range<usize>, u8)>,
) {
    bytes.clear();
    segments.clear();
    for of_segment in block
        .chunks
        .chunk_by(|left, right| left.segment == right.segment)
    {
        let start = bytes.len();
        let mut passes = 0u8;
        for chunk in of_segment {
            let from = stream.packets.get(chunk.bytes.clone());
            bytes.extend_from_slice(from.unwrap_or_default());
            passes = passes.saturating_add(chunk.passes);
        }
        bytes.extend_from_slice(&AFTER);
        segments.push((start..bytes.len(), passes));
    }
}

/// Where samples of tiles go.
struct Place {
    columns: usize,
    components: usize,
    /// Of the whole picture.
    x0: u32,
    y0: u32,
}

impl Place {
    /// Shifts, rounds and clamps samples into the picture (§G.1).
    fn store<S>(
        &self,
        samples: &mut [S],
        number: usize,
        plane: &Samplings,
        component: &Component,
        convert: impl Fn(i32) -> S + Copy,
    ) {
        let bits = u32::from(component.precision);
        let (low, high) = if component.is_signed {
            (-(1i32 << (bits - 1)), (1i32 << (bits - 1)) - 1)
        } else {
            (0, ((1u32 << bits) - 1) as i32)
        };
        let shift = if component.is_signed {
            0
        } else {
            1i32 << (bits - 1)
        };
        match plane {
            Samplings::Whole(plane) => self.rows(samples, number, plane, |sample| {
                convert(sample.wrapping_add(shift).clamp(low, high))
            }),
            // Adding and taking off what leaves no bits below the point rounds to even, fast.
            Samplings::Real(plane) if bits <= 20 => self.rows(samples, number, plane, |sample| {
                let rounded = (sample + ROUNDING) - ROUNDING;
                convert((rounded as i32).saturating_add(shift).clamp(low, high))
            }),
            Samplings::Real(plane) => self.rows(samples, number, plane, |sample| {
                let rounded = sample.round_ties_even() as i32;
                convert(rounded.saturating_add(shift).clamp(low, high))
            }),
        }
    }

    fn rows<T: Copy, S>(
        &self,
        samples: &mut [S],
        number: usize,
        plane: &Plane<T>,
        convert: impl Fn(T) -> S,
    ) {
        let rect = plane.rect;
        let (x, y) = (
            rect.x0.saturating_sub(self.x0),
            rect.y0.saturating_sub(self.y0),
        );
        let length = self.columns * self.components;
        let rows = samples.chunks_exact_mut(length.max(1)).skip(y as usize);
        for (row, from) in rows.zip(plane.samples.chunks_exact(rect.width().max(1))) {
            let row = row
                .get_mut(x as usize * self.components + number..)
                .unwrap_or_default();
            if self.components == 1 {
                for (to, &from) in row.iter_mut().zip(from) {
                    *to = convert(from);
                }
            } else {
                for (to, &from) in row.iter_mut().step_by(self.components).zip(from) {
                    *to = convert(from);
                }
            }
        }
    }
}

const ROUNDING: f32 = 12_582_912.0;
