//! An association that we requested: requests out, responses in.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sagittal_core::Uid;
use sagittal_net::dimse::{CCancelRequest, CommandSet, Status, element, failure_response};
use sagittal_net::pdu::ContextResult;
use sagittal_net::{
    AbortReason, Association, Config, Data, Message, Negotiated, PresentationContext, Proposal,
    Received,
};
use tokio::time::timeout;

use super::error::{Error, Result};
use super::target::Target;

/// An association with a peer.
pub struct Session {
    pub(super) association: Association,
    response_timeout: Duration,
    /// Came while we were sending. Only the last may have a data set, which is still to be read.
    early: VecDeque<Message>,
}

impl Session {
    /// Connects and negotiates.
    pub async fn connect(target: &Target, proposal: &Proposal) -> Result<Session> {
        let config = Config {
            // A send may take longer than a response should: we keep that clock ourselves.
            response: None,
            ..target.association.clone()
        };
        let address = &target.address;
        let association = Association::connect(
            &address.host,
            address.port,
            target.tls.as_ref(),
            proposal,
            &config,
        )
        .await
        .map_err(|source| match source {
            sagittal_net::Error::TooManyContexts { needed } => Error::TooManyContexts { needed },
            source => Error::Connect {
                peer: address.to_string(),
                source,
            },
        })?;
        Ok(Session {
            association,
            response_timeout: target.response_timeout,
            early: VecDeque::new(),
        })
    }

    /// What was agreed on.
    pub fn negotiated(&self) -> &Arc<Negotiated> {
        self.association.negotiated()
    }

    /// Ends the association in order.
    pub async fn release(mut self) -> Result<()> {
        Ok(self.association.release().await?)
    }

    /// Ends it at once.
    pub async fn abort(mut self) {
        self.association.abort(AbortReason::ServiceUser).await;
    }

    /// The context in which a service can be asked for.
    pub(super) fn context(&self, sop_class_uid: &Uid) -> Result<PresentationContext> {
        let negotiated = self.negotiated();
        let found = negotiated
            .contexts_for(sop_class_uid)
            .find(|context| negotiated.may_be_scu(context));
        found
            .cloned()
            .ok_or_else(|| not_accepted(negotiated, sop_class_uid))
    }

    /// Sends a request, listening meanwhile: a peer may answer, or hang up, before it has all.
    pub(super) async fn invoke(
        &mut self,
        context_id: u8,
        request: &CommandSet,
        data: Data<'_>,
    ) -> Result<()> {
        let sender = self.association.sender();
        let sending = sender.send(context_id, request, data);
        tokio::pin!(sending);
        loop {
            // A data set that has begun to arrive is read when our own has left.
            let listens = self.association.is_data_complete();
            tokio::select! {
                biased;
                sent = &mut sending => return Ok(sent?),
                received = self.association.receive(), if listens => {
                    let message = message(received)?;
                    self.early.push_back(message);
                }
            }
        }
    }

    /// The next message of the peer.
    pub(super) async fn next(&mut self, operation: &'static str) -> Result<Message> {
        if let Some(message) = self.early.pop_front() {
            return Ok(message);
        }
        let after = self.response_timeout;
        match timeout(after, self.association.receive()).await {
            Ok(received) => message(received),
            Err(_) => {
                self.association.abort(AbortReason::ServiceUser).await;
                Err(Error::NoResponse { operation, after })
            }
        }
    }

    /// The next response. Requests of the peer, for which nobody is here, are refused.
    pub(super) async fn response(&mut self, operation: &'static str) -> Result<Message> {
        loop {
            let message = self.next(operation).await?;
            if message.command.is_response() {
                return Ok(message);
            }
            self.refuse(&message).await?;
        }
    }

    /// The next response to one request; those to others are dropped.
    pub(super) async fn response_to(
        &mut self,
        message_id: u16,
        operation: &'static str,
    ) -> Result<Message> {
        loop {
            let message = self.response(operation).await?;
            if message.command.message_id_being_responded_to() == Ok(message_id) {
                return Ok(message);
            }
        }
    }

    /// A request that we do not serve.
    pub(super) async fn refuse(&mut self, message: &Message) -> Result<()> {
        if message.command.is_cancel() {
            return Ok(());
        }
        let comment = "not offered on this association";
        match failure_response(&message.command, Status::UNRECOGNIZED_OPERATION, comment) {
            Some(response) => Ok(self
                .association
                .send(message.context_id, &response, Data::None)
                .await?),
            None => Ok(()),
        }
    }

    /// C-CANCEL-RQ (PS3.7 §9.3.2.3). The final response still comes.
    pub(super) async fn cancel(&mut self, context_id: u8, message_id: u16) -> Result<()> {
        let request = CCancelRequest {
            message_id_being_responded_to: message_id,
        };
        self.invoke(context_id, &request.to_command_set(), Data::None)
            .await
    }
}

fn message(received: sagittal_net::Result<Received>) -> Result<Message> {
    match received? {
        Received::Message(message) => Ok(message),
        Received::Released => Err(sagittal_net::Error::Released.into()),
        Received::Stopping => Err(sagittal_net::Error::Shutdown.into()),
    }
}

/// Why a SOP class cannot be used.
pub(super) fn not_accepted(negotiated: &Negotiated, sop_class_uid: &Uid) -> Error {
    let result = negotiated
        .refused
        .iter()
        .find(|context| context.abstract_syntax.as_ref() == Some(sop_class_uid))
        .map_or(ContextResult::NoReason, |context| context.result);
    Error::SopClassNotAccepted {
        sop_class_uid: sop_class_uid.clone(),
        result,
    }
}

/// The failure that a response tells.
pub(super) fn refused(operation: &'static str, command: &CommandSet) -> Error {
    match command.status() {
        Ok(status) => Error::Refused {
            operation,
            status,
            comment: command.get(element::ERROR_COMMENT).unwrap_or(None),
            offending: command.get(element::OFFENDING_ELEMENT).unwrap_or_default(),
        },
        Err(error) => error.into(),
    }
}
