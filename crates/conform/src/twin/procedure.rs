//! Modality performed procedure steps (PS3.4 Annex F): taken, and known until the twin ends.

use sagittal_core::{Uid, sop_class};
use sagittal_net::dimse::{NCreateRequest, NCreateResponse, NSetRequest, NSetResponse, Status};
use sagittal_net::{Association, Data, Error, PresentationContext};

use super::session::Session;

/// Steps that are kept.
const MOST: usize = 10_000;

/// N-CREATE.
pub(super) async fn create(
    session: &Session,
    association: &mut Association,
    context: &PresentationContext,
    request: &NCreateRequest,
) -> Result<(), Error> {
    let data_set = session.read(association, context).await?;
    let uid = request
        .affected_sop_instance_uid
        .as_ref()
        .map(Uid::to_string);
    let status = if request.affected_sop_class_uid != sop_class::MODALITY_PERFORMED_PROCEDURE_STEP {
        Status::NO_SUCH_SOP_CLASS
    } else {
        let mut steps = session.twin.steps.lock();
        match (uid, data_set) {
            (Some(uid), _) if steps.contains_key(&uid) => Status::DUPLICATE_SOP_INSTANCE,
            (Some(_), Some(_)) if steps.len() >= MOST => Status::RESOURCE_LIMITATION,
            (Some(uid), Some(data_set)) => {
                steps.insert(uid, data_set);
                Status::SUCCESS
            }
            (None, _) => Status::INVALID_SOP_INSTANCE,
            (_, None) => Status::PROCESSING_FAILURE,
        }
    };
    session.say(&format!("performed procedure step begun: {status}"));
    let response = NCreateResponse::new(request, status).to_command_set();
    association.send(context.id, &response, Data::None).await
}

/// N-SET.
pub(super) async fn set(
    session: &Session,
    association: &mut Association,
    context: &PresentationContext,
    request: &NSetRequest,
) -> Result<(), Error> {
    let changes = session.read(association, context).await?;
    let status = {
        let mut steps = session.twin.steps.lock();
        let step = steps.get_mut(request.requested_sop_instance_uid.as_str());
        match (step, changes) {
            (None, _) => Status::NO_SUCH_SOP_INSTANCE,
            (_, None) => Status::PROCESSING_FAILURE,
            (Some(step), Some(changes)) => {
                for element in changes.into_elements() {
                    step.put(element);
                }
                Status::SUCCESS
            }
        }
    };
    session.say(&format!("performed procedure step changed: {status}"));
    let response = NSetResponse::new(request, status).to_command_set();
    association.send(context.id, &response, Data::None).await
}
