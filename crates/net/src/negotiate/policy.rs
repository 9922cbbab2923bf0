//! What an acceptor takes (PS3.8 §7.1.1, PS3.7 §D.3.3).

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use sagittal_core::{AeTitle, Uid};

use super::{Roles, STORAGE_SERVICE_CLASS};
use crate::association::Peer;
use crate::pdu::{
    AssociateRq, ContextResult, ExtendedNegotiation, OperationsWindowItem, ProposedContext,
    Rejection, ResultContext, RoleSelection,
};

/// Decides on an A-ASSOCIATE-RQ.
pub trait Policy: Send + Sync {
    /// The answer. May ask elsewhere (a directory, a database); the peer waits meanwhile.
    fn decide<'a>(&'a self, request: &'a AssociateRq, peer: &'a Peer) -> BoxFuture<'a, Decision>;

    /// Told of a request that a server rejected without asking, as there were too many associations.
    fn over_limit(&self, _request: &AssociateRq, _peer: &Peer, _rejection: Rejection) {}
}

/// The answer to an A-ASSOCIATE-RQ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A-ASSOCIATE-AC with this.
    Accept(Acceptance),
    /// A-ASSOCIATE-RJ.
    Reject(Rejection),
    /// A-ABORT: for those that must behave as badly as somebody else does.
    Abort,
}

/// The negotiated part of an A-ASSOCIATE-AC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// One for each proposed context.
    pub contexts: Vec<ResultContext>,
    /// Answers to role selection.
    pub roles: Vec<RoleSelection>,
    /// Answers to SOP Class Extended Negotiation.
    pub extended: Vec<ExtendedNegotiation>,
    /// Answer to the asynchronous operations window, if one was proposed.
    pub window: Option<OperationsWindowItem>,
    /// Answer to a user identity that asked for one.
    pub user_identity_response: Option<Bytes>,
}

/// A policy of refusing everything, for a server that is full.
impl Policy for Rejection {
    fn decide<'a>(&'a self, _: &'a AssociateRq, _: &'a Peer) -> BoxFuture<'a, Decision> {
        Box::pin(std::future::ready(Decision::Reject(*self)))
    }
}

/// Who may come in: AE titles by address, user identity, certificates.
pub trait Admission: Send + Sync {
    /// `Ok` with the server response of a user identity that asks for one (empty if there is
    /// nothing to say: username and passcode), or the rejection.
    fn admit<'a>(
        &'a self,
        request: &'a AssociateRq,
        peer: &'a Peer,
    ) -> BoxFuture<'a, Result<Bytes, Rejection>>;
}

/// Which transfer syntaxes of a proposal are taken, and which first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferSyntaxes {
    /// `None` takes any.
    pub only: Option<Arc<[Uid]>>,
    /// Taken before all others, in this order; after them the requestor's order counts.
    pub prefer: Arc<[Uid]>,
}

impl TransferSyntaxes {
    /// Any, in the requestor's order.
    pub fn any() -> TransferSyntaxes {
        TransferSyntaxes::default()
    }

    /// These only, in this order of preference.
    pub fn only(list: impl IntoIterator<Item = Uid>) -> TransferSyntaxes {
        let list: Arc<[Uid]> = list.into_iter().collect();
        TransferSyntaxes {
            only: Some(list.clone()),
            prefer: list,
        }
    }

    /// The one to take of a proposal.
    pub fn choose<'a>(&self, proposed: &'a [Uid]) -> Option<&'a Uid> {
        let preferred = self
            .prefer
            .iter()
            .find_map(|want| proposed.iter().find(|p| *p == want));
        preferred.or_else(|| match &self.only {
            None => proposed.first(),
            Some(only) => proposed.iter().find(|uid| only.contains(uid)),
        })
    }
}

/// How SOP Class Extended Negotiation of a SOP class is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtendedAnswer {
    /// Byte by byte the lesser of what is asked and this (Query/Retrieve: 1 is supported).
    Limit(Vec<u8>),
    /// This, whatever is asked (Storage SCP: its level of support).
    Fixed(Vec<u8>),
}

impl ExtendedAnswer {
    fn answer(&self, asked: &[u8]) -> Bytes {
        match self {
            ExtendedAnswer::Limit(ours) => asked.iter().zip(ours).map(|(a, b)| *a.min(b)).collect(),
            ExtendedAnswer::Fixed(ours) => Bytes::copy_from_slice(ours),
        }
    }
}

/// What is taken for a SOP class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supported {
    /// Its transfer syntaxes.
    pub transfer_syntaxes: TransferSyntaxes,
    /// Roles that the requestor may have.
    pub roles: Roles,
    /// Extended negotiation; `None` leaves it unanswered.
    pub extended: Option<ExtendedAnswer>,
}

impl Supported {
    /// The requestor is SCU.
    pub fn new(transfer_syntaxes: TransferSyntaxes) -> Supported {
        Supported {
            transfer_syntaxes,
            roles: Roles::default(),
            extended: None,
        }
    }

    /// The requestor may have these roles.
    pub fn with_roles(mut self, roles: Roles) -> Supported {
        self.roles = roles;
        self
    }

    /// Extended negotiation is answered.
    pub fn with_extended(mut self, answer: ExtendedAnswer) -> Supported {
        self.extended = Some(answer);
        self
    }
}

