//! Masks of slices, and what takes the place of a face.

use sagittal_core::{DataSet, tags};

use super::face::{Face, Quadric};
use super::head::{Cranium, Head};
use super::plan::{Measured, SliceRef};
use super::region::Set;
use super::volume::{Grid, Place, STEP, Volume, impossible};
use crate::Result;
use crate::pixels::{
    Edit, PixelFrames, Rewritten, Spans, Values, remove_icons, rewrite, stored_values,
};

/// What is to be removed of a series.
#[derive(Clone, Debug)]
pub struct Mask {
    /// One for each slice of which something is removed.
    pub slices: Vec<SliceMask>,
    /// How much of the face is gone.
    pub measured: Measured,
    /// PNG of the surface from the front as it was: shows the face.
    pub before: Option<Vec<u8>>,
    /// PNG of the surface from the front as it will be.
    pub after: Vec<u8>,
}

/// What is to be removed of one slice.
#[derive(Clone, Debug)]
pub struct SliceMask {
    /// Number of the instance in the series as it was given, from 0.
    pub instance: usize,
    /// Frame, from 1.
    pub frame: u32,
    /// The pixels.
    pub spans: Spans,
    /// Stored values of air in this series, to choose from.
    air: std::sync::Arc<Vec<i64>>,
}

impl SliceMask {
    /// The new values of the pixels: air of the same series, noise and all, in an order that tells
    /// nothing.
    fn edit(&self) -> Edit {
        let count = self.spans.pixels();
        let seed = (self.instance as u64) << 32 | u64::from(self.frame);
        let values = (0..count).map(|at| {
            let pick = mixed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ at);
            let length = self.air.len().max(1) as u64;
            let at = usize::try_from(pick % length).unwrap_or(0);
            self.air.get(at).copied().unwrap_or(0)
        });
        Edit {
            values: Values::Each(values.collect()),
            spans: self.spans.clone(),
        }
    }
}

/// SplitMix64's last steps.
fn mixed(mut number: u64) -> u64 {
    number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ number >> 31
}

impl Mask {
    /// The masks of one instance, by its number in the series as it was given to
    /// [`plan`](super::plan).
    pub fn of_instance(&self, instance: usize) -> Vec<&SliceMask> {
        let slices = self.slices.iter();
        slices.filter(|slice| slice.instance == instance).collect()
    }
}

/// Removes what the masks of one instance say, and marks it: Recognizable Visual Features
/// (0028,0302) is NO. Give all masks of the instance, also if there are none: then it is only
/// marked. Icons go.
///
/// # Errors
/// As of [`rewrite`].
pub fn apply(
    data_set: &mut DataSet,
    transfer_syntax: &str,
    masks: &[&SliceMask],
) -> Result<Rewritten> {
    let rewritten = rewrite(data_set, transfer_syntax, &mut |number| {
        let mask = masks.iter().find(|mask| mask.frame == number)?;
        Some(mask.edit())
    })?;
    remove_icons(data_set);
    data_set.put_text(tags::RECOGNIZABLE_VISUAL_FEATURES, "NO");
    Ok(rewritten)
}

/// Ears: what stands out of the sides of the head, between the temples and the jaw.
pub(super) fn ears(grid: &Grid, head: &Head) -> Option<Set> {
    let cranium = head.cranium?;
    let mut ears = Set::of(grid.size, std::iter::empty());
    for side in [-1.0, 1.0] {
        ear(grid, head, &cranium, side, &mut ears);
    }
    Some(ears.grown(1).and(&head.protected.not()))
}

/// Where ears are, from the middle to back and front, and below the vertex.
const EAR_REACH: f64 = 55.0;
const EAR_BELOW: std::ops::Range<f64> = 60.0..190.0;
/// What stands out by so much is an ear.
const STANDS_OUT: f64 = 2.5;

