//! Receiving: messages out of PDVs (PS3.7 §6.3.1, PS3.8 Annex E), events into the state machine.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, sleep, sleep_until};

use super::link::ReadFailure;
use super::{AbortReason, Association, Message, Received};
use crate::dimse::CommandSet;
use crate::error::{Error, Result};
use crate::pdu::{Incoming, Pdu, PduErrorKind, Pdv, ProviderAbortReason};
use crate::state::{Action, Event, State};

/// After this long without a byte an association gives its large buffer back.
const SHRINK_AFTER: Duration = Duration::from_secs(1);
/// A longer command set is refused before it is gathered.
const MAX_COMMAND: usize = 256 * 1024;

/// Where in a message we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Idle,
    Command,
    Data,
}

/// The message that is arriving.
#[derive(Default)]
pub(super) struct Assembly {
    pub(super) phase: Phase,
    context_id: u8,
    command: Vec<u8>,
}

/// What came of waiting.
pub(super) enum Step {
    Pdv(Pdv),
    Released,
    Stopping,
}

/// The event that a PDU is (PS3.8 Table 9-10).
pub(super) fn event_of(incoming: &Incoming) -> Event {
    match incoming {
        Incoming::Pdv(_) => Event::Evt10,
        Incoming::Pdu(Pdu::AssociateAc(_)) => Event::Evt3,
        Incoming::Pdu(Pdu::AssociateRj(_)) => Event::Evt4,
        Incoming::Pdu(Pdu::AssociateRq(_)) => Event::Evt6,
        Incoming::Pdu(Pdu::ReleaseRq) => Event::Evt12,
        Incoming::Pdu(Pdu::ReleaseRp) => Event::Evt13,
        Incoming::Pdu(Pdu::Abort { .. }) => Event::Evt16,
    }
}

impl Association {
    /// The next message, or the end. What is left of the data set before it is read and dropped.
    pub async fn receive(&mut self) -> Result<Received> {
        self.discard_data().await?;
        loop {
            match self.next_step(self.assembly.phase == Phase::Idle).await? {
                Step::Released => return Ok(Received::Released),
                Step::Stopping => return Ok(Received::Stopping),
                Step::Pdv(pdv) => {
                    if let Some(message) = self.command_piece(pdv).await? {
                        return Ok(Received::Message(message));
                    }
                }
            }
        }
    }

    /// The next bytes of the data set of the message that [`Association::receive`] returned last;
    /// `None` at its end. A slice of the receive buffer: do not keep many.
    pub async fn next_data_fragment(&mut self) -> Result<Option<Bytes>> {
        while self.assembly.phase == Phase::Data {
            let pdv = match self.next_step(false).await? {
                Step::Pdv(pdv) => pdv,
                // The peer released in the middle of a data set.
                Step::Released | Step::Stopping => return Err(Error::Released),
            };
            if pdv.is_command || pdv.context_id != self.assembly.context_id {
                return Err(self.unexpected_fragment(&pdv).await);
            }
            if pdv.is_last {
                self.assembly.phase = Phase::Idle;
                self.reader.pace.reset();
            }
            if !pdv.data.is_empty() {
                return Ok(Some(pdv.data));
            }
        }
        Ok(None)
    }

    /// The whole data set; a longer one than `limit` is an error (the rest of it can be skipped).
    pub async fn read_data(&mut self, limit: usize) -> Result<Bytes> {
        let mut data = BytesMut::new();
        while let Some(fragment) = self.next_data_fragment().await? {
            if data.len() + fragment.len() > limit {
                return Err(Error::DataTooLong { limit });
            }
            data.extend_from_slice(&fragment);
        }
        Ok(data.freeze())
    }

    /// Reads and drops what is left of the data set.
    pub async fn discard_data(&mut self) -> Result<()> {
        while self.next_data_fragment().await?.is_some() {}
        Ok(())
    }

    /// Has the data set of the last message been read to its end?
    pub fn is_data_complete(&self) -> bool {
        self.assembly.phase != Phase::Data
    }

