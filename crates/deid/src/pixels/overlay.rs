//! Overlay planes, groups 60xx (PS3.3 §C.9.2): cleared where pixels are blanked, and cleaned of
//! text for the Clean Graphics Option (PS3.15 §E.3.3).

use bytes::Bytes;
use sagittal_core::{DataSet, Tag, Value, tags};
use sagittal_pixel::render::{Picture, Pixels};
use serde::Serialize;

use super::detect::{TextBox, TextDetector};
use super::policy::Graphics;
use super::region::{Region, spans};
use super::shape::{Shape, Spans};
use crate::Result;

/// One overlay with data of its own.
struct Plane {
    group: u16,
    rows: u32,
    columns: u32,
    top: i64,
    left: i64,
    /// Frames of the overlay, and the frame of the image that the first belongs to; none if it
    /// lies over all frames.
    frames: Option<(u32, u32)>,
}

/// Groups of overlays that a data set has, whether their data are their own or in the pixels.
pub fn groups(data_set: &DataSet) -> Vec<u16> {
    let mut groups: Vec<u16> = data_set
        .elements()
        .iter()
        .map(|element| element.tag.group())
        .filter(|group| (0x6000..=0x60FF).contains(group) && group % 2 == 0)
        .collect();
    groups.dedup();
    groups
}

fn planes(data_set: &DataSet) -> Vec<Plane> {
    groups(data_set)
        .into_iter()
        .filter_map(|group| plane(data_set, group))
        .collect()
}

fn plane(data_set: &DataSet, group: u16) -> Option<Plane> {
    let tag = |of: Tag| Tag(group, of.element());
    let number = |of: Tag| data_set.int(tag(of));
    let size = |of: Tag| u32::try_from(number(of)?).ok().filter(|size| *size > 0);
    data_set.bytes(tag(tags::OVERLAY_DATA))?;
    let (top, left) = match data_set.ints(tag(tags::OVERLAY_ORIGIN)).as_slice() {
        [top, left, ..] => (top - 1, left - 1),
        _ => (0, 0),
    };
    let count =
        number(tags::NUMBER_OF_FRAMES_IN_OVERLAY).and_then(|count| u32::try_from(count).ok());
    let origin = number(tags::IMAGE_FRAME_ORIGIN).and_then(|origin| u32::try_from(origin).ok());
    let frames = match (count, origin) {
        (None | Some(0 | 1), None) => None,
        (count, origin) => Some((count.unwrap_or(1), origin.unwrap_or(1))),
    };
    Some(Plane {
        group,
        rows: size(tags::OVERLAY_ROWS)?,
        columns: size(tags::OVERLAY_COLUMNS)?,
        top,
        left,
        frames,
    })
}

/// Clears overlays where regions are; of an overlay that lies over all frames wherever any frame
/// has a region. Returns the groups in which something was cleared.
pub(super) fn blank(data_set: &mut DataSet, regions: &[Region]) -> Vec<u16> {
    let mut cleared = Vec::new();
    for plane in planes(data_set) {
        // Regions in pixels of the image, as far as the overlay reaches.
        let reach = |start: i64, length: u32| u32::try_from(start + i64::from(length)).unwrap_or(0);
        let (rows, columns) = (
            reach(plane.top, plane.rows),
            reach(plane.left, plane.columns),
        );
        let covered: Vec<Spans> = match plane.frames {
            Some((count, first)) => (0..count)
                .map(|at| spans(regions, first.saturating_add(at), rows, columns))
                .collect(),
            None => {
                let shapes: Vec<&Shape> = regions.iter().map(|region| &region.shape).collect();
                vec![Spans::of(shapes, rows, columns)]
            }
        };
        if clear(data_set, &plane, &covered) {
            cleared.push(plane.group);
        }
    }
    cleared
}

