//! More requests than the operations window allows.

use std::time::Duration;

use sagittal_core::tags;
use sagittal_dimse::Peer;
use sagittal_net::dimse::{
    CEchoRequest, CMoveRequest, Command, CommandSet, Priority, Status, element,
};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::client::{Client, STUDY_FIND, STUDY_MOVE, VERIFICATION, identifier, stored};
use crate::objects::{CT, EXPLICIT, IMPLICIT, Object, uid};
use crate::server::{Server, ae};

/// On a busy machine; what is tested never takes a second.
const SOON: Duration = Duration::from_secs(10);

/// A server with an instance, and a destination that takes connections and says nothing.
async fn server_with_a_mute_destination() -> (Server, TcpListener) {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = mute.local_addr().unwrap().port();
    let server = Server::with(|setup| {
        setup.peers = vec![Peer::new("mute", ae("MUTE"), "127.0.0.1", port)];
        setup.config.association.artim = Duration::from_secs(600);
        // One pending response at the beginning and no more.
        setup.config.progress_interval = Duration::from_secs(600);
    })
    .await;
    stored(&server, &[Object::ct("P1", 1, 1, 1)]).await;
    (server, mute)
}

/// Starts a C-MOVE that will not end by itself; returns its Message ID.
async fn begin_move(client: &Client) -> u16 {
    let request = CMoveRequest {
        affected_sop_class_uid: uid(STUDY_MOVE),
        message_id: client.association.next_message_id(),
        priority: Priority::Medium,
        move_destination: ae("MUTE"),
    };
    let keys = identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "STUDY"),
        (tags::STUDY_INSTANCE_UID, "1.2.826.0.1.1"),
    ]);
    let bytes = client.encode(STUDY_MOVE, &keys);
    client
        .send(STUDY_MOVE, &request.to_command_set(), Some(bytes))
        .await;
    request.message_id
}

/// The next response that is not pending.
async fn next_final(client: &mut Client) -> CommandSet {
    let response = async {
        loop {
            let (_, command, _) = client.message().await;
            if !command.status().unwrap().is_pending() {
                return command;
            }
        }
    };
    timeout(SOON, response).await.expect("no response in time")
}

