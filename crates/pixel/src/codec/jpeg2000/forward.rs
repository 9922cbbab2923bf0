//! Taking components apart into bands: the wavelets of [`wavelet`](super::wavelet) forwards.

use super::tile::Rect;
use super::wavelet::{Lift, Plane, lift_columns_back, lift_row_back};

/// A resolution's rectangle taken apart: low, then high horizontally, vertically, in both.
pub(super) struct Bands<T> {
    pub(super) ll: Plane<T>,
    pub(super) hl: Plane<T>,
    pub(super) lh: Plane<T>,
    pub(super) hh: Plane<T>,
}

/// Takes a resolution apart (2D_SD, §F.4).
pub(super) fn decompose<T: Forward>(mut whole: Plane<T>, rects: [Rect; 4]) -> Bands<T> {
    let (width, height) = (whole.rect.width(), whole.rect.height());
    let [mut ll, mut hl, mut lh, mut hh] = rects.map(Plane::<T>::new);
    let (x0, y0) = (whole.rect.x0 as usize, whole.rect.y0 as usize);
    if width == 0 || height == 0 {
        return Bands { ll, hl, lh, hh };
    }
    if height > 1 {
        lift_columns_back(&mut whole.samples, width, height, y0 & 1 == 1);
    }
    let is_odd = x0 & 1 == 1;
    let mut low = Vec::with_capacity(width.div_ceil(2));
    let mut high = Vec::with_capacity(width.div_ceil(2));
    let (mut low_rows, mut high_rows) = (0, 0);
    for (row, samples) in whole.samples.chunks_exact(width).enumerate() {
        low.clear();
        high.clear();
        for (column, &sample) in samples.iter().enumerate() {
            if (x0 + column) & 1 == 0 {
                low.push(sample);
            } else {
                high.push(sample);
            }
        }
        if width > 1 {
            lift_row_back(&mut low, &mut high, is_odd);
        }
        let is_high = (y0 + row) & 1 == 1;
        let (lows, highs, number) = if is_high {
            high_rows += 1;
            (&mut lh, &mut hh, high_rows - 1)
        } else {
            low_rows += 1;
            (&mut ll, &mut hl, low_rows - 1)
        };
        T::unscale(
            &low,
            lows.row_mut(number),
            (width, false),
            (height, is_high),
        );
        T::unscale(
            &high,
            highs.row_mut(number),
            (width, true),
            (height, is_high),
        );
    }
    Bands { ll, hl, lh, hh }
}

/// Undoes the scaling of [`Lift::scale`].
pub(super) trait Forward: Lift {
    /// `horizontal`, `vertical`: length of that direction, and whether the samples are high in it.
    fn unscale(from: &[Self], to: &mut [Self], horizontal: (usize, bool), vertical: (usize, bool));
}

impl Forward for i32 {
    fn unscale(from: &[i32], to: &mut [i32], horizontal: (usize, bool), vertical: (usize, bool)) {
        let doublings = u32::from(horizontal == (1, true)) + u32::from(vertical == (1, true));
        for (to, &from) in to.iter_mut().zip(from) {
            *to = from << doublings;
        }
    }
}

impl Forward for f32 {
    fn unscale(from: &[f32], to: &mut [f32], horizontal: (usize, bool), vertical: (usize, bool)) {
        let factor = |direction| match direction {
            (1, false) => 1.0,
            (1, true) => 2.0,
            (_, false) => 1.0 / super::wavelet::K,
            (_, true) => super::wavelet::K,
        };
        let factor = factor(horizontal) * factor(vertical);
        for (to, &from) in to.iter_mut().zip(from) {
            *to = from * factor;
        }
    }
}
