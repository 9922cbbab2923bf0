#![allow(clippy::unwrap_used)]
use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use sagittal_core::{DataSet, Uid, tags, transfer_syntax};
use sagittal_file::part10::{self, Meta};
use sagittal_net::dimse::{CStoreRequest, CStoreResponse, Status};
use sagittal_net::server::{Limits, Server, Service};
use sagittal_net::{AbortReason, Association, Config, Data, Received};

use super::*;
use crate::scu::{Address, intake_policy};

/// A peer with moods.
#[derive(Default)]
struct Moody {
    /// Aborts so many associations after one instance each.
    aborts: AtomicUsize,
    /// Aborts whenever this instance comes.
    hates: Option<Uid>,
    associations: AtomicUsize,
    stored: Mutex<BTreeSet<String>>,
}

impl Moody {
    async fn run(&self, association: &mut Association) -> sagittal_net::Result<()> {
        self.associations.fetch_add(1, Ordering::Relaxed);
        let aborts = self
            .aborts
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        while let Received::Message(message) = association.receive().await? {
            association.discard_data().await?;
            let request = CStoreRequest::from_command_set(&message.command)?;
            let uid = &request.affected_sop_instance_uid;
            if self.hates.as_ref() == Some(uid) {
                association.abort(AbortReason::ServiceUser).await;
                return Ok(());
            }
            self.stored.lock().insert(uid.to_string());
            let response = CStoreResponse::new(&request, Status::SUCCESS).to_command_set();
            association
                .send(message.context_id, &response, Data::None)
                .await?;
            if aborts {
                association.abort(AbortReason::ServiceUser).await;
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Service for Moody {
    fn serve(self: Arc<Self>, mut association: Association) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let _ = self.run(&mut association).await;
        })
    }
}

async fn serve(peer: &Arc<Moody>, stop: &CancellationToken) -> Target {
    let policy = Arc::new(intake_policy(Vec::new()));
    let mut server = Server::new(policy, Config::default(), Limits::default());
    let bound = server
        .bind("127.0.0.1:0".parse().unwrap(), None)
        .await
        .unwrap();
    tokio::spawn(server.run(peer.clone(), stop.clone(), Duration::ZERO));
    let address: Address = format!("MOODY@{bound}").parse().unwrap();
    Target::new(address.clone(), address.ae_title)
}

fn instance(number: usize, sop_class_uid: &str) -> Instance {
    let uid = Uid::new(&format!("1.2.{number}")).unwrap();
    let class = Uid::new(sop_class_uid).unwrap();
    let mut data_set = DataSet::new();
    data_set.put_uid(tags::SOP_CLASS_UID, &class);
    data_set.put_uid(tags::SOP_INSTANCE_UID, &uid);
    let meta = Meta {
        sop_class_uid: class,
        sop_instance_uid: uid,
        transfer_syntax_uid: Uid::from_static(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN),
        source_ae_title: None,
    };
    let bytes = part10::write(&meta, &data_set).unwrap();
    Instance::of_bytes(number.to_string(), bytes.into()).unwrap()
}

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

async fn deliver_all(
    target: &Target,
    instances: Vec<Instance>,
    options: DeliveryOptions,
) -> (Vec<Delivered>, Result<()>) {
    let queue = Arc::new(Queue::new(instances.len() + 1));
    for instance in instances {
        assert!(queue.push(instance));
    }
    queue.close();
    let (send, mut receive) = mpsc::channel(1);
    let target = target.clone();
    let delivering = tokio::spawn(async move { deliver(&target, queue, &options, send).await });
    let mut outcomes = Vec::new();
    while let Some(delivered) = receive.recv().await {
        outcomes.push(delivered);
    }
    (outcomes, delivering.await.unwrap())
}

fn options(associations: usize) -> DeliveryOptions {
    DeliveryOptions {
        associations,
        pause: Duration::from_millis(1),
        ..DeliveryOptions::default()
    }
}

#[tokio::test]
async fn everything_arrives_though_associations_break_off() {
    let peer = Arc::new(Moody {
        aborts: AtomicUsize::new(5),
        ..Moody::default()
    });
    let stop = CancellationToken::new();
    let target = serve(&peer, &stop).await;
    let instances = (0..50).map(|number| instance(number, CT)).collect();
    let (outcomes, result) = deliver_all(&target, instances, options(3)).await;
    result.unwrap();
    assert_eq!(outcomes.len(), 50);
    assert!(outcomes.iter().all(|delivered| delivered.outcome.is_ok()));
    assert_eq!(peer.stored.lock().len(), 50);
    stop.cancel();
}

#[tokio::test]
async fn an_instance_that_the_peer_cannot_bear_does_not_hold_up_the_others() {
    let peer = Arc::new(Moody {
        hates: Some(Uid::from_static("1.2.3")),
        ..Moody::default()
    });
    let stop = CancellationToken::new();
    let target = serve(&peer, &stop).await;
    let instances = (0..20).map(|number| instance(number, CT)).collect();
    let (outcomes, result) = deliver_all(&target, instances, options(1)).await;
    result.unwrap();
    let failed: Vec<&Delivered> = outcomes.iter().filter(|d| d.outcome.is_err()).collect();
    assert_eq!(outcomes.len(), 20);
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].instance.sop_instance_uid, "1.2.3");
    assert!(matches!(failed[0].outcome, Err(Error::Lost { .. })));
    stop.cancel();
}

