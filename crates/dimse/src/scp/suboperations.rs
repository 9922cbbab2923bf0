//! Counting the C-STORE sub-operations of a C-MOVE or C-GET, and telling the requestor
//! (PS3.4 §C.4.2.1.5 to §C.4.2.1.9, §C.4.3.1.4; PS3.7 §9.1.3.1, §9.1.4.1).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sagittal_archive::retrieve::InstanceRef;
use sagittal_audit::{Action, Outcome};
use sagittal_core::{DataSet, Uid, tags};
use sagittal_file::write::write_data_set;
use sagittal_net::Data;
use sagittal_net::dimse::{CommandSet, Status, StatusClass, element};

use super::operation::{Operation, explain};
use crate::status::Failure;

/// Bytes of the list of failed instances: more does not fit the length field of `UI`.
const MAX_FAILED_LIST: usize = 65_000;
/// Sub-operations after which the requestor is told, however fast they go.
const TELL_EVERY: usize = 100;

/// How the sub-operations went so far.
pub(super) struct Tally {
    pub(super) remaining: usize,
    pub(super) completed: usize,
    pub(super) warning: usize,
    failed: Vec<Uid>,
    /// Why, and how often.
    reasons: BTreeMap<String, u64>,
    studies: BTreeSet<Uid>,
    told: Option<Instant>,
    since: usize,
}

impl Tally {
    pub(super) fn new(remaining: usize) -> Tally {
        Tally {
            remaining,
            completed: 0,
            warning: 0,
            failed: Vec::new(),
            reasons: BTreeMap::new(),
            studies: BTreeSet::new(),
            told: None,
            since: 0,
        }
    }

    /// A sub-operation has ended with a status of the receiver, or could not be done.
    pub(super) fn note(&mut self, instance: &InstanceRef, outcome: Result<Status, Failure>) {
        self.remaining = self.remaining.saturating_sub(1);
        self.since += 1;
        if !self.studies.contains(&instance.study_instance_uid) {
            self.studies.insert(instance.study_instance_uid.clone());
        }
        let reason = match outcome {
            Ok(status) => match status.class() {
                StatusClass::Success => {
                    self.completed += 1;
                    return;
                }
                StatusClass::Warning => {
                    self.warning += 1;
                    return;
                }
                _ => format!("the receiver answered {status}"),
            },
            Err(failure) => failure.comment,
        };
        tracing::info!(uid = %instance.sop_instance_uid, %reason, "instance not sent");
        self.failed.push(instance.sop_instance_uid.clone());
        *self.reasons.entry(reason).or_default() += 1;
    }

    /// Should the requestor be told now?
    pub(super) fn is_due(&self, interval: Duration) -> bool {
        self.since >= TELL_EVERY || self.told.is_none_or(|told| told.elapsed() >= interval)
    }

    fn status(&self) -> Status {
        if self.failed.is_empty() && self.warning == 0 {
            Status::SUCCESS
        } else if self.completed == 0 && self.warning == 0 {
            Status::UNABLE_TO_PERFORM_SUBOPERATIONS
        } else {
            Status::SUBOPERATIONS_COMPLETE_WITH_FAILURES
        }
    }

    fn put_counters(&self, set: &mut CommandSet, with_remaining: bool) {
        let number = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        if with_remaining {
            set.set(
                element::NUMBER_OF_REMAINING_SUBOPERATIONS,
                &number(self.remaining),
            );
        }
        set.set(
            element::NUMBER_OF_COMPLETED_SUBOPERATIONS,
            &number(self.completed),
        );
        set.set(
            element::NUMBER_OF_FAILED_SUBOPERATIONS,
            &number(self.failed.len()),
        );
        set.set(
            element::NUMBER_OF_WARNING_SUBOPERATIONS,
            &number(self.warning),
        );
    }

    /// The most frequent reason of failures.
    fn reason(&self) -> Option<&str> {
        let most = self.reasons.iter().max_by_key(|(_, count)| **count);
        most.map(|(reason, _)| reason.as_str())
    }

    /// The list of failed instances, as far as it fits.
    fn failed_list(&self, transfer_syntax_uid: &str) -> Option<Vec<u8>> {
        if self.failed.is_empty() {
            return None;
        }
        let mut list = String::new();
        for uid in &self.failed {
            if list.len() + uid.as_str().len() >= MAX_FAILED_LIST {
                break;
            }
            if !list.is_empty() {
                list.push('\\');
            }
            list.push_str(uid.as_str());
        }
        let mut data_set = DataSet::new();
        data_set.put_text(tags::FAILED_SOP_INSTANCE_UID_LIST, &list);
        let mut bytes = Vec::new();
        write_data_set(&data_set, transfer_syntax_uid, &mut bytes)
            .ok()
            .map(|()| bytes)
    }
}

