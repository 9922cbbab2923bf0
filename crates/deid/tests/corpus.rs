//! All real files through the engine: foreign readers read the outputs, `dciodvfy` finds no error
//! in them that it did not find in the inputs, and damaged inputs never panic.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use sagittal_core::{Limits, Value};
use sagittal_deid::{Error, Policy, Project, ProjectKey, deidentify};
use sagittal_file::part10;
use sagittal_testkit::{data, files, tool};

const OPTIONS: &str = r#"
extends = "basic"
[options]
clean_descriptors = true
clean_structured_content = true
clean_graphics = true
retain_longitudinal_modified_dates = true
retain_patient_characteristics = true
retain_device_identity = true
retain_safe_private = true
"#;

/// Its Patient ID has the word of its Body Part Examined, which therefore goes, and with it what
/// tells that no Laterality is needed.
const NAMED_LIKE_ITS_BODY_PART: &str = "seg/dcmqi-rwvm.dcm";

fn project(policy: &str) -> Project {
    Project::new(Policy::from_toml(policy).unwrap(), ProjectKey::new([5; 32]))
}

/// Files that are read whole, and are not broken on purpose.
fn real_files() -> Vec<PathBuf> {
    let Some(folder) = data() else {
        return Vec::new();
    };
    let usable = |path: &PathBuf| {
        let text = path.to_string_lossy();
        !text.contains("/malformed/")
            && std::fs::metadata(path).is_ok_and(|about| about.len() < 8 << 20)
    };
    files(&folder).into_iter().filter(usable).collect()
}

/// Errors of `dciodvfy` without values; `None` if it could not read the file.
fn errors(dciodvfy: &Path, file: &Path) -> Option<BTreeSet<String>> {
    let output = Command::new(dciodvfy).arg(file).output().ok()?;
    let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stdout));
    let unreadable = [
        "read failed",
        "giving up",
        "out of order",
        "out of sequence",
    ];
    if unreadable.iter().any(|what| text.contains(what)) {
        return None;
    }
    let errors = text.lines().filter(|line| line.starts_with("Error"));
    Some(errors.map(without_values).collect())
}

/// What is wrong, without UIDs, numbers and texts that differ anyway.
fn without_values(line: &str) -> String {
    let mut out = String::new();
    for word in line.split(' ') {
        let is_value = word.chars().filter(char::is_ascii_digit).count() > 4
            || word.starts_with('<') && !word.contains(|c: char| c.is_ascii_alphabetic());
        out.push_str(if is_value { "#" } else { word });
        out.push(' ');
    }
    match out.split_once(" = ") {
        Some((before, _)) => before.to_owned(),
        None => out,
    }
}

#[test]
fn no_output_has_an_error_that_its_input_had_not() {
    let Some(dciodvfy) = tool("dciodvfy") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.dcm");
    let (mut checked, mut worse) = (0, Vec::new());
    for (number, path) in real_files().into_iter().enumerate() {
        // Every third file, with options and without in turn: each takes two foreign processes.
        if number % 3 != 0 {
            continue;
        }
        let project = project(if number % 2 == 0 {
            OPTIONS
        } else {
            "extends = \"basic\""
        });
        let bytes = Bytes::from(std::fs::read(&path).unwrap());
        let Ok(output) = deidentify(&bytes, &project, &mut ()) else {
            continue;
        };
        std::fs::write(&out, output.to_bytes().unwrap()).unwrap();
        let (Some(before), Some(after)) = (errors(&dciodvfy, &path), errors(&dciodvfy, &out))
        else {
            continue;
        };
        checked += 1;
        let new: Vec<_> = after.difference(&before).cloned().collect();
        if !new.is_empty() && !path.ends_with(NAMED_LIKE_ITS_BODY_PART) {
            worse.push(format!("{}: {new:#?}", path.display()));
        }
    }
    assert!(
        worse.is_empty(),
        "{} of {checked}:\n{}",
        worse.len(),
        worse.join("\n")
    );
}

#[test]
fn every_real_file_is_read_back_with_its_pixels() {
    for path in real_files() {
        let project = project("extends = \"basic\"");
        let bytes = Bytes::from(std::fs::read(&path).unwrap());
        let output = match deidentify(&bytes, &project, &mut ()) {
            Ok(output) => output,
            Err(Error::Refused { .. } | Error::File(_)) => continue,
            Err(error) => panic!("{}: {error}", path.display()),
        };
        let Ok(written) = output.to_bytes() else {
            continue;
        };
        let read = part10::read(&written.into(), Limits::default()).unwrap();
        let before = part10::read(&bytes, Limits::default()).unwrap();
        let pixels = sagittal_core::tags::PIXEL_DATA;
        assert_eq!(read.findings, [], "{}", path.display());
        let value = |data_set: &sagittal_core::DataSet| data_set.get(pixels).map(whole);
        assert!(
            value(&read.data_set) == value(&before.data_set),
            "{}",
            path.display()
        );
    }
}

/// The value in bytes, fragments of even length as the standard wants them.
fn whole(element: &sagittal_core::Element) -> Vec<Vec<u8>> {
    let even = |bytes: &Bytes| {
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    match &element.value {
        Value::Bytes(bytes) => vec![even(bytes)],
        Value::Fragments(all) => all.fragments.iter().map(even).collect(),
        Value::Sequence(_) | Value::BulkDataUri(_) => Vec::new(),
    }
}

#[test]
fn damaged_files_never_panic() {
    let project = project(OPTIONS);
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below.max(1)
    };
    for path in real_files().into_iter().step_by(7) {
        let bytes = std::fs::read(&path).unwrap();
        if bytes.len() > 1 << 18 {
            continue;
        }
        for _ in 0..4 {
            let mut damaged = bytes.clone();
            damaged.truncate(random(bytes.len()) + 1);
            for _ in 0..8 {
                let (at, value) = (random(damaged.len()), random(256));
                damaged[at] = value as u8;
            }
            let _ = deidentify(&damaged.into(), &project, &mut ());
        }
    }
}
