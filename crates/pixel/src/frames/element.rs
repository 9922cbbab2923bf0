//! Which element holds the frames.

use sagittal_core::{Tag, tags};
use sagittal_file::encoding::Encoding;

use super::table::FrameTable;

/// The element that holds the frames: the one whose value begins at the end of `bytes`, the data
/// set's beginning. Pixel Data, Float Pixel Data or Double Float Pixel Data.
pub fn element_before(bytes: &[u8], table: &FrameTable, encoding: Encoding) -> Tag {
    // Pixel data of every VR have a length field of four bytes (PS3.5 §7.1.2).
    let header = if encoding.explicit { 12 } else { 8 };
    let tag = bytes
        .len()
        .checked_sub(header)
        .and_then(|at| bytes.get(at..at + 4));
    match tag {
        Some(&[g0, g1, e0, e1]) if !table.is_encapsulated() => {
            let [group, element] = [[g0, g1], [e0, e1]].map(if encoding.big_endian {
                u16::from_be_bytes
            } else {
                u16::from_le_bytes
            });
            Tag(group, element)
        }
        _ => tags::PIXEL_DATA,
    }
}
