//! Who may look through a view; that nothing is written through it; that what cannot be
//! de-identified is given to nobody; that all of it is recorded.

use std::process::Command;

use sagittal_tests::dicom::Peer;
use sagittal_tests::http::multipart;
use sagittal_tests::planted::generate;
use sagittal_tests::{Server, cli, objects, peer, sagittal, wait};

use super::{Place, VIEW, configuration, text};

/// Roles with a token each.
const ROLES: [&str; 4] = ["researcher", "reader", "editor", "admin"];

fn guarded() -> (tempfile::TempDir, Server, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = configuration(folder.path()) + "[auth]\nmode = \"on\"\n";
    let mut tokens = Vec::new();
    for role in ROLES {
        let token = sagittal(["token", "new", "--json", role]).expect(0).json();
        config += &format!(
            "[[auth.token]]\nname = \"{role}\"\nhash = {}\nroles = [\"{role}\"]\n",
            token["hash"]
        );
        tokens.push(format!("Bearer {}", token["token"].as_str().unwrap()));
    }
    let server = Server::builder().config(folder.path(), &config).start();
    (folder, server, tokens)
}

#[test]
fn who_may_see_the_view_does_not_see_originals_and_the_other_way_round() {
    let (_folder, server, tokens) = guarded();
    let ct = objects::ct();
    let admin = &tokens[3];
    let body = multipart("application/dicom", &[ct.part10()]);
    let kind = "multipart/related; type=\"application/dicom\"; boundary=sagittal-test";
    let store = |path: &str, token: &str| {
        server
            .request("POST", path)
            .header("Authorization", token)
            .header("Content-Type", kind)
            .body(body.clone())
            .send()
            .status
    };
    assert_eq!(store("/dicom-web/studies", admin), 200);
    let get = |path: &str, token: &str| {
        server
            .request("GET", path)
            .header("Authorization", token)
            .header("Accept", "*/*")
            .send()
    };
    let found = get(&format!("{VIEW}/studies"), admin).expect(200).json();
    let shown = text(&found[0], "0020000D");
    let original = ct.study_instance_uid();
    let of_view = [
        format!("{VIEW}/studies"),
        format!("{VIEW}/studies/{shown}"),
        format!("{VIEW}/studies/{shown}/metadata"),
        format!("{VIEW}/studies/{shown}/thumbnail"),
    ];
    let of_originals = [
        "/dicom-web/studies".to_owned(),
        format!("/dicom-web/studies/{original}"),
        format!("/dicom-web/studies/{original}/metadata"),
        format!("/dicom-web/studies/{original}/thumbnail"),
    ];
    for (role, token) in ROLES.iter().zip(&tokens) {
        let sees_view = matches!(*role, "researcher" | "admin");
        let sees_originals = *role != "researcher";
        for (paths, may) in [(&of_view, sees_view), (&of_originals, sees_originals)] {
            for path in paths {
                let expected = if may { 200 } else { 403 };
                assert_eq!(get(path, token).status, expected, "{role} {path}");
            }
        }
        // Nobody writes through it.
        assert_eq!(store(&format!("{VIEW}/studies"), token), 403, "{role}");
        let delete = server
            .request("DELETE", &format!("{VIEW}/studies/{shown}"))
            .header("Authorization", token)
            .send();
        assert_eq!(delete.status, 403, "{role}");
    }
    assert_eq!(server.get(&format!("{VIEW}/studies")).status, 401);
    assert_eq!(
        get(&format!("/dicom-web/studies/{original}"), admin).status,
        200
    );
    let audit = server.data().join("audit.jsonl");
    wait::until("the audit log of the view", || {
        let text = std::fs::read_to_string(&audit).ok()?;
        let told = |what: &str| {
            text.lines()
                .any(|line| line.contains(what) && line.contains("view research, policy trial"))
        };
        let all = told("GET /deid/research/dicom-web/studies/{study}/metadata")
            && told("GET /deid/research/dicom-web/studies\"")
            && told("a de-identified view can only be read")
            && told("the permission `view-deidentified` is needed");
        all.then_some(())
    });
    let text = std::fs::read_to_string(&audit).unwrap();
    for line in text.lines().filter(|line| line.contains("/deid/")) {
        assert!(!line.contains(original.as_str()), "{line}");
    }
}

#[test]
fn an_application_entity_for_the_view_is_let_into_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path())
        + "[auth]\nmode = \"on\"\n\
           [[auth.ae]]\nae_title = \"LAB\"\npermissions = [\"verify\", \"view-deidentified\"]\n\
           [[auth.ae]]\nae_title = \"WARD\"\npermissions = [\"verify\", \"query\", \"retrieve\"]\n\
           [[auth.ae]]\nae_title = \"CT1\"\npermissions = [\"store\"]\n";
    let server = Server::builder().config(folder.path(), &config).start();
    let ct = objects::ct();
    let mut modality = Peer::for_object(server.dimse(), "CT1", &ct).unwrap();
    assert_eq!(modality.store(&ct).unwrap(), 0);
    let find = |calling: &str, called: &str| {
        let address = server.dimse();
        let mut command = Command::new(peer::dcmtk("findscu")?);
        command
            .args(["-v", "-S", "-aet", calling, "-aec", called])
            .args([
                "-k",
                "QueryRetrieveLevel=STUDY",
                "-k",
                "PatientName",
                "-k",
                "PatientID",
            ])
            .args([address.ip().to_string(), address.port().to_string()]);
        let ran = cli::run(&mut command);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        let answers = said.matches("Find Response:").count();
        Some((answers, said.contains("TEST-1")))
    };
    let own = server.ae_title().to_owned();
    let Some(seen) = find("LAB", "RESEARCH") else {
        return;
    };
    assert_eq!(seen, (1, false));
    assert_eq!(find("LAB", &own), Some((0, false)));
    assert_eq!(find("WARD", &own), Some((1, true)));
    assert_eq!(find("WARD", "RESEARCH"), Some((0, false)));
}

