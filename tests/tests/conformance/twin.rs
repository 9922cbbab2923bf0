//! Twins behave as their documents say: the probe of a twin gives the document again, and programs
//! of others meet what they would meet at the device.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sagittal_tests::objects::{Object, ct, mr, us};
use sagittal_tests::peer::{dcmtk, python, run_python};
use sagittal_tests::{cli, sagittal};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::observed::{Observed, Program, assert_same, free_port, product, texts};
use super::tls;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
const VERIFICATION: &str = "1.2.840.10008.1.1";
const STUDY_ROOT: &str = "1.2.840.10008.5.1.4.1.2.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";
const RLE: &str = "1.2.840.10008.1.2.5";

/// A running twin.
pub struct Twin {
    child: Child,
    pub port: String,
    pub address: String,
    pub assumed: Vec<String>,
}

impl Twin {
    #[track_caller]
    pub fn start(document: &Path, more: &[&str]) -> Twin {
        let mut child = cli::command()
            .args(["conformance", "twin", &document.display().to_string()])
            .args(["--port", "0", "--json", "-q"])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("the twin did not start: {error}: {line:?}"));
        let listening = said["listening"].as_str().unwrap();
        let port = listening.rsplit_once(':').unwrap().1.to_owned();
        Twin {
            child,
            port,
            address: format!("{}@{listening}", said["ae_title"].as_str().unwrap()),
            assumed: texts(&said["assumed"]),
        }
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> std::path::PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn files(folder: &Path, objects: &[&Object]) {
    for (number, object) in objects.iter().enumerate() {
        write(folder, &format!("{number}.dcm"), object.part10());
    }
}

/// A document with one Application Entity `TWIN`.
fn document(association: &str, rest: &str) -> String {
    format!(
        "format = 1\nbasis = \"s\"\nbases.s = {{ status = \"declared\" }}\nsystem.name = \"T\"\n\
         [[application_entities]]\nae_title = \"TWIN\"\nunlisted = \"no\"\n\
         [application_entities.association]\nmax_pdu_received = 16384\n{association}\n{rest}"
    )
}

/// All that was seen, without where and when, and without what is said of how often something was
/// tried.
fn essence(observed: &Observed) -> Value {
    let mut entity = observed.entity().clone();
    entity.as_object_mut().unwrap().remove("addresses");
    entity
}

#[track_caller]
fn assert_equal(first: &Value, second: &Value, path: &str) {
    match (first, second) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                assert_equal(&first[key], &second[key], &format!("{path}.{key}"));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                assert_equal(a, b, &format!("{path}[{at}]"));
            }
        }
        _ => assert!(first == second, "{path}: {first} and then {second}"),
    }
}

/// The twin of what was observed is observed to be the same.
#[track_caller]
fn assert_fixed(observed: &Observed, folder: &Path, probe: &[&str], twin: &[&str]) {
    let path = write(folder, "observed.json", observed.0.to_string());
    let twin = Twin::start(&path, twin);
    let again = Observed::of(&twin.address, probe);
    assert_equal(&essence(observed), &essence(&again), "entity");
}