    async fn command_piece(&mut self, pdv: Pdv) -> Result<Option<Message>> {
        let first = self.assembly.phase == Phase::Idle;
        if !pdv.is_command || (!first && pdv.context_id != self.assembly.context_id) {
            return Err(self.unexpected_fragment(&pdv).await);
        }
        if first {
            if self.shared.negotiated.context(pdv.context_id).is_none() {
                return Err(self
                    .invalid(PduErrorKind::UnknownContext(pdv.context_id))
                    .await);
            }
            self.assembly.context_id = pdv.context_id;
            self.assembly.command.clear();
            self.assembly.phase = Phase::Command;
        }
        if self.assembly.command.len() + pdv.data.len() > MAX_COMMAND {
            let kind = PduErrorKind::Command(crate::dimse::CommandError::TooLong);
            return Err(self.invalid(kind).await);
        }
        self.assembly.command.extend_from_slice(&pdv.data);
        if !pdv.is_last {
            return Ok(None);
        }
        let command = match CommandSet::decode(&self.assembly.command) {
            Ok(command) => command,
            Err(error) => return Err(self.invalid(PduErrorKind::Command(error)).await),
        };
        let has_data_set = command.has_data_set();
        self.assembly.phase = if has_data_set {
            Phase::Data
        } else {
            self.reader.pace.reset();
            Phase::Idle
        };
        let is_duplicate = self.shared.note_received(&command);
        Ok(Some(Message {
            context_id: pdv.context_id,
            command,
            has_data_set,
            is_duplicate,
        }))
    }

    /// Runs the state machine until there is something for the user.
    pub(super) async fn next_step(&mut self, between: bool) -> Result<Step> {
        loop {
            match self.shared.state() {
                // Left half-way by a caller that dropped the future.
                State::Sta8 | State::Sta9 | State::Sta12 => {
                    if let Some(step) = self.answer_release().await? {
                        return Ok(step);
                    }
                }
                State::Sta13 if self.sender.shared.released() => {
                    self.finish_release().await;
                    return Ok(Step::Released);
                }
                State::Sta13 => return Err(Error::AbortedHere),
                State::Sta1 => return Err(Error::Released),
                _ => {}
            }
            let ready = self.reader.ready();
            let pdus = self.reader.stream.pdus();
            self.shared.count.pdus_received.store(pdus, Relaxed);
            let incoming = match ready {
                Ok(Some(incoming)) => incoming,
                Ok(None) => {
                    if let Some(step) = self.wait(between).await? {
                        return Ok(step);
                    }
                    continue;
                }
                Err(failure) => return Err(self.fail(failure).await),
            };
            if let Some(step) = self.take(incoming).await? {
                return Ok(step);
            }
        }
    }

    async fn take(&mut self, incoming: Incoming) -> Result<Option<Step>> {
        let event = event_of(&incoming);
        let (state, action) = {
            let mut machine = self.shared.machine.lock();
            (machine.state(), machine.step(event))
        };
        match action {
            Some(Action::DT2 | Action::AR6) => match incoming {
                Incoming::Pdv(pdv) => Ok(Some(Step::Pdv(pdv))),
                Incoming::Pdu(_) => Ok(None),
            },
            // Answered by `next_step`, which knows by the state.
            Some(Action::AR2 | Action::AR8 | Action::AR10) => Ok(None),
            Some(Action::AR3) => {
                self.close().await;
                Ok(Some(Step::Released))
            }
            Some(Action::AA3) => {
                self.shared.dead.cancel();
                match incoming {
                    Incoming::Pdu(Pdu::Abort { source, reason }) => Err(Error::Aborted {
                        source_of_abort: source,
                        reason,
                    }),
                    _ => Err(Error::Closed),
                }
            }
            Some(Action::AA8) => {
                let reason = ProviderAbortReason::UnexpectedPdu;
                self.abort_and_close(AbortReason::Provider(reason)).await;
                Err(Error::NotAllowed { state, event })
            }
            // Sta13 and, if another half has just ended the association, Sta1.
            _ => Err(Error::AbortedHere),
        }
    }

