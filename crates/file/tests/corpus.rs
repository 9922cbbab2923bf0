//! Real files, broken ones included: nothing panics, runs away or is lost; what both can read,
//! `dicom-object` reads the same; DCMTK agrees with what is converted.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sagittal_core::{DataSet, Element, Finding, FindingKind, Limits, Tag, Uid, Value, Vr};
use sagittal_file::encoding::Encoding;
use sagittal_file::part10::{self, File, Meta};
use sagittal_file::{read, transcode, write};
use sagittal_testkit::{data, skip};

const NATIVE: [&str; 4] = [
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
];

fn files() -> Vec<(String, Bytes)> {
    let Some(root) = data() else {
        return Vec::new();
    };
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_text = path.extension().is_some_and(|ext| {
                ["md", "tsv", "json", "xml", "txt"]
                    .map(Into::into)
                    .contains(&ext.to_owned())
            });
            if path.is_dir() {
                folders.push(path);
            } else if !is_text {
                let name = path
                    .strip_prefix(&root)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                found.push((name, Bytes::from(std::fs::read(&path).unwrap())));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn parsed() -> impl Iterator<Item = (String, Bytes, File)> {
    files().into_iter().filter_map(|(name, bytes)| {
        let file = part10::read(&bytes, Limits::default()).ok()?;
        Some((name, bytes, file))
    })
}

#[test]
fn every_file_is_read_or_refused_at_once() {
    let all = files();
    let mut refused = Vec::new();
    for (name, bytes) in &all {
        let begun = Instant::now();
        match part10::read(bytes, Limits::default()) {
            Ok(file) => assert!(
                !file.data_set.is_empty(),
                "{name}: nothing read: {:?}",
                file.findings
            ),
            Err(error) => refused.push(format!("{name}: {error}")),
        }
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "{name}: {:?}",
            begun.elapsed()
        );
        // A file cut anywhere is a broken file, too.
        for part in [1, 2, 3, 5, 7] {
            let _ = part10::read(&bytes.slice(..bytes.len() * part / 8), Limits::default());
        }
    }
    // Code streams are not DICOM, and `no_meta` begins with half a tag.
    let known = ["codestreams/", "malformed/pyd-no_meta.dcm"];
    let dicom: Vec<_> = refused
        .iter()
        .filter(|line| !known.iter().any(|known| line.starts_with(known)))
        .collect();
    assert!(dicom.is_empty(), "refused: {dicom:#?}");
}

#[test]
fn what_dicom_object_reads_is_read_the_same() {
    let mut compared = 0;
    let mut differences = Vec::new();
    for (name, bytes, file) in parsed() {
        // The oracle allocates what a false length says.
        if name.starts_with("malformed/dcm4che") {
            continue;
        }
        let Ok(Ok(theirs)) = std::panic::catch_unwind(|| dicom_object::from_reader(&bytes[..]))
        else {
            continue;
        };
        if theirs.meta().transfer_syntax() != file.opening.transfer_syntax_uid.as_str() {
            continue;
        }
        compared += 1;
        let before = differences.len();
        compare(&name, &file.data_set, &theirs, &mut differences);
        differences.truncate(before + 5);
    }
    eprintln!("compared {compared}");
    assert!(
        differences.is_empty(),
        "{} differences: {:#?}",
        differences.len(),
        differences
    );
}

fn compare(
    path: &str,
    ours: &DataSet,
    theirs: &dicom_object::InMemDicomObject,
    out: &mut Vec<String>,
) {
    use dicom_object::mem::InMemElement;
    let of = |element: &InMemElement| Tag(element.header().tag.0, element.header().tag.1);
    let tags: Vec<Tag> = theirs.iter().map(of).collect();
    for element in ours.elements() {
        if !tags.contains(&element.tag) && !element.tag.is_group_length() {
            out.push(format!("{path} {}: they lack it", element.tag));
        }
    }
    for element in theirs.iter() {
        let tag = of(element);
        let Some(mine) = ours.get(tag) else {
            out.push(format!("{path} {tag}: we lack it"));
            continue;
        };
        let vr = Vr::from_bytes(
            *element
                .header()
                .vr
                .to_string()
                .as_bytes()
                .first_chunk()
                .unwrap(),
        )
        .unwrap();
        let path = format!("{path} {tag}");
        if vr != mine.vr && !may_differ(mine, vr) {
            out.push(format!("{path}: {} but {vr}", mine.vr));
        }
        match (&mine.value, element.items(), element.fragments()) {
            (Value::Sequence(items), Some(others), _) => {
                if items.len() != others.len() {
                    out.push(format!(
                        "{path}: {} items but {}",
                        items.len(),
                        others.len()
                    ));
                }
                for (number, (item, other)) in items.iter().zip(others).enumerate() {
                    compare(&format!("{path}[{number}]"), item, other, out);
                }
            }
            (Value::Fragments(fragments), _, Some(others)) => {
                let same = fragments.fragments.len() == others.len()
                    && fragments
                        .fragments
                        .iter()
                        .zip(others)
                        .all(|(a, b)| a[..] == b[..]);
                if !same {
                    out.push(format!("{path}: other fragments"));
                }
            }
            (Value::Bytes(bytes), None, None) if vr == mine.vr => {
                // Tags have no bytes there.
                let Some(other) = (vr != Vr::AT).then(|| element.to_bytes().ok()).flatten() else {
                    continue;
                };
                if !same_value(bytes, &other, vr) {
                    out.push(format!(
                        "{path} {vr}: {} bytes but {}",
                        bytes.len(),
                        other.len()
                    ));
                }
            }
            _ => {}
        }
    }
}

/// Our dictionaries know more, and "US or SS" is resolved.
fn may_differ(mine: &Element, theirs: Vr) -> bool {
    // They take the creator of a group 7Fxx for pixel data.
    theirs == Vr::UN
        || (mine.tag.is_private_creator() && mine.vr == Vr::LO)
        || (theirs == Vr::US && mine.vr == Vr::SS)
        || matches!((mine.vr, theirs), (Vr::OW, Vr::US | Vr::OB))
}

fn same_value(mine: &[u8], theirs: &[u8], vr: Vr) -> bool {
    if vr.is_text() {
        let strip = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.split('\\')
                .map(|part| part.trim_matches([' ', '\0']).to_owned())
                .collect::<Vec<_>>()
        };
        // Text that is not ASCII is decoded by them; and numbers in strings are reformatted.
        return !mine.is_ascii()
            || !theirs.is_ascii()
            || matches!(vr, Vr::DS | Vr::IS)
            || strip(mine) == strip(theirs)
            || mine.contains(&0x1B);
    }
    let padded = |bytes: &[u8]| bytes.len() + bytes.len() % 2;
    mine == theirs
        || (padded(mine) == padded(theirs) && mine.iter().zip(theirs).all(|(a, b)| a == b))
}

