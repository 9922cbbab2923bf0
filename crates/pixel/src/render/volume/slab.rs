//! Cuts and projections: the greatest, the least or the mean value along each ray.

use rayon::prelude::*;

use super::field::{Field, Values};
use super::ray::{Rays, step};
use super::{View, Volume};
use crate::Result;
use crate::render::options::wrong;
use crate::render::{Picture, Pixels, Viewport, Window};

/// Rendering Method (0070,120D) of slabs, PS3.18 §8.3.5.3.3.
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

/// Steps of all rays of one picture: a minute or so of one core.
const MOST: u64 = 6_000_000_000;

impl Volume {
    /// Projects a slab of `thickness` millimetres about the plane of a view; 0 cuts along it,
    /// infinity takes the whole volume. The picture is as large as the volume needs in steps of
    /// the finest spacing (at most 1024 a side), or fits into `size`.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) for sizes that are too much work.
    pub fn slab(
        &self,
        view: &View,
        thickness: f64,
        projection: Projection,
        window: Option<Window>,
        size: Option<Viewport>,
    ) -> Result<Picture> {
        let rays = Rays::of(self, view, thickness, size);
        affordable(&rays)?;
        let window = window.unwrap_or(self.window);
        let found = match &self.values {
            Values::Small {
                numbers,
                slope,
                intercept,
            } => {
                let field = Field {
                    numbers,
                    size: self.grid.size,
                };
                // The greatest value has the least number if the slope falls.
                let projection = match projection {
                    Projection::Maximum if *slope < 0.0 => Projection::Minimum,
                    Projection::Minimum if *slope < 0.0 => Projection::Maximum,
                    other => other,
                };
                self.gather(&field, &rays, projection, |number| {
                    self.light(&window, number * slope + intercept)
                })
            }
            Values::Wide(numbers) => {
                let field = Field {
                    numbers,
                    size: self.grid.size,
                };
                self.gather(&field, &rays, projection, |value| {
                    self.light(&window, value)
                })
            }
        };
        Picture::new(rays.columns, rays.rows, Pixels::Grey8(found))
    }

    fn light(&self, window: &Window, value: f32) -> u8 {
        let light = window.apply(value.into());
        let light = if self.inverse { 1.0 - light } else { light };
        // Between 0 and 255.
        (light * 255.0).round() as u8
    }

    fn gather<T: Copy + Default + Into<f32> + Sync>(
        &self,
        field: &Field<'_, T>,
        rays: &Rays,
        projection: Projection,
        light: impl Fn(f32) -> u8 + Sync,
    ) -> Vec<u8> {
        let along = |x: u32, y: u32| {
            let (start, inside) = rays.through(x, y);
            if inside.is_empty() {
                return 0;
            }
            let count = inside.len() as f32;
            let values = inside.map(|at| field.at(step(start, rays.forward, at)));
            light(match projection {
                Projection::Maximum => values.fold(f32::NEG_INFINITY, f32::max),
                Projection::Minimum => values.fold(f32::INFINITY, f32::min),
                Projection::Mean => {
                    let sum: f64 = values.map(f64::from).sum();
                    (sum / f64::from(count)) as f32
                }
            })
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
}

pub(super) fn affordable(rays: &Rays) -> Result<()> {
    if rays.cost() > MOST {
        return Err(wrong(
            "viewport",
            "is too large for a volume of this depth; ask for a smaller one",
        ));
    }
    Ok(())
}
