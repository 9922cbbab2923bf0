//! Building a volume slice by slice, within a limit of memory.

use super::field::Values;
use super::stack::Grid;
use super::{Stack, Volume, irregular};
use crate::render::samples::numbers;
use crate::render::{ModalityTransform, Window};
use crate::{Error, Frame, Result};

/// Rows and columns that are joined at most.
const COARSEST: u32 = 8;

/// A volume that is being filled.
#[derive(Debug)]
pub struct VolumeBuilder {
    stack: Stack,
    grid: Grid,
    joined: u32,
    values: Values,
    filled: usize,
    /// May some slices have padding?
    has_holes: bool,
}

impl VolumeBuilder {
    /// An empty one of at most `max_bytes`: larger ones join rows and columns of their slices.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for what is too large even so.
    pub fn new(stack: Stack, max_bytes: u64) -> Result<VolumeBuilder> {
        let (joined, grid, bytes) = plan(&stack, max_bytes)?;
        let count = usize::try_from(bytes).unwrap_or(usize::MAX);
        let values = match &stack.shared {
            Some(modality) => {
                let (slope, intercept) = match modality {
                    ModalityTransform::Rescale { slope, intercept } => (*slope, *intercept),
                    _ => (1.0, 0.0),
                };
                Values::Small {
                    numbers: Vec::with_capacity(count / 2),
                    slope: slope as f32,
                    intercept: intercept as f32,
                }
            }
            None => Values::Wide(Vec::with_capacity(count / 4)),
        };
        let has_holes = stack.paddings.iter().any(Option::is_some);
        Ok(VolumeBuilder {
            stack,
            grid,
            joined,
            values,
            filled: 0,
            has_holes,
        })
    }

    /// Bytes that the volume of a stack will take.
    ///
    /// # Errors
    /// As [`VolumeBuilder::new`].
    pub fn bytes(stack: &Stack, max_bytes: u64) -> Result<u64> {
        plan(stack, max_bytes).map(|(_, _, bytes)| bytes)
    }

    /// Adds the next slice, in the order of the stack.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for frames that are not as their header said.
    pub fn add(&mut self, frame: &Frame) -> Result<()> {
        let at = self.filled;
        let (Some(padding), Some(modality)) =
            (self.stack.paddings.get(at), self.stack.modalities.get(at))
        else {
            return Err(irregular("more slices than there were"));
        };
        let [columns, rows, _] = self.stack.grid.size;
        let image = &frame.image;
        let is_same = (image.columns as usize, image.rows as usize) == (columns, rows);
        if !is_same || image.samples_per_pixel != 1 {
            return Err(irregular("a frame is not as its header says"));
        }
        self.filled += 1;
        let is_padding = |stored: f64| {
            stored.is_nan() || padding.is_some_and(|(from, to)| (from..=to).contains(&stored))
        };
        let stored = numbers(frame);
        let shift = self.stack.shift;
        let has_holes = self.has_holes;
        let least = if has_holes { HOLE + 1 } else { HOLE };
        let before = self.len();
        match &mut self.values {
            Values::Small { numbers, .. } => {
                // What is no value: the least number, for now.
                let small = stored.map(|stored| {
                    if is_padding(stored) {
                        HOLE
                    } else {
                        small(stored, shift, least)
                    }
                });
                if self.joined == 1 {
                    numbers.extend(small);
                } else {
                    let joined = join(small, columns, self.joined, |number| {
                        (!has_holes || number != HOLE).then(|| f32::from(number))
                    });
                    // The mean of such numbers is one.
                    numbers
                        .extend(joined.map(|mean| mean.map_or(HOLE, |mean| mean.round() as i16)));
                }
            }
            Values::Wide(values) => {
                let values_of = stored.map(|stored| {
                    if is_padding(stored) {
                        f32::NAN
                    } else {
                        modality.apply(stored) as f32
                    }
                });
                if self.joined == 1 {
                    values.extend(values_of);
                } else {
                    let joined = join(values_of, columns, self.joined, |value| {
                        (!value.is_nan()).then_some(value)
                    });
                    values.extend(joined.map(|mean| mean.unwrap_or(f32::NAN)));
                }
            }
        }
        let [columns, rows, _] = self.grid.size;
        if self.len() - before != columns * rows {
            return Err(irregular("a frame is not as its header says"));
        }
        Ok(())
    }

