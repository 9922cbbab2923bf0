//! C-STORE (PS3.4 Annex B): what goes in comes out byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bytes::Bytes;
use sagittal_core::{DataSet, Limits, tags, transfer_syntax};
use sagittal_file::read::read_data_set;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, data, peer};

use super::tools::{Storescp, data_set, dcmtk, write};

/// Transfer syntax and data set of each file in a folder.
fn contents(folder: &Path) -> Vec<(String, Bytes)> {
    let read = |path: &std::path::PathBuf| data_set(std::fs::read(path).unwrap());
    data::files(folder).iter().map(read).collect()
}

/// What the data sets say, whatever the lengths of their sequences, in order of UIDs.
fn meanings(contents: Vec<(String, Bytes)>) -> Vec<(String, DataSet)> {
    let read = |(ts, bytes): (String, Bytes)| {
        let (data_set, findings) = read_data_set(&bytes, &ts, Limits::default()).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
        (ts, data_set)
    };
    let mut all: Vec<_> = contents.into_iter().map(read).collect();
    all.sort_by_key(|(_, data_set)| data_set.first_text(tags::SOP_INSTANCE_UID));
    all
}

#[test]
fn what_storescu_sends_comes_back_in_its_transfer_syntax() {
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
    // storescu writes sequences and deflated streams anew.
    let sent = all.iter().map(|object| data_set(object.part10())).collect();
    assert_eq!(meanings(contents(&receiver.folder)), meanings(sent));
}

/// Sends files as they are; prints status and path of each.
const SENDER: &str = r#"
import os, sys, time
import pydicom
from pynetdicom import AE, _config
_config.STORE_SEND_CHUNKED_DATASET = True
host, port, called = sys.argv[1], int(sys.argv[2]), sys.argv[3]
groups, current, kinds = [], [], set()
for root, _, names in os.walk(sys.argv[4]):
    for name in sorted(names):
        path = os.path.join(root, name)
        try:
            meta = pydicom.dcmread(path, stop_before_pixels=True).file_meta
            kind = (meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID)
            meta.MediaStorageSOPInstanceUID
        except Exception:
            continue
        if kind not in kinds and len(kinds) == 120:
            groups.append((kinds, current))
            current, kinds = [], set()
        kinds.add(kind)
        current.append(path)
groups.append((kinds, current))
# pynetdicom's two threads may race for a response, which then counts as missing: such a file is
# sent once more over a new association.
def deliver(kinds, paths):
    ae = AE(ae_title="PYNETDICOM")
    ae.dimse_timeout = 5
    for sop_class, transfer_syntax in sorted(kinds):
        ae.add_requested_context(sop_class, transfer_syntax)
    assoc = ae.associate(host, port, ae_title=called)
    assert assoc.is_established
    while paths:
        time.sleep(0.003)
        try:
            status = assoc.send_c_store(paths[0])
            if not status:
                return paths
            print("%04X" % status.Status, paths[0])
        except ValueError:
            print("unsent", paths[0])
        paths = paths[1:]
    assoc.release()
    return paths

for kinds, paths in groups:
    for attempt in range(5):
        if paths:
            paths = deliver(kinds, paths)
    for path in paths:
        print("none", path)
"#;

/// As a data set of odd length goes out: with its odd values padded, a deflated one with
/// a byte behind it.
fn even(data_set: Bytes, ts: &str) -> Bytes {
    if data_set.len().is_multiple_of(2) {
        return data_set;
    }
    if ts == transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
        return [&data_set[..], &[0]].concat().into();
    }
    let (read, _) = read_data_set(&data_set, ts, Limits::default()).unwrap();
    let mut out = Vec::new();
    sagittal_file::write::write_data_set(&read, ts, &mut out).unwrap();
    out.into()
}

