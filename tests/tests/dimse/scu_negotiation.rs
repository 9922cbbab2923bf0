//! What our requestor negotiates, as pynetdicom's acceptor sees it.

use std::path::Path;

use sagittal_core::{tags, transfer_syntax};
use sagittal_tests::objects::{Object, ct};
use tempfile::TempDir;

use super::scu_peers::{Peer, python, run, write};

/// Writes down what is negotiated, a line each, to the file it is told of.
const ACCEPTOR: &str = r#"
import sys
from pydicom.dataset import Dataset
from pynetdicom import AE, evt, ALL_TRANSFER_SYNTAXES
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
PRIVATE = "1.2.826.0.1.3680043.2.1.99"

def note(*words):
    with open(NOTES, "a", encoding="utf-8") as notes:
        print(*words, file=notes)

def identity(event):
    note("identity", event.user_id_type, event.primary_field.decode(), event.secondary_field.decode())
    return event.secondary_field == b"secret", b"welcome"

def extended(event):
    for uid, information in event.app_info.items():
        note("extended", uid, information.hex())
    return {uid: information for uid, information in event.app_info.items() if uid == FIND}

def common(event):
    for uid, item in event.items.items():
        note("common", uid, item.service_class_uid)
    return event.items

def store(event):
    note("stored", event.request.AffectedSOPClassUID, event.context.transfer_syntax)
    return 0

def find(event):
    answer = Dataset()
    answer.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    answer.QueryRetrieveLevel = "STUDY"
    answer.StudyInstanceUID = "1.2.3"
    answer.PatientName = "Yamada^Tarou=山田^太郎"
    yield 0xFF00, answer

ae = AE()
ae.add_supported_context("1.2.840.10008.1.1")
ae.add_supported_context(FIND)
ae.add_supported_context(PRIVATE, ALL_TRANSFER_SYNTAXES)
ae.start_server(("127.0.0.1", int(sys.argv[1])), block=True, evt_handlers=[
    (evt.EVT_USER_ID, identity), (evt.EVT_SOP_EXTENDED, extended), (evt.EVT_SOP_COMMON, common),
    (evt.EVT_C_STORE, store), (evt.EVT_C_FIND, find)])
"#;

fn acceptor(notes: &Path) -> Option<Peer> {
    python(&format!(
        "NOTES = {:?}\n{ACCEPTOR}",
        notes.display().to_string()
    ))
}

fn read(notes: &Path) -> String {
    std::fs::read_to_string(notes).unwrap_or_default()
}

#[test]
fn a_user_with_a_passcode_is_let_in_and_with_a_wrong_one_not() {
    let folder = TempDir::new().unwrap();
    let notes = folder.path().join("notes");
    let Some(peer) = acceptor(&notes) else { return };
    run(
        "echo",
        &peer.address,
        &["--user", "alice", "--password", "secret"],
    )
    .expect(0);
    assert!(read(&notes).contains("identity 2 alice secret"));
    let wrong = run(
        "echo",
        &peer.address,
        &["--user", "alice", "--password", "wrong"],
    );
    assert_ne!(wrong.code, Some(0));
    assert!(!wrong.stderr.contains("wrong"), "{}", wrong.stderr);
}

#[test]
fn extended_negotiation_of_a_query_is_asked_for_and_its_answer_read() {
    let folder = TempDir::new().unwrap();
    let notes = folder.path().join("notes");
    let Some(peer) = acceptor(&notes) else { return };
    let arguments = [
        "--relational",
        "--fuzzy",
        "--key",
        "PatientName=Y*",
        "--json",
    ];
    let found = run("find", &peer.address, &arguments).expect(0);
    let noted = read(&notes);
    assert!(
        noted.contains("extended 1.2.840.10008.5.1.4.1.2.2.1 010001"),
        "{noted}"
    );
    let found = found.json();
    let name = &found[0]["00100010"]["Value"][0];
    assert_eq!(name["Ideographic"], "山田^太郎", "{found}");
}

#[test]
fn a_private_class_is_declared_to_be_storage() {
    let folder = TempDir::new().unwrap();
    let notes = folder.path().join("notes");
    let Some(peer) = acceptor(&notes) else { return };
    let private = "1.2.826.0.1.3680043.2.1.99";
    let object: Object = ct()
        .with(tags::SOP_CLASS_UID, private)
        .in_transfer_syntax(transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN);
    let files = folder.path().join("files");
    write(&files, &[&object]);
    run("send", &peer.address, &[&files.display().to_string(), "-q"]).expect(0);
    let noted = read(&notes);
    assert!(
        noted.contains(&format!("common {private} 1.2.840.10008.4.2")),
        "{noted}"
    );
    assert!(
        noted.contains(&format!("stored {private} 1.2.840.10008.1.2\n")),
        "{noted}"
    );
}
