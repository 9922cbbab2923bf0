//! Contact sheet: many pictures in one.

use crate::Result;
use crate::render::geometry::{Placement, Wanted};
use crate::render::{Picture, Pixels, Viewport};

/// Lays pictures out in rows of `columns`, each scaled to fit `side` × `side`, with gaps of two.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) if the sheet would be too large.
pub fn contact_sheet(pictures: &[Picture], columns: u32, side: u32) -> Result<Picture> {
    const GAP: u32 = 2;
    let columns = columns.clamp(1, u32::try_from(pictures.len()).unwrap_or(u32::MAX).max(1));
    let rows = u32::try_from(pictures.len())
        .unwrap_or(u32::MAX)
        .div_ceil(columns)
        .max(1);
    let length = |count: u32| {
        count
            .saturating_mul(side.saturating_add(GAP))
            .saturating_sub(GAP)
    };
    let (width, height) = (length(columns), length(rows));
    let cell = Viewport::size(side, side)?;
    Viewport::size(width, height)?;
    let are_grey = pictures.iter().all(Picture::is_grey);
    let channels = if are_grey { 1 } else { 3 };
    let mut sheet = vec![0; width as usize * height as usize * channels];
    for (at, picture) in (0_u32..).zip(pictures) {
        let mut small = picture.clone();
        if let Pixels::Grey16(pixels) = &small.pixels {
            small.pixels = Pixels::Grey8(pixels.iter().map(|grey| grey.to_be_bytes()[0]).collect());
        }
        let wanted = Wanted {
            aspect: 1.0,
            ..Wanted::default()
        };
        Placement::of(small.width, small.height, &wanted, Some(&cell)).apply(&mut small);
        if !are_grey {
            small.make_rgb();
        }
        let (Pixels::Grey8(pixels) | Pixels::Rgb8(pixels)) = &small.pixels else {
            continue;
        };
        let left = at % columns * (side + GAP) + (side.saturating_sub(small.width)) / 2;
        let top = at / columns * (side + GAP) + (side.saturating_sub(small.height)) / 2;
        let row_bytes = small.width as usize * channels;
        for (y, row) in (top as usize..).zip(pixels.chunks_exact(row_bytes.max(1))) {
            let start = (y * width as usize + left as usize) * channels;
            if let Some(to) = sheet.get_mut(start..start + row.len()) {
                to.copy_from_slice(row);
            }
        }
    }
    let pixels = if are_grey {
        Pixels::Grey8(sheet)
    } else {
        Pixels::Rgb8(sheet)
    };
    Picture::new(width, height, pixels)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pictures_stand_in_the_middle_of_their_cells() {
        let even = |width, height, grey| {
            let pixels = vec![grey; (width * height) as usize];
            Picture::new(width, height, Pixels::Grey8(pixels)).unwrap()
        };
        let sheet = contact_sheet(&[even(8, 8, 1), even(8, 4, 2), even(2, 2, 3)], 2, 4).unwrap();
        assert_eq!((sheet.width, sheet.height), (10, 10));
        let Pixels::Grey8(pixels) = &sheet.pixels else {
            unreachable!()
        };
        let at = |x: usize, y: usize| pixels[y * 10 + x];
        assert_eq!((at(0, 0), at(4, 0), at(6, 0), at(6, 1)), (1, 0, 0, 2));
        assert_eq!((at(0, 6), at(3, 9), at(6, 6)), (3, 3, 0));
        assert!(contact_sheet(&[], 1, 99_999).is_err());
    }
}
