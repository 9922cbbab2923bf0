//! Retrievals that do not come to their end: canceled, or left by their destination.

use std::collections::BTreeSet;
use std::time::Duration;

use sagittal_core::{DataSet, Limits, tags};
use sagittal_file::read::read_data_set;
use sagittal_net::Roles;
use sagittal_net::dimse::{
    CEchoRequest, CGetRequest, CMoveRequest, CStoreRequest, CStoreResponse, Command, CommandSet,
    Priority, Status, element,
};
use tokio::time::timeout;

use crate::client::{Client, STUDY_GET, STUDY_MOVE, VERIFICATION, identifier, proposal, stored};
use crate::destination::Destination;
use crate::objects::{CT, EXPLICIT, IMPLICIT, Object, uid};
use crate::server::{Server, ae};

const SOON: Duration = Duration::from_secs(20);

fn objects(count: u32) -> Vec<Object> {
    (1..=count).map(|n| Object::ct("P1", 1, 1, n)).collect()
}

fn study() -> DataSet {
    identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "STUDY"),
        (tags::STUDY_INSTANCE_UID, "1.2.826.0.1.1"),
    ])
}

/// Remaining, completed, failed, with warning; `None` where it is not said.
fn counters(command: &CommandSet) -> [Option<u16>; 4] {
    let get = |number| command.get::<Option<u16>>(number).unwrap();
    [
        get(element::NUMBER_OF_REMAINING_SUBOPERATIONS),
        get(element::NUMBER_OF_COMPLETED_SUBOPERATIONS),
        get(element::NUMBER_OF_FAILED_SUBOPERATIONS),
        get(element::NUMBER_OF_WARNING_SUBOPERATIONS),
    ]
}

async fn moving(client: &Client, to: &str) -> u16 {
    let request = CMoveRequest {
        affected_sop_class_uid: uid(STUDY_MOVE),
        message_id: client.association.next_message_id(),
        priority: Priority::Medium,
        move_destination: ae(to),
    };
    let bytes = client.encode(STUDY_MOVE, &study());
    client
        .send(STUDY_MOVE, &request.to_command_set(), Some(bytes))
        .await;
    request.message_id
}

/// Sends an echo and waits for its answer: what was sent before has then been seen.
async fn settle(client: &mut Client) -> Vec<CommandSet> {
    let request = CEchoRequest {
        affected_sop_class_uid: uid(VERIFICATION),
        message_id: client.association.next_message_id(),
    };
    client
        .send(VERIFICATION, &request.to_command_set(), None)
        .await;
    let mut others = Vec::new();
    loop {
        let (_, command, _) = timeout(SOON, client.message()).await.unwrap();
        if command.message_id_being_responded_to() == Ok(request.message_id) {
            return others;
        }
        others.push(command);
    }
}

/// The final response, and the list of failed instances in it.
async fn last(client: &mut Client, class: &str) -> (CommandSet, Vec<String>) {
    loop {
        let (_, command, data) = timeout(SOON, client.message()).await.unwrap();
        if !command.status().unwrap().is_pending() {
            let (_, ts) = client.context(class);
            let (list, _) = read_data_set(&data, ts.as_str(), Limits::default()).unwrap();
            return (command, list.texts(tags::FAILED_SOP_INSTANCE_UID_LIST));
        }
    }
}

#[tokio::test]
async fn a_move_is_canceled_half_way_and_counts_what_was_done() {
    let mut destination = Destination::start().await;
    let peer = destination.as_peer("DEST");
    let server = Server::with(|setup| setup.peers = vec![peer]).await;
    stored(&server, &objects(10)).await;
    let proposal = proposal("ARCHIVE")
        .context(uid(STUDY_MOVE), [uid(IMPLICIT)])
        .context(uid(VERIFICATION), [uid(IMPLICIT)])
        .window(2, 1);
    let mut client = Client::connect(&server, &proposal).await;
    let message_id = moving(&client, "DEST").await;
    destination.allow(3);
    for _ in 0..4 {
        timeout(SOON, destination.arrived()).await.unwrap();
    }
    client.cancel(STUDY_MOVE, message_id).await;
    settle(&mut client).await;
    // The fourth was on its way and is brought to its end; the fifth is not begun.
    destination.allow(100);
    let (canceled, failed) = last(&mut client, STUDY_MOVE).await;
    assert_eq!(canceled.status(), Ok(Status::CANCEL));
    assert_eq!(
        counters(&canceled),
        [Some(6), Some(4), Some(0), Some(0)],
        "remaining, completed, failed, warning"
    );
    assert!(failed.is_empty());
    assert_eq!(canceled.message_id_being_responded_to(), Ok(message_id));
    // A cancel of what has ended is nothing.
    client.cancel(STUDY_MOVE, message_id).await;
    assert_eq!(client.echo().await, Status::SUCCESS);
    let line = server.audit_line("instances-transferred").await;
    assert!(
        line.contains("\"instances\":4") && line.contains("6 left"),
        "{line}"
    );
    client.association.release().await.unwrap();
    server.stop().await;
    destination.vanish().await;
}

