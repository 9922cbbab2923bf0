//! Setting an association up as acceptor (PS3.8 §9.2, Sta1 to Sta3).

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use sagittal_core::AeTitle;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::link::{ReadFailure, Reader, Writer};
use super::receive::{Assembly, event_of};
use super::shared::Shared;
use super::{Association, Config, Peer, Sender};
use crate::error::{Error, Result};
use crate::negotiate::{Acceptance, Decision, Negotiated, Policy};
use crate::pdu::{
    APPLICATION_CONTEXT, AbortSource, AssociateAc, AssociateRq, Incoming, Pdu, ProviderAbortReason,
    Rejection, UserInformation,
};
use crate::state::{Action, Event, Machine, Side};

/// A connection on which an association is being set up.
pub(super) struct Setup {
    pub(super) machine: Machine,
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    config: Config,
    peer: Peer,
}

impl Association {
    /// Waits for an A-ASSOCIATE-RQ and answers it as `policy` decides. A rejection is sent and
    /// returned as [`Error::Rejected`].
    pub async fn accept<S>(
        stream: S,
        peer: Peer,
        policy: &dyn Policy,
        config: &Config,
    ) -> Result<Association>
    where
        S: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static,
    {
        let mut setup = Setup::new(stream, Side::Acceptor, peer, config);
        setup.machine.step(Event::Evt5);
        let deadline = Instant::now() + config.artim;
        let Ok(incoming) = timeout_at(deadline, setup.reader.next()).await else {
            setup.machine.step(Event::Evt18);
            setup.writer.shutdown().await;
            return Err(Error::Timeout {
                waiting_for: "A-ASSOCIATE-RQ",
                after: config.artim,
            });
        };
        let request = setup.request(incoming).await?;
        let decision = tokio::select! {
            biased;
            decision = policy.decide(&request, &setup.peer) => decision,
            // While we think about it nothing may come but an abort or the end.
            incoming = setup.reader.next() => return Err(setup.refuse(incoming).await),
        };
        let (acceptance, called, calling) = match decision {
            Decision::Reject(rejection) => {
                setup.machine.step(Event::Evt8);
                return Err(setup.reject(rejection).await);
            }
            Decision::Abort => {
                setup.machine.step(Event::Evt15);
                setup.abort(AbortSource::ServiceUser, 0).await;
                return Err(Error::AbortedHere);
            }
            Decision::Accept(acceptance) => {
                match (
                    AeTitle::new(&request.called_ae_title),
                    AeTitle::new(&request.calling_ae_title),
                ) {
                    (Ok(called), Ok(calling)) => (acceptance, called, calling),
                    (called, _) => {
                        setup.machine.step(Event::Evt8);
                        let rejection = match called {
                            Err(_) => Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED,
                            Ok(_) => Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED,
                        };
                        return Err(setup.reject(rejection).await);
                    }
                }
            }
        };
        let response = response(&request, acceptance, config);
        let negotiated = Negotiated::new(Side::Acceptor, called, calling, &request, &response);
        setup.machine.step(Event::Evt7);
        setup
            .writer
            .pdu(&Pdu::AssociateAc(Box::new(response)))
            .await?;
        Ok(setup.establish(negotiated))
    }
}

fn response(request: &AssociateRq, acceptance: Acceptance, config: &Config) -> AssociateAc {
    AssociateAc {
        protocol_version: 1,
        called_ae_title: request.called_ae_title.clone(),
        calling_ae_title: request.calling_ae_title.clone(),
        application_context: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: acceptance.contexts,
        user_information: UserInformation {
            operations_window: acceptance.window,
            roles: acceptance.roles,
            extended_negotiation: acceptance.extended,
            user_identity_response: acceptance.user_identity_response,
            ..config.user_information()
        },
    }
}

