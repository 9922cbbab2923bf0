//! The face: the surface seen from the front, and the smooth one that takes its place.

use super::head::Head;
use super::volume::{Grid, STEP, impossible};
use crate::Result;

/// A height for each column of rays from the front: across, and from the feet up.
pub(super) struct Surface {
    pub width: usize,
    pub height: usize,
    /// Millimetres along y; NaN where a ray hits nothing.
    pub depth: Vec<f64>,
}

/// The face.
pub(super) struct Face {
    /// The skin as it was.
    pub skin: Surface,
    /// All that is in front of this is removed; NaN where nothing is.
    pub cut: Surface,
    /// Rays that belong to the face.
    pub rays: usize,
}

/// Columns to both sides of the middle, in millimetres.
const HALF_WIDTH: f64 = 64.0;
/// From the vertex down to where the face begins, and where its chin has ended.
const TOP_BELOW_VERTEX: f64 = 78.0;
const BOTTOM_BELOW_VERTEX: f64 = 235.0;
/// The cut fades out over so much at the upper and the outer border.
const FADE: f64 = 14.0;
/// How far behind the foremost parts of a face its other parts lie.
const FACE_DEPTH: f64 = 48.0;
/// What is behind a ray's skin at least, wherever the brain is not.
const LEAST_DEPTH: f64 = 6.0;

impl Surface {
    fn get(&self, x: usize, z: usize) -> f64 {
        self.depth
            .get(z * self.width + x)
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// Between columns, in millimetres from the first; NaN if one of them is.
    pub fn at(&self, x: f64, z: f64) -> f64 {
        let (x, z) = (x / STEP, z / STEP);
        if x < 0.0 || z < 0.0 {
            return f64::NAN;
        }
        let (left, low) = (x.floor(), z.floor());
        let (across, up) = (x - left, z - low);
        // Both are not negative.
        let (left, low) = (left as usize, low as usize);
        if left + 1 >= self.width || low + 1 >= self.height {
            return f64::NAN;
        }
        let mix = |a: f64, b: f64, part: f64| a + (b - a) * part;
        mix(
            mix(self.get(left, low), self.get(left + 1, low), across),
            mix(self.get(left, low + 1), self.get(left + 1, low + 1), across),
            up,
        )
    }
}

impl Face {
    /// Finds the face, and the surface to cut along.
    ///
    /// # Errors
    /// [`Error::Deface`](crate::Error::Deface) if there is no face to be seen.
    pub fn find(grid: &Grid, head: &Head, depth_mm: f64) -> Result<Face> {
        let skin = first_along_y(grid, |at| head.body.contains(at));
        let wall = first_along_y(grid, |at| head.protected.contains(at));
        let middle = match &head.cranium {
            Some(cranium) => cranium.center[0],
            None => middle(grid, head),
        };
        let (bottom, top) = match &head.cranium {
            Some(cranium) => (
                cranium.vertex - BOTTOM_BELOW_VERTEX,
                cranium.vertex - TOP_BELOW_VERTEX,
            ),
            None => (f64::NEG_INFINITY, f64::INFINITY),
        };
        let mut points: Vec<[f64; 3]> = Vec::new();
        for z in 0..skin.height {
            for x in 0..skin.width {
                let (across, up) = (grid.along(0, x) - middle, grid.along(2, z));
                let depth = skin.get(x, z);
                if depth.is_finite() && across.abs() <= HALF_WIDTH && (bottom..=top).contains(&up) {
                    points.push([across, up, depth]);
                }
            }
        }
        let mut depths: Vec<f64> = points.iter().map(|point| point[2]).collect();
        depths.sort_by(f64::total_cmp);
        let Some(front) = depths.get(depths.len() / 20) else {
            return Err(impossible("no surface is seen from the front"));
        };
        points.retain(|point| point[2] <= front + FACE_DEPTH);
        if points.len() < 400 {
            return Err(impossible("too little of a face is seen from the front"));
        }
        let smooth = Quadric::fit(&points).ok_or_else(|| impossible("the face has no shape"))?;
        // So far back that nearly all of the face is behind what is cut.
        let mut ahead: Vec<f64> = points
            .iter()
            .map(|[across, up, depth]| smooth.at(*across, *up) - depth)
            .collect();
        ahead.sort_by(f64::total_cmp);
        let rearmost = ahead.get(ahead.len() / 12).copied().unwrap_or(0.0);
        let shift = depth_mm.max(LEAST_DEPTH - rearmost);
        let lowest = points
            .iter()
            .map(|point| point[1])
            .fold(f64::INFINITY, f64::min);
        let mut cut = Surface {
            depth: vec![f64::NAN; skin.depth.len()],
            ..skin
        };
        for z in 0..cut.height {
            for x in 0..cut.width {
                let (across, up) = (grid.along(0, x) - middle, grid.along(2, z));
                if across.abs() > HALF_WIDTH + FADE || up > top + FADE || up < lowest - FADE {
                    continue;
                }
                // Beyond the borders the surface comes forward again, so that no step is left.
                let beyond = (across.abs() - HALF_WIDTH).max(up - top).max(0.0);
                let of = smooth.at(
                    across.clamp(-HALF_WIDTH, HALF_WIDTH),
                    up.clamp(lowest, top.min(1e9)),
                );
                let place = of + shift - beyond / FADE * (shift + 4.0);
                let limit = wall.get(x, z) - STEP;
                let limited = if limit.is_finite() {
                    place.min(limit)
                } else {
                    place
                };
                if let Some(depth) = cut.depth.get_mut(z * skin.width + x) {
                    *depth = limited;
                }
            }
        }
        Ok(Face {
            skin,
            cut,
            rays: points.len(),
        })
    }

