//! A tile's parts: components, resolutions, bands, precincts and blocks (T.800 Annex B.3–B.9).

use super::bytes::{broken, unsupported};
use super::markers::Style;
use super::stream::{Main, TileStream};
use super::tag_tree::TagTree;
use crate::Result;

/// A rectangle on some grid: `x0 ≤ x < x1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x0: u32,
    pub(super) y0: u32,
    pub(super) x1: u32,
    pub(super) y1: u32,
}

impl Rect {
    pub(super) fn width(&self) -> usize {
        self.x1.saturating_sub(self.x0) as usize
    }

    pub(super) fn height(&self) -> usize {
        self.y1.saturating_sub(self.y0) as usize
    }

    pub(super) fn is_empty(&self) -> bool {
        self.width() == 0 || self.height() == 0
    }

    fn map(&self, x: impl Fn(u32) -> u32, y: impl Fn(u32) -> u32) -> Rect {
        Rect {
            x0: x(self.x0),
            y0: y(self.y0),
            x1: x(self.x1),
            y1: y(self.y1),
        }
    }

    fn cut(&self, other: &Rect) -> Rect {
        Rect {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        }
    }
}

/// Which filters a band has been through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Low in both directions.
    Ll,
    /// High horizontally.
    Hl,
    /// High vertically.
    Lh,
    /// High in both.
    Hh,
}

/// A band of a resolution.
#[derive(Clone, Debug)]
pub(super) struct Band {
    pub(super) kind: Kind,
    pub(super) rect: Rect,
    /// Magnitude bits, those of a region of interest included.
    pub(super) bit_planes: u8,
    /// What a quantized magnitude of 1 stands for.
    pub(super) step: f32,
}

/// A resolution of a component.
#[derive(Clone, Debug)]
pub(super) struct Resolution {
    pub(super) rect: Rect,
    pub(super) bands: Vec<Band>,
    /// The first of its precincts in the tile's list, and how many there are.
    pub(super) precincts: std::ops::Range<usize>,
}

/// A component of a tile.
#[derive(Clone, Debug)]
pub(super) struct TileComponent {
    pub(super) style: Style,
    /// Bits that the region of interest was shifted by.
    pub(super) region: u8,
    pub(super) resolutions: Vec<Resolution>,
}

/// Bytes of a block that a packet brought.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) bytes: std::ops::Range<usize>,
    /// Coding passes that these bytes are of.
    pub(super) passes: u8,
    /// Which codeword segment of the block they belong to.
    pub(super) segment: u8,
}

/// A block of a band.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// In the band, from its corner.
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u16,
    pub(super) height: u16,
    /// Magnitude bits that are zero throughout.
    pub(super) zero_planes: u8,
    pub(super) is_included: bool,
    /// Coding passes so far.
    pub(super) passes: u8,
    /// Bits of a length, `Lblock`.
    pub(super) length_bits: u8,
    pub(super) chunks: Vec<Chunk>,
}

/// A band's share of a precinct.
#[derive(Clone, Debug)]
pub(super) struct PrecinctBand {
    pub(super) inclusion: TagTree,
    pub(super) zero_planes: TagTree,
    pub(super) blocks: Vec<Block>,
}

/// A precinct: what a packet of each layer is of.
#[derive(Clone, Debug)]
pub(super) struct Precinct {
    pub(super) component: usize,
    pub(super) resolution: u8,
    /// Where it begins on the reference grid.
    pub(super) x: u64,
    pub(super) y: u64,
    /// Layers read so far.
    pub(super) layers: u16,
    pub(super) bands: Vec<PrecinctBand>,
}

/// A tile with everything that its packets fill.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    pub(super) components: Vec<TileComponent>,
    pub(super) precincts: Vec<Precinct>,
}

/// Where a tile lies on the reference grid (equations B-7 to B-10).
pub(super) fn rect_of(main: &Main<'_>, index: u32) -> Rect {
    let size = &main.size;
    let (column, row) = (index % size.tiles_across(), index / size.tiles_across());
    let edge = |start: u32, length: u32, number: u32| {
        let at = u64::from(start) + u64::from(length) * u64::from(number);
        at.min(u32::MAX.into()) as u32
    };
    Rect {
        x0: edge(size.tile_x0, size.tile_width, column).max(size.x0),
        y0: edge(size.tile_y0, size.tile_height, row).max(size.y0),
        x1: edge(size.tile_x0, size.tile_width, column + 1).min(size.x1),
        y1: edge(size.tile_y0, size.tile_height, row + 1).min(size.y1),
    }
}

