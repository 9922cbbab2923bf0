//! C-MOVE (PS3.4 §C.4.2).

use sagittal_core::tags;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, data};

use super::tools::{Storescp, dcmtk, free_port};

fn server_with_peer(port: u16) -> Server {
    Server::builder()
        .arg("--peer")
        .arg(format!("dest=DEST@127.0.0.1:{port}"))
        .start()
}

fn fill(server: &Server, count: u32) -> Object {
    let first = objects::ct().with(tags::PATIENT_ID, "MOVED");
    let mut files = vec![first.part10()];
    files.extend((2..=count).map(|number| {
        let beside = objects::ct().beside(&first, number);
        beside.with(tags::PATIENT_ID, "MOVED").part10()
    }));
    assert_eq!(server.stow(&files).status, 200);
    first
}

#[test]
fn movescu_moves_a_study_a_series_and_an_instance() {
    let folder = tempfile::tempdir().unwrap();
    let Some(receiver) = Storescp::start(folder.path(), &["+xa", "+uf"]) else {
        return;
    };
    let server = server_with_peer(receiver.port);
    let first = fill(&server, 12);
    let study = format!("StudyInstanceUID={}", first.study_instance_uid());
    let series = format!("SeriesInstanceUID={}", first.series_instance_uid());
    let instance = format!("SOPInstanceUID={}", first.sop_instance_uid());
    for (level, keys, count) in [
        ("IMAGE", vec![&study, &series, &instance], 1),
        ("SERIES", vec![&study, &series], 13),
        ("STUDY", vec![&study], 25),
    ] {
        let level = format!("QueryRetrieveLevel={level}");
        let mut arguments = vec!["-S", "-aem", "DEST", "-k", &level];
        for key in keys {
            arguments.extend(["-k", key]);
        }
        dcmtk("movescu", &server, &arguments, &[])
            .unwrap()
            .expect(0);
        assert_eq!(data::files(&receiver.folder).len(), count, "{level}");
    }
}

#[test]
fn failures_are_told_by_status_and_counters() {
    let server = server_with_peer(free_port());
    let first = fill(&server, 2);
    let study = format!("StudyInstanceUID={}", first.study_instance_uid());
    for (destination, said) in [("NOBODY", "0xa801"), ("DEST", "0xa702")] {
        let keys = [
            "-d",
            "-S",
            "-aem",
            destination,
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            &study,
        ];
        let Some(ran) = dcmtk("movescu", &server, &keys, &[]) else {
            return;
        };
        let text = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
        assert!(text.contains(said), "{destination}: {text}");
    }
}

#[test]
fn movescu_cancels_half_way() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["+xa", "+uf", "--sleep-during", "1"];
    let Some(receiver) = Storescp::start(folder.path(), &arguments) else {
        return;
    };
    let settings = tempfile::tempdir().unwrap();
    let text = format!(
        "[[peer]]\nname = \"dest\"\nae_title = \"DEST\"\nhost = \"127.0.0.1\"\nport = {}\n\
         max_associations = 1\n",
        receiver.port
    );
    let server = Server::builder().config(settings.path(), &text).start();
    let first = fill(&server, 30);
    let study = format!("StudyInstanceUID={}", first.study_instance_uid());
    let level = "QueryRetrieveLevel=STUDY";
    let keys = [
        "-d", "-S", "--cancel", "2", "-aem", "DEST", "-k", level, "-k", &study,
    ];
    let ran = dcmtk("movescu", &server, &keys, &[]).unwrap();
    let text = format!("{}{}", ran.stdout, ran.stderr);
    let last = text.rfind("C-MOVE RSP").map_or(&text[..], |at| &text[at..]);
    assert!(last.contains("0xfe00"), "{text}");
    let count = |name: &str| -> usize {
        let line = last.lines().find(|line| line.contains(name));
        let number = line.and_then(|line| line.rsplit(": ").next());
        number
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or_else(|| panic!("{text}"))
    };
    let (remaining, completed) = (
        count("Remaining Suboperations"),
        count("Completed Suboperations"),
    );
    assert_eq!(remaining + completed, 30, "{text}");
    assert_eq!(count("Failed Suboperations"), 0);
    assert!(remaining > 20, "{text}");
    assert_eq!(data::files(&receiver.folder).len(), completed);
}

#[test]
fn a_receiver_that_takes_implicit_vr_only_gets_it_converted() {
    let folder = tempfile::tempdir().unwrap();
    let Some(receiver) = Storescp::start(folder.path(), &["+xi", "+uf"]) else {
        return;
    };
    let server = server_with_peer(receiver.port);
    let first = fill(&server, 3);
    let study = format!("StudyInstanceUID={}", first.study_instance_uid());
    let keys = [
        "-S",
        "-aem",
        "DEST",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        &study,
    ];
    dcmtk("movescu", &server, &keys, &[]).unwrap().expect(0);
    assert_eq!(data::files(&receiver.folder).len(), 3);
}
