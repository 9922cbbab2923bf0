//! Storage commitment, push model (PS3.4 Annex J): what is in the catalog is committed.

use sagittal_core::{DataSet, Uid, sop_class, tags};
use sagittal_dimse::scu::Target;
use sagittal_net::dimse::{NActionRequest, NActionResponse, NEventReportRequest, Status};
use sagittal_net::negotiate::Roles;
use sagittal_net::{Association, Data, Error, PresentationContext};

use super::session::Session;

/// The one Storage Commitment Push Model SOP Instance (PS3.4 §J.3.5).
const INSTANCE: &str = "1.2.840.10008.1.20.1.1";

/// Answers an N-ACTION, and reports on a destination that the user named, or else on the same
/// association.
pub(super) async fn respond(
    session: &Session,
    association: &mut Association,
    context: &PresentationContext,
    request: &NActionRequest,
) -> Result<(), Error> {
    let asked = session.read(association, context).await?;
    let transaction = asked
        .as_ref()
        .and_then(|asked| asked.uid(tags::TRANSACTION_UID).ok().flatten());
    let status = match (&transaction, request.action_type_id) {
        (_, action) if action != 1 => Status::NO_SUCH_ACTION_TYPE,
        (None, _) => Status::INVALID_ARGUMENT_VALUE,
        _ => Status::SUCCESS,
    };
    let response = NActionResponse::new(request, status).to_command_set();
    association.send(context.id, &response, Data::None).await?;
    let (Some(asked), Some(transaction), Status::SUCCESS) = (asked, transaction, status) else {
        return Ok(());
    };
    let (report, missing) = report(session, &asked, &transaction);
    session.say(&format!(
        "storage commitment: {} committed, {missing} missing",
        report.items(tags::REFERENCED_SOP_SEQUENCE).len()
    ));
    let event = NEventReportRequest {
        affected_sop_class_uid: Uid::from_static(sop_class::STORAGE_COMMITMENT_PUSH_MODEL),
        message_id: association.next_message_id(),
        affected_sop_instance_uid: Uid::from_static(INSTANCE),
        event_type_id: if missing == 0 { 1 } else { 2 },
    };
    let destinations = &session.twin.options.destinations;
    let known = destinations
        .iter()
        .find(|address| address.ae_title.as_str() == session.peer);
    let Some(address) = known else {
        return session
            .send(association, context, &event.to_command_set(), &report)
            .await;
    };
    let mut target = Target::new(address.clone(), session.twin.behavior.ae_title().clone());
    target.association = session.twin.config.clone();
    let class = Uid::from_static(sop_class::STORAGE_COMMITMENT_PUSH_MODEL);
    let roles = Roles {
        scu: false,
        scp: true,
    };
    let syntaxes = [context.transfer_syntax.clone()];
    let proposal = target
        .proposal()
        .context(class.clone(), syntaxes)
        .role(class, roles);
    tokio::spawn(elsewhere(target, proposal, event, report));
    Ok(())
}

/// Over an association of its own.
async fn elsewhere(
    target: Target,
    proposal: sagittal_net::Proposal,
    mut event: NEventReportRequest,
    report: DataSet,
) {
    let reported = async {
        let config = &target.association;
        let address = &target.address;
        let mut association =
            Association::connect(&address.host, address.port, None, &proposal, config).await?;
        let context = association.negotiated().contexts.first().cloned();
        if let Some(context) = context {
            event.message_id = association.next_message_id();
            let mut bytes = Vec::new();
            let syntax = context.transfer_syntax.as_str();
            sagittal_file::write::write_data_set(&report, syntax, &mut bytes)
                .map_err(|error| Error::Source(std::io::Error::other(error)))?;
            let command = event.to_command_set();
            association
                .send(context.id, &command, Data::from(bytes))
                .await?;
            let limit = std::time::Duration::from_secs(30);
            let _ = tokio::time::timeout(limit, association.receive()).await;
        }
        association.release().await
    };
    let result: Result<(), Error> = reported.await;
    if let Err(error) = result {
        tracing::warn!(%error, to = %target.address, "storage commitment was not reported");
    }
}

/// What is there, and how much is not (PS3.4 §J.3.3.1.1).
fn report(session: &Session, asked: &DataSet, transaction: &Uid) -> (DataSet, usize) {
    let (mut committed, mut failed) = (Vec::new(), Vec::new());
    for item in asked.items(tags::REFERENCED_SOP_SEQUENCE) {
        let uid = |tag| item.uid(tag).ok().flatten();
        let (Some(class), Some(instance)) = (
            uid(tags::REFERENCED_SOP_CLASS_UID),
            uid(tags::REFERENCED_SOP_INSTANCE_UID),
        ) else {
            continue;
        };
        let mut row = DataSet::new();
        row.put_uid(tags::REFERENCED_SOP_CLASS_UID, &class);
        row.put_uid(tags::REFERENCED_SOP_INSTANCE_UID, &instance);
        if session.twin.catalog.has(&class, &instance) {
            committed.push(row);
        } else {
            row.put_u16(tags::FAILURE_REASON, &[Status::NO_SUCH_SOP_INSTANCE.0]);
            failed.push(row);
        }
    }
    let missing = failed.len();
    let mut report = DataSet::new();
    report.put_uid(tags::TRANSACTION_UID, transaction);
    if !committed.is_empty() {
        report.put_items(tags::REFERENCED_SOP_SEQUENCE, committed);
    }
    if missing > 0 {
        report.put_items(tags::FAILED_SOP_SEQUENCE, failed);
    }
    (report, missing)
}
