//! What is recorded. No names or other patient data: UIDs only.

use std::net::IpAddr;

use serde::Serialize;

/// Studies named in one event; `studies_total` counts them all.
const STUDIES_NAMED: usize = 32;
/// Characters kept of a detail.
const DETAIL_LENGTH: usize = 500;

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
    /// How many studies in all.
    pub studies_total: u64,
    /// How many instances.
    pub instances: u64,
    /// Why it failed, or what else belongs here; no patient data.
    pub detail: Option<String>,
}

impl Event {
    /// An event that went well, by nobody yet.
    pub fn new(action: Action, service: impl Into<String>) -> Event {
        Event {
            action,
            outcome: Outcome::Success,
            who: String::new(),
            kind: String::new(),
            address: None,
            service: service.into(),
            study_instance_uids: Vec::new(),
            studies_total: 0,
            instances: 0,
            detail: None,
        }
    }

    /// Who did it, how it made itself known, and from where.
    pub fn by(
        mut self,
        who: impl Into<String>,
        kind: impl Into<String>,
        address: Option<IpAddr>,
    ) -> Event {
        self.who = who.into();
        self.kind = kind.into();
        self.address = address.map(|address| address.to_string());
        self
    }

    /// How it ended.
    pub fn outcome(mut self, outcome: Outcome) -> Event {
        self.outcome = outcome;
        self
    }

    /// Adds a study (once).
    pub fn study(mut self, study_instance_uid: impl Into<String>) -> Event {
        self.add_study(study_instance_uid);
        self
    }

    /// Adds studies.
    pub fn studies(mut self, uids: impl IntoIterator<Item = impl Into<String>>) -> Event {
        for uid in uids {
            self.add_study(uid);
        }
        self
    }

    /// Adds a study (once, as far as it can be seen).
    pub fn add_study(&mut self, study_instance_uid: impl Into<String>) {
        let uid = study_instance_uid.into();
        if self.study_instance_uids.contains(&uid) {
            return;
        }
        self.studies_total += 1;
        if self.study_instance_uids.len() < STUDIES_NAMED {
            self.study_instance_uids.push(uid);
        }
    }

    /// How many instances.
    pub fn instances(mut self, instances: u64) -> Event {
        self.instances = instances;
        self
    }

    /// Why it failed, or what else belongs here; cut if it is long.
    pub fn detail(mut self, detail: impl Into<String>) -> Event {
        let detail: String = detail.into();
        self.detail = Some(detail.chars().take(DETAIL_LENGTH).collect());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn studies_are_named_once_and_bounded_but_counted() {
        let event = Event::new(Action::StudyDeleted, "DELETE")
            .studies((0..100).map(|n| n.to_string()))
            .study("5");
        assert_eq!(event.study_instance_uids.len(), STUDIES_NAMED);
        assert_eq!(event.studies_total, 100);
    }

    #[test]
    fn a_long_detail_is_cut() {
        let event = Event::new(Action::Query, "C-FIND").detail("ä".repeat(2000));
        assert_eq!(
            event.detail.map(|detail| detail.chars().count()),
            Some(DETAIL_LENGTH)
        );
    }
}
