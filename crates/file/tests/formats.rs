//! Real files as DICOM JSON, XML and text, broken ones included: always valid, the same again after
//! reading back, and what pydicom and DCMTK make of them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sagittal_core::{FindingKind, Limits};
use sagittal_file::encoding::Encoding;
use sagittal_file::json::{self, Inline};
use sagittal_file::{dump, part10, read, xml};
use serde_json::Value as Json;

/// The folder of test files; `None`, said aloud, if there is none.
fn data() -> Option<PathBuf> {
    let named = std::env::var_os("SAGITTAL_TEST_DATA").map(PathBuf::from);
    let parents = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|parent| parent.join("shared/data"));
    let found = named.into_iter().chain(parents).find(|folder| folder.is_dir());
    if found.is_none() {
        missing("test files (SAGITTAL_TEST_DATA)");
    }
    found
}

fn missing(what: &str) {
    assert!(std::env::var_os("SAGITTAL_TEST_STRICT").is_none(), "missing: {what}");
    eprintln!("SKIPPED: missing {what}");
}

fn has(program: &str, argument: &str) -> bool {
    let found = Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success());
    if !found {
        missing(program);
    }
    found
}

/// All files that are DICOM to us, by name below the folder.
fn files() -> Vec<(PathBuf, Bytes, part10::Opening)> {
    let Some(root) = data() else { return Vec::new() };
    let mut folders = vec![root];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = Bytes::from(std::fs::read(&path).unwrap());
            if let Ok(opening) = part10::open(&bytes) {
                found.push((path, bytes, opening));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(found.len() > 500, "{} files", found.len());
    found
}

/// The data set's own bytes, inflated if need be.
fn body(bytes: &Bytes, opening: &part10::Opening) -> Option<Bytes> {
    let body = bytes.slice(usize::try_from(opening.data_set_offset).unwrap().min(bytes.len())..);
    if !Encoding::of(opening.transfer_syntax_uid.as_str()).deflated {
        return Some(body);
    }
    read::inflate(&body, Limits::default()).ok().map(|(bytes, _)| bytes.into())
}

fn json_of(bytes: &Bytes, opening: &part10::Opening) -> Option<Vec<u8>> {
    let body = body(bytes, opening)?;
    let mut out = Vec::new();
    let uid = opening.transfer_syntax_uid.as_str();
    json::write_from_bytes(&body, body.len() as u64, uid, Limits::default(), &mut Inline, &mut out).ok()?;
    Some(out)
}

#[test]
fn every_file_becomes_valid_json_and_xml_that_come_back() {
    let mut slow = Vec::new();
    let mut refused = 0;
    let all = files();
    for (path, bytes, opening) in &all {
        let started = Instant::now();
        let Some(text) = json_of(bytes, opening) else {
            refused += 1;
            continue;
        };
        assert!(text.iter().all(|&b| b >= 0x20), "{}", path.display());
        serde_json::from_slice::<Json>(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let data_set = json::read(&text, Limits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut again = Vec::new();
        json::write(&data_set[0], &mut again);
        let is_odd = opening.findings.iter().chain(&part10::read(bytes, Limits::default()).unwrap().findings)
            .any(|finding| matches!(finding.kind, FindingKind::OddLength(_) | FindingKind::Truncated { .. }));
        // Odd lengths are padded and overlong DS rounded, once.
        if again != text {
            let mut third = Vec::new();
            json::write(&json::read(&again, Limits::default()).unwrap()[0], &mut third);
            assert!(again == third, "{}: JSON is not stable\n{}", path.display(), difference(&again, &third));
            let mut differences = Vec::new();
            let (a, b) = (serde_json::from_slice(&text).unwrap(), serde_json::from_slice(&again).unwrap());
            compare(&a, &b, "", &mut differences);
            assert!(differences.is_empty(), "{}: {differences:?}", path.display());
        }
        let tree = part10::read(bytes, Limits::default()).unwrap().data_set;
        let mut from_tree = Vec::new();
        json::write(&tree, &mut from_tree);
        assert!(from_tree == text || is_odd, "{}: tree and bytes differ\n{}", path.display(), difference(&text, &from_tree));

        let mut first = Vec::new();
        xml::write(&tree, &mut first);
        let back = xml::read(&first, Limits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut second = Vec::new();
        xml::write(&back, &mut second);
        assert!(first == second || is_odd, "{}: XML changed\n{}", path.display(), difference(&first, &second));
        if started.elapsed() > Duration::from_secs(20) {
            slow.push(path.clone());
        }
    }
    eprintln!("{} files, {refused} refused", all.len());
    assert!(slow.is_empty(), "{slow:?}");
    assert!(refused * 20 < all.len(), "{refused} refused");
}

fn difference(a: &[u8], b: &[u8]) -> String {
    let at = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let part = |bytes: &[u8]| {
        String::from_utf8_lossy(&bytes[at.saturating_sub(100).min(bytes.len())..(at + 100).min(bytes.len())]).into_owned()
    };
    format!("{}\n{}", part(a), part(b))
}

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

/// Values that pydicom and we should agree on, in one form: numbers as floating point, text trimmed.
fn canonical(value: &Json, is_single: bool) -> Json {
    // What one reader gives as the single that it is, the other widens.
    let number = |number: f64| match is_single {
        true => Json::from(format!("{:e}", number as f32 + 0.0)),
        false => Json::from(format!("{number:.12e}")),
    };
    match value {
        Json::Number(value) => number(value.as_f64().unwrap()),
        Json::String(text) => {
            let text = text.trim_matches([' ', '\0']);
            match text.trim().parse::<f64>() {
                Ok(value) => number(value),
                Err(_) => Json::from(text),
            }
        }
        Json::Null => Json::from(""),
        Json::Array(values) => Json::Array(values.iter().map(|value| canonical(value, is_single)).collect()),
        // An empty component, or group of them, is as good as none.
        Json::Object(members) => Json::Object(
            members
                .iter()
                .map(|(key, value)| (key.clone(), Json::from(value.as_str().unwrap_or_default().trim_end_matches('^'))))
                .filter(|(_, value)| *value != "")
                .collect(),
        ),
        other => other.clone(),
    }
}

fn compare(ours: &Json, theirs: &Json, path: &str, differences: &mut Vec<String>) {
    let (Json::Object(ours), Json::Object(theirs)) = (ours, theirs) else { return };
    for (tag, theirs) in theirs {
        let is_private = u32::from_str_radix(&tag[..4], 16).is_ok_and(|group| group % 2 == 1);
        let ours = match ours.get(tag) {
            Some(ours) => ours,
            // Group lengths we leave out; the rest should be there.
            None if tag.ends_with("0000") || tag == "FFFCFFFC" || tag.starts_with("0002") => continue,
            None => {
                differences.push(format!("{path}{tag} is missing"));
                continue;
            }
        };
        // Theirs: pydicom's "OB or OW", text that it did not decode, empty sequences of which the VR is not written.
        let is_open = tag == "00080005"
            || (ours["vr"] != theirs["vr"] && is_private)
            || theirs["vr"] == "OB or OW"
            || theirs.to_string().contains("\\u001b")
            || (ours["vr"] == "UN" && theirs["vr"] == "SQ" && ours.get("InlineBinary").is_none());
        if is_open {
            continue;
        }
        if ours["vr"] != theirs["vr"] {
            differences.push(format!("{path}{tag}: VR {} {}", ours["vr"], theirs["vr"]));
            continue;
        }
        if ours["vr"] == "SQ" {
            let none = Vec::new();
            let (a, b) = (ours["Value"].as_array().unwrap_or(&none), theirs["Value"].as_array().unwrap_or(&none));
            if a.len() != b.len() {
                differences.push(format!("{path}{tag}: {} and {} items", a.len(), b.len()));
            }
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(a, b, &format!("{path}{tag}[{index}]."), differences);
            }
            continue;
        }
        for member in ["Value", "InlineBinary"] {
            let is_single = ours["vr"] == "FL";
            let (a, b) = (canonical(&ours[member], is_single), canonical(&theirs[member], is_single));
            let is_empty = |value: &Json| *value == "" || *value == Json::Array(vec![Json::from("")]) || *value == Json::Array(vec![]) || *value == serde_json::json!([{}]);
            // DCMTK pads odd lengths.
            let is_padded = member == "InlineBinary"
                && a.as_str().is_some_and(|a| b.as_str().is_some_and(|b| {
                    let stem = a.trim_end_matches('=');
                    b.get(..stem.len().saturating_sub(1)) == stem.get(..stem.len().saturating_sub(1)) && b.len() <= a.len() + 4
                }));
            if a != b && !is_padded && !(is_empty(&a) && is_empty(&b)) {
                let (a, b) = (a.to_string(), b.to_string());
                differences.push(format!("{path}{tag} {} {member}: {:.150} / {:.150}", ours["vr"], a, b));
            }
        }
    }
}

/// Sane files only: of broken ones every reader makes something else.
fn sane() -> Vec<(PathBuf, Bytes, part10::Opening)> {
    // The second has its sequences written as text.
    let broken = ["/malformed/", "dcm4che-tag-0040-a170"];
    files().into_iter().filter(|(path, ..)| !broken.iter().any(|part| path.to_string_lossy().contains(part))).collect()
}

#[test]
fn pydicom_sees_the_same_in_json() {
    let probe = Command::new("python3").args(["-c", "import pydicom"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return missing("pydicom");
    }
    let all = sane();
    let list: String = all.iter().map(|(path, ..)| format!("{}\n", path.display())).collect();
    let mut child = Command::new("python3")
        .args(["-c", PYDICOM])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::Write as _;
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let theirs: BTreeMap<&str, &str> = output.lines().filter_map(|line| line.split_once('\t')).collect();
    let mut compared = 0;
    let mut report = Vec::new();
    for (path, bytes, opening) in &all {
        let (Some(theirs), Some(ours)) = (theirs.get(&*path.to_string_lossy()), json_of(bytes, opening)) else { continue };
        let (Ok(theirs), Ok(ours)) = (serde_json::from_str(theirs), serde_json::from_slice(&ours)) else { continue };
        let mut differences = Vec::new();
        compare(&ours, &theirs, "", &mut differences);
        // In big endian data sets, pydicom leaves words as they are, and swaps the values of UN.
        if Encoding::of(opening.transfer_syntax_uid.as_str()).big_endian {
            let is_known = |difference: &str| {
                difference.contains("\"OW\" InlineBinary") || matches!(difference.get(3..4), Some("1" | "3" | "5" | "7" | "9" | "B" | "D" | "F"))
            };
            differences.retain(|difference| !is_known(difference));
        }
        compared += 1;
        report.extend(differences.into_iter().map(|difference| format!("{}: {difference}", path.display())));
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
    for (path, bytes, opening) in sane().iter().step_by(5) {
        let output = Command::new("/usr/bin/dcm2json").arg("-q").arg(path).output().unwrap();
        let (Ok(theirs), Some(ours)) = (serde_json::from_slice::<Json>(&output.stdout), json_of(bytes, opening)) else {
            continue;
        };
        let ours: Json = serde_json::from_slice(&ours).unwrap();
        let mut differences = Vec::new();
        compare(&ours, &theirs, "", &mut differences);
        compared += 1;
        report.extend(differences.into_iter().map(|difference| format!("{}: {difference}", path.display())));
    }
    eprintln!("{compared} files compared, {} differences", report.len());
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
            let tag = line.get(..11).filter(|tag| tag.starts_with('(') && tag.ends_with(')'))?;
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
    for (path, bytes, opening) in sane().iter().step_by(5) {
        let output = Command::new("/usr/bin/dcmdump").arg("-q").arg(path).output().unwrap();
        if !output.status.success() || Encoding::of(opening.transfer_syntax_uid.as_str()).big_endian {
            continue;
        }
        let mut ours = Vec::new();
        if dump::file(bytes, Limits::default(), &dump::Options::default(), &mut ours).is_err() {
            report.push(format!("{}: we refuse it", path.display()));
            continue;
        }
        let (ours, theirs) = (lines(&String::from_utf8(ours).unwrap()), lines(&String::from_utf8_lossy(&output.stdout)));
        compared += 1;
        let is_private = |tag: &str| u32::from_str_radix(&tag[1..5], 16).is_ok_and(|group| group % 2 == 1);
        for (a, b) in ours.iter().zip(&theirs) {
            // dcmdump shows compressed pixels as OB, whatever is written.
            let is_vr_open = is_private(&a.0) || (a.0 == "(7fe0,0010)" && a.2 == "u/l") || ["xs", "ox", "px", "lt", "up"].contains(&&*b.1);
            // Lengths of sequences are recomputed by dcmdump where it likes.
            let is_length_open = a.1 == "SQ" || a.2 == "u/l" || b.2 == "u/l";
            // DCMTK pads odd lengths.
            let even = |length: &str| length.parse::<u64>().map(|length| length.next_multiple_of(2)).ok();
            let is_length_open = is_length_open || even(&a.2) == even(&b.2);
            if a.0 != b.0 || (a.1 != b.1 && !is_vr_open) || (a.2 != b.2 && !is_length_open) {
                report.push(format!("{}: {a:?} / {b:?}", path.display()));
                break;
            }
        }
        if ours.len() != theirs.len() {
            report.push(format!("{}: {} / {} lines", path.display(), ours.len(), theirs.len()));
        }
    }
    eprintln!("{compared} files compared, {} differences", report.len());
    assert!(report.is_empty(), "{}", report.join("\n"));
}

/// Time that this thread has had a processor.
fn cpu() -> Duration {
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(nanoseconds.split(' ').next().unwrap().parse().unwrap())
}

/// `cargo test --release -p sagittal-file --test formats -- --ignored --nocapture`
#[test]
#[ignore = "measures; says nothing in an unoptimised build"]
fn how_fast_a_ct_becomes_json_and_text() {
    struct Refer;
    impl json::BulkData for Refer {
        fn uri(&mut self, _: &sagittal_core::TagPath, offset: u64, length: Option<u64>) -> Option<String> {
            length.is_none_or(|length| length > 1024).then(|| format!("bulk/{offset}"))
        }
    }
    let all = files();
    let cts: Vec<_> = all
        .iter()
        .filter(|(path, bytes, opening)| {
            let is_ct = part10::read(bytes, Limits::default()).is_ok_and(|file| {
                file.data_set.first_text(sagittal_core::tags::SOP_CLASS_UID).as_deref() == Some("1.2.840.10008.5.1.4.1.1.2")
            });
            is_ct && !path.to_string_lossy().contains("malformed") && !Encoding::of(opening.transfer_syntax_uid.as_str()).deflated
        })
        .collect();
    let bodies: Vec<_> = cts.iter().map(|(_, bytes, opening)| body(bytes, opening).unwrap()).collect();
    const ROUNDS: u32 = 50;
    let count = u32::try_from(cts.len()).unwrap() * ROUNDS;
    let mut out = Vec::with_capacity(1 << 20);
    let mut written = 0;
    let started = cpu();
    for _ in 0..ROUNDS {
        for ((_, _, opening), body) in cts.iter().zip(&bodies) {
            out.clear();
            let uid = opening.transfer_syntax_uid.as_str();
            json::write_from_bytes(body, body.len() as u64, uid, Limits::default(), &mut Refer, &mut out).unwrap();
            written += out.len();
        }
    }
    eprintln!("JSON: {:?} a CT of {} ({} bytes of JSON)", (cpu() - started) / count, cts.len(), written / count as usize);
    let started = cpu();
    for _ in 0..ROUNDS {
        for (_, bytes, _) in &cts {
            out.clear();
            dump::file(bytes, Limits::default(), &dump::Options::default(), &mut out).unwrap();
        }
    }
    eprintln!("dump: {:?} a CT", (cpu() - started) / count);
    let started = cpu();
    for _ in 0..ROUNDS {
        for ((_, _, opening), body) in cts.iter().zip(&bodies) {
            let mut walker = sagittal_file::walk::Walker::new(body, Encoding::of(opening.transfer_syntax_uid.as_str()), Limits::default());
            while walker.next().unwrap().is_some() {}
        }
    }
    eprintln!("walk: {:?} a CT", (cpu() - started) / count);
}
