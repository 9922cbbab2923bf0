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

/// Waits for a journal with so many lines, while an import runs.
fn wait_for_journal(data: &Path, lines: usize) {
    sagittal_tests::wait::until("the journal of the import", || {
        let journals = std::fs::read_dir(data).into_iter().flatten().flatten();
        journals
            .filter(|entry| entry.path().extension().is_some_and(|e| e == "journal"))
            .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
            .any(|text| text.lines().count() >= lines)
            .then_some(())
    });
}

#[test]
fn an_interrupted_import_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (data, input) = (folder.path().join("data"), folder.path().join("in"));
    std::fs::create_dir_all(&input).unwrap();
    let first = objects::ct();
    const FILES: u32 = 1500;
    for number in 1..=FILES {
        let object = objects::ct().beside(&first, number);
        std::fs::write(input.join(format!("{number:05}")), object.part10()).unwrap();
    }
    let mut running = sagittal_tests::cli::command()
        .args(["import", "--quiet", "--jobs", "1", "--data"])
        .args([&data, &input])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_for_journal(&data, 20);
    running.kill().unwrap();
    running.wait().unwrap();
    let summary = import(&data, &input).expect(0).json();
    let number = |name: &str| {
        summary[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{summary}"))
    };
    // What the journal has was not looked at again; what was durable but not noted is identical.
    assert!(number("done_before") >= 20, "{summary}");
    assert_eq!(
        number("done_before") + number("stored") + number("identical"),
        u64::from(FILES),
        "{summary}"
    );
    // Complete now: the next one looks at everything.
    let again = import(&data, &input).expect(0).json();
    assert_eq!(again["identical"], FILES);
}

#[test]
fn a_zip_bomb_costs_neither_memory_nor_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (data, path) = (folder.path().join("data"), folder.path().join("bomb.zip"));
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let zeros = vec![0; 1 << 20];
    zip.start_file("zeros", options).unwrap();
    for _ in 0..1024 {
        zip.write_all(&zeros).unwrap();
    }
    zip.start_file("good", options).unwrap();
    zip.write_all(&objects::ct().part10()).unwrap();
    zip.finish().unwrap();
    assert!(path.metadata().unwrap().len() < 4 << 20);
    let mut running = sagittal_tests::cli::command()
        .args(["import", "--json", "--data"])
        .args([&data, &path])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while running.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", running.id()));
        let line = status.unwrap_or_default();
        let line = line.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        peak = kilobytes.unwrap_or(0).max(peak);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let output = running.wait_with_output().unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["stored"], 1, "{summary}");
    assert!(peak < 300 << 10, "{peak} kB at the peak");
    let kept: u64 = sagittal_tests::data::files(&data)
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "pack"))
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert!(kept < 16 << 20, "{kept} bytes of packs");
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_circles_are_not_followed_for_ever() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let (data, input) = (folder.path().join("data"), folder.path().join("in"));
    std::fs::create_dir_all(input.join("a/b")).unwrap();
    std::fs::write(input.join("a/b/one"), objects::ct().part10()).unwrap();
    symlink(&input, input.join("a/b/up")).unwrap();
    symlink("self", input.join("self")).unwrap();
    symlink(input.join("nowhere"), input.join("broken")).unwrap();
    let ran = import(&data, &input);
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
    let summary = ran.json();
    assert_eq!(summary["stored"], 1, "{summary}");
}

#[test]
fn exported_media_are_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let (data, input) = (folder.path().join("data"), folder.path().join("in"));
    std::fs::create_dir_all(&input).unwrap();
    let first = objects::ct();
    let mut wanted = Vec::new();
    for number in 1..=4 {
        let object = objects::ct().beside(&first, number);
        wanted.push(object.part10());
        std::fs::write(input.join(number.to_string()), object.part10()).unwrap();
    }
    import(&data, &input).expect(0);
    let media = folder.path().join("media");
    sagittal([
        "export".as_ref(),
        "--all".as_ref(),
        "--data".as_ref(),
        data.as_os_str(),
        "--media".as_ref(),
        media.as_os_str(),
    ])
    .expect(0);
    assert!(media.join("DICOMDIR").is_file());
    // Into another archive; the DICOMDIR is no instance.
    let other = folder.path().join("other");
    let summary = import(&other, &media).expect(0).json();
    assert_eq!(summary["stored"], 4, "{summary}");
    assert!(
        summary.get("refused").is_none_or(|refused| refused == 0),
        "{summary}"
    );
    let out = folder.path().join("out");
    sagittal([
        "export".as_ref(),
        "--all".as_ref(),
        "--data".as_ref(),
        other.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ])
    .expect(0);
    let data_set = |bytes: &[u8]| sagittal_tests::dicom::data_set_of(bytes).to_vec();
    let mut found: Vec<_> = sagittal_tests::data::files(&out)
        .iter()
        .map(|path| data_set(&std::fs::read(path).unwrap()))
        .collect();
    let mut wanted: Vec<_> = wanted.iter().map(|bytes| data_set(bytes)).collect();
    found.sort();
    wanted.sort();
    assert!(found == wanted, "other bytes came back");
}