#[tokio::test]
async fn more_kinds_than_one_association_can_carry_go_over_several() {
    let peer = Arc::new(Moody::default());
    let stop = CancellationToken::new();
    let target = serve(&peer, &stop).await;
    let instances = (0..300)
        .map(|number| instance(number, &format!("1.2.999.{}", number % 150)))
        .collect();
    let (outcomes, result) = deliver_all(&target, instances, options(1)).await;
    result.unwrap();
    assert_eq!(outcomes.iter().filter(|d| d.outcome.is_ok()).count(), 300);
    // 42 SOP classes fit: three contexts each.
    assert_eq!(peer.associations.load(Ordering::Relaxed), 4);
    stop.cancel();
}

#[tokio::test]
async fn where_nobody_listens_every_instance_is_told_of() {
    let address: Address = "NOBODY@127.0.0.1:1".parse().unwrap();
    let target = Target::new(address.clone(), address.ae_title);
    let instances = (0..3).map(|number| instance(number, CT)).collect();
    let (outcomes, result) = deliver_all(&target, instances, options(2)).await;
    assert!(matches!(result, Err(Error::Connect { .. })));
    assert_eq!(outcomes.len(), 3);
    let told = |delivered: &Delivered| matches!(delivered.outcome, Err(Error::NotSent { .. }));
    assert!(outcomes.iter().all(told));
}

#[tokio::test]
async fn a_file_that_is_gone_fails_alone() {
    let peer = Arc::new(Moody::default());
    let stop = CancellationToken::new();
    let target = serve(&peer, &stop).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, {
        let Data::Bytes(bytes) = instance(1, CT)
            .data(&Uid::from_static(
                transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            ))
            .await
            .unwrap()
        else {
            panic!("not in memory");
        };
        bytes
    })
    .unwrap();
    let gone = Instance::of_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let instances = vec![gone, instance(2, CT)];
    let (outcomes, result) = deliver_all(&target, instances, options(1)).await;
    result.unwrap();
    assert!(matches!(outcomes[0].outcome, Err(Error::Read { .. })));
    assert!(outcomes[1].outcome.is_ok());
    stop.cancel();
}

#[tokio::test]
async fn a_window_lets_several_operations_run_at_once() {
    let peer = Arc::new(Moody::default());
    let stop = CancellationToken::new();
    let mut target = serve(&peer, &stop).await;
    target.window = 8;
    let instances = (0..100).map(|number| instance(number, CT)).collect();
    let (outcomes, result) = deliver_all(&target, instances, options(1)).await;
    result.unwrap();
    assert_eq!(outcomes.iter().filter(|d| d.outcome.is_ok()).count(), 100);
    assert_eq!(peer.associations.load(Ordering::Relaxed), 1);
    stop.cancel();
}
