//! Durable jobs of the server: what they give, interrupted, canceled, refused, and what proves them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sagittal_core::{Limits, tags};
use sagittal_file::part10;
use sagittal_tests::http::Response;
use sagittal_tests::planted::program::PROFILE;
use sagittal_tests::planted::{Corpus, Maps, generate, program, score};
use sagittal_tests::{Server, data, objects, sagittal, wait};
use serde_json::{Value, json};

/// A server with a policy `trial`.
pub fn server(folder: &Path, profile: &str, more: &str) -> Server {
    std::fs::write(folder.join("profile.toml"), profile).unwrap();
    let key = folder.join("project.key");
    std::fs::write(&key, "5e".repeat(32)).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let text = format!(
        "[[deid.policy]]\nname = \"trial\"\nfile = {:?}\nkey_file = {key:?}\n{more}",
        folder.join("profile.toml"),
    );
    Server::builder().config(folder, &text).start()
}

struct Place {
    folder: tempfile::TempDir,
    corpus: Corpus,
    server: Server,
}

impl Place {
    fn new(corpus: Corpus) -> Place {
        let folder = tempfile::tempdir().unwrap();
        corpus.write(&folder.path().join("in")).unwrap();
        let server = server(folder.path(), PROFILE, "");
        for files in corpus.files.chunks(32) {
            let files: Vec<Vec<u8>> = files.iter().map(|file| file.bytes.clone()).collect();
            server.stow(&files).expect(200);
        }
        Place {
            folder,
            corpus,
            server,
        }
    }

    fn work(&self, id: &str) -> PathBuf {
        self.server.data().join("deid-jobs").join(id)
    }

    fn file(&self, id: &str, name: &str) -> Response {
        self.server.get(&format!("/admin/deid-jobs/{id}/{name}"))
    }
}

fn order(server: &Server, order: &Value) -> Response {
    server
        .request("POST", "/admin/deid-jobs")
        .header("Content-Type", "application/json")
        .body(order.to_string())
        .send()
}

fn ordered(server: &Server, wanted: &Value) -> String {
    let answer = order(server, wanted).expect(201);
    let job = answer.json();
    let id = job["id"].as_str().unwrap().to_owned();
    assert!(answer.header("location").unwrap().ends_with(&id));
    id
}

fn job(server: &Server, id: &str) -> Value {
    let path = format!("/admin/deid-jobs/{id}");
    server.get(&path).expect(200).json()
}

/// Waits as long as there is progress.
fn over(server: &Server, id: &str) -> Value {
    let is_over = |job: &Value| !["waiting", "running"].contains(&job["state"].as_str().unwrap());
    let mut last = job(server, id);
    while !is_over(&last) {
        last = wait::until("progress of a job", || {
            let now = job(server, id);
            (now["counts"] != last["counts"] || now["state"] != last["state"]).then_some(now)
        });
    }
    last
}

/// SOP Instance UIDs in the archive.
fn instances(server: &Server) -> BTreeSet<String> {
    let found = server
        .request("GET", "/dicom-web/instances?limit=5000")
        .header("Accept", "application/dicom+json")
        .send()
        .expect(200);
    let found = found.json();
    let uid = |one: &Value| one["00080018"]["Value"][0].as_str().unwrap().to_owned();
    found.as_array().unwrap().iter().map(uid).collect()
}

fn uid(bytes: &[u8], tag: sagittal_core::Tag) -> String {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let file = part10::read(&bytes, Limits::default()).unwrap();
    file.data_set.first_text(tag).unwrap()
}

#[track_caller]
pub fn must_be_clean(bytes: &[u8], corpus: &Corpus, what: &str) {
    // The search of texts is fast in tests too; what is no text becomes marks that no secret has.
    let text = String::from_utf8_lossy(bytes);
    let secrets: BTreeSet<&String> = corpus.files.iter().flat_map(|file| &file.secrets).collect();
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{secret} in {what}");
    }
}

