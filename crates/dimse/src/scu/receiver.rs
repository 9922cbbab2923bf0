//! C-STORE as SCP without an archive: instances that arrive go to a [`Receiver`] (PS3.7 §9.1.1).

use async_trait::async_trait;
use bytes::Bytes;
use sagittal_core::{AeTitle, Uid};
use sagittal_net::dimse::{CStoreRequest, CStoreResponse, Status, failure_response};
use sagittal_net::{Association, Data, Message};

use super::error::{Error, Result};
use crate::status::Failure;

/// What became of an instance that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was written.
    Written,
    /// The same was there.
    Identical,
    /// Another under this UID was there, and was kept.
    Skipped,
    /// Another under this UID was there; both are kept.
    Beside,
    /// Another under this UID was there, and is no more.
    Replaced,
}

/// What a receiver says of an instance that it has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What became of it.
    pub kept: Kept,
    /// Bytes of its data set.
    pub bytes: u64,
}

/// Takes instances in.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Takes one. What is not read of its data set is dropped. With a failure the peer is told that
    /// it was not stored; an error of the association is passed on by [`Arriving::next`].
    async fn receive(&self, arriving: &mut Arriving<'_>) -> Result<Receipt, Failure>;
}

/// An instance that is arriving.
pub struct Arriving<'a> {
    association: &'a mut Association,
    /// Its SOP class, by the request.
    pub sop_class_uid: Uid,
    /// Its UID, by the request.
    pub sop_instance_uid: Uid,
    /// The transfer syntax of its data set.
    pub transfer_syntax_uid: Uid,
    /// Who sends it.
    pub source_ae_title: AeTitle,
    failed: Option<sagittal_net::Error>,
}

impl Arriving<'_> {
    /// The next bytes of its data set; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        match self.association.next_data_fragment().await {
            Ok(fragment) => Ok(fragment),
            Err(error) => {
                let failure = Failure::new(Status::PROCESSING_FAILURE, error.to_string());
                self.failed = Some(error);
                Err(failure)
            }
        }
    }
}

/// Takes the instance of a C-STORE-RQ and answers it. An error ends the association.
pub(super) async fn serve_store(
    association: &mut Association,
    message: &Message,
    receiver: &dyn Receiver,
) -> Result<Result<Receipt, Failure>> {
    let request = match CStoreRequest::from_command_set(&message.command) {
        Ok(request) => request,
        Err(error) => {
            let comment = error.to_string();
            let failure = Failure::new(Status::INVALID_ARGUMENT_VALUE, comment.clone());
            let response = failure_response(&message.command, failure.status, &comment)
                .ok_or(Error::Response(error))?;
            association
                .send(message.context_id, &response, Data::None)
                .await?;
            return Ok(Err(failure));
        }
    };
    let negotiated = association.negotiated().clone();
    let context = negotiated
        .context(message.context_id)
        .filter(|context| negotiated.may_be_scp(context));
    let outcome = match context {
        None => Err(Failure::new(
            Status::SOP_CLASS_NOT_SUPPORTED,
            "we are not SCP in this context",
        )),
        Some(_) if !message.has_data_set => Err(Failure::new(
            Status::CANNOT_UNDERSTAND,
            "there is no data set",
        )),
        Some(context) => {
            let mut arriving = Arriving {
                association,
                sop_class_uid: request.affected_sop_class_uid.clone(),
                sop_instance_uid: request.affected_sop_instance_uid.clone(),
                transfer_syntax_uid: context.transfer_syntax.clone(),
                source_ae_title: negotiated.peer_ae_title().clone(),
                failed: None,
            };
            let outcome = receiver.receive(&mut arriving).await;
            if let Some(error) = arriving.failed {
                return Err(error.into());
            }
            outcome
        }
    };
    association.discard_data().await?;
    let response = match &outcome {
        Ok(_) => CStoreResponse::new(&request, Status::SUCCESS),
        Err(failure) => {
            CStoreResponse::new(&request, failure.status).with_comment(failure.comment.clone())
        }
    };
    association
        .send(message.context_id, &response.to_command_set(), Data::None)
        .await?;
    Ok(outcome)
}
