//! C-FIND, C-MOVE, C-GET and C-STORE of a view, with DCMTK.

use std::collections::BTreeMap;
use std::process::Command;

use sagittal_core::tags;
use sagittal_tests::planted::generate;
use sagittal_tests::{Ran, Server, cli, data, objects, peer};

use super::{Place, read};

/// A tool of DCMTK that calls an AE title.
fn dcmtk(tool: &str, server: &Server, called: &str, arguments: &[&str]) -> Option<Ran> {
    let address = server.dimse();
    let mut command = Command::new(peer::dcmtk(tool)?);
    command
        .args(["-aec", called])
        .args(arguments)
        .args([address.ip().to_string(), address.port().to_string()])
        .current_dir(server.folder());
    Some(cli::run(&mut command))
}

fn answers(server: &Server, level: &str, keys: &[&str]) -> Option<Vec<String>> {
    let mut arguments = vec!["-S", "-v", "-k", level];
    for key in keys {
        arguments.extend(["-k", key]);
    }
    let ran = dcmtk("findscu", server, "RESEARCH", &arguments)?.expect(0);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    Some(
        said.split("Find Response:")
            .skip(1)
            .map(str::to_owned)
            .collect(),
    )
}

#[test]
fn findscu_is_answered_in_pseudonyms_and_finds_by_them() {
    let place = Place::new();
    let keys = [
        "StudyInstanceUID",
        "PatientName",
        "PatientID",
        "StudyDate",
        "StudyDescription",
        "AccessionNumber",
        "ReferringPhysicianName",
        "ModalitiesInStudy",
    ];
    let level = "QueryRetrieveLevel=STUDY";
    let Some(found) = answers(&place.server, level, &keys) else {
        return;
    };
    assert_eq!(found.len(), 2, "{found:?}");
    for answer in &found {
        for secret in &place.secrets {
            assert!(!answer.contains(secret.as_str()), "{secret} in {answer}");
        }
    }
    for study in place.search("/studies") {
        let id = super::text(&study, "00100020");
        let by_id = answers(
            &place.server,
            level,
            &["StudyInstanceUID", &format!("PatientID={id}")],
        );
        assert_eq!(by_id.unwrap().len(), 1);
    }
    for file in place.corpus.files.iter().take(3) {
        let original = read(&file.bytes);
        for (keyword, tag) in [
            ("PatientName", tags::PATIENT_NAME),
            ("PatientID", tags::PATIENT_ID),
            ("StudyInstanceUID", tags::STUDY_INSTANCE_UID),
            ("AccessionNumber", tags::ACCESSION_NUMBER),
        ] {
            let value = original.first_text(tag).unwrap();
            let key = format!("{keyword}={value}");
            let found = answers(&place.server, level, &[key.as_str()]).unwrap();
            assert!(found.is_empty(), "{key}: {found:?}");
        }
    }
}

#[test]
fn getscu_and_movescu_deliver_what_the_view_gives() {
    let port = data_port();
    let more = format!(
        "[[peer]]\nname = \"lab\"\nae_title = \"LAB\"\nhost = \"127.0.0.1\"\nport = {port}\n"
    );
    let place = Place::with(&generate(1, 5), &more);
    let expected = place.instances();
    let study = super::text(&place.search("/studies")[0], "0020000D");
    let key = format!("StudyInstanceUID={study}");
    let level = "QueryRetrieveLevel=STUDY";
    let got = place.server.folder().join("got");
    std::fs::create_dir_all(&got).unwrap();
    let into = got.display().to_string();
    let keys = ["-S", "+B", "-od", &into, "-k", level, "-k", &key];
    let Some(ran) = dcmtk("getscu", &place.server, "RESEARCH", &keys) else {
        return;
    };
    ran.expect(0);
    check(&place, &got, &expected);
    let moved = place.server.folder().join("moved");
    std::fs::create_dir_all(&moved).unwrap();
    let (into, port) = (moved.display().to_string(), port.to_string());
    let keys = [
        "-S", "+P", &port, "-aet", "LAB", "-aem", "LAB", "-od", &into, "-k", level, "-k", &key,
    ];
    let Some(ran) = dcmtk("movescu", &place.server, "RESEARCH", &keys) else {
        return;
    };
    ran.expect(0);
    check(&place, &moved, &expected);
}

fn data_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// What arrived is what the view gives, without a secret in any byte.
fn check(place: &Place, folder: &std::path::Path, expected: &BTreeMap<String, Vec<u8>>) {
    let files = data::files(folder);
    assert_eq!(files.len(), expected.len());
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for secret in &place.secrets {
            assert!(!text.contains(secret.as_str()), "{secret}");
        }
        let data_set = read(&bytes);
        let uid = data_set.first_text(tags::SOP_INSTANCE_UID).unwrap();
        let expected = read(&expected[&uid]);
        for tag in [tags::PATIENT_ID, tags::STUDY_DATE, tags::PIXEL_DATA] {
            let value = |of: &sagittal_core::DataSet| of.bytes(tag).cloned();
            assert_eq!(value(&data_set), value(&expected), "{uid} {tag}");
        }
    }
}

#[test]
fn nothing_is_stored_through_a_view() {
    let place = Place::with(&generate(1, 5), "");
    let before = place.server.count("");
    let file = place.server.folder().join("ct.dcm");
    std::fs::write(&file, objects::ct().part10()).unwrap();
    let program = peer::dcmtk("storescu");
    let Some(program) = program else {
        return;
    };
    let address = place.server.dimse();
    let store = |called: &str| {
        let mut command = Command::new(&program);
        command
            .args(["-aec", called])
            .args([address.ip().to_string(), address.port().to_string()])
            .arg(&file);
        cli::run(&mut command).code
    };
    assert_ne!(store("RESEARCH"), Some(0));
    assert_eq!(place.server.count(""), before);
    assert_eq!(store(place.server.ae_title()), Some(0));
    let echo = dcmtk("echoscu", &place.server, "RESEARCH", &[]);
    assert_eq!(echo.unwrap().code, Some(0));
}
