//! C-GET, Query/Retrieve Service Class as SCP (PS3.4 §C.4.3, PS3.7 §9.1.3): the instances go back
//! over the same association, of which the requestor is SCP for their SOP classes.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_auth::{Authorized, permission};
use sagittal_net::dimse::{CommandSet, Status};
use sagittal_net::{AbortReason, Error, Sender};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::operation::Operation;
use super::outgoing::{Outgoing, read_ahead};
use super::retrieve::{self, Plan};
use super::suboperations::{self, Tally};
use crate::ledger;
use crate::status::Failure;

/// Instances read ahead of the one that is sent.
const AHEAD: usize = 2;

/// Answers a C-GET-RQ: sub-operations, pending responses, a final one.
pub(super) async fn respond(
    caller: Authorized<permission::Retrieve>,
    operation: Operation,
    identifier: Bytes,
) {
    match retrieve::plan(&caller, &operation, &identifier).await {
        Err(failure) => suboperations::refuse(&operation, &failure).await,
        Ok(plan) => {
            let mut tally = Tally::new(plan.instances.len());
            send_all(&operation, plan, &mut tally).await;
            let to = operation.session.negotiated.calling_ae_title.to_string();
            suboperations::finish(&operation, &tally, &to).await;
        }
    }
}

/// Sends instance after instance, as many awaiting their response as the window allows.
async fn send_all(operation: &Operation, plan: Plan, tally: &mut Tally) {
    let session = &operation.session;
    let interval = session.provider.config.progress_interval;
    let window = match session.negotiated.may_invoke() {
        0 => usize::from(session.provider.config.max_operations.max(1)),
        granted => usize::from(granted),
    };
    let caller = &session.negotiated.calling_ae_title;
    let peer = session.provider.peers.by_ae_title(caller);
    let lossy = peer.map_or_else(Vec::new, |peer| peer.lossy.clone());
    let archive = peer.map_or_else(
        || Ok(session.provider.archive.clone()),
        |peer| peer.archive(&session.provider.archive),
    );
    let archive = match archive {
        Ok(archive) => archive,
        Err(failure) => {
            for instance in plan.instances {
                tally.note(&instance, Err(failure.clone()));
            }
            return;
        }
    };
    let mut instances = plan.instances.into_iter();
    let mut ahead = VecDeque::new();
    let mut awaiting = FuturesUnordered::new();
    while !operation.canceled.is_cancelled() {
        while ahead.len() <= AHEAD
            && let Some(instance) = instances.next()
        {
            let reading = read_ahead(&archive, &session.negotiated, &instance, &plan.form, &lossy);
            ahead.push_back((instance, reading));
        }
        while awaiting.len() >= window
            && let Some((instance, outcome)) = awaiting.next().await
        {
            tally.note(&instance, outcome);
        }
        // What was waited for may have taken long.
        if operation.canceled.is_cancelled() {
            break;
        }
        if tally.is_due(interval) {
            suboperations::tell(operation, tally).await;
        }
        let Some((instance, reading)) = ahead.pop_front() else {
            break;
        };
        let prepared = reading.await.unwrap_or_else(|error| {
            Err(Failure::new(Status::PROCESSING_FAILURE, error.to_string()))
        });
        match prepared {
            Err(failure) => tally.note(&instance, Err(failure)),
            Ok(outgoing) => match send(operation, outgoing).await {
                Ok(response) => awaiting.push(outcome_of(operation, instance, response)),
                Err(failure) => {
                    tally.note(&instance, Err(failure));
                    if session.sender.is_closed() {
                        break;
                    }
                }
            },
        }
    }
    while let Some((instance, outcome)) = awaiting.next().await {
        tally.note(&instance, outcome);
    }
}

type Response = (u16, oneshot::Receiver<CommandSet>);

/// Sends one C-STORE-RQ; its response will come to what is returned.
async fn send(operation: &Operation, outgoing: Outgoing) -> Result<Response, Failure> {
    let session = &operation.session;
    let message_id = session.sender.next_message_id();
    let response = session.invocations.register(message_id);
    let command = CommandSet::from(&outgoing.request(message_id));
    match session
        .sender
        .send(outgoing.context_id, &command, outgoing.data)
        .await
    {
        Ok(()) => {
            if let Some(converted) = outgoing.converted {
                let ledger = &session.provider.ledger;
                let address = session.caller.address;
                let address = address.map_or_else(String::new, ledger::canonical);
                converted.note(ledger, &session.negotiated.calling_ae_title, &address);
            }
            Ok((message_id, response))
        }
        Err(error) => {
            session.invocations.forget(message_id);
            let comment = match error {
                Error::Source(_) => "the instance cannot be read".to_owned(),
                error => error.to_string(),
            };
            Err(Failure::new(Status::PROCESSING_FAILURE, comment))
        }
    }
}

async fn outcome_of(
    operation: &Operation,
    instance: InstanceRef,
    (message_id, response): Response,
) -> (InstanceRef, Result<Status, Failure>) {
    let session = &operation.session;
    let limit = session.provider.config.suboperation_timeout;
    let outcome = wait(&session.sender, response, limit).await;
    if outcome.is_err() {
        session.invocations.forget(message_id);
    }
    (instance, outcome)
}

async fn wait(
    sender: &Sender,
    response: oneshot::Receiver<CommandSet>,
    limit: Duration,
) -> Result<Status, Failure> {
    let failure = |reason: &str| Failure::new(Status::PROCESSING_FAILURE, reason);
    tokio::select! {
        biased;
        response = timeout(limit, response) => match response {
            Ok(Ok(response)) => response.status().map_err(|error| failure(&error.to_string())),
            Ok(Err(_)) => Err(failure("no response")),
            Err(_) => {
                // Whatever comes later could not be told from the response to another request.
                sender.abort(AbortReason::ServiceUser).await;
                Err(failure("no response in time"))
            }
        },
        () = sender.closed() => Err(failure("the association ended")),
    }
}
