//! DCMTK's tools against the server.

use std::process::Command;

use sagittal_core::tags;
use sagittal_tests::{Server, cli, objects, peer};

#[test]
fn what_storescu_sends_findscu_finds() {
    let (Some(storescu), Some(findscu)) = (peer::dcmtk("storescu"), peer::dcmtk("findscu")) else {
        return;
    };
    let server = Server::start();
    let (host, port) = (
        server.dimse().ip().to_string(),
        server.dimse().port().to_string(),
    );
    let input = server.folder().join("in");
    std::fs::create_dir_all(&input).unwrap();
    let object = objects::ct().with(tags::PATIENT_ID, "DCMTK-1");
    std::fs::write(input.join("a.dcm"), object.part10()).unwrap();
    let mut send = Command::new(storescu);
    send.args(["-aec", server.ae_title(), "+sd", &host, &port])
        .arg(&input);
    cli::run(&mut send).expect(0);
    let mut find = Command::new(findscu);
    find.args(["-S", "-aec", server.ae_title()])
        .args([
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            "PatientID=DCMTK-1",
            "-k",
            "StudyInstanceUID",
        ])
        .args([&host, &port]);
    let ran = cli::run(&mut find).expect(0);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(
        said.contains(object.study_instance_uid().as_str()),
        "{said}"
    );
}
