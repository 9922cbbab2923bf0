//! Negotiating as the document says (PS3.7 Annex D.3, PS3.8 §7.1.1).

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use sagittal_core::{AeTitle, Uid, sop_class};
use sagittal_net::negotiate::{Acceptance, STORAGE_SERVICE_CLASS};
use sagittal_net::pdu::{
    AssociateRq, ContextResult, ExtendedNegotiation, OperationsWindowItem, ProposedContext,
    Rejection, ResultContext, RoleSelection, UserIdentityType,
};
use sagittal_net::{Decision, Peer, Policy};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::behavior::{AtOnce, Behavior, Titles, rejection_of};
use super::classes::Verdict;
use crate::document::{IdentityAnswer, IdentityKind, Refusal, RequestorRoles};

/// The policy for one connection; holds its place among the associations.
pub(super) struct Door {
    pub behavior: Arc<Behavior>,
    pub places: Arc<Semaphore>,
    pub place: Mutex<Option<OwnedSemaphorePermit>>,
}

/// What is done with one context.
enum Answer {
    Context(ResultContext),
    /// Left out of the answer.
    Silence,
    Reject,
    Abort,
}

impl Policy for Door {
    fn decide<'a>(&'a self, request: &'a AssociateRq, _: &'a Peer) -> BoxFuture<'a, Decision> {
        let decision = self.decision(request);
        Box::pin(std::future::ready(decision))
    }
}

impl Door {
    fn decision(&self, request: &AssociateRq) -> Decision {
        let behavior = &*self.behavior;
        if let AtOnce::Reject(_, rejection) = behavior.at_once {
            match self.places.clone().try_acquire_owned() {
                Ok(place) => *self.place.lock() = Some(place),
                Err(_) => return Decision::Reject(rejection),
            }
        }
        let decision = behavior.decide(request);
        if !matches!(decision, Decision::Accept(_)) {
            *self.place.lock() = None;
        }
        decision
    }
}

fn check(titles: &Titles, title: &str) -> Result<(), Rejection> {
    let title = AeTitle::new(title).map_err(|_| titles.rejection)?;
    match &titles.only {
        Some(only) if !only.contains(&title) => Err(titles.rejection),
        _ => Ok(()),
    }
}

impl Behavior {
    /// The answer to a request.
    pub(super) fn decide(&self, request: &AssociateRq) -> Decision {
        let information = &request.user_information;
        let admitted = check(&self.called, &request.called_ae_title)
            .and_then(|()| check(&self.calling, &request.calling_ae_title))
            .and_then(|()| self.identity(request));
        let user_identity_response = match admitted {
            Ok(response) => response,
            Err(rejection) => return Decision::Reject(rejection),
        };
        let mut contexts = Vec::new();
        for (position, proposed) in request.presentation_contexts.iter().enumerate() {
            let answer = if position < self.max_contexts {
                self.context(request, proposed)
            } else {
                refused(proposed, ContextResult::NoReason)
            };
            match answer {
                Answer::Context(context) => contexts.push(context),
                Answer::Silence => {}
                Answer::Reject => return Decision::Reject(Rejection::NO_REASON),
                Answer::Abort => return Decision::Abort,
            }
        }
        let is_useful = |context: &ResultContext| context.result == ContextResult::Acceptance;
        if self.rejects_useless && !contexts.iter().any(is_useful) {
            return Decision::Reject(Rejection::NO_REASON);
        }
        let window = self.window.and_then(|ours| {
            let asked = information.operations_window?;
            Some(OperationsWindowItem {
                invoked: lesser(asked.invoked, ours.invoked),
                performed: lesser(asked.performed, ours.performed),
            })
        });
        Decision::Accept(Acceptance {
            contexts,
            roles: information
                .roles
                .iter()
                .filter_map(|asked| self.roles(request, asked))
                .collect(),
            extended: self.extended(request),
            window,
            user_identity_response,
        })
    }

    fn context(&self, request: &AssociateRq, proposed: &ProposedContext) -> Answer {
        let Some(class) = &proposed.abstract_syntax else {
            return refused(proposed, ContextResult::AbstractSyntaxNotSupported);
        };
        let is_storage = declares_storage(request, class);
        let verdict = |ts: &Uid| self.classes.verdict(class, ts, is_storage);
        let acceptable: Vec<&Uid> = proposed
            .transfer_syntaxes
            .iter()
            .filter(|ts| verdict(ts) == Verdict::Accepted)
            .collect();
        if let Some(ts) = self.classes.choose(class, is_storage, &acceptable) {
            return Answer::Context(ResultContext {
                id: proposed.id,
                result: ContextResult::Acceptance,
                transfer_syntax: Some(ts.clone()),
            });
        }
        let first = proposed.transfer_syntaxes.first().map(verdict);
        let result = match first {
            Some(Verdict::Refused(refusal)) => match refusal {
                Refusal::UserRejection => ContextResult::UserRejection,
                Refusal::NoReason => ContextResult::NoReason,
                Refusal::AbstractSyntaxNotSupported => ContextResult::AbstractSyntaxNotSupported,
                Refusal::TransferSyntaxesNotSupported => {
                    ContextResult::TransferSyntaxesNotSupported
                }
                Refusal::NotAnswered => return Answer::Silence,
                Refusal::AssociationRejected => return Answer::Reject,
                Refusal::AssociationAborted => return Answer::Abort,
            },
            _ => ContextResult::TransferSyntaxesNotSupported,
        };
        refused(proposed, result)
    }