#[test]
fn a_job_into_a_folder_gives_what_the_answer_key_wants_and_proves_it() {
    let place = Place::new(generate(1, 5));
    let wanted = json!({"policy": "trial", "query": {"PatientID": ""}, "destination": "folder"});
    let id = ordered(&place.server, &wanted);
    let done = over(&place.server, &id);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["counts"]["written"], 16, "{done}");
    // Pseudonyms are derived: the program tells which they are.
    program::deidentify(&place.folder.path().join("in"), place.folder.path()).expect(0);
    let maps = Maps {
        uids: Maps::read(&place.folder.path().join("work/uid_map.csv")),
        patients: Maps::read(&place.folder.path().join("work/patient_map.csv")),
    };
    let out = place.work(&id).join("out");
    let card = score(&place.corpus, &out, &maps);
    assert!(card.missing.is_empty(), "{:?}", card.missing);
    assert!(card.failed().is_empty(), "{:#?}", card.failed());
    for name in ["log.jsonl", "report.html", "report.pdf", "report.json"] {
        let file = place.file(&id, name).expect(200);
        must_be_clean(&file.body, &place.corpus, name);
    }
    let report = place.file(&id, "report.json").expect(200).json();
    assert_eq!(report["written"], 16);
    assert_eq!(report["logIsSound"], true);
    for study in report["studies"].as_array().unwrap() {
        let name = format!(
            "reports/{}.html",
            study["studyInstanceUID"].as_str().unwrap()
        );
        let page = place.file(&id, &name).expect(200).text();
        assert!(page.contains("113105 Clean Descriptors Option"), "{name}");
    }
    let (log, key) = (
        place.folder.path().join("log.jsonl"),
        place.folder.path().join("key.pem"),
    );
    std::fs::write(&log, place.file(&id, "log.jsonl").body).unwrap();
    std::fs::write(&key, place.file(&id, "log-key.pub.pem").expect(200).body).unwrap();
    sagittal([
        "deid".as_ref(),
        "verify-log".as_ref(),
        log.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
        "--public-key".as_ref(),
        key.as_os_str(),
    ])
    .expect(0);
    for name in [
        "job.json",
        "done.jsonl",
        "log-key.pem",
        "reports/../job.json",
        "quasi.jsonl",
    ] {
        place.file(&id, name).expect(404);
    }
    assert_eq!(instances(&place.server).len(), 16);
}

#[test]
fn a_job_into_the_archive_that_is_killed_goes_on_and_does_nothing_twice() {
    let mut place = Place::new(generate(1, 9));
    let before = instances(&place.server);
    let studies: BTreeSet<String> = place
        .corpus
        .files
        .iter()
        .map(|file| uid(&file.bytes, tags::STUDY_INSTANCE_UID))
        .collect();
    let id = ordered(
        &place.server,
        &json!({"policy": "trial", "studies": studies}),
    );
    wait::until("some instances", || {
        let job = job(&place.server, &id);
        (job["counts"]["written"].as_u64()? > 2).then_some(())
    });
    place.server.kill();
    place.server.restart();
    let done = over(&place.server, &id);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["counts"]["written"], before.len(), "{done}");
    let after = instances(&place.server);
    assert_eq!(after.len(), 2 * before.len());
    assert!(after.is_superset(&before));
    // The killed run's log has no end; the report tells of both.
    let report = place.file(&id, "report.json").expect(200).json();
    assert_eq!(report["written"], before.len(), "{}", report["earlierRuns"]);
    for study in report["studies"].as_array().unwrap() {
        let path = format!(
            "/dicom-web/studies/{}",
            study["studyInstanceUID"].as_str().unwrap()
        );
        let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
        let answer = place
            .server
            .request("GET", &path)
            .header("Accept", accept)
            .send();
        let parts = answer.expect(200).parts();
        assert_eq!(parts.len() as u64, study["instances"].as_u64().unwrap());
        for (_, bytes) in parts {
            must_be_clean(&bytes, &place.corpus, &path);
        }
    }
    // Ordered again, it gives the same instances.
    let id = ordered(
        &place.server,
        &json!({"policy": "trial", "studies": studies}),
    );
    let done = over(&place.server, &id);
    assert_eq!(done["counts"]["written"], before.len(), "{done}");
    assert_eq!(instances(&place.server), after);
    let listed = place.server.get("/admin/deid-jobs").expect(200).json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
}

