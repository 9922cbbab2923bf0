//! Overlay planes, groups 60xx (PS3.3 §C.9.2): in elements of their own, or in bits of the pixels.

use bytes::Bytes;
use sagittal_core::{DataSet, Tag, tags};

use super::picture::Canvas;
use crate::Frame;

/// One overlay plane, as far as it belongs to a frame.
#[derive(Clone, Debug)]
pub(super) struct Overlay {
    /// The group.
    pub group: u16,
    /// Overlay Type (60xx,0040) is R: a region, of which the outline is drawn.
    pub is_region: bool,
    rows: u32,
    columns: u32,
    /// Where the upper left pixel is in the image, from 0.
    top: i64,
    left: i64,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// Overlay Data (60xx,3000), from this bit.
    Own { data: Bytes, first_bit: u64 },
    /// A bit of the stored samples.
    Embedded { bit: u32 },
}

/// All overlays of a data set that frame `frame_number` (from 1) has.
pub(super) fn read(data_set: &DataSet, frame_number: u32) -> Vec<Overlay> {
    (0x6000..=0x60FE)
        .step_by(2)
        .filter_map(|group| read_group(data_set, group, frame_number))
        .collect()
}

/// One overlay plane.
pub(super) fn read_group(data_set: &DataSet, group: u16, frame_number: u32) -> Option<Overlay> {
    let tag = |of: Tag| Tag(group, of.element());
    let number = |of: Tag| data_set.int(tag(of));
    let size = |of: Tag| u32::try_from(number(of)?).ok().filter(|&size| size > 0);
    let (rows, columns) = (size(tags::OVERLAY_ROWS)?, size(tags::OVERLAY_COLUMNS)?);
    let origin = data_set.ints(tag(tags::OVERLAY_ORIGIN));
    let (top, left) = match origin.as_slice() {
        [top, left, ..] => (top - 1, left - 1),
        _ => (0, 0),
    };
    let frames = number(tags::NUMBER_OF_FRAMES_IN_OVERLAY).unwrap_or(1);
    let first_frame = number(tags::IMAGE_FRAME_ORIGIN);
    let overlay_frame = if frames > 1 || first_frame.is_some() {
        let at = i64::from(frame_number) - first_frame.unwrap_or(1);
        if !(0..frames).contains(&at) {
            return None;
        }
        u64::try_from(at).ok()?
    } else {
        0
    };
    let source = match data_set.get(Tag(group, 0x3000)) {
        Some(element) => Source::Own {
            data: element.value.as_bytes()?.clone(),
            first_bit: overlay_frame * u64::from(rows) * u64::from(columns),
        },
        None => Source::Embedded {
            bit: u32::try_from(number(tags::OVERLAY_BIT_POSITION)?)
                .ok()
                .filter(|&bit| bit < 64)?,
        },
    };
    Some(Overlay {
        group,
        is_region: data_set
            .first_text(tag(tags::OVERLAY_TYPE))
            .is_some_and(|kind| kind == "R"),
        rows,
        columns,
        top,
        left,
        source,
    })
}

impl Overlay {
    /// Is the pixel at row and column of the overlay set?
    fn is_set(&self, frame: &Frame, row: u32, column: u32) -> bool {
        if row >= self.rows || column >= self.columns {
            return false;
        }
        match &self.source {
            Source::Own { data, first_bit } => {
                let at = first_bit + u64::from(row) * u64::from(self.columns) + u64::from(column);
                usize::try_from(at / 8)
                    .ok()
                    .and_then(|byte| data.get(byte))
                    .is_some_and(|byte| byte >> (at % 8) & 1 == 1)
            }
            Source::Embedded { bit } => {
                let image = &frame.image;
                if row >= image.rows || column >= image.columns {
                    return false;
                }
                let bytes = usize::from(image.sample_bytes());
                let at = (row as usize * image.columns as usize + column as usize)
                    * usize::from(image.samples_per_pixel)
                    * bytes;
                usize::try_from(bit / 8)
                    .ok()
                    .filter(|&byte| byte < bytes)
                    .and_then(|byte| frame.data.get(at + byte))
                    .is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
            }
        }
    }

