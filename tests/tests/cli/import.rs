//! `sagittal import`.

use std::io::Write as _;
use std::path::Path;

use sagittal_core::tags;
use sagittal_tests::{Ran, Server, objects, sagittal};

fn import(data: &Path, input: &Path) -> Ran {
    sagittal([
        "import".as_ref(),
        "--json".as_ref(),
        "--data".as_ref(),
        data.as_os_str(),
        input.as_os_str(),
    ])
}

#[test]
fn a_folder_is_loaded_and_loading_it_again_keeps_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (data, input) = (folder.path().join("data"), folder.path().join("in"));
    std::fs::create_dir_all(input.join("a/b")).unwrap();
    let first = objects::ct();
    for number in 1..=20 {
        let object = objects::ct().beside(&first, number);
        std::fs::write(input.join(format!("a/b/{number}")), object.part10()).unwrap();
    }
    std::fs::write(
        input.join("notes.txt"),
        "not DICOM, but long enough to be looked at",
    )
    .unwrap();
    let summary = import(&data, &input).expect(0).json();
    assert_eq!(summary["stored"], 20);
    assert_eq!(summary["not_dicom"], 1);
    let again = import(&data, &input).expect(0).json();
    assert_eq!(again["stored"], 0);
    assert_eq!(again["identical"], 20);
}

#[test]
fn members_of_a_zip_are_loaded_whatever_their_folders() {
    let folder = tempfile::tempdir().unwrap();
    let (data, path) = (folder.path().join("data"), folder.path().join("study.zip"));
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for name in ["x/1", "x/y/2", "3.dcm"] {
        zip.start_file(name, options).unwrap();
        zip.write_all(&objects::ct().part10()).unwrap();
    }
    zip.start_file("x/readme.txt", options).unwrap();
    zip.write_all(b"not DICOM, but long enough to be looked at")
        .unwrap();
    zip.finish().unwrap();
    let summary = import(&data, &path).expect(0).json();
    assert_eq!(summary["stored"], 3);
    assert_eq!(summary["not_dicom"], 1);
}

#[test]
fn what_cannot_be_kept_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (data, input) = (folder.path().join("data"), folder.path().join("in"));
    std::fs::create_dir_all(&input).unwrap();
    let mut nameless = objects::ct();
    let meta_uid = nameless.part10();
    nameless.data_set.remove(tags::STUDY_INSTANCE_UID);
    std::fs::write(input.join("good"), meta_uid).unwrap();
    let file = sagittal_file::part10::write(
        &sagittal_file::part10::Meta {
            sop_class_uid: nameless.sop_class_uid(),
            sop_instance_uid: objects::new_uid(),
            transfer_syntax_uid: nameless.transfer_syntax_uid.clone(),
            source_ae_title: None,
        },
        &nameless.data_set,
    );
    std::fs::write(input.join("bad"), file.unwrap()).unwrap();
    let summary = import(&data, &input).expect(3).json();
    assert_eq!(summary["stored"], 1);
    assert_eq!(summary["refused"], 1);
    assert!(
        summary["refusals"][0]["file"]
            .as_str()
            .unwrap()
            .ends_with("bad")
    );
    assert_ne!(summary["refusals"][0]["reason"], "");
}

#[test]
fn a_folder_without_dicom_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    std::fs::create_dir_all(&input).unwrap();
    std::fs::write(input.join("a"), "no DICOM anywhere in this folder").unwrap();
    import(&folder.path().join("data"), &input).expect(1);
    import(&folder.path().join("data"), &folder.path().join("nowhere")).expect(1);
}

#[test]
fn while_a_server_runs_the_way_to_it_is_shown_and_works() {
    let server = Server::start();
    let input = server.folder().join("in");
    std::fs::create_dir_all(&input).unwrap();
    for number in 0..5 {
        std::fs::write(input.join(number.to_string()), objects::ct().part10()).unwrap();
    }
    let refused = import(server.data(), &input).expect(1);
    assert!(refused.stderr.contains("--server"), "{}", refused.stderr);
    let sent = sagittal([
        "import".as_ref(),
        "--json".as_ref(),
        "--server".as_ref(),
        server.dicomweb().as_ref(),
        input.as_os_str(),
    ]);
    assert_eq!(sent.expect(0).json()["stored"], 5);
    assert_eq!(server.count("PatientID=TEST-1"), 5);
}

#[test]
fn what_a_running_server_refuses_is_explained() {
    let server = Server::start();
    let input = server.folder().join("in");
    std::fs::create_dir_all(&input).unwrap();
    let mut nothing = vec![0; 128];
    nothing.extend_from_slice(b"DICM");
    nothing.extend_from_slice(b"this is no data set, whatever the prefix says");
    std::fs::write(input.join("nothing.dcm"), nothing).unwrap();
    let ran = sagittal([
        "import".as_ref(),
        "--server".as_ref(),
        std::ffi::OsStr::new(server.dicomweb()),
        input.as_os_str(),
    ]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    let line = said
        .lines()
        .find(|line| line.contains("refused") && line.contains("nothing.dcm"))
        .unwrap_or_else(|| panic!("{said}"));
    let (_, reason) = line
        .split_once("(failure reason C000): ")
        .unwrap_or_else(|| panic!("{line}"));
    assert!(reason.len() > 10, "{line}");
}
