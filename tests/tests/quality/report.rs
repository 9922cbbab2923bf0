//! The report over HTTP, as a page and as a command, and metrics.

use sagittal_core::tags;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, dicom, sagittal};

use super::{cut, findings, kinds};

#[test]
fn the_report_tells_who_sends_what() {
    let mut server = Server::start();
    let good = objects::ct();
    let bad = cut();
    let odd = objects::mr().with(tags::STUDY_DATE, "29990101");
    for (source, object) in [("CT1", &good), ("CT1", &bad), ("MR1", &odd)] {
        let mut peer = dicom::Peer::for_object(server.dimse(), source, object).unwrap();
        assert_eq!(peer.store(object).unwrap(), 0);
    }
    let report = server
        .request("GET", "/quality?days=2")
        .header("Accept", "application/json")
        .send()
        .expect(200)
        .json();
    let groups = report["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    // The largest share first.
    assert_eq!(
        (&groups[0]["source"], &groups[0]["modality"]),
        (&"MR1".into(), &"MR".into())
    );
    assert_eq!(groups[0]["share_of_studies"], 1.0);
    assert_eq!(groups[0]["findings"][0]["kind"], "date-time");
    assert_eq!(
        groups[0]["findings"][0]["examples"][0],
        odd.sop_instance_uid().as_str()
    );
    assert_eq!(
        (&groups[1]["studies"], &groups[1]["affected_studies"]),
        (&2.into(), &1.into())
    );
    assert_eq!(groups[1]["share_of_studies"], 0.5);
    let page = server
        .request("GET", "/quality")
        .header("Accept", "text/html")
        .send()
        .expect(200);
    let text = page.text();
    assert!(
        text.contains("PatientName cut") && text.contains("CT1 · CT"),
        "{text}"
    );
    assert!(!text.contains("nnnnnnnn"), "no patient data");
    let metrics = server.get("/metrics").expect(200).text();
    for line in [
        "sagittal_quality_findings_total{kind=\"cut\",severity=\"warning\",source=\"CT1\",modality=\"CT\"} 1",
        "sagittal_quality_instances_total{outcome=\"clean\"} 1",
        "sagittal_quality_instances_total{outcome=\"tagged\"} 2",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    let study = bad.study_instance_uid();
    let of_study = server
        .get(&format!("/dicom-web/studies/{study}/findings"))
        .expect(200)
        .json();
    assert_eq!(
        of_study[0]["sop_instance_uid"],
        bad.sop_instance_uid().as_str()
    );

    let url = format!("{}/", server.dicomweb());
    let html = server.folder().join("quality.html");
    let file = html.display().to_string();
    let arguments = [
        "quality", "report", "--json", "--html", &file, "--server", &url,
    ];
    let ran = sagittal(arguments).expect(0);
    assert_eq!(ran.json()["groups"], report["groups"]);
    assert!(
        std::fs::read_to_string(html)
            .unwrap()
            .contains("PatientName cut")
    );
    server.stop();
    let data = server.data().display().to_string();
    let ran = sagittal(["quality", "report", "--since", "1d", "--data", &data]).expect(0);
    assert!(ran.stdout.contains("1 of 2 studies"), "{}", ran.stdout);
}

#[test]
fn another_patient_in_a_study_and_another_object_under_a_uid_are_told() {
    let server = Server::start();
    let first = objects::ct();
    let other = objects::ct()
        .in_study_of(&first)
        .with(tags::PATIENT_ID, "OTHER")
        .with(tags::PATIENT_NAME, "Other^Olga");
    let uid = first.sop_instance_uid();
    let again = objects::ct()
        .beside(&first, 9)
        .with(tags::SOP_INSTANCE_UID, uid.as_str());
    for object in [&first, &other, &again] {
        server.stow(&[Object::part10(object)]);
    }
    let found = findings(&server, &format!("instance={}", other.sop_instance_uid()));
    let expected =
        ["PatientName", "PatientID"].map(|path| ("consistency".to_owned(), path.to_owned()));
    assert_eq!(kinds(&found[0]), expected);
    let found = findings(&server, &format!("instance={uid}"));
    let expected = ("duplicate".to_owned(), "SOPInstanceUID".to_owned());
    assert_eq!(kinds(&found[0]), [expected]);
}
