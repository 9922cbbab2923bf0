//! Regular volumes of slices, cut and projected: renderedmpr and rendered3d (PS3.18 §8.3.5.3).

use rayon::prelude::*;
use sagittal_core::{DataSet, tags};

use super::samples::numbers;
use super::{Description, Groups, Picture, Pixels, Viewport, Window};
use crate::{Error, Frame, Result};

use vector::{Vector, add, cross, dot, scale, subtract, unit};

mod vector;

/// Values on a regular grid, in patient coordinates.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Columns, rows, slices.
    size: [usize; 3],
    /// Where the first value is.
    origin: Vector,
    /// Directions of columns, rows and slices, each a millimetre long.
    axes: [Vector; 3],
    /// Millimetres from value to value in each direction.
    spacing: [f64; 3],
    values: Vec<f32>,
    /// The window of the first slice.
    window: Option<Window>,
    inverse: bool,
}

/// One slice: where it is, and its frame.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a> {
    /// The header of its instance.
    pub header: &'a DataSet,
    /// Which frame of it, from 1.
    pub frame_number: u32,
    /// The decoded frame.
    pub frame: &'a Frame,
}

/// What becomes of the values across a slab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Projection {
    /// The greatest: maximum_ip.
    #[default]
    Maximum,
    /// The least: minimum_ip.
    Minimum,
    /// The mean: average_ip.
    Mean,
}

/// A plane through the volume.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plane {
    /// Its middle, in patient coordinates.
    pub center: Vector,
    /// To the right of the picture.
    pub right: Vector,
    /// Down the picture.
    pub down: Vector,
}

/// The three usual orientations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Orientation {
    /// Seen from the feet.
    Axial,
    /// Seen from the left.
    Sagittal,
    /// Seen from the front.
    Coronal,
}

impl Orientation {
    /// Right and down of the picture, in patient axes (left, back, head).
    pub fn axes(self) -> (Vector, Vector) {
        match self {
            Orientation::Axial => ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
            Orientation::Sagittal => ([0.0, 1.0, 0.0], [0.0, 0.0, -1.0]),
            Orientation::Coronal => ([1.0, 0.0, 0.0], [0.0, 0.0, -1.0]),
        }
    }
}

/// Position, orientation and spacing of a slice.
struct Place {
    position: Vector,
    columns: Vector,
    rows: Vector,
    spacing: [f64; 2],
}

impl Volume {
    /// Builds a volume of slices in any order, of at most `max_bytes`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with the reason if the slices make no regular grid,
    /// [`Error::TooLarge`] above the limit.
    pub fn of_slices(slices: &[Slice<'_>], max_bytes: u64) -> Result<Volume> {
        let mut placed = slices
            .iter()
            .map(|slice| Ok((place(slice)?, slice)))
            .collect::<Result<Vec<_>>>()?;
        let Some((first, slice)) = placed.first() else {
            return Err(irregular("no slices"));
        };
        let image = slice.frame.image;
        let (columns, rows, spacing) = (first.columns, first.rows, first.spacing);
        let normal = cross(columns, rows);
        for (place, slice) in &placed {
            let of = &slice.frame.image;
            if (of.columns, of.rows) != (image.columns, image.rows) {
                return Err(irregular("slices have different sizes"));
            }
            if of.samples_per_pixel != 1 {
                return Err(irregular("slices are of colors"));
            }
            if dot(place.columns, columns) < 0.999 || dot(place.rows, rows) < 0.999 {
                return Err(irregular("slices have different orientations"));
            }
            let is_off = |at: usize| (place.spacing[at] - spacing[at]).abs() > 0.01 * spacing[at];
            if is_off(0) || is_off(1) {
                return Err(irregular("slices have different pixel spacings"));
            }
        }
        placed
            .sort_by(|(a, _), (b, _)| dot(a.position, normal).total_cmp(&dot(b.position, normal)));
        let heights: Vec<f64> = placed
            .iter()
            .map(|(place, _)| dot(place.position, normal))
            .collect();
        let gap = regular_gap(&heights)?;
        let size = [image.columns as usize, image.rows as usize, placed.len()];
        let bytes = 4 * size.iter().map(|&length| length as u64).product::<u64>();
        if bytes > max_bytes {
            return Err(Error::TooLarge {
                bytes,
                limit: max_bytes,
            });
        }
        let mut values = Vec::with_capacity(size.iter().product());
        let mut window = None;
        let mut inverse = false;
        for (at, (_, slice)) in placed.iter().enumerate() {
            let description = Description::of(slice.header, slice.frame_number, &slice.frame.image);
            let padding = description.padding;
            values.extend(numbers(slice.frame).map(|stored| {
                let is_padding = padding.is_some_and(|(from, to)| (from..=to).contains(&stored));
                if is_padding || stored.is_nan() {
                    f32::NAN
                } else {
                    description.modality.apply(stored) as f32
                }
            }));
            if at == placed.len() / 2 {
                window = description.windows().next().map(|(window, _)| window);
                inverse = description.inverse;
            }
        }
        let origin = placed.first().map_or([0.0; 3], |(place, _)| place.position);
        Volume::fill_padding(&mut values);
        Ok(Volume {
            size,
            origin,
            axes: [columns, rows, normal],
            spacing: [spacing[1], spacing[0], gap],
            values,
            window,
            inverse,
        })
    }

    /// What is no value becomes the least.
    fn fill_padding(values: &mut [f32]) {
        let least = values.iter().copied().fold(f32::INFINITY, f32::min);
        let least = if least.is_finite() { least } else { 0.0 };
        for value in values.iter_mut().filter(|value| value.is_nan()) {
            *value = least;
        }
    }

    /// The middle of the volume.
    pub fn center(&self) -> Vector {
        let mut center = self.origin;
        for axis in 0..3 {
            let half = self.spacing[axis] * (self.size[axis] as f64 - 1.0) / 2.0;
            center = add(center, scale(self.axes[axis], half));
        }
        center
    }

    /// How far the volume reaches along a direction, in millimetres.
    pub fn extent(&self, direction: Vector) -> f64 {
        (0..3)
            .map(|axis| {
                let length = self.spacing[axis] * self.size[axis] as f64;
                (dot(self.axes[axis], direction) * length).abs()
            })
            .sum()
    }

    /// The window that is used when nobody asks for one.
    pub fn window(&self) -> Window {
        self.window.unwrap_or_else(|| {
            let (low, high) = self
                .values
                .iter()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| {
                    (low.min(value), high.max(value))
                });
            Window::of_range(low.into(), high.into())
        })
    }

