//! The commands with DCMTK's servers as peers.

use std::path::Path;

use sagittal_core::{Limits, transfer_syntax};
use sagittal_file::part10;
use sagittal_tests::data;
use sagittal_tests::objects::{Object, ct, mr, pdf, sr, us};
use tempfile::TempDir;

use super::scu_peers::{Recv, assert_holds, dcmqrscp, run, write};
use super::tools::{Storescp, free_port};

fn transfer_syntaxes(folder: &Path) -> Vec<String> {
    let of = |path: std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        let file = part10::read(&bytes.into(), Limits::default()).unwrap();
        file.opening.transfer_syntax_uid.to_string()
    };
    let mut found: Vec<String> = data::files(folder).into_iter().map(of).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn storescp_gets_every_object_as_it_is() {
    let folder = TempDir::new().unwrap();
    let Some(peer) = Storescp::start(folder.path(), &["+xa"]) else {
        return;
    };
    let objects = [ct(), mr(), us(3), sr("Text"), pdf()];
    let all: Vec<&Object> = objects.iter().collect();
    let files = folder.path().join("files");
    write(&files, &all);
    let address = format!("ANY@127.0.0.1:{}", peer.port);
    let path = files.display().to_string();
    let sent = run("send", &address, &[&path, "--json", "-q"])
        .expect(0)
        .json();
    assert_eq!(
        (&sent["stored"], &sent["converted"]),
        (&5.into(), &0.into()),
        "{sent}"
    );
    assert_holds(&peer.folder, &all);
}

#[test]
fn what_storescp_does_not_take_is_converted_if_there_is_a_codec() {
    let folder = TempDir::new().unwrap();
    // Implicit VR Little Endian only.
    let Some(peer) = Storescp::start(folder.path(), &["+xi"]) else {
        return;
    };
    let native = [
        ct(),
        mr().in_transfer_syntax(transfer_syntax::EXPLICIT_VR_BIG_ENDIAN),
        sr("Text").in_transfer_syntax(transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN),
    ];
    let all: Vec<&Object> = native.iter().collect();
    let files = folder.path().join("files");
    write(&files, &all);
    // A video can only be had as it is.
    let compressed = sr("Other").in_transfer_syntax(transfer_syntax::MPEG2_MPML);
    std::fs::write(files.join("compressed"), compressed.part10()).unwrap();
    let address = format!("ANY@127.0.0.1:{}", peer.port);
    let path = files.display().to_string();
    let sent = run("send", &address, &[&path, "--json", "-q"])
        .expect(3)
        .json();
    assert_eq!(
        (&sent["stored"], &sent["converted"]),
        (&3.into(), &3.into()),
        "{sent}"
    );
    let reason = sent["failures"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("MPEG2"), "{reason}");
    assert_eq!(
        transfer_syntaxes(&peer.folder),
        [transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN]
    );
    assert_holds(&peer.folder, &all);
}

#[test]
fn dcmqrscp_is_queried_and_gives_back_over_get_and_move() {
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let Some(peer) = dcmqrscp(folder.path(), port) else {
        return;
    };
    let first = ct();
    let second = ct().beside(&first, 2);
    let third = mr().in_study_of(&first);
    let other = sr("Elsewhere");
    let files = folder.path().join("files");
    write(&files, &[&first, &second, &third, &other]);
    let path = files.display().to_string();
    run("send", &peer.address, &[&path, "-q"]).expect(0);
    run("echo", &peer.address, &[]).expect(0);

    let study = first.study_instance_uid();
    let keys = ["--key", "PatientName=Test*", "--json"];
    let found = run("find", &peer.address, &keys).expect(0).json();
    assert_eq!(found.as_array().unwrap().len(), 2, "{found}");
    let series = format!("StudyInstanceUID={study}");
    let keys = [
        "--level",
        "series",
        "--key",
        &series,
        "--key",
        "Modality=MR",
        "--json",
    ];
    let found = run("find", &peer.address, &keys).expect(0).json();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    let table = run("find", &peer.address, &["--level", "patient"]).expect(0);
    assert!(table.stdout.contains("Test^Terry"), "{}", table.stdout);

    for (name, more) in [("known", vec![]), ("unknown", vec!["--no-discovery"])] {
        let out = folder.path().join(name);
        let out_path = out.display().to_string();
        let mut arguments = vec![
            "--study",
            study.as_str(),
            "--out",
            &out_path,
            "--json",
            "-q",
        ];
        arguments.extend(more);
        let got = run("get", &peer.address, &arguments).expect(0).json();
        assert_eq!(got["completed"], 3, "{got}");
        assert_holds(&out, &[&first, &second, &third]);
    }

    let recv = Recv::start(folder.path(), port, &["--aet", "ME", "--max", "3"]);
    let arguments = ["--study", study.as_str(), "--to", "ME", "--json", "-q"];
    let moved = run("move", &peer.address, &arguments).expect(0).json();
    assert_eq!(moved["completed"], 3, "{moved}");
    let received = recv.folder.clone();
    assert_eq!(recv.end().1, Some(0));
    assert_holds(&received, &[&first, &second, &third]);

    let nothing = ["--study", "1.2.3.4", "--out", &path, "-q"];
    run("get", &peer.address, &nothing).expect(1);
}
