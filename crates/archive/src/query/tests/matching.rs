//! The kinds of matching.

use sagittal_core::{Element, Value, Vr};

use super::objects::{ACME, archive, code};
use super::*;

#[tokio::test]
async fn every_kind_of_matching_finds_what_it_should() {
    let (archive, _folder) = archive().await;
    let cases: &[(&[(Tag, &str)], &str)] = &[
        // Universal, newest first; without a date last.
        (&[], "2 1 3 4"),
        (&[(tags::PATIENT_NAME, "")], "2 1 3 4"),
        (&[(tags::PATIENT_NAME, "*")], "2 1 3 4"),
        // Single value.
        (&[(tags::PATIENT_ID, "A")], "1 4"),
        (&[(tags::PATIENT_ID, "a")], ""),
        (&[(tags::ACCESSION_NUMBER, "ACC3")], "3"),
        (&[(tags::STUDY_INSTANCE_UID, "1.9.3")], "3"),
        // List of UIDs.
        (&[(tags::STUDY_INSTANCE_UID, "1.9.3\\1.9.1\\9.9")], "1 3"),
        // Wildcards; brackets are themselves.
        (&[(tags::ACCESSION_NUMBER, "ACC?")], "2 1 3 4"),
        (&[(tags::ACCESSION_NUMBER, "*3")], "3"),
        (&[(tags::STUDY_DESCRIPTION, "*[1]")], "2 1 3 4"),
        (&[(tags::STUDY_DESCRIPTION, "brain*")], ""),
        // Names: case, diacritics, character set and group do not matter.
        (&[(tags::PATIENT_NAME, "müller^jörg")], "1 4"),
        (&[(tags::PATIENT_NAME, "MULL*")], "1 4"),
        (&[(tags::PATIENT_NAME, "山田*")], "2"),
        (&[(tags::PATIENT_NAME, "=山田^太郎")], "2"),
        (&[(tags::PATIENT_NAME, "*たろう")], "2"),
        (&[(tags::PATIENT_NAME, "ＹＡＭＡＤＡ*")], "2"),
        (&[(tags::PATIENT_NAME, "Doe")], ""),
        // Ranges.
        (&[(tags::STUDY_DATE, "20240101")], "1"),
        (&[(tags::STUDY_DATE, "20240101-20241231")], "2 1"),
        (&[(tags::STUDY_DATE, "-20240101")], "1 3"),
        (&[(tags::STUDY_DATE, "20240101-")], "2 1"),
        (&[(tags::STUDY_TIME, "0800-1030")], "2 1"),
        (&[(tags::STUDY_TIME, "235959-")], "3"),
        (
            &[
                (tags::STUDY_DATE, "20231231-20240215"),
                (tags::STUDY_TIME, "1000-2400"),
            ],
            "",
        ),
        // What is counted, and what is the same of all.
        (&[(tags::NUMBER_OF_STUDY_RELATED_INSTANCES, "99")], ""),
        (&[(tags::NUMBER_OF_PATIENT_RELATED_STUDIES, "2")], "1 4"),
        (&[(tags::INSTANCE_AVAILABILITY, "ONLINE")], "2 1 3 4"),
        (&[(tags::INSTANCE_AVAILABILITY, "NEARLINE")], ""),
        // Attributes of the levels below.
        (&[(tags::MODALITY, "CT")], "1 3"),
        (&[(tags::MODALITIES_IN_STUDY, "CT")], "1 3"),
        (&[(tags::MODALITIES_IN_STUDY, "US\\MR")], "2 4"),
        (
            &[(tags::MODALITIES_IN_STUDY, "CT"), (tags::MODALITY, "SR")],
            "1",
        ),
        (
            &[(tags::SOP_CLASSES_IN_STUDY, "1.2.840.10008.5.1.4.1.1.4")],
            "2",
        ),
        (&[(tags::SOP_INSTANCE_UID, "1.9.4.1.2")], "4"),
        (&[(tags::INSTANCE_NUMBER, "4")], ""),
        // Attributes without a column, text and number.
        (&[(tags::PATIENT_AGE, "042Y")], "2 1 3 4"),
        (&[(tags::KVP, "120")], "2 1 3 4"),
        (&[(tags::KVP, "125")], ""),
        (&[(tags::IMAGE_TYPE, "PRIM*")], "2 1 3 4"),
        (&[(tags::KVP, "120"), (tags::PATIENT_NAME, "doe*")], "3"),
        (&[(tags::STATION_NAME, "X")], ""),
        (&[(tags::PATIENT_COMMENTS, "X")], ""),
    ];
    for (pairs, expected) in cases {
        if pairs.iter().any(|(_, value)| value.ends_with("2400")) {
            let refused = run(&archive, query(Level::Study, pairs)).await;
            assert!(matches!(refused, Err(Error::BadKey { .. })));
            continue;
        }
        assert_eq!(studies(&archive, pairs).await, *expected, "{pairs:?}");
    }
}