/// Blocks and precincts of a tile that may be small: tiny ones would take many times the memory
/// that their samples take.
const SMALL_BLOCKS: usize = 1 << 16;

impl Tile {
    /// Lays a tile out.
    ///
    /// `budget_of_all` is what all tiles together may have of blocks and precincts.
    pub(super) fn new(
        main: &Main<'_>,
        stream: &TileStream<'_>,
        index: u32,
        budget_of_all: &mut usize,
    ) -> Result<Tile> {
        let area = rect_of(main, index);
        let samples = area.width() * area.height() * main.size.components.len();
        let own = (SMALL_BLOCKS + samples / 16).min(*budget_of_all);
        let mut budget = own;
        let mut tile = Tile {
            components: Vec::with_capacity(main.size.components.len()),
            precincts: Vec::new(),
        };
        for (number, component) in main.size.components.iter().enumerate() {
            let (Some(style), Some(quantization)) = (
                stream.parameters.style(&main.parameters, number),
                stream.parameters.quantization(&main.parameters, number),
            ) else {
                return Err(broken(stream.offset, "no coding style or quantization"));
            };
            let rect = area.map(|x| x.div_ceil(component.dx), |y| y.div_ceil(component.dy));
            let region = stream.parameters.region(&main.parameters, number);
            let mut resolutions = Vec::with_capacity(usize::from(style.levels) + 1);
            for resolution in 0..=style.levels {
                let shift = u32::from(style.levels - resolution);
                let ceil = |value: u32| (u64::from(value)).div_ceil(1 << shift) as u32;
                let resolution_rect = rect.map(ceil, ceil);
                let mut bands = Vec::new();
                let kinds: &[Kind] = match resolution {
                    0 => &[Kind::Ll],
                    _ => &[Kind::Hl, Kind::Lh, Kind::Hh],
                };
                for (order, &kind) in kinds.iter().enumerate() {
                    let step = match (quantization.is_derived, resolution) {
                        (true, _) => quantization.steps.first().map(|&(exponent, mantissa)| {
                            (
                                exponent.saturating_sub(resolution.saturating_sub(1)),
                                mantissa,
                            )
                        }),
                        (false, 0) => quantization.steps.first().copied(),
                        (false, _) => {
                            let place = 3 * (usize::from(resolution) - 1) + 1 + order;
                            quantization.steps.get(place).copied()
                        }
                    };
                    let Some((exponent, mantissa)) = step else {
                        return Err(broken(stream.offset, "fewer steps than bands"));
                    };
                    let bit_planes = (quantization.guard_bits + exponent).saturating_sub(1);
                    let with_region = u32::from(bit_planes) + u32::from(region);
                    if with_region > 30 {
                        return Err(unsupported(format!("{with_region} bit planes")));
                    }
                    bands.push(Band {
                        kind,
                        rect: band_rect(&rect, style.levels, resolution, kind),
                        bit_planes: with_region as u8,
                        step: step_size(component.precision, kind, exponent, mantissa),
                    });
                }
                let first = tile.precincts.len();
                let place = Place {
                    component: number,
                    resolution,
                    scale: (
                        u64::from(component.dx) << shift,
                        u64::from(component.dy) << shift,
                    ),
                    tile: area,
                };
                place.precincts(
                    &mut tile.precincts,
                    style,
                    &resolution_rect,
                    &bands,
                    &mut budget,
                )?;
                resolutions.push(Resolution {
                    rect: resolution_rect,
                    bands,
                    precincts: first..tile.precincts.len(),
                });
            }
            tile.components.push(TileComponent {
                style: style.clone(),
                region,
                resolutions,
            });
        }
        *budget_of_all -= own - budget;
        Ok(tile)
    }
}

/// Equation B-15.
fn band_rect(component: &Rect, levels: u8, resolution: u8, kind: Kind) -> Rect {
    let level = match resolution {
        0 => u32::from(levels),
        _ => u32::from(levels - resolution) + 1,
    };
    let (right, low) = match kind {
        Kind::Ll => (0, 0),
        Kind::Hl => (1, 0),
        Kind::Lh => (0, 1),
        Kind::Hh => (1, 1),
    };
    let edge = |value: u32, high: u64| {
        let start = if level == 0 { 0 } else { high << (level - 1) };
        u64::from(value).saturating_sub(start).div_ceil(1 << level) as u32
    };
    component.map(|x| edge(x, right), |y| edge(y, low))
}

