//! Association negotiation (PS3.7 Annex D.3, PS3.8 §7.1): what an acceptor takes, what a requestor
//! proposes, and what both then know. No I/O, but for the questions a policy may ask.

mod negotiated;
mod policy;
mod proposal;
#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests;

pub use negotiated::{Negotiated, PresentationContext, RefusedContext, Roles};
pub use policy::{
    Acceptance, AcceptorPolicy, Admission, Decision, ExtendedAnswer, Policy, Supported,
    TransferSyntaxes,
};
pub use proposal::Proposal;

/// Storage Service Class UID (PS3.4 §B.3.1.4), the one that common extended negotiation names.
pub const STORAGE_SERVICE_CLASS: &str = "1.2.840.10008.4.2";
