//! C-MOVE as SCU (PS3.4 §C.4.2, PS3.7 §9.1.4).

use sagittal_archive::query::Level;
use sagittal_core::{AeTitle, DataSet};
use sagittal_net::Proposal;
use sagittal_net::dimse::{CMoveRequest, Priority};
use tokio_util::sync::CancellationToken;

use super::error::Result;
use super::retrieve::{Progress, Retrieved, identifier, proposal_for, sop_class_of};
use super::session::Session;
use super::target::Target;
use crate::registry::{Model, Operation};

const OPERATION: &str = "C-MOVE";

/// Proposes the C-MOVE of a model; `relational` retrieval is asked for by extended negotiation.
pub fn move_proposal(target: &Target, model: Model, relational: bool) -> Result<Proposal> {
    proposal_for(target, Operation::Move, model, &[u8::from(relational)])
}

impl Session {
    /// Has the peer send what `keys` select to `destination`. A first cancellation is passed on to
    /// the peer, whose final response then still comes.
    pub async fn move_to(
        &mut self,
        (model, level): (Model, Level),
        keys: &DataSet,
        destination: &AeTitle,
        canceled: &CancellationToken,
        on_progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Retrieved> {
        let sop_class_uid = sop_class_of(Operation::Move, model)?;
        let context = self.context(&sop_class_uid)?;
        let data = identifier(level, keys, &context)?;
        let request = CMoveRequest {
            affected_sop_class_uid: sop_class_uid,
            message_id: self.association.next_message_id(),
            priority: Priority::Medium,
            move_destination: destination.clone(),
        };
        let message_id = request.message_id;
        self.invoke(context.id, &request.to_command_set(), data)
            .await?;
        let mut is_told = false;
        let mut last = Progress::default();
        loop {
            let message = tokio::select! {
                biased;
                () = canceled.cancelled(), if !is_told => {
                    is_told = true;
                    self.cancel(context.id, message_id).await?;
                    continue;
                }
                message = self.response_to(message_id, OPERATION) => message?,
            };
            if !message.command.status()?.is_pending() {
                return self
                    .finish_retrieval(OPERATION, message, &context.transfer_syntax, last)
                    .await;
            }
            last = Progress::of(&message.command);
            on_progress(last);
        }
    }
}
