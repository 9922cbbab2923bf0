//! What patients are called is their business: not in logs, audit, or error messages.

use sagittal_core::tags;
use sagittal_tests::dicom::Peer;
use sagittal_tests::http::{Request, multipart};
use sagittal_tests::{Server, objects, sagittal};

const SECRETS: [&str; 4] = [
    "Zwiebelkuchen",
    "Quastenflosser",
    "PID-4711-XYZZY",
    "ACC-PLUGH-99",
];

#[test]
fn no_patient_data_are_in_logs_audit_or_error_messages() {
    let server = Server::builder().arg("--log-level").arg("trace").start();
    let secret = |object: objects::Object| {
        object
            .with(tags::PATIENT_NAME, "Zwiebelkuchen^Quastenflosser")
            .with(tags::PATIENT_ID, "PID-4711-XYZZY")
            .with(tags::ACCESSION_NUMBER, "ACC-PLUGH-99")
    };
    let object = secret(objects::ct());
    let mut answers = vec![server.stow(&[object.part10()]).expect(200).text()];
    let mut peer = Peer::for_object(server.dimse(), "PRIVATE", &object).unwrap();
    assert_eq!(peer.store(&secret(objects::ct())).unwrap(), 0);
    // The same instance with other content; broken ones; one without UIDs.
    answers.push(
        server
            .stow(&[object.clone().with(tags::STUDY_ID, "2").part10()])
            .text(),
    );
    let part10 = object.part10();
    answers.push(server.stow(&[part10[..700].to_vec()]).text());
    let mut broken = secret(objects::ct());
    broken.data_set.remove(tags::STUDY_INSTANCE_UID);
    answers.push(server.stow(&[broken.part10()]).text());
    let bad = secret(objects::ct()).with(tags::STUDY_DATE, "Zwiebelkuchen");
    answers.push(server.stow(&[bad.part10()]).text());
    let json = br#"[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"Zwiebelkuchen"}]},"00100020":{"vr":"LO","Value":["PID-4711-XYZZY"]},"00080020":{"vr":"DA","Value":[{"Quastenflosser":1}]}}]"#;
    let request = Request::new("POST", server.http(), "/dicom-web/studies")
        .header(
            "Content-Type",
            "multipart/related; type=\"application/dicom+json\"; boundary=sagittal-test",
        )
        .body(multipart("application/dicom+json", &[json.to_vec()]));
    answers.push(request.send().text());
    for query in [
        "PatientName=Zwiebelkuchen*",
        "PatientID=PID-4711-XYZZY",
        "AccessionNumber=ACC-PLUGH-99&fuzzymatching=true",
    ] {
        server
            .get(&format!("/dicom-web/studies?{query}"))
            .expect(200);
    }
    for query in [
        "StudyDate=Zwiebelkuchen",
        "limit=PID-4711-XYZZY",
        "Quastenflosser=ACC-PLUGH-99",
    ] {
        server.get(&format!("/dicom-web/studies?{query}"));
    }
    let address = format!("SAGITTAL@{}", server.dimse());
    for key in [
        "PatientName=Zwiebelkuchen*",
        "PatientID=PID-4711-XYZZY",
        "StudyDate=Quastenflosser",
    ] {
        sagittal(["find", &address, "-k", key]);
    }
    server.assert_well();
    let log = server.log();
    let audit = std::fs::read_to_string(server.data().join("audit.jsonl")).unwrap();
    for secret in SECRETS {
        for line in log.lines() {
            assert!(!line.contains(secret), "in the log: {line}");
        }
        for line in audit.lines() {
            assert!(!line.contains(secret), "in the audit log: {line}");
        }
        for answer in &answers {
            assert!(!answer.contains(secret), "in an answer: {answer}");
        }
    }
}
