//! What answers have in them, in which order, and how they flow.

use std::time::Duration;

use sagittal_core::Uid;

use super::objects::archive;
use super::*;
use crate::retrieve::Selector;

#[tokio::test]
async fn an_answer_has_what_was_asked_for_and_its_unique_keys() {
    let (archive, _folder) = archive().await;
    let pairs = [
        (tags::STUDY_INSTANCE_UID, "1.9.1"),
        (tags::PATIENT_NAME, ""),
        (tags::MODALITIES_IN_STUDY, ""),
        (tags::SOP_CLASSES_IN_STUDY, ""),
        (tags::NUMBER_OF_STUDY_RELATED_SERIES, ""),
        (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, ""),
        (tags::NUMBER_OF_PATIENT_RELATED_STUDIES, ""),
        (tags::NUMBER_OF_PATIENT_RELATED_INSTANCES, ""),
        (tags::INSTANCE_AVAILABILITY, ""),
        (tags::PATIENT_AGE, ""),
        (tags::PATIENT_COMMENTS, ""),
        (tags::SERIES_DESCRIPTION, ""),
        (tags::QUERY_RETRIEVE_LEVEL, "STUDY"),
    ];
    let answers = run(&archive, query(Level::Study, &pairs)).await.unwrap();
    let text = |tag| answers[0].text(tag).unwrap_or_default().into_owned();
    assert_eq!(answers.len(), 1);
    assert_eq!(text(tags::SPECIFIC_CHARACTER_SET), "ISO_IR 192");
    assert_eq!(text(tags::PATIENT_NAME), "Müller^Jörg");
    assert_eq!(text(tags::MODALITIES_IN_STUDY), "CT\\SR");
    assert_eq!(
        text(tags::SOP_CLASSES_IN_STUDY),
        "1.2.840.10008.5.1.4.1.1.2\\1.2.840.10008.5.1.4.1.1.88.11"
    );
    assert_eq!(text(tags::NUMBER_OF_STUDY_RELATED_SERIES), "2");
    assert_eq!(text(tags::NUMBER_OF_STUDY_RELATED_INSTANCES), "6");
    assert_eq!(text(tags::NUMBER_OF_PATIENT_RELATED_STUDIES), "2");
    assert_eq!(text(tags::NUMBER_OF_PATIENT_RELATED_INSTANCES), "9");
    assert_eq!(text(tags::INSTANCE_AVAILABILITY), "ONLINE");
    assert_eq!(text(tags::PATIENT_AGE), "042Y");
    for empty in [tags::PATIENT_COMMENTS, tags::SERIES_DESCRIPTION] {
        assert!(answers[0].contains(empty));
        assert_eq!(answers[0].text(empty), None);
    }
    assert!(!answers[0].contains(tags::QUERY_RETRIEVE_LEVEL));
    let series = run(&archive, query(Level::Series, &[(tags::PATIENT_ID, "C")]))
        .await
        .unwrap();
    assert_eq!(
        series[0].text(tags::STUDY_INSTANCE_UID).as_deref(),
        Some("1.9.3")
    );
    assert_eq!(
        series[0].text(tags::SERIES_INSTANCE_UID).as_deref(),
        Some("1.9.3.1")
    );
}

#[tokio::test]
async fn everything_that_is_known_can_be_had() {
    let (archive, _folder) = archive().await;
    for (level, has, has_not) in [
        (
            Level::Patient,
            vec![tags::PATIENT_SEX],
            vec![tags::STUDY_DATE, tags::PATIENT_AGE],
        ),
        (
            Level::Study,
            vec![
                tags::PATIENT_AGE,
                tags::PROCEDURE_CODE_SEQUENCE,
                tags::MODALITIES_IN_STUDY,
            ],
            vec![tags::KVP, tags::SERIES_NUMBER, tags::IMAGE_TYPE],
        ),
        (
            Level::Series,
            vec![
                tags::REQUEST_ATTRIBUTES_SEQUENCE,
                tags::SERIES_NUMBER,
                tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
            ],
            vec![tags::KVP, tags::INSTANCE_NUMBER],
        ),
        (
            Level::Instance,
            vec![tags::KVP, tags::IMAGE_TYPE, tags::ROWS, tags::SOP_CLASS_UID],
            vec![tags::PIXEL_DATA],
        ),
    ] {
        let mut all = query(level, &[(tags::PATIENT_ID, "C")]);
        all.all_attributes = true;
        let answers = run(&archive, all).await.unwrap();
        for tag in has {
            assert!(
                answers[0].get(tag).is_some_and(|e| !e.value.is_empty()),
                "{tag}"
            );
        }
        for tag in has_not {
            assert!(!answers[0].contains(tag), "{tag}");
        }
    }
}

#[tokio::test]
async fn sequences_are_returned_with_what_was_asked_for() {
    let (archive, _folder) = archive().await;
    let mut keys = keys(&[(tags::SERIES_INSTANCE_UID, "1.9.2.1")]);
    let mut item = DataSet::utf8();
    item.put_empty(tags::CODE_VALUE);
    keys.put_items(tags::PROCEDURE_CODE_SEQUENCE, vec![item]);
    let mut item = DataSet::utf8();
    item.put_empty(tags::SCHEDULED_PROCEDURE_STEP_ID);
    keys.put_items(tags::REQUEST_ATTRIBUTES_SEQUENCE, vec![item]);
    let answers = run(&archive, Query::new(Level::Series, keys))
        .await
        .unwrap();
    let codes = answers[0].items(tags::PROCEDURE_CODE_SEQUENCE);
    assert_eq!(codes.len(), 2);
    assert_eq!(codes[1].text(tags::CODE_VALUE).as_deref(), Some("S2"));
    assert!(!codes[1].contains(tags::CODE_MEANING));
    let requests = answers[0].items(tags::REQUEST_ATTRIBUTES_SEQUENCE);
    let steps: Vec<_> = requests
        .iter()
        .filter_map(|item| item.text(tags::SCHEDULED_PROCEDURE_STEP_ID))
        .collect();
    assert_eq!(steps, ["SPS2", "SPS2b"]);
}

