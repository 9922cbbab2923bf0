//! Odd peers, each played by a scripted server: what they accept must be found exactly.
#![allow(clippy::unwrap_used)]

mod peer;

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sagittal_core::{Uid, sop_class, transfer_syntax};
use sagittal_net::pdu::Rejection;

use super::{Options, Outcome, probe};
use crate::document::{Refusal, RequestorRoles, Rest, Role, Support, TitleRule};
use peer::{Odd, Peer, Reaction, permanent, truth};

async fn run(peer: &Peer) -> Outcome {
    probe(options(peer)).await.unwrap()
}

fn options(peer: &Peer) -> Options {
    let mut options = Options::new(peer.target());
    options.sop_classes = peer::classes();
    options.transfer_syntaxes = peer::syntaxes();
    options.rate = 10_000;
    options.hold = 0;
    options.query = false;
    options.timeout = Duration::from_secs(10);
    options
}

/// Exactly the truth is accepted, everything else refused, nothing left open.
#[track_caller]
fn assert_exact(outcome: &Outcome, expected: &BTreeSet<(Uid, Uid)>) {
    let entity = &outcome.document.application_entities[0];
    assert_eq!(outcome.stopped, None);
    let found = entity.pairs(Role::Scp, Support::Yes);
    let wrong: Vec<_> = found.symmetric_difference(expected).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let [yes, no, unknown] = outcome.counts();
    let all = peer::classes().len() * peer::syntaxes().len();
    assert_eq!((yes + no, unknown), (all, 0));
    outcome.document.check().unwrap();
    let json = outcome.document.to_json().unwrap();
    assert_eq!(crate::Document::parse(&json).unwrap(), outcome.document);
    let toml = outcome.document.to_toml().unwrap();
    let again = crate::Document::parse(&toml).unwrap();
    let pairs = |document: &crate::Document| {
        document.application_entities[0].pairs(Role::Scp, Support::Yes)
    };
    assert_eq!(pairs(&again), pairs(&outcome.document));
}

#[tokio::test]
async fn a_plain_peer_is_found_out() {
    let peer = Peer::start(Odd::default()).await;
    let outcome = run(&peer).await;
    assert_exact(&outcome, &truth());
    let association = &outcome.document.application_entities[0].association;
    assert_eq!(association.max_pdu_received.value, Some(12345));
    assert_eq!(association.rejects_useless.value, Some(false));
    assert_eq!(association.called_ae_title.value, Some(TitleRule::Any));
    let window = association.operations_window.value.unwrap();
    assert_eq!((window.invoked, window.performed), (1, 1));
}

#[tokio::test]
async fn a_peer_that_rejects_what_would_be_useless_is_asked_beside_an_anchor() {
    let peer = Peer::start(Odd {
        rejects_useless: true,
        ..Odd::default()
    })
    .await;
    let outcome = run(&peer).await;
    assert_exact(&outcome, &truth());
    let association = &outcome.document.application_entities[0].association;
    assert_eq!(association.rejects_useless.value, Some(true));
}

#[tokio::test]
async fn another_anchor_is_found_where_verification_is_not_accepted() {
    let mut expected = truth();
    expected.retain(|(class, _)| *class != sop_class::VERIFICATION);
    let peer = Peer::start(Odd {
        truth: expected.clone(),
        rejects_useless: true,
        ..Odd::default()
    })
    .await;
    assert_exact(&run(&peer).await, &expected);
}

#[tokio::test]
async fn a_peer_that_rejects_many_contexts_gets_fewer() {
    for too_many in [permanent(), Rejection::LOCAL_LIMIT_EXCEEDED] {
        let peer = Peer::start(Odd {
            most_contexts: 17,
            too_many,
            ..Odd::default()
        })
        .await;
        let outcome = run(&peer).await;
        assert_exact(&outcome, &truth());
        let most = outcome.document.application_entities[0]
            .association
            .max_contexts
            .value;
        assert!(
            most.is_some_and(|most| (2..=17).contains(&most)),
            "{most:?}"
        );
    }
}

#[tokio::test]
async fn a_peer_that_looks_at_the_first_contexts_only_is_not_believed() {
    for unanswered in [false, true] {
        let peer = Peer::start(Odd {
            looks_at: 10,
            unanswered,
            ..Odd::default()
        })
        .await;
        assert_exact(&run(&peer).await, &truth());
    }
}

#[tokio::test]
async fn a_peer_that_refuses_a_second_association_gets_one_at_a_time() {
    for second in [
        Reaction::Reject(Rejection::LOCAL_LIMIT_EXCEEDED),
        Reaction::Reject(permanent()),
        Reaction::Close,
        Reaction::Abort,
    ] {
        let peer = Peer::start(Odd {
            second: Some(second),
            delay: Duration::from_millis(3),
            ..Odd::default()
        })
        .await;
        assert_exact(&run(&peer).await, &truth());
    }
}

#[tokio::test]
async fn the_limit_of_associations_is_found_by_holding_some() {
    let peer = Peer::start(Odd {
        second: Some(Reaction::Reject(Rejection::LOCAL_LIMIT_EXCEEDED)),
        ..Odd::default()
    })
    .await;
    let mut options = options(&peer);
    options.hold = 4;
    let outcome = probe(options).await.unwrap();
    let most = &outcome.document.application_entities[0]
        .association
        .max_associations;
    assert_eq!(most.value, Some(1), "{most:?}");
}

