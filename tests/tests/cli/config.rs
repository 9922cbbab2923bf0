//! `sagittal config`.

use std::ffi::OsStr;

use sagittal_tests::{cli, sagittal};

fn on(action: &str, file: &std::path::Path) -> Vec<std::ffi::OsString> {
    vec!["config".into(), action.into(), file.into()]
}

#[test]
fn the_written_file_has_no_mistakes_and_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sagittal.toml");
    sagittal(on("init", &file)).expect(0);
    sagittal(on("check", &file)).expect(0);
    let again = sagittal(on("init", &file)).expect(1);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    let text = std::fs::read_to_string(&file).unwrap();
    for section in [
        "[dimse.tls]",
        "#[[peer]]",
        "#ae_title = \"SAGITTAL\"",
        "SAGITTAL_DIMSE_PORT",
    ] {
        assert!(text.contains(section), "{section}");
    }
}

#[test]
fn every_mistake_is_told_with_line_and_remedy_and_the_exit_code_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(
        &file,
        "[dimse]\nport = \"104\"\naetitle = \"X\"\n\n[log]\nlevel = \"loud\"\n",
    )
    .unwrap();
    let ran = sagittal(on("check", &file)).expect(1);
    for expected in [
        "bad.toml:2:8: dimse.port",
        "write 104 without quotes",
        "bad.toml:3:1: dimse.aetitle: there is no such setting",
        "did you mean \"ae_title\"?",
        "bad.toml:6:9: log.level",
        "3 mistake(s)",
    ] {
        assert!(
            ran.stdout.contains(expected),
            "{expected:?} is missing in\n{}",
            ran.stdout
        );
    }
    let mut json = on("check", &file);
    json.push("--json".into());
    let rows = sagittal(json).expect(1).json();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    assert_eq!(rows[0]["line"], 2);
}

#[test]
fn a_server_does_not_start_with_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "[dimse]\nprot = 104\n").unwrap();
    let arguments: [&OsStr; 3] = ["serve".as_ref(), "--config".as_ref(), file.as_os_str()];
    let ran = sagittal(arguments).expect(1);
    assert!(
        ran.stderr.contains("did you mean \"port\"?"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_in_force_is_shown_with_its_origin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    std::fs::write(&file, "[dimse]\nae_title = \"FROMFILE\"\n").unwrap();
    let mut command = cli::command();
    command
        .args(on("show", &file))
        .env("SAGITTAL_DIMSE_PORT", "104");
    let ran = cli::run(&mut command).expect(0);
    assert!(
        ran.stdout.contains("port = 104  # SAGITTAL_DIMSE_PORT"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("s.toml:2"), "{}", ran.stdout);
}
