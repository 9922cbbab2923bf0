//! What STOW-RS stores, QIDO-RS finds and WADO-RS gives back, byte for byte.

use sagittal_core::tags;
use sagittal_tests::{Server, objects};

#[test]
fn a_stored_instance_is_found_and_comes_back_unchanged() {
    let server = Server::start();
    let object = objects::ct().with(tags::PATIENT_NAME, "山田^太郎");
    let stored = server.stow(&[object.part10()]).expect(200).json();
    assert!(stored["00081198"].is_null(), "{stored}");
    let found = server
        .get("/dicom-web/studies?PatientName=山田*")
        .expect(200)
        .json();
    assert_eq!(
        found[0]["0020000D"]["Value"][0],
        object.study_instance_uid().as_str()
    );
    let path = format!(
        "/dicom-web/studies/{}/series/{}/instances/{}",
        object.study_instance_uid(),
        object.series_instance_uid(),
        object.sop_instance_uid()
    );
    let answer = server
        .request("GET", &path)
        .header(
            "Accept",
            "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
        )
        .send()
        .expect(200);
    let parts = answer.parts();
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].1, object.part10());
}
