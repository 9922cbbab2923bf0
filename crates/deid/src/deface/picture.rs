//! The surface seen from the front, shaded, for reports.

use sagittal_pixel::render::{Picture, Pixels};

use super::face::{Face, Surface, first_along_y};
use super::head::Head;
use super::region::Set;
use super::volume::{Grid, STEP};
use crate::Result;

/// Elements of a picture for each ray.
const SCALE: usize = 3;

/// PNG of the face as it was, if it is wanted, and as it will be.
pub(super) fn pictures(
    grid: &Grid,
    head: &Head,
    face: &Face,
    ears: Option<&Set>,
    is_before_wanted: bool,
) -> Result<(Option<Vec<u8>>, Vec<u8>)> {
    let is_left = |at: usize| head.body.contains(at) && !ears.is_some_and(|ears| ears.contains(at));
    let mut after = first_along_y(grid, is_left);
    for (skin, cut) in after.depth.iter_mut().zip(&face.cut.depth) {
        if *cut > *skin {
            *skin = *cut;
        }
    }
    let before = match is_before_wanted {
        true => Some(shaded(&face.skin)?),
        false => None,
    };
    Ok((before, shaded(&after)?))
}

/// Light comes from above the viewer's left shoulder.
fn shaded(surface: &Surface) -> Result<Vec<u8>> {
    let (width, height) = (surface.width * SCALE, surface.height * SCALE);
    let mut pixels = Vec::with_capacity(width * height);
    let step = STEP / SCALE as f64;
    for row in 0..height {
        for column in 0..width {
            // The head is up; the patient's right is on the left, as seen from the front.
            let (x, z) = (column as f64 * step, (height - 1 - row) as f64 * step);
            let depth = |dx: f64, dz: f64| surface.at(x + dx, z + dz);
            let slope_x = (depth(STEP, 0.0) - depth(-STEP, 0.0)) / (2.0 * STEP);
            let slope_z = (depth(0.0, STEP) - depth(0.0, -STEP)) / (2.0 * STEP);
            let light = if slope_x.is_finite() && slope_z.is_finite() {
                // The normal towards the viewer is (slope x, -1, slope z).
                let length = (slope_x * slope_x + 1.0 + slope_z * slope_z).sqrt();
                let lit = (-slope_x * 0.35 + 0.8 + slope_z * 0.48) / length;
                // Between 30 and 255.
                30.0 + 225.0 * lit.clamp(0.0, 1.0)
            } else {
                0.0
            };
            pixels.push(light as u8);
        }
    }
    let size = |length: usize| u32::try_from(length).unwrap_or(0);
    Ok(Picture::new(size(width), size(height), Pixels::Grey8(pixels))?.to_png()?)
}
