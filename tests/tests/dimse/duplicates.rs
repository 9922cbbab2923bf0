//! Another instance under a UID that is taken, by policy (C-STORE, PS3.4 §B.2.3).

use sagittal_core::tags;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, peer};

use super::scu_peers::run;
use super::tools::{dcmtk, write};

/// Stores `object` with storescu; the status.
fn store(server: &Server, name: &str, object: &Object) -> String {
    let input = write(server, name, std::slice::from_ref(object));
    let ran = dcmtk("storescu", server, &["-d", "+sd"], &[&input]).unwrap();
    let text = format!("{}{}", ran.stdout, ran.stderr);
    let status = text
        .lines()
        .filter(|line| line.contains("DIMSE Status"))
        .find_map(|line| line.split(": ").nth(2));
    status.unwrap_or_else(|| panic!("{text}")).trim().to_owned()
}

/// What a C-GET of the study brings: Series Descriptions.
fn got(server: &Server, name: &str, object: &Object) -> Vec<String> {
    let folder = server.folder().join(name);
    let (out, study) = (folder.display().to_string(), object.study_instance_uid());
    let peer = format!("{}@{}", server.ae_title(), server.dimse());
    let arguments = ["--study", study.as_str(), "--out", &out, "-q"];
    run("get", &peer, &arguments).expect(0);
    sagittal_tests::data::files(&folder)
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(path).unwrap().into();
            let file = sagittal_file::part10::read(&bytes, sagittal_core::Limits::default());
            let text = file.unwrap().data_set.first_text(tags::SERIES_DESCRIPTION);
            text.unwrap_or_default()
        })
        .collect()
}

#[test]
fn each_policy_answers_and_keeps_as_it_says() {
    if peer::dcmtk("storescu").is_none() {
        return;
    }
    for (policy, second, shown) in [
        ("keep-both", "0xb000", "first"),
        ("keep-first", "0x0111", "first"),
        ("replace", "0x0000", "second"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("[storage]\nduplicates = \"{policy}\"\n");
        let server = Server::builder().config(folder.path(), &text).start();
        let object = objects::ct().with(tags::SERIES_DESCRIPTION, "first");
        let other = object.clone().with(tags::SERIES_DESCRIPTION, "second");
        let sent = [
            store(&server, "a", &object),
            store(&server, "b", &object),
            store(&server, "c", &other),
            store(&server, "d", &other),
        ];
        for (said, expected) in sent.iter().zip(["0x0000", "0x0000", second]) {
            assert!(said.starts_with(expected), "{policy}: {sent:?}");
        }
        // The newcomer once more: kept, it is the same again; refused, it is refused again.
        let again = if policy == "keep-first" {
            "0x0111"
        } else {
            "0x"
        };
        assert!(sent[3].starts_with(again), "{policy}: {sent:?}");
        assert_eq!(got(&server, "out", &object), [shown], "{policy}");
        let keys = [
            "-S",
            "-k",
            "QueryRetrieveLevel=IMAGE",
            "-k",
            "SOPInstanceUID",
        ];
        let found = dcmtk("findscu", &server, &keys, &[]).unwrap().expect(0);
        let text = format!("{}{}", found.stdout, found.stderr);
        assert_eq!(
            text.matches(object.sop_instance_uid().as_str()).count(),
            1,
            "{policy}"
        );
    }
}
