use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use sagittal_core::{AeTitle, Uid};

use super::*;
use crate::association::{Config, Peer};
use crate::pdu::*;
use crate::state::Side;

const CT: Text = Text("1.2.840.10008.5.1.4.1.1.2");
const FIND: Text = Text("1.2.840.10008.5.1.4.1.2.1.1");
const IMPLICIT: Text = Text("1.2.840.10008.1.2");
const EXPLICIT: Text = Text("1.2.840.10008.1.2.1");
const JPEG: Text = Text("1.2.840.10008.1.2.4.50");

struct Text(&'static str);
impl Text {
    fn uid(&self) -> Uid {
        Uid::from_static(self.0)
    }
}

fn proposal() -> Proposal {
    Proposal::new(AeTitle::new("SCU").unwrap(), AeTitle::new("SCP").unwrap())
}

fn policy() -> AcceptorPolicy {
    AcceptorPolicy::default()
        .support(CT.uid(), Supported::new(TransferSyntaxes::any()))
        .support(
            FIND.uid(),
            Supported::new(TransferSyntaxes::only([EXPLICIT.uid(), IMPLICIT.uid()]))
                .with_extended(ExtendedAnswer::Limit(vec![1, 1, 0])),
        )
}

async fn decide(policy: &AcceptorPolicy, proposal: &Proposal) -> Decision {
    let request = proposal.to_request(&Config::default()).unwrap();
    policy.decide(&request, &Peer::default()).await
}

async fn negotiate(policy: &AcceptorPolicy, proposal: &Proposal) -> Negotiated {
    let request = proposal.to_request(&Config::default()).unwrap();
    let Decision::Accept(acceptance) = decide(policy, proposal).await else {
        panic!("rejected")
    };
    let response = AssociateAc {
        protocol_version: 1,
        called_ae_title: request.called_ae_title.clone(),
        calling_ae_title: request.calling_ae_title.clone(),
        application_context: APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: acceptance.contexts,
        user_information: UserInformation {
            operations_window: acceptance.window,
            roles: acceptance.roles,
            extended_negotiation: acceptance.extended,
            user_identity_response: acceptance.user_identity_response,
            ..UserInformation::default()
        },
    };
    let (called, calling) = (
        proposal.called_ae_title.clone(),
        proposal.calling_ae_title.clone(),
    );
    Negotiated::new(Side::Requestor, called, calling, &request, &response)
}

#[tokio::test]
async fn transfer_syntaxes_are_chosen_by_our_preference_then_theirs() {
    let proposal = proposal()
        .context(CT.uid(), [JPEG.uid(), EXPLICIT.uid()])
        .context(FIND.uid(), [JPEG.uid(), IMPLICIT.uid(), EXPLICIT.uid()]);
    let negotiated = negotiate(&policy(), &proposal).await;
    let chosen: Vec<&str> = negotiated
        .contexts
        .iter()
        .map(|c| c.transfer_syntax.as_str())
        .collect();
    assert_eq!(chosen, [JPEG.0, EXPLICIT.0]);
    assert_eq!(negotiated.contexts[1].id, 3);
    assert!(negotiated.find(&CT.uid(), &JPEG.uid()).is_some());
    assert!(negotiated.find(&CT.uid(), &IMPLICIT.uid()).is_none());
}

#[tokio::test]
async fn refused_contexts_say_why() {
    let unknown = Uid::from_static("1.2.3.4");
    let proposal = proposal()
        .context(unknown, [IMPLICIT.uid()])
        .context(FIND.uid(), [JPEG.uid()]);
    let negotiated = negotiate(&policy(), &proposal).await;
    assert!(negotiated.contexts.is_empty());
    let results: Vec<ContextResult> = negotiated.refused.iter().map(|c| c.result).collect();
    assert_eq!(
        results,
        [
            ContextResult::AbstractSyntaxNotSupported,
            ContextResult::TransferSyntaxesNotSupported
        ]
    );
}

#[tokio::test]
async fn an_unknown_storage_class_is_taken_for_its_service_class_only() {
    let private = Uid::from_static("1.2.3.4");
    let mut policy = policy();
    policy.unknown_storage = Some(Supported::new(TransferSyntaxes::any()));
    let plain = proposal().context(private.clone(), [IMPLICIT.uid()]);
    assert!(negotiate(&policy, &plain).await.contexts.is_empty());
    let item = |service: &'static str| CommonExtendedNegotiation {
        sop_class_uid: private.clone(),
        service_class_uid: Uid::from_static(service),
        related_general_sop_class_uids: vec![CT.uid()],
    };
    let storage = plain.clone().common_extended(item(STORAGE_SERVICE_CLASS));
    assert_eq!(negotiate(&policy, &storage).await.contexts.len(), 1);
    let other = plain.common_extended(item("1.2.840.10008.4.99"));
    assert!(negotiate(&policy, &other).await.contexts.is_empty());
}

#[tokio::test]
async fn roles_are_what_both_want_and_default_without_an_answer() {
    let both = Roles {
        scu: true,
        scp: true,
    };
    let asked = proposal().context(CT.uid(), [IMPLICIT.uid()]).role(
        CT.uid(),
        Roles {
            scu: false,
            scp: true,
        },
    );
    let negotiated = negotiate(&policy(), &asked).await;
    assert_eq!(
        negotiated.contexts[0].roles,
        Roles {
            scu: false,
            scp: false
        }
    );
    let generous = policy().support(
        CT.uid(),
        Supported::new(TransferSyntaxes::any()).with_roles(both),
    );
    let negotiated = negotiate(&generous, &asked).await;
    let context = &negotiated.contexts[0];
    assert_eq!(
        context.roles,
        Roles {
            scu: false,
            scp: true
        }
    );
    assert!(negotiated.may_be_scp(context) && !negotiated.may_be_scu(context));
    let silent = proposal().context(CT.uid(), [IMPLICIT.uid()]);
    assert_eq!(
        negotiate(&generous, &silent).await.contexts[0].roles,
        Roles::default()
    );
}