    fn roles(&self, request: &AssociateRq, asked: &RoleSelection) -> Option<RoleSelection> {
        let class = &asked.sop_class_uid;
        let known = self.classes.class(class, declares_storage(request, class));
        let granted = match known.map_or(RequestorRoles::Unanswered, |class| class.roles) {
            RequestorRoles::Unanswered => return None,
            RequestorRoles::Neither => (false, false),
            RequestorRoles::Scu => (true, false),
            RequestorRoles::Scp => (false, true),
            RequestorRoles::Both => (true, true),
        };
        Some(RoleSelection {
            sop_class_uid: class.clone(),
            scu: asked.scu && granted.0,
            scp: asked.scp && granted.1,
        })
    }

    fn extended(&self, request: &AssociateRq) -> Vec<ExtendedNegotiation> {
        let known = &self.entity.association.extended_negotiation;
        let asked = request.user_information.extended_negotiation.iter();
        let answers = asked.filter_map(|asked| {
            let class = &asked.sop_class_uid;
            let ours = known.iter().find(|item| item.sop_classes.contains(class))?;
            let ours = bytes_of(&ours.answer)?;
            // Storage tells its level of support; queries agree on what both can do.
            let answer: Bytes = if sop_class::storage(class.as_str()).is_some() {
                ours.into()
            } else {
                let pairs = asked.application_information.iter().zip(&ours);
                pairs.map(|(a, b)| *a.min(b)).collect()
            };
            Some(ExtendedNegotiation {
                sop_class_uid: class.clone(),
                application_information: answer,
            })
        });
        answers.collect()
    }

    /// The response to a user identity, or the rejection.
    fn identity(&self, request: &AssociateRq) -> Result<Option<Bytes>, Rejection> {
        let Some(identity) = &request.user_information.user_identity else {
            return Ok(None);
        };
        let kind = match identity.kind {
            UserIdentityType::Username => IdentityKind::Username,
            UserIdentityType::UsernameAndPasscode => IdentityKind::UsernameAndPasscode,
            UserIdentityType::Kerberos => IdentityKind::Kerberos,
            UserIdentityType::Saml => IdentityKind::Saml,
            UserIdentityType::Jwt => IdentityKind::Jwt,
            UserIdentityType::Other(_) => return Ok(None),
        };
        let rows = &self.entity.association.user_identity;
        let Some(row) = rows.iter().find(|row| row.kind == kind) else {
            return Ok(None);
        };
        match row.answer {
            IdentityAnswer::Answered if identity.positive_response_requested => {
                Ok(Some(Bytes::new()))
            }
            IdentityAnswer::Answered | IdentityAnswer::Ignored | IdentityAnswer::Unknown => {
                Ok(None)
            }
            IdentityAnswer::Rejected => {
                Err(rejection_of(row.remark.as_deref()).unwrap_or(Rejection::NO_REASON))
            }
        }
    }
}

fn refused(proposed: &ProposedContext, result: ContextResult) -> Answer {
    Answer::Context(ResultContext {
        id: proposed.id,
        result,
        // The standard wants one, and does not mind which.
        transfer_syntax: proposed.transfer_syntaxes.first().cloned(),
    })
}

fn declares_storage(request: &AssociateRq, class: &Uid) -> bool {
    let items = &request.user_information.common_extended_negotiation;
    items
        .iter()
        .any(|item| item.sop_class_uid == *class && item.service_class_uid == STORAGE_SERVICE_CLASS)
}

/// The lesser window, 0 being unlimited.
fn lesser(a: u16, b: u16) -> u16 {
    match (a, b) {
        (0, other) | (other, 0) => other,
        (a, b) => a.min(b),
    }
}

/// Two hexadecimal digits each; `None` where there is no answer.
fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let bytes = digits.chunks_exact(2).filter_map(|pair| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    });
    let bytes: Vec<u8> = bytes.collect();
    (!bytes.is_empty()).then_some(bytes)
}
