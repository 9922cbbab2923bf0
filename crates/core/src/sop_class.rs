//! SOP classes and well-known SOP instances by name (PS3.6 Table A-1), and which of them are stored
//! as which IOD (PS3.4 Table B.5-1).

pub use crate::generated::sop_class::*;

/// A SOP class whose instances are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageSopClass {
    /// The UID.
    pub uid: &'static str,
    /// The name, e.g. `CT Image Storage`.
    pub name: &'static str,
    /// Identifier of the IOD, e.g. `ct-image`.
    pub iod: &'static str,
}

/// The row of a storage SOP class; `None` for any other UID.
pub fn storage(uid: &str) -> Option<&'static StorageSopClass> {
    STORAGE
        .binary_search_by(|row| row.uid.cmp(uid))
        .ok()
        .and_then(|at| STORAGE.get(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_classes_are_found_and_others_are_not() {
        assert_eq!(
            storage(CT_IMAGE_STORAGE).map(|row| row.iod),
            Some("ct-image")
        );
        assert_eq!(storage(VERIFICATION), None);
        assert!(STORAGE.iter().all(|row| storage(row.uid) == Some(row)));
    }

    #[test]
    fn constants_bear_the_uids_of_the_standard() {
        assert_eq!(VERIFICATION, "1.2.840.10008.1.1");
        assert_eq!(
            PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
            "1.2.840.10008.5.1.4.1.2.1.1"
        );
        assert_eq!(
            MODALITY_WORKLIST_INFORMATION_MODEL_FIND,
            "1.2.840.10008.5.1.4.31"
        );
        assert_eq!(STORAGE_COMMITMENT_PUSH_MODEL, "1.2.840.10008.1.20.1");
        assert_eq!(
            STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE,
            "1.2.840.10008.1.20.1.1"
        );
        assert_eq!(MODALITY_PERFORMED_PROCEDURE_STEP, "1.2.840.10008.3.1.2.3.3");
    }
}