#[test]
fn the_twin_of_a_planted_document_has_just_what_was_planted() {
    let folder = TempDir::new().unwrap();
    let text = document(
        "implementation_class_uid = \"1.2.3.4.5\"\nimplementation_version_name = \"TWIN_1\"\n\
         operations_window = { invoked = 4, performed = 2 }\nmax_associations = 3\n\
         max_contexts = 65\nrejects_useless = true\ncalled_ae_title = \"known\"\n\
         calling_ae_title = \"any\"\ncommon_extended_negotiation = true\n\
         user_identity = [{ kind = \"username\", answer = \"answered\" }, { kind = \"jwt\", answer = \"rejected\" }]\n\
         extended_negotiation = [{ sop_classes = [\"CT Image Storage\"], answer = \"020003000100\" }]",
        "[[application_entities.contexts]]\nsop_classes = [\"Verification\"]\n\
         transfer_syntaxes = [\"ImplicitVRLittleEndian\"]\n\
         [[application_entities.contexts]]\nsop_classes = [\"CT Image Storage\"]\n\
         transfer_syntaxes = [\"native\", \"1.2.840.10008.1.2.4.90\", \"1.2.840.10008.1.2.5\"]\n\
         requestor_roles = \"both\"\n\
         preference = { order = [\"1.2.840.10008.1.2.4.90\", \"1.2.840.10008.1.2.5\"], rest = \"last\" }\n\
         [[application_entities.contexts]]\nsop_classes = [\"MR Image Storage\"]\n\
         transfer_syntaxes = [\"all\"]\nsupport = \"no\"\nrefusal = \"user-rejection\"\n\
         [[application_entities.contexts]]\nsop_classes = [\"1.2.840.10008.5.1.4.1.1.6.1\"]\n\
         transfer_syntaxes = [\"all\"]\nsupport = \"no\"\nrefusal = \"not-answered\"\n\
         [[application_entities.contexts]]\nsop_classes = [\"Raw Data Storage\"]\n\
         transfer_syntaxes = [\"native\"]\nsupport = \"no\"\nrefusal = \"association-aborted\"\n",
    );
    let twin = Twin::start(&write(folder.path(), "planted.toml", text), &[]);
    let observed = Observed::of(&twin.address, &[]);
    let native = [IMPLICIT, EXPLICIT, "1.2.840.10008.1.2.2"];
    let mut truth = product(&[VERIFICATION], &[IMPLICIT]);
    truth.extend(product(&[CT], &native));
    truth.extend(product(&[CT], &[JPEG_2000, RLE]));
    assert_same(&observed.pairs("yes"), &truth);
    let refusal = |class: &str, refusal: &str| {
        let groups = observed.groups("no").into_iter();
        let count = groups
            .filter(|group| group["refusal"] == refusal)
            .filter(|group| texts(&group["sop_classes"]).contains(&class.to_owned()))
            .map(|group| texts(&group["transfer_syntaxes"]).len());
        count.sum::<usize>()
    };
    assert!(refusal(MR, "user-rejection") > 50);
    assert!(refusal("1.2.840.10008.5.1.4.1.1.6.1", "not-answered") > 50);
    assert_eq!(
        refusal("1.2.840.10008.5.1.4.1.1.66", "association-aborted"),
        3
    );
    assert!(refusal("1.2.840.10008.5.1.4.1.1.1", "abstract-syntax-not-supported") > 50);
    assert!(refusal(CT, "transfer-syntaxes-not-supported") > 40);
    let group = observed.group(CT);
    assert_eq!(texts(&group["preference"]["order"]), [JPEG_2000, RLE]);
    assert_eq!(group["preference"]["rest"], "last");
    assert_eq!(group["requestor_roles"], "both");
    assert_eq!(
        observed.group(VERIFICATION)["requestor_roles"],
        "unanswered"
    );
    for (name, value) in [
        ("max_pdu_received", json!(16384)),
        ("implementation_class_uid", json!("1.2.3.4.5")),
        ("implementation_version_name", json!("TWIN_1")),
        ("operations_window", json!({"invoked": 4, "performed": 2})),
        ("max_contexts", json!(65)),
        ("rejects_useless", json!(true)),
        ("calling_ae_title", json!("any")),
        ("common_extended_negotiation", json!(true)),
    ] {
        assert_eq!(*observed.association(name), value, "{name}");
    }
    assert_eq!(observed.association("max_associations")["value"], 3);
    assert_eq!(observed.association("called_ae_title")["value"], "known");
    let identities = observed.association("user_identity").as_array().unwrap();
    let answers: Vec<&str> = identities
        .iter()
        .map(|row| row["answer"].as_str().unwrap())
        .collect();
    assert_eq!(
        answers,
        ["answered", "ignored", "ignored", "ignored", "rejected"]
    );
    assert_eq!(
        observed.association("extended_negotiation")[0]["answer"],
        "020003000100"
    );
    assert_fixed(&observed, folder.path(), &[], &[]);
}

