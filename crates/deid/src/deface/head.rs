//! The head in a grid: skin, skull cap, and where the brain may be.

use super::region::Set;
use super::volume::{Grid, STEP, Vector, impossible};
use crate::Result;

/// What the values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Hounsfield units.
    Ct,
    /// Whatever the scanner gave.
    Mr,
}

/// What is known of a head.
pub(super) struct Head {
    /// Everything inside the skin.
    pub body: Set,
    /// The skull cap, if the vertex is in the volume.
    pub cranium: Option<Cranium>,
    /// What may be brain, with its margin: never changed.
    pub protected: Set,
    /// Below which value there is air.
    pub air: f32,
}

/// The upper head as an ellipsoid along the axes of the patient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cranium {
    /// Its middle.
    pub center: [f64; 3],
    /// Half of its width, depth and height.
    pub half: [f64; 3],
    /// The highest point.
    pub vertex: f64,
}

/// Skin, bone and what is between: the brain is deeper.
const SHELL_MM: f64 = 10.0;

impl Head {
    /// Finds the head.
    ///
    /// # Errors
    /// [`Error::Deface`](crate::Error::Deface) if what is there has not the size of a head.
    pub fn find(grid: &Grid, kind: Kind, margin_mm: f64) -> Result<Head> {
        let air = threshold(grid, kind);
        let tissue = Set::of(grid.size, grid.values.iter().map(|value| *value > air));
        let body = body(&tissue, kind);
        let milliliters = body.count() as f64 * STEP.powi(3) / 1000.0;
        if milliliters < 400.0 {
            return Err(impossible("there is too little tissue for a head"));
        }
        let cranium = Cranium::fit(grid, &body);
        let bone = match kind {
            Kind::Ct => enclosed_by_bone(grid, &body),
            Kind::Mr => None,
        };
        let margin = (margin_mm / STEP).ceil() as usize;
        let protected = match (bone, &cranium) {
            (Some(brain), _) => brain.grown(margin),
            (None, Some(cranium)) => cranium.brain(grid, margin_mm),
            (None, None) => {
                return Err(impossible(
                    "the slices show neither the top of the head nor bone around the brain, so that \
                     nothing tells where the brain is",
                ));
            }
        };
        Ok(Head {
            body,
            cranium,
            protected,
            air,
        })
    }
}

/// Where air ends.
fn threshold(grid: &Grid, kind: Kind) -> f32 {
    match kind {
        Kind::Ct => -350.0,
        Kind::Mr => otsu(&grid.values) * 0.5,
    }
}

/// The value that parts two groups best (Otsu's method), of what lies below the 99th percentile.
fn otsu(values: &[f32]) -> f32 {
    let mut sorted: Vec<f32> = values
        .iter()
        .copied()
        .filter(|one| one.is_finite())
        .step_by(7)
        .collect();
    sorted.sort_by(f32::total_cmp);
    let (Some(low), Some(high)) = (sorted.first(), sorted.get(sorted.len() * 99 / 100)) else {
        return 0.0;
    };
    let width = (high - low).max(f32::MIN_POSITIVE);
    let mut bins = [0_u64; 256];
    for value in &sorted {
        // Between 0 and 255.
        let bin = ((value - low) / width * 255.0).clamp(0.0, 255.0) as usize;
        bins[bin] += 1;
    }
    let total: u64 = bins.iter().sum();
    let sum: f64 = (0..)
        .zip(bins)
        .map(|(at, count): (u64, u64)| (at * count) as f64)
        .sum();
    let (mut below, mut sum_below) = (0_u64, 0.0);
    let (mut best, mut best_at) = (0.0, 0_usize);
    for (at, count) in bins.into_iter().enumerate() {
        below += count;
        sum_below += at as f64 * count as f64;
        let above = total - below;
        if below == 0 || above == 0 {
            continue;
        }
        let (a, b) = (sum_below / below as f64, (sum - sum_below) / above as f64);
        let between = below as f64 * above as f64 * (a - b).powi(2);
        if between > best {
            (best, best_at) = (between, at);
        }
    }
    low + width * best_at as f32 / 255.0
}

/// Everything inside the skin: air that is not reached from outside belongs to it.
fn body(tissue: &Set, kind: Kind) -> Set {
    let largest = match kind {
        // What a head rests on touches it here and there.
        Kind::Ct => tissue.opened(1).largest().grown(1).and(tissue),
        // The scalp is thin, and bone between it and the brain is dark.
        Kind::Mr => tissue.closed(2).largest().and(tissue),
    };
    let closed = largest.closed(4);
    let [width, height, _] = tissue.size;
    let is_border = |at: &usize| {
        let (x, y) = (at % width, at / width % height);
        x == 0 || y == 0 || x + 1 == width || y + 1 == height
    };
    let outside = closed
        .not()
        .reached((0..closed.is_in.len()).filter(is_border));
    // Closing also fills the corners beside the nose: only holes are wanted.
    let air = largest.not();
    let outside = (0..4).fold(outside, |outside, _| outside.grown(1).and(&air));
    outside.not()
}

