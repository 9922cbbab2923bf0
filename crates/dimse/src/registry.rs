//! The services that we know: from this table come the acceptor's policy, the support matrix and the
//! conformance statement.

use sagittal_auth::Permission;
use sagittal_core::dictionary::{self, UidKind};
use sagittal_core::sop_class;

use crate::config::{DimseConfig, Offered};

/// What is asked of a SOP class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// C-ECHO
    Echo,
    /// C-STORE
    Store,
    /// C-FIND
    Find,
    /// C-MOVE
    Move,
    /// C-GET
    Get,
}

impl Operation {
    /// As in PS3.7.
    pub const fn name(self) -> &'static str {
        match self {
            Operation::Echo => "C-ECHO",
            Operation::Store => "C-STORE",
            Operation::Find => "C-FIND",
            Operation::Move => "C-MOVE",
            Operation::Get => "C-GET",
        }
    }

    /// What a requestor must be allowed to do.
    pub const fn permission(self) -> Permission {
        match self {
            Operation::Echo => Permission::Verify,
            Operation::Store => Permission::Store,
            Operation::Find => Permission::Query,
            Operation::Move | Operation::Get => Permission::Retrieve,
        }
    }

    /// Is it switched on?
    pub const fn is_offered(self, offered: Offered) -> bool {
        match self {
            Operation::Echo => true,
            Operation::Store => offered.store,
            Operation::Find => offered.find,
            Operation::Move => offered.r#move,
            Operation::Get => offered.get,
        }
    }
}

/// The information model that identifiers of a service follow (PS3.4 §C.3, Annex Y, Annex Z).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// Patient Root.
    PatientRoot,
    /// Study Root.
    StudyRoot,
    /// Patient/Study Only (retired).
    PatientStudyOnly,
    /// Composite Instance Root Retrieve.
    CompositeInstanceRoot,
    /// Composite Instance Retrieve Without Bulk Data.
    WithoutBulkData,
}

impl Model {
    /// Its Query/Retrieve Levels, from the top.
    pub const fn levels(self) -> &'static [&'static str] {
        match self {
            Model::PatientRoot => &["PATIENT", "STUDY", "SERIES", "IMAGE"],
            Model::StudyRoot => &["STUDY", "SERIES", "IMAGE"],
            Model::PatientStudyOnly => &["PATIENT", "STUDY"],
            Model::CompositeInstanceRoot => &["IMAGE", "FRAME"],
            Model::WithoutBulkData => &["IMAGE"],
        }
    }
}

/// A byte of the Service-class-application-information of SOP Class Extended Negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedField {
    /// What the byte means.
    pub name: &'static str,
    /// What we answer at most.
    pub value: u8,
}

const fn field(name: &'static str, value: u8) -> ExtendedField {
    ExtendedField { name, value }
}

/// PS3.4 §C.5.1.1.3.1 (FIND).
pub const FIND_EXTENDED: &[ExtendedField] = &[
    field("relational queries", 1),
    field("combined date-time matching", 1),
    field("fuzzy semantic matching of person names", 1),
    field("timezone query adjustment", 0),
    field("enhanced multi-frame image conversion", 0),
];
/// PS3.4 §C.5.2.1.1.1 and §C.5.3.1.1.1 (MOVE, GET).
pub const RETRIEVE_EXTENDED: &[ExtendedField] = &[
    field("relational retrieval", 1),
    field("enhanced multi-frame image conversion", 0),
];
/// PS3.4 §B.3.1.4.1 (Storage): level 2, digital signatures kept bit by bit, no coercion.
pub const STORAGE_EXTENDED: &[ExtendedField] = &[
    field("level of support", 2),
    field("reserved", 0),
    field("level of digital signature support", 3),
    field("reserved", 0),
    field("element coercion", 0),
    field("reserved", 0),
];

/// A SOP class of which we are SCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its UID.
    pub sop_class_uid: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub operation: Operation,
    /// Its information model.
    pub model: Option<Model>,
    /// Its extended negotiation.
    pub extended: &'static [ExtendedField],
    /// Are we SCU of it as well (command line tools)?
    pub scu: bool,
}

const fn service(
    sop_class_uid: &'static str,
    name: &'static str,
    operation: Operation,
    model: Option<Model>,
) -> Service {
    let extended = match (operation, model) {
        (Operation::Find, _) => FIND_EXTENDED,
        (_, Some(Model::PatientRoot | Model::StudyRoot | Model::PatientStudyOnly)) => {
            RETRIEVE_EXTENDED
        }
        _ => &[],
    };
    let scu = !matches!(
        model,
        Some(Model::CompositeInstanceRoot | Model::WithoutBulkData)
    );
    Service {
        sop_class_uid,
        name,
        operation,
        model,
        extended,
        scu,
    }
}

