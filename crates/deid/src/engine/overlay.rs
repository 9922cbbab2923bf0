//! Overlay planes (PS3.3 §C.9.2): without its data a plane goes as a whole.

use sagittal_core::{DataSet, Tag};

/// The groups of overlay planes of a data set.
pub(super) fn groups(data_set: &DataSet) -> Vec<u16> {
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
