//! Delivering instances to the destination of a C-MOVE: a few associations that share one queue.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use sagittal_archive::Archive;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_core::AeTitle;
use sagittal_net::dimse::{CommandSet, Status};
use sagittal_net::{AbortReason, Association, Config, Error, Proposal, Received};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::operation::Operation;
use super::outgoing::{Outgoing, read_ahead};
use super::retrieve::Form;
use crate::ledger::Ledger;
use crate::peers::Peer;
use crate::status::Failure;

/// What became of an instance.
pub(super) type Outcome = (InstanceRef, Result<Status, Failure>);

/// Instances for one peer.
pub(super) struct Delivery {
    peer: Peer,
    proposal: Proposal,
    config: Config,
    archive: Archive,
    ledger: Arc<Ledger>,
    form: Form,
    originator: (AeTitle, u16),
    queue: Mutex<VecDeque<InstanceRef>>,
    canceled: CancellationToken,
}

type Reading = (InstanceRef, JoinHandle<Result<Outgoing, Failure>>);

impl Delivery {
    pub(super) fn new(
        operation: &Operation,
        peer: Peer,
        archive: Archive,
        proposal: Proposal,
        form: Form,
        instances: Vec<InstanceRef>,
    ) -> Delivery {
        let session = &operation.session;
        let config = Config {
            response: Some(session.provider.config.suboperation_timeout),
            // The requestor's association is told; this one ends when its work does.
            shutdown: CancellationToken::new(),
            ..session.provider.config.association.clone()
        };
        Delivery {
            peer,
            proposal,
            config,
            ledger: session.provider.ledger.clone(),
            archive,
            form,
            originator: (
                session.negotiated.calling_ae_title.clone(),
                operation.message_id,
            ),
            queue: Mutex::new(instances.into()),
            canceled: operation.canceled.clone(),
        }
    }