/// Equation E-3.
fn step_size(precision: u8, kind: Kind, exponent: u8, mantissa: u16) -> f32 {
    let gain = match kind {
        Kind::Ll => 0,
        Kind::Hl | Kind::Lh => 1,
        Kind::Hh => 2,
    };
    let power = i32::from(precision) + gain - i32::from(exponent);
    (1.0 + f32::from(mantissa) / 2048.0) * 2f32.powi(power)
}

/// Where precincts are.
struct Place {
    component: usize,
    resolution: u8,
    /// Columns and rows of the reference grid that a sample of this resolution covers.
    scale: (u64, u64),
    tile: Rect,
}

impl Place {
    /// Lists the precincts of a resolution (§B.6, §B.7).
    fn precincts(
        &self,
        list: &mut Vec<Precinct>,
        style: &Style,
        resolution: &Rect,
        bands: &[Band],
        budget: &mut usize,
    ) -> Result<()> {
        if resolution.is_empty() {
            return Ok(());
        }
        let (width, height) = style.precinct(self.resolution);
        // Precincts halve in bands of high frequencies.
        let halved = u8::from(self.resolution > 0);
        let block = (
            style.block.0.min(width.saturating_sub(halved)),
            style.block.1.min(height.saturating_sub(halved)),
        );
        let across = (resolution.x0 >> width)..=((resolution.x1 - 1) >> width);
        let down = (resolution.y0 >> height)..=((resolution.y1 - 1) >> height);
        for row in down {
            for column in across.clone() {
                take(budget, 1)?;
                let x0 = u64::from(column) << width;
                let y0 = u64::from(row) << height;
                let area = Rect {
                    x0: x0 as u32,
                    y0: y0 as u32,
                    x1: (x0 + (1 << width)).min(u32::MAX.into()) as u32,
                    y1: (y0 + (1 << height)).min(u32::MAX.into()) as u32,
                };
                let mut precinct = Precinct {
                    component: self.component,
                    resolution: self.resolution,
                    x: (x0 * self.scale.0).max(self.tile.x0.into()),
                    y: (y0 * self.scale.1).max(self.tile.y0.into()),
                    layers: 0,
                    bands: Vec::with_capacity(bands.len()),
                };
                for band in bands {
                    let halve = |value: u32| value.div_ceil(1 << halved);
                    let area = area.map(halve, halve).cut(&band.rect);
                    precinct
                        .bands
                        .push(precinct_band(&band.rect, &area, block, budget)?);
                }
                list.push(precinct);
            }
        }
        Ok(())
    }
}

fn take(budget: &mut usize, count: usize) -> Result<()> {
    match budget.checked_sub(count) {
        Some(left) => {
            *budget = left;
            Ok(())
        }
        None => Err(unsupported("blocks or precincts that small")),
    }
}

/// The blocks of a band in a precinct.
fn precinct_band(
    band: &Rect,
    area: &Rect,
    block: (u8, u8),
    budget: &mut usize,
) -> Result<PrecinctBand> {
    if area.is_empty() {
        return Ok(PrecinctBand {
            inclusion: TagTree::default(),
            zero_planes: TagTree::default(),
            blocks: Vec::new(),
        });
    }
    let columns = (area.x0 >> block.0)..=((area.x1 - 1) >> block.0);
    let rows = (area.y0 >> block.1)..=((area.y1 - 1) >> block.1);
    let across = columns.end() - columns.start() + 1;
    let down = rows.end() - rows.start() + 1;
    take(budget, (across as usize).saturating_mul(down as usize))?;
    let mut blocks = Vec::with_capacity(across as usize * down as usize);
    for row in rows {
        for column in columns.clone() {
            let x0 = (column << block.0).max(area.x0);
            let y0 = (row << block.1).max(area.y0);
            let x1 = ((column + 1) << block.0).min(area.x1);
            let y1 = ((row + 1) << block.1).min(area.y1);
            blocks.push(Block {
                x: x0 - band.x0,
                y: y0 - band.y0,
                width: (x1 - x0) as u16,
                height: (y1 - y0) as u16,
                zero_planes: 0,
                is_included: false,
                passes: 0,
                length_bits: 3,
                chunks: Vec::new(),
            });
        }
    }
    Ok(PrecinctBand {
        inclusion: TagTree::new(across, down),
        zero_planes: TagTree::new(across, down),
        blocks,
    })
}
