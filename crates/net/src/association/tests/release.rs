use super::*;
use crate::Error;
use crate::pdu::AbortSource;

#[tokio::test(start_paused = true)]
async fn either_side_may_release() {
    for swap in [false, true] {
        let (mut a, mut b) = pair().await;
        if swap {
            std::mem::swap(&mut a, &mut b);
        }
        let (released, received) = tokio::join!(a.release(), b.receive());
        released.unwrap();
        assert_eq!(received.unwrap(), Received::Released);
        for association in [&mut a, &mut b] {
            assert!(matches!(association.receive().await, Err(Error::Released)));
            assert!(association.send(1, &echo(1), Data::None).await.is_err());
            association.abort(AbortReason::ServiceUser).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_of_both_at_once_ends_well() {
    let (mut a, mut b) = pair().await;
    let begun = tokio::time::Instant::now();
    let (ours, theirs) = tokio::join!(a.release(), b.release());
    ours.unwrap();
    theirs.unwrap();
    assert!(begun.elapsed() < short());
}

#[tokio::test(start_paused = true)]
async fn messages_under_way_at_a_release_are_dropped() {
    let (mut a, mut b) = pair().await;
    b.send(3, &store(1), Data::Bytes(pattern(10_000)))
        .await
        .unwrap();
    let (released, received) = tokio::join!(a.release(), b.receive());
    released.unwrap();
    assert_eq!(received.unwrap(), Received::Released);
}

#[tokio::test(start_paused = true)]
async fn a_release_in_the_middle_of_a_data_set_is_told() {
    let (mut peer, stream) = duplex(65536);
    let (policy, config) = (policy(), Config::default());
    let (accepted, ()) = tokio::join!(
        Association::accept(stream, Peer::default(), &policy, &config),
        open(&mut peer)
    );
    let mut scp = accepted.unwrap();
    peer.write_all(&p_data(3, true, true, &store(1).encode(true)))
        .await
        .unwrap();
    peer.write_all(&p_data(3, false, false, b"half"))
        .await
        .unwrap();
    peer.write_all(&Pdu::ReleaseRq.encode()).await.unwrap();
    message(&mut scp).await;
    assert!(matches!(scp.read_data(1000).await, Err(Error::Released)));
    assert_eq!(read_pdu(&mut peer).await.unwrap().0, 6);
}

#[tokio::test(start_paused = true)]
async fn an_abort_is_told_with_its_source() {
    let (mut a, mut b) = pair().await;
    let ((), received) = tokio::join!(a.abort(AbortReason::ServiceUser), b.receive());
    assert!(matches!(
        received,
        Err(Error::Aborted {
            source_of_abort: AbortSource::ServiceUser,
            reason: 0
        })
    ));
    assert!(a.receive().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_abort_by_a_sender_wakes_the_receiver() {
    let (mut a, _b) = pair().await;
    let sender = a.sender();
    let ((), received) = tokio::join!(
        async {
            tokio::time::sleep(short()).await;
            sender.abort(AbortReason::ServiceUser).await;
        },
        a.receive()
    );
    assert!(matches!(received, Err(Error::AbortedHere)), "{received:?}");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_is_told_once_and_only_between_operations() {
    let config = Config::default();
    let stop = config.shutdown.clone();
    let (mut scu, mut scp) = pair_with(Config::default(), config).await;
    scu.send(1, &echo(1), Data::None).await.unwrap();
    let request = message(&mut scp).await;
    stop.cancel();
    let waiting = tokio::time::timeout(short(), scp.receive()).await;
    assert!(waiting.is_err(), "an operation is under way");
    let request = CEchoRequest::from_command_set(&request.command).unwrap();
    let response = crate::dimse::CEchoResponse::new(&request, crate::dimse::Status::SUCCESS);
    scp.send(1, &response.to_command_set(), Data::None)
        .await
        .unwrap();
    assert_eq!(scp.receive().await.unwrap(), Received::Stopping);
    assert!(
        tokio::time::timeout(short(), scp.receive()).await.is_err(),
        "told once"
    );
    message(&mut scu).await;
    let (released, received) = tokio::join!(scp.release(), scu.receive());
    released.unwrap();
    assert_eq!(received.unwrap(), Received::Released);
}

#[tokio::test(start_paused = true)]
async fn an_association_that_is_dropped_is_aborted() {
    let (scu, mut scp) = pair().await;
    drop(scu);
    let received = scp.receive().await;
    assert!(
        matches!(
            received,
            Err(Error::Aborted {
                source_of_abort: AbortSource::ServiceUser,
                ..
            })
        ),
        "{received:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn every_byte_and_pdu_is_counted() {
    let (mut scu, mut scp) = pair().await;
    let command = store(1);
    let (sent, ()) = tokio::join!(
        scu.send(3, &command, Data::Bytes(pattern(300_000))),
        async {
            message(&mut scp).await;
            scp.discard_data().await.unwrap();
        }
    );
    sent.unwrap();
    let (released, received) = tokio::join!(scu.release(), scp.receive());
    released.unwrap();
    assert_eq!(received.unwrap(), Received::Released);
    let (ours, theirs) = (scu.counters(), scp.counters());
    assert_eq!(
        (ours.bytes_sent, ours.bytes_received),
        (theirs.bytes_received, theirs.bytes_sent)
    );
    assert_eq!(
        (ours.pdus_sent, ours.pdus_received),
        (theirs.pdus_received, theirs.pdus_sent)
    );
    assert_eq!(
        (ours.pdus_sent, ours.messages_sent, theirs.messages_received),
        (5, 1, 1)
    );
}