/// A value's bytes, padded.
fn even(value: &Value, vr: Vr) -> Value {
    match value {
        Value::Bytes(bytes) if bytes.len() % 2 == 1 => {
            Value::Bytes([&bytes[..], &[vr.padding()]].concat().into())
        }
        other => other.clone(),
    }
}

/// The same values, paddings and group lengths apart. VRs are compared if `strictly`.
fn assert_same(name: &str, a: &DataSet, b: &DataSet, strictly: bool) {
    let kept = |set: &DataSet| {
        set.elements()
            .iter()
            .filter(|e| !e.tag.is_group_length())
            .cloned()
            .collect::<Vec<_>>()
    };
    let (a, b) = (kept(a), kept(b));
    let tags = |set: &[Element]| set.iter().map(|e| e.tag).collect::<Vec<_>>();
    assert_eq!(tags(&a), tags(&b), "{name}");
    for (a, b) in a.iter().zip(&b) {
        let name = format!("{name} {}", a.tag);
        if strictly && !is_relabelled(a, b) && !is_over_long(a) {
            assert_eq!(a.vr, b.vr, "{name}");
        }
        match (&a.value, &b.value) {
            (Value::Sequence(a), Value::Sequence(b)) => {
                assert_eq!(a.len(), b.len(), "{name}");
                for (number, (a, b)) in a.iter().zip(b).enumerate() {
                    assert_same(&format!("{name}[{number}]"), a, b, strictly);
                }
            }
            (Value::Fragments(a), Value::Fragments(b)) => {
                assert_eq!(a.offset_table, b.offset_table, "{name}");
                assert_eq!(a.fragments.len(), b.fragments.len(), "{name}");
                for (a, b) in a.fragments.iter().zip(&b.fragments) {
                    assert!(
                        b.starts_with(a) && b.len() - a.len() == a.len() % 2,
                        "{name}"
                    );
                }
            }
            (value, other) => assert!(
                even(value, a.vr) == even(other, a.vr),
                "{name}: {} {}",
                a.vr,
                b.vr
            ),
        }
    }
}

/// Pixel data of more than 8 bits become OW, fragments OB, whatever they were.
fn is_relabelled(a: &Element, b: &Element) -> bool {
    let fragments = matches!(a.value, Value::Fragments(_));
    (a.vr, b.vr) == (Vr::OB, Vr::OW) || (fragments && (a.vr, b.vr) == (Vr::OW, Vr::OB))
}

/// Written as UN, it comes back with the dictionary's VR.
fn is_over_long(element: &Element) -> bool {
    element
        .value
        .as_bytes()
        .is_some_and(|bytes| bytes.len() > 0xFFFE)
        && !element.vr.has_long_length()
}

