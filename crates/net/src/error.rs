//! Errors of this crate.

use std::time::Duration;

use crate::pdu::{AbortSource, PduError, Rejection};
use crate::state::{Event, State};

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an association could not be made, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer sent a PDU that the standard forbids; it was sent an A-ABORT.
    #[error("peer sent an invalid PDU: {0}")]
    Pdu(#[from] PduError),

    /// The peer sent a command set that cannot be understood.
    #[error("command set: {0}")]
    Command(#[from] crate::dimse::CommandError),

    /// The peer sent a PDU, or we wanted to do something, that PS3.8 Table 9-10 does not allow now.
    #[error("{event:?} is not allowed in {state:?}")]
    NotAllowed {
        /// The state of the association.
        state: State,
        /// What happened.
        event: Event,
    },

    /// The association was rejected, by the peer or by our own policy.
    #[error("association rejected: {0}")]
    Rejected(Rejection),

    /// The peer sent an A-ABORT.
    #[error("association aborted by the {source_of_abort}, reason {reason}")]
    Aborted {
        /// Who aborted.
        source_of_abort: AbortSource,
        /// Reason/Diag. of the PDU.
        reason: u8,
    },

    /// We aborted the association earlier.
    #[error("association was aborted here")]
    AbortedHere,

    /// The peer closed the connection without a release.
    #[error("connection closed by the peer without a release")]
    Closed,

    /// The association was released or has otherwise ended; nothing more can be sent or received.
    #[error("association has ended")]
    Released,

    /// The peer did not do what was awaited in time.
    #[error("timed out after {after:?} waiting for {waiting_for}")]
    Timeout {
        /// What was awaited.
        waiting_for: &'static str,
        /// How long.
        after: Duration,
    },

    /// The association is being ended because the server stops.
    #[error("stopped by a shutdown")]
    Shutdown,

    /// No presentation context with this id was accepted.
    #[error("presentation context {id} was not accepted")]
    UnknownContext {
        /// The id.
        id: u8,
    },

    /// A proposal that cannot be put into an A-ASSOCIATE-RQ.
    #[error("{needed} presentation contexts are needed, an association has at most 128")]
    TooManyContexts {
        /// How many the proposal needs.
        needed: usize,
    },

    /// The peer's maximum PDU length leaves no room for a single fragment.
    #[error("peer takes PDUs of at most {length} bytes, too few for any message")]
    PeerPduTooSmall {
        /// Maximum Length Received of the peer.
        length: u32,
    },

    /// A data set is longer than the caller is ready to hold.
    #[error("data set is longer than {limit} bytes")]
    DataTooLong {
        /// The limit.
        limit: usize,
    },

    /// An earlier message was given up half-sent; the connection cannot carry another.
    #[error("an earlier message was interrupted while it was sent")]
    Interrupted,

    /// Where the data set to send came from failed; the association was aborted if bytes had left.
    #[error("cannot read the data set to send")]
    Source(#[source] std::io::Error),

    /// The operating system or the network failed.
    #[error("cannot {operation}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The cause.
        source: std::io::Error,
    },

    /// Certificates or keys cannot be used.
    #[error("TLS configuration: {reason}")]
    TlsConfig {
        /// What is wrong.
        reason: String,
    },
}

impl Error {
    pub(crate) fn io(operation: &'static str) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::Io { operation, source }
    }

    /// Did the peer just go away, in whatever way? Not worth an error in a log.
    pub fn is_disconnect(&self) -> bool {
        matches!(
            self,
            Error::Closed | Error::Aborted { .. } | Error::Released
        ) || matches!(self, Error::Io { source, .. } if matches!(source.kind(),
                std::io::ErrorKind::ConnectionReset
                | std::io::ErrorKind::BrokenPipe
                | std::io::ErrorKind::ConnectionAborted
                | std::io::ErrorKind::UnexpectedEof))
    }
}
