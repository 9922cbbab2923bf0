//! Regions of pixels made black, in pixel data, overlays and icons (PS3.15 §E.3.1).

use sagittal_core::{DataSet, Value, tags};
use serde::Serialize;

use super::frames::Frames;
use super::overlay;
use super::region::{Region, spans};
use super::rewrite::{Rewritten, rewrite};
use super::samples::{Edit, Values};
use crate::Result;

/// What was blanked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Blanked {
    /// Frames of the pixel data.
    pub pixels: Rewritten,
    /// Groups of overlays in which something was cleared.
    pub overlays: Vec<u16>,
    /// Icons that were removed, since they show the image as it was.
    pub icons: usize,
}

impl Blanked {
    /// Was anything changed?
    pub fn is_changed(&self) -> bool {
        !self.pixels.frames.is_empty() || !self.overlays.is_empty() || self.icons > 0
    }
}

/// Blanks regions of a data set that is in `transfer_syntax`: pixels, overlay planes that lie over
/// them (those in bits of the pixels go with the pixels), and removes icons if any pixel changed.
/// Nothing else of the data set is touched, but for the Image Pixel Module's attributes where
/// [`Rewritten::transfer_syntax`] says so.
///
/// # Errors
/// As of [`rewrite`]; the data set is then as it was.
pub fn blank(data_set: &mut DataSet, transfer_syntax: &str, regions: &[Region]) -> Result<Blanked> {
    let Some(frames) = Frames::of(data_set, transfer_syntax)? else {
        return Ok(Blanked::default());
    };
    let (rows, columns) = (frames.image.rows, frames.image.columns);
    drop(frames);
    let pixels = rewrite(data_set, transfer_syntax, &mut |number| {
        Some(Edit {
            spans: spans(regions, number, rows, columns),
            values: Values::Black,
        })
    })?;
    let overlays = overlay::blank(data_set, regions);
    let icons = if pixels.frames.is_empty() {
        0
    } else {
        remove_icons(data_set)
    };
    Ok(Blanked {
        pixels,
        overlays,
        icons,
    })
}

/// Removes icons at any depth; says how many there were.
pub fn remove_icons(data_set: &mut DataSet) -> usize {
    let mut count = usize::from(data_set.remove(tags::ICON_IMAGE_SEQUENCE).is_some());
    let sequences: Vec<_> = data_set
        .elements()
        .iter()
        .filter(|element| matches!(&element.value, Value::Sequence(items) if items.iter().any(has_icon)))
        .map(|element| element.tag)
        .collect();
    for tag in sequences {
        if let Some(Value::Sequence(items)) = data_set.get_mut(tag).map(|one| &mut one.value) {
            count += items.iter_mut().map(remove_icons).sum::<usize>();
        }
    }
    count
}

fn has_icon(item: &DataSet) -> bool {
    item.elements().iter().any(|element| {
        element.tag == tags::ICON_IMAGE_SEQUENCE
            || matches!(&element.value, Value::Sequence(items) if items.iter().any(has_icon))
    })
}
