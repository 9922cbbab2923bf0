//! UIDs by value and by keyword (PS3.6 Annex A).

use crate::generated::uids::UIDS;

/// A row of PS3.6 Table A-1 and the tables after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UidEntry {
    /// The UID.
    pub uid: &'static str,
    /// The keyword, e.g. `CTImageStorage`; empty where none is printed.
    pub keyword: &'static str,
    /// The name, e.g. `CT Image Storage`.
    pub name: &'static str,
    /// What it identifies.
    pub kind: UidKind,
    /// Retired.
    pub retired: bool,
}

/// What a UID of the standard identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UidKind {
    /// A SOP class.
    SopClass,
    /// A Meta SOP class.
    MetaSopClass,
    /// A transfer syntax.
    TransferSyntax,
    /// A well-known SOP instance.
    SopInstance,
    /// A well-known frame of reference.
    FrameOfReference,
    /// A coding scheme.
    CodingScheme,
    /// The DICOM application context.
    ApplicationContextName,
    /// Anything else.
    Other,
}

/// A row of the generated table.
pub(crate) const fn uid_row(
    uid: &'static str,
    keyword: &'static str,
    name: &'static str,
    kind: UidKind,
    retired: bool,
) -> UidEntry {
    UidEntry {
        uid,
        keyword,
        name,
        kind,
        retired,
    }
}

/// All rows, in the order of the UIDs' characters.
pub fn uids() -> &'static [UidEntry] {
    &UIDS
}

/// The row of a UID of PS3.6 Annex A.
pub fn uid(uid: &str) -> Option<&'static UidEntry> {
    UIDS.binary_search_by(|row| row.uid.cmp(uid))
        .ok()
        .and_then(|at| UIDS.get(at))
}

/// The row with this keyword.
pub fn uid_by_keyword(keyword: &str) -> Option<&'static UidEntry> {
    UIDS.iter()
        .find(|row| !keyword.is_empty() && row.keyword == keyword)
}

/// Name of a UID of PS3.6 Annex A, e.g. `CT Image Storage`.
pub fn uid_name(uid: &str) -> Option<&'static str> {
    self::uid(uid).map(|row| row.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_uid_has_its_name() {
        assert!(UIDS.is_sorted_by(|a, b| a.uid < b.uid));
        assert!(UIDS.iter().all(|row| uid_name(row.uid) == Some(row.name)));
        assert_eq!(
            uid_name("1.2.840.10008.5.1.4.1.1.2"),
            Some("CT Image Storage")
        );
        assert_eq!(uid_name("1.2.3"), None);
    }

    #[test]
    fn a_keyword_names_a_uid() {
        let row = uid_by_keyword("CTImageStorage").expect("a row");
        assert_eq!(
            (row.uid, row.kind),
            ("1.2.840.10008.5.1.4.1.1.2", UidKind::SopClass)
        );
        assert_eq!(uid_by_keyword(""), None);
    }
}
