//! Services, as people ask for them: a summary of contexts, or more than contexts can say.

use sagittal_core::{Uid, dictionary, sop_class};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContextGroup, Role, SopClasses, Support};

/// A service and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Which one.
    pub service: ServiceName,
    /// What the system is in it.
    pub roles: Vec<Role>,
    /// Whether it is supported.
    #[serde(default, skip_serializing_if = "Support::is_yes")]
    pub support: Support,
    /// What this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// What is particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// Services over DIMSE (PS3.4).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceName {
    /// Annex A.
    Verification,
    /// Annex B.
    Storage,
    /// Annex C, the FIND of its models.
    Query,
    /// Annex C, MOVE and GET.
    Retrieve,
    /// Annex K.
    Worklist,
    /// Annex F.
    ModalityPerformedProcedureStep,
    /// Annex J.
    StorageCommitment,
    /// Annex R.
    InstanceAvailability,
    /// Annex CC.
    UnifiedProcedureStep,
    /// Annex H.
    Print,
    /// Annex S.
    MediaCreation,
}

impl ServiceName {
    /// All of them.
    pub const ALL: &'static [ServiceName] = &[
        ServiceName::Verification,
        ServiceName::Storage,
        ServiceName::Query,
        ServiceName::Retrieve,
        ServiceName::Worklist,
        ServiceName::ModalityPerformedProcedureStep,
        ServiceName::StorageCommitment,
        ServiceName::InstanceAvailability,
        ServiceName::UnifiedProcedureStep,
        ServiceName::Print,
        ServiceName::MediaCreation,
    ];

    /// The one that a SOP class belongs to; `None` for the rarer ones.
    pub fn of(sop_class: &Uid) -> Option<ServiceName> {
        let uid = sop_class.as_str();
        if sop_class::storage(uid).is_some() {
            return Some(ServiceName::Storage);
        }
        let name = dictionary::uid_name(uid).unwrap_or("");
        let is = |part: &str| name.contains(part);
        let is_query_retrieve = is("Query/Retrieve Information Model") || is("Composite Instance");
        Some(match uid {
            sop_class::VERIFICATION => ServiceName::Verification,
            sop_class::MODALITY_WORKLIST_INFORMATION_MODEL_FIND => ServiceName::Worklist,
            sop_class::MODALITY_PERFORMED_PROCEDURE_STEP => {
                ServiceName::ModalityPerformedProcedureStep
            }
            sop_class::STORAGE_COMMITMENT_PUSH_MODEL => ServiceName::StorageCommitment,
            sop_class::INSTANCE_AVAILABILITY_NOTIFICATION => ServiceName::InstanceAvailability,
            _ if is_query_retrieve && name.ends_with("FIND") => ServiceName::Query,
            _ if is_query_retrieve => ServiceName::Retrieve,
            _ if is("Unified Procedure Step") => ServiceName::UnifiedProcedureStep,
            _ if is("Media Creation Management") => ServiceName::MediaCreation,
            _ if is("Print Management Meta") => ServiceName::Print,
            _ => return None,
        })
    }
}

/// The services that contexts show, as provider and as user. What no group speaks of is `unlisted`.
pub fn services(contexts: &[ContextGroup], unlisted: Support) -> Vec<Service> {
    let all = SopClasses::named("all").unwrap_or_default();
    let mut found = Vec::new();
    for &name in ServiceName::ALL {
        let classes: Vec<&Uid> = all
            .iter()
            .filter(|uid| ServiceName::of(uid) == Some(name))
            .collect();
        for role in [Role::Scp, Role::Scu] {
            let of_role = contexts.iter().filter(|group| group.roles.contains(&role));
            let speaks = |group: &&ContextGroup, uid: &Uid| group.sop_classes.contains(uid);
            let groups: Vec<&ContextGroup> = of_role
                .filter(|group| classes.iter().any(|uid| speaks(group, uid)))
                .collect();
            let has = |support| groups.iter().any(|group| group.support == support);
            let covered = |uid: &&Uid| groups.iter().any(|group| speaks(group, uid));
            let support = if has(Support::Yes) {
                Support::Yes
            } else if has(Support::Unknown) || !classes.iter().all(covered) {
                unlisted
            } else {
                Support::No
            };
            // Of a user that is not known there is nothing to say.
            if role == Role::Scp || support.is_yes() {
                found.push(Service {
                    service: name,
                    roles: vec![role],
                    support,
                    basis: None,
                    remark: None,
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_sop_classes_of_the_tables() {
        let all = SopClasses::named("all").unwrap_or_default();
        for name in ServiceName::ALL {
            assert!(
                all.iter().any(|uid| ServiceName::of(uid) == Some(*name)),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_service_is_there_if_one_of_its_classes_is() {
        let group = |uid, support| ContextGroup {
            sop_classes: [Uid::from_static(uid)].into_iter().collect(),
            roles: vec![Role::Scp],
            support,
            ..ContextGroup::default()
        };
        let contexts = [
            group(sop_class::CT_IMAGE_STORAGE, Support::Yes),
            group(sop_class::VERIFICATION, Support::No),
        ];
        let found = services(&contexts, Support::Unknown);
        let of = |name| {
            found
                .iter()
                .find(|row| row.service == name)
                .map(|row| row.support)
        };
        assert_eq!(of(ServiceName::Storage), Some(Support::Yes));
        assert_eq!(of(ServiceName::Verification), Some(Support::No));
        assert_eq!(of(ServiceName::Print), Some(Support::Unknown));
    }
}
