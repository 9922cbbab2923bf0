//! C-FIND.

use sagittal_core::{DataSet, tags};
use sagittal_net::dimse::Status;

use crate::client::{Client, PATIENT_FIND, STUDY_FIND, identifier, proposal, stored};
use crate::objects::{EXPLICIT, IMPLICIT, Object, uid};
use crate::server::Server;

async fn filled() -> Server {
    let server = Server::start().await;
    let mut objects = Vec::new();
    for (patient, study) in [("P1", 1), ("P1", 2), ("P2", 3)] {
        for series in 1..=2 {
            objects.extend((1..=2).map(|number| Object::ct(patient, study, series, number)));
        }
    }
    stored(&server, &objects).await;
    server
}

fn texts(answers: &[(Status, DataSet)], tag: sagittal_core::Tag) -> Vec<String> {
    let mut all: Vec<String> = answers
        .iter()
        .filter_map(|(_, answer)| answer.first_text(tag))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn studies_are_found_with_what_an_answer_must_say() {
    let server = filled().await;
    for ts in [
        EXPLICIT,
        IMPLICIT,
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
    ] {
        let mut client = Client::simple(&server, &[(STUDY_FIND, ts)]).await;
        let query = identifier(&[
            (tags::QUERY_RETRIEVE_LEVEL, "STUDY"),
            (tags::PATIENT_NAME, "muller^p1"),
            (tags::STUDY_INSTANCE_UID, ""),
            (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, ""),
            (tags::MODALITIES_IN_STUDY, ""),
            (tags::STUDY_DESCRIPTION, ""),
        ]);
        let (answers, last) = client.find(STUDY_FIND, &query).await;
        assert_eq!(last.status(), Ok(Status::SUCCESS));
        assert_eq!(
            texts(&answers, tags::STUDY_INSTANCE_UID),
            ["1.2.826.0.1.1", "1.2.826.0.1.2"]
        );
        let (status, answer) = &answers[0];
        assert_eq!(*status, Status::PENDING);
        let text = |tag| answer.first_text(tag).unwrap_or_default();
        assert_eq!(text(tags::QUERY_RETRIEVE_LEVEL), "STUDY");
        assert_eq!(text(tags::RETRIEVE_AE_TITLE), "ARCHIVE");
        assert_eq!(text(tags::INSTANCE_AVAILABILITY), "ONLINE");
        assert_eq!(text(tags::SPECIFIC_CHARACTER_SET), "ISO_IR 192");
        assert_eq!(text(tags::STUDY_DESCRIPTION), "Schädel");
        assert_eq!(text(tags::NUMBER_OF_STUDY_RELATED_INSTANCES), "4");
        assert_eq!(text(tags::MODALITIES_IN_STUDY), "CT");
        client.association.release().await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn every_level_of_the_patient_root_answers_relationally() {
    let server = filled().await;
    let mut client = Client::simple(&server, &[(PATIENT_FIND, EXPLICIT)]).await;
    for (level, count) in [("PATIENT", 2), ("STUDY", 3), ("SERIES", 6), ("IMAGE", 12)] {
        let query = identifier(&[(tags::QUERY_RETRIEVE_LEVEL, level), (tags::PATIENT_ID, "")]);
        let (answers, last) = client.find(PATIENT_FIND, &query).await;
        assert_eq!(last.status(), Ok(Status::SUCCESS), "{level}");
        assert_eq!(answers.len(), count, "{level}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_strict_server_wants_the_keys_of_the_levels_above_unless_relational() {
    let server = Server::with(|setup| setup.config.strict_hierarchy = true).await;
    stored(&server, &[Object::ct("P1", 1, 1, 1)]).await;
    let query = identifier(&[
        (tags::QUERY_RETRIEVE_LEVEL, "SERIES"),
        (tags::SERIES_INSTANCE_UID, ""),
    ]);
    let mut plain = Client::simple(&server, &[(STUDY_FIND, EXPLICIT)]).await;
    let (_, last) = plain.find(STUDY_FIND, &query).await;
    assert_eq!(last.status(), Ok(Status::DATA_SET_DOES_NOT_MATCH_SOP_CLASS));
    let proposal = proposal("ARCHIVE")
        .context(uid(STUDY_FIND), [uid(EXPLICIT)])
        .extended(uid(STUDY_FIND), vec![1]);
    let mut relational = Client::connect(&server, &proposal).await;
    let (answers, _) = relational.find(STUDY_FIND, &query).await;
    assert_eq!(answers.len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn answers_come_in_the_asked_for_character_set() {
    let server = filled().await;
    let mut client = Client::simple(&server, &[(STUDY_FIND, EXPLICIT)]).await;
    let query = |terms: &str| {
        let mut query = DataSet::new();
        if !terms.is_empty() {
            query.put_text(tags::SPECIFIC_CHARACTER_SET, terms);
        }
        query.put_text(tags::QUERY_RETRIEVE_LEVEL, "STUDY");
        query.put_empty(tags::STUDY_DESCRIPTION);
        query
    };
    for (asked, declared) in [
        ("ISO_IR 100", "ISO_IR 100"),
        ("", "ISO_IR 192"),
        ("ISO_IR 192", "ISO_IR 192"),
        ("ISO_IR 144", "ISO_IR 192"),
    ] {
        let (answers, _) = client.find(STUDY_FIND, &query(asked)).await;
        let (_, answer) = &answers[0];
        assert_eq!(
            answer.first_text(tags::SPECIFIC_CHARACTER_SET).as_deref(),
            Some(declared),
            "{asked}"
        );
        assert_eq!(
            answer.first_text(tags::STUDY_DESCRIPTION).as_deref(),
            Some("Schädel")
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_query_is_canceled() {
    let server = Server::start().await;
    let objects: Vec<Object> = (1..=300).map(|n| Object::ct("P1", n, 1, 1)).collect();
    stored(&server, &objects).await;
    let mut client = Client::simple(&server, &[(STUDY_FIND, EXPLICIT)]).await;
    let query = identifier(&[(tags::QUERY_RETRIEVE_LEVEL, "STUDY")]);
    let request = client.find_request(STUDY_FIND);
    let bytes = client.encode(STUDY_FIND, &query);
    client
        .send(STUDY_FIND, &request.to_command_set(), Some(bytes))
        .await;
    client.cancel(STUDY_FIND, request.message_id).await;
    let last = loop {
        let (_, response, _) = client.message().await;
        let status = response.status().unwrap();
        if !status.is_pending() {
            break status;
        }
    };
    // It may have been faster than the cancel.
    assert!([Status::CANCEL, Status::SUCCESS].contains(&last), "{last}");
    let (answers, _) = client.find(STUDY_FIND, &query).await;
    assert_eq!(answers.len(), 300, "the association goes on");
    server.stop().await;
}

#[tokio::test]
async fn too_many_answers_end_with_a_failure_after_as_many_as_allowed() {
    let server = Server::with(|setup| setup.config.max_answers = 5).await;
    let objects: Vec<Object> = (1..=6).map(|n| Object::ct("P1", n, 1, 1)).collect();
    stored(&server, &objects).await;
    let mut client = Client::simple(&server, &[(STUDY_FIND, EXPLICIT)]).await;
    let query = identifier(&[(tags::QUERY_RETRIEVE_LEVEL, "STUDY")]);
    let (answers, last) = client.find(STUDY_FIND, &query).await;
    assert_eq!(answers.len(), 5);
    assert_eq!(last.status(), Ok(Status::OUT_OF_RESOURCES));
    server.stop().await;
}
