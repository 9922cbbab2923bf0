//! Mask subtraction (PS3.3 §C.7.6.10, §C.11.13; PS3.4 §N.2.1.2): other frames are taken away from
//! a frame, so that the contrast agent is left.

use sagittal_core::{DataSet, tags};

use super::ModalityTransform;
use super::samples::numbers;
use crate::{Error, Frame, ImagePixel, Photometric, Result, SampleKind};

/// Frames that are averaged.
const AVERAGED: usize = 64;

/// Which frames are taken from which.
#[derive(Clone, Debug, PartialEq)]
pub struct Subtraction {
    /// Averaged: what is shown. Frame numbers from 1.
    contrast: Vec<u32>,
    /// Averaged: what is taken from it.
    mask: Vec<u32>,
    /// By how many rows and columns the mask is moved.
    shift: [f64; 2],
    /// Stored values are proportional to intensity; differences are those of logarithms.
    is_linear: bool,
}

/// A subtracted frame with what is left to be said of it.
#[derive(Clone, Debug)]
pub struct Subtracted {
    /// The header of the image without transformations that are done.
    pub header: DataSet,
    /// The presentation state, likewise.
    pub presentation_state: Option<DataSet>,
    /// The differences.
    pub frame: Frame,
}

impl Subtraction {
    /// What a presentation state says of frame `frame_number` of the image with `header`, which
    /// has `frames`; without one what the image itself recommends.
    pub fn of(
        header: &DataSet,
        state: Option<&DataSet>,
        frame_number: u32,
        frames: u32,
    ) -> Option<Subtraction> {
        let place = state.unwrap_or(header);
        let is_wanted = place
            .first_text(tags::RECOMMENDED_VIEWING_MODE)
            .is_some_and(|mode| mode == "SUB");
        let items = place.items(tags::MASK_SUBTRACTION_SEQUENCE);
        if !is_wanted || frames < 2 {
            return None;
        }
        let is_linear = header
            .first_text(tags::PIXEL_INTENSITY_RELATIONSHIP)
            .is_some_and(|relationship| relationship == "LIN")
            && state.is_none_or(|state| {
                ModalityTransform::read(state, false) == ModalityTransform::Identity
            });
        items
            .iter()
            .find_map(|item| Subtraction::of_item(item, frame_number, frames, is_linear))
    }

    fn of_item(
        item: &DataSet,
        frame_number: u32,
        frames: u32,
        is_linear: bool,
    ) -> Option<Subtraction> {
        let number = i64::from(frame_number);
        let ranges = item.ints(tags::APPLICABLE_FRAME_RANGE);
        let (pairs, _) = ranges.as_chunks::<2>();
        let is_applicable = pairs.is_empty()
            || pairs
                .iter()
                .any(|[from, to]| (*from..=*to).contains(&number));
        if !is_applicable {
            return None;
        }
        let is_frame = |number: &i64| (1..=i64::from(frames)).contains(number);
        let averaging = item
            .int(tags::CONTRAST_FRAME_AVERAGING)
            .unwrap_or(1)
            .clamp(1, AVERAGED as i64);
        let offset = item.int(tags::TID_OFFSET).unwrap_or(1);
        let (contrast, mask) = match item.first_text(tags::MASK_OPERATION)?.as_str() {
            "AVG_SUB" => (
                (number..number + averaging).collect(),
                item.ints(tags::MASK_FRAME_NUMBERS),
            ),
            "TID" => (vec![number], vec![number - offset]),
            "REV_TID" => {
                let [first, _] = pairs.first()?;
                (vec![number], vec![(first - offset) - (number - first)])
            }
            _ => return None,
        };
        let whole = |numbers: Vec<i64>| -> Vec<u32> {
            let frames = numbers.into_iter().filter(is_frame);
            frames
                .filter_map(|number| u32::try_from(number).ok())
                .take(AVERAGED)
                .collect()
        };
        let (contrast, mask) = (whole(contrast), whole(mask));
        // A mask taken from itself would leave nothing.
        if mask.is_empty() || mask == [frame_number] || contrast.is_empty() {
            return None;
        }
        let shift = match item.floats(tags::MASK_SUB_PIXEL_SHIFT).as_slice() {
            &[rows, columns] if rows.abs() < 1e4 && columns.abs() < 1e4 => [rows, columns],
            _ => [0.0; 2],
        };
        Some(Subtraction {
            contrast,
            mask,
            shift,
            is_linear,
        })
    }

    /// The frames that [`Subtraction::apply`] wants, each once.
    pub fn frames(&self) -> Vec<u32> {
        let mut frames = [self.contrast.as_slice(), &self.mask].concat();
        frames.sort_unstable();
        frames.dedup();
        frames
    }

