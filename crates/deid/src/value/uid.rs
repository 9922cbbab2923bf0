//! Which UIDs say what a thing is, and which say whose (PS3.15 §E.3.9).

use sagittal_core::{Tag, dictionary, tags};

/// UIDs of PS3.6 Annex A: SOP classes, transfer syntaxes, coding schemes, well-known instances and
/// frames of reference. They are everybody's and stay.
pub fn is_well_known(uid: &str) -> bool {
    uid.starts_with("1.2.840.10008.") && dictionary::uid(uid).is_some()
}

/// Attributes whose UIDs name classes, syntaxes and dictionaries, private ones among them.
pub fn names_a_class(tag: Tag) -> bool {
    matches!(
        tag,
        tags::SOP_CLASS_UID
            | tags::REFERENCED_SOP_CLASS_UID
            | tags::REFERENCED_SOP_CLASS_UID_IN_FILE
            | tags::REFERENCED_RELATED_GENERAL_SOP_CLASS_UID_IN_FILE
            | tags::REFERENCED_TRANSFER_SYNTAX_UID_IN_FILE
            | tags::RELATED_GENERAL_SOP_CLASS_UID
            | tags::ORIGINAL_SPECIALIZED_SOP_CLASS_UID
            | tags::SOP_CLASSES_IN_STUDY
            | tags::SOP_CLASSES_SUPPORTED
            | tags::CODING_SCHEME_UID
            | tags::CONTEXT_UID
            | tags::MAPPING_RESOURCE_UID
            | tags::CONTEXT_GROUP_EXTENSION_CREATOR_UID
            | tags::MAC_CALCULATION_TRANSFER_SYNTAX_UID
            | tags::ENCRYPTED_CONTENT_TRANSFER_SYNTAX_UID
            | tags::AVAILABLE_TRANSFER_SYNTAX_UID
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_uids_are_known_and_others_under_its_root_are_not() {
        assert!(is_well_known("1.2.840.10008.5.1.4.1.1.2"));
        assert!(is_well_known("1.2.840.10008.1.4.1.1"));
        assert!(!is_well_known("1.2.840.10008.9999.1"));
        assert!(!is_well_known("1.2.840.113619.2.1"));
    }
}