#[test]
fn a_canceled_job_stays_canceled() {
    let mut place = Place::new(generate(1, 9));
    let wanted = json!({"policy": "trial", "query": {"PatientID": ""}});
    let first = ordered(&place.server, &wanted);
    // It waits for the first.
    let second = ordered(&place.server, &wanted);
    for id in [&first, &second] {
        let path = format!("/admin/deid-jobs/{id}");
        let answer = place.server.request("DELETE", &path).send();
        // The first may have been quick.
        assert!([200, 400].contains(&answer.status), "{}", answer.text());
    }
    let is_canceled = |job: Value| job["state"] == "canceled" && job["counts"]["written"] == 0;
    assert!(is_canceled(over(&place.server, &second)));
    over(&place.server, &first);
    place.server.kill();
    place.server.restart();
    assert!(is_canceled(over(&place.server, &second)));
    place
        .server
        .request("DELETE", "/admin/deid-jobs/none")
        .send()
        .expect(404);
}

#[test]
fn what_the_residual_check_finds_is_not_stored() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("terms.txt"), "Brankovic Scanner\n").unwrap();
    let profile = "extends = \"basic\"\n[residual]\nlists = [\"terms.txt\"]\n\
                   [pixels]\nunknown_burned_in = \"keep\"\n";
    let server = server(folder.path(), profile, "");
    let first = objects::ct();
    let named = objects::ct()
        .beside(&first, 2)
        .with(tags::MANUFACTURER, "Brankovic Scanner");
    server.stow(&[first.part10(), named.part10()]).expect(200);
    let study = first.study_instance_uid().to_string();
    let id = ordered(&server, &json!({"policy": "trial", "studies": [study]}));
    let done = over(&server, &id);
    assert_eq!(done["counts"]["written"], 1, "{done}");
    assert_eq!(done["counts"]["quarantined"], 1, "{done}");
    assert_eq!(instances(&server).len(), 3);
    let work = server.data().join("deid-jobs").join(&id);
    assert_eq!(data::files(&work.join("quarantine")).len(), 1);
    let audit = std::fs::read_to_string(server.data().join("audit.jsonl")).unwrap_or_default();
    assert!(
        audit.is_empty() || audit.contains("1 in quarantine"),
        "{audit}"
    );
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let profile = "extends = \"basic\"\noptions.retain_uids = true\n";
    let server = server(folder.path(), profile, "");
    let object = objects::ct();
    server.stow(&[object.part10()]).expect(200);
    let study = object.study_instance_uid().to_string();
    for (wanted, status) in [
        (json!({"policy": "none", "studies": [study]}), 400),
        (json!({"policy": "trial", "studies": []}), 400),
        (
            json!({"policy": "trial", "studies": ["1.2.3"], "destination": "folder"}),
            404,
        ),
        (
            json!({"policy": "trial", "studies": ["1/2"], "destination": "folder"}),
            400,
        ),
        // Outputs could not be told from originals.
        (json!({"policy": "trial", "studies": [study]}), 400),
        (
            json!({"policy": "trial", "studies": [study], "to": "me"}),
            400,
        ),
        (
            json!({"policy": "trial", "query": {"PatientID": "nobody"}, "destination": "folder"}),
            404,
        ),
    ] {
        let answer = order(&server, &wanted);
        assert_eq!(answer.status, status, "{wanted}: {}", answer.text());
    }
    assert_eq!(server.get("/admin/deid-jobs").expect(200).json(), json!([]));
}