#[tokio::test]
async fn a_slow_peer_is_waited_for() {
    let peer = Peer::start(Odd {
        delay: Duration::from_millis(200),
        ..Odd::default()
    })
    .await;
    assert_exact(&run(&peer).await, &truth());
}

#[tokio::test]
async fn a_peer_that_rejects_for_a_while_is_asked_again() {
    let peer = Peer::start(Odd {
        rejects_between: Some((4, Duration::from_millis(1200))),
        ..Odd::default()
    })
    .await;
    let started = Instant::now();
    assert_exact(&run(&peer).await, &truth());
    assert!(started.elapsed() > Duration::from_secs(1));
}

#[tokio::test]
async fn a_pair_that_a_peer_dies_of_is_found_and_the_others_are_not_blamed() {
    for reaction in [
        Reaction::Abort,
        Reaction::Close,
        Reaction::Reject(permanent()),
    ] {
        let poison = (
            Uid::from_static(sop_class::MR_IMAGE_STORAGE),
            Uid::from_static(transfer_syntax::JPEG_2000),
        );
        let refusal = match reaction {
            Reaction::Reject(_) => Refusal::AssociationRejected,
            _ => Refusal::AssociationAborted,
        };
        let peer = Peer::start(Odd {
            poison: Some((poison.clone(), reaction)),
            ..Odd::default()
        })
        .await;
        let outcome = run(&peer).await;
        assert_exact(&outcome, &truth());
        let entity = &outcome.document.application_entities[0];
        let group = entity.context(&poison.0, &poison.1, Role::Scp).unwrap();
        assert_eq!((group.support, group.refusal), (Support::No, Some(refusal)));
    }
}

#[tokio::test]
async fn a_peer_that_goes_away_is_left_alone_and_nothing_is_made_up() {
    let peer = Peer::start(Odd {
        goes_away_after: Some(4),
        ..Odd::default()
    })
    .await;
    let mut options = options(&peer);
    options.patience = Duration::from_millis(500);
    let outcome = probe(options).await.unwrap();
    assert!(outcome.stopped.is_some());
    let [_, _, unknown] = outcome.counts();
    assert!(unknown > 0);
    let entity = &outcome.document.application_entities[0];
    assert!(entity.pairs(Role::Scp, Support::Yes).is_subset(&truth()));
    assert!(entity.pairs(Role::Scp, Support::No).is_disjoint(&truth()));
    outcome.document.check().unwrap();
    assert!(
        peer.requests.load(Ordering::SeqCst) < 40,
        "it was not left alone"
    );
}

#[tokio::test]
async fn a_peer_that_rejects_for_good_is_an_error_with_its_reason() {
    let peer = Peer::start(Odd {
        rejects_all: Some(Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED),
        ..Odd::default()
    })
    .await;
    let why = probe(options(&peer)).await.unwrap_err();
    assert!(why.contains("called AE title"), "{why}");
    assert!(peer.requests.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn titles_are_tried_and_strangers_noticed() {
    let peer = Peer::start(Odd {
        checks_titles: true,
        ..Odd::default()
    })
    .await;
    let outcome = run(&peer).await;
    let association = &outcome.document.application_entities[0].association;
    assert_eq!(association.called_ae_title.value, Some(TitleRule::Known));
    assert_eq!(association.calling_ae_title.value, Some(TitleRule::Known));
}

#[tokio::test]
async fn every_order_of_preference_is_recognized() {
    let class = Uid::from_static(sop_class::CT_IMAGE_STORAGE);
    let all: Vec<Uid> = peer::syntaxes();
    for (prefers, rest, expected_rest) in [
        (vec![], Rest::First, Rest::First),
        (vec![], Rest::Last, Rest::Last),
        (
            vec![all[2].clone(), all[0].clone()],
            Rest::First,
            Rest::First,
        ),
        (all.iter().rev().cloned().collect(), Rest::First, Rest::None),
    ] {
        let expected: BTreeSet<(Uid, Uid)> = peer::classes()
            .into_iter()
            .flat_map(|class| all.iter().map(move |ts| (class.clone(), ts.clone())))
            .collect();
        let peer = Peer::start(Odd {
            truth: expected,
            prefers: prefers.clone(),
            rest,
            ..Odd::default()
        })
        .await;
        let outcome = run(&peer).await;
        let entity = &outcome.document.application_entities[0];
        let group = entity.context(&class, &all[0], Role::Scp).unwrap();
        let preference = group.preference.as_ref().unwrap();
        let order: Vec<Uid> = preference.order.iter().cloned().collect();
        assert_eq!((order, preference.rest), (prefers, expected_rest));
        assert_eq!(entity.contexts.len(), 1, "all SOP classes are alike");
    }
}

#[tokio::test]
async fn roles_are_told_class_by_class() {
    let ct = Uid::from_static(sop_class::CT_IMAGE_STORAGE);
    let peer = Peer::start(Odd {
        grants_scp: vec![ct.clone()],
        ..Odd::default()
    })
    .await;
    let outcome = run(&peer).await;
    let entity = &outcome.document.application_entities[0];
    let roles = |class: &Uid| {
        let group = entity
            .contexts
            .iter()
            .find(|group| group.support.is_yes() && group.sop_classes.contains(class));
        group.unwrap().requestor_roles
    };
    assert_eq!(roles(&ct), Some(RequestorRoles::Both));
    let mr = Uid::from_static(sop_class::MR_IMAGE_STORAGE);
    assert_eq!(roles(&mr), Some(RequestorRoles::Unanswered));
}
