//! Putting bands together (T.800 Annex F): the reversible 5/3 filter in integers, the irreversible
//! 9/7 filter in floating point.

use super::tile::Rect;
use crate::Result;

/// Samples of a rectangle, row by row.
#[derive(Clone, Debug, Default)]
pub(super) struct Plane<T> {
    pub(super) rect: Rect,
    pub(super) samples: Vec<T>,
}

impl<T: Lift> Plane<T> {
    /// All zero.
    pub(super) fn new(rect: Rect) -> Plane<T> {
        Plane {
            rect,
            samples: vec![T::default(); rect.width() * rect.height()],
        }
    }

    pub(super) fn rows(&self) -> std::slice::ChunksExact<'_, T> {
        self.samples.chunks_exact(self.rect.width().max(1))
    }

    pub(super) fn row_mut(&mut self, row: usize) -> &mut [T] {
        let width = self.rect.width();
        self.samples
            .get_mut(row * width..(row + 1) * width)
            .unwrap_or_default()
    }

    pub(super) fn row(&self, row: usize) -> &[T] {
        let width = self.rect.width();
        self.samples
            .get(row * width..(row + 1) * width)
            .unwrap_or_default()
    }
}

/// A filter in steps: steps of even number change the low samples, the others the high ones.
pub(super) trait Lift: Copy + Default {
    const STEPS: usize;

    /// Changes each target by the samples before and after it.
    fn step(number: usize, target: &mut [Self], before: &[Self], after: &[Self]);

    /// Changes them back.
    fn step_back(number: usize, target: &mut [Self], before: &[Self], after: &[Self]);

    /// Copies scaled samples. `low`: how many of both directions are low. `ones`: how many
    /// directions have but one sample, a low and a high one.
    fn scale(from: &[Self], to: &mut [Self], horizontal: Part, vertical: Part);
}

/// What a band is in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Low,
    High,
    /// The only sample, low.
    OnlyLow,
    /// The only sample, high.
    OnlyHigh,
}

impl Lift for i32 {
    const STEPS: usize = 2;

    #[inline]
    fn step(number: usize, target: &mut [i32], before: &[i32], after: &[i32]) {
        let all = target.iter_mut().zip(before).zip(after);
        if number == 0 {
            for ((target, &before), &after) in all {
                let sum = before.wrapping_add(after).wrapping_add(2);
                *target = target.wrapping_sub(sum >> 2);
            }
        } else {
            for ((target, &before), &after) in all {
                *target = target.wrapping_add(before.wrapping_add(after) >> 1);
            }
        }
    }

    fn step_back(number: usize, target: &mut [i32], before: &[i32], after: &[i32]) {
        for ((target, &before), &after) in target.iter_mut().zip(before).zip(after) {
            if number == 0 {
                *target += (before + after + 2) >> 2;
            } else {
                *target -= (before + after) >> 1;
            }
        }
    }

    #[inline]
    fn scale(from: &[i32], to: &mut [i32], horizontal: Part, vertical: Part) {
        let halvings =
            u32::from(horizontal == Part::OnlyHigh) + u32::from(vertical == Part::OnlyHigh);
        for (to, &from) in to.iter_mut().zip(from) {
            *to = from >> halvings;
        }
    }
}

// Table F.4.
const ALPHA: f32 = -1.586_134_3;
const BETA: f32 = -0.052_980_12;
const GAMMA: f32 = 0.882_911_1;
const DELTA: f32 = 0.443_506_87;
pub(super) const K: f32 = 1.230_174_1;

fn factor(step: usize) -> f32 {
    match step {
        0 => DELTA,
        1 => GAMMA,
        2 => BETA,
        _ => ALPHA,
    }
}

impl Lift for f32 {
    const STEPS: usize = 4;

    #[inline]
    fn step(number: usize, target: &mut [f32], before: &[f32], after: &[f32]) {
        let factor = factor(number);
        for ((target, &before), &after) in target.iter_mut().zip(before).zip(after) {
            *target -= factor * (before + after);
        }
    }

    fn step_back(number: usize, target: &mut [f32], before: &[f32], after: &[f32]) {
        let factor = factor(number);
        for ((target, &before), &after) in target.iter_mut().zip(before).zip(after) {
            *target += factor * (before + after);
        }
    }

