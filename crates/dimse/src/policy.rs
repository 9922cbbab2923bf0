//! Who is let in, and what for (PS3.8 §7.1.1, PS3.7 §D.3.3; permissions: design D12).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use sagittal_audit::{Action, Event, Outcome};
use sagittal_auth::{Caller, Directory, Permission};
use sagittal_core::{AeTitle, Uid, transfer_syntax};
use sagittal_net::negotiate::{ExtendedAnswer, Supported, TransferSyntaxes};
use sagittal_net::pdu::{
    AssociateRq, ContextResult, OperationsWindowItem, Rejection, UserIdentity, UserIdentityType,
};
use sagittal_net::{AcceptorPolicy, Decision, Peer, Policy, Roles};
use tokio::sync::Semaphore;

use crate::config::DimseConfig;
use crate::provider::Provider;
use crate::registry::{self, ExtendedField, Operation, SERVICES};

/// The transfer syntaxes of identifiers, best first: explicit VRs name those of private elements.
pub const IDENTIFIER_TRANSFER_SYNTAXES: &[&str] = &[
    transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::EXPLICIT_VR_BIG_ENDIAN,
];

/// The acceptor's policy.
pub struct Acceptor {
    tables: AcceptorPolicy,
    provider: Arc<Provider>,
}

impl Acceptor {
    /// From the registry and the provider's configuration.
    pub fn new(provider: Arc<Provider>) -> Acceptor {
        Acceptor {
            tables: tables(&provider.config),
            provider,
        }
    }

    async fn admit(
        &self,
        request: &AssociateRq,
        peer: &Peer,
    ) -> Result<(Caller, Option<Bytes>), Rejection> {
        let config = &self.provider.config;
        let called = AeTitle::new(&request.called_ae_title)
            .map_err(|_| Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED)?;
        let provider = self.provider.called(&called);
        let calling = AeTitle::new(&request.calling_ae_title)
            .map_err(|_| Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED)?;
        if config.check_called_ae_title
            && called != config.ae_title
            && !config.aliases.contains(&called)
            && provider.archive.view().is_none()
        {
            return Err(Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED);
        }
        if config.known_peers_only && self.provider.peers.by_ae_title(&calling).is_none() {
            return Err(Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED);
        }
        let identity = request.user_information.user_identity.as_ref();
        let caller = identify(&provider.directory, &calling, peer, identity).await?;
        let caller = provider.granted(caller);
        let useful = SERVICES
            .iter()
            .map(|service| service.operation)
            .chain([Operation::Store])
            .filter(|operation| operation.is_offered(config.offered));
        if !useful
            .map(Operation::permission)
            .any(|permission| caller.may(permission))
        {
            return Err(Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED);
        }
        let answer = identity
            .filter(|identity| identity.positive_response_requested && is_understood(identity.kind))
            .map(|_| Bytes::new());
        Ok((caller, answer))
    }

    async fn decision(&self, request: &AssociateRq, peer: &Peer) -> Decision {
        match self.admit(request, peer).await {
            Ok((caller, identity_answer)) => {
                let mut acceptance = self.tables.accept(request);
                acceptance.user_identity_response = identity_answer;
                for (proposed, result) in request
                    .presentation_contexts
                    .iter()
                    .zip(&mut acceptance.contexts)
                {
                    let allowed = proposed
                        .abstract_syntax
                        .as_ref()
                        .is_none_or(|uid| is_allowed(&caller, uid, request));
                    if result.result == ContextResult::Acceptance && !allowed {
                        result.result = ContextResult::UserRejection;
                    }
                }
                Decision::Accept(acceptance)
            }
            Err(rejection) => {
                self.provider.record(
                    Event::new(Action::NetworkEntry, "A-ASSOCIATE")
                        .by(
                            &request.calling_ae_title,
                            "application-entity",
                            peer.address.map(|address| address.ip()),
                        )
                        .outcome(Outcome::SeriousFailure)
                        .detail(format!("rejected: {rejection}")),
                );
                metrics::counter!("sagittal_dimse_associations_rejected_total",
                    "reason" => reason_label(rejection))
                .increment(1);
                Decision::Reject(rejection)
            }
        }
    }
}

impl Policy for Acceptor {
    fn decide<'a>(&'a self, request: &'a AssociateRq, peer: &'a Peer) -> BoxFuture<'a, Decision> {
        Box::pin(async move {
            let decision = self.decision(request, peer).await;
            self.provider.ledger.answered(request, peer, &decision);
            decision
        })
    }

    fn over_limit(&self, request: &AssociateRq, peer: &Peer, rejection: Rejection) {
        self.provider.ledger.rejected(request, peer, rejection);
    }
}

pub(crate) fn reason_label(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED => "called-ae-title",
        Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED => "calling-ae-title",
        Rejection::LOCAL_LIMIT_EXCEEDED => "limit",
        Rejection::NO_REASON => "user-identity",
        _ => "other",
    }
}

