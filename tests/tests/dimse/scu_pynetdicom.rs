//! The commands with pynetdicom's servers as peers.

use sagittal_core::tags;
use sagittal_tests::objects::{Object, ct, mr, sr};
use tempfile::TempDir;

use super::scu_peers::{assert_holds, pynetdicom, python, run, write};

#[test]
fn echoscp_answers() {
    let folder = TempDir::new().unwrap();
    let Some(peer) = pynetdicom(folder.path(), "echoscp", &[]) else {
        return;
    };
    let said = run("echo", &peer.address, &["-n", "2", "--json"])
        .expect(0)
        .json();
    assert_eq!(said["echo_ms"].as_array().unwrap().len(), 2);
    let name = said["implementation_version_name"].as_str().unwrap();
    assert!(name.starts_with("PYNETDICOM"), "{name}");
}

#[test]
fn storescp_gets_every_object_over_several_associations() {
    let folder = TempDir::new().unwrap();
    let received = folder.path().join("received");
    std::fs::create_dir_all(&received).unwrap();
    let arguments = ["-od", &received.display().to_string()];
    let Some(peer) = pynetdicom(folder.path(), "storescp", &arguments) else {
        return;
    };
    let objects: Vec<Object> = (0..12)
        .map(|number| match number % 3 {
            0 => ct(),
            1 => mr(),
            _ => sr("Text"),
        })
        .collect();
    let all: Vec<&Object> = objects.iter().collect();
    let files = folder.path().join("files");
    write(&files, &all);
    let path = files.display().to_string();
    let sent = run("send", &peer.address, &[&path, "--json", "-q", "-a", "3"])
        .expect(0)
        .json();
    assert_eq!(sent["stored"], 12, "{sent}");
    assert_holds(&received, &all);
}

/// A small archive: keeps what is stored, answers queries, and gives back. Patient ID `REFUSE` is not
/// stored, `WARN` with a warning; a query finds a thousand studies for Patient ID `MANY`.
const ARCHIVE: &str = r#"
import sys
from pydicom.dataset import Dataset
from pynetdicom import AE, evt, build_role, AllStoragePresentationContexts, ALL_TRANSFER_SYNTAXES
from pynetdicom.sop_class import (Verification, StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet)

kept = {}

def store(event):
    data_set = event.dataset
    data_set.file_meta = event.file_meta
    if data_set.PatientID == 'REFUSE':
        status = Dataset()
        status.Status = 0xA700
        status.ErrorComment = 'no room for this'
        return status
    kept[data_set.SOPInstanceUID] = data_set
    return 0xB007 if data_set.PatientID == 'WARN' else 0x0000

def find(event):
    keys = event.identifier
    if keys.get('PatientID') == 'MANY':
        for number in range(1000):
            if event.is_cancelled:
                yield 0xFE00, None
                return
            answer = Dataset()
            answer.StudyInstanceUID = f'1.2.{number}'
            yield 0xFF00, answer
        return
    seen = set()
    for data_set in kept.values():
        level = keys.QueryRetrieveLevel
        uid = {'STUDY': 'StudyInstanceUID', 'SERIES': 'SeriesInstanceUID', 'IMAGE': 'SOPInstanceUID'}[level]
        wanted = all(not keys.get(name) or keys.get(name) == data_set.get(name)
            for name in ('StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'))
        if not wanted or data_set.get(uid) in seen:
            continue
        seen.add(data_set.get(uid))
        answer = Dataset()
        for element in keys:
            if element.keyword in data_set and element.keyword != 'QueryRetrieveLevel':
                answer[element.tag] = data_set[element.tag]
        yield 0xFF01, answer

def get(event):
    found = [d for d in kept.values() if d.StudyInstanceUID == event.identifier.StudyInstanceUID]
    yield len(found)
    for data_set in found:
        if event.is_cancelled:
            yield 0xFE00, None
            return
        yield 0xFF00, data_set

ae = AE()
for context in AllStoragePresentationContexts:
    ae.add_supported_context(context.abstract_syntax, ALL_TRANSFER_SYNTAXES, scu_role=True, scp_role=True)
for model in (Verification, StudyRootQueryRetrieveInformationModelFind, StudyRootQueryRetrieveInformationModelGet):
    ae.add_supported_context(model)
ae.start_server(('127.0.0.1', int(sys.argv[1])), block=True,
    evt_handlers=[(evt.EVT_C_STORE, store), (evt.EVT_C_FIND, find), (evt.EVT_C_GET, get)])
"#;

#[test]
fn an_archive_is_queried_and_gives_back() {
    let folder = TempDir::new().unwrap();
    let Some(peer) = python(ARCHIVE) else { return };
    let first = ct();
    let second = ct().beside(&first, 2);
    let report = sr("Text").in_study_of(&first);
    let files = folder.path().join("files");
    write(&files, &[&first, &second, &report]);
    run("send", &peer.address, &[&files.display().to_string(), "-q"]).expect(0);
    let study = first.study_instance_uid();
    let key = format!("StudyInstanceUID={study}");
    let arguments = ["--key", &key, "--level", "image", "--json"];
    let found = run("find", &peer.address, &arguments).expect(0);
    assert_eq!(
        found.json().as_array().unwrap().len(),
        3,
        "{}",
        found.stdout
    );
    assert!(found.stderr.contains("FF01"), "{}", found.stderr);
    let out = folder.path().join("got");
    let out_path = out.display().to_string();
    let arguments = [
        "--study",
        study.as_str(),
        "--out",
        &out_path,
        "--json",
        "-q",
    ];
    let got = run("get", &peer.address, &arguments).expect(0).json();
    assert_eq!(got["completed"], 3, "{got}");
    assert_holds(&out, &[&first, &second, &report]);
}

#[test]
fn refusals_and_warnings_are_told_with_their_reasons() {
    let folder = TempDir::new().unwrap();
    let Some(peer) = python(ARCHIVE) else { return };
    let good = ct();
    let bad = ct().with(tags::PATIENT_ID, "REFUSE");
    let odd = ct().with(tags::PATIENT_ID, "WARN");
    write(folder.path(), &[&good, &bad, &odd]);
    let path = folder.path().display().to_string();
    let sent = run("send", &peer.address, &[&path, "-q", "--json"])
        .expect(3)
        .json();
    let counts = (&sent["stored"], &sent["warnings"], &sent["failed"]);
    assert_eq!(counts, (&2.into(), &1.into(), &1.into()), "{sent}");
    let failure = &sent["failures"][0];
    assert_eq!(failure["sop_instance_uid"], bad.sop_instance_uid().as_str());
    let reason = failure["reason"].as_str().unwrap();
    assert!(
        reason.contains("A700") && reason.contains("no room for this"),
        "{reason}"
    );
    let warning = &sent["warning_list"][0];
    assert_eq!(warning["sop_instance_uid"], odd.sop_instance_uid().as_str());
}

#[test]
fn a_query_that_finds_more_than_is_wanted_is_canceled() {
    let Some(peer) = python(ARCHIVE) else { return };
    let arguments = ["--key", "PatientID=MANY", "--limit", "7", "--json"];
    let found = run("find", &peer.address, &arguments).expect(0).json();
    assert_eq!(found.as_array().unwrap().len(), 7);
}
