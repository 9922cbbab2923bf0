#![allow(clippy::unwrap_used)]
use super::super::{ALL_INSTANCES, SERIES_OF_STUDY, STUDIES};
use super::*;

fn search(query: &str) -> Result<Search> {
    read(STUDIES, &Request::for_test("/studies", query, &[])?, 100)
}

fn key(query: &str, tag: Tag) -> Option<String> {
    let search = search(query).unwrap();
    search.query.keys.text(tag).map(|text| text.into_owned())
}

#[test]
fn attributes_are_named_by_keyword_or_tag() {
    for name in ["PatientID", "00100020", "0010,0020"] {
        assert_eq!(
            key(&format!("{name}=A1"), tags::PATIENT_ID).as_deref(),
            Some("A1")
        );
    }
    assert_eq!(
        key("PatientName=D%C3%B6*", tags::PATIENT_NAME).as_deref(),
        Some("Dö*")
    );
    assert_eq!(
        key("StudyDate=20200101-20201231", tags::STUDY_DATE).as_deref(),
        Some("20200101-20201231")
    );
}

#[test]
fn uid_lists_have_commas_backslashes_or_several_parameters() {
    for query in [
        "StudyInstanceUID=1.2,1.3",
        "StudyInstanceUID=1.2%5C1.3",
        "StudyInstanceUID=1.2&0020000D=1.3",
    ] {
        assert_eq!(
            key(query, tags::STUDY_INSTANCE_UID).as_deref(),
            Some("1.2\\1.3"),
            "{query}"
        );
    }
    // A comma in text is a comma.
    assert_eq!(
        key("StudyDescription=a,b", tags::STUDY_DESCRIPTION).as_deref(),
        Some("a,b")
    );
}

#[test]
fn paths_reach_into_sequences() {
    let search = search(
        "00400275.00400009=S1&RequestAttributesSequence.RequestedProcedureID=R1&includefield=00400275.00400007",
    )
    .unwrap();
    let items = search.query.keys.items(tags::REQUEST_ATTRIBUTES_SEQUENCE);
    assert_eq!(items.len(), 1);
    let text = |tag| items[0].text(tag).map(|t| t.into_owned());
    assert_eq!(
        text(tags::SCHEDULED_PROCEDURE_STEP_ID).as_deref(),
        Some("S1")
    );
    assert_eq!(text(tags::REQUESTED_PROCEDURE_ID).as_deref(), Some("R1"));
    assert!(items[0].contains(tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION));
}

#[test]
fn fields_are_included_one_by_one_or_all() {
    let search =
        search("includefield=StudyDescription,00081030&includefield=all&includefield=00091001")
            .unwrap();
    assert!(search.query.all_attributes);
    assert!(search.query.keys.contains(tags::STUDY_DESCRIPTION));
    assert!(search.query.keys.contains(Tag(0x0009, 0x1001)));
    assert!(
        search
            .query
            .keys
            .get(tags::STUDY_DESCRIPTION)
            .unwrap()
            .value
            .is_empty()
    );
    let whole =
        super::tests::search("includefield=00400275&includefield=00400275.00400009").unwrap();
    assert!(
        whole
            .query
            .keys
            .items(tags::REQUEST_ATTRIBUTES_SEQUENCE)
            .is_empty()
    );
}

#[test]
fn numbers_become_numbers() {
    let search = search("Rows=512&BitsAllocated=8%5C16").unwrap();
    assert_eq!(search.query.keys.int(tags::ROWS), Some(512));
    assert_eq!(search.query.keys.ints(tags::BITS_ALLOCATED), [8, 16]);
}

#[test]
fn limits_and_switches_are_read() {
    let search = search(
        "limit=500&offset=7&fuzzymatching=TRUE&emptyvaluematching=true&multiplevaluematching=false",
    )
    .unwrap();
    assert_eq!((search.query.limit, search.query.offset), (Some(100), 7));
    assert!(search.query.fuzzy && search.query.empty_value_matching);
    assert!(!search.query.multiple_value_matching);
    assert_eq!(super::tests::search("").unwrap().query.limit, Some(100));
    assert_eq!(
        super::tests::search("limit=0").unwrap().query.limit,
        Some(0)
    );
}

#[test]
fn what_cannot_be_understood_is_refused() {
    for bad in [
        "limit=-1",
        "limit=",
        "limit=x",
        "offset=1.5",
        "offset=18446744073709551615",
        "fuzzymatching=yes",
        "NoSuchAttribute=1",
        "1234=5",
        "=x",
        "PatientName.PatientID=1",
        "00400275=x",
        "Rows=x",
        "Rows=70000",
        "PixelData=1",
        "00020010=1.2",
        "00080000=1",
        "PatientID=1&PatientID=2",
        "PatientID=%00",
        "includefield=Nonsense",
        "includefield=00400275.Nonsense",
        "a.b.c.d=1",
    ] {
        assert!(matches!(search(bad), Err(Error::BadRequest(_))), "{bad}");
    }
    let deep = format!("{}00400009=1", "00400275.".repeat(40));
    assert!(search(&deep).is_err());
}

#[test]
fn the_path_restricts_and_the_query_may_not_contradict() {
    let read = |query: &str| {
        let request = Request::for_test("/studies/1.2/series", query, &[("study", "1.2")])?;
        read(SERIES_OF_STUDY, &request, 10)
    };
    let search = read("").unwrap();
    assert_eq!(
        search.query.keys.text(tags::STUDY_INSTANCE_UID).as_deref(),
        Some("1.2")
    );
    assert!(read("StudyInstanceUID=1.2").is_ok());
    assert!(read("StudyInstanceUID=1.3").is_err());
}

#[test]
fn required_attributes_do_not_hide_matching_keys() {
    let request =
        Request::for_test("/instances", "Modality=CT&RetrieveURL=&00080054=", &[]).unwrap();
    let search = read(ALL_INSTANCES, &request, 10).unwrap();
    assert_eq!(
        search.query.keys.text(tags::MODALITY).as_deref(),
        Some("CT")
    );
    assert!(!search.query.keys.contains(tags::RETRIEVE_URL));
    assert!(search.asked.contains(tags::RETRIEVE_AE_TITLE));
}
