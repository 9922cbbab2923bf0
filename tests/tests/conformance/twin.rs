//! Twins behave as their documents say: the probe of a twin gives the document again, and programs
//! of others meet what they would meet at the device.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use sagittal_tests::objects::{Object, ct, mr};
use sagittal_tests::{cli, sagittal};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::observed::{Observed, assert_same, product, texts};
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

pub fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> std::path::PathBuf {
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
pub fn document(association: &str, rest: &str) -> String {
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
