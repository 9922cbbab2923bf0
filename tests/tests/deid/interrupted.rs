//! Runs over folders that are killed, that find no room, and whose reader goes away.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sagittal_tests::planted::program::{PROFILE, deidentify};
use sagittal_tests::planted::{Maps, generate, score};
use sagittal_tests::{cli, data, wait};

fn prepare(folder: &Path, profile: &str) {
    std::fs::write(folder.join("profile.toml"), profile).unwrap();
    let key = folder.join("project.key");
    std::fs::write(&key, "5e".repeat(32)).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn command(folder: &Path, out: &Path, work: &Path) -> Command {
    let mut command = cli::command();
    command.arg("deid").arg(folder.join("in"));
    command.arg("--out").arg(out).arg("--work").arg(work);
    command.arg("--key").arg(folder.join("project.key"));
    command.arg("--profile").arg(folder.join("profile.toml"));
    command
}

fn logs(work: &Path) -> Vec<PathBuf> {
    let mut logs = data::files(work);
    logs.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    logs.retain(|path| path.file_name().is_some_and(|name| name != "quasi.jsonl"));
    logs
}

#[test]
fn a_run_that_is_killed_leaves_nothing_that_no_log_tells_of_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let corpus = generate(1, 3);
    corpus.write(&folder.join("in")).unwrap();
    let profile = format!(
        "{PROFILE}\n[report]\nquasi_identifiers = [\"PatientSex\", \"PatientAge\"]\nk = 3\n"
    );
    prepare(folder, &profile);
    let (out, work) = (folder.join("out"), folder.join("work"));
    let mut child = command(folder, &out, &work)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait::until("some outputs", || {
        let some = out.exists() && data::files(&out).len() > 3;
        (some || child.try_wait().unwrap().is_some()).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let is_output = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "dcm");
    let told: String = logs(&work)
        .iter()
        .map(|log| std::fs::read_to_string(log).unwrap())
        .collect();
    let killed: BTreeSet<PathBuf> = data::files(&out).into_iter().filter(is_output).collect();
    for path in &killed {
        let uid = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            told.contains(&format!("\"instance\":\"{uid}\"")),
            "{uid} is in no log"
        );
    }
    let ran = cli::run(&mut command(folder, &out, &work)).expect(0);
    let before = format!("{} done before", killed.len());
    assert!(ran.stdout.contains(&before), "{before}: {}", ran.stdout);
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(work.join("report.json")).unwrap()).unwrap();
    assert_eq!(report["written"], corpus.files.len());
    assert_eq!(report["studies"].as_array().unwrap().len(), 1);
    let html = std::fs::read_to_string(work.join("report.html")).unwrap();
    assert!(
        html.contains("interrupted"),
        "the report tells of the killed run"
    );
    let patients = html.split("<dt>Patients</dt><dd>").nth(1).unwrap();
    assert!(patients.starts_with('1'), "{patients:.40}");
    // What the two runs made is what one makes.
    let whole = tempfile::tempdir().unwrap();
    deidentify(&folder.join("in"), whole.path()).expect(0);
    let maps = Maps {
        uids: Maps::read(&whole.path().join("work/uid_map.csv")),
        patients: Maps::read(&whole.path().join("work/patient_map.csv")),
    };
    let card = score(&corpus, &out, &maps);
    assert!(card.missing.is_empty(), "{:?}", card.missing);
    assert!(card.failed().is_empty(), "{:#?}", card.failed());
}

#[cfg(unix)]
#[test]
fn a_full_disk_ends_a_run_with_an_error_and_room_lets_it_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let small = folder.join("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=700k", "none"])
        .arg(&small)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("\n*** SKIPPED: a tmpfs cannot be mounted\n");
        return;
    }
    let ended = std::panic::catch_unwind(|| on_small(folder, &small));
    let _ = Command::new("umount").arg("-l").arg(&small).status();
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

#[cfg(unix)]
fn on_small(folder: &Path, small: &Path) {
    let corpus = generate(1, 3);
    corpus.write(&folder.join("in")).unwrap();
    prepare(folder, PROFILE);
    let (out, work) = (small.join("out"), small.join("work"));
    let ran = cli::run(&mut command(folder, &out, &work)).expect(1);
    assert!(ran.stderr.contains("cannot"), "{}", ran.stderr);
    let told: String = logs(&work)
        .iter()
        .map(|log| std::fs::read_to_string(log).unwrap())
        .collect();
    for path in data::files(&out) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        // Temporary files are whatever they are; outputs are told of.
        let is_output = path.extension().is_some_and(|ending| ending == "dcm");
        let line = format!("\"instance\":\"{name}\"");
        assert!(!is_output || told.contains(&line), "{name} is in no log");
    }
    let grown = Command::new("mount")
        .args(["-o", "remount,size=64m"])
        .arg(small)
        .status();
    assert!(grown.unwrap().success());
    cli::run(&mut command(folder, &out, &work)).expect(0);
    let outputs = data::files(&out);
    assert_eq!(outputs.len(), corpus.files.len());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = generate(1, 3);
    corpus.write(&folder.path().join("in")).unwrap();
    prepare(folder.path(), PROFILE);
    let file = folder.path().join("in").join(&corpus.files[0].name);
    let mut command = cli::command();
    command.args(["deid", "explain", "--key"]);
    command.arg(folder.path().join("project.key")).arg(file);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
}