    /// The value at a place of the grid, between values by three linear steps.
    fn sample(&self, at: Vector) -> Option<f32> {
        let [width, height, depth] = self.size;
        let mut base = [0_usize; 3];
        let mut part = [0.0_f32; 3];
        for axis in 0..3 {
            let last = self.size[axis] as f64 - 1.0;
            // Half a value beyond the outermost still belongs to it.
            if at[axis] < -0.5 || at[axis] > last + 0.5 {
                return None;
            }
            let inside = at[axis].clamp(0.0, last);
            base[axis] = inside.floor() as usize;
            part[axis] = (inside - inside.floor()) as f32;
        }
        let value = |x: usize, y: usize, z: usize| {
            let (x, y, z) = (x.min(width - 1), y.min(height - 1), z.min(depth - 1));
            self.values
                .get((z * height + y) * width + x)
                .copied()
                .unwrap_or(0.0)
        };
        let [x, y, z] = base;
        let mix = |a: f32, b: f32, part: f32| a + (b - a) * part;
        let along = |y: usize, z: usize| mix(value(x, y, z), value(x + 1, y, z), part[0]);
        let face = |z: usize| mix(along(y, z), along(y + 1, z), part[1]);
        Some(if part[2] == 0.0 {
            face(z)
        } else {
            mix(face(z), face(z + 1), part[2])
        })
    }

    /// A point of the patient in steps of the grid.
    fn to_grid(&self, point: Vector) -> Vector {
        let from = subtract(point, self.origin);
        [0, 1, 2].map(|axis: usize| dot(from, self.axes[axis]) / self.spacing[axis])
    }

    fn direction_to_grid(&self, direction: Vector) -> Vector {
        [0, 1, 2].map(|axis: usize| dot(direction, self.axes[axis]) / self.spacing[axis])
    }

    /// The plane of an orientation, `offset` millimetres from the middle along its normal.
    pub fn plane(&self, orientation: Orientation, offset: f64) -> Plane {
        let (right, down) = orientation.axes();
        Plane {
            center: add(self.center(), scale(cross(right, down), offset)),
            right,
            down,
        }
    }

