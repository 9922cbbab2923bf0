//! Protocol data units of the Upper Layer (PS3.8 §9.3): types, encoder and a decoder that takes
//! bytes as they arrive and never holds a whole P-DATA-TF.

mod associate;
mod cursor;
mod decode;
mod encode;
mod error;
mod reasons;
mod stream;
#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests;

pub use associate::{
    APPLICATION_CONTEXT, AssociateAc, AssociateRq, CommonExtendedNegotiation, ContextResult,
    ExtendedNegotiation, OperationsWindowItem, ProposedContext, ResultContext, RoleSelection,
    UserIdentity, UserIdentityType, UserInformation,
};
pub use encode::{PDV_OVERHEAD, pdv_header};
pub use error::{PduError, PduErrorKind};
pub use reasons::{AbortSource, ProviderAbortReason, Rejection};
pub use stream::{Incoming, PduLimits, PduStream, Pdv};

/// A PDU other than P-DATA-TF, which is never held as a whole ([`Pdv`]).
#[derive(Clone, Debug, PartialEq)]
pub enum Pdu {
    /// A-ASSOCIATE-RQ (PS3.8 §9.3.2).
    AssociateRq(Box<AssociateRq>),
    /// A-ASSOCIATE-AC (PS3.8 §9.3.3).
    AssociateAc(Box<AssociateAc>),
    /// A-ASSOCIATE-RJ (PS3.8 §9.3.4).
    AssociateRj(Rejection),
    /// A-RELEASE-RQ (PS3.8 §9.3.6).
    ReleaseRq,
    /// A-RELEASE-RP (PS3.8 §9.3.7).
    ReleaseRp,
    /// A-ABORT (PS3.8 §9.3.8).
    Abort {
        /// Who aborts.
        source: AbortSource,
        /// Reason/Diag.; meaningful for the provider only.
        reason: u8,
    },
}

/// PDU types (PS3.8 §9.3.1).
pub mod pdu_type {
    /// A-ASSOCIATE-RQ.
    pub const ASSOCIATE_RQ: u8 = 0x01;
    /// A-ASSOCIATE-AC.
    pub const ASSOCIATE_AC: u8 = 0x02;
    /// A-ASSOCIATE-RJ.
    pub const ASSOCIATE_RJ: u8 = 0x03;
    /// P-DATA-TF.
    pub const P_DATA_TF: u8 = 0x04;
    /// A-RELEASE-RQ.
    pub const RELEASE_RQ: u8 = 0x05;
    /// A-RELEASE-RP.
    pub const RELEASE_RP: u8 = 0x06;
    /// A-ABORT.
    pub const ABORT: u8 = 0x07;
}

/// Item types (PS3.8 §9.3.2, PS3.7 Annex D.3.3).
pub mod item_type {
    /// Application Context.
    pub const APPLICATION_CONTEXT: u8 = 0x10;
    /// Presentation Context of an A-ASSOCIATE-RQ.
    pub const PRESENTATION_CONTEXT_RQ: u8 = 0x20;
    /// Presentation Context of an A-ASSOCIATE-AC.
    pub const PRESENTATION_CONTEXT_AC: u8 = 0x21;
    /// Abstract Syntax.
    pub const ABSTRACT_SYNTAX: u8 = 0x30;
    /// Transfer Syntax.
    pub const TRANSFER_SYNTAX: u8 = 0x40;
    /// User Information.
    pub const USER_INFORMATION: u8 = 0x50;
    /// Maximum Length.
    pub const MAXIMUM_LENGTH: u8 = 0x51;
    /// Implementation Class UID.
    pub const IMPLEMENTATION_CLASS_UID: u8 = 0x52;
    /// Asynchronous Operations Window.
    pub const ASYNCHRONOUS_OPERATIONS_WINDOW: u8 = 0x53;
    /// SCP/SCU Role Selection.
    pub const ROLE_SELECTION: u8 = 0x54;
    /// Implementation Version Name.
    pub const IMPLEMENTATION_VERSION_NAME: u8 = 0x55;
    /// SOP Class Extended Negotiation.
    pub const EXTENDED_NEGOTIATION: u8 = 0x56;
    /// SOP Class Common Extended Negotiation.
    pub const COMMON_EXTENDED_NEGOTIATION: u8 = 0x57;
    /// User Identity of an A-ASSOCIATE-RQ.
    pub const USER_IDENTITY_RQ: u8 = 0x58;
    /// User Identity of an A-ASSOCIATE-AC.
    pub const USER_IDENTITY_AC: u8 = 0x59;
}