    /// Waits for bytes; `Some` if something else came first.
    async fn wait(&mut self, between: bool) -> Result<Option<Step>> {
        if between && self.reader.is_between_pdus() {
            return self.wait_between().await;
        }
        let shared = self.shared.clone();
        let filled = tokio::select! {
            biased;
            filled = self.reader.fill_in_time() => filled,
            () = shared.dead.cancelled() => return Err(self.ended()),
        };
        match filled {
            Some(filled) => self.filled(filled).await.map(|()| None),
            None => {
                let limit = shared.config.read;
                Err(self.timed_out("the rest of a message", limit).await)
            }
        }
    }

    /// Waits for the first byte of a message, minding the idle clock and a shutdown.
    async fn wait_between(&mut self) -> Result<Option<Step>> {
        let shared = self.shared.clone();
        let shrink = sleep(SHRINK_AFTER);
        tokio::pin!(shrink);
        let mut shrunk = false;
        loop {
            let changed = shared.changed.notified();
            let (answering, asking) = {
                let operations = shared.operations.lock();
                (
                    !operations.performed.is_empty(),
                    !operations.invoked.is_empty(),
                )
            };
            let (limit, waiting_for) = match (answering, asking) {
                (true, _) => (shared.config.response, "our own response"),
                (_, true) => (shared.config.response, "a response"),
                _ => (shared.config.idle, "a message"),
            };
            let deadline = limit.map(|limit| shared.last_active() + limit);
            let told = self.stopping_told || answering || asking;
            tokio::select! {
                biased;
                filled = self.reader.fill() => return self.filled(filled).await.map(|()| None),
                () = shared.dead.cancelled() => return Err(self.ended()),
                () = shared.config.shutdown.cancelled(), if !told => {
                    self.stopping_told = true;
                    return Ok(Some(Step::Stopping));
                }
                () = changed => {}
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    return Err(self.timed_out(waiting_for, limit.unwrap_or_default()).await);
                }
                () = &mut shrink, if !shrunk => {
                    shrunk = true;
                    self.reader.shrink();
                }
            }
        }
    }

    async fn filled(&mut self, filled: Result<(), ReadFailure>) -> Result<()> {
        match filled {
            Ok(()) => {
                self.shared
                    .count
                    .bytes_received
                    .store(self.reader.bytes(), Relaxed);
                self.shared.touch();
                Ok(())
            }
            Err(failure) => Err(self.fail(failure).await),
        }
    }

    /// The connection ended (Evt17), or what came cannot be read (Evt19).
    async fn fail(&mut self, failure: ReadFailure) -> Error {
        match failure {
            ReadFailure::Closed => {
                self.shared.machine.lock().step(Event::Evt17);
                self.shared.dead.cancel();
                Error::Closed
            }
            ReadFailure::Io(source) => {
                self.shared.machine.lock().step(Event::Evt17);
                self.shared.dead.cancel();
                Error::Io {
                    operation: "receive",
                    source,
                }
            }
            ReadFailure::Invalid(error) => {
                self.shared.machine.lock().step(Event::Evt19);
                self.abort_and_close(AbortReason::Provider(error.abort_reason()))
                    .await;
                Error::Pdu(error)
            }
        }
    }

    async fn invalid(&mut self, kind: PduErrorKind) -> Error {
        let error = self.reader.stream.error(kind);
        self.fail(ReadFailure::Invalid(error)).await
    }

    async fn unexpected_fragment(&mut self, pdv: &Pdv) -> Error {
        let found = if pdv.is_command {
            "command"
        } else {
            "data set"
        };
        self.invalid(PduErrorKind::UnexpectedFragment {
            found,
            context_id: pdv.context_id,
        })
        .await
    }

    async fn timed_out(&mut self, waiting_for: &'static str, after: Duration) -> Error {
        self.shared.machine.lock().step(Event::Evt15);
        self.sender.send_abort(AbortReason::ServiceUser).await;
        self.close().await;
        Error::Timeout { waiting_for, after }
    }

    /// Why the other half says that the connection is dead.
    fn ended(&self) -> Error {
        match self.shared.state() {
            State::Sta13 => Error::AbortedHere,
            State::Sta1 => Error::Released,
            _ => Error::Closed,
        }
    }
}