#[test]
fn twins_of_other_shapes_are_observed_as_what_they_are_twins_of() {
    let folder = TempDir::new().unwrap();
    let query = "[[application_entities.contexts]]\n\
         sop_classes = [\"Verification\", \"Study Root Query/Retrieve Information Model - FIND\"]\n\
         transfer_syntaxes = [\"native\"]\npreference = { order = [\"ExplicitVRLittleEndian\"], rest = \"first\" }\n\
         [[application_entities.queries]]\nsop_classes = [\"Study Root Query/Retrieve Information Model - FIND\"]\n\
         relational_unasked = true\n\
         [[application_entities.queries.levels]]\nlevel = \"STUDY\"\n\
         [[application_entities.queries.levels.keys]]\n\
         attributes = [\"StudyInstanceUID\"]\nreturned = \"yes\"\nmatching = [\"single\"]\nnot_matching = [\"uid-list\"]\n\
         [[application_entities.queries.levels.keys]]\n\
         attributes = [\"PatientName\"]\nreturned = \"yes\"\nmatching = [\"single\", \"case-insensitive\"]\nnot_matching = [\"wild-card\"]\n\
         [[application_entities.queries.levels.keys]]\n\
         attributes = [\"PatientID\"]\nreturned = \"yes\"\nmatching = [\"single\", \"wild-card\"]\nnot_matching = [\"case-insensitive\"]\n\
         [[application_entities.queries.levels.keys]]\n\
         attributes = [\"StudyDate\"]\nreturned = \"yes\"\nmatching = [\"single\", \"range\"]\n\
         [[application_entities.queries.levels.keys]]\n\
         attributes = [\"StudyTime\"]\nreturned = \"yes\"\nnot_matching = [\"single\"]\n\
         [[application_entities.queries.levels.keys]]\n\
         attributes = [\"AccessionNumber\"]\nreturned = \"empty\"\n";
    // One at a time: the next one waits.
    let waits = document(
        "max_associations = { value = 1, remark = \"the next one waits until another has ended\" }\n\
         called_ae_title = \"any\"\ncalling_ae_title = \"any\"",
        "[[application_entities.contexts]]\nsop_classes = [\"Verification\", \"all current storage\"]\n\
         transfer_syntaxes = [\"ImplicitVRLittleEndian\"]\n",
    );
    let data = folder.path().join("data");
    let first = ct();
    files(&data, &[&first, &ct().beside(&first, 2), &mr()]);
    let data = data.display().to_string();
    for (name, text, more) in [
        ("waits", waits, vec!["--hold", "2", "--no-query"]),
        (
            "query",
            document("calling_ae_title = \"known\"", query),
            vec!["--hold", "0"],
        ),
    ] {
        let path = write(folder.path(), name, text);
        let known = ["--data", &data, "--known", "SAGITTAL"];
        let twin = Twin::start(&path, &known);
        let observed = Observed::of(&twin.address, &more);
        if name == "query" {
            let keys = |list: &str, how: &str| -> Vec<String> {
                let found = observed.keys(STUDY_ROOT, "STUDY", list, how);
                found.into_iter().collect()
            };
            assert_eq!(
                keys("matching", "single"),
                ["PatientID", "PatientName", "StudyDate", "StudyInstanceUID"]
            );
            assert_eq!(keys("not_matching", "single"), ["StudyTime"]);
            assert_eq!(keys("matching", "wild-card"), ["PatientID"]);
            assert_eq!(keys("not_matching", "wild-card"), ["PatientName"]);
            assert_eq!(keys("matching", "case-insensitive"), ["PatientName"]);
            assert_eq!(keys("matching", "range"), ["StudyDate"]);
            assert_eq!(observed.association("calling_ae_title")["value"], "known");
        } else {
            assert_eq!(observed.association("max_associations")["value"], 1);
        }
        assert_fixed(&observed, folder.path(), &more, &known);
    }
}

