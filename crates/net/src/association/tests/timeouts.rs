use super::*;
use crate::Error;
use crate::dimse::{CEchoResponse, Status};

#[tokio::test(start_paused = true)]
async fn an_idle_association_is_aborted() {
    let (mut peer, served) = served(Config::default());
    open(&mut peer).await;
    let result = served.await.unwrap();
    assert!(matches!(
        result,
        Err(Error::Timeout {
            waiting_for: "a message",
            ..
        })
    ));
    assert_eq!(read_pdu(&mut peer).await, Some((7, vec![0, 0, 0, 0])));
    assert_eq!(read_pdu(&mut peer).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_idle_clock_stands_while_an_operation_is_under_way() {
    let idle = Duration::from_secs(10);
    let config = Config {
        idle: Some(idle),
        ..Config::default()
    };
    let (scu, mut scp) = pair_with(Config::default(), config).await;
    scu.send(1, &echo(1), Data::None).await.unwrap();
    let request = CEchoRequest::from_command_set(&message(&mut scp).await.command).unwrap();
    assert!(
        tokio::time::timeout(idle * 10, scp.receive())
            .await
            .is_err(),
        "still served"
    );
    let sender = scp.sender();
    let answer = CEchoResponse::new(&request, Status::SUCCESS).to_command_set();
    let begun = tokio::time::Instant::now();
    let (received, ()) = tokio::join!(scp.receive(), async {
        tokio::time::sleep(idle * 3).await;
        sender.send(1, &answer, Data::None).await.unwrap();
    });
    assert!(matches!(
        received,
        Err(Error::Timeout {
            waiting_for: "a message",
            ..
        })
    ));
    assert_eq!(begun.elapsed().as_secs(), 40, "idle counts from the answer");
}

#[tokio::test(start_paused = true)]
async fn a_response_that_does_not_come_is_given_up() {
    let config = Config {
        response: Some(short()),
        ..Config::default()
    };
    let (mut scu, _scp) = pair_with(config, Config::default()).await;
    scu.send(1, &echo(1), Data::None).await.unwrap();
    let result = scu.receive().await;
    assert!(
        matches!(
            result,
            Err(Error::Timeout {
                waiting_for: "a response",
                ..
            })
        ),
        "{result:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_stops_half_way_is_given_up() {
    for bytes in [
        vec![4],
        p_data(3, true, false, &store(1).encode(true)),
        p_data(3, true, true, &store(1).encode(true)),
        p_data(3, true, true, &store(1).encode(true))[..20].to_vec(),
    ] {
        let (mut peer, served) = served(Config::default());
        open(&mut peer).await;
        peer.write_all(&bytes).await.unwrap();
        let begun = tokio::time::Instant::now();
        let result = served.await.unwrap();
        assert!(
            matches!(
                result,
                Err(Error::Timeout {
                    waiting_for: "the rest of a message",
                    ..
                })
            ),
            "{result:?}"
        );
        assert!(begun.elapsed() < Duration::from_secs(70));
        assert_eq!(read_pdu(&mut peer).await.unwrap().0, 7);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_trickles_is_given_up() {
    let message = [
        p_data(3, true, true, &store(1).encode(true)),
        p_data(3, false, true, &pattern(40_000)),
    ]
    .concat();
    // In the command set, in a PDU header, and in the data set.
    for at_once in [20, message.len() - 40_010, message.len() - 39_000] {
        let (mut peer, served) = served(Config::default());
        open(&mut peer).await;
        peer.write_all(&message[..at_once]).await.unwrap();
        let begun = tokio::time::Instant::now();
        for byte in message[at_once..].chunks(1) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if peer.write_all(byte).await.is_err() || served.is_finished() {
                break;
            }
        }
        let result = served.await.unwrap();
        assert!(matches!(result, Err(Error::Timeout { .. })), "{result:?}");
        assert!(begun.elapsed() < Duration::from_secs(70));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_line_takes_as_long_as_it_needs() {
    let (mut peer, served) = served(Config::default());
    open(&mut peer).await;
    let message = [
        p_data(3, true, true, &store(1).encode(true)),
        p_data(3, false, true, &pattern(200_000)),
    ]
    .concat();
    // A kilobyte a second, and now and then nothing for 40 seconds.
    for (number, piece) in message.chunks(1024).enumerate() {
        let pause = if number % 100 == 99 { 40 } else { 1 };
        tokio::time::sleep(Duration::from_secs(pause)).await;
        peer.write_all(piece).await.unwrap();
    }
    assert_eq!(read_pdu(&mut peer).await.unwrap().0, 4, "the response");
    drop(peer);
    assert!(served.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_by_drops_does_not_hang_us() {
    let (mut peer, stream) = duplex(65536);
    let (policy, config) = (policy(), Config::default());
    let (accepted, ()) = tokio::join!(
        Association::accept(stream, Peer::default(), &policy, &config),
        open(&mut peer)
    );
    let sender = accepted.unwrap().sender();
    let begun = tokio::time::Instant::now();
    let sending = tokio::spawn(async move {
        let data = Data::Bytes(pattern(1 << 22));
        sender.send(3, &store(1), data).await
    });
    let mut drop_of = [0; 100];
    while !sending.is_finished() && begun.elapsed() < Duration::from_secs(3600) {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let _ = peer.read(&mut drop_of).await;
    }
    let result = sending.await.unwrap();
    assert!(result.is_err(), "{result:?}");
    assert!(begun.elapsed() < Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_does_not_hang_us() {
    let (mut scu, _scp) = pair().await;
    let begun = tokio::time::Instant::now();
    let result = scu.send(3, &store(1), Data::Bytes(pattern(1 << 22))).await;
    assert!(matches!(result, Err(Error::Timeout { .. })), "{result:?}");
    assert!(scu.receive().await.is_err());
    scu.abort(AbortReason::ServiceUser).await;
    assert!(begun.elapsed() < Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_not_answered_ends_in_an_abort() {
    let (mut peer, stream) = duplex(65536);
    let (policy, config) = (policy(), Config::default());
    let (accepted, ()) = tokio::join!(
        Association::accept(stream, Peer::default(), &policy, &config),
        open(&mut peer)
    );
    let result = accepted.unwrap().release().await;
    assert!(matches!(
        result,
        Err(Error::Timeout {
            waiting_for: "A-RELEASE-RP",
            ..
        })
    ));
    assert_eq!(read_pdu(&mut peer).await.unwrap().0, 5);
    assert_eq!(read_pdu(&mut peer).await.unwrap().0, 7);
    assert_eq!(read_pdu(&mut peer).await, None);
}
