//! The rows of bands, for which blocks are decoded a row of blocks at a time: what is decoded is
//! used while the processor still has it near, and a band as a whole is never held.

use super::block::{BlockDecoder, NEGATIVE};
use super::bytes::{broken, unsupported};
use super::ht::{HtBlock, HtDecoder};
use super::stream::TileStream;
use super::tile::{Band, Block, Resolution, Tile, TileComponent};
use super::wavelet::{Lift, Plane, Source};
use crate::Result;

/// Decoders and buffers that are used again for each block.
#[derive(Default)]
pub(super) struct Room {
    block: BlockDecoder,
    ht: HtDecoder,
    bytes: Vec<u8>,
    segments: Vec<(std::ops::Range<usize>, u8)>,
}

/// Samples of either filter, from what block decoders give.
pub(super) trait Coefficient: Lift {
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

/// Where the blocks of a component are.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) stream: &'a TileStream<'a>,
    pub(super) tile: &'a Tile,
    pub(super) component: &'a TileComponent,
}

/// A band whose rows are asked for from the first to the last.
pub(super) struct BandRows<'a, T> {
    place: Place<'a>,
    band: &'a Band,
    /// Blocks that are not decoded yet, row by row.
    blocks: std::vec::IntoIter<&'a Block>,
    /// The rows from `begin` on that were decoded last.
    strip: Vec<T>,
    begin: usize,
    end: usize,
}

impl<'a, T: Coefficient> BandRows<'a, T> {
    /// The band of this number.
    pub(super) fn new(
        place: Place<'a>,
        resolution: &'a Resolution,
        number: usize,
    ) -> Option<BandRows<'a, T>> {
        let band = resolution.bands.get(number)?;
        let precincts = place.tile.precincts.get(resolution.precincts.clone())?;
        let bands = precincts
            .iter()
            .filter_map(|precinct| precinct.bands.get(number));
        let mut blocks: Vec<&Block> = bands.flat_map(|band| &band.blocks).collect();
        blocks.sort_by_key(|block| (block.y, block.x));
        Some(BandRows {
            place,
            band,
            blocks: blocks.into_iter(),
            strip: Vec::new(),
            begin: 0,
            end: 0,
        })
    }

    /// A row that is not above one asked for before.
    pub(super) fn row(&mut self, number: usize, room: &mut Room) -> Result<&[T]> {
        let width = self.band.rect.width();
        while number >= self.end {
            let Some(first) = self.blocks.as_slice().first() else {
                break;
            };
            let (begin, height) = (first.y as usize, usize::from(first.height));
            (self.begin, self.end) = (begin, begin + height);
            self.strip.resize(width * height, T::default());
            while let Some(&block) = self.blocks.as_slice().first()
                && block.y as usize == begin
            {
                self.blocks.next();
                self.block(block, room)?;
            }
        }
        let row = number.saturating_sub(self.begin) * width;
        Ok(self.strip.get(row..row + width).unwrap_or_default())
    }

    /// Decodes a block into the strip.
    fn block(&mut self, block: &Block, room: &mut Room) -> Result<()> {
        let width = self.band.rect.width();
        let rows = self.strip.chunks_exact_mut(width.max(1));
        let columns = block.x as usize..block.x as usize + usize::from(block.width);
        let rows = rows.filter_map(|row| row.get_mut(columns.clone()));
        if block.chunks.is_empty() {
            rows.for_each(|row| row.fill(T::default()));
            return Ok(());
        }
        let samples = decode_block(self.place, self.band, block, room)?;
        let step = self.band.step * 0.5;
        match self.place.component.region {
            0 => {
                for (row, samples) in rows.zip(samples) {
                    for (to, &sample) in row.iter_mut().zip(samples) {
                        *to = T::of(sample, step);
                    }
                }
            }
            region => {
                for (row, samples) in rows.zip(samples) {
                    for (to, &sample) in row.iter_mut().zip(samples) {
                        *to = T::of(shifted_back(sample, region), step);
                    }
                }
            }
        }
        Ok(())
    }
}

/// What belongs to the region of interest is what the shift put above all else (§H.1).
fn shifted_back(sample: u32, region: u8) -> u32 {
    let magnitude = sample & !NEGATIVE;
    if magnitude >= 2 << region {
        (sample & NEGATIVE) | magnitude >> region
    } else {
        sample
    }
}

/// The four bands of a resolution.
pub(super) struct Bands<'a, T> {
    ll: &'a Plane<T>,
    hl: BandRows<'a, T>,
    lh: BandRows<'a, T>,
    hh: BandRows<'a, T>,
    room: &'a mut Room,
}

impl<'a, T: Coefficient> Bands<'a, T> {
    /// Those of a resolution above the lowest.
    pub(super) fn new(
        place: Place<'a>,
        resolution: &'a Resolution,
        ll: &'a Plane<T>,
        room: &'a mut Room,
    ) -> Option<Bands<'a, T>> {
        Some(Bands {
            ll,
            hl: BandRows::new(place, resolution, 0)?,
            lh: BandRows::new(place, resolution, 1)?,
            hh: BandRows::new(place, resolution, 2)?,
            room,
        })
    }
}

impl<T: Coefficient> Source<T> for Bands<'_, T> {
    fn low(&mut self, number: usize) -> Result<[&[T]; 2]> {
        Ok([self.ll.row(number), self.hl.row(number, self.room)?])
    }

    fn high(&mut self, number: usize) -> Result<[&[T]; 2]> {
        let low = self.lh.row(number, self.room)?;
        Ok([low, self.hh.row(number, self.room)?])
    }
}

/// Decodes a block: its rows, which may be longer than the block is wide.
fn decode_block<'r>(
    place: Place<'_>,
    band: &Band,
    block: &Block,
    room: &'r mut Room,
) -> Result<std::slice::ChunksExact<'r, u32>> {
    let stream = place.stream;
    let at = block.chunks.first().map_or(0, |chunk| chunk.bytes.start);
    let planes = band.bit_planes.checked_sub(block.zero_planes);
    let Some(planes) = planes.filter(|&planes| planes > 0) else {
        return Err(broken(stream.offset + at, "a block without bit planes"));
    };
    gather(stream, block, &mut room.bytes, &mut room.segments);
    let size = (usize::from(block.width), usize::from(block.height));
    let style = place.component.style.blocks;
    let segments = room.segments.iter().map(|(range, passes)| {
        let bytes = room.bytes.get(range.clone()).unwrap_or_default();
        (bytes, *passes)
    });
    if !style.is_ht() {
        room.block.decode(size, band.kind, style, planes, segments);
        return Ok(room.block.samples.chunks_exact(size.0.max(1)));
    }
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
    Ok(room.ht.rows())
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
