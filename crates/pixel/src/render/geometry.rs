//! From the pixels of an image to those of a picture: region, rotation, flip and size
//! (PS3.18 §8.3.5.1.3; spatial transformation and displayed area of PS3.3 §C.10.4, §C.10.6).

use sagittal_core::{DataSet, tags};

use super::options::{LARGEST_PICTURE, LARGEST_SIDE};
use super::{Groups, Picture, Pixels, Viewport};

/// Height of a pixel over its width, 1 if the object does not tell or tells what cannot be.
pub fn pixel_aspect(groups: &Groups<'_>) -> f64 {
    let measures = groups.place(tags::PIXEL_MEASURES_SEQUENCE);
    let root = groups.root();
    let spacing = |place: &DataSet, tag| match place.floats(tag).as_slice() {
        // Between rows, between columns.
        &[rows, columns, ..] if rows > 0.0 && columns > 0.0 => Some(rows / columns),
        _ => None,
    };
    spacing(measures, tags::PIXEL_SPACING)
        .or_else(|| spacing(root, tags::IMAGER_PIXEL_SPACING))
        .or_else(|| spacing(root, tags::NOMINAL_SCANNED_PIXEL_SPACING))
        .or_else(|| spacing(root, tags::PIXEL_ASPECT_RATIO))
        .filter(|aspect| (0.02..=50.0).contains(aspect))
        .unwrap_or(1.0)
}

/// How a picture is cut and turned out of an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placement {
    /// Left, top, width and height of what is shown, in image pixels; may reach beyond the image.
    pub source: [f64; 4],
    /// Quarter turns clockwise.
    pub turns: u8,
    /// Mirrored left to right, after turning.
    pub flip_horizontal: bool,
    /// Mirrored top to bottom, after turning.
    pub flip_vertical: bool,
    /// Size before turning.
    pub width: u32,
    pub height: u32,
}

/// What to show of an image, before the viewport has a say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// Left, top, width and height in image pixels; everything if absent.
    pub area: Option<[f64; 4]>,
    pub turns: u8,
    pub flip_horizontal: bool,
    /// Height of a pixel over its width.
    pub aspect: f64,
}

impl Placement {
    /// Works out size and source of the picture of an image of `columns` × `rows`.
    pub fn of(columns: u32, rows: u32, wanted: &Wanted, viewport: Option<&Viewport>) -> Placement {
        let (columns, rows) = (f64::from(columns), f64::from(rows));
        let mut placement = Placement {
            source: wanted.area.unwrap_or([0.0, 0.0, columns, rows]),
            turns: wanted.turns % 4,
            flip_horizontal: wanted.flip_horizontal,
            flip_vertical: false,
            width: 1,
            height: 1,
        };
        if let Some(region) = viewport.and_then(|viewport| viewport.region) {
            let width = region.width.unwrap_or(columns - region.x);
            let height = region.height.unwrap_or(rows - region.y);
            placement.source = [
                region.x,
                region.y,
                width.abs().max(1e-3),
                height.abs().max(1e-3),
            ];
            placement.flip_horizontal ^= width < 0.0;
            placement.flip_vertical ^= height < 0.0;
        }
        let [_, _, width, height] = placement.source;
        // Picture elements are squares: the shorter side of a pixel is stretched.
        let (mut width, mut height) = if wanted.aspect > 1.0 {
            (width, height * wanted.aspect)
        } else {
            (width / wanted.aspect.max(1e-3), height)
        };
        let is_lying = placement.turns % 2 == 1;
        let limits = viewport.map_or((LARGEST_SIDE, LARGEST_SIDE), |v| (v.width, v.height));
        let (most_width, most_height) = if is_lying {
            (limits.1.into(), limits.0.into())
        } else {
            (f64::from(limits.0), f64::from(limits.1))
        };
        let fit = (most_width / width).min(most_height / height);
        let mut scale = if viewport.is_some() {
            fit
        } else {
            fit.min(1.0)
        };
        let area = width * height * scale * scale;
        if area > LARGEST_PICTURE as f64 {
            scale *= (LARGEST_PICTURE as f64 / area).sqrt();
        }
        width *= scale;
        height *= scale;
        // At most 16384 each.
        placement.width = (width.round() as u32).clamp(1, LARGEST_SIDE);
        placement.height = (height.round() as u32).clamp(1, LARGEST_SIDE);
        placement
    }

    /// Nothing to be done?
    fn is_identity(&self, picture: &Picture) -> bool {
        self.source
            == [
                0.0,
                0.0,
                f64::from(picture.width),
                f64::from(picture.height),
            ]
            && (self.width, self.height) == (picture.width, picture.height)
    }

    /// Cuts, scales, turns and mirrors.
    pub fn apply(&self, picture: &mut Picture) {
        if !self.is_identity(picture) {
            let size = [picture.width as usize, picture.height as usize];
            let to = [self.width as usize, self.height as usize];
            let channels = if picture.is_grey() { 1 } else { 3 };
            if let Pixels::Grey8(pixels) | Pixels::Rgb8(pixels) = &mut picture.pixels {
                *pixels = resample(pixels, size, channels, self.source, to);
                (picture.width, picture.height) = (self.width, self.height);
            }
        }
        self.turn(picture);
    }

