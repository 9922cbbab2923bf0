//! The outcome of a negotiation.

use bytes::Bytes;
use sagittal_core::{AeTitle, Uid};

use crate::pdu::{
    AssociateAc, AssociateRq, CommonExtendedNegotiation, ContextResult, ExtendedNegotiation,
    OperationsWindowItem, RoleSelection, UserIdentity, UserInformation,
};
use crate::state::Side;

/// Roles of the *requestor* for a SOP class (PS3.7 §D.3.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Roles {
    /// The requestor may be SCU.
    pub scu: bool,
    /// The requestor may be SCP.
    pub scp: bool,
}

impl Default for Roles {
    /// Without negotiation the requestor is SCU.
    fn default() -> Roles {
        Roles {
            scu: true,
            scp: false,
        }
    }
}

/// An accepted presentation context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentationContext {
    /// Odd, 1 to 255.
    pub id: u8,
    /// The SOP class.
    pub abstract_syntax: Uid,
    /// The one transfer syntax of its data sets.
    pub transfer_syntax: Uid,
    /// Roles of the requestor.
    pub roles: Roles,
}

/// A proposed presentation context that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedContext {
    /// Odd, 1 to 255.
    pub id: u8,
    /// The SOP class, if it could be read.
    pub abstract_syntax: Option<Uid>,
    /// Why.
    pub result: ContextResult,
}

/// What both sides agreed on.
#[derive(Clone, Debug)]
pub struct Negotiated {
    /// Which side we are.
    pub side: Side,
    /// AE title of the acceptor.
    pub called_ae_title: AeTitle,
    /// AE title of the requestor.
    pub calling_ae_title: AeTitle,
    /// Accepted contexts, in the order of the proposal.
    pub contexts: Vec<PresentationContext>,
    /// The others.
    pub refused: Vec<RefusedContext>,
    /// Maximum Length Received of the peer; 0 is no limit.
    pub peer_max_pdu: u32,
    /// Asynchronous operations window from the requestor's view: `invoked` is what the requestor
    /// may have outstanding, `performed` what the acceptor may. 0 is unlimited.
    pub window: OperationsWindowItem,
    /// SOP Class Extended Negotiation: what the acceptor answered.
    pub extended: Vec<ExtendedNegotiation>,
    /// SOP Class Common Extended Negotiation of the request.
    pub common_extended: Vec<CommonExtendedNegotiation>,
    /// User Identity of the request.
    pub user_identity: Option<UserIdentity>,
    /// Server response to the user identity, if the acceptor gave one.
    pub user_identity_response: Option<Bytes>,
    /// Implementation Class UID of the peer.
    pub peer_implementation_class_uid: Option<Uid>,
    /// Implementation Version Name of the peer.
    pub peer_implementation_version_name: Option<String>,
}

impl Negotiated {
    /// From a request and its response, as seen by `side`.
    pub(crate) fn new(
        side: Side,
        called_ae_title: AeTitle,
        calling_ae_title: AeTitle,
        request: &AssociateRq,
        response: &AssociateAc,
    ) -> Negotiated {
        let mut contexts = Vec::new();
        let mut refused = Vec::new();
        for proposed in &request.presentation_contexts {
            let answer = response
                .presentation_contexts
                .iter()
                .find(|c| c.id == proposed.id);
            // No answer at all is a refusal (PS3.8 §9.3.3.2 wants one for each).
            let result = answer.map_or(ContextResult::NoReason, |answer| answer.result);
            let transfer_syntax = answer.and_then(|answer| answer.transfer_syntax.clone());
            // Acceptance of a transfer syntax that was not proposed is worth nothing.
            let usable = transfer_syntax.filter(|uid| proposed.transfer_syntaxes.contains(uid));
            match (result, &proposed.abstract_syntax, usable) {
                (ContextResult::Acceptance, Some(abstract_syntax), Some(transfer_syntax)) => {
                    contexts.push(PresentationContext {
                        id: proposed.id,
                        abstract_syntax: abstract_syntax.clone(),
                        transfer_syntax,
                        roles: roles(abstract_syntax, request, response),
                    });
                }
                (result, abstract_syntax, _) => refused.push(RefusedContext {
                    id: proposed.id,
                    abstract_syntax: abstract_syntax.clone(),
                    result: match result {
                        ContextResult::Acceptance => ContextResult::TransferSyntaxesNotSupported,
                        result => result,
                    },
                }),
            }
        }
        let (ours, theirs) = (&request.user_information, &response.user_information);
        let peer = match side {
            Side::Requestor => theirs,
            Side::Acceptor => ours,
        };
        Negotiated {
            side,
            called_ae_title,
            calling_ae_title,
            contexts,
            refused,
            peer_max_pdu: peer.maximum_length,
            window: window(ours, theirs),
            extended: theirs.extended_negotiation.clone(),
            common_extended: ours.common_extended_negotiation.clone(),
            user_identity: ours.user_identity.clone(),
            user_identity_response: theirs.user_identity_response.clone(),
            peer_implementation_class_uid: peer.implementation_class_uid.clone(),
            peer_implementation_version_name: peer.implementation_version_name.clone(),
        }
    }

