//! The commands echo, send, find, get, move and recv, with our own server as peer.

use sagittal_core::{Element, Fragments, Value, Vr, tags, transfer_syntax};
use sagittal_tests::objects::{Object, ct, mr, sr};
use sagittal_tests::{Server, sagittal};
use tempfile::TempDir;

use super::scu_peers::{Recv, assert_holds, run, write};

/// Two instances of one study, and one of another.
fn objects() -> [Object; 3] {
    let first = ct();
    let second = mr().in_study_of(&first);
    [first, second, sr("Nothing to be seen")]
}

fn address(server: &Server) -> String {
    format!("{}@{}", server.ae_title(), server.dimse())
}

#[test]
fn what_is_sent_is_found_and_got_back() {
    let (server, folder) = (Server::start(), TempDir::new().unwrap());
    let peer = address(&server);
    let [first, second, third] = objects();
    let files = folder.path().join("files");
    write(&files, &[&first, &second, &third]);
    std::fs::write(files.join("readme.txt"), "not DICOM at all").unwrap();
    let path = files.display().to_string();

    let sent = run("send", &peer, &[&path, "--json", "-q", "-a", "2"])
        .expect(0)
        .json();
    assert_eq!(sent["stored"], 3, "{sent}");
    assert_eq!(sent["not_dicom"], 1);
    assert_eq!(sent["failures"], serde_json::json!([]));

    let study = first.study_instance_uid();
    let key = format!("StudyInstanceUID={study}");
    let found = run(
        "find",
        &peer,
        &["--level", "series", "--key", &key, "--json"],
    )
    .expect(0)
    .json();
    assert_eq!(found.as_array().unwrap().len(), 2);

    let out = folder.path().join("got");
    let out_path = out.display().to_string();
    let arguments = [
        "--study",
        study.as_str(),
        "--out",
        &out_path,
        "--json",
        "-q",
    ];
    let got = run("get", &peer, &arguments).expect(0).json();
    assert_eq!(
        (&got["completed"], &got["failed"]),
        (&2.into(), &0.into()),
        "{got}"
    );
    assert_holds(&out, &[&first, &second]);
    // Once more: nothing is written twice.
    let again = run("get", &peer, &arguments).expect(0).json();
    assert_eq!(again["received"]["identical"], 2, "{again}");
    assert_holds(&out, &[&first, &second]);
}

/// An instance of one made-up frame, as if it were compressed.
fn compressed(beside: &Object, number: u32, syntax: &'static str) -> Object {
    let mut object = ct().beside(beside, number).in_transfer_syntax(syntax);
    object.data_set.put(Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::Fragments(Fragments {
            offset_table: Vec::new(),
            fragments: vec![vec![u8::try_from(number).unwrap(); 200].into()],
        }),
    });
    object
}

#[test]
fn what_is_compressed_in_several_ways_is_got_without_knowing_it_beforehand() {
    let (server, folder) = (Server::start(), TempDir::new().unwrap());
    let first = ct();
    let syntaxes = [
        transfer_syntax::JPEG_LOSSLESS_SV1,
        transfer_syntax::JPEG_2000_LOSSLESS,
        transfer_syntax::JPEG_LS_LOSSLESS,
        transfer_syntax::JPEG_BASELINE_8_BIT,
    ];
    let mut all = vec![first.clone()];
    all.extend(
        (2..)
            .zip(syntaxes)
            .map(|(number, syntax)| compressed(&first, number, syntax)),
    );
    let files: Vec<Vec<u8>> = all.iter().map(Object::part10).collect();
    server.stow(&files).expect(200);
    let out = folder.path().join("got");
    let (study, out_path) = (first.study_instance_uid(), out.display().to_string());
    let arguments = [
        "--study",
        study.as_str(),
        "--out",
        &out_path,
        "--no-discovery",
        "-q",
    ];
    run("get", &address(&server), &arguments).expect(0);
    assert_holds(&out, &all.iter().collect::<Vec<_>>());
}