    #[inline]
    fn scale(from: &[f32], to: &mut [f32], horizontal: Part, vertical: Part) {
        let factor = |part| match part {
            Part::Low => K,
            Part::High => 1.0 / K,
            Part::OnlyLow => 1.0,
            Part::OnlyHigh => 0.5,
        };
        let factor = factor(horizontal) * factor(vertical);
        for (to, &from) in to.iter_mut().zip(from) {
            *to = from * factor;
        }
    }
}

/// Rows of the four bands of a resolution, each asked for once, from the first to the last.
pub(super) trait Source<T> {
    /// A row of the bands that are low vertically: horizontally low, and high.
    fn low(&mut self, number: usize) -> Result<[&[T]; 2]>;

    /// A row of those that are high vertically.
    fn high(&mut self, number: usize) -> Result<[&[T]; 2]>;
}

/// Rows that are kept while steps along columns still need them: two more than a filter has steps.
const KEPT: usize = 8;

/// Puts the four bands of a resolution together (2D_SR) and hands out its rows.
///
/// Steps along columns follow as soon as the rows beside have had the step before, so that few rows
/// are in work at a time.
pub(super) fn recompose<T: Lift>(
    rect: Rect,
    source: &mut impl Source<T>,
    mut take: impl FnMut(usize, &[T]),
) -> Result<()> {
    let (width, height) = (rect.width(), rect.height());
    if width == 0 || height == 0 {
        return Ok(());
    }
    let mut rows: [Vec<T>; KEPT] = std::array::from_fn(|_| vec![T::default(); width]);
    let mut line = Line::new(width, rect.x0 & 1 == 1);
    let first_is_high = rect.y0 & 1 == 1;
    let mut lead = usize::from(first_is_high);
    let (mut read, mut done) = (0, 0);
    while done < height {
        while read < height && read <= lead + 1 {
            let is_high = (read % 2 == 1) != first_is_high;
            let [low, high] = if is_high {
                source.high(read / 2)?
            } else {
                source.low(read / 2)?
            };
            if let Some(row) = rows.get_mut(read % KEPT) {
                line.recompose(low, high, part(height, is_high), row);
            }
            read += 1;
        }
        for number in 0..T::STEPS {
            if let Some(row) = lead.checked_sub(number)
                && row < height
            {
                lift_kept(number, &mut rows, row, height);
            }
        }
        let end = (lead + 3).saturating_sub(T::STEPS).min(height);
        while done < end {
            if let Some(row) = rows.get(done % KEPT) {
                take(done, row);
            }
            done += 1;
        }
        lead += 2;
    }
    Ok(())
}

fn part(length: usize, is_high: bool) -> Part {
    match (length, is_high) {
        (1, false) => Part::OnlyLow,
        (1, true) => Part::OnlyHigh,
        (_, false) => Part::Low,
        (_, true) => Part::High,
    }
}

/// A step on a row of those that are kept.
#[inline]
fn lift_kept<T: Lift>(number: usize, rows: &mut [Vec<T>; KEPT], row: usize, height: usize) {
    let Some(kept) = rows.get_mut(row % KEPT) else {
        return;
    };
    let mut target = std::mem::take(kept);
    let kept = |row: usize| rows.get(row % KEPT).map(Vec::as_slice);
    let above = row.checked_sub(1).and_then(kept);
    let below = if row + 1 < height {
        kept(row + 1)
    } else {
        None
    };
    match (above, below) {
        (Some(above), Some(below)) => T::step(number, &mut target, above, below),
        (Some(only), None) | (None, Some(only)) => T::step(number, &mut target, only, only),
        (None, None) => {}
    }
    if let Some(kept) = rows.get_mut(row % KEPT) {
        *kept = target;
    }
}

/// Room to put rows together.
pub(super) struct Line<T> {
    width: usize,
    /// The first sample is a high one.
    is_odd: bool,
    low: Vec<T>,
    high: Vec<T>,
}

impl<T: Lift> Line<T> {
    pub(super) fn new(width: usize, is_odd: bool) -> Line<T> {
        Line {
            width,
            is_odd,
            low: vec![T::default(); width.div_ceil(2)],
            high: vec![T::default(); width.div_ceil(2)],
        }
    }