    /// The accepted context with this id.
    pub fn context(&self, id: u8) -> Option<&PresentationContext> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// The accepted context for a SOP class in a transfer syntax.
    pub fn find(
        &self,
        abstract_syntax: &Uid,
        transfer_syntax: &Uid,
    ) -> Option<&PresentationContext> {
        self.contexts_for(abstract_syntax)
            .find(|c| c.transfer_syntax == *transfer_syntax)
    }

    /// All accepted contexts for a SOP class.
    pub fn contexts_for<'a, 'b>(
        &'a self,
        abstract_syntax: &'b Uid,
    ) -> impl Iterator<Item = &'a PresentationContext> + use<'a, 'b> {
        self.contexts
            .iter()
            .filter(move |context| context.abstract_syntax == *abstract_syntax)
    }

    /// The answer to SOP Class Extended Negotiation.
    pub fn extended_for(&self, sop_class_uid: &Uid) -> Option<&[u8]> {
        let found = self
            .extended
            .iter()
            .find(|item| item.sop_class_uid == *sop_class_uid)?;
        Some(&found.application_information)
    }

    /// May we be SCU in this context?
    pub fn may_be_scu(&self, context: &PresentationContext) -> bool {
        match self.side {
            Side::Requestor => context.roles.scu,
            Side::Acceptor => context.roles.scp,
        }
    }

    /// May we be SCP in this context?
    pub fn may_be_scp(&self, context: &PresentationContext) -> bool {
        match self.side {
            Side::Requestor => context.roles.scp,
            Side::Acceptor => context.roles.scu,
        }
    }

    /// AE title of the other side.
    pub fn peer_ae_title(&self) -> &AeTitle {
        match self.side {
            Side::Requestor => &self.called_ae_title,
            Side::Acceptor => &self.calling_ae_title,
        }
    }

    /// How many operations we may have outstanding; 0 is unlimited.
    pub fn may_invoke(&self) -> u16 {
        match self.side {
            Side::Requestor => self.window.invoked,
            Side::Acceptor => self.window.performed,
        }
    }

    /// How many operations the peer may have outstanding; 0 is unlimited.
    pub fn may_be_asked(&self) -> u16 {
        match self.side {
            Side::Requestor => self.window.performed,
            Side::Acceptor => self.window.invoked,
        }
    }
}

/// Both must have the item for anything but the default (PS3.7 §D.3.3.4); an acceptor may only
/// take away.
fn roles(sop_class: &Uid, request: &AssociateRq, response: &AssociateAc) -> Roles {
    let of = |list: &[RoleSelection]| list.iter().find(|r| r.sop_class_uid == *sop_class).cloned();
    match (
        of(&request.user_information.roles),
        of(&response.user_information.roles),
    ) {
        (Some(asked), Some(given)) => Roles {
            scu: asked.scu && given.scu,
            scp: asked.scp && given.scp,
        },
        _ => Roles::default(),
    }
}

/// PS3.7 §D.3.3.3: the acceptor answers at most what was proposed; without an item it is 1, 1.
fn window(request: &UserInformation, response: &UserInformation) -> OperationsWindowItem {
    let lesser = |a: u16, b: u16| match (a, b) {
        (0, other) | (other, 0) => other,
        (a, b) => a.min(b),
    };
    match (request.operations_window, response.operations_window) {
        (Some(asked), Some(given)) => OperationsWindowItem {
            invoked: lesser(asked.invoked, given.invoked),
            performed: lesser(asked.performed, given.performed),
        },
        _ => OperationsWindowItem {
            invoked: 1,
            performed: 1,
        },
    }
}