#[test]
fn the_twin_of_orthanc_is_observed_as_orthanc() {
    let folder = TempDir::new().unwrap();
    let settings = json!({
        "AcceptedTransferSyntaxes": [EXPLICIT, JPEG_2000, RLE], "MaximumPduLength": 65536,
        "DicomCheckCalledAet": true,
    });
    let Some(orthanc) = super::orthanc::start(settings) else {
        return;
    };
    let data = folder.path().join("data");
    let first = ct();
    // In whatever order they are found, it is the same that is asked about.
    files(&data, &[&first, &ct().beside(&first, 2)]);
    let data = data.display().to_string();
    sagittal(["send", &orthanc.address, &data, "-q"]).expect(0);
    let observed = Observed::of(&orthanc.address, &[]);
    assert_fixed(&observed, folder.path(), &[], &["--data", &data]);
}

/// A program of DCMTK against a twin.
#[track_caller]
fn run(name: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let output = Command::new(dcmtk(name)?).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    ))
}

const ARCHIVE: &str = "[[application_entities.contexts]]\n\
     sop_classes = [\"Verification\", \"CT Image Storage\"]\n\
     transfer_syntaxes = [\"ImplicitVRLittleEndian\"]\n\
     requestor_roles = \"both\"\n\
     [[application_entities.contexts]]\n\
     sop_classes = [\"Study Root Query/Retrieve Information Model - FIND\",\n\
      \"Study Root Query/Retrieve Information Model - GET\", \"Study Root Query/Retrieve Information Model - MOVE\",\n\
      \"Storage Commitment Push Model\", \"Modality Worklist Information Model - FIND\"]\n\
     transfer_syntaxes = [\"native\"]\n\
     [[application_entities.queries]]\nsop_classes = [\"Study Root Query/Retrieve Information Model - FIND\"]\n\
     [[application_entities.queries.levels]]\nlevel = \"STUDY\"\n\
     [[application_entities.queries.levels.keys]]\n\
     attributes = [\"PatientID\", \"StudyInstanceUID\"]\nreturned = \"yes\"\nmatching = [\"single\"]\n\
     [[application_entities.queries.levels.keys]]\n\
     attributes = [\"PatientName\"]\nreturned = \"yes\"\nnot_matching = [\"single\"]\n\
     [[application_entities.queries]]\nsop_classes = [\"Modality Worklist Information Model - FIND\"]\n\
     [[application_entities.queries.levels]]\nlevel = \"WORKLIST\"\n\
     [[application_entities.queries.levels.keys]]\n\
     attributes = [\"PatientName\", \"ScheduledProcedureStepSequence\"]\nreturned = \"yes\"\n\
     matching = [\"single\", \"wild-card\", \"sequence\"]\n";