#[tokio::test]
async fn a_get_is_canceled_half_way_and_counts_what_was_done() {
    let server = Server::start().await;
    stored(&server, &objects(10)).await;
    for window in [None, Some(2)] {
        let scp = Roles {
            scu: false,
            scp: true,
        };
        let mut proposal = proposal("ARCHIVE")
            .context(uid(STUDY_GET), [uid(EXPLICIT)])
            .context(uid(CT), [uid(EXPLICIT)])
            .role(uid(CT), scp)
            .context(uid(VERIFICATION), [uid(IMPLICIT)]);
        if window.is_some() {
            // Two of ours at a time; of theirs, one.
            proposal = proposal.window(2, 1);
        }
        let mut client = Client::connect(&server, &proposal).await;
        let request = CGetRequest {
            affected_sop_class_uid: uid(STUDY_GET),
            message_id: client.association.next_message_id(),
            priority: Priority::Medium,
        };
        let bytes = client.encode(STUDY_GET, &study());
        client
            .send(STUDY_GET, &request.to_command_set(), Some(bytes))
            .await;
        let mut stores = 0;
        let canceled = loop {
            let (context_id, command, _) = timeout(SOON, client.message()).await.unwrap();
            if let Ok(Command::CStoreRequest(store)) = Command::from_command_set(&command) {
                stores += 1;
                if stores == 4 {
                    client.cancel(STUDY_GET, request.message_id).await;
                    // With a window the cancel is known to have been seen; without, an echo would
                    // be one request too many, which is answered as well.
                    let others = settle(&mut client).await;
                    assert!(others.iter().all(|other| other.is_response()));
                }
                answer(&client, context_id, &store).await;
                continue;
            }
            if !command.status().unwrap().is_pending() {
                break command;
            }
        };
        assert_eq!(stores, 4);
        assert_eq!(canceled.status(), Ok(Status::CANCEL));
        assert_eq!(counters(&canceled), [Some(6), Some(4), Some(0), Some(0)]);
        assert_eq!(client.echo().await, Status::SUCCESS);
        client.association.release().await.unwrap();
    }
    server.stop().await;
}

async fn answer(client: &Client, context_id: u8, store: &CStoreRequest) {
    let response = CStoreResponse::new(store, Status::SUCCESS).to_command_set();
    let sender = client.association.sender();
    let sent = sender.send(context_id, &response, sagittal_net::Data::None);
    sent.await.unwrap();
}

#[tokio::test]
async fn a_destination_that_vanishes_half_way_fails_what_it_did_not_answer() {
    let mut destination = Destination::start().await;
    let peer = destination.as_peer("DEST");
    let server = Server::with(|setup| setup.peers = vec![peer]).await;
    let objects = objects(10);
    stored(&server, &objects).await;
    let mut client = Client::simple(&server, &[(STUDY_MOVE, IMPLICIT)]).await;
    moving(&client, "DEST").await;
    destination.allow(3);
    let mut arrived = Vec::new();
    for _ in 0..4 {
        let (request, _) = timeout(SOON, destination.arrived()).await.unwrap();
        arrived.push(request.affected_sop_instance_uid.to_string());
    }
    destination.vanish().await;
    let (response, failed) = last(&mut client, STUDY_MOVE).await;
    assert_eq!(
        response.status(),
        Ok(Status::SUBOPERATIONS_COMPLETE_WITH_FAILURES)
    );
    assert_eq!(counters(&response), [None, Some(3), Some(7), Some(0)]);
    let failed: BTreeSet<String> = failed.into_iter().collect();
    let expected: BTreeSet<String> = objects
        .iter()
        .map(|object| object.sop_instance_uid.to_string())
        .filter(|uid| !arrived[..3].contains(uid))
        .collect();
    assert_eq!(failed, expected);
    let comment: Option<String> = response.get(element::ERROR_COMMENT).unwrap();
    assert!(comment.unwrap().starts_with("destination: "));
    client.association.release().await.unwrap();
    server.stop().await;
}