    /// Subtracts. `frame` gives the frames that are wanted.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for frames that are of colors or differ from each other,
    /// [`Error::NoFrame`] if one is not given.
    pub fn apply<'a>(
        &self,
        header: &DataSet,
        state: Option<&DataSet>,
        frame: impl Fn(u32) -> Option<&'a Frame>,
    ) -> Result<Subtracted> {
        let image = match self.contrast.first().and_then(|&number| frame(number)) {
            Some(first) => first.image,
            None => return Err(no_frame(&self.contrast)),
        };
        // A modality transformation of the image is not for this; that of a state leads to what is
        // subtracted.
        let modality = state.map_or(ModalityTransform::Identity, |state| {
            ModalityTransform::read(state, image.is_signed)
        });
        let mut differences = mean(&self.contrast, &image, &frame)?;
        let mask = mean(&self.mask, &image, &frame)?;
        let most = 2_f64.powi(i32::from(image.bits_stored)) - 1.0;
        let value = |stored: f64| {
            let value = modality.apply(stored);
            match self.is_linear {
                // All of the range goes to all of the range.
                true => most * (1.0 + value.max(0.0)).ln() / (1.0 + most).ln(),
                false => value,
            }
        };
        let (columns, rows) = (image.columns as usize, image.rows as usize);
        let is_moved = self.shift != [0.0; 2];
        for (at, difference) in differences.iter_mut().enumerate() {
            let taken = if is_moved {
                let (row, column) = ((at / columns) as f64, (at % columns) as f64);
                between(
                    &mask,
                    columns,
                    rows,
                    [row - self.shift[0], column - self.shift[1]],
                )
            } else {
                mask.get(at).copied().unwrap_or_default()
            };
            *difference = value(*difference) - value(taken);
        }
        let data = differences
            .iter()
            // Saturates.
            .flat_map(|difference| (difference.round() as i32).to_le_bytes())
            .collect();
        let bits = (image.bits_stored + 1).min(32);
        let image = ImagePixel {
            bits_allocated: 32,
            bits_stored: bits,
            high_bit: bits - 1,
            is_signed: true,
            ..image
        };
        let mut header = without_modality(header);
        header.remove(tags::PIXEL_PADDING_VALUE);
        if state.is_none() {
            // Its windows are for what was stored.
            for tag in [
                tags::WINDOW_CENTER,
                tags::WINDOW_WIDTH,
                tags::VOI_LUT_SEQUENCE,
            ] {
                header.remove(tag);
            }
        }
        Ok(Subtracted {
            header,
            presentation_state: state.map(without_modality),
            frame: Frame::new(image, data)?,
        })
    }
}

fn without_modality(data_set: &DataSet) -> DataSet {
    let mut left = data_set.clone();
    for tag in [
        tags::MODALITY_LUT_SEQUENCE,
        tags::RESCALE_SLOPE,
        tags::RESCALE_INTERCEPT,
    ] {
        left.remove(tag);
    }
    left
}

fn no_frame(wanted: &[u32]) -> Error {
    Error::NoFrame {
        number: wanted.first().copied().unwrap_or(0),
        frames: 0,
    }
}

/// The mean of frames of one layout.
fn mean<'a>(
    wanted: &[u32],
    image: &ImagePixel,
    frame: &impl Fn(u32) -> Option<&'a Frame>,
) -> Result<Vec<f64>> {
    let is_grey = image.samples_per_pixel == 1 && image.photometric != Photometric::PaletteColor;
    let mut sum = vec![0.0; image.rows as usize * image.columns as usize];
    for number in wanted {
        let frame = frame(*number).ok_or_else(|| no_frame(&[*number]))?;
        if frame.image != *image || !is_grey || image.kind != SampleKind::Integer {
            return Err(Error::Unsupported {
                codec: "mask subtraction",
                what: "frames of colors or of different layouts".into(),
            });
        }
        for (sum, value) in sum.iter_mut().zip(numbers(frame)) {
            *sum += value;
        }
    }
    let count = wanted.len().max(1) as f64;
    sum.iter_mut().for_each(|sum| *sum /= count);
    Ok(sum)
}

