//! Queries of a view: what is shown can be searched for, what is hidden cannot.

use sagittal_core::tags;

use super::{Place, read, text};

#[test]
fn a_search_for_what_is_hidden_finds_nothing() {
    let place = Place::new();
    let mut asked = 0;
    for file in &place.corpus.files {
        let data_set = read(&file.bytes);
        for (tag, level) in [
            (tags::PATIENT_NAME, "studies"),
            (tags::PATIENT_ID, "studies"),
            (tags::PATIENT_BIRTH_DATE, "studies"),
            (tags::ACCESSION_NUMBER, "studies"),
            (tags::REFERRING_PHYSICIAN_NAME, "studies"),
            (tags::STUDY_INSTANCE_UID, "studies"),
            (tags::STUDY_ID, "studies"),
            (tags::SERIES_INSTANCE_UID, "series"),
            (tags::INSTITUTION_NAME, "series"),
            (tags::OPERATORS_NAME, "series"),
            (tags::SOP_INSTANCE_UID, "instances"),
        ] {
            let Some(value) = data_set.first_text(tag).filter(|value| !value.is_empty()) else {
                continue;
            };
            let family = value.split(['^', '=']).next().unwrap_or_default();
            for value in [value.clone(), format!("{family}*")] {
                if tag.to_string().contains("UID") && value.ends_with('*') {
                    continue;
                }
                let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
                let path = format!("/{level}?{}={encoded}", tag.to_hex());
                let answer = place
                    .server
                    .request("GET", &format!("{}{path}", super::VIEW))
                    .header("Accept", "application/dicom+json")
                    .send();
                assert!(
                    matches!(answer.status, 204 | 400),
                    "{tag} {value}: {} {}",
                    answer.status,
                    answer.text()
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 100, "{asked}");
}

#[test]
fn what_is_shown_can_be_searched_for() {
    let place = Place::new();
    let fields = "includefield=00080020,00081030,00080050,00080090";
    let studies = place.search(&format!("/studies?{fields}"));
    assert_eq!(studies.len(), 2);
    for study in &studies {
        let only = |query: String| {
            let found = place.search(&format!("/studies?{query}"));
            assert!(
                found
                    .iter()
                    .any(|one| text(one, "0020000D") == text(study, "0020000D")),
                "{query}: {found:?}"
            );
            found.len()
        };
        assert_eq!(only(format!("PatientID={}", text(study, "00100020"))), 1);
        assert_eq!(
            only(format!("StudyInstanceUID={}", text(study, "0020000D"))),
            1
        );
        let day = text(study, "00080020");
        assert_eq!(day.len(), 8, "{study}");
        only(format!("StudyDate={day}"));
        only(format!("StudyDate={day}-{day}"));
        only(format!("StudyDate=-{day}"));
        only(format!("ModalitiesInStudy=CT&StudyDate={day}-"));
        assert_eq!(only("00080060=MR".to_owned()), 2);
        let uid = text(study, "0020000D");
        let series = place.search(&format!("/studies/{uid}/series?Modality=CT"));
        assert_eq!(series.len(), 1);
        let series = text(&series[0], "0020000E");
        assert_eq!(
            place
                .search(&format!("/studies/{uid}/series/{series}/instances"))
                .len(),
            2
        );
        // Without the study: the UIDs are derived forward from what there is.
        let found = place.search(&format!("/instances?SeriesInstanceUID={series}"));
        assert_eq!(found.len(), 2);
        let instance = text(&found[0], "00080018");
        assert_eq!(
            place
                .search(&format!("/instances?SOPInstanceUID={instance}"))
                .len(),
            1
        );
        assert_eq!(
            place
                .search(&format!("/studies?SOPInstanceUID={instance}"))
                .len(),
            1
        );
    }
    assert!(place.search("/studies?ModalitiesInStudy=XA").is_empty());
    assert!(
        place
            .search("/studies?StudyDate=18000101-18001231")
            .is_empty()
    );
}

#[test]
fn pages_are_in_an_order_of_their_own_and_leave_nothing_out() {
    let place = Place::new();
    let all = place.search("/instances");
    let mut paged = Vec::new();
    for offset in (0..40).step_by(10) {
        paged.extend(place.search(&format!("/instances?limit=10&offset={offset}")));
    }
    let uids = |answers: &[serde_json::Value]| -> Vec<String> {
        answers
            .iter()
            .map(|answer| text(answer, "00080018"))
            .collect()
    };
    assert_eq!(uids(&paged), uids(&all));
    let studies: Vec<String> = place
        .search("/studies")
        .iter()
        .map(|study| text(study, "0020000D"))
        .collect();
    assert_eq!(studies.len(), 2);
}

#[test]
fn a_study_that_comes_or_goes_is_there_or_not_at_once() {
    let place = Place::new();
    let mut ct = sagittal_tests::objects::ct();
    for number in 0..3 {
        let before = place.search("/studies").len();
        place.server.stow(&[ct.part10()]).expect(200);
        assert_eq!(place.search("/studies").len(), before + 1, "{number}");
        ct = sagittal_tests::objects::ct();
    }
    let original = ct;
    place.server.stow(&[original.part10()]).expect(200);
    let now = place.search("/studies").len();
    let path = format!("/dicom-web/studies/{}", original.study_instance_uid());
    place.server.request("DELETE", &path).send().expect(204);
    assert_eq!(place.search("/studies").len(), now - 1);
}