/// A pending response.
pub(super) async fn tell(operation: &Operation, tally: &mut Tally) {
    tally.told = Some(Instant::now());
    tally.since = 0;
    let mut response = operation.response(Status::PENDING);
    tally.put_counters(&mut response, true);
    operation
        .session
        .send(operation.context.id, &response)
        .await;
}

/// The final response after sub-operations, if only after none; and the audit trail.
pub(super) async fn finish(operation: &Operation, tally: &Tally, to: &str) {
    let canceled = operation.canceled.is_cancelled() && tally.remaining > 0;
    let status = if canceled {
        Status::CANCEL
    } else {
        tally.status()
    };
    let mut response = operation.response(status);
    tally.put_counters(&mut response, canceled);
    if let Some(reason) = tally.reason() {
        explain(&mut response, &Failure::new(status, reason));
    }
    let failed = tally.failed_list(operation.context.transfer_syntax.as_str());
    operation
        .session
        .send_data(operation.context.id, &response, Data::from(failed))
        .await;
    let sent = (tally.completed + tally.warning) as u64;
    metrics::counter!("sagittal_dimse_instances_sent_total").increment(sent);
    let outcome = match status.class() {
        StatusClass::Success => Outcome::Success,
        StatusClass::Failure => Outcome::SeriousFailure,
        _ => Outcome::MinorFailure,
    };
    let reasons: Vec<String> = tally
        .reasons
        .iter()
        .take(5)
        .map(|(reason, count)| format!("{count} x {reason}"))
        .collect();
    let event = operation
        .event(Action::InstancesTransferred)
        .studies(tally.studies.iter().map(Uid::to_string))
        .instances(sent)
        .outcome(outcome)
        .detail(format!(
            "to {to}, {status}, {} failed, {} left; {}",
            tally.failed.len(),
            tally.remaining,
            reasons.join("; ")
        ));
    operation.session.provider.record(event);
    operation.measure(status);
}

/// The final response when nothing was begun.
pub(super) async fn refuse(operation: &Operation, failure: &Failure) {
    let response = operation.failure(failure);
    operation
        .session
        .send(operation.context.id, &response)
        .await;
    let event = operation
        .event(Action::InstancesTransferred)
        .outcome(Outcome::SeriousFailure)
        .detail(failure.to_string());
    operation.session.provider.record(event);
    operation.measure(failure.status);
}

#[cfg(test)]
mod tests {
    use sagittal_store::blob::Locator;

    use super::*;

    fn instance(number: u64) -> InstanceRef {
        let uid = |text: String| Uid::new(&text).unwrap_or_else(|_| Uid::from_static("1"));
        InstanceRef {
            study_instance_uid: uid(format!("1.1.{}", number / 100)),
            series_instance_uid: Uid::from_static("1.2"),
            sop_instance_uid: uid(format!("1.2.840.10008.987654321.123456789.{number}")),
            sop_class_uid: Uid::from_static("1.3"),
            transfer_syntax_uid: Uid::from_static("1.4"),
            number_of_frames: 1,
            hash: [0; 32],
            locator: Locator {
                pack: 0,
                offset: 0,
                header_length: 0,
                prefix_length: 0,
                length: 0,
            },
            received_ms: 0,
            original: None,
        }
    }

    #[test]
    fn the_final_status_says_whether_all_some_or_none_arrived() {
        let failure = || Err(Failure::new(Status::PROCESSING_FAILURE, "no context"));
        let mut tally = Tally::new(3);
        assert_eq!(tally.status(), Status::SUCCESS);
        tally.note(&instance(1), failure());
        assert_eq!(tally.status(), Status::UNABLE_TO_PERFORM_SUBOPERATIONS);
        tally.note(&instance(2), Ok(Status::SUCCESS));
        assert_eq!(tally.status(), Status::SUBOPERATIONS_COMPLETE_WITH_FAILURES);
        tally.note(&instance(3), Ok(Status::OUT_OF_RESOURCES));
        assert_eq!(
            (tally.remaining, tally.completed, tally.failed.len()),
            (0, 1, 2)
        );
        assert!(tally.reason().is_some_and(|reason| !reason.is_empty()));
    }

    #[test]
    fn a_warning_alone_is_a_warning() {
        let mut tally = Tally::new(1);
        tally.note(&instance(1), Ok(Status::COERCION_OF_DATA_ELEMENTS));
        assert_eq!(tally.status().class(), StatusClass::Warning);
        assert_eq!(tally.failed_list("1.2.840.10008.1.2.1"), None);
    }

    #[test]
    fn ten_thousand_failures_fit_the_length_field_of_a_uid_list() {
        let mut tally = Tally::new(10_000);
        for number in 0..10_000 {
            tally.note(&instance(number), Ok(Status::OUT_OF_RESOURCES));
        }
        let list = tally.failed_list("1.2.840.10008.1.2.1").unwrap_or_default();
        assert!(list.len() > 60_000 && list.get(4..6) == Some(b"UI"));
        assert_eq!(tally.studies.len(), 100);
    }
}
