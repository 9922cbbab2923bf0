//! Which slices make a volume, and the grid that they lie on (PS3.3 §C.11.23.1).

use super::vector::{Vector, add, cross, dot, length, scale, subtract};
use super::{Slice, irregular};
use crate::Result;
use crate::render::{ModalityTransform, Window};

/// Slices of one size and orientation, one upon the other, evenly spaced.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Which of the slices given, in the order of the stack.
    pub order: Vec<usize>,
    pub(super) grid: Grid,
    pub(super) window: Option<Window>,
    pub(super) inverse: bool,
    /// One modality transformation for 16-bit numbers of all slices, if it is one.
    pub(super) shared: Option<ModalityTransform>,
    /// What is taken from those numbers so that they fit 16 bits with a sign.
    pub(super) shift: f64,
    /// Stored values that are none, of each slice.
    pub(super) paddings: Vec<Option<(f64, f64)>>,
    pub(super) modalities: Vec<ModalityTransform>,
}

impl Stack {
    /// The volume among `slices`: those that go with slice `reference`, else those of the most
    /// common size and orientation. Where several lie at the same place (phases, echoes), the
    /// n-th of each place is taken, n being that of the reference, else the first.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) with the reason if there is none.
    pub fn of(slices: &[Slice], reference: Option<usize>) -> Result<Stack> {
        let chosen = companions(slices, reference)?;
        let Some(first) = chosen.first().and_then(|&at| slices.get(at)) else {
            return Err(irregular("no slices"));
        };
        let normal = cross(first.columns, first.rows);
        let height = |at: usize| {
            slices
                .get(at)
                .map_or(0.0, |slice| dot(slice.position, normal))
        };
        let places = by_height(&chosen, height);
        let rank = reference
            .and_then(|wanted| {
                places
                    .iter()
                    .find_map(|place| place.iter().position(|&at| at == wanted))
            })
            .unwrap_or(0);
        let order: Vec<usize> = places
            .iter()
            .filter_map(|place| place.get(rank).copied())
            .collect();
        if order.len() < 2 {
            return Err(irregular("a single slice"));
        }
        let members: Vec<&Slice> = order.iter().filter_map(|&at| slices.get(at)).collect();
        let grid = Grid::of(&members, normal)?;
        let middle = members.get(members.len() / 2).copied().unwrap_or(first);
        let is_shared = members.iter().all(|slice| {
            slice.is_small
                && slice.shift == first.shift
                && slice.modality == first.modality
                && !matches!(slice.modality, ModalityTransform::Table(_))
        });
        Ok(Stack {
            grid,
            window: middle.window,
            inverse: middle.inverse,
            shift: first.shift,
            shared: is_shared.then(|| first.modality.clone()),
            paddings: members.iter().map(|slice| slice.padding).collect(),
            modalities: members.iter().map(|slice| slice.modality.clone()).collect(),
            order,
        })
    }

