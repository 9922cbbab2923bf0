//! What pydicom and DCMTK make of real files, against our JSON and dumps.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bytes::Bytes;
use sagittal_core::Limits;
use sagittal_file::encoding::Encoding;
use sagittal_file::{dump, json, part10, xml};
use serde_json::Value as Json;
use support::{compare, files, has, json_of, skip};

const PYDICOM: &str = r#"
import sys, json, math, warnings
warnings.simplefilter("ignore")
import logging
logging.disable(logging.CRITICAL)
import pydicom
for path in sys.stdin.read().split("\n"):
    if not path: continue
    try:
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        text = json.dumps(ds.to_json_dict(suppress_invalid_tags=True), allow_nan=True)
        json.loads(text, parse_constant=lambda c: 1/0)
        print(path + "\t" + text)
    except Exception as e:
        pass
"#;

/// Sane files only: of broken ones every reader makes something else.
fn sane() -> Vec<(PathBuf, Bytes, part10::Opening)> {
    // The second has its sequences written as text.
    let broken = ["/malformed/", "dcm4che-tag-0040-a170"];
    files()
        .into_iter()
        .filter(|(path, ..)| {
            !broken
                .iter()
                .any(|part| path.to_string_lossy().contains(part))
        })
        .collect()
}

#[test]
fn pydicom_sees_the_same_in_json() {
    let probe = Command::new("python3")
        .args(["-c", "import pydicom"])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return skip("pydicom");
    }
    let all = sane();
    let list: String = all
        .iter()
        .map(|(path, ..)| format!("{}\n", path.display()))
        .collect();
    let mut child = Command::new("python3")
        .args(["-c", PYDICOM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(list.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let theirs: BTreeMap<&str, &str> = output
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .collect();
    let mut compared = 0;
    let mut report = Vec::new();
    for (path, bytes, opening) in &all {
        let (Some(theirs), Some(ours)) = (
            theirs.get(&*path.to_string_lossy()),
            json_of(bytes, opening),
        ) else {
            continue;
        };
        let (Ok(theirs), Ok(ours)) = (serde_json::from_str(theirs), serde_json::from_slice(&ours))
        else {
            continue;
        };
        let mut differences = Vec::new();
        compare(&ours, &theirs, "", &mut differences);
        // In big endian data sets, pydicom leaves words as they are, and swaps the values of UN.
        if Encoding::of(opening.transfer_syntax_uid.as_str()).big_endian {
            let is_known = |difference: &str| {
                difference.contains("\"OW\" InlineBinary")
                    || matches!(
                        difference.get(3..4),
                        Some("1" | "3" | "5" | "7" | "9" | "B" | "D" | "F")
                    )
            };
            differences.retain(|difference| !is_known(difference));
        }
        compared += 1;
        report.extend(
            differences
                .into_iter()
                .map(|difference| format!("{}: {difference}", path.display())),
        );
    }
    eprintln!("{compared} files compared, {} differences", report.len());
    assert!(compared == 0 || compared > 300, "only {compared} compared");
    assert!(report.is_empty(), "{}", report.join("\n"));
}

#[test]
fn dcm2json_says_the_same() {
    if !has("/usr/bin/dcm2json", "--version") {
        return;
    }
    let mut compared = 0;
    let mut report = Vec::new();
    let all = sane();
    for (path, bytes, opening) in all.iter().step_by(5) {
        let output = Command::new("/usr/bin/dcm2json")
            .arg("-q")
            .arg(path)
            .output()
            .unwrap();
        let (Ok(theirs), Some(ours)) = (
            serde_json::from_slice::<Json>(&output.stdout),
            json_of(bytes, opening),
        ) else {
            continue;
        };
        let ours: Json = serde_json::from_slice(&ours).unwrap();
        let mut differences = Vec::new();
        compare(&ours, &theirs, "", &mut differences);
        compared += 1;
        report.extend(
            differences
                .into_iter()
                .map(|difference| format!("{}: {difference}", path.display())),
        );
    }
    eprintln!("{compared} files compared, {} differences", report.len());
    assert!(compared > 100 || all.is_empty(), "only {compared} compared");
    assert!(report.is_empty(), "{}", report.join("\n"));
}

/// `(tag, VR, length)` of each line of a dump, delimiters left out.
fn lines(text: &str) -> Vec<(String, String, String)> {
    let starts = |line: &str| {
        let line = line.trim_start().as_bytes();
        line.first() == Some(&b'(') && line.get(5) == Some(&b',') && line.get(10) == Some(&b')')
    };
    // Values may go on in the next line.
    let mut joined: Vec<String> = Vec::new();
    for line in text.lines() {
        match joined.last_mut() {
            Some(last) if !starts(line) && !line.starts_with('#') => last.push_str(line),
            _ => joined.push(line.to_owned()),
        }
    }
    joined
        .iter()
        .filter_map(|line| {
            let line = line.trim_start();
            let tag = line
                .get(..11)
                .filter(|tag| tag.starts_with('(') && tag.ends_with(')'))?;
            let vr = line.get(12..14)?;
            let (_, tail) = line.rsplit_once('#')?;
            let length = tail.split(',').next()?.trim();
            (vr != "na" && vr != "pi").then(|| (tag.to_owned(), vr.to_owned(), length.to_owned()))
        })
        .collect()
}

#[test]
fn dcmdump_shows_the_same_elements() {
    if !has("/usr/bin/dcmdump", "--version") {
        return;
    }
    let mut compared = 0;
    let mut report = Vec::new();
    let all = sane();
    for (path, bytes, opening) in all.iter().step_by(5) {
        let output = Command::new("/usr/bin/dcmdump")
            .arg("-q")
            .arg(path)
            .output()
            .unwrap();
        if !output.status.success() || Encoding::of(opening.transfer_syntax_uid.as_str()).big_endian
        {
            continue;
        }
        let mut ours = Vec::new();
        if dump::file(
            bytes,
            Limits::default(),
            &dump::Options::default(),
            &mut ours,
        )
        .is_err()
        {
            report.push(format!("{}: we refuse it", path.display()));
            continue;
        }
        let (ours, theirs) = (
            lines(&String::from_utf8(ours).unwrap()),
            lines(&String::from_utf8_lossy(&output.stdout)),
        );
        compared += 1;
        let is_private =
            |tag: &str| u32::from_str_radix(&tag[1..5], 16).is_ok_and(|group| group % 2 == 1);
        for (a, b) in ours.iter().zip(&theirs) {
            // dcmdump shows compressed pixels as OB, whatever is written.
            let is_vr_open = is_private(&a.0)
                || (a.0 == "(7fe0,0010)" && a.2 == "u/l")
                || ["xs", "ox", "px", "lt", "up"].contains(&&*b.1);
            // Lengths of sequences are recomputed by dcmdump where it likes.
            let is_length_open = a.1 == "SQ" || a.2 == "u/l" || b.2 == "u/l";
            // DCMTK pads odd lengths.
            let even = |length: &str| {
                length
                    .parse::<u64>()
                    .map(|length| length.next_multiple_of(2))
                    .ok()
            };
            let is_length_open = is_length_open || even(&a.2) == even(&b.2);
            if a.0 != b.0 || (a.1 != b.1 && !is_vr_open) || (a.2 != b.2 && !is_length_open) {
                report.push(format!("{}: {a:?} / {b:?}", path.display()));
                break;
            }
        }
        if ours.len() != theirs.len() {
            report.push(format!(
                "{}: {} / {} lines",
                path.display(),
                ours.len(),
                theirs.len()
            ));
        }
    }
    eprintln!("{compared} files compared, {} differences", report.len());
    assert!(compared > 100 || all.is_empty(), "only {compared} compared");
    assert!(report.is_empty(), "{}", report.join("\n"));
}

#[test]
fn the_native_model_of_dcm2xml_is_read() {
    if !has("/usr/bin/dcm2xml", "--version") {
        return;
    }
    let mut compared = 0;
    let mut report = Vec::new();
    let all = sane();
    for (path, bytes, opening) in all.iter().step_by(7) {
        let output = Command::new("/usr/bin/dcm2xml")
            .args(["-q", "-nat", "+U8", "+M"])
            .arg(path)
            .output()
            .unwrap();
        let Some(ours) = json_of(bytes, opening) else {
            continue;
        };
        if !output.status.success() || output.stdout.is_empty() {
            continue;
        }
        let data_set = match xml::read(&output.stdout, Limits::default()) {
            Ok(data_set) => data_set,
            Err(error) => {
                report.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        let mut theirs = Vec::new();
        json::write(&data_set, &mut theirs);
        let ours: Json = serde_json::from_slice(&ours).unwrap();
        let theirs: Json = serde_json::from_slice(&theirs).unwrap();
        let mut differences = Vec::new();
        compare(&ours, &theirs, "", &mut differences);
        // DCMTK leaves out binary values, forgets the VR and the block of some private elements,
        // and repeats ideographs as phonetic.
        differences.retain(|difference| {
            let known = ["InlineBinary", "is missing", ": VR ", "Phonetic"];
            !known.iter().any(|known| difference.contains(known))
        });
        compared += 1;
        report.extend(
            differences
                .into_iter()
                .map(|difference| format!("{}: {difference}", path.display())),
        );
    }
    eprintln!("{compared} files compared, {} differences", report.len());
    assert!(compared > 100 || all.is_empty(), "only {compared} compared");
    assert!(report.is_empty(), "{}", report.join("\n"));
}
