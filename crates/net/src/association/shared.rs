//! What the two halves of an association share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Config, Peer};
use crate::dimse::{CommandSet, MessageIds, OperationsWindow, Status};
use crate::error::{Error, Result};
use crate::negotiate::Negotiated;
use crate::state::{Action, Event, Machine, State};

/// Bytes and PDUs of an association, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes received, PDU headers included.
    pub bytes_received: u64,
    /// Bytes sent, PDU headers included.
    pub bytes_sent: u64,
    /// PDUs received.
    pub pdus_received: u64,
    /// PDUs sent.
    pub pdus_sent: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Messages sent.
    pub messages_sent: u64,
}

#[derive(Default)]
pub(super) struct AtomicCounters {
    pub(super) bytes_received: AtomicU64,
    pub(super) bytes_sent: AtomicU64,
    pub(super) pdus_received: AtomicU64,
    pub(super) pdus_sent: AtomicU64,
    pub(super) messages_received: AtomicU64,
    pub(super) messages_sent: AtomicU64,
}

/// Operations under way, both ways.
pub(super) struct Operations {
    pub(super) ids: MessageIds,
    /// Ours, awaiting a final response.
    pub(super) invoked: OperationsWindow,
    /// The peer's, awaiting ours.
    pub(super) performed: OperationsWindow,
}

pub(super) struct Shared {
    pub(super) machine: Mutex<Machine>,
    pub(super) operations: Mutex<Operations>,
    /// Something began or ended: the idle clock is to be looked at anew.
    pub(super) changed: Notify,
    /// The connection is of no further use.
    pub(super) dead: CancellationToken,
    pub(super) count: AtomicCounters,
    pub(super) negotiated: Arc<Negotiated>,
    pub(super) peer: Peer,
    pub(super) config: Config,
    /// The association ended with a release.
    released: AtomicBool,
    started: Instant,
    /// Milliseconds from `started` to the last byte sent or received.
    active: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        machine: Machine,
        negotiated: Negotiated,
        peer: Peer,
        config: Config,
    ) -> Shared {
        let operations = Operations {
            ids: MessageIds::default(),
            invoked: OperationsWindow::new(negotiated.may_invoke()),
            performed: OperationsWindow::new(negotiated.may_be_asked()),
        };
        Shared {
            machine: Mutex::new(machine),
            operations: Mutex::new(operations),
            changed: Notify::new(),
            dead: CancellationToken::new(),
            count: AtomicCounters::default(),
            negotiated: Arc::new(negotiated),
            peer,
            config,
            released: AtomicBool::new(false),
            started: Instant::now(),
            active: AtomicU64::new(0),
        }
    }

    pub(super) fn state(&self) -> State {
        self.machine.lock().state()
    }

    /// Takes an event that the table must know for the present state.
    pub(super) fn step(&self, event: Event) -> Result<Action> {
        let mut machine = self.machine.lock();
        let state = machine.state();
        machine.step(event).ok_or(match state {
            State::Sta1 => Error::Released,
            State::Sta13 => Error::AbortedHere,
            state => Error::NotAllowed { state, event },
        })
    }

    pub(super) fn released(&self) -> bool {
        self.released.load(Relaxed)
    }

    pub(super) fn set_released(&self) {
        self.released.store(true, Relaxed);
    }

    pub(super) fn touch(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.active.store(millis, Relaxed);
    }

    pub(super) fn last_active(&self) -> Instant {
        self.started + Duration::from_millis(self.active.load(Relaxed))
    }

    /// Book-keeping of a command set that came in. True for a request whose Message ID is in use.
    pub(super) fn note_received(&self, command: &CommandSet) -> bool {
        self.count.messages_received.fetch_add(1, Relaxed);
        let mut operations = self.operations.lock();
        let mut is_duplicate = false;
        if command.is_response() {
            if command.status().is_ok_and(|status| !status.is_pending())
                && let Ok(id) = command.message_id_being_responded_to()
            {
                operations.invoked.end(id);
            }
        } else if let Ok(id) = command.message_id()
            && !command.is_cancel()
        {
            is_duplicate = !operations.performed.begin(id);
        }
        drop(operations);
        self.changed.notify_waiters();
        is_duplicate
    }

    /// Book-keeping of a command set that goes out; before it does, as the answer may be fast.
    pub(super) fn note_sent(&self, command: &CommandSet) {
        self.count.messages_sent.fetch_add(1, Relaxed);
        let mut operations = self.operations.lock();
        if command.is_response() {
            // Refusing a second request with a Message ID does not answer the first.
            let is_final =
                |status: Status| !status.is_pending() && status != Status::DUPLICATE_INVOCATION;
            if command.status().is_ok_and(is_final)
                && let Ok(id) = command.message_id_being_responded_to()
            {
                operations.performed.end(id);
            }
        } else if let Ok(id) = command.message_id()
            && !command.is_cancel()
        {
            operations.invoked.begin(id);
        }
        drop(operations);
        self.changed.notify_waiters();
    }

    pub(super) fn counters(&self) -> Counters {
        let count = &self.count;
        Counters {
            bytes_received: count.bytes_received.load(Relaxed),
            bytes_sent: count.bytes_sent.load(Relaxed),
            pdus_received: count.pdus_received.load(Relaxed),
            pdus_sent: count.pdus_sent.load(Relaxed),
            messages_received: count.messages_received.load(Relaxed),
            messages_sent: count.messages_sent.load(Relaxed),
        }
    }
}
