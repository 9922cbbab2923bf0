//! A view at work: how the originals look through it.

use std::sync::Arc;

use sagittal_core::Uid;
use sagittal_deid::IdentifierKind;
use sagittal_store::blob::Hash;

use super::cleaned::Cleaned;
use super::known::PatientState;
use super::probe::{self, Shows};
use super::seen::SeenHeaders;
use super::studies::Studies;
use super::{Named, View};
use crate::cache::ByteCache;
use crate::retrieve::InstanceRef;

/// When instances of a view seem to have come, in milliseconds since 1970: the beginning of 1980.
/// When they really did is near to dates that may not be shown.
const RECEIVED_MS: i64 = 315_532_800_000;

/// A view, and what was found out by looking through it. Shared by all who do.
pub(crate) struct Lens {
    pub(crate) view: View,
    pub(crate) shows: Shows,
    pub(crate) studies: Studies,
    /// Instances that were opened lately.
    pub(super) cleaned: ByteCache<Hash, Arc<Cleaned>>,
    /// Headers that were looked at lately.
    pub(super) headers: SeenHeaders,
}

/// What an instance is in the archive itself.
#[derive(Clone, Debug)]
pub struct Original {
    pub(crate) study_instance_uid: Uid,
    pub(crate) series_instance_uid: Uid,
    pub(crate) sop_instance_uid: Uid,
    pub(crate) transfer_syntax_uid: Uid,
    pub(crate) hash: Hash,
}

impl Lens {
    /// `memory`: bytes that opened instances may take.
    pub(crate) fn new(view: View, memory: u64) -> Lens {
        Lens {
            shows: probe::probe(&view.policy),
            studies: Studies::default(),
            cleaned: ByteCache::new(memory),
            headers: SeenHeaders::default(),
            view,
        }
    }

    pub(crate) fn policy(&self) -> &Arc<Named> {
        &self.view.policy
    }

    /// The UID by which the view knows something.
    pub(crate) fn uid(&self, original: &str) -> Uid {
        self.view.policy.project.uid(original)
    }

    /// The Patient ID by which the view knows a patient; `None` if it does not tell patients apart.
    pub(crate) fn patient_id(&self, original: &str) -> Option<String> {
        let original = original.trim();
        match self.shows.patient_id {
            probe::Shown::Kept => Some(original.to_owned()),
            probe::Shown::Pseudonym if original.is_empty() => None,
            probe::Shown::Pseudonym => {
                let pseudonyms = &self.view.policy.project.pseudonyms;
                Some(pseudonyms.identifier(IdentifierKind::Patient, original))
            }
            probe::Shown::Otherwise => None,
        }
    }

    /// What stands for something of the archive where the view must say when it changes; nobody
    /// without the key can tell what it stands for.
    pub(crate) fn hash(&self, original: &[u8]) -> Hash {
        let policy = &self.view.policy;
        let parts: [&[u8]; 2] = [policy.digest(), original];
        policy.project.key.derive("state of a view", &parts)
    }

    /// An instance of the archive as the view knows it. It is another one when more is known of its
    /// patient.
    pub(crate) fn instance(&self, instance: InstanceRef, patient: PatientState) -> InstanceRef {
        let uid = |uid: &Uid| self.uid(uid.as_str());
        let state = format!("{patient:?} {:?}", instance.hash);
        InstanceRef {
            study_instance_uid: uid(&instance.study_instance_uid),
            series_instance_uid: uid(&instance.series_instance_uid),
            sop_instance_uid: uid(&instance.sop_instance_uid),
            hash: self.hash(state.as_bytes()),
            received_ms: RECEIVED_MS,
            original: Some(Box::new(Original {
                study_instance_uid: instance.study_instance_uid,
                series_instance_uid: instance.series_instance_uid,
                sop_instance_uid: instance.sop_instance_uid,
                transfer_syntax_uid: instance.transfer_syntax_uid.clone(),
                hash: instance.hash,
            })),
            ..instance
        }
    }
}