#[test]
fn clients_of_others_meet_what_the_document_says() {
    let folder = TempDir::new().unwrap();
    let (sent, refused) = (ct(), mr());
    let files = [("ct.dcm", &sent), ("mr.dcm", &refused)].map(|(name, object)| {
        write(folder.path(), name, object.part10())
            .display()
            .to_string()
    });
    let port = free_port();
    let mut command = Command::new(match dcmtk("storescp") {
        Some(program) => program,
        None => return,
    });
    let moved = folder.path().join("moved");
    std::fs::create_dir(&moved).unwrap();
    command.args([
        "-od",
        &moved.display().to_string(),
        "-aet",
        "DEST",
        &port.to_string(),
    ]);
    let _running = Program::start(&mut command, port, &folder.path().join("log"));
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let path = write(
        folder.path(),
        "archive.toml",
        document(
            "called_ae_title = \"known\"\ncalling_ae_title = \"any\"",
            ARCHIVE,
        ),
    );
    let to = format!("DEST@127.0.0.1:{port}");
    let twin = Twin::start(&path, &["--data", &data.display().to_string(), "--to", &to]);
    assert!(
        twin.assumed
            .iter()
            .any(|line| line.contains("Implementation Class UID"))
    );
    let at = ["-aec", "TWIN", "127.0.0.1", &twin.port];
    let with = |more: &[&str], files: &[&str]| -> Vec<String> {
        let words = more.iter().chain(&at).chain(files);
        words.map(|word| (*word).to_owned()).collect()
    };
    let call = |name: &str, more: &[&str], files: &[&str]| {
        let words = with(more, files);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run(name, &words).unwrap()
    };
    assert!(call("echoscu", &[], &[]).0);
    let wrong = ["-aec", "OTHER", "127.0.0.1", &twin.port];
    let (ok, said) = run("echoscu", &wrong).unwrap();
    assert!(
        !ok && said.contains("Called AE Title Not Recognized"),
        "{said}"
    );

    // Only CT, and only in Implicit VR Little Endian.
    let (ok, said) = call("storescu", &[], &[&files[0]]);
    assert!(ok, "{said}");
    let (ok, said) = call("storescu", &[], &[&files[1]]);
    assert!(!ok, "{said}");
    let received = data
        .join("received")
        .join(format!("{}.dcm", sent.sop_instance_uid()));
    let bytes = std::fs::read(&received).unwrap();
    let opening = sagittal_file::part10::open(&bytes).unwrap();
    assert_eq!(opening.transfer_syntax_uid, IMPLICIT);

    // A name does not match, whatever it is; an ID does. What is not listed is not returned.
    let find = |key: &str| {
        let keys = [
            "-S",
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            "StudyInstanceUID",
            "-k",
            "StudyDate",
            "-k",
            key,
            "-v",
        ];
        call("findscu", &keys, &[]).1
    };
    let study = sent.study_instance_uid().to_string();
    let found = find("PatientName=Nobody^Has");
    assert!(
        found.contains(&study) && !found.contains("(0008,0020) DA [2"),
        "{found}"
    );
    assert!(!find("PatientID=NOBODY").contains(&study));
    let (_, said) = call(
        "findscu",
        &[
            "-S",
            "-k",
            "QueryRetrieveLevel=SERIES",
            "-k",
            "SeriesInstanceUID",
            "-v",
        ],
        &[],
    );
    assert!(said.contains("DataSetDoesNotMatchSOPClass"), "{said}");

    let key = format!("StudyInstanceUID={study}");
    let keys = ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", key.as_str()];
    let got = folder.path().join("got");
    std::fs::create_dir(&got).unwrap();
    let out = got.display().to_string();
    let (ok, said) = call("getscu", &[&keys[..], &["-od", &out]].concat(), &[]);
    assert!(
        ok && std::fs::read_dir(&got).unwrap().count() == 1,
        "{said}"
    );
    let (ok, said) = call("movescu", &[&keys[..], &["-aem", "DEST"]].concat(), &[]);
    assert!(
        ok && std::fs::read_dir(&moved).unwrap().count() == 1,
        "{said}"
    );
    let (ok, said) = call(
        "movescu",
        &[&keys[..], &["-aem", "ELSEWHERE"]].concat(),
        &[],
    );
    assert!(!ok || said.contains("MoveDestinationUnknown"), "{said}");
}

const COMMITMENT: &str = r#"
import sys
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
port, known, unknown, worklist = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
PUSH = "1.2.840.10008.1.20.1"
reports = []
def report(event):
    reports.append((event.event_type, event.event_information))
    return 0x0000, None
ae = AE(ae_title="CT1")
ae.add_requested_context(PUSH)
ae.add_requested_context("1.2.840.10008.5.1.4.31")
association = ae.associate("127.0.0.1", port, ae_title="TWIN", evt_handlers=[(evt.EVT_N_EVENT_REPORT, report)])
assert association.is_established
item = lambda uid: (lambda d: (setattr(d, "ReferencedSOPClassUID", "1.2.840.10008.5.1.4.1.1.2"), setattr(d, "ReferencedSOPInstanceUID", uid), d)[2])(Dataset())
asked = Dataset()
asked.TransactionUID = "1.2.3.4"
asked.ReferencedSOPSequence = [item(known), item(unknown)]
status, _ = association.send_n_action(asked, 1, PUSH, "1.2.840.10008.1.20.1.1")
assert status.Status == 0, status
import time
end = time.time() + 20
while not reports and time.time() < end:
    time.sleep(0.02)
kind, information = reports[0]
assert kind == 2 and information.TransactionUID == "1.2.3.4", information
assert [i.ReferencedSOPInstanceUID for i in information.ReferencedSOPSequence] == [known]
assert [i.ReferencedSOPInstanceUID for i in information.FailedSOPSequence] == [unknown]
assert information.FailedSOPSequence[0].FailureReason == 0x0112
def ask(modality):
    query = Dataset()
    query.PatientName = "Test*"
    step = Dataset()
    step.Modality = modality
    step.ScheduledStationAETitle = ""
    query.ScheduledProcedureStepSequence = [step]
    answers = [d for s, d in association.send_c_find(query, "1.2.840.10008.5.1.4.31") if d is not None]
    return answers
