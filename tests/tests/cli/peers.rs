//! `sagittal echo`, `send`, `find`, `get`, `move` and `recv` with peers.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use sagittal_core::tags;
use sagittal_tests::{Server, cli, data, objects, peer, sagittal, wait};

fn address(server: &Server) -> String {
    format!("{}@{}", server.ae_title(), server.dimse())
}

fn write_studies(folder: &std::path::Path, count: u32) -> Vec<objects::Object> {
    std::fs::create_dir_all(folder).unwrap();
    let first = objects::ct().with(tags::PATIENT_NAME, "Größe^Jürgen");
    let all: Vec<objects::Object> = (1..=count)
        .map(|number| {
            objects::ct()
                .with(tags::PATIENT_NAME, "Größe^Jürgen")
                .beside(&first, number)
        })
        .collect();
    for object in &all {
        std::fs::write(
            folder.join(object.sop_instance_uid().as_str()),
            object.part10(),
        )
        .unwrap();
    }
    all
}

#[test]
fn echo_is_answered_by_our_server_and_fails_where_nobody_listens() {
    let mut server = Server::start();
    let peer = address(&server);
    let ran = sagittal(["echo", &peer, "--json"]).expect(0);
    assert!(ran.json()["echo_ms"][0].as_f64().unwrap() > 0.0);
    server.stop();
    let ran = sagittal(["echo", &peer, "--timeout", "5"]).expect(1);
    assert!(ran.stderr.contains("no association with"), "{}", ran.stderr);
}

#[test]
fn a_peer_that_takes_nothing_lossless_gets_lossy_copies_only_if_that_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let jpeg_2000 = "1.2.840.10008.1.2.4.91";
    let config = format!("[dimse]\ntransfer_syntaxes = [\"{jpeg_2000}\"]\n");
    let server = Server::builder().config(folder.path(), &config).start();
    let peer = address(&server);
    let input = server.folder().join("in");
    let all = write_studies(&input, 2);
    let input = input.to_str().unwrap();
    let refused = sagittal(["send", "--json", &peer, input]).expect(1);
    assert_eq!(refused.json()["failed"], 2);
    let sent = sagittal(["send", "--json", "--lossy", "jpeg,j2k-lossy", &peer, input]);
    let sent = sent.expect(0).json();
    assert_eq!(
        (&sent["stored"], &sent["converted"]),
        (&2.into(), &2.into())
    );
    let path = format!(
        "/dicom-web/studies/{}/metadata",
        all[0].study_instance_uid()
    );
    let stored = server.get(&path).expect(200).json();
    for instance in stored.as_array().unwrap() {
        let uid = instance["00080018"]["Value"][0].as_str().unwrap();
        let is_old = all.iter().any(|object| object.sop_instance_uid() == uid);
        assert!(!is_old, "another instance has the UID of what was sent");
        assert_eq!(instance["00282110"]["Value"][0], "01");
    }
}

#[test]
fn what_is_sent_is_found_and_comes_back_by_get() {
    let server = Server::start();
    let peer = address(&server);
    let input = server.folder().join("in");
    let all = write_studies(&input, 12);
    std::fs::write(
        input.join("notes.txt"),
        "not DICOM, but long enough to be looked at",
    )
    .unwrap();
    let sent = sagittal([
        "send",
        "--json",
        "--associations",
        "3",
        &peer,
        input.to_str().unwrap(),
    ]);
    let sent = sent.expect(0).json();
    assert_eq!(sent["stored"], 12);
    assert_eq!(sent["not_dicom"], 1);

    let found = sagittal(["find", "--json", &peer, "-k", "PatientName=grosse*"]).expect(0);
    let answer: serde_json::Value = serde_json::from_str(found.stdout.trim()).unwrap();
    let study = all[0].study_instance_uid();
    assert_eq!(answer[0]["0020000D"]["Value"][0], study.as_str());
    assert_eq!(answer[0]["00201208"]["Value"][0], 12);

    let out = server.folder().join("out");
    let got = sagittal([
        "get",
        "--json",
        &peer,
        "--study",
        study.as_str(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(got.expect(0).json()["completed"], 12);
    assert_eq!(data::files(&out).len(), 12);
}

/// `sagittal recv` in the background.
struct Recv {
    child: Child,
    address: String,
}

impl Recv {
    fn start(out: &std::path::Path, count: &str, title: &str) -> Recv {
        let mut child = cli::command()
            .args([
                "recv", "--port", "0", "--aet", title, "--max", count, "--out",
            ])
            .arg(out)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let address = line
            .strip_prefix("listening on ")
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        let address = address.to_owned();
        Recv { child, address }
    }

    fn end(mut self) {
        let status = wait::until("the end of recv", || self.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn a_foreign_sender_is_received_into_a_folder() {
    let Some(storescu) = peer::dcmtk("storescu") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let all = write_studies(&input, 5);
    let recv = Recv::start(&out, "5", "ME");
    let (host, port) = recv.address.rsplit_once(':').unwrap();
    let mut send = Command::new(storescu);
    send.args(["-aec", "ME", "+sd", host, port]).arg(&input);
    cli::run(&mut send).expect(0);
    recv.end();
    let files = data::files(&out);
    assert_eq!(files.len(), all.len());
    for object in &all {
        let wanted = object.data_set.bytes(tags::PIXEL_DATA).unwrap();
        let found = files.iter().any(|file| {
            let bytes = std::fs::read(file).unwrap();
            bytes
                .windows(wanted.len())
                .any(|window| window == &wanted[..])
        });
        assert!(found);
    }
}

#[test]
fn a_move_goes_to_the_peer_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let recv = Recv::start(&out, "4", "DEST");
    let server = Server::builder()
        .arg("--peer")
        .arg(format!("D=DEST@{}", recv.address))
        .start();
    let input = folder.path().join("in");
    let all = write_studies(&input, 4);
    sagittal(["send", &address(&server), input.to_str().unwrap()]).expect(0);
    let study = all[0].study_instance_uid();
    let moved = sagittal([
        "move",
        "--json",
        &address(&server),
        "--study",
        study.as_str(),
        "--to",
        "DEST",
    ]);
    assert_eq!(moved.expect(0).json()["completed"], 4);
    recv.end();
    assert_eq!(data::files(&out).len(), 4);
    let unknown = sagittal([
        "move",
        &address(&server),
        "--study",
        study.as_str(),
        "--to",
        "NOBODY",
    ]);
    unknown.expect(1);
}
