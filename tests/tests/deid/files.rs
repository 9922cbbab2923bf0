//! Runs over folders: logs, resuming, quarantine, re-identification.

use std::path::{Path, PathBuf};
use std::process::Command;

use sagittal_core::tags;
use sagittal_tests::planted::program::{deidentify, deidentify_by};
use sagittal_tests::planted::{Corpus, generate};
use sagittal_tests::{Ran, cli, objects, peer, sagittal};

struct Place {
    folder: tempfile::TempDir,
    corpus: Corpus,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let corpus = generate(1, 5);
        corpus.write(&folder.path().join("in")).unwrap();
        Place { folder, corpus }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self) -> Ran {
        deidentify(&self.path("in"), self.folder.path())
    }

    fn logs(&self) -> Vec<PathBuf> {
        let is_log = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "jsonl");
        let mut logs = sagittal_tests::data::files(&self.path("work"));
        logs.retain(is_log);
        logs
    }

    fn outputs(&self) -> Vec<PathBuf> {
        sagittal_tests::data::files(&self.path("out"))
    }

    fn verify(&self, log: &Path) -> Ran {
        let key = self.path("work/log-key.pub.pem");
        let out = self.path("out");
        sagittal([
            "deid".as_ref(),
            "verify-log".as_ref(),
            log.as_os_str(),
            "--out".as_ref(),
            out.as_os_str(),
            "--public-key".as_ref(),
            key.as_os_str(),
        ])
    }
}

#[test]
fn a_log_is_verified_with_its_outputs_and_tells_when_either_was_changed() {
    let place = Place::new();
    place.run().expect(0);
    let log = place.logs().remove(0);
    place.verify(&log).expect(0);
    let text = std::fs::read_to_string(&log).unwrap();
    for file in &place.corpus.files {
        for secret in &file.secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in the log");
        }
    }
    let output = place.outputs().remove(0);
    let mut bytes = std::fs::read(&output).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&output, &bytes).unwrap();
    place.verify(&log).expect(1);
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&output, &bytes).unwrap();
    std::fs::write(&log, text.replacen("\"removed\"", "\"emptied\"", 1)).unwrap();
    let ran = place.verify(&log).expect(1);
    assert!(ran.stdout.contains("NOT SOUND"), "{}", ran.stdout);
}

#[test]
fn a_second_run_does_only_what_is_missing() {
    let place = Place::new();
    let first = place.run().expect(0);
    assert!(first.stdout.starts_with("16 written"), "{}", first.stdout);
    let gone = place.outputs().remove(3);
    let before = std::fs::read(&gone).unwrap();
    std::fs::remove_file(&gone).unwrap();
    let second = place.run().expect(0);
    assert!(
        second.stdout.starts_with("1 written, 15 done before"),
        "{}",
        second.stdout
    );
    assert_eq!(std::fs::read(&gone).unwrap(), before);
    assert_eq!(place.logs().len(), 2);
}

#[test]
fn reports_and_tables_are_written_for_others_to_read() {
    let place = Place::new();
    place.run().expect(0);
    let html = std::fs::read_to_string(place.path("work/report.html")).unwrap();
    assert!(
        html.contains("2026d") && html.contains("113105"),
        "{html:.400}"
    );
    let pdf = std::fs::read(place.path("work/report.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    let log = place.logs().remove(0);
    for name in ["log.csv", "log.parquet"] {
        let table = place.path(name);
        let log = log.as_os_str();
        sagittal([
            "deid".as_ref(),
            "export-log".as_ref(),
            log,
            table.as_os_str(),
        ])
        .expect(0);
    }
    let csv = std::fs::read_to_string(place.path("log.csv")).unwrap();
    assert!(csv.lines().count() > 500);
    assert!(
        std::fs::read(place.path("log.parquet"))
            .unwrap()
            .ends_with(b"PAR1")
    );
}

#[test]
fn what_may_have_text_burned_in_never_reaches_the_output_without_a_rule() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    std::fs::create_dir(&input).unwrap();
    let object = objects::ct().with(tags::BURNED_IN_ANNOTATION, "YES");
    std::fs::write(input.join("a.dcm"), object.part10()).unwrap();
    let profile = "extends = \"basic\"\noptions.clean_pixel_data = true\npixels.ocr = \"off\"\n";
    let ran = deidentify_by(profile, &input, folder.path()).expect(1);
    assert!(ran.stdout.contains("1 refused"), "{}", ran.stdout);
    assert!(sagittal_tests::data::files(&folder.path().join("out")).is_empty());
}

#[test]
fn originals_come_back_for_those_whom_the_profile_names() {
    let Some(openssl) = peer::program("openssl", "openssl") else {
        return;
    };
    let place = Place::new();
    let made = Command::new(openssl)
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=steward",
        ])
        .arg("-keyout")
        .arg(place.path("steward.key"))
        .arg("-out")
        .arg(place.path("steward.pem"))
        .output()
        .unwrap();
    assert!(made.status.success());
    let profile = place.path("with-recipient.toml");
    let text = "extends = \"basic\"\n\n[reidentify]\nrecipients = [\"steward.pem\"]\n\n\
                [pixels]\nunknown_burned_in = \"keep\"\n";
    std::fs::write(&profile, text).unwrap();
    place.run().expect(0);
    let mut command = cli::command();
    command
        .arg("deid")
        .arg(place.path("in"))
        .arg("--out")
        .arg(place.path("sealed/"));
    command
        .arg("--key")
        .arg(place.path("project.key"))
        .arg("--profile")
        .arg(&profile);
    cli::run(&mut command).expect(0);
    let mut command = cli::command();
    command
        .arg("reidentify")
        .arg(place.path("sealed"))
        .arg("--output")
        .arg(place.path("back"));
    command.arg("--private-key").arg(place.path("steward.key"));
    cli::run(&mut command).expect(0);
    let names: Vec<String> = sagittal_tests::data::files(&place.path("back"))
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(path).unwrap();
            let file = sagittal_file::part10::read(&bytes.into(), Default::default()).unwrap();
            file.data_set.first_text(tags::PATIENT_NAME).unwrap()
        })
        .collect();
    assert_eq!(names.len(), 16);
    let restored = names.iter().filter(|name| name.contains('^')).count();
    assert_eq!(restored, 16, "{names:?}");
}

#[test]
fn of_two_files_with_one_uid_none_is_lost_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    std::fs::create_dir(&input).unwrap();
    let first = objects::ct();
    let other = first.clone().with(tags::SLICE_THICKNESS, "7");
    for (name, object) in [("a", &first), ("b", &first), ("c", &other)] {
        std::fs::write(input.join(name), object.part10()).unwrap();
    }
    let ran = deidentify(&input, folder.path()).expect(3);
    assert!(ran.stdout.contains("2 written"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("same SOP Instance UID"),
        "{}",
        ran.stdout
    );
}
