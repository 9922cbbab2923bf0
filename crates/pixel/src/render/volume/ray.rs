//! The rays of a picture: where each begins on the grid, and where it is inside the volume.

use super::vector::{Vector, add, dot, scale, subtract};
use super::{View, Volume};
use crate::render::Viewport;

/// Columns and rows of a picture whose size nobody gave.
const USUAL: f64 = 1024.0;
/// The most steps of a ray: a volume has a few thousand values in any direction.
const STEPS: usize = 8192;

/// A picture's rays, in steps of the grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rays {
    /// Columns of the picture.
    pub columns: u32,
    /// Rows of the picture.
    pub rows: u32,
    first: Vector,
    right: Vector,
    down: Vector,
    /// From step to step of a ray.
    pub forward: Vector,
    /// Steps of a ray.
    pub count: usize,
    /// Millimetres of a step.
    pub stride: f64,
    last: Vector,
}

impl Rays {
    /// Those through `thickness` millimetres about the middle of a view, in steps of the finest
    /// spacing. The picture is as large as the volume needs, or fits into `size`; a region of it
    /// is in elements of the finest spacing.
    pub fn of(volume: &Volume, view: &View, thickness: f64, size: Option<Viewport>) -> Rays {
        let grid = &volume.grid;
        let finest = grid.finest();
        let (whole_width, whole_height) = (grid.extent(view.right), grid.extent(view.up));
        let (mut width, mut height) = (whole_width, whole_height);
        let (mut right, mut down) = (view.right, view.down());
        let aside = dot(subtract(grid.center(), view.look_at), view.forward);
        let mut center = view.look_at;
        if let Some(region) = size.and_then(|size| size.region) {
            let left = region.x * finest;
            let top = region.y * finest;
            width = region
                .width
                .map_or(whole_width - left, |part| part.abs() * finest);
            height = region
                .height
                .map_or(whole_height - top, |part| part.abs() * finest);
            center = add(
                center,
                add(
                    scale(right, left + width / 2.0 - whole_width / 2.0),
                    scale(down, top + height / 2.0 - whole_height / 2.0),
                ),
            );
            if region.width.is_some_and(|part| part < 0.0) {
                right = scale(right, -1.0);
            }
            if region.height.is_some_and(|part| part < 0.0) {
                down = scale(down, -1.0);
            }
        }
        let (width, height) = (width.max(finest), height.max(finest));
        let step = match size {
            Some(size) => (width / f64::from(size.width)).max(height / f64::from(size.height)),
            None => finest.max(width / USUAL).max(height / USUAL),
        };
        let most = size.map_or((USUAL as u32, USUAL as u32), |size| {
            (size.width, size.height)
        });
        // At least 1, at most what was asked for.
        let columns = ((width / step).round() as u32).clamp(1, most.0.max(1));
        let rows = ((height / step).round() as u32).clamp(1, most.1.max(1));
        // However far away the middle is, all of the volume is seen through.
        let far = 2.0 * aside.abs() + grid.extent(view.forward);
        let depth = thickness.clamp(0.0, far);
        let count = ((depth / finest).ceil() as usize).clamp(1, STEPS);
        let stride = depth / count as f64;
        let first = grid.place(add(
            center,
            scale(view.forward, -stride * (count as f64 - 1.0) / 2.0),
        ));
        Rays {
            columns,
            rows,
            first,
            right: grid.direction(scale(right, step)),
            down: grid.direction(scale(down, step)),
            forward: grid.direction(scale(view.forward, stride)),
            count,
            stride,
            last: grid.size.map(|count| count as f64 - 1.0),
        }
    }

    /// Where the ray of an element begins, and which of its steps are inside the volume. Half a
    /// value beyond the outermost still belongs to it.
    pub fn through(&self, x: u32, y: u32) -> (Vector, std::ops::Range<usize>) {
        const BEYOND: f64 = 0.5 + 1e-6;
        let x = f64::from(x) - (f64::from(self.columns) - 1.0) / 2.0;
        let y = f64::from(y) - (f64::from(self.rows) - 1.0) / 2.0;
        let start = add(self.first, add(scale(self.right, x), scale(self.down, y)));
        let (mut from, mut to) = (0.0_f64, self.count as f64 - 1.0);
        for axis in 0..3 {
            let (low, high) = (
                -BEYOND - start[axis],
                self.last[axis] + BEYOND - start[axis],
            );
            let forward = self.forward[axis];
            if forward.abs() < 1e-9 {
                if low > 0.0 || high < 0.0 {
                    return (start, 0..0);
                }
            } else {
                let (a, b) = (low / forward, high / forward);
                from = from.max(a.min(b));
                to = to.min(a.max(b));
            }
        }
        // Both at least 0, at most the count.
        let (from, to) = (from.ceil() as usize, (to.floor() + 1.0).max(0.0) as usize);
        (start, from..to.min(self.count).max(from))
    }

    /// Steps of all rays, roughly: what a picture costs.
    pub fn cost(&self) -> u64 {
        u64::from(self.columns) * u64::from(self.rows) * self.count as u64
    }
}

/// A place on a ray, as the field takes it.
#[inline]
pub(super) fn step(start: Vector, forward: Vector, at: usize) -> [f32; 3] {
    let at = at as f64;
    [
        (start[0] + forward[0] * at) as f32,
        (start[1] + forward[1] * at) as f32,
        (start[2] + forward[2] * at) as f32,
    ]
}
