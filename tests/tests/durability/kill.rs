//! `kill -9`.

use sagittal_core::tags;
use sagittal_tests::{Server, objects};

#[test]
fn after_a_kill_everything_acknowledged_is_found_byte_for_byte() {
    let mut server = Server::start();
    let first = objects::ct().with(tags::PATIENT_ID, "KILL");
    let all: Vec<_> = (1..=8)
        .map(|number| {
            objects::ct()
                .with(tags::PATIENT_ID, "KILL")
                .beside(&first, number)
        })
        .collect();
    for object in &all {
        server.stow(&[object.part10()]).expect(200);
    }
    server.kill();
    server.restart();
    assert_eq!(server.count("PatientID=KILL"), 8);
    for object in &all {
        let path = format!(
            "/dicom-web/studies/{}/series/{}/instances/{}",
            object.study_instance_uid(),
            object.series_instance_uid(),
            object.sop_instance_uid()
        );
        let answer = server
            .request("GET", &path)
            .header("Accept", "application/dicom; transfer-syntax=*")
            .send()
            .expect(200);
        assert_eq!(answer.body, object.part10());
    }
}
