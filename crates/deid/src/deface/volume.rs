//! Slices of a series put together, whatever their orientation, order and spacing, and sampled in
//! the axes of the patient (PS3.3 §C.7.6.2.1): x to the left, y to the back, z to the head.

use sagittal_core::{DataSet, tags};
use sagittal_pixel::render::{Description, Groups};

use super::SliceRef;
use crate::pixels::PixelFrames;
use crate::{Error, Result};

pub(super) type Vector = [f64; 3];

pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn unit(a: Vector) -> Option<Vector> {
    let length = dot(a, a).sqrt();
    (length > 1e-6 && length.is_finite()).then(|| a.map(|number| number / length))
}

/// Where a slice's pixels are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub position: Vector,
    /// Along a row, and along a column.
    pub across: Vector,
    pub down: Vector,
    /// Millimetres from column to column, and from row to row.
    pub spacing: [f64; 2],
    pub columns: u32,
    pub rows: u32,
}

impl Place {
    /// Of frame `number` (from 1); `None` of what is no slice.
    pub fn of(header: &DataSet, number: u32) -> Option<Place> {
        let groups = Groups::of(header, number);
        let three = |numbers: &[f64]| Vector::try_from(numbers).ok();
        let position = groups
            .place(tags::PLANE_POSITION_SEQUENCE)
            .floats(tags::IMAGE_POSITION_PATIENT);
        let orientation = groups
            .place(tags::PLANE_ORIENTATION_SEQUENCE)
            .floats(tags::IMAGE_ORIENTATION_PATIENT);
        let spacing = groups
            .place(tags::PIXEL_MEASURES_SEQUENCE)
            .floats(tags::PIXEL_SPACING);
        let size = |tag| {
            u32::try_from(header.int(tag)?)
                .ok()
                .filter(|size| *size > 0)
        };
        let &[between_rows, between_columns, ..] = spacing.as_slice() else {
            return None;
        };
        let place = Place {
            position: three(&position)?,
            across: unit(three(orientation.get(..3)?)?)?,
            down: unit(three(orientation.get(3..6)?)?)?,
            spacing: [between_columns, between_rows],
            columns: size(tags::COLUMNS)?,
            rows: size(tags::ROWS)?,
        };
        let is_sound = place.spacing.iter().all(|one| (0.05..20.0).contains(one))
            && place.position.iter().all(|one| one.abs() < 1e5)
            && dot(place.across, place.down).abs() < 0.01;
        is_sound.then_some(place)
    }

    pub fn normal(&self) -> Vector {
        cross(self.across, self.down)
    }

    /// Where the middle of a pixel is.
    pub fn point(&self, column: f64, row: f64) -> Vector {
        let (x, y) = (column * self.spacing[0], row * self.spacing[1]);
        [0, 1, 2]
            .map(|axis: usize| self.position[axis] + self.across[axis] * x + self.down[axis] * y)
    }

    /// Column and row below a point.
    fn pixel(&self, point: Vector) -> (f64, f64) {
        let from = [0, 1, 2].map(|axis: usize| point[axis] - self.position[axis]);
        (
            dot(from, self.across) / self.spacing[0],
            dot(from, self.down) / self.spacing[1],
        )
    }
}

/// A slice, coarser than it was.
struct Plane {
    place: Place,
    height: f64,
    factor: usize,
    columns: usize,
    rows: usize,
    values: Vec<f32>,
}

/// The slices of a series, sorted.
pub(super) struct Volume {
    planes: Vec<Plane>,
    normal: Vector,
    gap: f64,
    /// Where each slice is that was given: number of the instance, and frame from 1.
    pub slices: Vec<(usize, u32, Place)>,
}

/// Pixels of about so many millimetres are enough.
const COARSE: f64 = 1.2;
/// The farthest that slices may be apart.
const WIDEST_GAP: f64 = 8.0;