/// The value at a place between rows and columns; at the edges the outermost.
fn between(values: &[f64], columns: usize, rows: usize, [row, column]: [f64; 2]) -> f64 {
    let split = |at: f64, count: usize| {
        let inside = at.clamp(0.0, count as f64 - 1.0);
        // Not below 0, not above the last.
        let whole = inside as usize;
        (whole, (whole + 1).min(count - 1), inside - whole as f64)
    };
    let (top, low, down) = split(row, rows);
    let (left, right, across) = split(column, columns);
    let value = |row: usize, column: usize| {
        let at = row * columns + column;
        values.get(at).copied().unwrap_or_default()
    };
    let along = |row: usize| {
        let (near, far) = (value(row, left), value(row, right));
        near + (far - near) * across
    };
    let (near, far) = (along(top), along(low));
    near + (far - near) * down
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples::tests::grey16;
    use super::*;

    fn header(operation: &str, change: impl FnOnce(&mut DataSet)) -> DataSet {
        let mut item = DataSet::new();
        item.put_text(tags::MASK_OPERATION, operation);
        change(&mut item);
        let mut header = DataSet::new();
        header.put_text(tags::RECOMMENDED_VIEWING_MODE, "SUB");
        header.put_items(tags::MASK_SUBTRACTION_SEQUENCE, vec![item]);
        header
    }

    fn values(subtracted: &Subtracted) -> Vec<f64> {
        numbers(&subtracted.frame).collect()
    }

    #[test]
    fn the_mean_of_masks_is_taken_from_the_mean_of_contrasts() {
        let header = header("AVG_SUB", |item| {
            item.put_u16(tags::MASK_FRAME_NUMBERS, &[1, 2]);
            item.put_u16(tags::CONTRAST_FRAME_AVERAGING, &[2]);
        });
        let frames: Vec<Frame> = [[10, 20], [20, 40], [5, 100], [7, 200]]
            .iter()
            .map(|pixels| grey16(2, 12, 11, false, pixels))
            .collect();
        let subtraction = Subtraction::of(&header, None, 3, 4).unwrap();
        assert_eq!(subtraction.frames(), [1, 2, 3, 4]);
        let give = |number: u32| frames.get(number as usize - 1);
        let done = subtraction.apply(&header, None, give).unwrap();
        assert_eq!(values(&done), [-9.0, 120.0]);
        assert_eq!(done.frame.image.bits_stored, 13);
        // The last frame has no other to be averaged with.
        let last = Subtraction::of(&header, None, 4, 4).unwrap();
        assert_eq!(last.frames(), [1, 2, 4]);
        assert!(Subtraction::of(&header, None, 3, 1).is_none());
    }

    #[test]
    fn masks_at_an_interval_go_along_or_backwards() {
        let tid = header("TID", |item| item.put_u16(tags::TID_OFFSET, &[2]));
        let mask = |header: &DataSet, number| {
            Subtraction::of(header, None, number, 20).map(|subtraction| subtraction.mask)
        };
        assert_eq!(mask(&tid, 5), Some(vec![3]));
        assert_eq!(mask(&tid, 2), None, "there is no frame 0");
        let reversed = header("REV_TID", |item| {
            item.put_u16(tags::APPLICABLE_FRAME_RANGE, &[10, 14]);
            item.put_u16(tags::TID_OFFSET, &[1]);
        });
        assert_eq!(mask(&reversed, 10), Some(vec![9]));
        assert_eq!(mask(&reversed, 12), Some(vec![7]));
        assert_eq!(mask(&reversed, 9), None);
        let natural = header("NONE", |_| {});
        assert_eq!(mask(&natural, 5), None);
    }

    #[test]
    fn a_mask_moves_by_parts_of_pixels() {
        let bytes: Vec<u8> = [0.0_f32, 0.5]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        let header = header("AVG_SUB", |item| {
            item.put_u16(tags::MASK_FRAME_NUMBERS, &[1]);
            item.put_bytes(tags::MASK_SUB_PIXEL_SHIFT, sagittal_core::Vr::FL, bytes);
        });
        let frames = [
            grey16(3, 12, 11, false, &[0, 100, 200]),
            grey16(3, 12, 11, false, &[0, 100, 200]),
        ];
        let subtraction = Subtraction::of(&header, None, 2, 2).unwrap();
        let give = |number: u32| frames.get(number as usize - 1);
        let done = subtraction.apply(&header, None, give).unwrap();
        // The mask, half a column to the right: 0, 50, 150.
        assert_eq!(values(&done), [0.0, 50.0, 50.0]);
    }

    #[test]
    fn intensities_are_subtracted_as_logarithms() {
        let mut header = header("AVG_SUB", |item| {
            item.put_u16(tags::MASK_FRAME_NUMBERS, &[1])
        });
        header.put_text(tags::PIXEL_INTENSITY_RELATIONSHIP, "LIN");
        let frames = [
            grey16(2, 12, 11, false, &[4095, 1000]),
            grey16(2, 12, 11, false, &[4095, 500]),
        ];
        let subtraction = Subtraction::of(&header, None, 2, 2).unwrap();
        let give = |number: u32| frames.get(number as usize - 1);
        let done = subtraction.apply(&header, None, give).unwrap();
        let expected = 4095.0 * (501.0_f64 / 1001.0).ln() / 4096.0_f64.ln();
        assert_eq!(values(&done), [0.0, expected.round()]);
    }

    #[test]
    fn a_state_subtracts_what_it_transformed() {
        let header = DataSet::new();
        let mut state = self::header("AVG_SUB", |item| {
            item.put_u16(tags::MASK_FRAME_NUMBERS, &[1]);
        });
        state.put_text(tags::RESCALE_SLOPE, "2");
        state.put_text(tags::RESCALE_INTERCEPT, "7");
        let frames = [
            grey16(1, 12, 11, false, &[10]),
            grey16(1, 12, 11, false, &[25]),
        ];
        let subtraction = Subtraction::of(&header, Some(&state), 2, 2).unwrap();
        let give = |number: u32| frames.get(number as usize - 1);
        let done = subtraction.apply(&header, Some(&state), give).unwrap();
        assert_eq!(values(&done), [30.0]);
        let left = done.presentation_state.unwrap();
        assert!(!left.contains(tags::RESCALE_SLOPE));
    }
}
