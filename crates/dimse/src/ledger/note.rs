//! From negotiations to notes, as acceptor and as requestor.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sagittal_core::Uid;
use sagittal_net::negotiate::Acceptance;
use sagittal_net::pdu::{AssociateRq, ContextResult, ProposedContext, Rejection, RoleSelection};
use sagittal_net::{Association, Decision, Error, Negotiated, Peer, Proposal};

use super::{Direction, Ledger, Observed, ObservedContext, Outcome};

/// For the address of a host.
const LOOKUP: Duration = Duration::from_secs(5);

/// Why a context was refused (PS3.8 Table 9-18), as a label.
pub(super) const fn label(result: ContextResult) -> &'static str {
    match result {
        ContextResult::Acceptance => "transfer-syntax-not-proposed",
        ContextResult::UserRejection => "user-rejection",
        ContextResult::NoReason => "no-reason",
        ContextResult::AbstractSyntaxNotSupported => "abstract-syntax-not-supported",
        ContextResult::TransferSyntaxesNotSupported => "transfer-syntaxes-not-supported",
    }
}

fn address(address: Option<SocketAddr>) -> String {
    address.map_or_else(String::new, |address| canonical(address.ip()))
}

/// An address, IPv4 as such.
pub(crate) fn canonical(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

fn as_scp(roles: &[RoleSelection], sop_class: Option<&Uid>) -> bool {
    roles
        .iter()
        .any(|role| role.scp && Some(&role.sop_class_uid) == sop_class)
}

impl Ledger {
    /// A request that a policy decided on.
    pub(crate) fn answered(&self, request: &AssociateRq, peer: &Peer, decision: &Decision) {
        match decision {
            Decision::Accept(acceptance) => {
                refused_here(acceptance);
                let observed = inbound(request, None, |position, proposed| {
                    outcome(acceptance, position, proposed)
                });
                self.note(&address(peer.address), &observed, None);
            }
            Decision::Reject(rejection) => self.rejected(request, peer, *rejection),
            Decision::Abort => self.rejected(request, peer, Rejection::NO_REASON),
        }
    }

    /// A request that was rejected.
    pub(crate) fn rejected(&self, request: &AssociateRq, peer: &Peer, rejection: Rejection) {
        let observed = inbound(request, Some(rejection), |_, _| Outcome::NotDecided);
        let address = address(peer.address);
        self.note(&address, &observed, Some(&rejection.to_string()));
    }

    /// An association that we requested; the address it has then in the ledger.
    pub(crate) async fn requested(
        &self,
        (host, port): (&str, u16),
        proposal: &Proposal,
        result: &Result<Association, Error>,
    ) -> String {
        let (address, negotiated) = match result {
            Ok(association) => (
                address(association.peer().address),
                Some(association.negotiated()),
            ),
            Err(_) => (found(host, port).await, None),
        };
        let information =
            |wanted: fn(&Negotiated) -> Option<&str>| negotiated.and_then(|n| wanted(n));
        let rejection = match result {
            Err(Error::Rejected(rejection)) => Some(*rejection),
            _ => None,
        };
        let ids = (1..=u8::MAX).step_by(2);
        let contexts = ids.zip(&proposal.contexts).map(|(id, (class, list))| {
            let outcome = match negotiated {
                None => Outcome::NotDecided,
                Some(negotiated) => agreed(negotiated, id),
            };
            ObservedContext {
                sop_class: Some(class),
                transfer_syntaxes: list,
                as_scp: as_scp(&proposal.roles, Some(class)),
                outcome,
            }
        });
        let observed = Observed {
            ae_title: proposal.called_ae_title.as_str(),
            direction: Direction::Outbound,
            contexts: contexts.collect(),
            max_pdu: negotiated.map(|negotiated| negotiated.peer_max_pdu),
            implementation_class_uid: negotiated
                .and_then(|negotiated| negotiated.peer_implementation_class_uid.as_ref()),
            implementation_version_name: information(|negotiated| {
                negotiated.peer_implementation_version_name.as_deref()
            }),
            rejection,
        };
        let failure = result.as_ref().err().map(failure);
        if failure.is_some() {
            let reason = match rejection {
                Some(rejection) => crate::policy::reason_label(rejection),
                None => "connection",
            };
            metrics::counter!("sagittal_dimse_associations_refused_by_peers_total",
                "reason" => reason)
            .increment(1);
        }
        self.note(&address, &observed, failure.as_deref());
        address
    }
}

/// Contexts that we refuse, for metrics.
fn refused_here(acceptance: &Acceptance) {
    for context in &acceptance.contexts {
        if context.result != ContextResult::Acceptance {
            metrics::counter!("sagittal_dimse_contexts_refused_total",
                "reason" => label(context.result))
            .increment(1);
        }
    }
}

fn inbound<'a>(
    request: &'a AssociateRq,
    rejection: Option<Rejection>,
    outcome: impl Fn(usize, &'a ProposedContext) -> Outcome<'a>,
) -> Observed<'a> {
    let information = &request.user_information;
    let contexts = request.presentation_contexts.iter().enumerate();
    let contexts = contexts.map(|(position, proposed)| ObservedContext {
        sop_class: proposed.abstract_syntax.as_ref(),
        transfer_syntaxes: &proposed.transfer_syntaxes,
        as_scp: as_scp(&information.roles, proposed.abstract_syntax.as_ref()),
        outcome: outcome(position, proposed),
    });
    Observed {
        ae_title: &request.calling_ae_title,
        direction: Direction::Inbound,
        contexts: contexts.collect(),
        max_pdu: Some(information.maximum_length),
        implementation_class_uid: information.implementation_class_uid.as_ref(),
        implementation_version_name: information.implementation_version_name.as_deref(),
        rejection,
    }
}

/// Answers stand in the order of the proposals.
fn outcome<'a>(
    acceptance: &Acceptance,
    position: usize,
    proposed: &'a ProposedContext,
) -> Outcome<'a> {
    let Some(answer) = acceptance.contexts.get(position) else {
        return Outcome::Refused(ContextResult::NoReason);
    };
    let taken = proposed
        .transfer_syntaxes
        .iter()
        .find(|uid| Some(*uid) == answer.transfer_syntax.as_ref());
    match (answer.result, taken) {
        (ContextResult::Acceptance, Some(uid)) => Outcome::Accepted(uid),
        (result, _) => Outcome::Refused(result),
    }
}

fn agreed(negotiated: &Negotiated, id: u8) -> Outcome<'_> {
    match negotiated.context(id) {
        Some(context) => Outcome::Accepted(&context.transfer_syntax),
        None => {
            let refused = negotiated.refused.iter().find(|context| context.id == id);
            Outcome::Refused(refused.map_or(ContextResult::NoReason, |context| context.result))
        }
    }
}

/// Why there is no association, without what differs each time.
fn failure(error: &Error) -> String {
    match error {
        Error::Rejected(rejection) => rejection.to_string(),
        Error::Io { operation, source } => format!("cannot {operation}: {}", source.kind()),
        error => error.to_string(),
    }
}

/// The address of a host to which there is no connection.
async fn found(host: &str, port: u16) -> String {
    if let Ok(address) = host.parse::<IpAddr>() {
        return canonical(address);
    }
    let asking = tokio::net::lookup_host((host, port));
    let found = tokio::time::timeout(LOOKUP, asking).await;
    match found
        .ok()
        .and_then(Result::ok)
        .and_then(|mut list| list.next())
    {
        Some(found) => canonical(found.ip()),
        None => host.to_owned(),
    }
}
