//! Hundreds of broken conversations: each ends, within the timeouts, with the connection closed.

use super::*;
use crate::Error;

/// A conversation that is right: request, C-ECHO, C-STORE, release.
fn conversation() -> Vec<u8> {
    [
        request_bytes(),
        p_data(1, true, true, &echo(1).encode(false)),
        p_data(3, true, true, &store(2).encode(true)),
        p_data(3, false, true, &[1; 40]),
        Pdu::ReleaseRq.encode(),
    ]
    .concat()
}

/// Sends the bytes, keeps the connection open, and waits for the server to end it.
async fn ends(bytes: &[u8]) -> crate::Result<u32> {
    let (mut peer, served) = served(Config::default());
    peer.write_all(bytes).await.unwrap();
    let begun = tokio::time::Instant::now();
    let mut rest = Vec::new();
    let longest = Duration::from_secs(700);
    let closed = tokio::time::timeout(longest, peer.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "still open after {:?}", begun.elapsed());
    tokio::time::timeout(longest, served)
        .await
        .expect("the task has ended")
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_conversation_itself_is_right() {
    assert_eq!(ends(&conversation()).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_byte_changed_ends_in_order() {
    let right = conversation();
    for position in 0..right.len() {
        for change in [0x01, 0x80, 0xFF] {
            let mut bytes = right.clone();
            bytes[position] ^= change;
            let _ = ends(&bytes).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_truncation_ends_in_a_timeout() {
    let right = conversation();
    for length in 0..right.len() {
        let result = ends(&right[..length]).await;
        assert!(
            matches!(result, Err(Error::Timeout { .. })),
            "{length}: {result:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn every_byte_removed_or_doubled_ends_in_order() {
    let right = conversation();
    for position in 0..right.len() {
        let mut bytes = right.clone();
        let byte = bytes.remove(position);
        let _ = ends(&bytes).await;
        bytes.insert(position, byte);
        bytes.insert(position, byte);
        let _ = ends(&bytes).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_message_has_is_aborted_with_its_reason() {
    let command = store(1).encode(true);
    let cases: Vec<(&str, Vec<u8>, u8)> = vec![
        ("a second request", request_bytes(), 2),
        (
            "an answer nobody asked for",
            Pdu::AssociateRj(crate::pdu::Rejection::NO_REASON).encode(),
            2,
        ),
        ("an unknown PDU", vec![8, 0, 0, 0, 0, 0], 1),
        ("a release response", Pdu::ReleaseRp.encode(), 2),
        (
            "a data set without a command",
            p_data(3, false, true, b"ab"),
            5,
        ),
        (
            "a context that was not accepted",
            p_data(9, true, true, &command),
            6,
        ),
        ("an empty command", p_data(3, true, true, &[0, 0, 0]), 6),
        (
            "another group",
            p_data(3, true, true, &[8, 0, 0x16, 0, 0, 0, 0, 0]),
            6,
        ),
        ("a PDU that is too long", vec![4, 0, 0x7F, 0, 0, 0], 6),
        (
            "a command within a data set",
            [
                p_data(3, true, true, &command),
                p_data(3, true, true, &command),
            ]
            .concat(),
            5,
        ),
        (
            "a data set in another context",
            [
                p_data(3, true, true, &command),
                p_data(1, false, true, b"ab"),
            ]
            .concat(),
            5,
        ),
        (
            "a command in two contexts",
            [
                p_data(3, true, false, &command[..9]),
                p_data(1, true, true, &command[9..]),
            ]
            .concat(),
            5,
        ),
        (
            "a command without end",
            p_data(3, true, false, &[0; 200_000]).repeat(2),
            6,
        ),
    ];
    for (name, bytes, reason) in cases {
        let (mut peer, served) = served(Config::default());
        open(&mut peer).await;
        peer.write_all(&bytes).await.unwrap();
        assert_eq!(
            read_pdu(&mut peer).await,
            Some((7, vec![0, 0, 2, reason])),
            "{name}"
        );
        drop(peer);
        assert!(matches!(
            served.await.unwrap(),
            Err(Error::Pdu(_) | Error::NotAllowed { .. })
        ));
    }
}
