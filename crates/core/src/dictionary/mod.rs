//! The data dictionary (PS3.6): generated from `standard/data_elements.tsv` and `standard/uids.tsv`.

use crate::{Tag, Vr};

/// A row of PS3.6 Table 6-1, or of its private counterparts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The tag; for repeating groups the one with the lowest number.
    pub tag: Tag,
    /// The keyword, e.g. `PatientName`.
    pub keyword: &'static str,
    /// The name, e.g. `Patient's Name`.
    pub name: &'static str,
    /// The VR; for "US or SS" and the like the first.
    pub vr: Vr,
    /// The VM as printed, e.g. `1-n`.
    pub vm: &'static str,
    /// Retired.
    pub retired: bool,
}

/// The row of a standard element, repeating groups (50xx, 60xx, 0020,31xx …) included.
pub fn entry(tag: Tag) -> Option<&'static Entry> {
    let _ = tag;
    todo!()
}

/// The tag with this keyword.
pub fn by_keyword(keyword: &str) -> Option<Tag> {
    let _ = keyword;
    todo!()
}

/// A keyword, or any spelling of a tag: what a user or a URL may call an attribute.
pub fn parse(text: &str) -> Option<Tag> {
    by_keyword(text).or_else(|| text.parse().ok())
}

/// The VR to assume when none is explicit: dictionary, `LO` for private creators,
/// `UL` for group lengths, `UN` for what is unknown.
pub fn vr(tag: Tag) -> Vr {
    let _ = tag;
    todo!()
}

/// Name of a UID of PS3.6 Annex A, e.g. `CT Image Storage`.
pub fn uid_name(uid: &str) -> Option<&'static str> {
    let _ = uid;
    todo!()
}