impl Volume {
    /// Puts slices together.
    ///
    /// # Errors
    /// [`Error::Deface`] with the reason if they make no volume.
    pub fn of(series: &[SliceRef<'_>]) -> Result<Volume> {
        let mut slices = Vec::new();
        let mut planes: Vec<Plane> = Vec::new();
        let mut normal = None;
        for (instance, slice) in series.iter().enumerate() {
            let Some(frames) = PixelFrames::of(slice.data_set, slice.transfer_syntax)? else {
                continue;
            };
            if frames.image.samples_per_pixel != 1 {
                return Err(impossible("slices are in colors"));
            }
            for number in 1..=frames.count() {
                let place = Place::of(slice.data_set, number)
                    .ok_or_else(|| impossible("a slice does not tell where it is"))?;
                let normal = *normal.get_or_insert(place.normal());
                if dot(place.normal(), normal) < 0.99 {
                    return Err(impossible("slices have different orientations"));
                }
                slices.push((instance, number, place));
                let height = dot(place.position, normal);
                // Other phases and echoes are masked like the first one at their place.
                if planes.iter().any(|one| (one.height - height).abs() < 0.05) {
                    continue;
                }
                planes.push(Plane::of(slice.data_set, &frames, number, place, height)?);
            }
        }
        let Some(normal) = normal else {
            return Err(impossible("there are no slices"));
        };
        planes.sort_by(|a, b| a.height.total_cmp(&b.height));
        let gaps = planes
            .iter()
            .zip(planes.iter().skip(1))
            .map(|(a, b)| b.height - a.height);
        let gap = gaps.fold(0.0, f64::max);
        if planes.len() < 8 {
            return Err(impossible("there are fewer than 8 slices"));
        }
        if gap > WIDEST_GAP {
            return Err(impossible("slices are more than 8 mm apart"));
        }
        Ok(Volume {
            planes,
            normal,
            gap,
            slices,
        })
    }

    /// The value at a point, if there is one.
    fn sample(&self, point: Vector) -> Option<f32> {
        let height = dot(point, self.normal);
        let above = self.planes.partition_point(|plane| plane.height <= height);
        let below = above.checked_sub(1).and_then(|at| self.planes.get(at));
        let above = self.planes.get(above);
        match (below, above) {
            (Some(below), Some(above)) => {
                let part = (height - below.height) / (above.height - below.height).max(1e-9);
                let (a, b) = (below.sample(point)?, above.sample(point)?);
                Some(a + (b - a) * part as f32)
            }
            (Some(only), None) | (None, Some(only)) => {
                ((height - only.height).abs() <= self.gap).then(|| only.sample(point))?
            }
            (None, None) => None,
        }
    }

    /// Least and greatest place in each direction of the patient.
    fn bounds(&self) -> [(f64, f64); 3] {
        let mut bounds = [(f64::INFINITY, f64::NEG_INFINITY); 3];
        for plane in &self.planes {
            let (right, bottom) = (f64::from(plane.place.columns), f64::from(plane.place.rows));
            for (column, row) in [(0.0, 0.0), (right, 0.0), (0.0, bottom), (right, bottom)] {
                let point = plane.place.point(column, row);
                for (bound, at) in bounds.iter_mut().zip(point) {
                    *bound = (bound.0.min(at), bound.1.max(at));
                }
            }
        }
        bounds
    }
}

impl Plane {
    fn of(
        header: &DataSet,
        frames: &PixelFrames,
        number: u32,
        place: Place,
        height: f64,
    ) -> Result<Plane> {
        let frame = frames.decoded(number)?;
        let description = Description::of(header, number, &frame.image);
        let samples = crate::pixels::stored_values(&frame);
        let finest = place.spacing[0].min(place.spacing[1]);
        let factor = ((COARSE / finest) as usize).clamp(1, 16);
        let (width, rows) = (place.columns as usize, place.rows as usize);
        let (small_columns, small_rows) = (width.div_ceil(factor), rows.div_ceil(factor));
        let mut sums = vec![(0.0_f32, 0_u32); small_columns * small_rows];
        for (at, stored) in samples.enumerate() {
            let stored = stored as f64;
            if description
                .padding
                .is_some_and(|(from, to)| (from..=to).contains(&stored))
            {
                continue;
            }
            let cell = at / width / factor * small_columns + at % width / factor;
            if let Some((sum, count)) = sums.get_mut(cell) {
                *sum += description.modality.apply(stored) as f32;
                *count += 1;
            }
        }
        let means = sums.into_iter().map(|(sum, count)| match count {
            0 => f32::NAN,
            count => sum / count as f32,
        });
        Ok(Plane {
            place,
            height,
            factor,
            columns: small_columns,
            rows: small_rows,
            values: means.collect(),
        })
    }