/// Clears bits; was any of them set?
fn clear(data_set: &mut DataSet, plane: &Plane, covered: &[Spans]) -> bool {
    let tag = Tag(plane.group, tags::OVERLAY_DATA.element());
    let Some(bytes) = data_set.bytes(tag) else {
        return false;
    };
    let mut copy = bytes.to_vec();
    let mut is_changed = false;
    let frame_bits = u64::from(plane.rows) * u64::from(plane.columns);
    for (number, spans) in (0_u64..).zip(covered) {
        for (row, ranges) in spans.rows() {
            let Some(row) = within(i64::from(*row) - plane.top, plane.rows) else {
                continue;
            };
            for column in ranges.iter().cloned().flatten() {
                let Some(column) = within(i64::from(column) - plane.left, plane.columns) else {
                    continue;
                };
                let bit = number * frame_bits + row * u64::from(plane.columns) + column;
                if let Some(byte) = usize::try_from(bit / 8)
                    .ok()
                    .and_then(|at| copy.get_mut(at))
                {
                    let mask = 1_u8 << (bit % 8);
                    is_changed |= *byte & mask != 0;
                    *byte &= !mask;
                }
            }
        }
    }
    if is_changed && let Some(element) = data_set.get_mut(tag) {
        element.value = Value::Bytes(Bytes::from(copy));
    }
    is_changed
}

fn within(place: i64, size: u32) -> Option<u64> {
    u64::try_from(place)
        .ok()
        .filter(|place| *place < u64::from(size))
}

/// What became of an overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OverlayFate {
    /// The whole group was removed.
    Removed,
    /// Text was cleared, the rest stays.
    TextCleared {
        /// How many boxes.
        boxes: usize,
    },
    /// No text was found in it.
    WithoutText,
    /// Kept as it is, by policy.
    Kept,
}

/// Cleans overlays of text (PS3.15 §E.3.3): by policy they are removed, kept, or looked at by
/// `detector` and cleared where there is text; without a detector they are removed then, and so
/// are those whose bits are in the pixels. Labels and descriptions are attributes with rows of
/// their own in the profile.
///
/// # Errors
/// As of [`TextDetector::detect`].
pub fn clean_graphics(
    data_set: &mut DataSet,
    graphics: Graphics,
    detector: Option<&dyn TextDetector>,
) -> Result<Vec<(u16, OverlayFate)>> {
    let mut fates = Vec::new();
    for group in groups(data_set) {
        let fate = match (graphics, plane(data_set, group), detector) {
            (Graphics::Keep, _, _) => OverlayFate::Kept,
            (Graphics::Clean, Some(plane), Some(detector)) => {
                clear_text(data_set, &plane, detector)?
            }
            (Graphics::Clean | Graphics::Remove, _, _) => {
                data_set.retain(|element| element.tag.group() != group);
                OverlayFate::Removed
            }
        };
        fates.push((group, fate));
    }
    Ok(fates)
}

fn clear_text(
    data_set: &mut DataSet,
    plane: &Plane,
    detector: &dyn TextDetector,
) -> Result<OverlayFate> {
    let count = plane.frames.map_or(1, |(count, _)| count);
    let mut covered = Vec::new();
    let mut boxes = 0;
    for number in 0..count {
        let found = detector.detect(&picture(data_set, plane, number)?)?;
        boxes += found.len();
        // From the overlay's pixels to the image's; what lies left of or above the image is cut,
        // so that the plane is cleared in its own pixels.
        let shapes: Vec<Shape> = found.iter().map(TextBox::shape).collect();
        covered.push(Spans::of(&shapes, plane.rows, plane.columns));
    }
    let own = Plane {
        top: 0,
        left: 0,
        ..*plane
    };
    clear(data_set, &own, &covered);
    Ok(match boxes {
        0 => OverlayFate::WithoutText,
        boxes => OverlayFate::TextCleared { boxes },
    })
}

/// An overlay's frame in black on white, as documents are.
fn picture(data_set: &DataSet, plane: &Plane, number: u32) -> Result<Picture> {
    let empty = Bytes::new();
    let tag = Tag(plane.group, tags::OVERLAY_DATA.element());
    let bytes = data_set.bytes(tag).unwrap_or(&empty);
    let frame_bits = u64::from(plane.rows) * u64::from(plane.columns);
    let first = u64::from(number) * frame_bits;
    let is_set = |bit: u64| {
        usize::try_from(bit / 8)
            .ok()
            .and_then(|at| bytes.get(at))
            .is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    };
    let pixels = (first..first + frame_bits.min(bytes.len() as u64 * 8))
        .map(|bit| if is_set(bit) { 0 } else { 255 })
        .chain(std::iter::repeat(255))
        .take(usize::try_from(frame_bits).unwrap_or(0))
        .collect();
    Ok(Picture::new(
        plane.columns,
        plane.rows,
        Pixels::Grey8(pixels),
    )?)
}

#[cfg(test)]
mod tests;
