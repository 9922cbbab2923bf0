//! Standard elements by tag and by keyword (PS3.6 Table 6-1).

use crate::generated::elements::{ENTRIES, KEYWORDS, REPEATING};
use crate::{Tag, Vr};

/// A row of PS3.6 Table 6-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The tag; for repeating groups the lowest that is no element of its own.
    pub tag: Tag,
    /// The keyword, e.g. `PatientName`.
    pub keyword: &'static str,
    /// The name, e.g. `Patient's Name`.
    pub name: &'static str,
    /// The VR; where the standard leaves a choice `OW` if that is among them, `US` for "US or SS".
    pub vr: Vr,
    /// The VM as printed, e.g. `1-n`.
    pub vm: &'static str,
    /// Retired.
    pub retired: bool,
}

/// A row whose group or element number repeats.
pub(crate) struct Repeating {
    /// The bits of the tag that are fixed.
    pub mask: u32,
    /// The row.
    pub entry: Entry,
}

/// A row of the generated table.
pub(crate) const fn row(
    tag: u32,
    keyword: &'static str,
    name: &'static str,
    vr: Vr,
    vm: &'static str,
    retired: bool,
) -> Entry {
    Entry {
        tag: Tag::from_u32(tag),
        keyword,
        name,
        vr,
        vm,
        retired,
    }
}

/// All rows that do not repeat, in the order of their tags.
pub fn entries() -> &'static [Entry] {
    &ENTRIES
}

/// The tags of `ENTRIES` side by side: a search touches 20 KB instead of 350 KB.
static TAGS: [u32; ENTRIES.len()] = {
    let mut tags = [0; ENTRIES.len()];
    let mut at = 0;
    while at < tags.len() {
        tags[at] = ENTRIES[at].tag.as_u32();
        at += 1;
    }
    tags
};

/// The row of a standard element, repeating groups (50xx, 60xx, 0020,31xx …) included.
pub fn entry(tag: Tag) -> Option<&'static Entry> {
    match TAGS.binary_search(&tag.as_u32()) {
        Ok(at) => ENTRIES.get(at),
        Err(_) => repeating(tag),
    }
}

fn repeating(tag: Tag) -> Option<&'static Entry> {
    let may_repeat = match tag.group() {
        0x0020 | 0x0028 | 0x1000 | 0x1010 => true,
        group => group % 2 == 0 && matches!(group >> 8, 0x50 | 0x60 | 0x7F),
    };
    if !may_repeat || tag.is_group_length() {
        return None;
    }
    let matches = |row: &&Repeating| (tag.as_u32() ^ row.entry.tag.as_u32()) & row.mask == 0;
    REPEATING.iter().find(matches).map(|row| &row.entry)
}

/// The tag with this keyword.
pub fn by_keyword(keyword: &str) -> Option<Tag> {
    let at = KEYWORDS.binary_search_by(|row| row.0.cmp(keyword)).ok()?;
    KEYWORDS.get(at).map(|row| Tag::from_u32(row.1))
}

/// A keyword, or any spelling of a tag: what a user or a URL may call an attribute.
pub fn parse(text: &str) -> Option<Tag> {
    by_keyword(text).or_else(|| text.parse().ok())
}

/// All keywords, in the order of their characters.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    KEYWORDS.iter().map(|row| row.0)
}

/// The VR to assume when none is explicit: dictionary, `LO` for private creators,
/// `UL` for group lengths, `UN` for what is unknown.
pub fn vr(tag: Tag) -> Vr {
    if tag.is_group_length() {
        return Vr::UL;
    }
    if tag.is_private() {
        return if tag.is_private_creator() {
            Vr::LO
        } else {
            Vr::UN
        };
    }
    entry(tag).map_or(Vr::UN, |entry| entry.vr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags;

    #[test]
    fn every_row_is_found_by_tag_and_by_keyword() {
        assert!(ENTRIES.is_sorted_by(|a, b| a.tag < b.tag));
        assert!(KEYWORDS.is_sorted_by(|a, b| a.0 < b.0));
        for row in ENTRIES.iter().chain(REPEATING.iter().map(|row| &row.entry)) {
            assert_eq!(entry(row.tag), Some(row));
            if !row.keyword.is_empty() {
                assert_eq!(by_keyword(row.keyword), Some(row.tag));
            }
        }
    }

    #[test]
    fn well_known_rows_are_as_printed() {
        let row = entry(tags::PATIENT_NAME).expect("a row");
        assert_eq!(
            (row.keyword, row.name, row.vr, row.vm),
            ("PatientName", "Patient's Name", Vr::PN, "1")
        );
        assert_eq!(tags::PIXEL_DATA, Tag(0x7FE0, 0x0010));
        assert_eq!(tags::SOP_INSTANCE_UID, Tag(0x0008, 0x0018));
        assert_eq!(tags::VOI_LUT_FUNCTION, Tag(0x0028, 0x1056));
        assert_eq!(tags::COMMAND_FIELD, Tag(0x0000, 0x0100));
        assert_eq!(tags::TRANSFER_SYNTAX_UID, Tag(0x0002, 0x0010));
        assert_eq!(parse("0010,0020"), Some(tags::PATIENT_ID));
        assert_eq!(parse("PatientID"), Some(tags::PATIENT_ID));
        assert_eq!(parse("patientid"), None);
    }

    #[test]
    fn repeating_groups_are_found_at_every_number() {
        let keyword = |group, element| entry(Tag(group, element)).map(|row| row.keyword);
        assert_eq!(keyword(0x6000, 0x3000), Some("OverlayData"));
        assert_eq!(keyword(0x601E, 0x3000), Some("OverlayData"));
        assert_eq!(keyword(0x6001, 0x3000), None);
        assert_eq!(keyword(0x5012, 0x0103), Some("DataValueRepresentation"));
        assert_eq!(keyword(0x0020, 0x3142), Some("SourceImageIDs"));
        assert_eq!(keyword(0x0028, 0x0423), Some("CoefficientCodingPointers"));
        assert_eq!(keyword(0x7F10, 0x0010), Some("VariablePixelData"));
        assert_eq!(keyword(0x6000, 0x0000), None);
    }

    #[test]
    fn a_vr_is_assumed_where_none_is_written() {
        assert_eq!(vr(tags::PIXEL_DATA), Vr::OW);
        assert_eq!(vr(tags::SMALLEST_IMAGE_PIXEL_VALUE), Vr::US);
        assert_eq!(vr(Tag(0x0009, 0x0010)), Vr::LO);
        assert_eq!(vr(Tag(0x0009, 0x1010)), Vr::UN);
        assert_eq!(vr(Tag(0x0008, 0x0000)), Vr::UL);
        assert_eq!(vr(Tag(0x0008, 0x0003)), Vr::UN);
    }
}