    /// The value at a point's foot; NaN where there is padding.
    fn sample(&self, point: Vector) -> Option<f32> {
        let (column, row) = self.place.pixel(point);
        let coarse = |at: f64| (at + 0.5) / self.factor as f64 - 0.5;
        let (x, y) = (coarse(column), coarse(row));
        let (right, bottom) = (self.columns as f64 - 1.0, self.rows as f64 - 1.0);
        if x < -0.5 || y < -0.5 || x > right + 0.5 || y > bottom + 0.5 {
            return None;
        }
        let (x, y) = (x.clamp(0.0, right), y.clamp(0.0, bottom));
        let (left, top) = (x.floor() as usize, y.floor() as usize);
        let (across, down) = ((x - x.floor()) as f32, (y - y.floor()) as f32);
        let value = |x: usize, y: usize| {
            let at = y.min(self.rows - 1) * self.columns + x.min(self.columns - 1);
            self.values.get(at).copied().unwrap_or(f32::NAN)
        };
        let mix = |a: f32, b: f32, part: f32| a + (b - a) * part;
        Some(mix(
            mix(value(left, top), value(left + 1, top), across),
            mix(value(left, top + 1), value(left + 1, top + 1), across),
            down,
        ))
    }
}

/// Values on a grid in the axes of the patient.
pub(super) struct Grid {
    pub size: [usize; 3],
    pub origin: Vector,
    /// Millimetres; NaN is no value.
    pub values: Vec<f32>,
}

/// Millimetres from place to place of the grid.
pub(super) const STEP: f64 = 2.0;
/// Below the highest slice, a head ends here.
const TALLEST: f64 = 340.0;
const WIDEST: f64 = 640.0;

impl Grid {
    pub fn of(volume: &Volume) -> Result<Grid> {
        let mut bounds = volume.bounds();
        bounds[2].0 = bounds[2].0.max(bounds[2].1 - TALLEST);
        let mut size = [0; 3];
        for (size, (least, most)) in size.iter_mut().zip(bounds) {
            if most - least > WIDEST {
                return Err(impossible("slices are larger than a person is wide"));
            }
            *size = ((most - least) / STEP).ceil() as usize + 1;
        }
        let origin = bounds.map(|(least, _)| least);
        let mut values = Vec::with_capacity(size.iter().product());
        for z in 0..size[2] {
            for y in 0..size[1] {
                for x in 0..size[0] {
                    let place = [x, y, z].map(|at| at as f64 * STEP);
                    let point = [0, 1, 2].map(|axis: usize| origin[axis] + place[axis]);
                    values.push(volume.sample(point).unwrap_or(f32::NAN));
                }
            }
        }
        Ok(Grid {
            size,
            origin,
            values,
        })
    }

    pub fn index(&self, [x, y, z]: [usize; 3]) -> usize {
        (z * self.size[1] + y) * self.size[0] + x
    }

    /// The place of the grid nearest to a point.
    pub fn nearest(&self, point: Vector) -> Option<usize> {
        let mut place = [0; 3];
        for axis in 0..3 {
            let at = ((point[axis] - self.origin[axis]) / STEP).round();
            if at < 0.0 || at >= self.size[axis] as f64 {
                return None;
            }
            place[axis] = at as usize;
        }
        Some(self.index(place))
    }

    /// Millimetres along an axis.
    pub fn along(&self, axis: usize, at: usize) -> f64 {
        self.origin[axis] + at as f64 * STEP
    }
}

pub(super) fn impossible(reason: &str) -> Error {
    Error::Deface(reason.to_owned())
}