/// Sends a folder of real files, moves everything back and compares bytes.
fn round_trip(folder: &Path, at_least: usize) {
    let Some(python) = peer::python(&["pynetdicom", "pydicom"]) else {
        return;
    };
    let received = tempfile::tempdir().unwrap();
    let Some(receiver) = Storescp::start(received.path(), &["+B", "+xa", "+uf", "-aet", "DEST"])
    else {
        return;
    };
    let server = Server::builder()
        .arg("--peer")
        .arg(format!("dest=DEST@127.0.0.1:{}", receiver.port))
        .start();
    let (ip, port) = (
        server.dimse().ip().to_string(),
        server.dimse().port().to_string(),
    );
    let folder_text = folder.display().to_string();
    let arguments = [&ip, &port, server.ae_title(), &folder_text];
    let ran = peer::run_python(&python, SENDER, &arguments).expect(0);
    let mut originals: BTreeMap<Bytes, String> = BTreeMap::new();
    for line in ran.stdout.lines() {
        let (status, path) = line.split_once(' ').unwrap();
        // B000: another file with the same UID came before.
        assert!(
            ["0000", "B000", "C000", "A900", "unsent"].contains(&status),
            "{line}"
        );
        if status == "0000" {
            let (ts, data_set) = data_set(std::fs::read(path).unwrap());
            originals.insert(even(data_set, &ts), ts);
        }
    }
    assert!(
        originals.len() >= at_least,
        "only {} were taken:\n{}",
        originals.len(),
        ran.stdout
    );
    let query = [
        "-S",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        "StudyInstanceUID",
    ];
    let found = dcmtk("findscu", &server, &query, &[]).unwrap().expect(0);
    let text = format!("{}{}", found.stdout, found.stderr);
    let studies: BTreeSet<&str> = text
        .lines()
        .filter(|line| line.contains("(0020,000d)"))
        .filter_map(|line| line.split(['[', ']']).nth(1))
        .map(|uid| uid.trim_end_matches('\0'))
        .collect();
    for study in studies {
        let study = format!("StudyInstanceUID={study}");
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
    let received = contents(&receiver.folder);
    let uid_of = |ts: &str, bytes: &Bytes| {
        let (data_set, _) = read_data_set(bytes, ts, Limits::default()).unwrap();
        data_set.first_text(tags::SOP_INSTANCE_UID)
    };
    let mut decoded = 0;
    for (ts, bytes) in &received {
        if let Some(sent) = originals.get(bytes) {
            assert_eq!(sent, ts);
            continue;
        }
        // What storescp does not take as it is stored is decoded for it, and nothing else is.
        let uid = uid_of(ts, bytes);
        let stored: Vec<&String> = originals
            .iter()
            .filter(|(bytes, ts)| uid_of(ts, bytes) == uid)
            .map(|(_, ts)| ts)
            .collect();
        assert_ne!(stored, Vec::<&String>::new(), "{uid:?} was not sent");
        assert!(!stored.contains(&ts), "{uid:?} is not what was sent");
        decoded += 1;
    }
    let came: BTreeSet<&Bytes> = received.iter().map(|(_, bytes)| bytes).collect();
    let missing = originals
        .keys()
        .filter(|bytes| !came.contains(bytes))
        .count();
    // storescp knows neither all transfer syntaxes nor all of these files; each has its line.
    let refused = server.log().matches("instance not sent").count();
    assert_eq!(missing, refused + decoded);
    assert!(
        missing * 10 < originals.len(),
        "{missing} did not come back"
    );
}

#[test]
fn real_compressed_files_come_back_byte_for_byte() {
    if let Some(files) = data::folder() {
        round_trip(&files.join("compressed"), 100);
    }
}

#[test]
fn real_files_in_odd_character_sets_come_back_byte_for_byte() {
    if let Some(files) = data::folder() {
        round_trip(&files.join("charsets"), 15);
    }
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
    let query = [
        "-S",
        "-k",
        "QueryRetrieveLevel=IMAGE",
        "-k",
        "SOPInstanceUID",
    ];
    let found = dcmtk("findscu", &server, &query, &[]).unwrap().expect(0);
    let text = format!("{}{}", found.stdout, found.stderr);
    assert_eq!(
        text.matches(first.sop_instance_uid().as_str()).count(),
        1,
        "{text}"
    );
}