    /// Delivers until the queue is empty, nobody can deliver any more, or it is canceled. What is
    /// then left in the queue has failed, unless it was canceled.
    pub(super) async fn run(self, outcomes: mpsc::Sender<Outcome>) {
        let delivery = Arc::new(self);
        let count = delivery.queue.lock().len();
        let mut workers = JoinSet::new();
        for _ in 0..delivery.peer.max_associations.clamp(1, count.max(1)) {
            workers.spawn(delivery.clone().work(outcomes.clone()));
        }
        let mut failure = None;
        while let Some(ended) = workers.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failure = Some(error),
                Err(error) => {
                    failure = Some(Failure::new(Status::PROCESSING_FAILURE, error.to_string()));
                }
            }
        }
        if delivery.canceled.is_cancelled() {
            return;
        }
        let left = std::mem::take(&mut *delivery.queue.lock());
        let failure = failure.unwrap_or_else(|| {
            Failure::new(Status::UNABLE_TO_PERFORM_SUBOPERATIONS, "not delivered")
        });
        for instance in left {
            let _ = outcomes.send((instance, Err(failure.clone()))).await;
        }
    }

    /// One association after another, as long as each delivers something.
    async fn work(self: Arc<Self>, outcomes: mpsc::Sender<Outcome>) -> Result<(), Failure> {
        loop {
            if self.canceled.is_cancelled() || self.queue.lock().is_empty() {
                return Ok(());
            }
            let connecting = Association::connect(
                &self.peer.host,
                self.peer.port,
                self.peer.tls.as_ref(),
                &self.proposal,
                &self.config,
            );
            let connected = tokio::select! {
                biased;
                () = self.canceled.cancelled() => return Ok(()),
                connected = connecting => connected,
            };
            let place = (self.peer.host.as_str(), self.peer.port);
            let ledger = &self.ledger;
            let address = ledger.requested(place, &self.proposal, &connected).await;
            let mut association = connected.map_err(|error| {
                tracing::warn!(peer = ?self.peer, %error, "no association for C-MOVE");
                let comment = match &error {
                    Error::Rejected(rejection) => format!("destination rejected: {rejection}"),
                    error => format!("destination: {error}"),
                };
                Failure::new(Status::UNABLE_TO_PERFORM_SUBOPERATIONS, comment)
            })?;
            let mut delivered = 0u64;
            let over = self.over(&mut association, &address, &outcomes, &mut delivered);
            match over.await {
                Ok(()) => {
                    if let Err(error) = association.release().await {
                        tracing::debug!(%error, "release");
                    }
                    return Ok(());
                }
                Err(error) => {
                    association.abort(AbortReason::ServiceUser).await;
                    tracing::warn!(peer = ?self.peer, %error, "association for C-MOVE ended");
                    // An instance that cannot be read to its end says nothing of the peer.
                    if delivered == 0 && !matches!(error, Error::Source(_)) {
                        let comment = format!("destination: {error}");
                        return Err(Failure::new(
                            Status::UNABLE_TO_PERFORM_SUBOPERATIONS,
                            comment,
                        ));
                    }
                }
            }
        }
    }

    /// Delivers over one association.
    async fn over(
        &self,
        association: &mut Association,
        address: &str,
        outcomes: &mpsc::Sender<Outcome>,
        delivered: &mut u64,
    ) -> Result<(), Error> {
        let mut next = self.take(association);
        while let Some((instance, reading)) = next {
            if self.canceled.is_cancelled() {
                // It is being read ahead, but has not been begun.
                reading.abort();
                return Ok(());
            }
            next = self.take(association);
            let prepared = reading.await.unwrap_or_else(|error| {
                Err(Failure::new(Status::PROCESSING_FAILURE, error.to_string()))
            });
            let (outcome, ending) = match prepared {
                Err(failure) => (Err(failure), None),
                Ok(outgoing) => match self.store(association, address, outgoing).await {
                    Ok(status) => {
                        *delivered += 1;
                        (Ok(status), None)
                    }
                    Err(error) => {
                        let comment = format!("destination: {error}");
                        let failure = Failure::new(Status::PROCESSING_FAILURE, comment);
                        (Err(failure), Some(error))
                    }
                },
            };
            let _ = outcomes.send((instance, outcome)).await;
            if let Some(error) = ending {
                if let Some((instance, _)) = next {
                    self.queue.lock().push_front(instance);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// The next instance, already being read.
    fn take(&self, association: &Association) -> Option<Reading> {
        if self.canceled.is_cancelled() {
            return None;
        }
        let instance = self.queue.lock().pop_front()?;
        let reading = read_ahead(
            &self.archive,
            association.negotiated(),
            &instance,
            &self.form,
            &self.peer.lossy,
        );
        Some((instance, reading))
    }

    /// One C-STORE; an error ends the association.
    async fn store(
        &self,
        association: &mut Association,
        address: &str,
        outgoing: Outgoing,
    ) -> Result<Status, Error> {
        let message_id = association.next_message_id();
        let mut request = outgoing.request(message_id);
        request.move_originator_ae_title = Some(self.originator.0.clone());
        request.move_originator_message_id = Some(self.originator.1);
        let context_id = outgoing.context_id;
        let sender = association.sender();
        sender
            .send(context_id, &CommandSet::from(&request), outgoing.data)
            .await?;
        if let Some(converted) = outgoing.converted {
            converted.note(&self.ledger, &self.peer.ae_title, address);
        }
        let limit = self
            .config
            .response
            .unwrap_or(std::time::Duration::from_secs(300));
        let response = async {
            loop {
                match association.receive().await? {
                    Received::Message(message)
                        if message.command.is_response()
                            && message.command.message_id_being_responded_to()
                                == Ok(message_id) =>
                    {
                        return Ok(message.command.status()?);
                    }
                    Received::Message(_) => {}
                    Received::Released => return Err(Error::Released),
                    Received::Stopping => return Err(Error::Shutdown),
                }
            }
        };
        match timeout(limit, response).await {
            Ok(result) => result,
            Err(_) => Err(Error::Timeout {
                waiting_for: "C-STORE-RSP",
                after: limit,
            }),
        }
    }
}
