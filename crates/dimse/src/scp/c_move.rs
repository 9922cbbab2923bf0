//! C-MOVE, Query/Retrieve Service Class as SCP (PS3.4 §C.4.2, PS3.7 §9.1.4): the instances go to
//! another Application Entity over associations of their own.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use sagittal_archive::Archive;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_auth::{Authorized, permission};
use sagittal_core::Uid;
use sagittal_net::Proposal;
use sagittal_net::dimse::{CMoveRequest, Status};
use sagittal_pixel::transcode::{PREFERRED, rank};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::destination::{Delivery, Outcome};
use super::operation::Operation;
use super::retrieve::{self, Plan};
use super::suboperations::{self, Tally};
use crate::peers::Peer;
use crate::status::Failure;

/// Answers a C-MOVE-RQ: sub-operations elsewhere, pending responses, a final one.
pub(super) async fn respond(
    caller: Authorized<permission::Retrieve>,
    operation: Operation,
    request: CMoveRequest,
    identifier: Bytes,
) {
    let peers = &operation.session.provider.peers;
    let Some(peer) = peers.by_ae_title(&request.move_destination).cloned() else {
        let failure = Failure::new(
            Status::MOVE_DESTINATION_UNKNOWN,
            format!("no peer has the AE title {}", request.move_destination),
        );
        return suboperations::refuse(&operation, &failure).await;
    };
    let archive = match peer.archive(&operation.session.provider.archive) {
        Ok(archive) => archive,
        Err(failure) => return suboperations::refuse(&operation, &failure).await,
    };
    match retrieve::plan(&caller, &operation, &identifier).await {
        Err(failure) => suboperations::refuse(&operation, &failure).await,
        Ok(plan) => {
            let mut tally = Tally::new(plan.instances.len());
            let to = match &peer.deid {
                Some(policy) => format!("{}, policy {policy}", peer.ae_title),
                None => peer.ae_title.to_string(),
            };
            deliver(&operation, peer, &archive, plan, &mut tally).await;
            suboperations::finish(&operation, &tally, &to).await;
        }
    }
}

/// Sends everything, in as many rounds as an association's 128 presentation contexts demand.
async fn deliver(
    operation: &Operation,
    peer: Peer,
    archive: &Archive,
    plan: Plan,
    tally: &mut Tally,
) {
    let ours = operation.session.provider.config.ae_title.clone();
    let proposal = contexts(&peer, &plan.instances).into_iter().fold(
        Proposal::new(ours, peer.ae_title.clone()),
        |proposal, (class, list)| proposal.context(class, list),
    );
    let mut left = plan.instances;
    for proposal in proposal.split() {
        let classes: BTreeSet<&Uid> = proposal.contexts.iter().map(|(class, _)| class).collect();
        let (now, later) = left
            .into_iter()
            .partition::<Vec<_>, _>(|instance| classes.contains(&instance.sop_class_uid));
        left = later;
        if now.is_empty() || operation.canceled.is_cancelled() {
            continue;
        }
        let (outcomes, received) = mpsc::channel(64);
        let delivery = Delivery::new(
            operation,
            peer.clone(),
            archive.clone(),
            proposal.clone(),
            plan.form.clone(),
            now,
        );
        let work = delivery.run(outcomes);
        tokio::join!(work, watch(operation, received, tally));
    }
}

/// Counts what comes and tells the requestor now and then.
async fn watch(operation: &Operation, mut outcomes: mpsc::Receiver<Outcome>, tally: &mut Tally) {
    let every = operation.session.provider.config.progress_interval;
    let mut tick = interval(every.max(std::time::Duration::from_millis(10)));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            outcome = outcomes.recv() => match outcome {
                Some((instance, outcome)) => {
                    tally.note(&instance, outcome);
                    if tally.is_due(every) && tally.remaining > 0 {
                        suboperations::tell(operation, tally).await;
                    }
                }
                None => return,
            },
            _ = tick.tick() => suboperations::tell(operation, tally).await,
        }
    }
}