    /// How far the skin is moved back, for each ray of the face, in millimetres.
    pub fn displacements(&self) -> Vec<f64> {
        let pairs = self.skin.depth.iter().zip(&self.cut.depth);
        pairs
            .filter(|(skin, cut)| skin.is_finite() && cut.is_finite())
            .map(|(skin, cut)| (cut - skin).max(0.0))
            .filter(|moved| *moved > 0.0)
            .collect()
    }
}

/// The first place along y that is in a set, seen from the front.
pub(super) fn first_along_y(grid: &Grid, is_in: impl Fn(usize) -> bool) -> Surface {
    let [width, height, depth] = grid.size;
    let mut first = vec![f64::NAN; width * depth];
    for z in 0..depth {
        for x in 0..width {
            let hit = (0..height).find(|y| is_in(grid.index([x, *y, z])));
            if let (Some(y), Some(first)) = (hit, first.get_mut(z * width + x)) {
                *first = grid.along(1, y) - STEP / 2.0;
            }
        }
    }
    Surface {
        width,
        height: depth,
        depth: first,
    }
}

/// The middle of the tissue, from right to left.
fn middle(grid: &Grid, head: &Head) -> f64 {
    let mut sum = 0.0;
    let mut count = 0.0_f64;
    for (at, is_in) in head.body.is_in.iter().enumerate() {
        if *is_in {
            sum += grid.along(0, at % grid.size[0]);
            count += 1.0;
        }
    }
    sum / count.max(1.0)
}

/// A surface of second degree: nothing that a face could be known by.
pub(super) struct Quadric {
    coefficients: [f64; 6],
    /// To which numbers are reduced, so that none is large.
    origin: [f64; 2],
}

impl Quadric {
    fn terms(&self, across: f64, up: f64) -> [f64; 6] {
        let (x, z) = (
            (across - self.origin[0]) / 50.0,
            (up - self.origin[1]) / 50.0,
        );
        [1.0, x, z, x * x, x * z, z * z]
    }

    pub fn at(&self, across: f64, up: f64) -> f64 {
        let terms = self.terms(across, up);
        terms
            .iter()
            .zip(self.coefficients)
            .map(|(term, of)| term * of)
            .sum()
    }

    /// By least squares.
    pub fn fit(points: &[[f64; 3]]) -> Option<Quadric> {
        let mean =
            |of: usize| points.iter().map(|point| point[of]).sum::<f64>() / points.len() as f64;
        let mut quadric = Quadric {
            coefficients: [0.0; 6],
            origin: [0.0, mean(1)],
        };
        let mut matrix = [[0.0_f64; 7]; 6];
        for [across, up, depth] in points {
            let terms = quadric.terms(*across, *up);
            for (row, a) in matrix.iter_mut().zip(terms) {
                for (cell, b) in row.iter_mut().zip(terms.into_iter().chain([*depth])) {
                    *cell += a * b;
                }
            }
        }
        quadric.coefficients = solve(matrix)?;
        Some(quadric)
    }
}

/// Gauss's elimination with pivots.
fn solve(mut matrix: [[f64; 7]; 6]) -> Option<[f64; 6]> {
    for column in 0..6 {
        let pivot = (column..6).max_by(|a, b| {
            matrix[*a][column]
                .abs()
                .total_cmp(&matrix[*b][column].abs())
        })?;
        matrix.swap(column, pivot);
        let row = matrix[column];
        if row[column].abs() < 1e-9 {
            return None;
        }
        for (number, other) in matrix.iter_mut().enumerate() {
            if number == column {
                continue;
            }
            let factor = other[column] / row[column];
            for (cell, of) in other.iter_mut().zip(row) {
                *cell -= factor * of;
            }
        }
    }
    let mut solution = [0.0; 6];
    for (number, row) in matrix.iter().enumerate() {
        solution[number] = row[6] / row[number];
    }
    Some(solution)
}
