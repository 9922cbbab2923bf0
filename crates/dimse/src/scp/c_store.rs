//! C-STORE, Storage Service Class as SCP (PS3.4 Annex B, PS3.7 §9.1.1).
//!
//! Fragments go into the archive as they come; the response is sent when the instance is durable.
//! Statuses: 0000 also for an instance that was there before with the same bytes, and for one that
//! replaces another by policy; B000 when it is kept, but hidden behind an earlier one with the same
//! SOP Instance UID and other bytes; 0111 when the policy refuses such a one; A700 when there is no
//! space or the server stops; A900 when the data set contradicts the command; C000 when it is not
//! understood; A900 or C000 when a rule of data quality refuses it; 0110 for trouble of our own. An
//! instance that such a rule holds back is a success like any other.

use std::collections::HashMap;

use sagittal_archive::ingest::{Announced, Form, Outcome, Receiving, Source, Stored};
use sagittal_auth::{Authorized, permission};
use sagittal_core::Uid;
use sagittal_net::dimse::{CStoreRequest, Status, element};
use sagittal_net::{Association, Message};

use super::operation::{Operation, explain};
use super::operations::Stop;
use super::session::Session;
use crate::registry::Operation as Kind;
use crate::status::Failure;

/// Instances after which the audit trail is told, however long the association lasts.
const AUDIT_EVERY: u64 = 10_000;

/// What came in an association since it was last told.
#[derive(Default)]
pub(crate) struct StoreSummary {
    /// Instances of each study.
    pub(crate) studies: HashMap<Uid, u64>,
    /// Requests that were refused.
    pub(crate) failed: u64,
}

/// Takes the data set into the archive. A refusal by the archive is returned inside, after the rest
/// of the data set has gone by.
pub(super) async fn receive(
    caller: &Authorized<permission::Store>,
    operation: &Operation,
    association: &mut Association,
    message: &Message,
    request: &CStoreRequest,
) -> Result<Result<Receiving, Failure>, Stop> {
    if !message.has_data_set {
        return Ok(Err(Failure::new(
            Status::CANNOT_UNDERSTAND,
            "a data set is missing",
        )));
    }
    let source = Source {
        name: operation.session.negotiated.calling_ae_title.to_string(),
    };
    let announced = Announced {
        sop_class_uid: Some(request.affected_sop_class_uid.clone()),
        sop_instance_uid: Some(request.affected_sop_instance_uid.clone()),
        study_instance_uid: None,
    };
    let form = Form::DataSet {
        transfer_syntax_uid: operation.context.transfer_syntax.clone(),
    };
    tracing::trace!(caller = %caller.caller().name, uid = %request.affected_sop_instance_uid, "C-STORE");
    let archive = &operation.session.provider.archive;
    let mut receiving = archive.receive(source, announced, form);
    while let Some(fragment) = association
        .next_data_fragment()
        .await
        .map_err(Stop::Association)?
    {
        if let Err(error) = receiving.write(fragment).await {
            drop(receiving);
            association
                .discard_data()
                .await
                .map_err(Stop::Association)?;
            return Ok(Err(Failure::of(Kind::Store, &error)));
        }
    }
    Ok(Ok(receiving))
}

/// Waits until the instance is durable, and says so.
pub(super) async fn respond(
    _: Authorized<permission::Store>,
    operation: Operation,
    request: CStoreRequest,
    received: Result<Receiving, Failure>,
) {
    let stored = match received {
        Ok(receiving) => receiving
            .finish()
            .await
            .map_err(|error| Failure::of(Kind::Store, &error)),
        Err(failure) => Err(failure),
    };
    let remark = match &stored {
        Ok(stored) => remark(stored),
        Err(failure) => Some(failure.clone()),
    };
    let status = remark.as_ref().map_or(Status::SUCCESS, |r| r.status);
    let mut response = operation.response(status);
    response.set(
        element::AFFECTED_SOP_CLASS_UID,
        &request.affected_sop_class_uid,
    );
    response.set(
        element::AFFECTED_SOP_INSTANCE_UID,
        &request.affected_sop_instance_uid,
    );
    if let Some(remark) = &remark {
        explain(&mut response, remark);
        tracing::info!(uid = %request.affected_sop_instance_uid, status = %status,
            reason = %remark.comment, "C-STORE not plainly stored");
    }
    note(&operation.session, stored.as_ref().ok());
    operation
        .session
        .send(operation.context.id, &response)
        .await;
    operation.measure(status);
}

/// What the sender has to know of an instance that was kept.
fn remark(stored: &Stored) -> Option<Failure> {
    match stored.outcome {
        Outcome::New | Outcome::Identical | Outcome::Replaced | Outcome::Quarantined => None,
        Outcome::KeptHidden => Some(Failure::new(
            Status::COERCION_OF_DATA_ELEMENTS,
            "kept but hidden: UID exists with other content",
        )),
    }
}

fn note(session: &Session, stored: Option<&Stored>) {
    let event = {
        let mut summary = session.stored.lock();
        match stored {
            Some(stored) => {
                let count = summary
                    .studies
                    .entry(stored.study_instance_uid.clone())
                    .or_default();
                *count += 1;
                metrics::counter!("sagittal_dimse_instances_received_total").increment(1);
            }
            None => summary.failed += 1,
        }
        let due = summary.failed + summary.studies.values().sum::<u64>() >= AUDIT_EVERY
            || summary.studies.len() >= 1000;
        due.then(|| summary.event(session)).flatten()
    };
    if let Some(event) = event {
        session.provider.record(event);
    }
}

/// Tells the audit trail what was stored.
pub(super) fn record(session: &Session) {
    let event = session.stored.lock().event(session);
    if let Some(event) = event {
        session.provider.record(event);
    }
}