    fn turn(&self, picture: &mut Picture) {
        if self.turns == 0 && !self.flip_horizontal && !self.flip_vertical {
            return;
        }
        let (width, height) = (picture.width as usize, picture.height as usize);
        let (new_width, new_height) = if self.turns % 2 == 1 {
            (height, width)
        } else {
            (width, height)
        };
        let channels = if picture.is_grey() { 1 } else { 3 };
        let (Pixels::Grey8(pixels) | Pixels::Rgb8(pixels)) = &mut picture.pixels else {
            return;
        };
        let mut out = Vec::with_capacity(pixels.len());
        for y in 0..new_height {
            for x in 0..new_width {
                let x = if self.flip_horizontal {
                    new_width - 1 - x
                } else {
                    x
                };
                let y = if self.flip_vertical {
                    new_height - 1 - y
                } else {
                    y
                };
                let (from_x, from_y) = match self.turns {
                    0 => (x, y),
                    1 => (y, height - 1 - x),
                    2 => (width - 1 - x, height - 1 - y),
                    _ => (width - 1 - y, x),
                };
                let at = (from_y * width + from_x) * channels;
                out.extend_from_slice(pixels.get(at..at + channels).unwrap_or(&[]));
            }
        }
        *pixels = out;
        // Both came from u32.
        (picture.width, picture.height) = (new_width as u32, new_height as u32);
    }

    /// Where a point of the image is in the picture. Both count from the outer corner of the
    /// upper left pixel.
    pub fn locate(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [left, top, source_width, source_height] = self.source;
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let x = (x - left) * width / source_width;
        let y = (y - top) * height / source_height;
        let (x, y) = match self.turns {
            0 => (x, y),
            1 => (height - y, x),
            2 => (width - x, height - y),
            _ => (y, width - x),
        };
        let (width, height) = if self.turns % 2 == 1 {
            (height, width)
        } else {
            (width, height)
        };
        [
            if self.flip_horizontal { width - x } else { x },
            if self.flip_vertical { height - y } else { y },
        ]
    }
}

/// The source elements that one target element is made of, and their weights.
struct Taps {
    start: usize,
    weights: Vec<f32>,
}

/// Weights along one direction: averages of areas when it becomes smaller, cubic curves
/// (Catmull-Rom) when it becomes larger. Beyond the image there is nothing: black.
fn taps(length: usize, from: f64, extent: f64, count: usize) -> Vec<Taps> {
    let step = extent / count as f64;
    (0..count)
        .map(|at| {
            let (begin, end) = (from + step * at as f64, from + step * (at + 1) as f64);
            if step >= 1.0 {
                area(length, begin, end)
            } else {
                cubic(length, (begin + end) / 2.0)
            }
        })
        .collect()
}

fn area(length: usize, begin: f64, end: f64) -> Taps {
    // Saturate at 0 and are cut at the length.
    let start = (begin.floor().max(0.0) as usize).min(length);
    let stop = (end.ceil().max(0.0) as usize).min(length);
    let weights = (start..stop)
        .map(|at| {
            let cover = (end.min((at + 1) as f64) - begin.max(at as f64)).max(0.0);
            (cover / (end - begin)) as f32
        })
        .collect();
    Taps { start, weights }
}

fn cubic(length: usize, center: f64) -> Taps {
    if center < 0.0 || center >= length as f64 {
        return Taps {
            start: 0,
            weights: Vec::new(),
        };
    }
    let position = center - 0.5;
    let base = position.floor();
    let t = position - base;
    let curve = [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ];
    let last = length as i64 - 1;
    let first = (base as i64 - 1).clamp(0, last);
    let stop = (base as i64 + 2).clamp(0, last);
    // The edge's pixel stands for those beyond it.
    let mut weights = vec![0.0; usize::try_from(stop - first + 1).unwrap_or(1)];
    for (offset, weight) in (-1..).zip(curve) {
        let at = (base as i64 + offset).clamp(0, last) - first;
        if let Some(sum) = usize::try_from(at).ok().and_then(|at| weights.get_mut(at)) {
            *sum += weight as f32;
        }
    }
    Taps {
        start: usize::try_from(first).unwrap_or(0),
        weights,
    }
}

/// Scales a part of an image: columns of sums first, then along the rows.
fn resample(
    pixels: &[u8],
    [width, height]: [usize; 2],
    channels: usize,
    [left, top, extent_x, extent_y]: [f64; 4],
    [to_width, to_height]: [usize; 2],
) -> Vec<u8> {
    let columns = taps(width, left, extent_x, to_width);
    let rows = taps(height, top, extent_y, to_height);
    let mut out = Vec::with_capacity(to_width * to_height * channels);
    let row_length = width * channels;
    let mut sums = vec![0.0_f32; row_length];
    for row in &rows {
        sums.fill(0.0);
        for (at, &weight) in (row.start..).zip(&row.weights) {
            let source = pixels
                .get(at * row_length..(at + 1) * row_length)
                .unwrap_or(&[]);
            for (sum, &value) in sums.iter_mut().zip(source) {
                *sum += f32::from(value) * weight;
            }
        }
        for column in &columns {
            for channel in 0..channels {
                let values = sums
                    .get(column.start * channels + channel..)
                    .unwrap_or(&[])
                    .iter()
                    .step_by(channels);
                let sum: f32 = values.zip(&column.weights).map(|(v, w)| v * w).sum();
                // Saturates.
                out.push(sum.round() as u8);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