#[tokio::test]
async fn requests_beyond_the_window_are_refused_and_a_cancel_behind_them_is_seen() {
    let (server, _mute) = server_with_a_mute_destination().await;
    let classes = [
        (STUDY_MOVE, IMPLICIT),
        (STUDY_FIND, IMPLICIT),
        (CT, EXPLICIT),
        (VERIFICATION, IMPLICIT),
    ];
    let mut client = Client::simple(&server, &classes).await;
    assert_eq!(client.association.negotiated().may_invoke(), 1);
    let moving = begin_move(&client).await;

    let second = begin_move(&client).await;
    let query = client.find_request(STUDY_FIND);
    let keys = identifier(&[(tags::QUERY_RETRIEVE_LEVEL, "STUDY")]);
    let bytes = client.encode(STUDY_FIND, &keys);
    client
        .send(STUDY_FIND, &query.to_command_set(), Some(bytes))
        .await;
    let object = Object::ct("P1", 1, 1, 2);
    let store = client.store_request(&object);
    client
        .send(CT, &store.to_command_set(), Some(object.encode(EXPLICIT)))
        .await;
    let echo = CEchoRequest {
        affected_sop_class_uid: uid(VERIFICATION),
        message_id: client.association.next_message_id(),
    };
    client
        .send(VERIFICATION, &echo.to_command_set(), None)
        .await;
    client.cancel(STUDY_MOVE, moving).await;

    // Refusals are sent by tasks of their own: in any order.
    let mut refused = std::collections::HashMap::new();
    let mut canceled = None;
    for _ in 0..5 {
        let response = next_final(&mut client).await;
        let id = response.message_id_being_responded_to().unwrap();
        if id == moving {
            canceled = Some(response);
        } else {
            refused.insert(id, response);
        }
    }
    for (id, status) in [
        (second, Status::UNABLE_TO_PERFORM_SUBOPERATIONS),
        (query.message_id, Status::OUT_OF_RESOURCES),
        (store.message_id, Status::OUT_OF_RESOURCES),
        (echo.message_id, Status::RESOURCE_LIMITATION),
    ] {
        assert_eq!(refused[&id].status(), Ok(status));
    }
    let canceled = canceled.unwrap();
    assert_eq!(canceled.status(), Ok(Status::CANCEL));
    let remaining: Option<u16> = canceled
        .get(element::NUMBER_OF_REMAINING_SUBOPERATIONS)
        .unwrap();
    assert_eq!(remaining, Some(1));
    assert!(Command::from_command_set(&canceled).is_ok());

    // Then there is room again.
    assert_eq!(client.echo().await, Status::SUCCESS);
    let (answers, _) = client.find(STUDY_FIND, &keys).await;
    assert_eq!(answers.len(), 1);
    client.association.release().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_message_id_that_is_in_use_is_refused_and_makes_no_room() {
    let (server, _mute) = server_with_a_mute_destination().await;
    let mut client = Client::simple(&server, &[(STUDY_MOVE, IMPLICIT)]).await;
    let moving = begin_move(&client).await;
    let again = CMoveRequest {
        affected_sop_class_uid: uid(STUDY_MOVE),
        message_id: moving,
        priority: Priority::Medium,
        move_destination: ae("MUTE"),
    };
    for _ in 0..3 {
        client.send(STUDY_MOVE, &again.to_command_set(), None).await;
        let refused = next_final(&mut client).await;
        assert_eq!(refused.status(), Ok(Status::DUPLICATE_INVOCATION));
    }
    let other = begin_move(&client).await;
    let refused = next_final(&mut client).await;
    assert_eq!(refused.message_id_being_responded_to(), Ok(other));
    assert_eq!(
        refused.status(),
        Ok(Status::UNABLE_TO_PERFORM_SUBOPERATIONS)
    );
    client.cancel(STUDY_MOVE, moving).await;
    let canceled = next_final(&mut client).await;
    assert_eq!(canceled.status(), Ok(Status::CANCEL));
    server.stop().await;
}

#[tokio::test]
async fn a_release_behind_a_request_beyond_the_window_is_answered() {
    let (server, _mute) = server_with_a_mute_destination().await;
    let mut client = Client::simple(&server, &[(STUDY_MOVE, IMPLICIT)]).await;
    begin_move(&client).await;
    begin_move(&client).await;
    timeout(SOON, client.association.release())
        .await
        .expect("no answer to the release")
        .unwrap();
    timeout(SOON, server.stop()).await.expect("still moving");
}

#[tokio::test]
async fn a_peer_that_goes_on_beyond_the_window_without_listening_is_let_go() {
    let (server, _mute) = server_with_a_mute_destination().await;
    let mut client = Client::simple(&server, &[(STUDY_MOVE, IMPLICIT)]).await;
    let sender = client.association.sender();
    let (context_id, _) = client.context(STUDY_MOVE);
    let flooding = async {
        let request = CMoveRequest {
            affected_sop_class_uid: uid(STUDY_MOVE),
            message_id: 7777,
            priority: Priority::Medium,
            move_destination: ae("MUTE"),
        };
        let command = request.to_command_set();
        // Far more than the buffers of a connection hold.
        for _ in 0..200_000u32 {
            let data = sagittal_net::Data::None;
            if sender.send(context_id, &command, data).await.is_err() {
                return;
            }
        }
        panic!("served for ever");
    };
    begin_move(&client).await;
    timeout(Duration::from_secs(60), flooding)
        .await
        .expect("neither served nor let go");
    client
        .association
        .abort(sagittal_net::AbortReason::ServiceUser)
        .await;
    timeout(SOON, server.stop()).await.expect("still moving");
}

#[tokio::test]
async fn stores_ahead_of_the_window_wait_for_their_turn() {
    let server = Server::start().await;
    let mut client = Client::simple(&server, &[(CT, EXPLICIT)]).await;
    for number in 1..=20 {
        let object = Object::ct("P1", 1, 1, number);
        let request = client.store_request(&object);
        client
            .send(CT, &request.to_command_set(), Some(object.encode(EXPLICIT)))
            .await;
    }
    for _ in 0..20 {
        assert_eq!(next_final(&mut client).await.status(), Ok(Status::SUCCESS));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_id_may_be_used_again_as_soon_as_it_is_answered() {
    let server = Server::start().await;
    let mut client = Client::simple(&server, &[(CT, EXPLICIT)]).await;
    for number in 1..=300 {
        let object = Object::ct("P1", 1, 1, number);
        let mut request = client.store_request(&object);
        request.message_id = 1;
        let data = object.encode(EXPLICIT);
        client.send(CT, &request.to_command_set(), Some(data)).await;
        let status = next_final(&mut client).await.status();
        assert_eq!(status, Ok(Status::SUCCESS), "{number}");
    }
    server.stop().await;
}
