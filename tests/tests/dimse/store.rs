//! C-STORE (PS3.4 Annex B): what goes in comes out byte for byte.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use sagittal_core::{tags, transfer_syntax};
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, data, peer};

use super::tools::{Storescp, data_set, dcmtk, write};

/// Transfer syntax and bytes of each data set in a folder, by the hash-free key of its content.
fn contents(folder: &Path) -> Vec<(String, Bytes)> {
    let read = |path: &std::path::PathBuf| data_set(std::fs::read(path).unwrap());
    let mut all: Vec<_> = data::files(folder).iter().map(read).collect();
    all.sort();
    all
}

#[test]
fn what_storescu_sends_comes_back_byte_for_byte() {
    let Some(_) = peer::dcmtk("storescp") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let Some(receiver) = Storescp::start(folder.path(), &["+B", "+xa", "-aet", "DEST"]) else {
        return;
    };
    let server = Server::builder()
        .arg("--peer")
        .arg(format!("dest=DEST@127.0.0.1:{}", receiver.port))
        .start();
    let first = objects::ct();
    let all: Vec<Object> = vec![
        first.clone(),
        objects::mr()
            .in_study_of(&first)
            .in_transfer_syntax(transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN),
        objects::us(3)
            .in_study_of(&first)
            .in_transfer_syntax(transfer_syntax::EXPLICIT_VR_BIG_ENDIAN),
        objects::sr("Kein Befund: Schädel")
            .in_study_of(&first)
            .in_transfer_syntax(transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
        objects::pdf().in_study_of(&first),
    ];
    for (number, object) in all.iter().enumerate() {
        let input = write(
            &server,
            &format!("in{number}"),
            std::slice::from_ref(object),
        );
        let propose = match object.transfer_syntax_uid.as_str() {
            transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN => "-xi",
            transfer_syntax::EXPLICIT_VR_BIG_ENDIAN => "-xb",
            transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => "-xd",
            _ => "-xe",
        };
        dcmtk("storescu", &server, &[propose, "+sd"], &[&input])
            .unwrap()
            .expect(0);
    }
    let study = format!("StudyInstanceUID={}", first.study_instance_uid());
    let keys = [
        "-S",
        "-aem",
        "DEST",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        &study,
    ];
    dcmtk("movescu", &server, &keys, &[]).unwrap().expect(0);
    let mut sent: Vec<(String, Bytes)> =
        all.iter().map(|object| data_set(object.part10())).collect();
    sent.sort();
    assert_eq!(contents(&receiver.folder), sent);
}

#[test]
fn real_files_come_back_byte_for_byte_in_every_transfer_syntax() {
    let Some(files) = data::folder() else { return };
    let Some(_) = peer::dcmtk("dcmsend") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let Some(receiver) = Storescp::start(folder.path(), &["+B", "+xa", "+uf", "-aet", "DEST"])
    else {
        return;
    };
    let server = Server::builder()
        .arg("--peer")
        .arg(format!("dest=DEST@127.0.0.1:{}", receiver.port))
        .start();
    let compressed = files.join("compressed");
    // Does not decompress anything; files that it cannot read are left out.
    dcmtk(
        "dcmsend",
        &server,
        &["+sd", "+r", "-dn", "-nuc", "--no-halt"],
        &[&compressed],
    );
    let stored = server.count("");
    assert!(stored > 50, "{stored} instances stored");
    let ids = format!("PatientID=*");
    let patients = dcmtk(
        "findscu",
        &server,
        &[
            "-P",
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            &ids,
            "-k",
            "StudyInstanceUID",
        ],
        &[],
    );
    let said = patients.unwrap().expect(0);
    let text = format!("{}{}", said.stdout, said.stderr);
    let mut studies: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("(0020,000d)"))
        .filter_map(|line| line.split(['[', ']']).nth(1))
        .filter(|uid| !uid.is_empty())
        .collect();
    studies.sort_unstable();
    studies.dedup();
    for study in studies {
        let study = format!("StudyInstanceUID={}", study.trim_end_matches('\0'));
        let keys = [
            "-S",
            "-aem",
            "DEST",
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            &study,
        ];
        dcmtk("movescu", &server, &keys, &[]);
    }
    let mut originals: BTreeMap<Bytes, String> = BTreeMap::new();
    for path in data::files(&compressed) {
        let bytes = std::fs::read(&path).unwrap();
        if bytes.get(128..132) == Some(b"DICM") {
            let (ts, data_set) = data_set(bytes);
            originals.insert(data_set, ts);
        }
    }
    let received = contents(&receiver.folder);
    assert!(
        received.len() * 10 >= stored * 9,
        "{} of {stored} came back",
        received.len()
    );
    let identical = received
        .iter()
        .filter(|(ts, bytes)| originals.get(bytes) == Some(ts))
        .count();
    assert_eq!(identical, received.len());
}

#[test]
fn an_object_under_a_uid_that_is_taken_is_kept_and_hidden_with_a_warning() {
    let server = Server::start();
    let first = objects::ct();
    let second = first.clone().with(tags::SERIES_DESCRIPTION, "other");
    for (name, object, said) in [
        ("a", &first, "0x0000"),
        ("b", &first, "0x0000"),
        ("c", &second, "0xb000"),
    ] {
        let input = write(&server, name, std::slice::from_ref(object));
        let Some(ran) = dcmtk("storescu", &server, &["-d", "+sd"], &[&input]) else {
            return;
        };
        let text = format!("{}{}", ran.stdout, ran.stderr);
        assert!(text.contains(said), "{name}: {text}");
    }
    assert_eq!(server.count(""), 1);
}
