//! QIDO-RS over a real archive.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Answer, Image, Server};

async fn filled() -> Server {
    let server = Server::open().await;
    let mut files = Vec::new();
    for number in 1..=3 {
        files.push(
            Image {
                number,
                ..Image::default()
            }
            .file(),
        );
    }
    for (study, series, patient) in [
        ("1.2.826.2", "1.2.826.2.1", "MÜLLER^JÖRG"),
        ("1.2.826.3", "1.2.826.3.1", "SMITH^ANN"),
    ] {
        files.push(
            Image {
                study,
                series,
                patient,
                ..Image::default()
            }
            .file(),
        );
    }
    server.store(&files).await;
    server
}

fn count(answer: &Answer) -> usize {
    match answer.status.as_u16() {
        204 => 0,
        200 => answer.json().as_array().unwrap().len(),
        status => panic!("{status}: {}", answer.text()),
    }
}

#[tokio::test]
async fn all_six_resources_answer_with_their_levels() {
    let server = filled().await;
    for (path, expected, tags) in [
        (
            "/studies",
            3,
            vec!["0020000D", "00100010", "00201208", "00081190"],
        ),
        (
            "/series",
            3,
            vec!["0020000E", "00080060", "00100010", "00201209"],
        ),
        (
            "/instances",
            5,
            vec!["00080018", "00080016", "00200013", "00100010", "00080060"],
        ),
        (
            "/studies/1.2.826.1/series",
            1,
            vec!["0020000E", "0020000D", "00080060"],
        ),
        (
            "/studies/1.2.826.1/instances",
            3,
            vec!["00080018", "0020000E", "00080060"],
        ),
        (
            "/studies/1.2.826.1/series/1.2.826.1.1/instances",
            3,
            vec!["00080018", "00280010"],
        ),
    ] {
        let answer = server.get(&format!("/dicom-web{path}")).await;
        assert_eq!(count(&answer), expected, "{path}");
        for item in answer.json().as_array().unwrap() {
            for tag in &tags {
                assert!(item.get(tag).is_some(), "{path}: {tag} in {item}");
            }
        }
    }
    let series = server
        .get("/dicom-web/studies/1.2.826.1/series")
        .await
        .json();
    assert!(series[0].get("00100010").is_none(), "{}", series[0]);
    assert_eq!(
        series[0]["00081190"]["Value"][0],
        "http://pacs/dicom-web/studies/1.2.826.1/series/1.2.826.1.1"
    );
}

#[tokio::test]
async fn keys_match() {
    let server = filled().await;
    for (query, expected) in [
        ("PatientName=doe*", 1),
        ("PatientName=M%C3%BCller*", 1),
        ("00100010=muller*", 1),
        ("PatientID=P1", 3),
        ("PatientID=P2", 0),
        ("StudyDate=20240101-20240201", 3),
        ("StudyDate=-20230101", 0),
        ("StudyInstanceUID=1.2.826.1,1.2.826.3", 2),
        ("ModalitiesInStudy=CT", 3),
        ("ModalitiesInStudy=MR", 0),
        ("PatientName=smyth&fuzzymatching=true", 1),
        ("limit=2", 2),
        ("limit=2&offset=2", 1),
        ("offset=9", 0),
        ("limit=0", 0),
    ] {
        let answer = server.get(&format!("/dicom-web/studies?{query}")).await;
        assert_eq!(count(&answer), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_say_how_many_there_are() {
    let server = filled().await;
    let page = server.get("/dicom-web/instances?limit=2&offset=1").await;
    assert_eq!(page.header("x-total-count"), "5");
    assert!(
        page.header("warning")
            .contains("There are 2 additional results")
    );
    let last = server.get("/dicom-web/instances?limit=2&offset=4").await;
    assert_eq!((count(&last), last.header("x-total-count")), (1, "5"));
    assert_eq!(last.header("warning"), "");
}

#[tokio::test]
async fn fields_are_included() {
    let server = filled().await;
    let plain = server.get("/dicom-web/studies").await.json();
    assert!(plain[0].get("00081030").is_none());
    let with = server
        .get("/dicom-web/studies?includefield=StudyDescription")
        .await
        .json();
    assert_eq!(with[0]["00081030"]["Value"][0], "Chest");
    let all = server
        .get("/dicom-web/studies?includefield=all")
        .await
        .json();
    assert_eq!(all[0]["00081030"]["Value"][0], "Chest");
}

#[tokio::test]
async fn answers_come_as_xml() {
    let server = filled().await;
    let answer = server
        .get_as(
            "/dicom-web/studies",
            "multipart/related; type=\"application/dicom+xml\"",
        )
        .await;
    assert_eq!(answer.parts().len(), 3);
    let none = server.get_as("/dicom-web/studies", "image/png").await;
    assert_eq!(none.status, 406);
}
