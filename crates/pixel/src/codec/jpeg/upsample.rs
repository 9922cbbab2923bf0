//! Brings components to full size and side by side (T.81 §A.1.1). Components of half the size are
//! interpolated as the field's usual decoders do it: centers of samples are half a pixel apart, a
//! neighbor weighs a quarter.

use super::layout::{Extent, Layout};

/// A sample's arithmetic.
pub(super) trait Pixel: Copy + Default {
    fn wide(self) -> u32;
    fn narrow(value: u32) -> Self;
}

impl Pixel for u8 {
    fn wide(self) -> u32 {
        self.into()
    }
    fn narrow(value: u32) -> u8 {
        value as u8
    }
}

impl Pixel for u16 {
    fn wide(self) -> u32 {
        self.into()
    }
    fn narrow(value: u32) -> u16 {
        value as u16
    }
}

/// A component's samples: rows of `stride`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plane<'p, S> {
    pub samples: &'p [S],
    pub stride: usize,
}

impl<'p, S> Plane<'p, S> {
    fn row(&self, row: usize, width: usize) -> &'p [S] {
        let start = row * self.stride;
        self.samples.get(start..start + width).unwrap_or(&[])
    }
}

/// How a component is brought to full size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Copy,
    /// Twice as wide.
    Across,
    /// Twice as high.
    Down,
    /// Both.
    Both,
    /// Any other ratio: the nearest sample.
    Nearest,
}

impl Method {
    fn of(extent: &Extent, layout: &Layout, is_smooth: bool) -> Method {
        let across = (extent.horizontal, layout.horizontal_max);
        let down = (extent.vertical, layout.vertical_max);
        let is_same = |(own, most): (u32, u32)| own == most;
        let is_half = |(own, most): (u32, u32)| own * 2 == most;
        // Too narrow to have two neighbors: the usual decoders repeat samples.
        let is_wide = extent.width > 2;
        if is_same(across) && is_same(down) {
            Method::Copy
        } else if is_smooth && is_half(across) && is_same(down) && is_wide {
            Method::Across
        } else if is_smooth && is_same(across) && is_half(down) {
            Method::Down
        } else if is_smooth && is_half(across) && is_half(down) && is_wide {
            Method::Both
        } else {
            Method::Nearest
        }
    }
}

/// The picture: components of a pixel side by side. Lossless frames are not smooth.
pub(super) fn interleave<S: Pixel>(
    planes: &[Plane<'_, S>],
    layout: &Layout,
    is_smooth: bool,
) -> Vec<S> {
    let count = planes.len();
    let mut picture = vec![S::default(); layout.columns * layout.rows * count];
    if layout.columns == 0 {
        return picture;
    }
    let methods: Vec<Method> = layout
        .extents
        .iter()
        .map(|extent| Method::of(extent, layout, is_smooth))
        .collect();
    // One more sample than there are columns, for an odd last one.
    let mut buffers: Vec<Vec<S>> = vec![vec![S::default(); layout.columns + 1]; count];
    for (y, line) in picture.chunks_exact_mut(layout.columns * count).enumerate() {
        let mut rows: [&[S]; 4] = [&[]; 4];
        for (index, buffer) in buffers.iter_mut().enumerate() {
            let (extent, plane) = (&layout.extents[index], &planes[index]);
            rows[index] = match methods[index] {
                Method::Copy => plane.row(y, layout.columns),
                method => {
                    enlarge(method, plane, extent, layout, y, buffer);
                    &buffer[..layout.columns]
                }
            };
        }
        join(&rows[..count], line);
    }
    picture
}

fn join<S: Pixel>(rows: &[&[S]], line: &mut [S]) {
    match *rows {
        [only] => line.copy_from_slice(only),
        [first, second, third] => {
            let pixels = line.chunks_exact_mut(3);
            for (((pixel, first), second), third) in pixels.zip(first).zip(second).zip(third) {
                pixel.copy_from_slice(&[*first, *second, *third]);
            }
        }
        _ => {
            for (index, row) in rows.iter().enumerate() {
                let places = line.iter_mut().skip(index).step_by(rows.len());
                for (place, sample) in places.zip(*row) {
                    *place = *sample;
                }
            }
        }
    }
}

/// Makes one full row.
fn enlarge<S: Pixel>(
    method: Method,
    plane: &Plane<'_, S>,
    extent: &Extent,
    layout: &Layout,
    y: usize,
    out: &mut [S],
) {
    let is_upper = y.is_multiple_of(2);
    let near = y / 2;
    let far = if is_upper {
        near.saturating_sub(1)
    } else {
        (near + 1).min(extent.height.saturating_sub(1))
    };
    match method {
        Method::Copy => {}
        Method::Across => {
            let row = plane.row(y, extent.width);
            widen(|x| row[x].wide(), extent.width, 4, out);
        }
        Method::Down => {
            let bias = if is_upper { 1 } else { 2 };
            let rows = plane.row(near, extent.width).iter();
            for ((out, near), far) in out.iter_mut().zip(rows).zip(plane.row(far, extent.width)) {
                *out = S::narrow((3 * near.wide() + far.wide() + bias) >> 2);
            }
        }
        Method::Both => {
            let near = plane.row(near, extent.width);
            let far = &plane.row(far, extent.width)[..near.len()];
            widen(
                |x| 3 * near[x].wide() + far[x].wide(),
                extent.width,
                16,
                out,
            );
        }
        Method::Nearest => {
            let ratio = |at: usize, own: u32, most: u32| at * own as usize / most as usize;
            let row = ratio(y, extent.vertical, layout.vertical_max);
            let row = plane.row(row, extent.width);
            for (x, out) in out.iter_mut().take(layout.columns).enumerate() {
                let x = ratio(x, extent.horizontal, layout.horizontal_max);
                *out = row.get(x).copied().unwrap_or_default();
            }
        }
    }
}

/// Twice as many samples across, from sums that are to be divided by `scale` / 4. The roundings
/// differ, lest the mean be shifted.
#[inline(always)]
fn widen<S: Pixel>(sum: impl Fn(usize) -> u32, width: usize, scale: u32, out: &mut [S]) {
    let shift = scale.trailing_zeros();
    let (left_bias, right_bias) = if scale == 4 { (1, 2) } else { (8, 7) };
    let (mut last, mut this) = (sum(0), sum(0));
    let (pairs, _) = out.as_chunks_mut::<2>();
    for (x, pair) in pairs.iter_mut().enumerate().take(width) {
        let next = if x + 1 < width { sum(x + 1) } else { this };
        // At the edges a sample is its own neighbor.
        *pair = [
            S::narrow((3 * this + last + left_bias) >> shift),
            S::narrow((3 * this + next + right_bias) >> shift),
        ];
        (last, this) = (this, next);
    }
}
