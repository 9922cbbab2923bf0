//! Private elements of known vendors: what they are called, and their VR where none is written
//! (PS3.5 §7.8).

use crate::generated::private_elements::PRIVATE;
use crate::{Tag, Vr};

/// A private element of a known creator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateEntry {
    /// The VR; `UN` if it is not known.
    pub vr: Vr,
    /// The vendor's name for it.
    pub name: &'static str,
}

/// Rows of one creator: group, element within the block, VR, name; ascending.
pub(crate) type PrivateBlock = &'static [(u16, u8, Vr, &'static str)];

/// The row of a private element in the block of `creator`; the block's number does not matter.
pub fn private_entry(creator: &str, tag: Tag) -> Option<PrivateEntry> {
    tag.private_creator()?;
    let creator = creator.trim_matches([' ', '\0']);
    let at = PRIVATE.binary_search_by(|row| row.0.cmp(creator)).ok()?;
    let rows = PRIVATE.get(at)?.1;
    let key = (tag.group(), tag.element().to_le_bytes()[0]);
    let at = rows.binary_search_by(|row| (row.0, row.1).cmp(&key)).ok()?;
    rows.get(at).map(|row| PrivateEntry {
        vr: row.2,
        name: row.3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_element_is_found_in_any_block() {
        for tag in [Tag(0x0029, 0x1010), Tag(0x0029, 0x4210)] {
            let row = private_entry("SIEMENS CSA HEADER ", tag).expect("a row");
            assert_eq!(row.vr, Vr::OB);
        }
        assert_eq!(
            private_entry("SIEMENS CSA HEADER", Tag(0x0029, 0x0010)),
            None
        );
        assert_eq!(private_entry("NOBODY", Tag(0x0029, 0x1010)), None);
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(PRIVATE.is_sorted_by(|a, b| a.0 < b.0));
        assert!(
            PRIVATE
                .iter()
                .all(|row| row.1.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)))
        );
    }
}