assert len(ask("MR")) == 0
answer, = ask("CT")
assert answer.ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "CT1", answer
association.release()
print("well")
"#;

#[test]
fn storage_is_committed_and_worklists_are_answered() {
    let Some(python) = python(&["pydicom", "pynetdicom"]) else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let first = ct();
    let mut item = first.clone();
    let mut step = sagittal_core::DataSet::new();
    step.put_text(sagittal_core::tags::MODALITY, "CT");
    step.put_text(sagittal_core::tags::SCHEDULED_STATION_AE_TITLE, "CT1");
    item.data_set.put_items(
        sagittal_core::tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
        vec![step],
    );
    item.data_set.remove(sagittal_core::tags::SOP_INSTANCE_UID);
    write(&data, "ct.dcm", first.part10());
    let meta = sagittal_file::part10::Meta {
        sop_class_uid: sagittal_core::Uid::new("1.2.840.10008.5.1.4.31").unwrap(),
        sop_instance_uid: sagittal_core::Uid::new("1.2.3.9").unwrap(),
        transfer_syntax_uid: sagittal_core::Uid::new(EXPLICIT).unwrap(),
        source_ae_title: None,
    };
    let bytes = sagittal_file::part10::write(&meta, &item.data_set).unwrap();
    write(&data, "item.wl", bytes);
    let path = write(
        folder.path(),
        "archive.toml",
        document("calling_ae_title = \"any\"", ARCHIVE),
    );
    let twin = Twin::start(&path, &["--data", &data.display().to_string()]);
    let (known, unknown) = (first.sop_instance_uid().to_string(), "1.2.3.99.1");
    let ran = run_python(&python, COMMITMENT, &[&twin.port, &known, unknown, "x"]).expect(0);
    assert!(ran.stdout.contains("well"), "{} {}", ran.stdout, ran.stderr);
}