/// Soft tissue that bone surrounds, of the size of (a part of) a brain.
fn enclosed_by_bone(grid: &Grid, body: &Set) -> Option<Set> {
    let bone = Set::of(grid.size, grid.values.iter().map(|value| *value > 250.0));
    let wall = bone.closed(3);
    let outside = wall
        .not()
        .reached((0..wall.is_in.len()).filter(|at| !body.contains(*at)));
    let soft = grid
        .values
        .iter()
        .map(|value| (-40.0..150.0).contains(value));
    let inside = Set::of(
        grid.size,
        soft.zip(0..)
            .map(|(is_soft, at)| is_soft && !outside.contains(at)),
    );
    let brain = inside.opened(2).largest();
    let milliliters = brain.count() as f64 * STEP.powi(3) / 1000.0;
    // Back to the bone, which opening has taken.
    (120.0..2600.0)
        .contains(&milliliters)
        .then(|| brain.grown(2))
}

impl Cranium {
    fn fit(grid: &Grid, body: &Set) -> Option<Cranium> {
        let [width, height, depth] = grid.size;
        let plane = width * height;
        let area = |z: usize| {
            let slice = body.is_in.get(z * plane..(z + 1) * plane).unwrap_or(&[]);
            slice.iter().filter(|one| **one).count() as f64 * STEP * STEP
        };
        let is_covered = |z: usize| {
            let slice = grid.values.get(z * plane..(z + 1) * plane).unwrap_or(&[]);
            slice.iter().filter(|value| value.is_finite()).count() * 2 > plane
        };
        let top = (0..depth).rev().find(|z| area(*z) >= 400.0)?;
        // The cap must close within the volume.
        if top + 1 >= depth || !is_covered(top) || area(top) > 6_000.0 {
            return None;
        }
        let vertex = grid.along(2, top) + STEP / 2.0;
        let steps = |mm: f64| (mm / STEP) as usize;
        let from = top.checked_sub(steps(80.0))?;
        let mut reach = [(f64::INFINITY, f64::NEG_INFINITY); 2];
        for z in from..top.saturating_sub(steps(14.0)) {
            for (axis, reach) in reach.iter_mut().enumerate() {
                let places = extent(body, z, axis)?;
                reach.0 = reach.0.min(grid.along(axis, places.0) - STEP / 2.0);
                reach.1 = reach.1.max(grid.along(axis, places.1) + STEP / 2.0);
            }
        }
        let half = reach.map(|(least, most)| (most - least) / 2.0);
        let is_head = (42.0..110.0).contains(&half[0]) && (50.0..130.0).contains(&half[1]);
        if !is_head {
            return None;
        }
        let areas: Vec<(f64, f64)> = (from..top)
            .map(|z| (vertex - grid.along(2, z), area(z)))
            .filter(|(below, _)| *below > 8.0)
            .collect();
        let error = |height: f64| -> f64 {
            let of = |below: f64| {
                let up = (height - below) / height;
                std::f64::consts::PI * half[0] * half[1] * (1.0 - up * up).max(0.0)
            };
            areas
                .iter()
                .map(|(below, area)| (of(*below) - area).powi(2))
                .sum()
        };
        let heights = (45..=110).map(f64::from);
        let height = heights.min_by(|a, b| error(*a).total_cmp(&error(*b)))?;
        let middle = reach.map(|(least, most)| (least + most) / 2.0);
        Some(Cranium {
            center: [middle[0], middle[1], vertex - height],
            half: [half[0], half[1], height],
            vertex,
        })
    }

    /// What may be brain, with a margin.
    fn brain(&self, grid: &Grid, margin_mm: f64) -> Set {
        let half = self
            .half
            .map(|half| (half - SHELL_MM + margin_mm).max(10.0));
        // A head's brain reaches deeper than an ellipsoid that fits the cap: the lower half is
        // longer, down to the cerebellum.
        let lower = half[2].max(75.0);
        let [width, height, depth] = grid.size;
        let places = (0..depth)
            .flat_map(move |z| (0..height).flat_map(move |y| (0..width).map(move |x| [x, y, z])));
        Set::of(
            grid.size,
            places.map(|place| {
                let from: Vector =
                    [0, 1, 2].map(|axis: usize| grid.along(axis, place[axis]) - self.center[axis]);
                let vertical = if from[2] > 0.0 { half[2] } else { lower };
                (from[0] / half[0]).powi(2)
                    + (from[1] / half[1]).powi(2)
                    + (from[2] / vertical).powi(2)
                    <= 1.0
            }),
        )
    }
}

/// First and last place along x (0) or y (1) of a slice with at least three places of the set.
fn extent(set: &Set, z: usize, axis: usize) -> Option<(usize, usize)> {
    let [width, height, _] = set.size;
    let length = set.size[axis];
    let mut counts = vec![0_u32; length];
    for y in 0..height {
        for x in 0..width {
            if set.is_in[(z * height + y) * width + x] {
                counts[if axis == 0 { x } else { y }] += 1;
            }
        }
    }
    let is_there = |at: &usize| counts[*at] >= 3;
    Some((
        (0..length).find(is_there)?,
        (0..length).rev().find(is_there)?,
    ))
}
