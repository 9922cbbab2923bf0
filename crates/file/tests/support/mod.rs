//! What the tests on real files share.
#![allow(dead_code, clippy::unwrap_used)] // Each test file uses its part.

use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use sagittal_core::Limits;
use sagittal_file::encoding::Encoding;
use sagittal_file::json::{self, Inline};
use sagittal_file::{part10, read};
pub use sagittal_testkit::{data, skip};
use serde_json::Value as Json;

pub fn has(program: &str, argument: &str) -> bool {
    let found = Command::new(program)
        .arg(argument)
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        skip(program);
    }
    found
}

/// All files that are DICOM to us, by name below the folder.
pub fn files() -> Vec<(PathBuf, Bytes, part10::Opening)> {
    let Some(root) = data() else {
        return Vec::new();
    };
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
pub fn body(bytes: &Bytes, opening: &part10::Opening) -> Option<Bytes> {
    let body = bytes.slice(
        usize::try_from(opening.data_set_offset)
            .unwrap()
            .min(bytes.len())..,
    );
    if !Encoding::of(opening.transfer_syntax_uid.as_str()).deflated {
        return Some(body);
    }
    read::inflate(&body, Limits::default())
        .ok()
        .map(|(bytes, _)| bytes.into())
}

pub fn json_of(bytes: &Bytes, opening: &part10::Opening) -> Option<Vec<u8>> {
    let body = body(bytes, opening)?;
    let mut out = Vec::new();
    let uid = opening.transfer_syntax_uid.as_str();
    json::write_from_bytes(
        &body,
        body.len() as u64,
        uid,
        Limits::default(),
        &mut Inline,
        &mut out,
    )
    .ok()?;
    Some(out)
}

/// Values that pydicom and we should agree on, in one form: numbers as floating point, text trimmed.
pub fn canonical(value: &Json, is_single: bool) -> Json {
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
        Json::Array(values) => Json::Array(
            values
                .iter()
                .map(|value| canonical(value, is_single))
                .collect(),
        ),
        // An empty component, or group of them, is as good as none.
        Json::Object(members) => Json::Object(
            members
                .iter()
                .map(|(key, value)| {
                    (
                        key.clone(),
                        Json::from(value.as_str().unwrap_or_default().trim_end_matches('^')),
                    )
                })
                .filter(|(_, value)| *value != "")
                .collect(),
        ),
        other => other.clone(),
    }
}

pub fn compare(ours: &Json, theirs: &Json, path: &str, differences: &mut Vec<String>) {
    let (Json::Object(ours), Json::Object(theirs)) = (ours, theirs) else {
        return;
    };
    for (tag, theirs) in theirs {
        let is_private = u32::from_str_radix(&tag[..4], 16).is_ok_and(|group| group % 2 == 1);
        let ours = match ours.get(tag) {
            Some(ours) => ours,
            // Group lengths we leave out; the rest should be there.
            None if tag.ends_with("0000") || tag == "FFFCFFFC" || tag.starts_with("0002") => {
                continue;
            }
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
            let (a, b) = (
                ours["Value"].as_array().unwrap_or(&none),
                theirs["Value"].as_array().unwrap_or(&none),
            );
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
            let (a, b) = (
                canonical(&ours[member], is_single),
                canonical(&theirs[member], is_single),
            );
            let is_empty = |value: &Json| {
                *value == ""
                    || *value == Json::Array(vec![Json::from("")])
                    || *value == Json::Array(vec![])
                    || *value == serde_json::json!([{}])
            };
            // DCMTK pads odd lengths.
            let is_padded = member == "InlineBinary"
                && a.as_str().is_some_and(|a| {
                    b.as_str().is_some_and(|b| {
                        let stem = a.trim_end_matches('=');
                        b.get(..stem.len().saturating_sub(1))
                            == stem.get(..stem.len().saturating_sub(1))
                            && b.len() <= a.len() + 4
                    })
                });
            if a != b && !is_padded && !(is_empty(&a) && is_empty(&b)) {
                let (a, b) = (a.to_string(), b.to_string());
                differences.push(format!(
                    "{path}{tag} {} {member}: {:.150} / {:.150}",
                    ours["vr"], a, b
                ));
            }
        }
    }
}