#[test]
fn what_is_read_and_written_is_read_again() {
    let (mut written, mut refused) = (0, Vec::new());
    for (name, _, file) in parsed() {
        let ts = file.opening.transfer_syntax_uid.clone();
        let uid = Uid::from_static("1.2.3");
        let meta = Meta {
            sop_class_uid: uid.clone(),
            sop_instance_uid: uid,
            transfer_syntax_uid: ts,
            source_ae_title: None,
        };
        let bytes = match part10::write(&meta, &file.data_set) {
            Ok(bytes) => bytes,
            Err(error) => {
                refused.push(format!("{name}: {error}"));
                continue;
            }
        };
        written += 1;
        let again = part10::read(&bytes.into(), Limits::default()).unwrap();
        // A text where the standard has a sequence: with implicit VR that cannot be mended.
        let kept = |finding: &&Finding| !matches!(&finding.kind, FindingKind::UnexpectedVr(vr) if vr.starts_with("SQ"));
        let new: Vec<_> = again.findings.iter().filter(kept).collect();
        assert!(new.is_empty(), "{name}: {new:?}");
        assert_same(&name, &file.data_set, &again.data_set, true);
    }
    eprintln!("written {written}, refused: {refused:#?}");
    assert!(refused.len() < 30);
}

fn convert(bytes: &[u8], from: &str, to: &str) -> sagittal_file::Result<Vec<u8>> {
    let mut out = Vec::new();
    transcode::convert(
        &mut &bytes[..],
        Some(bytes.len() as u64),
        from,
        to,
        &mut out,
    )?;
    Ok(out)
}

#[test]
fn native_syntaxes_are_converted_into_each_other_without_loss() {
    let mut converted = 0;
    let mut refused = Vec::new();
    for (name, bytes, file) in parsed() {
        let from = file.opening.transfer_syntax_uid.as_str();
        if !NATIVE.contains(&from) {
            continue;
        }
        let bytes = bytes.slice(usize::try_from(file.opening.data_set_offset).unwrap()..);
        for to in NATIVE.into_iter().filter(|to| *to != from) {
            let there = match convert(&bytes, from, to) {
                Ok(there) => there,
                Err(error) => {
                    refused.push(format!("{name}: {error}"));
                    break;
                }
            };
            let (data_set, findings) =
                read::read_data_set(&there.clone().into(), to, Limits::default()).unwrap();
            let broken = findings
                .iter()
                .any(|f| !matches!(f.kind, FindingKind::OutOfOrder | FindingKind::Duplicate));
            assert!(!broken, "{name} to {to}: {findings:?}");
            assert_same(
                &format!("{name} to {to}"),
                &file.data_set,
                &data_set,
                Encoding::of(to).explicit,
            );
            let back = convert(&there, to, from).unwrap();
            let (back, _) = read::read_data_set(&back.into(), from, Limits::default()).unwrap();
            assert_same(
                &format!("{name} to {to} and back"),
                &file.data_set,
                &back,
                false,
            );
            converted += 1;
        }
    }
    eprintln!("converted {converted}, refused: {refused:#?}");
    assert!(refused.len() < 20);
}

#[test]
fn dcmtk_agrees_with_what_is_converted() {
    let dcmconv = Path::new("/usr/bin/dcmconv");
    if !dcmconv.is_file() {
        return skip("DCMTK (dcmconv)");
    }
    let folder = std::env::temp_dir().join(format!("sagittal-file-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let options = [
        (NATIVE[0], "+ti"),
        (NATIVE[1], "+te"),
        (NATIVE[2], "+tb"),
        (NATIVE[3], "+td"),
    ];
    let mut compared = 0;
    for (name, bytes, file) in parsed()
        .filter(|(name, ..)| name.starts_with("images/"))
        .step_by(7)
    {
        let from = file.opening.transfer_syntax_uid.as_str();
        if !NATIVE.contains(&from) || !bytes[128..].starts_with(b"DICM") {
            continue;
        }
        let start = usize::try_from(file.opening.data_set_offset).unwrap();
        let (source, target) = (folder.join("source.dcm"), folder.join("target.dcm"));
        std::fs::write(&source, &bytes).unwrap();
        for (to, option) in options {
            let done = Command::new(dcmconv)
                .arg(option)
                .args([&source, &target])
                .output()
                .unwrap();
            if !done.status.success() {
                continue;
            }
            let theirs =
                part10::read(&std::fs::read(&target).unwrap().into(), Limits::default()).unwrap();
            let ours = convert(&bytes[start..], from, to).unwrap();
            let (ours, _) = read::read_data_set(&ours.into(), to, Limits::default()).unwrap();
            assert_same(&format!("{name} to {to}"), &ours, &theirs.data_set, false);
            // And what we wrote, DCMTK reads.
            let uid = Uid::from_static("1.2.3");
            let meta = Meta {
                sop_class_uid: uid.clone(),
                sop_instance_uid: uid,
                transfer_syntax_uid: Uid::from_static(to),
                source_ae_title: None,
            };
            let mut written = part10::write_header(&meta);
            write::write_data_set(&ours, to, &mut written).unwrap();
            std::fs::write(&target, &written).unwrap();
            let dump = Command::new("/usr/bin/dcmdump")
                .arg("-q")
                .arg(&target)
                .output()
                .unwrap();
            assert!(
                dump.status.success(),
                "{name} to {to}: {}",
                String::from_utf8_lossy(&dump.stderr)
            );
            compared += 1;
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    eprintln!("compared {compared}");
}
