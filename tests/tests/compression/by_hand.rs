//! `sagittal compress`, without a server and beside one.

use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Ran, Server, sagittal};

use super::pictures::{HTJ2K, assert_as_sent, smooth, stored_as};

fn slices(count: u32) -> Vec<Object> {
    let first = smooth(objects::ct_of(512, 512), 0);
    let mut all = vec![first.clone()];
    all.extend((1..count).map(|n| smooth(objects::ct_of(512, 512), n).beside(&first, n + 1)));
    all
}

fn on(server: &Server, words: &[&str]) -> Ran {
    let data = server.data().display().to_string();
    let mut arguments: Vec<&str> = words.to_vec();
    arguments.extend(["--json", "--data", &data]);
    sagittal(arguments)
}

#[test]
fn a_study_is_compressed_beside_a_running_server_and_the_rest_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let packs = "[storage]\npack_size = \"4 MiB\"\n";
    let mut server = Server::builder().config(folder.path(), packs).start();
    let (one, other) = (slices(10), slices(4));
    for study in [&one, &other] {
        let files: Vec<Vec<u8>> = study.iter().map(Object::part10).collect();
        server.stow(&files).expect(200);
    }
    let etag = |server: &Server| {
        let path = format!(
            "/dicom-web/studies/{}/metadata",
            one[0].study_instance_uid()
        );
        server
            .get(&path)
            .expect(200)
            .header("etag")
            .map(str::to_owned)
    };
    let before = etag(&server);
    assert!(before.is_some());
    let study = one[0].study_instance_uid().to_string();
    let done = on(&server, &["compress", "--study", &study])
        .expect(0)
        .json();
    assert_eq!(
        (&done["instances"], &done["failed"]),
        (&10.into(), &0.into())
    );
    assert_eq!(stored_as(&server, &one[0], HTJ2K), 10);
    assert_eq!(stored_as(&server, &other[0], HTJ2K), 0);
    assert_ne!(
        etag(&server),
        before,
        "what is cached elsewhere is out of date"
    );
    assert_as_sent(&server, &one);
    // Compaction is the server's own.
    let refused = on(&server, &["compact"]).expect(1);
    assert!(refused.stderr.contains("server"), "{}", refused.stderr);
    server.stop();

    let bytes = |server: &Server| -> u64 {
        let verified = on(server, &["verify"]).expect(0).json();
        verified["bytes"].as_u64().unwrap()
    };
    let done = on(&server, &["compress", "--all", "--to", "jpeg-ls-lossless"]);
    assert_eq!(done.expect(0).json()["instances"], 4);
    let full = bytes(&server);
    on(&server, &["compact", "--below", "100"]).expect(0);
    // Who did what is told, whoever did it.
    let log = std::fs::read_to_string(server.data().join("audit.jsonl")).unwrap();
    let events: Vec<serde_json::Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let of = |service: &str| -> Vec<&serde_json::Value> {
        let is_of = |event: &&serde_json::Value| {
            event["service"] == service && event["action"] == "application-activity"
        };
        events.iter().filter(is_of).collect()
    };
    let compressed = of("compress");
    assert_eq!(compressed.len(), 2, "{log}");
    assert_eq!(compressed[0]["instances"], 10);
    assert_eq!(compressed[0]["study_instance_uids"][0], study.as_str());
    assert_eq!(compressed[1]["instances"], 4);
    assert_eq!(of("compact").len(), 1);
    let compacted = bytes(&server);
    assert!(compacted + (4 << 20) / 2 < full, "{full} {compacted}");
    let verified = on(&server, &["verify"]).expect(0).json();
    assert_eq!(verified["restored"], 14);
    server.restart();
    assert_as_sent(&server, &one);
    assert_as_sent(&server, &other);
    assert_eq!(stored_as(&server, &other[0], "1.2.840.10008.1.2.4.80"), 4);
    server.assert_well();
}

#[test]
fn what_makes_no_sense_is_refused() {
    let server = Server::start();
    for (words, said) in [
        (
            &["compress", "--all", "--to", "jpeg"][..],
            "never compressed with loss",
        ),
        (&["compress", "--all", "--to", "zip"], "htj2k-lossless"),
        (&["compress"], "--study"),
    ] {
        let ran = on(&server, words);
        assert_eq!(ran.code, Some(2), "{words:?}");
        assert!(ran.stderr.contains(said), "{words:?}: {}", ran.stderr);
    }
}