    /// Slices of it.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Never: a stack has at least two.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

/// Slices that may go together, in the order given.
fn companions(slices: &[Slice], reference: Option<usize>) -> Result<Vec<usize>> {
    let of = |model: &Slice| {
        let goes = |(at, slice): (usize, &Slice)| slice.goes_with(model).then_some(at);
        slices
            .iter()
            .enumerate()
            .filter_map(goes)
            .collect::<Vec<_>>()
    };
    if let Some(at) = reference {
        let model = slices
            .get(at)
            .ok_or(irregular("the slice referred to is not among them"))?;
        return Ok(of(model));
    }
    let mut best: Vec<usize> = Vec::new();
    let mut seen: Vec<usize> = Vec::new();
    // A localizer has a few orientations; many would be no volume.
    const ORIENTATIONS: usize = 16;
    for at in 0..slices.len() {
        if seen.contains(&at) {
            continue;
        }
        let Some(model) = slices.get(at) else { break };
        let found = of(model);
        seen.push(at);
        if seen.len() > ORIENTATIONS {
            break;
        }
        if found.len() > best.len() {
            best = found;
        }
        // Nothing left that could be more.
        if best.len() * 2 >= slices.len() {
            break;
        }
    }
    if best.len() < 2 && slices.len() > 1 {
        return Err(irregular("slices have different sizes or orientations"));
    }
    Ok(best)
}

/// Slices at the same height together, the lowest first.
fn by_height(chosen: &[usize], height: impl Fn(usize) -> f64) -> Vec<Vec<usize>> {
    const SAME: f64 = 1e-3;
    let mut sorted: Vec<(f64, usize)> = chosen.iter().map(|&at| (height(at), at)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut places: Vec<(f64, Vec<usize>)> = Vec::new();
    for (height, at) in sorted {
        match places.last_mut() {
            Some((last, place)) if height - *last < SAME => place.push(at),
            _ => places.push((height, vec![at])),
        }
    }
    let in_order = |(_, mut place): (f64, Vec<usize>)| {
        place.sort_unstable();
        place
    };
    places.into_iter().map(in_order).collect()
}

/// Where the values are: a step along columns, rows and slices each, not always at right angles
/// (a tilted gantry shifts each slice against the last).
#[derive(Clone, Debug)]
pub(super) struct Grid {
    /// Columns, rows, slices.
    pub size: [usize; 3],
    /// Where the first value is.
    pub origin: Vector,
    /// From value to value, in millimetres.
    pub steps: [Vector; 3],
    /// Rows of the inverse of the matrix that has the steps as its columns.
    inverse: [Vector; 3],
}

impl Grid {
    fn of(slices: &[&Slice], normal: Vector) -> Result<Grid> {
        let (Some(first), Some(last)) = (slices.first(), slices.last()) else {
            return Err(irregular("no slices"));
        };
        let gap = scale(
            subtract(last.position, first.position),
            1.0 / (slices.len() as f64 - 1.0),
        );
        let height = dot(gap, normal);
        if height < 1e-3 {
            return Err(irregular("slices are not evenly spaced"));
        }
        let pixel = first.spacing[0].max(first.spacing[1]);
        for (at, slice) in slices.iter().enumerate() {
            let expected = add(first.position, scale(gap, at as f64));
            let off = subtract(slice.position, expected);
            let along = dot(off, normal);
            let aside = length(subtract(off, scale(normal, along)));
            if along.abs() > 0.1 * height {
                return Err(irregular("slices are not evenly spaced"));
            }
            if aside > pixel.max(0.1 * height) {
                return Err(irregular("slices do not lie one upon the other"));
            }
        }
        let [columns, rows] = first.size;
        Grid::new(
            [columns as usize, rows as usize, slices.len()],
            first.position,
            [
                scale(first.columns, first.spacing[0]),
                scale(first.rows, first.spacing[1]),
                gap,
            ],
        )
    }

    fn new(size: [usize; 3], origin: Vector, steps: [Vector; 3]) -> Result<Grid> {
        let [a, b, c] = steps;
        let volume = dot(a, cross(b, c));
        if volume.abs() < 1e-12 || !volume.is_finite() {
            return Err(irregular("slices are moved along themselves"));
        }
        Ok(Grid {
            size,
            origin,
            steps,
            inverse: [
                scale(cross(b, c), 1.0 / volume),
                scale(cross(c, a), 1.0 / volume),
                scale(cross(a, b), 1.0 / volume),
            ],
        })
    }

    /// The grid of every `by` × `by` values joined.
    pub fn joined(&self, by: u32) -> Result<Grid> {
        let factor = f64::from(by);
        let [a, b, c] = self.steps;
        let middle = scale(add(a, b), (factor - 1.0) / 2.0);
        let [columns, rows, slices] = self.size;
        let by = by as usize;
        Grid::new(
            [(columns / by).max(1), (rows / by).max(1), slices],
            add(self.origin, middle),
            [scale(a, factor), scale(b, factor), c],
        )
    }

    /// A point of the patient in steps of the grid.
    pub fn place(&self, point: Vector) -> Vector {
        self.direction(subtract(point, self.origin))
    }

    /// A direction in steps of the grid.
    pub fn direction(&self, direction: Vector) -> Vector {
        self.inverse.map(|row| dot(row, direction))
    }

    /// A slope in values by step of the grid, in values by millimetre of the patient.
    pub fn slope(&self, slope: Vector) -> Vector {
        let [a, b, c] = self.inverse;
        add(
            add(scale(a, slope[0]), scale(b, slope[1])),
            scale(c, slope[2]),
        )
    }

    pub fn center(&self) -> Vector {
        let half = |axis: usize| (self.size[axis] as f64 - 1.0) / 2.0;
        (0..3).fold(self.origin, |at, axis| {
            add(at, scale(self.steps[axis], half(axis)))
        })
    }

    pub fn extent(&self, direction: Vector) -> f64 {
        (0..3)
            .map(|axis| (dot(self.steps[axis], direction) * self.size[axis] as f64).abs())
            .sum()
    }

    /// The shortest distance of neighbours.
    pub fn finest(&self) -> f64 {
        self.steps
            .into_iter()
            .map(length)
            .fold(f64::INFINITY, f64::min)
    }
}
