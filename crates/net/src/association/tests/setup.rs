use super::*;
use crate::Error;
use crate::pdu::{AbortSource, Rejection};

#[tokio::test(start_paused = true)]
async fn both_sides_know_the_same_of_each_other() {
    let (scu, scp) = pair().await;
    let (ours, theirs) = (scu.negotiated(), scp.negotiated());
    assert_eq!(ours.contexts, theirs.contexts);
    assert_eq!(ours.contexts.len(), 2);
    assert_eq!(theirs.calling_ae_title.as_str(), "SCU");
    assert_eq!(ours.peer_ae_title().as_str(), "SCP");
    assert_eq!(ours.peer_max_pdu, 256 * 1024);
    assert_eq!(
        ours.peer_implementation_class_uid.as_ref().map(Uid::as_str),
        Some(sagittal_core::IMPLEMENTATION_CLASS_UID)
    );
    let name = ours.peer_implementation_version_name.as_deref().unwrap();
    assert!(name.starts_with("SAGITTAL_") && name.len() <= 16);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_reaches_the_requestor_with_its_reason() {
    let (a, b) = duplex(65536);
    let (config, proposal) = (Config::default(), proposal());
    let (scu, scp) = tokio::join!(
        Association::request(a, Peer::default(), &proposal, &config),
        Association::accept(
            b,
            Peer::default(),
            &Rejection::TEMPORARY_CONGESTION,
            &config
        ),
    );
    for result in [scu.map(|_| ()), scp.map(|_| ())] {
        assert!(matches!(
            result,
            Err(Error::Rejected(Rejection::TEMPORARY_CONGESTION))
        ));
    }
}

#[tokio::test(start_paused = true)]
async fn another_protocol_or_application_is_rejected() {
    for (change, expected) in [
        (false, Rejection::PROTOCOL_VERSION_NOT_SUPPORTED),
        (true, Rejection::APPLICATION_CONTEXT_NOT_SUPPORTED),
    ] {
        let mut request = proposal().to_request(&Config::default()).unwrap();
        if change {
            request.application_context = "1.2.3".into();
        } else {
            request.protocol_version = 2;
        }
        let (mut peer, served) = served(Config::default());
        peer.write_all(&Pdu::AssociateRq(Box::new(request)).encode())
            .await
            .unwrap();
        let (kind, body) = read_pdu(&mut peer).await.unwrap();
        assert_eq!(
            (kind, &body[1..]),
            (
                3,
                [expected.result, expected.source, expected.reason].as_slice()
            )
        );
        drop(peer);
        assert!(matches!(served.await.unwrap(), Err(Error::Rejected(found)) if found == expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_begins_with_something_else_is_aborted_by_the_user() {
    let (mut peer, served) = served(Config::default());
    peer.write_all(&p_data(1, true, true, &[])).await.unwrap();
    // AA-1 of Table 9-10.
    assert_eq!(read_pdu(&mut peer).await, Some((7, vec![0, 0, 0, 0])));
    drop(peer);
    assert!(matches!(
        served.await.unwrap(),
        Err(Error::NotAllowed { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_trickles_in_is_cut_off_by_artim() {
    let (mut peer, served) = served(Config::default());
    let begun = tokio::time::Instant::now();
    let bytes = request_bytes();
    let slow = async {
        for byte in bytes {
            if peer.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(short()).await;
        }
    };
    let (result, ()) = tokio::join!(served, slow);
    assert!(matches!(
        result.unwrap(),
        Err(Error::Timeout {
            waiting_for: "A-ASSOCIATE-RQ",
            ..
        })
    ));
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn an_acceptor_that_does_not_answer_is_aborted() {
    let (a, mut silent) = duplex(65536);
    let (config, proposal) = (Config::default(), proposal());
    let result = Association::request(a, Peer::default(), &proposal, &config).await;
    assert!(matches!(
        result,
        Err(Error::Timeout {
            waiting_for: "A-ASSOCIATE-AC",
            ..
        })
    ));
    assert_eq!(read_pdu(&mut silent).await.unwrap().0, 1);
    assert_eq!(read_pdu(&mut silent).await, Some((7, vec![0, 0, 0, 0])));
}

#[tokio::test(start_paused = true)]
async fn an_abort_instead_of_an_answer_is_told() {
    let (a, mut peer) = duplex(65536);
    let (config, proposal) = (Config::default(), proposal());
    let abort = async {
        read_pdu(&mut peer).await.unwrap();
        let pdu = Pdu::Abort {
            source: AbortSource::ServiceProvider,
            reason: 2,
        };
        peer.write_all(&pdu.encode()).await.unwrap();
    };
    let (result, ()) = tokio::join!(
        Association::request(a, Peer::default(), &proposal, &config),
        abort
    );
    assert!(matches!(
        result,
        Err(Error::Aborted {
            source_of_abort: AbortSource::ServiceProvider,
            reason: 2
        })
    ));
}

#[tokio::test(start_paused = true)]
async fn nothing_may_come_before_the_answer() {
    struct Slow;
    impl crate::negotiate::Policy for Slow {
        fn decide<'a>(
            &'a self,
            _: &'a crate::pdu::AssociateRq,
            _: &'a Peer,
        ) -> futures::future::BoxFuture<'a, crate::negotiate::Decision> {
            Box::pin(std::future::pending())
        }
    }
    let (mut peer, stream) = duplex(65536);
    peer.write_all(&request_bytes()).await.unwrap();
    peer.write_all(&Pdu::ReleaseRq.encode()).await.unwrap();
    let config = Config::default();
    let accept = Association::accept(stream, Peer::default(), &Slow, &config);
    let result = accept.await;
    assert!(matches!(
        result,
        Err(Error::NotAllowed {
            state: crate::state::State::Sta3,
            ..
        })
    ));
    assert_eq!(read_pdu(&mut peer).await, Some((7, vec![0, 0, 2, 2])));
}