#[tokio::test]
async fn offset_and_limit_cut_pages() {
    let (archive, _folder) = archive().await;
    let all = values(
        &archive,
        query(Level::Instance, &[]),
        tags::SOP_INSTANCE_UID,
    )
    .await;
    assert_eq!(all.len(), 15);
    for pairs in [&[][..], &[(tags::PATIENT_AGE, "042Y")][..]] {
        let mut paged = Vec::new();
        for offset in (0..20).step_by(4) {
            let mut page = query(Level::Instance, pairs);
            (page.offset, page.limit) = (offset, Some(4));
            paged.extend(values(&archive, page, tags::SOP_INSTANCE_UID).await);
        }
        assert_eq!(paged, all);
        let mut none = query(Level::Instance, pairs);
        none.limit = Some(0);
        assert!(
            values(&archive, none, tags::SOP_INSTANCE_UID)
                .await
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_dropped_query_ends() {
    let (archive, _folder) = archive().await;
    for _ in 0..50 {
        let mut answers = archive
            .query(query(Level::Instance, &[]))
            .await
            .unwrap()
            .answers;
        assert!(answers.next().await.is_some());
    }
    // Nothing is left running that would keep the archive from closing.
    let closing = archive.close(Duration::from_secs(5));
    tokio::time::timeout(Duration::from_secs(10), closing)
        .await
        .unwrap()
        .unwrap();
    let late = run(&archive, query(Level::Study, &[])).await;
    assert!(late.is_err());
}

fn of_study(uid: &str) -> Selector {
    Selector {
        study_instance_uids: vec![Uid::new(uid).unwrap()],
        ..Selector::default()
    }
}

async fn metadata(archive: &Archive, selector: &Selector) -> (String, serde_json::Value) {
    let metadata = archive
        .metadata(selector, "http://h/dicom-web")
        .await
        .unwrap();
    let mut json = Vec::new();
    let mut chunks = metadata.chunks;
    while let Some(chunk) = chunks.next().await {
        json.extend_from_slice(&chunk.unwrap());
    }
    (metadata.etag, serde_json::from_slice(&json).unwrap())
}

#[tokio::test]
async fn metadata_is_an_array_of_all_headers_and_its_tag_follows_changes() {
    let (archive, _folder) = archive().await;
    let (etag, json) = metadata(&archive, &of_study("1.9.1")).await;
    assert_eq!(json.as_array().unwrap().len(), 6);
    assert_eq!(
        metadata(&archive, &of_study("1.9.1")).await,
        (etag.clone(), json)
    );
    let one = Selector {
        sop_instance_uids: vec![Uid::new("1.9.1.1.2").unwrap()],
        ..of_study("1.9.1")
    };
    let (_, json) = metadata(&archive, &one).await;
    assert_eq!(json[0]["00080018"]["Value"][0], "1.9.1.1.2");
    assert_eq!(json.as_array().unwrap().len(), 1);
    archive.delete(&one).await.unwrap();
    let (later, json) = metadata(&archive, &of_study("1.9.1")).await;
    assert_ne!(later, etag);
    assert_eq!(json.as_array().unwrap().len(), 5);
    let gone = archive.metadata(&one, "").await;
    assert!(matches!(gone, Err(Error::Gone { .. })));
    let never = archive.metadata(&of_study("1.8"), "").await;
    assert!(matches!(never, Err(Error::NotFound { .. })));
    assert_eq!(archive.state_tag(&of_study("1.8")).await.unwrap(), None);
}

#[tokio::test]
async fn instances_are_selected_in_order_and_found_by_uid() {
    let (archive, _folder) = archive().await;
    let uid = |text: &str| Uid::new(text).unwrap();
    let found = archive.instances(&of_study("1.9.1")).await.unwrap();
    let uids: Vec<&str> = found.iter().map(|i| i.sop_instance_uid.as_str()).collect();
    assert_eq!(
        uids,
        [
            "1.9.1.1.1",
            "1.9.1.1.2",
            "1.9.1.1.3",
            "1.9.1.2.1",
            "1.9.1.2.2",
            "1.9.1.2.3"
        ]
    );
    let one = archive
        .instance(None, None, &uid("1.9.3.1.2"))
        .await
        .unwrap();
    assert_eq!(one.study_instance_uid, uid("1.9.3"));
    assert_eq!(one.number_of_frames, 0);
    let elsewhere = archive
        .instance(Some(&uid("1.9.2")), None, &uid("1.9.3.1.2"))
        .await;
    assert!(matches!(elsewhere, Err(Error::NotFound { .. })));
    let header = archive.header(&one, "http://h").await.unwrap();
    assert_eq!(header.text(tags::PATIENT_NAME).as_deref(), Some("DOE^JANE"));
    let patient = Selector {
        patient_ids: vec!["A".to_owned()],
        ..Selector::default()
    };
    assert_eq!(archive.instances(&patient).await.unwrap().len(), 9);
}