#[test]
fn what_the_residual_check_finds_is_given_to_nobody_and_recorded() {
    let corpus = generate(1, 9);
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path());
    let profile = folder.path().join("profile.toml");
    let text_of = std::fs::read_to_string(&profile).unwrap();
    // Something that the policy keeps, and its list does not want to see.
    let lists = "\n[residual]\nlists = [\"never.txt\"]\n";
    std::fs::write(&profile, format!("{text_of}{lists}")).unwrap();
    std::fs::write(folder.path().join("never.txt"), "WERKZEPPELIN\n").unwrap();
    let server = Server::builder().config(folder.path(), &config).start();
    let files: Vec<Vec<u8>> = corpus.files.iter().map(|file| file.bytes.clone()).collect();
    server.stow(&files).expect(200);
    let ct = objects::ct();
    let bad = objects::ct()
        .beside(&ct, 2)
        .with(sagittal_core::tags::MANUFACTURER, "WERKZEPPELIN");
    server.stow(&[ct.part10(), bad.part10()]).expect(200);
    let get = |path: &str, accept: &str| {
        let response = server
            .request("GET", &format!("{VIEW}{path}"))
            .header("Accept", accept)
            .send();
        assert!(!response.text().contains("WERKZEPPELIN"), "{path}");
        response
    };
    let json = "application/dicom+json";
    let found = get("/instances?limit=1000&includefield=all", json)
        .expect(200)
        .json();
    assert_eq!(found.as_array().unwrap().len(), corpus.files.len() + 1);
    // By the numbers of the archive there is one more, which cannot be had.
    let studies = get("/studies?ModalitiesInStudy=CT", json)
        .expect(200)
        .json();
    let mut given = 0;
    for study in studies.as_array().unwrap() {
        let uid = text(study, "0020000D");
        let all = get(
            &format!("/studies/{uid}"),
            "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
        );
        given += all.expect(200).parts().len();
        get(&format!("/studies/{uid}/metadata"), json).expect(200);
    }
    assert_eq!(given, corpus.files.len() + 1);
    let log = server.log();
    assert!(log.contains("withheld"), "{log}");
    for uid in [bad.sop_instance_uid(), ct.study_instance_uid()] {
        assert!(!log.contains(uid.as_str()), "{uid} is in the log");
    }
    let audit = server.data().join("audit.jsonl");
    wait::until("the alert in the audit log", || {
        let text = std::fs::read_to_string(&audit).ok()?;
        let mut lines = text.lines();
        lines
            .any(|line| line.contains("security-alert") && line.contains("is withheld"))
            .then_some(())
    });
}

#[test]
fn a_wrong_policy_keeps_the_server_from_starting_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path());
    std::fs::write(
        folder.path().join("profile.toml"),
        "extends = \"basic\"\n[options]\nclean_descriptorz = true\n",
    )
    .unwrap();
    let file = folder.path().join("sagittal.toml");
    std::fs::write(
        &file,
        config.replace("policy = \"trial\"", "policy = \"trail\""),
    )
    .unwrap();
    let ran = sagittal(["config".as_ref(), "check".as_ref(), file.as_os_str()]);
    assert_ne!(ran.code, Some(0));
    let said = format!("{}{}", ran.stdout, ran.stderr);
    for expected in [
        "sagittal.toml:3:8: deid.policy.file",
        "line 3",
        "clean_descriptors",
        "there is no policy \"trail\"",
        "did you mean \"trial\"?",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn a_view_of_a_corpus_says_nothing_of_it_in_the_servers_log() {
    let place = Place::with(&generate(1, 5), "");
    place.instances();
    let log = place.server.log();
    for secret in &place.secrets {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log");
    }
}

#[test]
fn jobs_of_de_identification_are_for_administrators_only() {
    let (_folder, server, tokens) = guarded();
    for (role, token) in ROLES.iter().zip(&tokens) {
        let ask = |method: &str, path: &str, body: &str| {
            let request = server
                .request(method, path)
                .header("Authorization", token)
                .header("Content-Type", "application/json");
            request.body(body.to_owned()).send().status
        };
        let list = ask("GET", "/admin/deid-jobs", "");
        let order = ask("POST", "/admin/deid-jobs", "{}");
        if *role == "admin" {
            assert_eq!(list, 200);
            assert_ne!(order, 403);
        } else {
            assert_eq!((list, order), (403, 403), "{role}");
            assert_eq!(ask("GET", "/admin/deid-jobs/1", ""), 403, "{role}");
        }
    }
}
