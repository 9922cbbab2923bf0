//! Overlay planes (PS3.3 §C.9.2): without its data a plane goes as a whole.

use sagittal_core::{DataSet, Tag};

use crate::Options;

/// Groups of overlay planes that are removed: all of them, unless graphics are cleaned.
pub(super) fn doomed(data_set: &DataSet, options: &Options) -> Vec<u16> {
    if options.clean_graphics {
        return Vec::new();
    }
    let mut groups: Vec<u16> = Vec::new();
    let of_overlays = data_set
        .elements()
        .iter()
        .rev()
        .map(|element| element.tag)
        .take_while(|tag| *tag >= Tag(0x6000, 0));
    for tag in of_overlays {
        let group = tag.group();
        if group >> 8 == 0x60 && group % 2 == 0 && !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}
