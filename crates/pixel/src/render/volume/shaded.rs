//! Volume rendering: rays gather light from what is opaque, surfaces are shaded by their slope
//! (`volume_rendered`, PS3.4 §FF.2.3).

use rayon::prelude::*;

use super::field::{Field, Values};
use super::ray::{Rays, step};
use super::slab::affordable;
use super::vector::{Vector, dot, length, scale, unit};
use super::{View, Volume};
use crate::Result;
use crate::render::{Picture, Pixels, Viewport, Window};

/// What is left of the light when a ray ends.
const SPENT: f32 = 0.02;
/// How opaque a millimetre of the lightest values is.
const DENSITY: f64 = 0.6;
/// Steps of the table of opacities.
const LEVELS: usize = 1024;

impl Volume {
    /// Casts rays through the whole volume: the window tells how opaque a value is, surfaces are
    /// lit from the eye.
    ///
    /// # Errors
    /// As [`Volume::slab`].
    pub fn shaded(
        &self,
        view: &View,
        window: Option<Window>,
        size: Option<Viewport>,
    ) -> Result<Picture> {
        let rays = Rays::of(self, view, f64::INFINITY, size);
        affordable(&rays)?;
        let window = window.unwrap_or(self.window);
        let pixels = match &self.values {
            Values::Small {
                numbers,
                slope,
                intercept,
            } => {
                let field = Field {
                    numbers,
                    size: self.grid.size,
                };
                let value = |number: f32| number * slope + intercept;
                self.cast(&field, &rays, view, &window, value)
            }
            Values::Wide(numbers) => {
                let field = Field {
                    numbers,
                    size: self.grid.size,
                };
                self.cast(&field, &rays, view, &window, |value| value)
            }
        };
        Picture::new(rays.columns, rays.rows, Pixels::Grey8(pixels))
    }

    fn cast<T: Copy + Default + Into<f32> + Sync>(
        &self,
        field: &Field<'_, T>,
        rays: &Rays,
        view: &View,
        window: &Window,
        value: impl Fn(f32) -> f32 + Sync,
    ) -> Vec<u8> {
        let eye = scale(view.forward, -1.0);
        // How much of a step's light stays in it, by how light its value is.
        let opacities: Vec<f32> = (0..=LEVELS)
            .map(|level| {
                let light = level as f64 / LEVELS as f64;
                (1.0 - (1.0 - DENSITY * light).powf(rays.stride)) as f32
            })
            .collect();
        let opacity = |number: f32| {
            let light = window.apply(value(number).into());
            let light = if self.inverse { 1.0 - light } else { light };
            // Between 0 and the last.
            let level = (light * LEVELS as f64) as usize;
            opacities.get(level).copied().unwrap_or_default()
        };
        // A twentieth of the window within a millimetre, in the field's own numbers.
        let per_number = f64::from(value(1.0) - value(0.0)).abs().max(1e-12);
        let steep = 0.05 * window.width / per_number;
        let along = |x: u32, y: u32| {
            let (start, inside) = rays.through(x, y);
            let (mut light, mut left) = (0.0_f32, 1.0_f32);
            for at in inside {
                let place = step(start, rays.forward, at);
                let opacity = opacity(field.at(place));
                if opacity > 0.0 {
                    light += left * opacity * self.shade(field, place, eye, steep);
                    left *= 1.0 - opacity;
                    if left < SPENT {
                        break;
                    }
                }
            }
            // Between 0 and 255.
            (light.clamp(0.0, 1.0) * 255.0).round() as u8
        };
        let mut pixels = vec![0; rays.columns as usize * rays.rows as usize];
        pixels
            .par_chunks_mut(rays.columns as usize)
            .enumerate()
            .for_each(|(y, row)| {
                // Of at most 16384 rows and columns.
                for (x, pixel) in row.iter_mut().enumerate() {
                    *pixel = along(x as u32, y as u32);
                }
            });
        pixels
    }

    /// How light a place is that is lit from where it is seen: surfaces by their slope, what has
    /// none as it is. `steep` is a slope that makes a surface.
    fn shade<T: Copy + Default + Into<f32>>(
        &self,
        field: &Field<'_, T>,
        place: [f32; 3],
        eye: Vector,
        steep: f64,
    ) -> f32 {
        const AMBIENT: f64 = 0.2;
        const INSIDE: f64 = 0.8;
        let value = |axis: usize, by: f32| {
            let mut near = place;
            near[axis] += by;
            field.at(near)
        };
        let slope =
            [0, 1, 2].map(|axis: usize| f64::from(value(axis, 1.0) - value(axis, -1.0)) / 2.0);
        let slope = self.grid.slope(slope);
        let Some(direction) = unit(slope) else {
            return INSIDE as f32;
        };
        let surface = (length(slope) / steep).min(1.0);
        let lit = AMBIENT + (1.0 - AMBIENT) * dot(direction, eye).abs();
        // Between 0 and 1.
        (INSIDE + (lit - INSIDE) * surface) as f32
    }
}
