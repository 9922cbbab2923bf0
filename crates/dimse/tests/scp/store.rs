//! C-STORE.

use std::collections::HashMap;

use bytes::Bytes;
use sagittal_archive::options::DuplicatePolicy;
use sagittal_core::tags;
use sagittal_net::Data;
use sagittal_net::dimse::{CStoreResponse, Status};

use crate::client::{Client, proposal};
use crate::objects::{BIG, CT, EXPLICIT, IMPLICIT, Object, uid};
use crate::server::Server;

/// The bytes that the archive has of an instance.
async fn kept(server: &Server, object: &Object) -> Bytes {
    let archive = &server.archive;
    let instance = archive
        .instance(None, None, &object.sop_instance_uid)
        .await
        .unwrap();
    let reader = archive.open_instance(instance).await.unwrap();
    reader.read(0, reader.len()).await.unwrap()
}

#[tokio::test]
async fn an_instance_is_kept_byte_for_byte_in_its_transfer_syntax() {
    let server = Server::start().await;
    for (number, ts) in [EXPLICIT, IMPLICIT, BIG].into_iter().enumerate() {
        let mut client = Client::simple(&server, &[(CT, ts)]).await;
        let object = Object::ct("P1", 1, 1, u32::try_from(number).unwrap() + 1);
        let response = client.store(&object).await;
        assert_eq!(response.status, Status::SUCCESS);
        assert_eq!(
            response.affected_sop_instance_uid.as_ref(),
            Some(&object.sop_instance_uid)
        );
        assert_eq!(response.affected_sop_class_uid.as_ref(), Some(&uid(CT)));
        assert_eq!(kept(&server, &object).await, object.encode(ts));
        client.association.release().await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn the_same_instance_again_is_a_success_and_another_under_its_uid_a_warning() {
    let server = Server::start().await;
    let mut client = Client::simple(&server, &[(CT, EXPLICIT)]).await;
    let mut object = Object::ct("P1", 1, 1, 1);
    let first = object.encode(EXPLICIT);
    assert_eq!(client.store(&object).await.status, Status::SUCCESS);
    assert_eq!(client.store(&object).await.status, Status::SUCCESS);
    object.data_set.put_text(tags::STUDY_DESCRIPTION, "changed");
    let response = client.store(&object).await;
    assert_eq!(response.status, Status::COERCION_OF_DATA_ELEMENTS);
    assert!(response.error_comment.unwrap().len() <= 64);
    assert_eq!(kept(&server, &object).await, first);
    server.stop().await;
}

#[tokio::test]
async fn another_instance_under_a_uid_is_refused_where_the_first_is_to_stay() {
    let server = Server::with(|setup| {
        setup.options = Box::new(|options| options.duplicates = DuplicatePolicy::KeepFirst);
    })
    .await;
    let mut client = Client::simple(&server, &[(CT, EXPLICIT)]).await;
    let mut object = Object::ct("P1", 1, 1, 1);
    assert_eq!(client.store(&object).await.status, Status::SUCCESS);
    object.data_set.put_text(tags::STUDY_DESCRIPTION, "changed");
    assert_eq!(
        client.store(&object).await.status,
        Status::DUPLICATE_SOP_INSTANCE
    );
    server.stop().await;
}

#[tokio::test]
async fn a_data_set_that_contradicts_its_command_or_is_none_is_refused() {
    let server = Server::start().await;
    let mut client = Client::simple(&server, &[(CT, EXPLICIT)]).await;
    let mut object = Object::ct("P1", 1, 1, 1);
    object.sop_instance_uid = uid("1.2.3");
    let response = client.store(&object).await;
    assert_eq!(
        response.status.0 & 0xFF00,
        0xA900,
        "{} {:?}",
        response.status,
        response.error_comment
    );
    let request = client.store_request(&object).to_command_set();
    client
        .send(CT, &request, Some(Bytes::from(vec![0xFF; 4096])))
        .await;
    let (_, response, _) = client.message().await;
    assert_eq!(response.status().unwrap().0 & 0xF000, 0xC000);
    client.send(CT, &request, None).await;
    let (_, response, _) = client.message().await;
    assert_eq!(response.status().unwrap().0 & 0xF000, 0xC000);
    // And then it goes on.
    let good = Object::ct("P1", 1, 1, 2);
    assert_eq!(client.store(&good).await.status, Status::SUCCESS);
    server.stop().await;
}

#[tokio::test]
async fn with_an_operations_window_many_stores_are_under_way_at_once() {
    let server = Server::start().await;
    let proposal = proposal("ARCHIVE")
        .context(uid(CT), [uid(EXPLICIT)])
        .window(8, 1);
    let mut client = Client::connect(&server, &proposal).await;
    assert_eq!(client.association.negotiated().may_invoke(), 8);
    let objects: Vec<Object> = (1..=40).map(|n| Object::ct("P1", 1, 1, n)).collect();
    let (context_id, _) = client.context(CT);
    let sender = client.association.sender();
    let requests: Vec<_> = objects
        .iter()
        .map(|object| (client.store_request(object), object.encode(EXPLICIT)))
        .collect();
    let mut expected: HashMap<u16, _> = requests
        .iter()
        .map(|(request, _)| {
            (
                request.message_id,
                request.affected_sop_instance_uid.clone(),
            )
        })
        .collect();
    let sending = tokio::spawn(async move {
        for (request, bytes) in requests {
            sender.ready_to_invoke().await.unwrap();
            sender
                .send(context_id, &request.to_command_set(), Data::from(bytes))
                .await
                .unwrap();
        }
    });
    while !expected.is_empty() {
        let (_, response, _) = client.message().await;
        let response = CStoreResponse::from_command_set(&response).unwrap();
        assert_eq!(response.status, Status::SUCCESS);
        let uid = expected
            .remove(&response.message_id_being_responded_to)
            .unwrap();
        assert_eq!(response.affected_sop_instance_uid, Some(uid));
    }
    sending.await.unwrap();
    client.association.release().await.unwrap();
    // Told when the association has ended, which the server does in its own time.
    let line = server.audit_line("instances-stored").await;
    assert!(line.contains("\"instances\":40") && line.contains("1.2.826.0.1.1\""));
    server.stop().await;
}

#[tokio::test]
async fn an_instance_cut_off_half_way_is_not_kept() {
    let server = Server::start().await;
    let client = Client::simple(&server, &[(CT, EXPLICIT)]).await;
    let object = Object::ct("P1", 1, 1, 1);
    let request = client.store_request(&object).to_command_set();
    let half = object.encode(EXPLICIT).slice(..1000);
    let broken = futures::stream::iter([
        Ok(half.clone()),
        Ok(Bytes::from(vec![0; 2 << 20])),
        Err(std::io::Error::other("gone")),
    ]);
    let (context_id, _) = client.context(CT);
    let sender = client.association.sender();
    let sent = sender
        .send(context_id, &request, Data::stream(broken))
        .await;
    assert!(sent.is_err());
    server.stop().await;
}