    /// Calls for every pixel that is drawn with its column and row in the image.
    fn for_each(&self, frame: &Frame, mut take: impl FnMut(i64, i64)) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                if !self.is_set(frame, row, column) {
                    continue;
                }
                let is_inside = self.is_region
                    && row > 0
                    && column > 0
                    && self.is_set(frame, row - 1, column)
                    && self.is_set(frame, row + 1, column)
                    && self.is_set(frame, row, column - 1)
                    && self.is_set(frame, row, column + 1);
                if !is_inside {
                    take(self.left + i64::from(column), self.top + i64::from(row));
                }
            }
        }
    }

    /// Draws the overlay over a picture of the frame.
    pub fn draw(&self, frame: &Frame, canvas: &mut Canvas<'_>, color: [u8; 3]) {
        self.for_each(frame, |x, y| canvas.set(x, y, color));
    }

    /// As a shutter: covers what is set (PS3.3 §C.7.6.15).
    pub fn cover(&self, frame: &Frame, canvas: &mut Canvas<'_>, color: [u8; 3]) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                if self.is_set(frame, row, column) {
                    canvas.set(
                        self.left + i64::from(column),
                        self.top + i64::from(row),
                        color,
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples::tests::grey16;
    use super::*;
    use sagittal_core::Vr;

    fn drawn(data_set: &DataSet, frame_number: u32, frame: &Frame) -> Vec<(i64, i64)> {
        let mut found = Vec::new();
        for overlay in read(data_set, frame_number) {
            overlay.for_each(frame, |x, y| found.push((x, y)));
        }
        found
    }

    fn plane(group: u16, rows: u16, columns: u16) -> DataSet {
        let mut data_set = DataSet::new();
        data_set.put_u16(Tag(group, 0x0010), &[rows]);
        data_set.put_u16(Tag(group, 0x0011), &[columns]);
        data_set.put_bytes(Tag(group, 0x0050), Vr::SS, vec![2, 0, 3, 0]);
        data_set
    }

    #[test]
    fn bits_are_read_from_the_lowest_and_placed_at_the_origin() {
        let mut data_set = plane(0x6002, 2, 3);
        data_set.put_bytes(Tag(0x6002, 0x3000), Vr::OW, vec![0b10_0001, 0]);
        let frame = grey16(4, 12, 11, false, &[0; 16]);
        assert_eq!(drawn(&data_set, 1, &frame), [(2, 1), (4, 2)]);
    }

    #[test]
    fn every_frame_of_an_overlay_belongs_to_its_own_frame() {
        let mut data_set = plane(0x6000, 1, 4);
        data_set.put_text(Tag(0x6000, 0x0015), "2");
        data_set.put_u16(Tag(0x6000, 0x0051), &[3]);
        data_set.put_bytes(Tag(0x6000, 0x3000), Vr::OW, vec![0b1000_0001, 0]);
        let frame = grey16(4, 12, 11, false, &[0; 4]);
        assert!(drawn(&data_set, 2, &frame).is_empty());
        assert_eq!(drawn(&data_set, 3, &frame), [(2, 1)]);
        assert_eq!(drawn(&data_set, 4, &frame), [(5, 1)]);
        assert!(drawn(&data_set, 5, &frame).is_empty());
    }

    #[test]
    fn unused_bits_of_pixels_are_an_overlay() {
        let mut data_set = plane(0x6000, 1, 2);
        data_set.put_u16(Tag(0x6000, 0x0102), &[12]);
        let frame = grey16(2, 12, 11, false, &[0x0FFF, 0x1000]);
        assert_eq!(drawn(&data_set, 1, &frame), [(3, 1)]);
    }

    #[test]
    fn of_a_region_the_outline_is_drawn() {
        let mut data_set = plane(0x6000, 4, 4);
        data_set.put_text(Tag(0x6000, 0x0040), "R");
        data_set.put_bytes(Tag(0x6000, 0x3000), Vr::OW, vec![0xFF, 0xFF]);
        let frame = grey16(4, 12, 11, false, &[0; 16]);
        assert_eq!(drawn(&data_set, 1, &frame).len(), 12);
    }
}
