//! The DICOM Upper Layer (PS3.8), DIMSE messages (PS3.7) and secure transport (PS3.15 Annex B).
//!
//! [`pdu`], [`state`], [`negotiate`] and [`dimse`] do no I/O: bytes in, values out.
//! [`Association`] drives them over any byte stream, [`server`] accepts connections.

pub mod association;
pub mod dimse;
mod error;
pub mod negotiate;
pub mod pdu;
pub mod server;
pub mod socket;
pub mod state;
pub mod tls;

pub use association::{
    AbortReason, Association, Config, Counters, Data, Message, Peer, Received, Sender,
};
pub use error::{Error, Result};
pub use negotiate::{
    AcceptorPolicy, Decision, Negotiated, Policy, PresentationContext, Proposal, Roles,
};
