//! Each action, with senders of others.

use sagittal_core::{Vr, tags};
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, cli, sagittal};

use super::{cut, findings, kinds, storescu};

const RULES: &str = "
[[quality.rule]]
name = \"known\"
sources = [\"KNOWN\"]
checks = [\"cut\"]
action = \"accept\"

[[quality.rule]]
name = \"cut\"
sources = [\"STRICT\"]
checks = [\"cut\", \"missing\"]
action = \"refuse\"

[[quality.rule]]
name = \"held\"
modalities = [\"MR\"]
checks = [\"cut\"]
action = \"quarantine\"
";

fn server(folder: &std::path::Path) -> Server {
    Server::builder().config(folder, RULES).start()
}

#[test]
fn names_cut_in_three_alphabets_are_kept_and_tagged() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let japanese = format!("Yamada^Tarou=山田^太郎={}", "や".repeat(64));
    for (set, name) in [
        ("ISO_IR 100", "é".repeat(64)),
        ("ISO_IR 144", "Ж".repeat(64)),
        ("ISO_IR 192", "Ω".repeat(64)),
        ("ISO_IR 192", japanese.clone()),
        ("\\ISO 2022 IR 87", japanese),
    ] {
        let mut object = objects::ct();
        let data_set = &mut object.data_set;
        // The texts that are there are ASCII in any of the sets.
        data_set.put_bytes(tags::SPECIFIC_CHARACTER_SET, Vr::CS, set.into());
        data_set.try_put_text(tags::PATIENT_NAME, &name).unwrap();
        let Some(ran) = storescu(&server, &[], &object) else {
            return;
        };
        ran.expect(0);
        let uid = object.sop_instance_uid();
        assert_eq!(server.count(&format!("SOPInstanceUID={uid}")), 1);
        let found = findings(&server, &format!("instance={uid}"));
        assert_eq!(found.len(), 1, "{set}");
        let expected = ("cut".to_owned(), "PatientName".to_owned());
        assert_eq!(kinds(&found[0]), [expected], "{set}");
        assert_eq!(found[0]["standing"], "kept");
    }
}

#[test]
fn a_finding_that_is_accepted_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let object = cut();
    let Some(ran) = storescu(&server, &["-aet", "KNOWN"], &object) else {
        return;
    };
    ran.expect(0);
    assert_eq!(server.count(""), 1);
    assert_eq!(findings(&server, ""), Vec::<serde_json::Value>::new());
}

#[test]
fn a_refusal_has_a_status_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let mut without = objects::ct();
    without.data_set.remove(tags::MODALITY);
    for (object, status, comment) in [
        (cut(), "0xc000", "PatientName cut"),
        (without, "0xa900", "Modality missing"),
    ] {
        let Some(ran) = storescu(&server, &["-v", "-d", "-aet", "STRICT"], &object) else {
            return;
        };
        let said = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
        assert!(said.contains(status), "{status}: {said}");
        assert!(said.contains(&comment.to_lowercase()), "{comment}: {said}");
        let uid = object.sop_instance_uid();
        let found = findings(&server, &format!("instance={uid}&standing=refused"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["source"], "STRICT");
    }
    assert_eq!(server.count(""), 0);
    // Who is not strict may send the same.
    let object = cut();
    storescu(&server, &["-aet", "OTHER"], &object)
        .unwrap()
        .expect(0);
    assert_eq!(server.count(""), 1);
}

#[test]
fn stow_names_what_is_refused_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "[[quality.rule]]\nname = \"cut\"\nchecks = [\"cut\"]\naction = \"refuse\"\n";
    let server = Server::builder().config(folder.path(), rules).start();
    let (bad, good) = (cut(), objects::ct());
    let answer = server.stow(&[bad.part10()]).expect(409);
    let text = answer.header("Warning").unwrap().to_owned();
    assert!(text.contains("PatientName cut"), "{text}");
    let answer = server
        .stow(&[bad.part10(), good.part10()])
        .expect(202)
        .json();
    let failed = &answer["00081198"]["Value"][0];
    assert_eq!(
        failed["00081155"]["Value"][0],
        bad.sop_instance_uid().as_str()
    );
    assert_eq!(failed["00081197"]["Value"][0], 0xC000);
    assert_eq!(server.count(""), 1);
    let refused = findings(&server, "standing=refused");
    assert_eq!(refused.len(), 1);
}

#[test]
fn what_is_held_back_is_a_success_to_its_sender() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let object: Object = objects::mr().with(tags::PATIENT_NAME, &"n".repeat(64));
    let Some(ran) = storescu(&server, &[], &object) else {
        return;
    };
    ran.expect(0);
    assert_eq!(server.count(""), 0);
    let answer = server.stow(&[object.part10()]).expect(200).json();
    let stored = &answer["00081199"]["Value"][0];
    assert_eq!(
        stored["00081155"]["Value"][0],
        object.sop_instance_uid().as_str()
    );
    assert!(stored.get("00081197").is_none());
    assert!(stored.get("00081190").is_none(), "no URL to retrieve it");
    assert_eq!(findings(&server, "standing=quarantined").len(), 1);
}

#[test]
fn a_rule_that_makes_no_sense_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    let text = "[[quality.rule]]\nname = \"x\"\nchecks = [\"cuts\"]\naction = \"hold\"\n";
    std::fs::write(&file, text).unwrap();
    let ran: cli::Ran = sagittal(["config", "check", &file.display().to_string()]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("quality.rule.checks"), "{said}");
    assert!(said.contains("quality.rule.action"), "{said}");
}