    /// Puts a row of two bands together (1D_SR).
    pub(super) fn recompose(&mut self, lows: &[T], highs: &[T], vertical: Part, out: &mut [T]) {
        let low = self.low.get_mut(..lows.len()).unwrap_or_default();
        let high = self.high.get_mut(..highs.len()).unwrap_or_default();
        T::scale(lows, low, part(self.width, false), vertical);
        T::scale(highs, high, part(self.width, true), vertical);
        if self.width > 1 {
            for number in 0..T::STEPS {
                let step = |target: &mut [T], before: &[T], after: &[T]| {
                    T::step(number, target, before, after)
                };
                if number % 2 == 0 {
                    lift_row(step, low, high, self.is_odd);
                } else {
                    lift_row(step, high, low, !self.is_odd);
                }
            }
        }
        interleave(out, low, high, self.is_odd);
    }
}

/// A step along a row. `is_ahead`: the first target comes after the first neighbor.
#[inline]
fn lift_row<T: Lift>(
    step: impl Fn(&mut [T], &[T], &[T]),
    target: &mut [T],
    neighbors: &[T],
    is_ahead: bool,
) {
    let (Some(&first), Some(&last)) = (neighbors.first(), neighbors.last()) else {
        return;
    };
    let count = target.len();
    // The first target without a neighbor before it sees the one after it twice.
    let skip = usize::from(!is_ahead);
    let inner = count.saturating_sub(skip).min(neighbors.len() - 1);
    if skip == 1
        && let Some(target) = target.get_mut(..1)
    {
        step(target, &[first], &[first]);
    }
    if let (Some(target), Some(after)) = (target.get_mut(skip..skip + inner), neighbors.get(1..)) {
        step(target, neighbors, after);
    }
    if let Some(target) = target.get_mut(skip + inner..) {
        step(target, &[last], &[last]);
    }
}

/// All steps along a row, backwards.
pub(super) fn lift_row_back<T: Lift>(low: &mut [T], high: &mut [T], is_odd: bool) {
    for number in (0..T::STEPS).rev() {
        let step = |target: &mut [T], before: &[T], after: &[T]| {
            T::step_back(number, target, before, after)
        };
        if number % 2 == 0 {
            lift_row(step, low, high, is_odd);
        } else {
            lift_row(step, high, low, !is_odd);
        }
    }
}

#[inline]
fn interleave<T: Lift>(out: &mut [T], low: &[T], high: &[T], is_odd: bool) {
    let (even, odd) = if is_odd { (high, low) } else { (low, high) };
    let mut pairs = out.chunks_exact_mut(2);
    for ((pair, &even), &odd) in pairs.by_ref().zip(even).zip(odd) {
        if let [first, second] = pair {
            (*first, *second) = (even, odd);
        }
    }
    if let (Some(out), Some(&last)) = (pairs.into_remainder().first_mut(), even.last()) {
        *out = last;
    }
}

/// All steps along columns, backwards.
pub(super) fn lift_columns_back<T: Lift>(
    samples: &mut [T],
    width: usize,
    height: usize,
    is_odd: bool,
) {
    for number in (0..T::STEPS).rev() {
        let first = usize::from(is_odd) ^ (number % 2);
        for row in (first..height).step_by(2) {
            let step = |target: &mut [T], before: &[T], after: &[T]| {
                T::step_back(number, target, before, after)
            };
            lift_in_column(step, samples, width, height, row);
        }
    }
}

#[inline]
fn lift_in_column<T: Lift>(
    step: impl Fn(&mut [T], &[T], &[T]),
    samples: &mut [T],
    width: usize,
    height: usize,
    row: usize,
) {
    let (before, rest) = samples.split_at_mut(row * width);
    let (target, after) = rest.split_at_mut(width);
    let above = row.checked_sub(1).and_then(|row| before.get(row * width..));
    let below = (row + 1 < height).then(|| after.get(..width)).flatten();
    match (above, below) {
        (Some(above), Some(below)) => step(target, above, below),
        (Some(only), None) | (None, Some(only)) => step(target, only, only),
        (None, None) => {}
    }
}
