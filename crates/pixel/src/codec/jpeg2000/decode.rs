//! From bytes to samples.

use super::bands::{BandRows, Bands, Coefficient, Place, Room};
use super::bytes::{broken, unsupported};
use super::markers::Component;
use super::packets;
use super::stream::{self, Main, TileStream};
use super::tile::{Rect, Tile};
use super::wavelet::{Plane, recompose};
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
        let mut picture = Picture {
            samples: &mut samples,
            columns: columns as usize,
            components,
            x0: main.size.x0.div_ceil(first.dx),
            y0: main.size.y0.div_ceil(first.dy),
        };
        if decode_tile(&main, tile_stream, &tile, &mut room, &mut picture)? {
            color = StreamColor::Rgb;
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

/// Samples of a tile's component, before they are shifted.
enum Samplings {
    Whole(Plane<i32>),
    Real(Plane<f32>),
}

/// Decodes the components of a tile into the picture; tells whether they had been transformed.
fn decode_tile(
    main: &Main<'_>,
    stream: &TileStream<'_>,
    tile: &Tile,
    room: &mut Room,
    picture: &mut Picture<'_>,
) -> Result<bool> {
    let coding = stream.parameters.coding.as_ref();
    let coding = coding.or(main.parameters.coding.as_ref());
    let transforms = coding.is_some_and(|coding| coding.transforms_components);
    // Some writers say so of grey pictures.
    let transformed = if transforms && tile.components.len() >= 3 {
        3
    } else {
        0
    };
    let mut planes = Vec::with_capacity(transformed);
    for (number, component) in tile.components.iter().enumerate() {
        let place = Place {
            stream,
            tile,
            component,
        };
        let is_reversible = component.style.is_reversible;
        if number < transformed {
            planes.push(if is_reversible {
                Samplings::Whole(component_plane(place, room)?)
            } else {
                Samplings::Real(component_plane(place, room)?)
            });
        } else if is_reversible {
            component_rows(place, room, |rect, row, samples: &[i32]| {
                picture.put(number, rect, row, samples);
            })?;
        } else {
            component_rows(place, room, |rect, row, samples: &[f32]| {
                picture.put(number, rect, row, samples);
            })?;
        }
    }
    match planes.as_mut_slice() {
        [] => return Ok(false),
        [
            Samplings::Whole(y),
            Samplings::Whole(u),
            Samplings::Whole(v),
        ] => reversible(&mut y.samples, &mut u.samples, &mut v.samples),
        [Samplings::Real(y), Samplings::Real(u), Samplings::Real(v)] => {
            irreversible(&mut y.samples, &mut u.samples, &mut v.samples);
        }
        _ => {
            return Err(broken(
                stream.offset,
                "two wavelets in transformed components",
            ));
        }
    }
    for (number, plane) in planes.iter().enumerate() {
        match plane {
            Samplings::Whole(plane) => picture.put_plane(number, plane),
            Samplings::Real(plane) => picture.put_plane(number, plane),
        }
    }
    Ok(true)
}

/// Decodes a component: its rows from the first to the last, with their number.
fn component_rows<T: Coefficient>(
    place: Place<'_>,
    room: &mut Room,
    mut take: impl FnMut(Rect, usize, &[T]),
) -> Result<()> {
    let Some((last, lower)) = place.component.resolutions.split_last() else {
        return Ok(());
    };
    let mut ll = Plane::<T>::default();
    for (level, resolution) in lower.iter().chain([last]).enumerate() {
        let rect = resolution.rect;
        let is_last = level == lower.len();
        let area = rect.width() * rect.height();
        let mut samples = Vec::with_capacity(if is_last { 0 } else { area });
        let mut take = |number: usize, row: &[T]| {
            if is_last {
                take(rect, number, row);
            } else {
                samples.extend_from_slice(row);
            }
        };
        if level > 0 {
            if let Some(mut bands) = Bands::new(place, resolution, &ll, room) {
                recompose(rect, &mut bands, take)?;
            }
        } else if let Some(mut band) = BandRows::new(place, resolution, 0) {
            for number in 0..rect.height() {
                take(number, band.row(number, room)?);
            }
        }
        ll = Plane { rect, samples };
    }
    Ok(())
}

fn component_plane<T: Coefficient>(place: Place<'_>, room: &mut Room) -> Result<Plane<T>> {
    let mut plane = Plane::<T>::default();
    component_rows(place, room, |rect, _, row: &[T]| {
        plane.rect = rect;
        plane.samples.extend_from_slice(row);
    })?;
    Ok(plane)
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

/// Where samples of tiles go.
struct Picture<'a> {
    samples: &'a mut Samples,
    columns: usize,
    components: &'a [Component],
    x0: u32,
    y0: u32,
}

impl Picture<'_> {
    fn put_plane<T: Leveled>(&mut self, number: usize, plane: &Plane<T>) {
        for (row, samples) in plane.rows().enumerate() {
            self.put(number, plane.rect, row, samples);
        }
    }

    /// Shifts, rounds and clamps a row of a tile's component into the picture (§G.1).
    fn put<T: Leveled>(&mut self, number: usize, rect: Rect, row: usize, from: &[T]) {
        let Some(component) = self.components.get(number) else {
            return;
        };
        let level = Level::of(component);
        let (x, y) = (
            rect.x0.saturating_sub(self.x0) as usize,
            rect.y0.saturating_sub(self.y0) as usize + row,
        );
        let step = self.components.len();
        let start = (y * self.columns + x) * step + number;
        let (end, step) = ((y + 1) * self.columns * step, step);
        match self.samples {
            Samples::U8(samples) => {
                let to = samples.get_mut(start..end).unwrap_or_default();
                convert(to, step, from, |sample| sample.leveled(&level) as u8);
            }
            Samples::U16(samples) => {
                let to = samples.get_mut(start..end).unwrap_or_default();
                convert(to, step, from, |sample| sample.leveled(&level) as u16);
            }
            Samples::U32(samples) => {
                let to = samples.get_mut(start..end).unwrap_or_default();
                convert(to, step, from, |sample| sample.leveled(&level) as u32);
            }
        }
    }
}

