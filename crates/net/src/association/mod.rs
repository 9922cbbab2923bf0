//! Associations over any byte stream: the driver of PS3.8 §9.2 around the sans-I/O parts.
//!
//! [`Association`] receives, [`Sender`]s (cheap clones) send; both may be used at once, so that an
//! SCP answering a C-FIND notices a C-CANCEL-RQ, an A-ABORT or a closed connection.

mod accept;
mod config;
mod data;
mod link;
mod pace;
mod receive;
mod release;
mod request;
mod send;
mod shared;
#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

pub use config::Config;
pub use data::Data;
pub use send::Sender;
pub use shared::Counters;

use crate::dimse::CommandSet;
use crate::negotiate::Negotiated;
use crate::pdu::ProviderAbortReason;
use link::Reader;
use receive::Assembly;
use shared::Shared;

/// Who is at the other end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: Option<SocketAddr>,
    /// Is the connection encrypted?
    pub tls: bool,
    /// Subject of its certificate.
    pub certificate_subject: Option<String>,
}

/// Why we abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortReason {
    /// The application wants it (source 0).
    ServiceUser,
    /// The protocol machine must (source 2).
    Provider(ProviderAbortReason),
}

/// A message that has begun to arrive: its command set, and whether a data set follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Presentation context.
    pub context_id: u8,
    /// The command set.
    pub command: CommandSet,
    /// Fetch it with [`Association::next_data_fragment`].
    pub has_data_set: bool,
    /// A request whose Message ID an earlier one has that was not answered yet (PS3.7 §C.5.10). One
    /// that was may still have a task here: its sender may use the ID again at once.
    pub is_duplicate: bool,
}

/// What [`Association::receive`] returns.
// One lives per association, for a moment; a box would cost an allocation per message.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A message.
    Message(Message),
    /// The peer released the association; it was answered and the connection is closed.
    Released,
    /// [`Config::shutdown`] was canceled while nothing was going on. Told once: abort or release.
    Stopping,
}

/// An established association; the half that receives.
///
/// All of its methods may be dropped half-way and called again (they are cancel safe), so they can
/// stand in `select!`.
pub struct Association {
    reader: Reader,
    sender: Sender,
    shared: Arc<Shared>,
    assembly: Assembly,
    stopping_told: bool,
}

impl Association {
    /// What was agreed on.
    pub fn negotiated(&self) -> &Arc<Negotiated> {
        &self.shared.negotiated
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.shared.peer
    }

    /// The half that sends.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Bytes and PDUs so far.
    pub fn counters(&self) -> Counters {
        self.shared.counters()
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Sends a message; see [`Sender::send`].
    pub async fn send(
        &self,
        context_id: u8,
        command: &CommandSet,
        data: Data<'_>,
    ) -> crate::Result<()> {
        self.sender.send(context_id, command, data).await
    }

    /// A message id that is not in use, for a request of ours.
    pub fn next_message_id(&self) -> u16 {
        self.sender.next_message_id()
    }
}