impl Setup {
    pub(super) fn new<S>(stream: S, side: Side, peer: Peer, config: &Config) -> Setup
    where
        S: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static,
    {
        let (read, write) = tokio::io::split(stream);
        Setup {
            machine: Machine::new(side),
            reader: Reader::new(Box::new(read), config),
            writer: Writer::new(Box::new(write), config),
            config: config.clone(),
            peer,
        }
    }

    /// AE-6, or why not.
    async fn request(&mut self, incoming: Result<Incoming, ReadFailure>) -> Result<AssociateRq> {
        let request = match incoming {
            Ok(Incoming::Pdu(Pdu::AssociateRq(request))) => request,
            other => return Err(self.refuse(other).await),
        };
        let rejection = if request.protocol_version & 1 == 0 {
            Some(Rejection::PROTOCOL_VERSION_NOT_SUPPORTED)
        } else if request.application_context != APPLICATION_CONTEXT {
            Some(Rejection::APPLICATION_CONTEXT_NOT_SUPPORTED)
        } else {
            None
        };
        self.machine
            .step_acceptable(Event::Evt6, rejection.is_none());
        match rejection {
            None => Ok(*request),
            Some(rejection) => Err(self.reject(rejection).await),
        }
    }

    /// Sends an A-ASSOCIATE-RJ, the machine being in Sta13.
    async fn reject(&mut self, rejection: Rejection) -> Error {
        if self.writer.pdu(&Pdu::AssociateRj(rejection)).await.is_ok() {
            self.reader.linger(self.config.close).await;
        }
        self.writer.shutdown().await;
        Error::Rejected(rejection)
    }

    /// What the table says about anything but what was awaited.
    pub(super) async fn refuse(&mut self, incoming: Result<Incoming, ReadFailure>) -> Error {
        let event = match &incoming {
            Ok(incoming) => event_of(incoming),
            Err(ReadFailure::Invalid(_)) => Event::Evt19,
            Err(ReadFailure::Closed | ReadFailure::Io(_)) => Event::Evt17,
        };
        let state = self.machine.state();
        let unexpected = match &incoming {
            Err(ReadFailure::Invalid(error)) => error.abort_reason(),
            _ => ProviderAbortReason::UnexpectedPdu,
        };
        match self.machine.step(event) {
            Some(Action::AA1) => self.abort(AbortSource::ServiceUser, 0).await,
            Some(Action::AA8) => {
                self.abort(AbortSource::ServiceProvider, unexpected as u8)
                    .await
            }
            _ => self.writer.shutdown().await,
        }
        match incoming {
            Err(ReadFailure::Invalid(error)) => Error::Pdu(error),
            Err(ReadFailure::Io(source)) => Error::Io {
                operation: "receive",
                source,
            },
            Err(ReadFailure::Closed) => Error::Closed,
            Ok(Incoming::Pdu(Pdu::Abort { source, reason })) => Error::Aborted {
                source_of_abort: source,
                reason,
            },
            Ok(_) => Error::NotAllowed { state, event },
        }
    }

    pub(super) async fn abort(&mut self, source: AbortSource, reason: u8) {
        if self
            .writer
            .pdu(&Pdu::Abort { source, reason })
            .await
            .is_ok()
        {
            self.reader.linger(self.config.close).await;
        }
        self.writer.shutdown().await;
    }

    /// Sta6.
    pub(super) fn establish(self, negotiated: Negotiated) -> Association {
        let shared = Arc::new(Shared::new(
            self.machine,
            negotiated,
            self.peer,
            self.config,
        ));
        let count = &shared.count;
        count.bytes_sent.store(self.writer.bytes, Relaxed);
        count.pdus_sent.store(1, Relaxed);
        count.bytes_received.store(self.reader.bytes(), Relaxed);
        count
            .pdus_received
            .store(self.reader.stream.pdus(), Relaxed);
        let writer = Arc::new(Mutex::new(self.writer));
        let sender = Sender {
            shared: shared.clone(),
            writer,
        };
        Association {
            reader: self.reader,
            sender,
            shared,
            assembly: Assembly::default(),
            stopping_told: false,
        }
    }
}
