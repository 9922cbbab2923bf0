//! Brings components to full size and side by side (T.81 §A.1.1). Components of half the size are
//! interpolated as the field's usual decoders do it: centers of samples are half a pixel apart, a
//! neighbor weighs a quarter.

use super::layout::{Extent, Layout};

/// A sample's arithmetic: sixteen times a sample of a DCT's frame, of 12 bits at most, fit.
pub(super) trait Pixel: Copy + Default {
    fn wide(self) -> u16;
    fn narrow(value: u16) -> Self;
}

impl Pixel for u8 {
    #[inline(always)]
    fn wide(self) -> u16 {
        self.into()
    }

    #[inline(always)]
    fn narrow(value: u16) -> u8 {
        value as u8
    }
}

impl Pixel for u16 {
    #[inline(always)]
    fn wide(self) -> u16 {
        self
    }

    #[inline(always)]
    fn narrow(value: u16) -> u16 {
        value
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
    let mut sums = vec![0; layout.columns + 1];
    for (y, line) in picture.chunks_exact_mut(layout.columns * count).enumerate() {
        let mut rows: [&[S]; 4] = [&[]; 4];
        for (index, buffer) in buffers.iter_mut().enumerate() {
            let (extent, plane) = (&layout.extents[index], &planes[index]);
            rows[index] = match methods[index] {
                Method::Copy => plane.row(y, layout.columns),
                method => {
                    enlarge(method, plane, extent, layout, y, &mut sums, buffer);
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

/// Makes one full row. `sums` is room to work in.
fn enlarge<S: Pixel>(
    method: Method,
    plane: &Plane<'_, S>,
    extent: &Extent,
    layout: &Layout,
    y: usize,
    sums: &mut [u16],
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
            let sums = &mut sums[..extent.width];
            for (sum, sample) in sums.iter_mut().zip(plane.row(y, extent.width)) {
                *sum = sample.wide();
            }
            widen::<S, 2>(sums, [1, 2], out);
        }
        Method::Down => {
            let bias = if is_upper { 1 } else { 2 };
            let rows = plane.row(near, extent.width).iter();
            for ((out, near), far) in out.iter_mut().zip(rows).zip(plane.row(far, extent.width)) {
                *out = S::narrow((3 * near.wide() + far.wide() + bias) >> 2);
            }
        }
        Method::Both => {
            let sums = &mut sums[..extent.width];
            let near = plane.row(near, extent.width).iter();
            let rows = near.zip(plane.row(far, extent.width));
            for (sum, (near, far)) in sums.iter_mut().zip(rows) {
                *sum = 3 * near.wide() + far.wide();
            }
            widen::<S, 4>(sums, [8, 7], out);
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

/// Twice as many samples across. Sums, of three or more, become samples by a shift of `SHIFT` after
/// those of neighbors are added. The roundings of left and right differ, lest the mean be moved.
#[inline(always)]
fn widen<S: Pixel, const SHIFT: u16>(sums: &[u16], [left, right]: [u16; 2], out: &mut [S]) {
    let pair = |last: u16, this: u16, next: u16| {
        [
            S::narrow((3 * this + last + left) >> SHIFT),
            S::narrow((3 * this + next + right) >> SHIFT),
        ]
    };
    let (pairs, _) = out.as_chunks_mut::<2>();
    // `Method::of` takes no narrower ones.
    let (Some((first, inner)), [one, two, rest @ ..]) = (pairs.split_first_mut(), sums) else {
        return;
    };
    // At the edges a sample is its own neighbor.
    *first = pair(*one, *one, *two);
    let this = sums.iter().skip(1);
    for (((place, last), this), next) in inner.iter_mut().zip(sums).zip(this).zip(rest) {
        *place = pair(*last, *this, *next);
    }
    if let (Some(place), Some(end)) = (inner.get_mut(rest.len()), rest.last()) {
        let other = if let [.., other, _] = rest {
            other
        } else {
            two
        };
        *place = pair(*other, *end, *end);
    }
}