fn ear(grid: &Grid, head: &Head, cranium: &Cranium, side: f64, ears: &mut Set) {
    let [width, height, depth] = grid.size;
    let out = |x: usize| (grid.along(0, x) - cranium.center[0]) * side;
    // The side of the head: how far out it is for each ray from back to front and up.
    let mut points = Vec::new();
    for z in 0..depth {
        let up = grid.along(2, z);
        if !EAR_BELOW.contains(&(cranium.vertex - up)) {
            continue;
        }
        for y in 0..height {
            let along = grid.along(1, y) - cranium.center[1];
            let is_in = |x: &usize| head.body.contains(grid.index([*x, y, z]));
            let farthest = (0..width)
                .filter(is_in)
                .map(out)
                .fold(f64::NEG_INFINITY, f64::max);
            if along.abs() <= EAR_REACH && farthest > 20.0 {
                points.push([along, up, farthest]);
            }
        }
    }
    // A smooth side, without what stands out of it.
    let mut kept = points.clone();
    for _ in 0..6 {
        let Some(smooth) = (kept.len() > 100).then(|| Quadric::fit(&kept)).flatten() else {
            return;
        };
        kept = points.clone();
        kept.retain(|[along, up, farthest]| (farthest - smooth.at(*along, *up)).abs() < 3.0);
    }
    let Some(smooth) = (kept.len() > 100).then(|| Quadric::fit(&kept)).flatten() else {
        return;
    };
    for [along, up, farthest] in points {
        let limit = smooth.at(along, up) + STANDS_OUT;
        if farthest <= limit {
            continue;
        }
        for x in (0..width).filter(|x| out(*x) > limit && out(*x) <= farthest) {
            let point = [grid.along(0, x), cranium.center[1] + along, up];
            if let Some(at) = grid.nearest(point)
                && let Some(ear) = ears.is_in.get_mut(at)
            {
                *ear = true;
            }
        }
    }
}

/// Air values that are kept to choose from.
const MOST_AIR: usize = 4096;

pub(super) fn build(
    series: &[SliceRef<'_>],
    volume: &Volume,
    grid: &Grid,
    head: &Head,
    face: &Face,
    ears: Option<&Set>,
) -> Result<Mask> {
    let air = std::sync::Arc::new(air(series, volume, grid, head)?);
    let mut slices = Vec::new();
    for (instance, frame, place) in &volume.slices {
        let spans = spans(place, grid, head, face, ears);
        if !spans.is_empty() {
            slices.push(SliceMask {
                instance: *instance,
                frame: *frame,
                spans,
                air: air.clone(),
            });
        }
    }
    if slices.is_empty() {
        return Err(impossible("no slice shows the face"));
    }
    Ok(Mask {
        slices,
        measured: Measured {
            face_cm2: 0.0,
            moved_5mm: 0.0,
            mean_mm: 0.0,
            cranium: None,
        },
        before: None,
        after: Vec::new(),
    })
}

/// The pixels of a slice that are in front of the cut, or in an ear, and not protected.
fn spans(place: &Place, grid: &Grid, head: &Head, face: &Face, ears: Option<&Set>) -> Spans {
    Spans::of_pixels(place.rows, place.columns, |column, row| {
        let point = place.point(column.into(), row.into());
        let cut = face
            .cut
            .at(point[0] - grid.origin[0], point[2] - grid.origin[2]);
        let nearest = grid.nearest(point);
        let is_protected = nearest.is_some_and(|at| head.protected.contains(at));
        let is_front = cut.is_finite() && point[1] < cut;
        let is_ear = nearest.is_some_and(|at| ears.is_some_and(|ears| ears.contains(at)));
        (is_front || is_ear) && !is_protected
    })
}

/// Stored values of air around the head, without what the scanner calls padding.
fn air(series: &[SliceRef<'_>], volume: &Volume, grid: &Grid, head: &Head) -> Result<Vec<i64>> {
    let near = head.body.grown((12.0 / STEP) as usize);
    let mut values = Vec::with_capacity(MOST_AIR);
    let mut least = i64::MAX;
    let every = (volume.slices.len() / 12).max(1);
    for (instance, number, place) in volume.slices.iter().step_by(every) {
        let Some(slice) = series.get(*instance) else {
            continue;
        };
        let Some(frames) = PixelFrames::of(slice.data_set, slice.transfer_syntax)? else {
            continue;
        };
        let frame = frames.decoded(*number)?;
        let description =
            sagittal_pixel::render::Description::of(slice.data_set, *number, &frame.image);
        let columns = u64::from(place.columns);
        let mut taken = 0;
        for (at, stored) in (0_u64..).zip(stored_values(&frame)) {
            least = least.min(stored);
            let value = stored as f64;
            let is_padding = description
                .padding
                .is_some_and(|(from, to)| (from..=to).contains(&value));
            // Every so-manieth, so that they come from all sides.
            if !mixed(at).is_multiple_of(7) || is_padding || taken >= MOST_AIR / 12 {
                continue;
            }
            let point = place.point((at % columns) as f64, (at / columns) as f64);
            let is_air = grid.nearest(point).is_some_and(|at| {
                !near.contains(at) && grid.values.get(at).is_some_and(|value| value.is_finite())
            });
            if is_air && (description.modality.apply(value) as f32) < head.air {
                values.push(stored);
                taken += 1;
            }
        }
    }
    if values.is_empty() {
        values.push(least.clamp(i64::from(i32::MIN), i64::from(i32::MAX)));
    }
    Ok(values)
}
