use std::sync::Arc;

use super::*;
use crate::Error;
use crate::dimse::{CCancelRequest, CEchoResponse, CFindRequest, CFindResponse, Priority, Status};

async fn transfer(config: Config, data: Data<'_>) -> (Bytes, Counters) {
    let (scu, mut scp) = pair_with(Config::default(), config).await;
    let command = store(1);
    let receive = async {
        let received = message(&mut scp).await;
        assert!(received.has_data_set);
        let data = scp.read_data(1 << 26).await.unwrap();
        assert!(scp.is_data_complete());
        data
    };
    let (sent, data) = tokio::join!(scu.send(3, &command, data), receive);
    sent.unwrap();
    (data, scu.counters())
}

#[tokio::test(start_paused = true)]
async fn data_sets_of_every_length_arrive_whole() {
    for max_pdu in [14, 15, 4096, 16384, 0] {
        let config = Config {
            max_pdu_receive: max_pdu,
            ..Config::default()
        };
        let most = if max_pdu < 100 { 3000 } else { 3_000_000 };
        for length in [0, 1, 2, 8, 9, 4090, 4091, 16378, 16379, most] {
            let data = pattern(length);
            let (found, _) = transfer(config.clone(), Data::Bytes(data.clone())).await;
            assert!(found == data, "{length} bytes in PDUs of {max_pdu}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn data_from_a_stream_of_odd_chunks_arrive_whole() {
    let data = pattern(1_500_000);
    for step in [7919, 65536, 1_500_001] {
        let chunks: Vec<std::io::Result<Bytes>> = data
            .chunks(step)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
            .collect();
        let config = Config {
            max_pdu_receive: 16384,
            ..Config::default()
        };
        let (found, counters) = transfer(config, Data::stream(futures::stream::iter(chunks))).await;
        assert!(found == data);
        let pdus = 2 + 1 + 1_500_000_u64.div_ceil(16384 - 6);
        assert!(
            counters.pdus_sent <= pdus,
            "{} PDUs are not full",
            counters.pdus_sent
        );
    }
    let (found, _) = transfer(Config::default(), Data::reader(data.as_ref())).await;
    assert!(found == data);
}

#[tokio::test(start_paused = true)]
async fn no_pdu_is_longer_than_the_peer_takes() {
    let (a, mut peer) = duplex(1 << 20);
    let config = Config::default();
    let acceptor = async {
        let (_, body) = read_pdu(&mut peer).await.unwrap();
        assert!(!body.is_empty());
        let request = proposal().to_request(&config).unwrap();
        let mut response = crate::pdu::AssociateAc {
            protocol_version: 1,
            called_ae_title: String::new(),
            calling_ae_title: String::new(),
            application_context: crate::pdu::APPLICATION_CONTEXT.into(),
            presentation_contexts: policy().accept(&request).contexts,
            user_information: Default::default(),
        };
        response.user_information.maximum_length = 5001;
        peer.write_all(&Pdu::AssociateAc(Box::new(response)).encode())
            .await
            .unwrap();
    };
    let proposal = proposal();
    let (scu, ()) = tokio::join!(
        Association::request(a, Peer::default(), &proposal, &config),
        acceptor
    );
    let scu = scu.unwrap();
    scu.send(3, &store(1), Data::Bytes(pattern(30_000)))
        .await
        .unwrap();
    let mut total = 0;
    loop {
        let (kind, body) = read_pdu(&mut peer).await.unwrap();
        assert_eq!(kind, 4);
        assert!(body.len() <= 5001 && body.len() % 2 == 0, "{}", body.len());
        if body[5] & 1 == 0 {
            total += body.len() - 6;
        }
        if body[5] == 2 {
            break;
        }
    }
    assert_eq!(total, 30_000);
}

#[tokio::test(start_paused = true)]
async fn a_message_in_the_oddest_cut_is_understood() {
    let (mut peer, served) = served(Config::default());
    open(&mut peer).await;
    let command = store(1).encode(true);
    let (head, tail) = command.split_at(5);
    // Command and data in one PDU, the command in two PDVs, one of them empty.
    let pdv = |control: u8, data: &[u8]| {
        let length = u32::try_from(data.len() + 2).unwrap().to_be_bytes();
        [length.as_slice(), &[3, control], data].concat()
    };
    let body = [
        pdv(1, head),
        pdv(1, &[]),
        pdv(3, tail),
        pdv(0, b"ab"),
        pdv(2, b"cd"),
    ]
    .concat();
    let mut bytes = vec![4, 0];
    bytes.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&body);
    for byte in bytes {
        peer.write_all(&[byte]).await.unwrap();
    }
    peer.write_all(&Pdu::ReleaseRq.encode()).await.unwrap();
    assert_eq!(read_pdu(&mut peer).await.unwrap().0, 4);
    assert_eq!(read_pdu(&mut peer).await.unwrap().0, 6);
    drop(peer);
    assert_eq!(served.await.unwrap().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_noticed_while_answers_flow() {
    let (mut scu, mut scp) = pair().await;
    let class = Uid::from_static(CT);
    let request = CFindRequest {
        affected_sop_class_uid: class,
        message_id: 5,
        priority: Priority::Medium,
    };
    scu.send(3, &request.to_command_set(), Data::Bytes(pattern(100)))
        .await
        .unwrap();
    assert!(message(&mut scp).await.has_data_set);
    scp.read_data(1000).await.unwrap();
    let sender = scp.sender();
    assert_eq!(sender.operations_to_answer(), 1);
    // Answers without end, until the pipe is full and long after.
    let answers = tokio::spawn({
        let pending = CFindResponse::new(&request, Status::PENDING).to_command_set();
        async move {
            let mut count = 0u32;
            while sender
                .send(3, &pending, Data::Bytes(pattern(1000)))
                .await
                .is_ok()
            {
                count += 1;
            }
            count
        }
    });
    for _ in 0..3 {
        message(&mut scu).await;
        scu.discard_data().await.unwrap();
    }
    let cancel = CCancelRequest {
        message_id_being_responded_to: 5,
    };
    scu.send(3, &cancel.to_command_set(), Data::None)
        .await
        .unwrap();
    let canceled = message(&mut scp).await;
    assert!(canceled.command.is_cancel());
    assert_eq!(canceled.command.message_id_being_responded_to(), Ok(5));
    assert!(!answers.is_finished());
    scp.abort(AbortReason::ServiceUser).await;
    assert!(answers.await.unwrap() > 0);
}

#[tokio::test(start_paused = true)]
async fn a_sender_notices_that_the_peer_has_gone() {
    let (mut peer, stream) = duplex(65536);
    let (policy, config) = (policy(), Config::default());
    let (accepted, ()) = tokio::join!(
        Association::accept(stream, Peer::default(), &policy, &config),
        open(&mut peer)
    );
    let mut scp = accepted.unwrap();
    let sender = scp.sender();
    let watch = tokio::spawn(async move { sender.closed().await });
    drop(peer);
    assert!(matches!(scp.receive().await, Err(Error::Closed)));
    watch.await.unwrap();
    let late = scp.send(1, &echo(1), Data::None).await;
    assert!(matches!(late, Err(Error::Closed)), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn receiving_may_be_dropped_at_any_moment() {
    let config = Config {
        receive_buffer: 8192,
        ..Config::default()
    };
    let (scu, mut scp) = pair_with(Config::default(), config).await;
    let data = pattern(400_000);
    let expected = data.clone();
    let sending = tokio::spawn(async move {
        for id in 1..5 {
            scu.send(3, &store(id), Data::Bytes(data.clone()))
                .await
                .unwrap();
        }
        scu
    });
    for _ in 1..5 {
        // Polled once and dropped, over and over.
        loop {
            tokio::select! {
                biased;
                received = scp.receive() => {
                    assert!(matches!(received.unwrap(), Received::Message(_)));
                    break;
                }
                () = tokio::task::yield_now() => {}
            }
        }
        let mut found = Vec::new();
        loop {
            tokio::select! {
                biased;
                fragment = scp.next_data_fragment() => match fragment.unwrap() {
                    Some(fragment) => found.extend_from_slice(&fragment),
                    None => break,
                },
                () = tokio::task::yield_now() => {}
            }
        }
        assert!(found == expected);
    }
    drop(sending.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_sender_do_not_mix_their_messages() {
    let (scu, mut scp) = pair().await;
    let mut tasks = Vec::new();
    for id in 1..9 {
        let sender = scu.sender();
        tasks.push(tokio::spawn(async move {
            sender
                .send(
                    3,
                    &store(id),
                    Data::Bytes(pattern(100_000 + usize::from(id))),
                )
                .await
        }));
    }
    for _ in 1..9 {
        let id = usize::from(message(&mut scp).await.command.message_id().unwrap());
        assert!(scp.read_data(1 << 20).await.unwrap() == pattern(100_000 + id));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_at_once_fails_its_message_only() {
    let (scu, mut scp) = pair().await;
    let broken = || std::io::Error::other("disk");
    let failing = Data::stream(futures::stream::iter([Err(broken())]));
    assert!(matches!(
        scu.send(3, &store(1), failing).await,
        Err(Error::Source(_))
    ));
    scu.send(1, &echo(2), Data::None).await.unwrap();
    assert_eq!(message(&mut scp).await.command.message_id(), Ok(2));
    // Later, with half of it gone, only an abort says so.
    let chunks = [Ok(pattern(3 << 20)), Err(broken())];
    let failing = Data::stream(futures::stream::iter(chunks));
    let command = store(3);
    let (sent, received) = tokio::join!(scu.send(3, &command, failing), async {
        message(&mut scp).await;
        scp.read_data(1 << 26).await
    });
    assert!(matches!(sent, Err(Error::Source(_))));
    assert!(
        matches!(received, Err(Error::Aborted { .. })),
        "{received:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_given_up_half_sent_poisons_the_sender() {
    let (mut scu, _scp) = pair().await;
    {
        let command = store(1);
        let send = scu.send(3, &command, Data::Bytes(pattern(1 << 20)));
        assert!(
            tokio::time::timeout(short(), send).await.is_err(),
            "nobody reads"
        );
    }
    assert!(matches!(
        scu.send(1, &echo(2), Data::None).await,
        Err(Error::Interrupted)
    ));
    scu.abort(AbortReason::ServiceUser).await;
}

#[tokio::test(start_paused = true)]
async fn a_context_that_was_not_accepted_cannot_be_used() {
    let (scu, _scp) = pair().await;
    let result = scu.send(5, &echo(1), Data::None).await;
    assert!(matches!(result, Err(Error::UnknownContext { id: 5 })));
}

#[tokio::test(start_paused = true)]
async fn the_window_opens_when_the_answer_is_there() {
    let (mut scu, mut scp) = pair().await;
    let sender = scu.sender();
    assert_eq!(scu.next_message_id(), 1);
    scu.send(1, &echo(1), Data::None).await.unwrap();
    assert!(!sender.may_invoke(), "the window is one");
    let waiting = tokio::spawn(async move { sender.ready_to_invoke().await });
    let request = CEchoRequest::from_command_set(&message(&mut scp).await.command).unwrap();
    let response = CEchoResponse::new(&request, Status::SUCCESS);
    scp.send(1, &response.to_command_set(), Data::None)
        .await
        .unwrap();
    assert!(!waiting.is_finished());
    message(&mut scu).await;
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_data_set_above_the_limit_can_be_skipped() {
    let (scu, mut scp) = pair().await;
    let sending = Arc::new(scu);
    let task = tokio::spawn({
        let scu = sending.clone();
        async move {
            scu.send(3, &store(1), Data::Bytes(pattern(1 << 20)))
                .await
                .unwrap();
            scu.send(1, &echo(2), Data::None).await.unwrap();
        }
    });
    message(&mut scp).await;
    assert!(matches!(
        scp.read_data(1000).await,
        Err(Error::DataTooLong { limit: 1000 })
    ));
    assert_eq!(message(&mut scp).await.command.message_id(), Ok(2));
    task.await.unwrap();
}
