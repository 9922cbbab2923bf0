//! The contents of A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 §9.3.2, §9.3.3, PS3.7 §D.3.3).

use bytes::Bytes;
use sagittal_core::Uid;

/// The one DICOM Application Context Name (PS3.7 §A.2.1).
pub const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";

/// A-ASSOCIATE-RQ (PS3.8 Table 9-11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociateRq {
    /// Bit 0 is version 1.
    pub protocol_version: u16,
    /// As sent, padding cut; may be empty or no valid AE title.
    pub called_ae_title: String,
    /// As sent, padding cut; may be empty or no valid AE title.
    pub calling_ae_title: String,
    /// Application Context Name; empty if absent.
    pub application_context: String,
    /// In the order of the PDU.
    pub presentation_contexts: Vec<ProposedContext>,
    /// The user information item.
    pub user_information: UserInformation,
}

/// A-ASSOCIATE-AC (PS3.8 Table 9-17).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociateAc {
    /// Bit 0 is version 1.
    pub protocol_version: u16,
    /// Repeats the request; not to be tested.
    pub called_ae_title: String,
    /// Repeats the request; not to be tested.
    pub calling_ae_title: String,
    /// Application Context Name; empty if absent.
    pub application_context: String,
    /// In the order of the PDU.
    pub presentation_contexts: Vec<ResultContext>,
    /// The user information item.
    pub user_information: UserInformation,
}

/// Presentation context item of an A-ASSOCIATE-RQ (PS3.8 §9.3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedContext {
    /// Odd, 1 to 255.
    pub id: u8,
    /// `None` if absent or unreadable: that context is refused, not the association.
    pub abstract_syntax: Option<Uid>,
    /// Unreadable ones are left out.
    pub transfer_syntaxes: Vec<Uid>,
}

/// Presentation context item of an A-ASSOCIATE-AC (PS3.8 §9.3.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultContext {
    /// That of the proposal.
    pub id: u8,
    /// Accepted, or why not.
    pub result: ContextResult,
    /// Meaningful only if accepted.
    pub transfer_syntax: Option<Uid>,
}

/// Result/Reason of a presentation context (PS3.8 Table 9-18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContextResult {
    /// 0.
    Acceptance,
    /// 1.
    UserRejection,
    /// 2, and what is not defined.
    NoReason,
    /// 3.
    AbstractSyntaxNotSupported,
    /// 4.
    TransferSyntaxesNotSupported,
}

impl ContextResult {
    /// From the byte.
    pub fn from_byte(byte: u8) -> ContextResult {
        match byte {
            0 => ContextResult::Acceptance,
            1 => ContextResult::UserRejection,
            3 => ContextResult::AbstractSyntaxNotSupported,
            4 => ContextResult::TransferSyntaxesNotSupported,
            _ => ContextResult::NoReason,
        }
    }

    /// The byte.
    pub fn to_byte(self) -> u8 {
        match self {
            ContextResult::Acceptance => 0,
            ContextResult::UserRejection => 1,
            ContextResult::NoReason => 2,
            ContextResult::AbstractSyntaxNotSupported => 3,
            ContextResult::TransferSyntaxesNotSupported => 4,
        }
    }
}

/// User information item (PS3.8 §9.3.2.3, PS3.7 §D.3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserInformation {
    /// Maximum Length Received; 0 is "no limit", as is its absence.
    pub maximum_length: u32,
    /// Implementation Class UID; required, yet tolerated absent.
    pub implementation_class_uid: Option<Uid>,
    /// Implementation Version Name, 1 to 16 characters.
    pub implementation_version_name: Option<String>,
    /// Asynchronous Operations Window; absent is 1, 1.
    pub operations_window: Option<OperationsWindowItem>,
    /// SCP/SCU Role Selection.
    pub roles: Vec<RoleSelection>,
    /// SOP Class Extended Negotiation.
    pub extended_negotiation: Vec<ExtendedNegotiation>,
    /// SOP Class Common Extended Negotiation (RQ only).
    pub common_extended_negotiation: Vec<CommonExtendedNegotiation>,
    /// User Identity (RQ only).
    pub user_identity: Option<UserIdentity>,
    /// Server response of a User Identity AC (AC only).
    pub user_identity_response: Option<Bytes>,
}

/// Asynchronous Operations Window (PS3.7 §D.3.3.3); 0 is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationsWindowItem {
    /// Operations the sender of the item may invoke.
    pub invoked: u16,
    /// Operations the sender of the item can perform.
    pub performed: u16,
}

/// SCP/SCU Role Selection (PS3.7 §D.3.3.4), from the requestor's view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSelection {
    /// The SOP class.
    pub sop_class_uid: Uid,
    /// The requestor is SCU.
    pub scu: bool,
    /// The requestor is SCP.
    pub scp: bool,
}

/// SOP Class Extended Negotiation (PS3.7 §D.3.3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedNegotiation {
    /// The SOP class.
    pub sop_class_uid: Uid,
    /// Service-class-application-information, one byte a feature.
    pub application_information: Bytes,
}

/// SOP Class Common Extended Negotiation (PS3.7 §D.3.3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommonExtendedNegotiation {
    /// The SOP class.
    pub sop_class_uid: Uid,
    /// Its service class.
    pub service_class_uid: Uid,
    /// More general SOP classes that instances could be stored as.
    pub related_general_sop_class_uids: Vec<Uid>,
}

/// User-Identity-Type (PS3.7 §D.3.3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserIdentityType {
    /// 1.
    Username,
    /// 2.
    UsernameAndPasscode,
    /// 3.
    Kerberos,
    /// 4.
    Saml,
    /// 5.
    Jwt,
    /// Not defined.
    Other(u8),
}

impl UserIdentityType {
    /// From the byte.
    pub fn from_byte(byte: u8) -> UserIdentityType {
        match byte {
            1 => UserIdentityType::Username,
            2 => UserIdentityType::UsernameAndPasscode,
            3 => UserIdentityType::Kerberos,
            4 => UserIdentityType::Saml,
            5 => UserIdentityType::Jwt,
            other => UserIdentityType::Other(other),
        }
    }

    /// The byte.
    pub fn to_byte(self) -> u8 {
        match self {
            UserIdentityType::Username => 1,
            UserIdentityType::UsernameAndPasscode => 2,
            UserIdentityType::Kerberos => 3,
            UserIdentityType::Saml => 4,
            UserIdentityType::Jwt => 5,
            UserIdentityType::Other(other) => other,
        }
    }
}

/// User Identity of an A-ASSOCIATE-RQ (PS3.7 §D.3.3.7.1).
#[derive(Clone, PartialEq, Eq)]
pub struct UserIdentity {
    /// What the fields are.
    pub kind: UserIdentityType,
    /// Does the requestor want a response item?
    pub positive_response_requested: bool,
    /// Username, ticket, assertion or token.
    pub primary_field: Bytes,
    /// Passcode; empty unless the type is 2.
    pub secondary_field: Bytes,
}

/// No secrets in logs.
impl std::fmt::Debug for UserIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserIdentity")
            .field("kind", &self.kind)
            .field(
                "positive_response_requested",
                &self.positive_response_requested,
            )
            .finish_non_exhaustive()
    }
}
