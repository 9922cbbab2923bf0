//! Our own server does what its statement says; documents are what their schema says.

use sagittal_tests::objects::{ct, mr};
use sagittal_tests::peer::{python, run_python};
use sagittal_tests::{Server, sagittal};
use serde_json::Value;

use super::observed::{Observed, assert_same, texts};

/// Server and statement with the same configuration.
fn both(text: &str) -> (Server, Observed) {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("sagittal.toml");
    std::fs::write(&path, text).unwrap();
    let server = Server::builder().config(folder.path(), text).start();
    let path = path.display().to_string();
    let ran = sagittal([
        "conformance",
        "statement",
        "--format",
        "json",
        "--config",
        &path,
    ])
    .expect(0);
    (server, Observed(ran.json()))
}

fn address(server: &Server) -> String {
    format!("{}@{}", server.ae_title(), server.dimse())
}

/// What both say of the same must be the same.
#[track_caller]
fn assert_agree(observed: &Observed, declared: &Observed) {
    let found = observed.pairs("yes");
    let said = declared.pairs("yes");
    // A private class of the configuration is not among those that are asked for.
    assert_same(&found, &said);
    for group in declared.groups("yes") {
        for class in texts(&group["sop_classes"]) {
            let seen = observed.group(&class);
            for name in ["preference", "requestor_roles"] {
                assert_eq!(seen[name], group[name], "{name} of {class}");
            }
        }
    }
    for name in [
        "max_pdu_received",
        "implementation_class_uid",
        "implementation_version_name",
        "operations_window",
        "rejects_useless",
        "common_extended_negotiation",
    ] {
        assert_eq!(
            observed.association(name),
            declared.association(name),
            "{name}"
        );
    }
    for name in ["called_ae_title", "calling_ae_title"] {
        let plain = |value: &Value| value.get("value").unwrap_or(value).clone();
        assert_eq!(
            plain(observed.association(name)),
            plain(declared.association(name)),
            "{name}"
        );
    }
    let answers = |document: &Observed| -> Vec<Value> {
        let list = document
            .association("user_identity")
            .as_array()
            .unwrap()
            .iter();
        list.map(|row| row["answer"].clone()).collect()
    };
    assert_eq!(answers(observed), answers(declared));
    let extended = |document: &Observed| {
        let mut answers: Vec<(String, String)> = Vec::new();
        for row in document
            .association("extended_negotiation")
            .as_array()
            .unwrap()
        {
            let answer = row["answer"].as_str().unwrap().to_owned();
            if !answer.is_empty() {
                answers.extend(
                    texts(&row["sop_classes"])
                        .into_iter()
                        .map(|uid| (uid, answer.clone())),
                );
            }
        }
        answers.sort();
        answers
    };
    // Retired storage SOP classes are not asked for levels of support.
    let (seen, said) = (extended(observed), extended(declared));
    assert!(
        seen.iter().all(|row| said.contains(row)) && seen.len() > 180,
        "{} {}",
        seen.len(),
        said.len()
    );
}

#[test]
fn what_the_server_does_is_what_its_statement_says() {
    let (server, declared) = both("");
    server.stow(&[ct().part10(), mr().part10()]).expect(200);
    let observed = Observed::of(&address(&server), &["--dicomweb", server.dicomweb()]);
    assert_agree(&observed, &declared);
    // Keys: what is declared to match matches, where there was data to ask about.
    let find = "1.2.840.10008.5.1.4.1.2.2.1";
    for level in ["STUDY", "SERIES", "IMAGE"] {
        for how in [
            "single",
            "range",
            "uid-list",
            "wild-card",
            "case-insensitive",
        ] {
            let declared = declared.keys(find, level, "matching", how);
            let failed = observed.keys(find, level, "not_matching", how);
            let broken: Vec<_> = failed.intersection(&declared).collect();
            assert!(broken.is_empty(), "{level} {how}: {broken:?}");
        }
        assert!(
            !observed.keys(find, level, "matching", "single").is_empty(),
            "{level}"
        );
    }
    let web = &observed.0["web"][0];
    assert_eq!(web["capabilities"]["value"], true, "{web}");
    for resource in web["resources"].as_array().unwrap() {
        assert!(resource["support"].is_null(), "{resource}");
    }
    server.assert_well();
}

