//! Twins with programs of others: DCMTK and pynetdicom as clients, storescp as what a device would
//! send to.

use std::process::Command;

use sagittal_tests::objects::{ct, mr, us};
use sagittal_tests::peer::{dcmtk, python, run_python};
use sagittal_tests::sagittal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::observed::{Program, free_port, texts};
use super::twin::{Twin, document, write};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
const VERIFICATION: &str = "1.2.840.10008.1.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const RLE: &str = "1.2.840.10008.1.2.5";

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
      \"Storage Commitment Push Model\", \"Modality Performed Procedure Step\", \"Modality Worklist Information Model - FIND\"]\n\
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
ae.add_requested_context("1.2.840.10008.3.1.2.3.3")
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
MPPS = "1.2.840.10008.3.1.2.3.3"
step = Dataset()
step.PerformedProcedureStepStatus = "IN PROGRESS"
assert association.send_n_create(step, MPPS, "1.2.3.50")[0].Status == 0
assert association.send_n_create(step, MPPS, "1.2.3.50")[0].Status == 0x0111
step.PerformedProcedureStepStatus = "COMPLETED"
assert association.send_n_set(step, MPPS, "1.2.3.50")[0].Status == 0
assert association.send_n_set(step, MPPS, "1.2.3.51")[0].Status == 0x0112
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
