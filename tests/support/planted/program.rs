//! The program on a planted corpus.

use std::path::Path;

use super::{Card, Corpus, Maps, score};
use crate::cli::{Ran, sagittal};

/// The profile under which the answer key holds.
pub const PROFILE: &str = r#"
extends = "basic"

[options]
clean_pixel_data = true
clean_graphics = true
clean_structured_content = true
clean_descriptors = true
retain_longitudinal_modified_dates = true
retain_patient_characteristics = true
retain_device_identity = true
retain_safe_private = true

[[pixels.rule]]
model = "Planted Screen"
rectangles = [[0, 0, 128, 24]]
"#;

/// De-identifies `input` into `folder/out`, with `folder/work` for logs and maps.
pub fn deidentify(input: &Path, folder: &Path) -> Ran {
    deidentify_by(PROFILE, input, folder)
}

/// As [`deidentify`], with more arguments.
pub fn deidentify_with(input: &Path, folder: &Path, more: &[&str]) -> Ran {
    run(PROFILE, input, folder, more)
}

/// As [`deidentify`], by another profile.
pub fn deidentify_by(text: &str, input: &Path, folder: &Path) -> Ran {
    run(text, input, folder, &[])
}

fn run(text: &str, input: &Path, folder: &Path, more: &[&str]) -> Ran {
    let (profile, key) = (folder.join("profile.toml"), folder.join("project.key"));
    std::fs::write(&profile, text).unwrap();
    std::fs::write(&key, "5e".repeat(32)).unwrap();
    restrict(&key);
    let arguments = [
        "deid".as_ref(),
        input.as_os_str(),
        "--out".as_ref(),
        folder.join("out").as_os_str(),
        "--work".as_ref(),
        folder.join("work").as_os_str(),
        "--profile".as_ref(),
        profile.as_os_str(),
        "--key".as_ref(),
        key.as_os_str(),
        "--quiet".as_ref(),
    ]
    .map(std::ffi::OsStr::to_owned);
    let more = more.iter().map(std::ffi::OsString::from);
    sagittal(arguments.into_iter().chain(more))
}

/// Runs the program over a corpus that was written to `input`, and scores what it wrote.
pub fn run_program(corpus: &Corpus, input: &Path, folder: &Path) -> Card {
    let ran = deidentify(input, folder);
    eprint!("{}", ran.stderr);
    let maps = Maps {
        uids: Maps::read(&folder.join("work/uid_map.csv")),
        patients: Maps::read(&folder.join("work/patient_map.csv")),
    };
    score(corpus, &folder.join("out"), &maps)
}

/// A key that others can read is refused.
#[cfg(unix)]
fn restrict(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn restrict(_: &Path) {}