/// SOP classes with the transfer syntaxes of one presentation context each: every one that
/// instances are stored in by itself, so that each can be accepted, and one with what they can be
/// converted to.
fn contexts(peer: &Peer, instances: &[InstanceRef]) -> Vec<(Uid, Vec<Uid>)> {
    let mut order: Vec<&Uid> = Vec::new();
    let mut stored: HashMap<&Uid, BTreeSet<&Uid>> = HashMap::new();
    let mut pictures: BTreeSet<&Uid> = BTreeSet::new();
    for instance in instances {
        if instance.number_of_frames > 0 {
            pictures.insert(&instance.sop_class_uid);
        }
        stored
            .entry(&instance.sop_class_uid)
            .or_insert_with(|| {
                order.push(&instance.sop_class_uid);
                BTreeSet::new()
            })
            .insert(&instance.transfer_syntax_uid);
    }
    let mut contexts = Vec::new();
    for class in order {
        let Some(syntaxes) = stored.get(class) else {
            continue;
        };
        for syntax in syntaxes.iter().filter(|syntax| peer.takes(syntax)) {
            contexts.push((class.clone(), vec![(*syntax).clone()]));
        }
        // What nearly everybody takes, and what somebody may take who does not take that.
        for alternatives in [&PREFERRED[..2], &PREFERRED[2..]] {
            let possible: Vec<Uid> = alternatives
                .iter()
                .map(|uid| Uid::from_static(uid))
                .filter(|uid| peer.takes(uid) && !syntaxes.contains(uid))
                .filter(|uid| {
                    let given = |stored: &Uid| rank(stored.as_str(), uid.as_str()).is_some();
                    syntaxes.iter().any(|stored| given(stored))
                })
                .collect();
            if !possible.is_empty() {
                contexts.push((class.clone(), possible));
            }
        }
        let is_picture = pictures.contains(class);
        for lossy in peer.lossy.iter().filter(|_| is_picture) {
            let uid = &lossy.transfer_syntax_uid;
            if !syntaxes.contains(uid) && syntaxes.iter().any(|stored| lossy.is_possible(stored)) {
                contexts.push((class.clone(), vec![uid.clone()]));
            }
        }
    }
    contexts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use sagittal_core::AeTitle;
    use sagittal_store::blob::Locator;

    use super::*;

    fn instance(class: &'static str, syntax: &'static str) -> InstanceRef {
        InstanceRef {
            study_instance_uid: Uid::from_static("1.1"),
            series_instance_uid: Uid::from_static("1.2"),
            sop_instance_uid: Uid::from_static("1.3"),
            sop_class_uid: Uid::from_static(class),
            transfer_syntax_uid: Uid::from_static(syntax),
            number_of_frames: 1,
            hash: [0; 32],
            locator: Locator {
                pack: 0,
                offset: 0,
                header_length: 0,
                prefix_length: 0,
                length: 0,
            },
            received_ms: 0,
            original: None,
        }
    }

    #[test]
    fn each_stored_transfer_syntax_is_proposed_by_itself_and_others_together() {
        let peer = Peer::new("p", AeTitle::new("P").unwrap(), "h", 1);
        let instances = [
            instance("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.4.70"),
            instance("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"),
            instance("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.2.4.90"),
        ];
        let contexts = contexts(&peer, &instances);
        let lengths: Vec<usize> = contexts.iter().map(|(_, list)| list.len()).collect();
        // What is stored needs no second proposal.
        let compressed = PREFERRED.len() - 2;
        assert_eq!(lengths[..2], [1, 1], "CT as it is stored");
        assert_eq!(lengths[2], 1, "and Implicit VR Little Endian");
        assert!(lengths[3] < compressed, "and what is compressed otherwise");
        assert_eq!(lengths[4..6], [1, 2], "MR as it is stored, and native");
    }

    #[test]
    fn a_peer_is_proposed_only_what_it_is_said_to_take() {
        let mut peer = Peer::new("p", AeTitle::new("P").unwrap(), "h", 1);
        peer.transfer_syntaxes = vec![Uid::from_static("1.2.840.10008.1.2")];
        let instances = [
            instance("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.4.70"),
            instance("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"),
        ];
        let contexts = contexts(&peer, &instances);
        assert_eq!(contexts.len(), 1);
        assert_eq!(contexts[0].1, [Uid::from_static("1.2.840.10008.1.2")]);
    }
}