#[tokio::test]
async fn date_and_time_are_one_moment_if_asked() {
    let (archive, _folder) = archive().await;
    let pairs = [
        (tags::STUDY_DATE, "20231231-20240101"),
        (tags::STUDY_TIME, "2300-0900"),
    ];
    let mut combined = query(Level::Study, &pairs);
    assert_eq!(studies_of(&archive, combined.clone()).await, "");
    combined.combined_date_time = true;
    assert_eq!(studies_of(&archive, combined).await, "1 3");
}

#[tokio::test]
async fn empty_values_are_matched_if_asked() {
    let (archive, _folder) = archive().await;
    for (tag, expected) in [
        (tags::STUDY_DATE, "4"),
        (tags::PATIENT_COMMENTS, "2 1 3 4"),
        (tags::PATIENT_AGE, ""),
        (tags::PATIENT_NAME, ""),
        (tags::LATERALITY, "2 1 3 4"),
    ] {
        let mut empty = query(Level::Study, &[(tag, "\"\"")]);
        empty.empty_value_matching = true;
        assert_eq!(studies_of(&archive, empty).await, expected, "{tag}");
    }
}

#[tokio::test]
async fn fuzzy_names_match_by_sound_and_in_any_order() {
    let (archive, _folder) = archive().await;
    for (name, expected) in [
        ("Jorg Muler", "1 4"),
        ("miller^joerk", "1 4"),
        ("tarou yam*", "2"),
        ("Doe", "3"),
        ("Smith", ""),
    ] {
        let mut fuzzy = query(Level::Study, &[(tags::PATIENT_NAME, name)]);
        fuzzy.fuzzy = true;
        assert_eq!(studies_of(&archive, fuzzy).await, expected, "{name}");
    }
}

#[tokio::test]
async fn sequences_match_by_one_item() {
    let (archive, _folder) = archive().await;
    let with = |tag, item: DataSet| {
        let mut keys = DataSet::utf8();
        keys.put_items(tag, vec![item]);
        Query::new(Level::Study, keys)
    };
    let procedure = |item| with(tags::PROCEDURE_CODE_SEQUENCE, item);
    let mut partial = DataSet::utf8();
    partial.put_text(tags::CODE_VALUE, "S3");
    assert_eq!(studies_of(&archive, procedure(partial)).await, "3");
    assert_eq!(
        studies_of(&archive, procedure(code("S?", "99Y", "two"))).await,
        "2 1 3 4"
    );
    // All keys must match in the same item.
    assert_eq!(
        studies_of(&archive, procedure(code("C1", "99Y", ""))).await,
        ""
    );
    assert_eq!(
        studies_of(&archive, procedure(DataSet::utf8())).await,
        "2 1 3 4"
    );
    for (step, expected) in [("SPS2", "2"), ("SPS2b", "2"), ("SPS", "")] {
        let mut item = DataSet::utf8();
        item.put_text(tags::SCHEDULED_PROCEDURE_STEP_ID, step);
        let found = with(tags::REQUEST_ATTRIBUTES_SEQUENCE, item);
        assert_eq!(studies_of(&archive, found).await, expected, "{step}");
    }
}