#[tokio::test]
async fn extended_negotiation_and_window_are_cut_to_what_we_can() {
    let mut policy = policy();
    policy.window = Some(OperationsWindowItem {
        invoked: 4,
        performed: 1,
    });
    let asked = proposal()
        .context(FIND.uid(), [IMPLICIT.uid()])
        .extended(FIND.uid(), vec![1, 0, 1, 1, 1])
        .extended(CT.uid(), vec![2])
        .window(0, 3);
    let negotiated = negotiate(&policy, &asked).await;
    assert_eq!(
        negotiated.extended_for(&FIND.uid()),
        Some([1, 0, 0].as_slice())
    );
    assert_eq!(negotiated.extended_for(&CT.uid()), None);
    assert_eq!((negotiated.may_invoke(), negotiated.may_be_asked()), (4, 1));
    let silent = proposal().context(FIND.uid(), [IMPLICIT.uid()]);
    let negotiated = negotiate(&policy, &silent).await;
    assert_eq!((negotiated.may_invoke(), negotiated.may_be_asked()), (1, 1));
}

struct Door;
impl policy::Admission for Door {
    fn admit<'a>(
        &'a self,
        request: &'a AssociateRq,
        _: &'a Peer,
    ) -> BoxFuture<'a, Result<Bytes, Rejection>> {
        Box::pin(async move {
            let identity = request.user_information.user_identity.as_ref();
            match identity {
                Some(identity) if identity.secondary_field == b"right".as_slice() => {
                    Ok(Bytes::from_static(b"ticket"))
                }
                _ => Err(Rejection::NO_REASON),
            }
        })
    }
}

#[tokio::test]
async fn an_identity_is_checked_and_answered_when_asked() {
    let mut policy = policy();
    policy.admission = Some(Arc::new(Door));
    let base = proposal().context(CT.uid(), [IMPLICIT.uid()]);
    for (proposal, admitted) in [
        (base.clone(), false),
        (base.clone().username("me", Some("wrong")), false),
        (base.clone().username("me", Some("right")), true),
    ] {
        let decision = decide(&policy, &proposal).await;
        assert_eq!(matches!(decision, Decision::Accept(_)), admitted);
    }
    let right = base.username("me", Some("right"));
    let negotiated = negotiate(&policy, &right).await;
    assert_eq!(
        negotiated.user_identity_response.as_deref(),
        Some(b"ticket".as_slice())
    );
}

#[tokio::test]
async fn titles_that_are_not_ours_or_empty_are_refused() {
    let mut policy = policy();
    policy.ae_titles = vec![AeTitle::new("OTHER").unwrap()];
    let asked = proposal().context(CT.uid(), [IMPLICIT.uid()]);
    assert_eq!(
        decide(&policy, &asked).await,
        Decision::Reject(Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED)
    );
    policy.ae_titles.clear();
    let mut request = asked.to_request(&Config::default()).unwrap();
    request.calling_ae_title.clear();
    assert_eq!(
        policy.decide(&request, &Peer::default()).await,
        Decision::Reject(Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED)
    );
}

#[test]
fn a_large_proposal_is_split_by_sop_class() {
    let uids: Vec<Uid> = (0..100)
        .map(|n| Uid::new(&format!("1.2.{n}")).unwrap())
        .collect();
    let mut large = proposal();
    for uid in &uids {
        large = large
            .contexts_for_each(uid.clone(), [IMPLICIT.uid(), EXPLICIT.uid(), JPEG.uid()])
            .role(
                uid.clone(),
                Roles {
                    scu: true,
                    scp: true,
                },
            );
    }
    assert!(large.to_request(&Config::default()).is_err());
    let parts = large.split();
    assert_eq!(parts.len(), 3);
    assert_eq!(
        parts.iter().map(|part| part.contexts.len()).sum::<usize>(),
        300
    );
    for part in &parts {
        let request = part.to_request(&Config::default()).unwrap();
        assert!(request.presentation_contexts.len() <= 128);
        assert_eq!(part.roles.len() * 3, part.contexts.len());
        assert!(
            request
                .presentation_contexts
                .iter()
                .all(|context| context.id % 2 == 1)
        );
    }
}

#[tokio::test]
async fn acceptance_of_what_was_not_proposed_is_a_refusal() {
    let asked = proposal().context(CT.uid(), [IMPLICIT.uid()]);
    let request = asked.to_request(&Config::default()).unwrap();
    let response = AssociateAc {
        protocol_version: 1,
        called_ae_title: String::new(),
        calling_ae_title: String::new(),
        application_context: String::new(),
        presentation_contexts: vec![ResultContext {
            id: 1,
            result: ContextResult::Acceptance,
            transfer_syntax: Some(JPEG.uid()),
        }],
        user_information: UserInformation::default(),
    };
    let (called, calling) = (
        asked.called_ae_title.clone(),
        asked.calling_ae_title.clone(),
    );
    let negotiated = Negotiated::new(Side::Requestor, called, calling, &request, &response);
    assert!(negotiated.contexts.is_empty());
    assert_eq!(
        negotiated.refused[0].result,
        ContextResult::TransferSyntaxesNotSupported
    );
}