    /// Cuts a slab of `thickness` millimetres along a plane. The picture is as large as the
    /// volume needs, in steps of the finest spacing, or fits into `size`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for directions of no length and sizes that cannot be.
    pub fn slab(
        &self,
        plane: &Plane,
        thickness: f64,
        projection: Projection,
        window: Option<Window>,
        size: Option<Viewport>,
    ) -> Result<Picture> {
        let (Some(right), Some(down)) = (unit(plane.right), unit(plane.down)) else {
            return Err(super::options::wrong(
                "orientation",
                "a direction has no length",
            ));
        };
        let normal = unit(cross(right, down)).ok_or(super::options::wrong(
            "orientation",
            "both directions are the same",
        ))?;
        let finest = self.spacing.into_iter().fold(f64::INFINITY, f64::min);
        let (width, height) = (self.extent(right), self.extent(down));
        let step = match size {
            Some(size) => (width / f64::from(size.width)).max(height / f64::from(size.height)),
            None => finest.max(width / 4096.0).max(height / 4096.0),
        };
        // At least 1, at most 16384.
        let columns = ((width / step).round() as u32).clamp(1, 16_384);
        let rows = ((height / step).round() as u32).clamp(1, 16_384);
        let depth = thickness.clamp(0.0, self.extent(normal));
        // At least 1; a volume has few thousands of values in any direction.
        let layers = ((depth / finest).ceil() as usize).clamp(1, 8192);
        let between = depth / layers as f64;
        let first = self.to_grid(add(
            plane.center,
            scale(normal, -between * (layers as f64 - 1.0) / 2.0),
        ));
        let forward = self.direction_to_grid(scale(normal, between));
        let (x_step, y_step) = (
            self.direction_to_grid(scale(right, step)),
            self.direction_to_grid(scale(down, step)),
        );
        let window = window.unwrap_or_else(|| self.window());
        let pixel = |x: u32, y: u32| {
            let x = f64::from(x) - (f64::from(columns) - 1.0) / 2.0;
            let y = f64::from(y) - (f64::from(rows) - 1.0) / 2.0;
            let mut at = add(first, add(scale(x_step, x), scale(y_step, y)));
            let mut found = Gathered::default();
            for _ in 0..layers {
                if let Some(value) = self.sample(at) {
                    found.take(value);
                }
                at = add(at, forward);
            }
            found.result(projection).map_or(0, |value| {
                let light = window.apply(value.into());
                let light = if self.inverse { 1.0 - light } else { light };
                // Between 0 and 255.
                (light * 255.0).round() as u8
            })
        };
        let pixels: Vec<u8> = (0..rows)
            .into_par_iter()
            .flat_map_iter(|y| (0..columns).map(move |x| (x, y)))
            .map(|(x, y)| pixel(x, y))
            .collect();
        Picture::new(columns, rows, Pixels::Grey8(pixels))
    }

    /// Looks through the whole volume, turned by `angle` degrees about the long axis of the
    /// patient; 0 is from the front.
    ///
    /// # Errors
    /// As [`Volume::slab`].
    pub fn projection(
        &self,
        angle: f64,
        projection: Projection,
        window: Option<Window>,
        size: Option<Viewport>,
    ) -> Result<Picture> {
        let plane = self.turned(angle);
        self.slab(&plane, f64::MAX, projection, window, size)
    }

    fn turned(&self, angle: f64) -> Plane {
        let (sin, cos) = angle.to_radians().sin_cos();
        Plane {
            center: self.center(),
            right: [cos, sin, 0.0],
            down: [0.0, 0.0, -1.0],
        }
    }

    /// Casts rays through the volume, turned as in [`Volume::projection`]: the window tells how
    /// opaque a value is, surfaces are shaded.
    ///
    /// # Errors
    /// As [`Volume::slab`].
    pub fn shaded(&self, angle: f64, window: Option<Window>, size: Viewport) -> Result<Picture> {
        let plane = self.turned(angle);
        let normal = cross(plane.right, plane.down);
        let (width, height) = (self.extent(plane.right), self.extent(plane.down));
        let depth = self.extent(normal);
        let step = (width / f64::from(size.width)).max(height / f64::from(size.height));
        let columns = ((width / step).round() as u32).clamp(1, 16_384);
        let rows = ((height / step).round() as u32).clamp(1, 16_384);
        let stride = self.spacing.into_iter().fold(f64::INFINITY, f64::min);
        let count = ((depth / stride).ceil() as usize).clamp(1, 8192);
        let window = window.unwrap_or_else(|| self.window());
        let eye = self.direction_to_grid(scale(normal, -1.0));
        let start = self.to_grid(add(plane.center, scale(normal, -depth / 2.0)));
        let forward = self.direction_to_grid(scale(normal, stride));
        let (x_step, y_step) = (
            self.direction_to_grid(scale(plane.right, step)),
            self.direction_to_grid(scale(plane.down, step)),
        );
        let pixel = |x: u32, y: u32| {
            let x = f64::from(x) - (f64::from(columns) - 1.0) / 2.0;
            let y = f64::from(y) - (f64::from(rows) - 1.0) / 2.0;
            let mut at = add(start, add(scale(x_step, x), scale(y_step, y)));
            let (mut light, mut through) = (0.0_f64, 1.0_f64);
            for _ in 0..count {
                if through < 0.02 {
                    break;
                }
                let opacity = self
                    .sample(at)
                    .map_or(0.0, |value| window.apply(value.into()));
                if opacity > 0.0 {
                    // Opacity of a step of a millimetre, so that spacing does not show.
                    let opacity = 1.0 - (1.0 - 0.6 * opacity).powf(stride);
                    light += through * opacity * self.shade(at, eye);
                    through *= 1.0 - opacity;
                }
                at = add(at, forward);
            }
            // Between 0 and 255.
            (light.clamp(0.0, 1.0) * 255.0).round() as u8
        };
        let pixels: Vec<u8> = (0..rows)
            .into_par_iter()
            .flat_map_iter(|y| (0..columns).map(move |x| (x, y)))
            .map(|(x, y)| pixel(x, y))
            .collect();
        Picture::new(columns, rows, Pixels::Grey8(pixels))
    }