#[inline(always)]
fn convert<S, T: Copy>(to: &mut [S], step: usize, from: &[T], convert: impl Fn(T) -> S) {
    if step == 1 {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = convert(from);
        }
    } else {
        for (to, &from) in to.iter_mut().step_by(step).zip(from) {
            *to = convert(from);
        }
    }
}

/// The range of a component's samples, and what is added to them.
struct Level {
    bits: u32,
    shift: i32,
    low: i32,
    high: i32,
}

impl Level {
    fn of(component: &Component) -> Level {
        let bits = u32::from(component.precision);
        let half = 1i32 << (bits - 1);
        match component.is_signed {
            true => Level {
                bits,
                shift: 0,
                low: -half,
                high: half - 1,
            },
            false => Level {
                bits,
                shift: half,
                low: 0,
                high: ((1u32 << bits) - 1) as i32,
            },
        }
    }
}

/// Samples that can be shifted, rounded and clamped.
trait Leveled: Coefficient {
    fn leveled(self, level: &Level) -> i32;
}

impl Leveled for i32 {
    #[inline(always)]
    fn leveled(self, level: &Level) -> i32 {
        self.wrapping_add(level.shift).clamp(level.low, level.high)
    }
}

impl Leveled for f32 {
    #[inline(always)]
    fn leveled(self, level: &Level) -> i32 {
        let rounded = if level.bits <= 20 {
            // Adding and taking off what leaves no bits below the point rounds to even, fast.
            (self + ROUNDING) - ROUNDING
        } else {
            self.round_ties_even()
        };
        let rounded = rounded as i32;
        rounded
            .saturating_add(level.shift)
            .clamp(level.low, level.high)
    }
}

const ROUNDING: f32 = 12_582_912.0;
