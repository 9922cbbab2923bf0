//! `sagittal demo`: the generated studies, judged by others.

use std::process::Command;

use sagittal_tests::{cli, data, peer, sagittal};

#[test]
fn the_generated_objects_satisfy_an_iod_validator() {
    let Some(validator) = peer::program("dciodvfy", "Debian package dicom3tools") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo");
    sagittal(["demo".as_ref(), path.as_os_str()]).expect(0);
    let files = data::files(&path);
    assert_eq!(files.len(), 64);
    for file in files {
        let ran = cli::run(Command::new(&validator).arg(&file));
        let errors: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|line| line.contains("Error"))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", file.display());
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    for path in [&one, &two] {
        sagittal(["demo".as_ref(), path.as_os_str()]).expect(0);
    }
    for (a, b) in data::files(&one).iter().zip(data::files(&two)) {
        assert_eq!(
            std::fs::read(a).unwrap(),
            std::fs::read(b).unwrap(),
            "{}",
            a.display()
        );
    }
}