    /// How light a surface is that is seen from where the light comes.
    fn shade(&self, at: Vector, eye: Vector) -> f64 {
        let value = |axis: usize, by: f64| {
            let mut near = at;
            near[axis] += by;
            f64::from(self.sample(near).unwrap_or(0.0))
        };
        let slope =
            [0, 1, 2].map(|axis| (value(axis, 1.0) - value(axis, -1.0)) / self.spacing[axis]);
        // Both in millimetres.
        let eye = [0, 1, 2].map(|axis: usize| eye[axis] * self.spacing[axis]);
        match (unit(slope), unit(eye)) {
            (Some(slope), Some(eye)) => 0.25 + 0.75 * dot(slope, eye).abs(),
            _ => 0.25,
        }
    }
}

#[derive(Default)]
struct Gathered {
    count: u32,
    sum: f64,
    least: f32,
    most: f32,
}

impl Gathered {
    fn take(&mut self, value: f32) {
        if self.count == 0 {
            (self.least, self.most) = (value, value);
        }
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.sum += f64::from(value);
        self.count += 1;
    }

    fn result(&self, projection: Projection) -> Option<f32> {
        (self.count > 0).then(|| match projection {
            Projection::Maximum => self.most,
            Projection::Minimum => self.least,
            Projection::Mean => (self.sum / f64::from(self.count)) as f32,
        })
    }
}

fn place(slice: &Slice<'_>) -> Result<Place> {
    let groups = Groups::of(slice.header, slice.frame_number);
    let three = |numbers: Vec<f64>| Vector::try_from(numbers).ok();
    let position = three(
        groups
            .place(tags::PLANE_POSITION_SEQUENCE)
            .floats(tags::IMAGE_POSITION_PATIENT),
    )
    .ok_or(irregular("a slice has no Image Position (Patient)"))?;
    let orientation = groups
        .place(tags::PLANE_ORIENTATION_SEQUENCE)
        .floats(tags::IMAGE_ORIENTATION_PATIENT);
    let direction =
        |range: std::ops::Range<usize>| three(orientation.get(range)?.to_vec()).and_then(unit);
    let (Some(columns), Some(rows)) = (direction(0..3), direction(3..6)) else {
        return Err(irregular("a slice has no Image Orientation (Patient)"));
    };
    let spacing = groups
        .place(tags::PIXEL_MEASURES_SEQUENCE)
        .floats(tags::PIXEL_SPACING);
    match spacing.as_slice() {
        &[between_rows, between_columns, ..] if between_rows > 0.0 && between_columns > 0.0 => {
            Ok(Place {
                position,
                columns,
                rows,
                spacing: [between_rows, between_columns],
            })
        }
        _ => Err(irregular("a slice has no Pixel Spacing")),
    }
}

/// The distance from slice to slice, if it is the same everywhere to within a tenth.
fn regular_gap(heights: &[f64]) -> Result<f64> {
    let (Some(first), Some(last)) = (heights.first(), heights.last()) else {
        return Err(irregular("no slices"));
    };
    if heights.len() < 2 {
        return Err(irregular("a single slice"));
    }
    let gap = (last - first) / (heights.len() as f64 - 1.0);
    let is_regular = heights
        .iter()
        .zip(heights.iter().skip(1))
        .all(|(a, b)| ((b - a) - gap).abs() <= 0.1 * gap);
    if gap > 1e-6 && is_regular {
        Ok(gap)
    } else {
        Err(irregular("slices are not evenly spaced"))
    }
}

fn irregular(reason: &'static str) -> Error {
    Error::Unsupported {
        codec: "volume rendering",
        what: format!("an irregular volume ({reason})").into(),
    }
}

#[cfg(test)]
mod tests;
