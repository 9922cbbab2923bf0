//! Tables of the standard.
#![allow(missing_docs)]
pub mod tags {
    use crate::Tag;
    pub const SPECIFIC_CHARACTER_SET: Tag = Tag(0x0008, 0x0005);
}
pub mod sop_class {}
pub mod transfer_syntax {}
