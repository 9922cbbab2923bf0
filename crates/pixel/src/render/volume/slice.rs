//! One slice of a volume: where it lies and what its values mean, from its header alone.

use sagittal_core::{DataSet, tags};

use super::irregular;
use super::vector::{Vector, add, cross, dot, scale, subtract, unit};
use crate::render::samples::is_small;
use crate::render::{Description, Groups, ModalityTransform, Window};
use crate::{ImagePixel, Photometric, Result};

/// A frame that may be a slice of a volume.
#[derive(Clone, Debug)]
pub struct Slice {
    pub(super) position: Vector,
    /// Direction of growing column numbers, and of growing row numbers.
    pub(super) columns: Vector,
    pub(super) rows: Vector,
    /// Millimetres between columns, and between rows.
    pub(super) spacing: [f64; 2],
    /// Columns and rows.
    pub(super) size: [u32; 2],
    pub(super) modality: ModalityTransform,
    pub(super) padding: Option<(f64, f64)>,
    pub(super) window: Option<Window>,
    pub(super) inverse: bool,
    /// Are its values whole numbers of 16 bits?
    pub(super) is_small: bool,
    /// What has to be taken from them so that they fit 16 bits with a sign.
    pub(super) shift: f64,
}

impl Slice {
    /// Frame `frame_number` (from 1) of an instance.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) with the reason if it can be no slice.
    pub fn of(header: &DataSet, frame_number: u32, image: &ImagePixel) -> Result<Slice> {
        if image.samples_per_pixel != 1 || image.photometric == Photometric::PaletteColor {
            return Err(irregular("slices are of colors"));
        }
        let groups = Groups::of(header, frame_number);
        let three = |numbers: Vec<f64>| {
            Vector::try_from(numbers)
                .ok()
                .filter(|vector| vector.iter().all(|number| number.abs() < 1e7))
        };
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
        if dot(columns, rows).abs() > 0.01 {
            return Err(irregular("rows and columns are not at right angles"));
        }
        let spacing = groups
            .place(tags::PIXEL_MEASURES_SEQUENCE)
            .floats(tags::PIXEL_SPACING);
        let can_be = |spacing: f64| (1e-4..1e4).contains(&spacing);
        let spacing = match spacing.as_slice() {
            &[down, right, ..] if can_be(down) && can_be(right) => [right, down],
            _ => return Err(irregular("a slice has no Pixel Spacing")),
        };
        let description = Description::of(header, frame_number, image);
        let window = description.windows().next().map(|(window, _)| window);
        Ok(Slice {
            position,
            columns,
            rows,
            spacing,
            size: [image.columns, image.rows],
            window,
            inverse: description.inverse,
            padding: description.padding,
            is_small: is_small(image) && image.bits_stored <= 16,
            shift: if image.is_signed || image.bits_stored < 16 {
                0.0
            } else {
                32_768.0
            },
            modality: description.modality,
        })
    }

    /// Where the middle of an element is in the patient.
    pub fn point_at(&self, column: f64, row: f64) -> Vector {
        let across = scale(self.columns, column * self.spacing[0]);
        let down = scale(self.rows, row * self.spacing[1]);
        add(self.position, add(across, down))
    }

    /// The column and row that a point of the patient is nearest to.
    pub fn place_of(&self, point: Vector) -> [f64; 2] {
        let from = subtract(point, self.position);
        [
            dot(from, self.columns) / self.spacing[0],
            dot(from, self.rows) / self.spacing[1],
        ]
    }

    /// How far the middle of another slice is from the plane of this one, in millimetres.
    pub fn distance(&self, other: &Slice) -> f64 {
        let [columns, rows] = other.size.map(f64::from);
        let middle = other.point_at((columns - 1.0) / 2.0, (rows - 1.0) / 2.0);
        let normal = cross(self.columns, self.rows);
        dot(subtract(middle, self.position), normal).abs()
    }

    /// Could both belong to the same volume, as far as one can tell by two?
    pub(super) fn goes_with(&self, other: &Slice) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= 0.01 * b;
        self.size == other.size
            && dot(self.columns, other.columns) > 0.999
            && dot(self.rows, other.rows) > 0.999
            && near(self.spacing[0], other.spacing[0])
            && near(self.spacing[1], other.spacing[1])
    }
}