/// A storage context serves C-STORE of the peer and, with the SCP role, its C-GET.
fn is_allowed(caller: &Caller, abstract_syntax: &Uid, request: &AssociateRq) -> bool {
    let operation = registry::operation_of(abstract_syntax.as_str());
    let as_scp = request
        .user_information
        .roles
        .iter()
        .any(|role| role.scp && role.sop_class_uid == *abstract_syntax);
    caller.may(operation.permission())
        || (operation == Operation::Store && as_scp && caller.may(Permission::Retrieve))
}

/// Kerberos tickets, SAML assertions and JWTs are not looked at, and so not answered.
fn is_understood(kind: UserIdentityType) -> bool {
    matches!(
        kind,
        UserIdentityType::Username | UserIdentityType::UsernameAndPasscode
    )
}

/// Passcodes hashed at the same time.
static HASHING: Semaphore = Semaphore::const_new(2);

/// Who is at the other end. A passcode must be right; it adds what its user may do to what the
/// Application Entity may.
pub(crate) async fn identify(
    directory: &Arc<Directory>,
    calling: &AeTitle,
    peer: &Peer,
    identity: Option<&UserIdentity>,
) -> Result<Caller, Rejection> {
    let address = peer
        .address
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
    let mut caller = directory
        .authenticate_ae(calling, address, peer.certificate_subject.as_deref())
        .map_err(|_| Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED)?;
    let passcode = identity.filter(|id| id.kind == UserIdentityType::UsernameAndPasscode);
    if let Some(identity) = passcode.filter(|_| directory.http_is_protected()) {
        let (Ok(name), Ok(passcode)) = (
            String::from_utf8(identity.primary_field.to_vec()),
            String::from_utf8(identity.secondary_field.to_vec()),
        ) else {
            return Err(Rejection::NO_REASON);
        };
        // Hashing takes tens of milliseconds and a lot of memory: a flood of guesses waits here.
        let permit = HASHING.acquire().await;
        let directory = directory.clone();
        let checked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            directory.authenticate_user(&name, &passcode, Some(address))
        });
        let user = checked
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(Rejection::NO_REASON)?;
        caller.permissions.extend(user.permissions);
        caller.name = format!("{} ({})", caller.name, user.name);
    }
    Ok(caller)
}

fn bytes_of(fields: &[ExtendedField]) -> Vec<u8> {
    fields.iter().map(|field| field.value).collect()
}

/// What is accepted of whom ever.
fn tables(config: &DimseConfig) -> AcceptorPolicy {
    let identifiers = TransferSyntaxes::only(
        IDENTIFIER_TRANSFER_SYNTAXES
            .iter()
            .map(|uid| Uid::from_static(uid)),
    );
    let mut policy = AcceptorPolicy {
        window: Some(OperationsWindowItem {
            invoked: config.max_operations,
            performed: config.max_operations,
        }),
        ..AcceptorPolicy::default()
    };
    for service in SERVICES {
        if service.operation.is_offered(config.offered) {
            let mut supported = Supported::new(identifiers.clone());
            if !service.extended.is_empty() {
                supported =
                    supported.with_extended(ExtendedAnswer::Limit(bytes_of(service.extended)));
            }
            policy = policy.support(Uid::from_static(service.sop_class_uid), supported);
        }
    }
    let Some(storage) = storage(config) else {
        return policy;
    };
    for (uid, _) in registry::storage_sop_classes(config) {
        if let Ok(uid) = Uid::tolerant(&uid) {
            policy = policy.support(uid, storage.clone());
        }
    }
    if config.unknown_sop_classes {
        policy.unknown_storage = Some(storage);
    }
    policy
}

/// What is accepted for every storage SOP class; the peer may be SCP of it for C-GET.
fn storage(config: &DimseConfig) -> Option<Supported> {
    let roles = Roles {
        scu: config.offered.store,
        scp: config.offered.get,
    };
    if !roles.scu && !roles.scp {
        return None;
    }
    let extended = ExtendedAnswer::Fixed(bytes_of(registry::STORAGE_EXTENDED));
    Some(
        Supported::new(storage_transfer_syntaxes(config))
            .with_roles(roles)
            .with_extended(extended),
    )
}

/// Configured ones in the order of the configuration; else those of the standard, the requestor's
/// order deciding, so that what it has is not converted.
pub fn storage_transfer_syntaxes(config: &DimseConfig) -> TransferSyntaxes {
    if config.transfer_syntaxes.is_empty() {
        TransferSyntaxes {
            only: Some(
                transfer_syntax::ALL
                    .iter()
                    .map(|row| Uid::from_static(row.uid))
                    .collect(),
            ),
            prefer: Arc::default(),
        }
    } else {
        TransferSyntaxes::only(config.transfer_syntaxes.iter().cloned())
    }
}
