//! What is held back: seen by nobody, durable, released and deleted.

use sagittal_core::tags;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, data, dicom, sagittal};
use serde_json::Value;

use super::{cut, findings};

const RULES: &str =
    "[[quality.rule]]\nname = \"cut\"\nchecks = [\"cut\"]\naction = \"quarantine\"\n";

fn held(server: &Server) -> Vec<Value> {
    let json = server.get("/quality/quarantine").expect(200).json();
    json.as_array().unwrap().clone()
}

fn metadata(server: &Server, object: &Object) -> u16 {
    let study = object.study_instance_uid();
    server
        .get(&format!("/dicom-web/studies/{study}/metadata"))
        .status
}

#[test]
fn what_is_held_back_survives_crashes_and_a_new_index_and_is_seen_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::builder().config(folder.path(), RULES).start();
    let mut objects: Vec<Object> = Vec::new();
    for round in 0..4 {
        let mut peer = dicom::Peer::for_object(server.dimse(), "CT1", &cut()).unwrap();
        for _ in 0..5 {
            let object = cut();
            assert_eq!(peer.store(&object).unwrap(), 0);
            objects.push(object);
        }
        // At once after the answer.
        server.kill();
        server.restart();
        assert_eq!(held(&server).len(), 5 * (round + 1));
        assert_eq!(server.count(""), 0);
    }
    assert_eq!(metadata(&server, &objects[0]), 404);
    let statistics = server.get("/healthz").expect(200).json();
    assert_eq!(statistics["archive"]["studies"], 0);
    server.stop();
    let data = server.data().display().to_string();
    sagittal(["index", "rebuild", "--data", &data]).expect(0);
    let listed = sagittal(["quality", "quarantine", "list", "--json", "--data", &data])
        .expect(0)
        .json();
    assert_eq!(listed.as_array().unwrap().len(), objects.len());
    let verified = sagittal(["verify", "--json", "--data", &data])
        .expect(0)
        .json();
    assert_eq!(verified["problem_count"], 0);
    server.restart();
    assert_eq!(held(&server).len(), objects.len());
    assert_eq!(server.count(""), 0);
}

#[test]
fn what_is_released_is_what_came() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::builder().config(folder.path(), RULES).start();
    let objects = [cut(), cut(), cut()];
    let files: Vec<Vec<u8>> = objects.iter().map(Object::part10).collect();
    server.stow(&files).expect(200);
    let all = held(&server);
    assert_eq!(all.len(), 3);
    let number = |object: &Object| {
        let uid = object.sop_instance_uid();
        let of = |held: &&Value| held["sop_instance_uid"] == uid.as_str();
        all.iter().find(of).unwrap()["id"].as_i64().unwrap()
    };
    // One over HTTP, one by command; one stays.
    let path = format!("/quality/quarantine/{}/release", number(&objects[0]));
    let released = server.request("POST", &path).send().expect(200).json();
    assert_eq!(released["shown"], true);
    server.request("POST", &path).send().expect(404);
    let url = format!("http://{}", server.http());
    let second = number(&objects[1]).to_string();
    let arguments = [
        "quality",
        "quarantine",
        "release",
        "--server",
        &url,
        &second,
    ];
    let ran = sagittal(arguments).expect(0);
    assert!(ran.stdout.contains("released"), "{}", ran.stdout);
    sagittal(arguments).expect(1);
    server.kill();
    server.restart();
    for (at, object) in objects.iter().enumerate() {
        let uid = object.sop_instance_uid();
        let shown = server.count(&format!("SOPInstanceUID={uid}"));
        assert_eq!(shown, usize::from(at < 2));
    }
    let got = server
        .request(
            "GET",
            &format!("/dicom-web/studies/{}", objects[0].study_instance_uid()),
        )
        .header(
            "Accept",
            "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
        )
        .send()
        .expect(200);
    let (_, part) = got.parts().into_iter().next().unwrap();
    assert_eq!(
        dicom::data_set_of(&part),
        dicom::data_set_of(&objects[0].part10())
    );
    // The same again is known; the one that is held back is not shown for that.
    server.stow(&files).expect(200);
    assert_eq!(server.count(""), 2);
    assert_eq!(held(&server).len(), 1);
    assert_eq!(findings(&server, "").len(), 3);
}

#[test]
fn what_is_deleted_is_gone_for_good_and_the_rest_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::builder().config(folder.path(), RULES).start();
    let (bad, good) = (cut(), objects::ct());
    let beside = objects::ct()
        .in_study_of(&bad)
        .with(tags::PATIENT_ID, "TEST-2");
    let files: Vec<Vec<u8>> = [&bad, &good, &beside].map(Object::part10).into();
    server.stow(&files).expect(200);
    assert_eq!(server.count(""), 2);
    let number = held(&server)[0]["id"].as_i64().unwrap();
    let path = format!("/quality/quarantine/{number}");
    server.request("DELETE", &path).send().expect(200);
    server.request("DELETE", &path).send().expect(404);
    server.kill();
    server.restart();
    assert!(held(&server).is_empty());
    assert_eq!(server.count(""), 2);
    assert_eq!(findings(&server, "standing=deleted").len(), 1);
    server.stop();
    let data = server.data().display().to_string();
    sagittal(["index", "rebuild", "--data", &data]).expect(0);
    let listed = sagittal(["quality", "quarantine", "list", "--json", "--data", &data])
        .expect(0)
        .json();
    assert_eq!(listed.as_array().unwrap().len(), 0);
    assert!(!data::files(&server.data().join("packs")).is_empty());
}

#[test]
fn only_administrators_see_and_release_what_is_held_back() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{RULES}[auth]\nmode = \"on\"\n");
    let server = Server::builder().config(folder.path(), &text).start();
    for (method, path) in [
        ("GET", "/quality"),
        ("GET", "/quality/findings"),
        ("GET", "/quality/quarantine"),
        ("POST", "/quality/quarantine/1/release"),
        ("DELETE", "/quality/quarantine/1"),
    ] {
        let answer = server.request(method, path).send();
        assert_eq!(answer.status, 401, "{method} {path}");
    }
}
