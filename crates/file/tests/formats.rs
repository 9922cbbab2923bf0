//! Real files as DICOM JSON and XML, broken ones included: always valid, and the same again after
//! reading back.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use sagittal_core::{FindingKind, Limits};
use sagittal_file::encoding::Encoding;
use sagittal_file::{dump, json, part10, xml};
use serde_json::Value as Json;
use support::{body, compare, files, json_of};

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
        serde_json::from_slice::<Json>(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let data_set = json::read(&text, Limits::default())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut again = Vec::new();
        json::write(&data_set[0], &mut again);
        let is_odd = opening
            .findings
            .iter()
            .chain(&part10::read(bytes, Limits::default()).unwrap().findings)
            .any(|finding| {
                matches!(
                    finding.kind,
                    FindingKind::OddLength(_) | FindingKind::Truncated { .. }
                )
            });
        // Odd lengths are padded and overlong DS rounded, once.
        if again != text {
            let mut third = Vec::new();
            json::write(
                &json::read(&again, Limits::default()).unwrap()[0],
                &mut third,
            );
            assert!(
                again == third,
                "{}: JSON is not stable\n{}",
                path.display(),
                difference(&again, &third)
            );
            let mut differences = Vec::new();
            let (a, b) = (
                serde_json::from_slice(&text).unwrap(),
                serde_json::from_slice(&again).unwrap(),
            );
            compare(&a, &b, "", &mut differences);
            assert!(
                differences.is_empty(),
                "{}: {differences:?}",
                path.display()
            );
        }
        let tree = part10::read(bytes, Limits::default()).unwrap().data_set;
        let mut from_tree = Vec::new();
        json::write(&tree, &mut from_tree);
        assert!(
            from_tree == text || is_odd,
            "{}: tree and bytes differ\n{}",
            path.display(),
            difference(&text, &from_tree)
        );

        let mut first = Vec::new();
        xml::write(&tree, &mut first);
        let back = xml::read(&first, Limits::default())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut second = Vec::new();
        xml::write(&back, &mut second);
        assert!(
            first == second || is_odd,
            "{}: XML changed\n{}",
            path.display(),
            difference(&first, &second)
        );
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
        String::from_utf8_lossy(
            &bytes[at.saturating_sub(100).min(bytes.len())..(at + 100).min(bytes.len())],
        )
        .into_owned()
    };
    format!("{}\n{}", part(a), part(b))
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
        fn uri(
            &mut self,
            _: &sagittal_core::TagPath,
            offset: u64,
            length: Option<u64>,
        ) -> Option<String> {
            length
                .is_none_or(|length| length > 1024)
                .then(|| format!("bulk/{offset}"))
        }
    }
    let all = files();
    let cts: Vec<_> = all
        .iter()
        .filter(|(path, bytes, opening)| {
            let is_ct = part10::read(bytes, Limits::default()).is_ok_and(|file| {
                file.data_set
                    .first_text(sagittal_core::tags::SOP_CLASS_UID)
                    .as_deref()
                    == Some("1.2.840.10008.5.1.4.1.1.2")
            });
            is_ct
                && !path.to_string_lossy().contains("malformed")
                && !Encoding::of(opening.transfer_syntax_uid.as_str()).deflated
        })
        .collect();
    let bodies: Vec<_> = cts
        .iter()
        .map(|(_, bytes, opening)| body(bytes, opening).unwrap())
        .collect();
    const ROUNDS: u32 = 50;
    let count = u32::try_from(cts.len()).unwrap() * ROUNDS;
    let mut out = Vec::with_capacity(1 << 20);
    let mut written = 0;
    let started = cpu();
    for _ in 0..ROUNDS {
        for ((_, _, opening), body) in cts.iter().zip(&bodies) {
            out.clear();
            let uid = opening.transfer_syntax_uid.as_str();
            json::write_from_bytes(
                body,
                body.len() as u64,
                uid,
                Limits::default(),
                &mut Refer,
                &mut out,
            )
            .unwrap();
            written += out.len();
        }
    }
    eprintln!(
        "JSON: {:?} a CT of {} ({} bytes of JSON)",
        (cpu() - started) / count,
        cts.len(),
        written / count as usize
    );
    let started = cpu();
    for _ in 0..ROUNDS {
        for (_, bytes, _) in &cts {
            out.clear();
            dump::file(
                bytes,
                Limits::default(),
                &dump::Options::default(),
                &mut out,
            )
            .unwrap();
        }
    }
    eprintln!("dump: {:?} a CT", (cpu() - started) / count);
    let started = cpu();
    for _ in 0..ROUNDS {
        for ((_, _, opening), body) in cts.iter().zip(&bodies) {
            let mut walker = sagittal_file::walk::Walker::new(
                body,
                Encoding::of(opening.transfer_syntax_uid.as_str()),
                Limits::default(),
            );
            while walker.next().unwrap().is_some() {}
        }
    }
    eprintln!("walk: {:?} a CT", (cpu() - started) / count);
}