    fn len(&self) -> usize {
        match &self.values {
            Values::Small { numbers, .. } => numbers.len(),
            Values::Wide(values) => values.len(),
        }
    }

    /// The volume. What is padding becomes the least of its values.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if slices are missing.
    pub fn finish(mut self) -> Result<Volume> {
        if self.filled != self.stack.len() {
            return Err(irregular("slices are missing"));
        }
        let has_holes = self.has_holes;
        match &mut self.values {
            Values::Small {
                numbers,
                slope,
                intercept,
            } => {
                let is_hole = |number: i16| has_holes && number == HOLE;
                let known = numbers.iter().copied().filter(|&number| !is_hole(number));
                let least = if *slope < 0.0 {
                    known.max()
                } else {
                    known.min()
                };
                let least = least.unwrap_or(0);
                for number in numbers.iter_mut().filter(|number| is_hole(**number)) {
                    *number = least;
                }
                *intercept += *slope * self.stack.shift as f32;
            }
            Values::Wide(values) => {
                let least = values.iter().copied().fold(f32::INFINITY, f32::min);
                let least = if least.is_finite() { least } else { 0.0 };
                for value in values.iter_mut().filter(|value| value.is_nan()) {
                    *value = least;
                }
            }
        }
        let window = self.stack.window.unwrap_or_else(|| {
            let (low, high) = self.values.range();
            Window::of_range(low.into(), high.into())
        });
        Ok(Volume {
            grid: self.grid,
            values: self.values,
            window,
            inverse: self.stack.inverse,
            joined: self.joined,
        })
    }
}

/// Stands for what is no value, where slices have padding. A stored number that falls on it then
/// becomes the next.
const HOLE: i16 = i16::MIN;

/// A stored number of 16 bits as it is kept: less `shift`, not below `least`.
fn small(stored: f64, shift: f64, least: i16) -> i16 {
    // Saturates.
    ((stored - shift) as i16).max(least)
}

/// How many rows and columns are joined, the grid of that, and its bytes.
fn plan(stack: &Stack, max_bytes: u64) -> Result<(u32, Grid, u64)> {
    let of_each = if stack.shared.is_some() { 2 } else { 4 };
    let mut needed = 0;
    for by in 1..=COARSEST {
        let grid = stack.grid.joined(by)?;
        let values = grid
            .size
            .iter()
            .fold(1_u64, |all, &count| all.saturating_mul(count as u64));
        needed = values.saturating_mul(of_each);
        if needed <= max_bytes {
            return Ok((by, grid, needed));
        }
    }
    Err(Error::TooLarge {
        bytes: needed,
        limit: max_bytes,
    })
}

/// Means of `by` × `by` values of rows of `columns`; rows and columns that are left over at the
/// far edges are left out.
fn join<T: Copy>(
    values: impl Iterator<Item = T>,
    columns: usize,
    by: u32,
    known: impl Fn(T) -> Option<f32>,
) -> impl Iterator<Item = Option<f32>> {
    let by = by as usize;
    let across = (columns / by).max(1);
    let mut sums = vec![(0.0_f32, 0_u32); across];
    let mut joined = Vec::new();
    let (mut column, mut row) = (0, 0);
    for value in values {
        if let (Some(sum), Some(value)) = (sums.get_mut(column / by), known(value)) {
            *sum = (sum.0 + value, sum.1 + 1);
        }
        column += 1;
        if column == columns {
            column = 0;
            row += 1;
            if row % by == 0 {
                let mean = |(sum, count): (f32, u32)| (count > 0).then(|| sum / count as f32);
                joined.extend(sums.drain(..).map(mean));
                sums = vec![(0.0, 0); across];
            }
        }
    }
    joined.into_iter()
}
