//! Pictures of blanked frames for reports.

use sagittal_core::DataSet;
use sagittal_pixel::render::{Picture, Pixels};

use super::detect;
use super::frames::Frames;
use super::shape::{Rectangle, Spans};
use crate::Result;

/// A frame before and after, as PNG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    /// Which frame, from 1.
    pub frame: u32,
    /// Before, regions outlined in red. It shows what was removed: a protected value, and only
    /// there if the policy asks for it.
    pub before: Option<Vec<u8>>,
    /// After, regions outlined.
    pub after: Vec<u8>,
    rectangles: Vec<Rectangle>,
}

/// The longest side.
const SIDE: u32 = 640;
const RED: [u8; 3] = [230, 40, 40];

/// Takes the picture from before, if it is wanted, and remembers what to take afterwards.
pub(super) fn before(
    data_set: &DataSet,
    frames: &Frames,
    number: u32,
    spans: &Spans,
    is_wanted: bool,
) -> Result<Pictures> {
    let rectangles = spans.rectangles();
    let before = match is_wanted {
        true => Some(outlined(data_set, frames, number, &rectangles)?),
        false => None,
    };
    Ok(Pictures {
        frame: number,
        before,
        after: Vec::new(),
        rectangles,
    })
}

impl Pictures {
    /// With the picture of the frame as it is now.
    pub(super) fn with_after(self, data_set: &DataSet, transfer_syntax: &str) -> Result<Pictures> {
        let after = match Frames::of(data_set, transfer_syntax)? {
            Some(frames) => outlined(data_set, &frames, self.frame, &self.rectangles)?,
            None => Vec::new(),
        };
        Ok(Pictures { after, ..self })
    }
}

fn outlined(
    data_set: &DataSet,
    frames: &Frames,
    number: u32,
    rectangles: &[Rectangle],
) -> Result<Vec<u8>> {
    let picture = detect::picture(data_set, frames, number, None)?;
    let (width, height) = (picture.width, picture.height);
    let factor = (width.max(height)).div_ceil(SIDE).max(1);
    let (small_width, small_height) = (width.div_ceil(factor), height.div_ceil(factor));
    let rgb = picture.to_rgb();
    let at = |x: u32, y: u32| {
        let start = (y as usize * width as usize + x as usize) * 3;
        let pixel = rgb
            .get(start..start + 3)
            .and_then(|pixel| <[u8; 3]>::try_from(pixel).ok());
        pixel.unwrap_or_default()
    };
    // The mean of the pixels that a small one stands for.
    let mean = |x: u32, y: u32| {
        let mut sums = [0_u32; 3];
        let mut count = 0;
        for y in y * factor..((y + 1) * factor).min(height) {
            for x in x * factor..((x + 1) * factor).min(width) {
                for (sum, part) in sums.iter_mut().zip(at(x, y)) {
                    *sum += u32::from(part);
                }
                count += 1;
            }
        }
        sums.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX))
    };
    let mut small: Vec<[u8; 3]> = (0..small_height)
        .flat_map(|y| (0..small_width).map(move |x| (x, y)))
        .map(|(x, y)| mean(x, y))
        .collect();
    let mut set = |x: u32, y: u32| {
        if x < small_width
            && let Some(pixel) = small.get_mut(y as usize * small_width as usize + x as usize)
        {
            *pixel = RED;
        }
    };
    for one in rectangles {
        let (left, right) = (one.x / factor, one.right().saturating_sub(1) / factor);
        let (top, bottom) = (one.y / factor, one.bottom().saturating_sub(1) / factor);
        for x in left..=right {
            set(x, top);
            set(x, bottom);
        }
        for y in top..=bottom {
            set(left, y);
            set(right, y);
        }
    }
    let pixels = Pixels::Rgb8(small.into_flattened());
    Ok(Picture::new(small_width, small_height, pixels)?.to_png()?)
}
