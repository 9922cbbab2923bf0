//! A DICOMDIR of the input is left out; one of the outputs is made when it is asked for.

use std::path::{Path, PathBuf};
use std::process::Command;

use sagittal_core::{Limits, Uid, tags};
use sagittal_file::dicomdir::{self, Builder, FileIds};
use sagittal_file::part10;
use sagittal_tests::planted::program::{deidentify, deidentify_with};
use sagittal_tests::planted::{Corpus, generate};
use sagittal_tests::{Ran, cli, data, peer, sagittal};

/// A file-set of planted instances.
fn media(folder: &Path) -> Corpus {
    let corpus = generate(2, 5);
    let (mut ids, uid) = (FileIds::new(), Uid::from_static("1.2.3.4"));
    let mut builder = Builder::new("PLANTED", uid).unwrap();
    for file in &corpus.files {
        let read = part10::read(&file.bytes.clone().into(), Limits::default()).unwrap();
        let text = |tag| read.data_set.first_text(tag).unwrap_or_default();
        let id = ids.next(
            &text(tags::PATIENT_ID),
            &text(tags::STUDY_INSTANCE_UID),
            &text(tags::SERIES_INSTANCE_UID),
        );
        let syntax = read.opening.transfer_syntax_uid.as_str();
        builder.add(&id, &read.data_set, syntax).unwrap();
        let path = folder.join(id.to_string());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &file.bytes).unwrap();
    }
    std::fs::write(folder.join("DICOMDIR"), builder.finish().unwrap()).unwrap();
    corpus
}

fn listed(out: &Path) -> Vec<PathBuf> {
    let bytes = std::fs::read(out.join("DICOMDIR")).unwrap();
    let directory = dicomdir::read(&bytes.into(), Limits::default()).unwrap();
    assert!(directory.findings.is_empty(), "{:?}", directory.findings);
    let instances = directory.instances();
    let mut paths: Vec<_> = instances
        .map(|record| out.join(record.relative_path().unwrap()))
        .collect();
    paths.sort();
    paths
}

fn verify(folder: &Path) -> Ran {
    let logs = data::files(&folder.join("work"));
    let is_log = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "jsonl");
    let log = logs.iter().rfind(is_log).unwrap();
    let out = folder.join("out");
    sagittal([
        "deid".as_ref(),
        "verify-log".as_ref(),
        log.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ])
}

#[test]
fn a_dicomdir_of_the_input_is_left_out_and_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = media(&folder.path().join("in"));
    let ran = deidentify(&folder.path().join("in"), folder.path()).expect(0);
    let files = corpus.files.len();
    assert!(
        ran.stdout.starts_with(&format!("{files} written")) && ran.stdout.contains(" 0 refused"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("1 DICOMDIR left out (--dicomdir"),
        "{}",
        ran.stdout
    );
    assert_eq!(data::files(&folder.path().join("out")).len(), files);
    verify(folder.path()).expect(0);
}

#[test]
fn outputs_become_a_file_set_that_others_read_and_later_runs_go_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    let corpus = media(&input);
    let files = corpus.files.len();
    let run = || deidentify_with(&input, folder.path(), &["--dicomdir"]).expect(0);
    let ran = run();
    let made = format!("DICOMDIR made anew of {files} instances; 1 of the input left out");
    assert!(ran.stdout.contains(&made), "{}", ran.stdout);
    let mut there = data::files(&out);
    there.retain(|path| *path != out.join("DICOMDIR"));
    there.sort();
    assert_eq!(listed(&out), there);
    let directory = std::fs::read(out.join("DICOMDIR")).unwrap();
    for secret in corpus.files.iter().flat_map(|file| &file.secrets) {
        let mut windows = directory.windows(secret.len());
        assert!(
            !windows.any(|window| window == secret.as_bytes()),
            "{secret} is in the DICOMDIR"
        );
    }
    verify(folder.path()).expect(0);
    read_by_others(&out, files);
    // What is gone comes back, and nothing else moves.
    let gone = there.remove(4);
    std::fs::remove_file(&gone).unwrap();
    let before: Vec<Vec<u8>> = there
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    let ran = run();
    let done = format!("1 written, {} done before", files - 1);
    assert!(ran.stdout.starts_with(&done), "{}", ran.stdout);
    let after: Vec<Vec<u8>> = there
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(before == after);
    assert_eq!(listed(&out).len(), files);
    // A directory that was never written is no reason to do anything twice.
    std::fs::remove_file(out.join("DICOMDIR")).unwrap();
    let ran = run();
    let done = format!("0 written, {files} done before");
    assert!(ran.stdout.starts_with(&done), "{}", ran.stdout);
    assert_eq!(listed(&out).len(), files);
}

fn read_by_others(out: &Path, files: usize) {
    if let Some(dcmdump) = peer::dcmtk("dcmdump") {
        let mut command = Command::new(dcmdump);
        let ran = cli::run(command.arg(out.join("DICOMDIR"))).expect(0);
        let records = ran.stdout.matches("ReferencedFileID").count();
        assert_eq!(records, files, "{}", ran.stdout);
    }
    if let Some(python) = peer::python(&["pydicom"]) {
        let script = "\
import sys
from pydicom.fileset import FileSet
found = FileSet(sys.argv[1])
for instance in found:
    assert instance.load().SOPInstanceUID == instance.SOPInstanceUID
print(len(found), len(found.find_values('PatientID')))
";
        let mut command = Command::new(python);
        let directory = out.join("DICOMDIR");
        let ran = cli::run(command.args(["-c", script]).arg(directory)).expect(0);
        assert_eq!(ran.stdout.trim(), format!("{files} 2"), "{}", ran.stderr);
    }
}
