//! A plain Storage SCP, with Verification, whose instances go to a [`Receiver`] (PS3.4 Annexes A, B).

use std::sync::Arc;

use futures::future::BoxFuture;
use sagittal_core::dictionary::{self, UidKind};
use sagittal_core::{AeTitle, Uid, sop_class};
use sagittal_net::dimse::{CEchoRequest, CEchoResponse, CStoreRequest, Status, failure_response};
use sagittal_net::negotiate::{Decision, Policy, Supported, TransferSyntaxes};
use sagittal_net::pdu::{AssociateRq, ContextResult, OperationsWindowItem};
use sagittal_net::server::Service;
use sagittal_net::{AbortReason, AcceptorPolicy, Association, Data, Message, Peer, Received};
use tokio::sync::mpsc;

use super::error::{Error, Result};
use super::receiver::{Receipt, Receiver, serve_store};
use crate::status::Failure;

/// Serves associations until their end.
pub struct Intake {
    receiver: Arc<dyn Receiver>,
    events: mpsc::UnboundedSender<Result<Receipt, Failure>>,
}

impl Intake {
    /// What became of each instance goes to `events`.
    pub fn new(
        receiver: Arc<dyn Receiver>,
        events: mpsc::UnboundedSender<Result<Receipt, Failure>>,
    ) -> Intake {
        Intake { receiver, events }
    }

    async fn run(&self, association: &mut Association) -> Result<()> {
        loop {
            match association.receive().await? {
                Received::Message(message) => self.message(association, &message).await?,
                Received::Released => return Ok(()),
                Received::Stopping => {
                    association.abort(AbortReason::ServiceUser).await;
                    return Ok(());
                }
            }
        }
    }

    async fn message(&self, association: &mut Association, message: &Message) -> Result<()> {
        let command = &message.command;
        let response = match command.command_field() {
            Ok(CStoreRequest::COMMAND_FIELD) => {
                let outcome = serve_store(association, message, &*self.receiver).await?;
                // Nobody may be listening any more; the sender has its answer.
                let _ = self.events.send(outcome);
                return Ok(());
            }
            Ok(CEchoRequest::COMMAND_FIELD) => CEchoRequest::from_command_set(command)
                .ok()
                .map(|request| CEchoResponse::new(&request, Status::SUCCESS).to_command_set()),
            _ => failure_response(command, Status::UNRECOGNIZED_OPERATION, "not offered"),
        };
        if let Some(response) = response {
            association
                .send(message.context_id, &response, Data::None)
                .await?;
        }
        Ok(())
    }
}

impl Service for Intake {
    fn serve(self: Arc<Self>, mut association: Association) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if let Err(error) = self.run(&mut association).await {
                let quiet = matches!(&error, Error::Association(error) if error.is_disconnect());
                if quiet {
                    tracing::info!(error = %error.chain(), "association ended");
                } else {
                    tracing::warn!(error = %error.chain(), "association ended");
                }
                association.abort(AbortReason::ServiceUser).await;
            }
        })
    }
}

/// Accepts Verification and everything that is, or may be, storage, in every transfer syntax.
/// `ae_titles` are those that are ours; none takes any.
pub fn intake_policy(ae_titles: Vec<AeTitle>) -> impl Policy {
    let any = Supported::new(TransferSyntaxes::any());
    IntakePolicy(AcceptorPolicy {
        ae_titles,
        unknown: Some(any),
        window: Some(OperationsWindowItem {
            invoked: 16,
            performed: 1,
        }),
        ..AcceptorPolicy::default()
    })
}

struct IntakePolicy(AcceptorPolicy);

impl Policy for IntakePolicy {
    fn decide<'a>(&'a self, request: &'a AssociateRq, peer: &'a Peer) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let mut decision = self.0.decide(request, peer).await;
            if let Decision::Accept(acceptance) = &mut decision {
                let proposed = &request.presentation_contexts;
                for (answer, asked) in acceptance.contexts.iter_mut().zip(proposed) {
                    if !asked.abstract_syntax.as_ref().is_some_and(may_be_storage) {
                        answer.result = ContextResult::AbstractSyntaxNotSupported;
                    }
                }
            }
            decision
        })
    }
}

/// Verification, a storage SOP class, or one that the standard does not know.
fn may_be_storage(uid: &Uid) -> bool {
    let uid = uid.as_str();
    if uid == sop_class::VERIFICATION || sop_class::storage(uid).is_some() {
        return true;
    }
    match dictionary::uid(uid) {
        None => true,
        // Retired storage classes are in no table of their own.
        Some(row) => {
            row.kind == UidKind::SopClass
                && row.retired
                && row.name.contains("Storage")
                && !row.name.contains("Storage Commitment")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_is_taken_known_retired_or_private_and_nothing_else() {
        for yes in [
            sop_class::VERIFICATION,
            sop_class::CT_IMAGE_STORAGE,
            sop_class::NUCLEAR_MEDICINE_IMAGE_STORAGE_RETIRED,
            "1.2.3.4",
        ] {
            assert!(may_be_storage(&Uid::from_static(yes)), "{yes}");
        }
        for no in [
            sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
            sop_class::STORAGE_COMMITMENT_PUSH_MODEL,
            sop_class::MODALITY_PERFORMED_PROCEDURE_STEP,
        ] {
            assert!(!may_be_storage(&Uid::from_static(no)), "{no}");
        }
    }
}
