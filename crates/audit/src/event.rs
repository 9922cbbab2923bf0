//! What is recorded. No names or other patient data: UIDs only.

use serde::Serialize;

/// What was done (PS3.15 §A.5.3, CID 400).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Server started or stopped (110100).
    ApplicationActivity,
    /// Instances came in (110104, 110107).
    InstancesStored,
    /// Instances went out (110104, 110106).
    InstancesTransferred,
    /// Instances, metadata or frames were read (110103).
    InstancesAccessed,
    /// Studies, series or instances were deleted (110105).
    StudyDeleted,
    /// A query (110112).
    Query,
    /// Login, or a failed one (110114).
    UserAuthentication,
    /// A refusal, or another security alert (110113).
    SecurityAlert,
    /// Association opened or refused, C-ECHO (110108).
    NetworkEntry,
}

/// How it ended (EventOutcomeIndicator).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// 0
    Success,
    /// 4
    MinorFailure,
    /// 8
    SeriousFailure,
    /// 12
    MajorFailure,
}

/// One audit event.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// What.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Who: name and kind, e.g. `CT1`, `application-entity`.
    pub who: String,
    /// How `who` made itself known.
    pub kind: String,
    /// From where.
    pub address: Option<String>,
    /// By which service or route, e.g. `C-STORE`, `GET /studies/{study}`.
    pub service: String,
    /// Which studies (bounded; `studies_total` has the count).
    pub study_instance_uids: Vec<String>,
    /// How many instances.
    pub instances: u64,
    /// Why it failed, or what else belongs here; no patient data.
    pub detail: Option<String>,
}
