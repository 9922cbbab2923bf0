//! Who is let in, for what, and what becomes of nonsense.

use sagittal_auth::Permission;
use sagittal_core::{DataSet, tags};
use sagittal_net::dimse::{CEchoRequest, CommandSet, Status, element};
use sagittal_net::pdu::{CommonExtendedNegotiation, ContextResult, Rejection};
use sagittal_net::{Error, Roles};

use crate::client::{
    Client, PATIENT_FIND, STUDY_FIND, STUDY_GET, STUDY_MOVE, VERIFICATION, identifier, proposal,
};
use crate::objects::{CT, EXPLICIT, IMPLICIT, JPEG, uid};
use crate::server::{Server, directory};

#[tokio::test]
async fn an_echo_is_answered() {
    let server = Server::start().await;
    let mut client = Client::simple(&server, &[(VERIFICATION, IMPLICIT)]).await;
    assert_eq!(client.echo().await, Status::SUCCESS);
    assert_eq!(client.echo().await, Status::SUCCESS);
    client.association.release().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_caller_who_may_do_nothing_is_rejected_and_that_is_recorded() {
    let server = Server::with(|setup| {
        setup.directory = directory(&[("OTHER", &[Permission::Store]), ("TESTER", &[])]);
    })
    .await;
    let proposal = proposal("ARCHIVE").context(uid(VERIFICATION), [uid(IMPLICIT)]);
    let refused = Client::try_connect(&server, &proposal).await.err();
    assert!(
        matches!(refused, Some(Error::Rejected(why)) if why == Rejection::CALLING_AE_TITLE_NOT_RECOGNIZED)
    );
    let lines = server.audit_lines();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("rejected") && line.contains("TESTER"))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_called_title_that_is_not_ours_is_rejected_if_so_configured() {
    let server = Server::with(|setup| {
        setup.config.check_called_ae_title = true;
        setup.config.aliases = vec![crate::server::ae("ALIAS")];
    })
    .await;
    let to = |title| proposal(title).context(uid(VERIFICATION), [uid(IMPLICIT)]);
    assert!(Client::try_connect(&server, &to("ALIAS")).await.is_ok());
    let refused = Client::try_connect(&server, &to("WRONG")).await.err();
    assert!(
        matches!(refused, Some(Error::Rejected(why)) if why == Rejection::CALLED_AE_TITLE_NOT_RECOGNIZED)
    );
    server.stop().await;
}

#[tokio::test]
async fn a_service_without_permission_is_refused_by_its_contexts() {
    let server = Server::with(|setup| {
        setup.directory = directory(&[("TESTER", &[Permission::Verify, Permission::Store])]);
    })
    .await;
    let proposal = proposal("ARCHIVE")
        .context(uid(CT), [uid(EXPLICIT)])
        .context(uid(STUDY_FIND), [uid(EXPLICIT)])
        .context(uid(STUDY_GET), [uid(EXPLICIT)])
        .context(uid(VERIFICATION), [uid(EXPLICIT)]);
    let client = Client::connect(&server, &proposal).await;
    let negotiated = client.association.negotiated();
    assert_eq!(negotiated.contexts.len(), 2);
    assert!(
        negotiated
            .refused
            .iter()
            .all(|context| context.result == ContextResult::UserRejection)
    );
    server.stop().await;
}

#[tokio::test]
async fn a_storage_context_for_c_get_alone_does_not_let_the_peer_store() {
    let server = Server::with(|setup| {
        setup.directory = directory(&[("TESTER", &[Permission::Retrieve])]);
    })
    .await;
    let both = Roles {
        scu: true,
        scp: true,
    };
    let proposal = proposal("ARCHIVE")
        .context(uid(CT), [uid(EXPLICIT)])
        .context(uid(STUDY_GET), [uid(EXPLICIT)])
        .role(uid(CT), both);
    let mut client = Client::connect(&server, &proposal).await;
    assert_eq!(client.association.negotiated().contexts.len(), 2);
    let object = crate::objects::Object::ct("P", 1, 1, 1);
    assert_eq!(client.store(&object).await.status, Status::NOT_AUTHORIZED);
    // The association goes on.
    assert_eq!(client.store(&object).await.status, Status::NOT_AUTHORIZED);
    assert!(
        server
            .audit_lines()
            .iter()
            .any(|line| line.contains("security-alert"))
    );
    server.stop().await;
}

#[tokio::test]
async fn everything_of_the_storage_service_is_accepted_as_proposed() {
    let server = Server::start().await;
    let private = "1.2.3.4.5.6";
    let proposal = proposal("ARCHIVE")
        .context(uid(CT), [uid(JPEG), uid(EXPLICIT)])
        .context(uid(private), [uid(IMPLICIT)])
        .context(uid("1.2.3.4.5.7"), [uid(IMPLICIT)])
        .context(uid(CT), [uid("1.2.3.99")])
        .common_extended(CommonExtendedNegotiation {
            sop_class_uid: uid(private),
            service_class_uid: uid("1.2.840.10008.4.2"),
            related_general_sop_class_uids: Vec::new(),
        });
    let client = Client::connect(&server, &proposal).await;
    let negotiated = client.association.negotiated();
    assert_eq!(negotiated.contexts.len(), 2);
    assert_eq!(
        negotiated.contexts[0].transfer_syntax,
        uid(JPEG),
        "the requestor's order counts"
    );
    assert_eq!(negotiated.contexts[1].abstract_syntax, uid(private));
    let results: Vec<ContextResult> = negotiated.refused.iter().map(|c| c.result).collect();
    assert_eq!(
        results,
        [
            ContextResult::AbstractSyntaxNotSupported,
            ContextResult::TransferSyntaxesNotSupported
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn extended_negotiation_is_answered_with_what_there_is() {
    let server = Server::start().await;
    let proposal = proposal("ARCHIVE")
        .context(uid(STUDY_FIND), [uid(EXPLICIT)])
        .extended(uid(STUDY_FIND), vec![1, 1, 1, 1, 1])
        .context(uid(CT), [uid(EXPLICIT)])
        .extended(uid(CT), vec![3, 0, 0, 0, 2, 0])
        .window(8, 8);
    let client = Client::connect(&server, &proposal).await;
    let negotiated = client.association.negotiated();
    assert_eq!(
        negotiated.extended_for(&uid(STUDY_FIND)),
        Some(&[1, 1, 1, 0, 0][..])
    );
    assert_eq!(
        negotiated.extended_for(&uid(CT)),
        Some(&[2, 0, 3, 0, 0, 0][..])
    );
    assert_eq!(negotiated.may_invoke(), 8);
    server.stop().await;
}

#[tokio::test]
async fn a_user_identity_is_answered_when_asked() {
    let server = Server::start().await;
    let proposal = proposal("ARCHIVE")
        .context(uid(VERIFICATION), [uid(IMPLICIT)])
        .username("somebody", Some("secret"));
    let client = Client::connect(&server, &proposal).await;
    assert!(
        client
            .association
            .negotiated()
            .user_identity_response
            .is_some()
    );
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_operation_is_refused_and_the_association_goes_on() {
    let server = Server::start().await;
    let mut client = Client::simple(&server, &[(VERIFICATION, IMPLICIT)]).await;
    for field in [0x0130, 0x0020, 0x0777] {
        let mut command = CommandSet::new(field);
        command.set(element::AFFECTED_SOP_CLASS_UID, &uid(VERIFICATION));
        command.set(element::REQUESTED_SOP_CLASS_UID, &uid(VERIFICATION));
        command.set(element::REQUESTED_SOP_INSTANCE_UID, &uid("1.2"));
        command.set(element::ACTION_TYPE_ID, &1u16);
        command.set(element::MESSAGE_ID, &field);
        client.send(VERIFICATION, &command, None).await;
        let (_, response, _) = client.message().await;
        assert_eq!(response.status(), Ok(Status::UNRECOGNIZED_OPERATION));
        assert_eq!(response.message_id_being_responded_to(), Ok(field));
        assert_eq!(response.command_field(), Ok(field | 0x8000));
    }
    assert_eq!(client.echo().await, Status::SUCCESS);
    server.stop().await;
}

#[tokio::test]
async fn another_sop_class_than_that_of_the_context_is_refused() {
    let server = Server::start().await;
    let mut client = Client::simple(&server, &[(VERIFICATION, IMPLICIT)]).await;
    let request = CEchoRequest {
        affected_sop_class_uid: uid(STUDY_FIND),
        message_id: 1,
    };
    client
        .send(VERIFICATION, &request.to_command_set(), None)
        .await;
    let (_, response, _) = client.message().await;
    assert_eq!(response.status(), Ok(Status::SOP_CLASS_NOT_SUPPORTED));
    server.stop().await;
}

#[tokio::test]
async fn identifiers_that_do_not_fit_are_refused_with_the_element() {
    let server = Server::start().await;
    let classes = [
        (PATIENT_FIND, EXPLICIT),
        (STUDY_FIND, IMPLICIT),
        (STUDY_MOVE, IMPLICIT),
        (STUDY_GET, IMPLICIT),
    ];
    let mut client = Client::simple(&server, &classes).await;
    let level = tags::QUERY_RETRIEVE_LEVEL;
    for (class, wrong) in [
        (PATIENT_FIND, identifier(&[(tags::PATIENT_ID, "X")])),
        (STUDY_FIND, identifier(&[(level, "PATIENT")])),
        (STUDY_FIND, identifier(&[(level, "FRAME")])),
    ] {
        let (answers, last) = client.find(class, &wrong).await;
        assert!(answers.is_empty());
        assert_eq!(last.status(), Ok(Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS));
        let offending: Vec<sagittal_core::Tag> = last.get(element::OFFENDING_ELEMENT).unwrap();
        assert_eq!(offending, [level]);
    }
    let unkeyed = identifier(&[(level, "SERIES"), (tags::STUDY_INSTANCE_UID, "1.2")]);
    let got = client.get(STUDY_GET, &unkeyed).await;
    assert_eq!(
        got.last.status(),
        Ok(Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS)
    );
    let moved = client.r#move(STUDY_MOVE, "NOWHERE", &unkeyed).await;
    assert_eq!(moved.last.status(), Ok(Status::MOVE_DESTINATION_UNKNOWN));
    // No identifier at all.
    let request = client.find_request(STUDY_FIND).to_command_set();
    client.send(STUDY_FIND, &request, None).await;
    let (_, response, _) = client.message().await;
    assert_eq!(
        response.status(),
        Ok(Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS)
    );
    // An identifier of garbage.
    let request = client.find_request(STUDY_FIND).to_command_set();
    client
        .send(STUDY_FIND, &request, Some(vec![0xFF; 64].into()))
        .await;
    let (_, response, _) = client.message().await;
    assert!(!response.status().unwrap().is_done());
    server.stop().await;
}

#[tokio::test]
async fn an_identifier_that_is_too_long_is_refused_without_being_held() {
    let server = Server::with(|setup| setup.config.max_identifier = 10_000).await;
    let mut client = Client::simple(&server, &[(STUDY_FIND, EXPLICIT)]).await;
    let mut long: DataSet = identifier(&[(tags::QUERY_RETRIEVE_LEVEL, "STUDY")]);
    long.put_bytes(
        tags::STUDY_INSTANCE_UID,
        sagittal_core::Vr::UI,
        vec![b'1'; 60_000],
    );
    let (_, last) = client.find(STUDY_FIND, &long).await;
    assert_eq!(last.status(), Ok(Status::OUT_OF_RESOURCES));
    server.stop().await;
}

#[tokio::test]
async fn a_stop_ends_idle_associations() {
    let server = Server::start().await;
    let mut client = Client::simple(&server, &[(VERIFICATION, IMPLICIT)]).await;
    assert_eq!(client.echo().await, Status::SUCCESS);
    let (ended, ()) = tokio::join!(client.association.receive(), server.stop());
    assert!(ended.is_err());
}
