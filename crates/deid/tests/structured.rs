//! Real reports through the engine, judged by foreign programs. Needs `SAGITTAL_TEST_DATA` (a
//! folder with `sr/`); a missing tool is skipped loudly.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use sagittal_deid::{Policy, Project, ProjectKey, deidentify};

fn files(folder: &str) -> Vec<PathBuf> {
    let Some(data) = std::env::var_os("SAGITTAL_TEST_DATA") else {
        eprintln!("SKIPPED: SAGITTAL_TEST_DATA is not set");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = fs::read_dir(Path::new(&data).join(folder))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    files.sort();
    files
}

fn project() -> Project {
    let policy = "extends = \"basic\"\nencapsulated = \"placeholder\"\n[options]\nclean_structured_content = true\nclean_descriptors = true\nclean_graphics = true\nretain_longitudinal_modified_dates = true\n";
    Project::new(
        Policy::from_toml(policy).expect("a policy"),
        ProjectKey::new([5; 32]),
    )
}

/// Lines of a validator that speak of errors, without the path of the file and UIDs.
fn errors(tool: &str, path: &Path) -> Option<Vec<String>> {
    let output = Command::new(tool).arg(path).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).replace(&*path.to_string_lossy(), "");
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with("Error"))
        .map(|line| {
            let words = line.split(' ').filter(|word| !is_uid(word));
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    lines.sort();
    Some(lines)
}

/// Every value of every file of a folder.
fn pydicom_reads(folder: &Path) -> bool {
    let script = "import sys, os, pydicom\nfor name in os.listdir(sys.argv[1]):\n for e in pydicom.dcmread(os.path.join(sys.argv[1], name)).iterall(): e.value";
    let output = Command::new("python3")
        .args(["-W", "ignore", "-c", script])
        .arg(folder)
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: no python3");
        return true;
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    if stderr.contains("No module named") {
        eprintln!("SKIPPED: no pydicom");
        return true;
    }
    if !output.status.success() {
        eprintln!("{stderr}");
    }
    output.status.success()
}

fn is_uid(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[test]
fn reports_stay_valid_and_readable() {
    let project = project();
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for file in files("sr").into_iter().chain(files("pr")) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = Bytes::from(fs::read(&file).unwrap());
        // The validator takes seconds for large dose reports.
        if bytes.len() > 200_000 {
            continue;
        }
        let output = match deidentify(&bytes, &project, &mut ()) {
            Ok(output) => output,
            Err(error) => {
                eprintln!("{name}: {error}");
                continue;
            }
        };
        let out = folder.path().join(&name);
        fs::write(&out, output.to_bytes().unwrap()).unwrap();
        let (Some(before), Some(after)) = (errors("dciodvfy", &file), errors("dciodvfy", &out))
        else {
            eprintln!("SKIPPED: no dciodvfy");
            return;
        };
        let count = |lines: &[String], line: &String| lines.iter().filter(|l| *l == line).count();
        for line in &after {
            if count(&after, line) > count(&before, line) {
                wrong.push(format!("{name}: {line}"));
            }
        }
        let dumps = |path: &Path| {
            Command::new("/usr/bin/dsrdump")
                .arg(path)
                .output()
                .is_ok_and(|output| output.status.success())
        };
        if dumps(&file) && !dumps(&out) {
            wrong.push(format!("{name}: dsrdump cannot read it any more"));
        }
    }
    assert!(pydicom_reads(folder.path()), "pydicom cannot read them");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs Python over a file; `None` if Python or the module is not there.
fn python(script: &str, path: &Path) -> Option<bool> {
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(path)
        .output()
        .ok()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if stderr.contains("No module named") {
        eprintln!("SKIPPED: {stderr}");
        return None;
    }
    if !output.status.success() {
        eprintln!("{stderr}");
    }
    Some(output.status.success())
}

#[test]
fn placeholders_are_documents_of_their_kind() {
    use sagittal_core::sop_class;
    use sagittal_deid::encapsulated::placeholder;
    let folder = tempfile::tempdir().unwrap();
    for (class, name, script) in [
        (
            sop_class::ENCAPSULATED_PDF_STORAGE,
            "a.pdf",
            "import sys, pypdf; r = pypdf.PdfReader(sys.argv[1], strict=True); assert 'removed' in r.pages[0].extract_text()",
        ),
        (
            sop_class::ENCAPSULATED_CDA_STORAGE,
            "a.xml",
            "import sys, xml.etree.ElementTree as e; t = e.parse(sys.argv[1]); assert t.getroot().tag.endswith('ClinicalDocument')",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, placeholder(class, b"Doe^John").unwrap()).unwrap();
        assert_ne!(python(script, &path), Some(false), "{name}");
    }
}

#[test]
fn encapsulated_documents_are_replaced() {
    use sagittal_core::{Limits, tags};
    let project = project();
    for file in files("encap") {
        let bytes = Bytes::from(fs::read(&file).unwrap());
        let output = deidentify(&bytes, &project, &mut ()).unwrap();
        let written = Bytes::from(output.to_bytes().unwrap());
        let read = sagittal_file::part10::read(&written, Limits::default()).unwrap();
        let document = read.data_set.bytes(tags::ENCAPSULATED_DOCUMENT).unwrap();
        assert!(document.starts_with(b"%PDF-1.4") && document.len() < 2000);
        let length = read.data_set.int(tags::ENCAPSULATED_DOCUMENT_LENGTH);
        assert!(length.is_none_or(|length| length == document.len() as i64));
    }
}