#[test]
fn a_limit_cancels_the_query() {
    let (server, folder) = (Server::start(), TempDir::new().unwrap());
    let objects: Vec<Object> = (0..20).map(|_| ct()).collect();
    let all: Vec<&Object> = objects.iter().collect();
    write(folder.path(), &all);
    let path = folder.path().display().to_string();
    run("send", &address(&server), &[&path, "-q"]).expect(0);
    let found = run("find", &address(&server), &["--limit", "3", "--json"])
        .expect(0)
        .json();
    assert_eq!(found.as_array().unwrap().len(), 3);
    let all = run("find", &address(&server), &["--json"]).expect(0).json();
    assert_eq!(all.as_array().unwrap().len(), 20);
}

#[test]
fn a_move_reaches_recv_which_ends_when_it_has_enough() {
    let folder = TempDir::new().unwrap();
    let recv = Recv::start(folder.path(), 0, &["--aet", "ME", "--max", "2", "--fsync"]);
    let server = Server::builder()
        .arg("--peer")
        .arg(format!("me=ME@127.0.0.1:{}", recv.port))
        .start();
    let [first, second, _] = objects();
    let files = folder.path().join("files");
    write(&files, &[&first, &second]);
    run(
        "send",
        &address(&server),
        &[&files.display().to_string(), "-q"],
    )
    .expect(0);
    let study = first.study_instance_uid();
    let arguments = ["--study", study.as_str(), "--to", "ME", "--json", "-q"];
    let moved = run("move", &address(&server), &arguments).expect(0).json();
    assert_eq!(moved["completed"], 2, "{moved}");
    let received = recv.folder.clone();
    let (summary, code) = recv.end();
    assert_eq!((&summary["written"], code), (&2.into(), Some(0)));
    assert_holds(&received, &[&first, &second]);

    let unknown = ["--study", study.as_str(), "--to", "NOBODY", "-q"];
    let refused = run("move", &address(&server), &unknown).expect(1);
    assert!(refused.stderr.contains("A801"), "{}", refused.stderr);
}

#[test]
fn recv_writes_every_transfer_syntax_as_it_came_and_ends_when_idle() {
    let folder = TempDir::new().unwrap();
    let recv = Recv::start(folder.path(), 0, &["--idle-exit", "1"]);
    let objects = [
        ct().in_transfer_syntax(transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN),
        ct().in_transfer_syntax(transfer_syntax::EXPLICIT_VR_BIG_ENDIAN),
        ct().in_transfer_syntax(transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
    ];
    let all: Vec<&Object> = objects.iter().collect();
    let files = folder.path().join("files");
    write(&files, &all);
    let peer = format!("ANY@127.0.0.1:{}", recv.port);
    run("echo", &peer, &["-n", "3"]).expect(0);
    let path = files.display().to_string();
    let sent = run("send", &peer, &[&path, "--json", "-q", "--window", "4"])
        .expect(0)
        .json();
    assert_eq!(
        (&sent["stored"], &sent["converted"]),
        (&3.into(), &0.into()),
        "{sent}"
    );
    let received = recv.folder.clone();
    let (summary, code) = recv.end();
    assert_eq!((&summary["written"], code), (&3.into(), Some(0)));
    assert_holds(&received, &all);
}

#[test]
fn exit_codes_tell_failures() {
    let folder = TempDir::new().unwrap();
    let nobody = "X@127.0.0.1:1";
    let echo = sagittal(["echo", "--json", nobody]).expect(1).json();
    assert_eq!(echo["success"], false);
    let path = folder.path().display().to_string();
    sagittal(["send", "-q", nobody, &path]).expect(1);
    write(folder.path(), &[&ct()]);
    let sent = sagittal(["send", "-q", "--json", "--retries", "0", nobody, &path])
        .expect(1)
        .json();
    assert_eq!((&sent["stored"], &sent["failed"]), (&0.into(), &1.into()));
    sagittal(["find", nobody]).expect(1);
    sagittal(["find", "no address"]).expect(2);
    sagittal(["get", nobody, "--out", &path]).expect(2);
    sagittal([
        "move",
        nobody,
        "--study",
        "1.2",
        "--to",
        "SEVENTEEN_LETTERS",
    ])
    .expect(2);
}
