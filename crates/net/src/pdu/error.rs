//! What can be wrong with a PDU, and the A-ABORT reason it maps to (PS3.8 Table 9-26).

use super::ProviderAbortReason;

/// A PDU that the standard forbids or our limits refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset} of the connection")]
pub struct PduError {
    /// What is wrong.
    pub kind: PduErrorKind,
    /// Bytes received on the connection before the offending one.
    pub offset: u64,
}

/// What is wrong with a PDU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PduErrorKind {
    /// A type byte that is none of the seven.
    #[error("PDU type {0:02X} is not known")]
    UnrecognizedPdu(u8),
    /// Longer than we take.
    #[error("PDU of type {pdu_type:02X} has {length} bytes, at most {limit} are taken")]
    TooLong {
        /// PDU type.
        pdu_type: u8,
        /// Its length.
        length: u32,
        /// Our limit.
        limit: u32,
    },
    /// Shorter than its fixed fields.
    #[error("PDU of type {pdu_type:02X} has {length} bytes, too few")]
    TooShort {
        /// PDU type.
        pdu_type: u8,
        /// Its length.
        length: u32,
    },
    /// An item or field reaches beyond what encloses it.
    #[error("{what} is truncated")]
    Truncated {
        /// The item or field.
        what: &'static str,
    },
    /// More items than an association can need.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// Our limit.
        limit: usize,
    },
    /// A presentation context id that is even, zero or used twice.
    #[error("presentation context id {0} is invalid or repeated")]
    InvalidContextId(u8),
    /// A PDV whose length does not fit into its PDU, or leaves no room for its header.
    #[error("PDV length {length} does not fit, {available} bytes are left in the PDU")]
    InvalidPdvLength {
        /// Length of the PDV item.
        length: u32,
        /// What is left of the PDU.
        available: u32,
    },
    /// A PDV on a presentation context that was not accepted.
    #[error("presentation context {0} was not accepted")]
    UnknownContext(u8),
    /// Fragments in an order that no message has (PS3.8 Annex E).
    #[error("a {found} fragment was not expected in presentation context {context_id}")]
    UnexpectedFragment {
        /// `command` or `data set`.
        found: &'static str,
        /// The context.
        context_id: u8,
    },
    /// A command set that is too long or cannot be read.
    #[error("command set: {0}")]
    Command(crate::dimse::CommandError),
}

impl PduError {
    /// Reason/Diag. of the A-ABORT that answers it.
    pub fn abort_reason(&self) -> ProviderAbortReason {
        match self.kind {
            PduErrorKind::UnrecognizedPdu(_) => ProviderAbortReason::UnrecognizedPdu,
            PduErrorKind::UnexpectedFragment { .. } => ProviderAbortReason::UnexpectedPduParameter,
            _ => ProviderAbortReason::InvalidPduParameterValue,
        }
    }
}