#[tokio::test]
async fn private_attributes_match_in_whatever_block_they_are() {
    let (archive, _folder) = archive().await;
    let mut keys = DataSet::utf8();
    keys.put_bytes(ACME, Vr::LO, b"ACME 1.1".to_vec());
    let private = Tag(0x0029, 0x1008);
    keys.put(Element {
        tag: private,
        vr: Vr::LO,
        value: Value::Bytes(b"PRIV?".as_slice().into()),
    });
    let found = run(&archive, Query::new(Level::Study, keys.clone()))
        .await
        .unwrap();
    let values: Vec<String> = found.iter().flat_map(|a| a.texts(private)).collect();
    assert_eq!(values, ["PRIV2", "PRIV1", "PRIV3", "PRIV4"]);
    assert_eq!(found[0].text(ACME).as_deref(), Some("ACME 1.1"));
    keys.put_bytes(ACME, Vr::LO, b"OTHER".to_vec());
    assert!(
        run(&archive, Query::new(Level::Study, keys))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn what_cannot_be_matched_is_an_error_or_named() {
    let (archive, _folder) = archive().await;
    for (tag, value) in [
        (tags::STUDY_DATE, "2024-13"),
        (tags::STUDY_INSTANCE_UID, "1.9.*"),
        (tags::SERIES_NUMBER, "x"),
    ] {
        let refused = archive.query(query(Level::Study, &[(tag, value)])).await;
        assert!(matches!(refused, Err(Error::BadKey { .. })), "{tag}");
    }
    let mut keys = DataSet::utf8();
    keys.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![1, 2]);
    // Not known at this level.
    keys.put_text(tags::NUMBER_OF_SERIES_RELATED_INSTANCES, "2");
    let answers = archive.query(Query::new(Level::Study, keys)).await.unwrap();
    let unsupported = answers.unsupported.clone();
    assert_eq!(
        unsupported,
        [tags::NUMBER_OF_SERIES_RELATED_INSTANCES, tags::PIXEL_DATA]
    );
    assert_eq!(answers.answers.count().await, 4);
}

#[tokio::test]
async fn levels_above_and_below_restrict() {
    let (archive, _folder) = archive().await;
    let series = query(Level::Series, &[(tags::PATIENT_ID, "A"), (tags::ROWS, "")]);
    let found = values(&archive, series, tags::SERIES_INSTANCE_UID).await;
    assert_eq!(found, ["1.9.1.1", "1.9.1.2", "1.9.4.1"]);
    let instances = query(
        Level::Instance,
        &[
            (tags::PATIENT_ID, "A"),
            (tags::MODALITY, "CT"),
            (tags::KVP, ""),
        ],
    );
    let found = values(&archive, instances, tags::SOP_INSTANCE_UID).await;
    assert_eq!(found, ["1.9.1.1.1", "1.9.1.1.2", "1.9.1.1.3"]);
    let one = query(
        Level::Instance,
        &[(tags::KVP, "120.00"), (tags::MODALITY, "CT")],
    );
    let found = values(&archive, one, tags::SOP_INSTANCE_UID).await;
    assert_eq!(found, ["1.9.1.1.2", "1.9.3.1.2"]);
    let patients = query(
        Level::Patient,
        &[(tags::MODALITY, "CT"), (tags::KVP, "130")],
    );
    let found = values(&archive, patients, tags::PATIENT_ID).await;
    assert_eq!(found, ["C", "A"]);
    let mut listed = query(Level::Series, &[]);
    listed.only_studies = Some(vec![sagittal_core::Uid::new("1.9.2").unwrap()]);
    let found = values(&archive, listed, tags::SERIES_INSTANCE_UID).await;
    assert_eq!(found, ["1.9.2.1"]);
}