/// All but the storage SOP classes, which are those of [`sop_class::STORAGE`].
#[rustfmt::skip]
pub const SERVICES: &[Service] = &[
    service(sop_class::VERIFICATION, "Verification", Operation::Echo, None),
    service(sop_class::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND, "Patient Root Query/Retrieve Information Model - FIND", Operation::Find, Some(Model::PatientRoot)),
    service(sop_class::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE, "Patient Root Query/Retrieve Information Model - MOVE", Operation::Move, Some(Model::PatientRoot)),
    service(sop_class::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET, "Patient Root Query/Retrieve Information Model - GET", Operation::Get, Some(Model::PatientRoot)),
    service(sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND, "Study Root Query/Retrieve Information Model - FIND", Operation::Find, Some(Model::StudyRoot)),
    service(sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE, "Study Root Query/Retrieve Information Model - MOVE", Operation::Move, Some(Model::StudyRoot)),
    service(sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET, "Study Root Query/Retrieve Information Model - GET", Operation::Get, Some(Model::StudyRoot)),
    service(sop_class::PATIENT_STUDY_ONLY_QUERY_RETRIEVE_INFORMATION_MODEL_FIND, "Patient/Study Only Query/Retrieve Information Model - FIND (retired)", Operation::Find, Some(Model::PatientStudyOnly)),
    service(sop_class::PATIENT_STUDY_ONLY_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE, "Patient/Study Only Query/Retrieve Information Model - MOVE (retired)", Operation::Move, Some(Model::PatientStudyOnly)),
    service(sop_class::PATIENT_STUDY_ONLY_QUERY_RETRIEVE_INFORMATION_MODEL_GET, "Patient/Study Only Query/Retrieve Information Model - GET (retired)", Operation::Get, Some(Model::PatientStudyOnly)),
    service(sop_class::COMPOSITE_INSTANCE_ROOT_RETRIEVE_MOVE, "Composite Instance Root Retrieve - MOVE", Operation::Move, Some(Model::CompositeInstanceRoot)),
    service(sop_class::COMPOSITE_INSTANCE_ROOT_RETRIEVE_GET, "Composite Instance Root Retrieve - GET", Operation::Get, Some(Model::CompositeInstanceRoot)),
    service(sop_class::COMPOSITE_INSTANCE_RETRIEVE_WITHOUT_BULK_DATA_GET, "Composite Instance Retrieve Without Bulk Data - GET", Operation::Get, Some(Model::WithoutBulkData)),
];

/// The service of a SOP class; `None` for storage and unknown ones.
pub fn service_of(sop_class_uid: &str) -> Option<&'static Service> {
    SERVICES
        .iter()
        .find(|service| service.sop_class_uid == sop_class_uid)
}

/// What is asked in a presentation context with this abstract syntax that was accepted: what is no
/// service of the table is storage.
pub fn operation_of(sop_class_uid: &str) -> Operation {
    service_of(sop_class_uid).map_or(Operation::Store, |service| service.operation)
}

/// UIDs and names of the storage SOP classes that are accepted.
pub fn storage_sop_classes(config: &DimseConfig) -> Vec<(String, String)> {
    let owned = |(uid, name): (&str, &str)| (uid.to_owned(), name.to_owned());
    let standard = sop_class::STORAGE
        .iter()
        // Exists on media only (PS3.4 Annex I).
        .filter(|class| class.uid != sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE)
        .map(|class| owned((class.uid, class.name)));
    let mut all: Vec<(String, String)> = standard.collect();
    if config.retired_sop_classes {
        all.extend(retired_storage().map(owned));
    }
    for uid in &config.sop_classes {
        if !all.iter().any(|(known, _)| *uid == known.as_str()) {
            all.push((uid.to_string(), "configured".to_owned()));
        }
    }
    all
}

/// Storage SOP classes that were retired.
fn retired_storage() -> impl Iterator<Item = (&'static str, &'static str)> {
    dictionary::uids()
        .iter()
        .filter(|row| row.retired && row.kind == UidKind::SopClass)
        .filter(|row| row.name.contains("Storage") && !row.name.contains("Storage Commitment"))
        .filter(|row| sop_class::storage(row.uid).is_none())
        .map(|row| (row.uid, row.name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sagittal_core::AeTitle;

    use super::*;

    #[test]
    fn every_service_is_found_by_its_uid_and_only_once() {
        for service in SERVICES {
            assert_eq!(service_of(service.sop_class_uid), Some(service));
        }
        assert_eq!(operation_of(sop_class::CT_IMAGE_STORAGE), Operation::Store);
        assert_eq!(operation_of("1.2.840.10008.5.1.4.1.2.2.1"), Operation::Find);
    }

    #[test]
    fn retired_and_private_classes_are_accepted_by_configuration() {
        let mut config = DimseConfig::new(AeTitle::new("A").unwrap());
        let before = storage_sop_classes(&config);
        assert!(before.len() > 170);
        config.retired_sop_classes = true;
        config
            .sop_classes
            .push(sagittal_core::Uid::from_static("1.2.3.4"));
        let after = storage_sop_classes(&config);
        let has = |uid: &str| after.iter().any(|(known, _)| known == uid);
        assert!(has("1.2.3.4") && has(sop_class::NUCLEAR_MEDICINE_IMAGE_STORAGE_RETIRED));
        assert!(!has(sop_class::STORAGE_COMMITMENT_PULL_MODEL));
        assert!(!has(sop_class::MEDIA_STORAGE_DIRECTORY_STORAGE));
    }
}