#[test]
fn a_configuration_changes_both() {
    let (server, declared) = both(
        "[dimse]\ncheck_called_ae_title = true\nmax_pdu = 32768\nretired_sop_classes = false\n\
         transfer_syntaxes = [\"1.2.840.10008.1.2.4.90\", \"1.2.840.10008.1.2.1\"]\n[services]\nget = false\n",
    );
    let observed = Observed::of(&address(&server), &["--no-query"]);
    assert_agree(&observed, &declared);
    let ct = observed.group("1.2.840.10008.5.1.4.1.1.2");
    assert_eq!(
        texts(&ct["preference"]["order"]),
        ["1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.1"]
    );
    assert_eq!(ct["requestor_roles"], "scu");
}

#[test]
fn nothing_is_stored_unless_it_is_allowed_and_then_deleted_again() {
    let server = Server::start();
    server.stow(&[ct().part10()]).expect(200);
    Observed::of(&address(&server), &["--dicomweb", server.dicomweb()]);
    assert_eq!(server.count(""), 1);
    let observed = Observed::of(
        &address(&server),
        &[
            "--no-query",
            "--allow-store",
            "--dicomweb",
            server.dicomweb(),
        ],
    );
    let cases = observed.entity()["storage"].as_array().unwrap().clone();
    let outcome =
        |name: &str| cases.iter().find(|row| row["case"] == name).unwrap()["outcome"].clone();
    assert_eq!(outcome("sound"), "stored");
    assert_eq!(outcome("Study Instance UID is missing"), "refused");
    assert_eq!(
        outcome("SOP Instance UID differs from the command's"),
        "refused"
    );
    assert!(cases.len() > 15);
    assert_eq!(server.count(""), 1, "what the probe stored is gone");
    server.assert_well();
}

/// Reads documents on the command line: a schema, then documents.
const VALIDATE: &str = r#"
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for name in sys.argv[2:]:
    errors = [error.message[:200] for error in validator.iter_errors(json.load(open(name)))]
    assert not errors, (name, errors[:3])
broken = json.load(open(sys.argv[2]))
broken["application_entities"][0]["colour"] = "blue"
assert not validator.is_valid(broken)
"#;

#[test]
fn documents_are_what_the_schema_says_and_survive_toml() {
    let folder = tempfile::TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let schema = write(
        "schema.json",
        &sagittal(["conformance", "schema"]).expect(0).stdout,
    );
    let statement = sagittal(["conformance", "statement", "--format", "json"]).expect(0);
    let declared = write("declared.json", &statement.stdout);
    let toml = sagittal(["conformance", "convert", &declared, "--format", "toml"]).expect(0);
    let toml = write("declared.toml", &toml.stdout);
    let again = sagittal(["conformance", "convert", &toml, "--format", "json"]).expect(0);
    let pairs = |json: Value| Observed(json).pairs("yes");
    assert_same(&pairs(again.json()), &pairs(statement.json()));
    let server = Server::start();
    let observed = folder.path().join("observed.json").display().to_string();
    sagittal([
        "conformance",
        "probe",
        &address(&server),
        "--json",
        &observed,
    ])
    .expect(0);
    for format in ["markdown", "html"] {
        let shown = sagittal(["conformance", "convert", &observed, "--format", format]).expect(0);
        assert!(shown.stdout.contains("CT Image Storage"));
    }
    if let Some(python) = python(&["jsonschema"]) {
        run_python(&python, VALIDATE, &[&schema, &declared, &observed]).expect(0);
    }
    let wrong = write(
        "wrong.json",
        &statement.stdout.replace("max_pdu_received", "max_pdu"),
    );
    let refused = sagittal(["conformance", "convert", &wrong]).expect(1);
    assert!(refused.stderr.contains("max_pdu"), "{}", refused.stderr);
}