#[test]
fn the_user_side_proposes_what_the_document_says_and_tells_what_was_accepted() {
    let folder = TempDir::new().unwrap();
    let Some(program) = dcmtk("storescp") else {
        return;
    };
    let port = free_port();
    let mut command = Command::new(program);
    let received = folder.path().join("received");
    std::fs::create_dir(&received).unwrap();
    command.args([
        "-od",
        &received.display().to_string(),
        "-aet",
        "PACS",
        "+xe",
        "-d",
    ]);
    command.arg(port.to_string());
    let log = folder.path().join("log");
    let _running = Program::start(&mut command, port, &log);
    let text = document(
        "implementation_version_name = \"SCANNER_1\"",
        "[[application_entities.contexts]]\nsop_classes = [\"CT Image Storage\", \"Verification\"]\n\
         transfer_syntaxes = [\"1.2.840.10008.1.2.5\", \"ExplicitVRLittleEndian\"]\nroles = [\"scu\"]\n\
         [[application_entities.contexts]]\nsop_classes = [\"MR Image Storage\"]\n\
         transfer_syntaxes = [\"1.2.840.10008.1.2.5\"]\nroles = [\"scu\"]\n\
         [[application_entities.contexts]]\nsop_classes = [\"Ultrasound Image Storage\"]\n\
         transfer_syntaxes = [\"native\"]\nroles = [\"scp\"]\n",
    );
    let path = write(folder.path(), "ct.toml", text).display().to_string();
    let address = format!("PACS@127.0.0.1:{port}");
    let ran = sagittal(["conformance", "twin", &path, "--scu", &address, "--json"]).expect(3);
    let said = ran.json();
    let contexts: Vec<(String, Vec<String>, Value)> = said["contexts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let class = row["sop_class_uid"].as_str().unwrap().to_owned();
            (
                class,
                texts(&row["transfer_syntax_uids"]),
                row["outcome"].clone(),
            )
        })
        .collect();
    let both = vec![RLE.to_owned(), EXPLICIT.to_owned()];
    assert_eq!(
        contexts,
        [
            (CT.to_owned(), both.clone(), json!({"accepted": EXPLICIT})),
            (VERIFICATION.to_owned(), both, json!({"accepted": EXPLICIT})),
            (
                MR.to_owned(),
                vec![RLE.to_owned()],
                json!({"refused": "transfer syntaxes not supported"})
            ),
        ]
    );
    assert_eq!(said["echo"], true);
    let sent = said["sent"].as_array().unwrap();
    assert_eq!(sent.len(), 2, "{said}");
    let of = |class: &str| {
        &sent
            .iter()
            .find(|row| row["sop_class_uid"] == class)
            .unwrap()["outcome"]
    };
    assert_eq!(of(CT)["accepted"], EXPLICIT);
    assert!(of(MR)["refused"].is_string());
    assert_eq!(std::fs::read_dir(&received).unwrap().count(), 1);
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.contains("SCANNER_1") && log.contains("TWIN"), "{log}");

    // Files instead of generated instances, and a peer that is not there.
    let file = write(folder.path(), "one.dcm", us(1).part10())
        .display()
        .to_string();
    let ran = sagittal(["conformance", "twin", &path, "--scu", &address, &file]).expect(3);
    assert!(
        ran.stdout.contains("its SOP class is not proposed"),
        "{}",
        ran.stdout
    );
    let nobody = format!("PACS@127.0.0.1:{}", free_port());
    sagittal(["conformance", "twin", &path, "--scu", &nobody, &file]).expect(1);
    let scp = write(folder.path(), "scp.toml", document("", ARCHIVE))
        .display()
        .to_string();
    let ran = sagittal(["conformance", "twin", &scp, "--scu", &address]).expect(1);
    assert!(
        ran.stderr.contains("no context that it proposes"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_twin_speaks_tls_as_the_document_says() {
    let folder = TempDir::new().unwrap();
    let (chain, key) = tls::certificate(&folder, &rcgen::PKCS_ECDSA_P256_SHA256);
    let text = document(
        "calling_ae_title = \"any\"",
        "[[application_entities.contexts]]\nsop_classes = [\"Verification\"]\n\
         transfer_syntaxes = [\"ImplicitVRLittleEndian\"]\n\
         [application_entities.tls]\n\
         versions = [{ version = \"1.2\", support = \"yes\" }, { version = \"1.3\", support = \"no\" }]\n\
         suites = [{ name = \"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\", version = \"1.2\" }]\n",
    );
    let path = write(folder.path(), "tls.toml", text);
    let plain = Twin::start(&path, &[]);
    assert!(plain.assumed.iter().any(|line| line.contains("--cert")));
    let twin = Twin::start(&path, &["--cert", &chain, "--cert-key", &key]);
    let observed = Observed::of(&twin.address, tls::FEW);
    let found = &observed.entity()["tls"];
    assert_eq!(tls::supported(found), ["1.2"]);
    assert_eq!(
        tls::suites(found),
        ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]
    );
}

#[test]
fn the_twin_of_our_own_statement_is_observed_as_stated() {
    let folder = TempDir::new().unwrap();
    let stated = sagittal(["conformance", "statement", "--format", "json"]).expect(0);
    let path = write(folder.path(), "own.json", &stated.stdout);
    let declared = Observed(stated.json());
    let twin = Twin::start(&path, &[]);
    let observed = Observed::of(&twin.address, &["--hold", "0"]);
    assert_same(&observed.pairs("yes"), &declared.pairs("yes"));
    for name in [
        "max_pdu_received",
        "implementation_class_uid",
        "implementation_version_name",
        "operations_window",
        "common_extended_negotiation",
    ] {
        assert_eq!(
            observed.association(name),
            declared.association(name),
            "{name}"
        );
    }
    for group in declared.groups("yes") {
        for class in texts(&group["sop_classes"]) {
            let seen = observed.group(&class);
            for name in ["preference", "requestor_roles"] {
                assert_eq!(seen[name], group[name], "{name} of {class}");
            }
        }
    }
}