/// The usual policy: tables, and a door-keeper.
#[derive(Clone, Default)]
pub struct AcceptorPolicy {
    /// Called AE titles that are ours; empty takes any.
    pub ae_titles: Vec<AeTitle>,
    /// SOP classes.
    pub supported: HashMap<Uid, Supported>,
    /// For unknown SOP classes that common extended negotiation says are of the Storage Service
    /// Class (PS3.7 §D.3.3.6).
    pub unknown_storage: Option<Supported>,
    /// For any other unknown SOP class.
    pub unknown: Option<Supported>,
    /// The largest asynchronous operations window; 0 is unlimited.
    pub window: Option<OperationsWindowItem>,
    /// Who may come in; `None` lets everybody in and answers user identities positively.
    pub admission: Option<Arc<dyn Admission>>,
}

impl AcceptorPolicy {
    /// Adds a SOP class.
    pub fn support(mut self, sop_class: Uid, supported: Supported) -> AcceptorPolicy {
        self.supported.insert(sop_class, supported);
        self
    }

    /// What is taken for a SOP class in this request.
    pub fn lookup(&self, sop_class: &Uid, request: &AssociateRq) -> Option<&Supported> {
        let known = self.supported.get(sop_class);
        let storage = || {
            let common = &request.user_information.common_extended_negotiation;
            let item = common
                .iter()
                .find(|item| item.sop_class_uid == *sop_class)?;
            self.unknown_storage
                .as_ref()
                .filter(|_| item.service_class_uid == STORAGE_SERVICE_CLASS)
        };
        known.or_else(storage).or(self.unknown.as_ref())
    }

    fn check_called(&self, request: &AssociateRq) -> Result<(), Rejection> {
        let called = AeTitle::new(&request.called_ae_title)
            .map_err(|_| Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED)?;
        AeTitle::new(&request.calling_ae_title)
            .map_err(|_| Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED)?;
        if self.ae_titles.is_empty() || self.ae_titles.contains(&called) {
            Ok(())
        } else {
            Err(Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED)
        }
    }

    fn context(&self, proposed: &ProposedContext, request: &AssociateRq) -> ResultContext {
        let supported = proposed
            .abstract_syntax
            .as_ref()
            .and_then(|uid| self.lookup(uid, request));
        let chosen = supported.map(|s| s.transfer_syntaxes.choose(&proposed.transfer_syntaxes));
        let result = match chosen {
            None => ContextResult::AbstractSyntaxNotSupported,
            Some(None) => ContextResult::TransferSyntaxesNotSupported,
            Some(Some(_)) => ContextResult::Acceptance,
        };
        // A refused context has a transfer syntax too, not significant: repeat one of the proposal.
        let transfer_syntax = chosen
            .flatten()
            .or(proposed.transfer_syntaxes.first())
            .cloned();
        ResultContext {
            id: proposed.id,
            result,
            transfer_syntax,
        }
    }

    /// The acceptance, without questions of admission.
    pub fn accept(&self, request: &AssociateRq) -> Acceptance {
        let information = &request.user_information;
        let contexts: Vec<ResultContext> = request
            .presentation_contexts
            .iter()
            .map(|c| self.context(c, request))
            .collect();
        let roles = information.roles.iter().filter_map(|asked| {
            let ours = self.lookup(&asked.sop_class_uid, request)?.roles;
            Some(RoleSelection {
                sop_class_uid: asked.sop_class_uid.clone(),
                scu: asked.scu && ours.scu,
                scp: asked.scp && ours.scp,
            })
        });
        let extended = information.extended_negotiation.iter().filter_map(|asked| {
            let ours = self
                .lookup(&asked.sop_class_uid, request)?
                .extended
                .as_ref()?;
            Some(ExtendedNegotiation {
                sop_class_uid: asked.sop_class_uid.clone(),
                application_information: ours.answer(&asked.application_information),
            })
        });
        let window = information.operations_window.map(|asked| {
            let ours = self.window.unwrap_or(OperationsWindowItem {
                invoked: 1,
                performed: 1,
            });
            OperationsWindowItem {
                invoked: lesser(asked.invoked, ours.invoked),
                performed: lesser(asked.performed, ours.performed),
            }
        });
        Acceptance {
            roles: roles.collect(),
            extended: extended.collect(),
            window,
            user_identity_response: None,
            contexts,
        }
    }

    async fn decision(&self, request: &AssociateRq, peer: &Peer) -> Result<Acceptance, Rejection> {
        self.check_called(request)?;
        let response = match &self.admission {
            Some(admission) => admission.admit(request, peer).await?,
            None => Bytes::new(),
        };
        let mut acceptance = self.accept(request);
        let identity = request.user_information.user_identity.as_ref();
        if identity.is_some_and(|identity| identity.positive_response_requested) {
            acceptance.user_identity_response = Some(response);
        }
        Ok(acceptance)
    }
}

/// The lesser window, 0 being unlimited.
fn lesser(a: u16, b: u16) -> u16 {
    match (a, b) {
        (0, other) | (other, 0) => other,
        (a, b) => a.min(b),
    }
}

impl Policy for AcceptorPolicy {
    fn decide<'a>(&'a self, request: &'a AssociateRq, peer: &'a Peer) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            match self.decision(request, peer).await {
                Ok(acceptance) => Decision::Accept(acceptance),
                Err(rejection) => Decision::Reject(rejection),
            }
        })
    }
}
