#![allow(clippy::unwrap_used)]

use sagittal_core::{TagPath, Vr, tags};

use super::super::{Done, FileLog, LogKey, Writer, csv, parquet};
use super::*;
use crate::{Action, Asked, Change, Primitive, ProjectKey, Reason, Recorder, Taken};

const OUTPUT: &[u8] = b"the output";

fn change<'a>(
    path: &'a TagPath,
    taken: Taken,
    before: &'a [u8],
    after: Option<&'a [u8]>,
) -> Change<'a> {
    Change {
        path,
        private_creator: None,
        vr: Vr::PN,
        asked: Asked::Profile("(0010,0010)", Action::One(Primitive::Zero)),
        taken,
        reason: Reason::BasicProfile,
        before,
        after,
    }
}

fn log(key: &ProjectKey, signer: LogKey) -> Vec<u8> {
    let run = Run {
        edition: "2026d".into(),
        tool: "sagittal".into(),
        ..Run::default()
    };
    let mut writer = Writer::begin(Vec::new(), signer, &run).unwrap();
    let name = TagPath::root(tags::PATIENT_NAME);
    let mut file = FileLog::begin(key, Digest::of(b"input"), "1.2.3");
    file.record(change(&name, Taken::Removed, b"Doe^Jane", None));
    file.record(change(
        &name,
        Taken::Dummied,
        b"Doe^Jane",
        Some(b"ANON^\"A\" "),
    ));
    file.record(change(&name, Taken::Kept, b"Doe^Jane", Some(b"Doe^Jane")));
    file.note("burned-in text was not looked for");
    let done = Done {
        output: Digest::of(OUTPUT),
        sop_instance_uid: "2.25.1",
        study_instance_uid: "2.25.2",
        modality: "CT",
        searched: 10,
        hits: 0,
    };
    writer.write(&file.finish(&done)).unwrap();
    let mut file = FileLog::begin(key, Digest::of(b"second"), "");
    file.record(change(
        &name,
        Taken::Cleaned,
        b"of Doe",
        Some(b"still of Doe"),
    ));
    writer.write(&file.refuse("residual check: 1 hit")).unwrap();
    writer.finish("2026-11-24T12:00:00Z").unwrap().0
}

fn key() -> ProjectKey {
    ProjectKey::new([3; 32])
}

#[test]
fn a_log_is_sound_and_has_no_protected_value() {
    let signer = LogKey::generate().unwrap();
    let public = signer.public();
    let log = log(&key(), signer);
    let mut outputs = |uid: &str| (uid == "2.25.1").then(|| Digest::of(OUTPUT));
    let found = verify(log.as_slice(), Some(&public), Some(&mut outputs)).unwrap();
    assert_eq!(found.problems, []);
    assert_eq!((found.files, found.refused, found.outputs), (2, 1, 1));
    assert_eq!((found.counts.removed, found.counts.total()), (1, 4));
    let text = String::from_utf8(log).unwrap();
    assert!(!text.contains("Doe") && text.contains("\"after\":\"ANON^\\\"A\\\"\""));
    assert!(text.contains("\"after\":null"));
}

#[test]
fn any_byte_that_is_changed_is_found() {
    let log = log(&key(), LogKey::generate().unwrap());
    for at in 0..log.len() {
        // Among the bits the one that turns capitals into small letters.
        let bit = 1 << (at % 8);
        let mut changed = log.clone();
        changed[at] ^= bit;
        let found = verify(changed.as_slice(), None, None).unwrap();
        assert!(!found.is_sound(), "byte {at}, bit {bit:02x}");
        changed[at] = log[at] ^ 0x20;
        let found = verify(changed.as_slice(), None, None).unwrap();
        assert!(!found.is_sound(), "byte {at}, case");
    }
}

#[test]
fn lines_that_are_removed_added_or_exchanged_are_found() {
    let log = String::from_utf8(log(&key(), LogKey::generate().unwrap())).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    for at in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(at);
        let mut more = lines.clone();
        more.insert(at, lines[at]);
        let mut exchanged = lines.clone();
        let neighbor = if at + 1 < lines.len() { at + 1 } else { 0 };
        exchanged.swap(at, neighbor);
        for lines in [fewer, more, exchanged] {
            let text = lines.join("\n") + "\n";
            let found = verify(text.as_bytes(), None, None).unwrap();
            assert!(!found.is_sound(), "line {at}");
        }
    }
    assert!(!verify(&b""[..], None, None).unwrap().is_sound());
}

#[test]
fn another_signer_and_another_output_are_found() {
    let log = log(&key(), LogKey::generate().unwrap());
    let other = LogKey::generate().unwrap().public();
    let found = verify(log.as_slice(), Some(&other), None).unwrap();
    assert_eq!(found.problems.len(), 1);
    assert_eq!(found.problems[0].line, 1);
    for output in [None, Some(Digest::of(b"something else"))] {
        let found = verify(log.as_slice(), None, Some(&mut |_: &str| output)).unwrap();
        assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
    }
}

#[test]
fn a_table_has_a_row_for_each_line_about_an_instance() {
    let log = log(&key(), LogKey::generate().unwrap());
    let mut table = Vec::new();
    csv(log.as_slice(), &mut table).unwrap();
    let text = String::from_utf8(table).unwrap();
    // Column names; two instances begun, three elements, a note, an end; one element, an end.
    assert_eq!(text.lines().count(), 1 + 2 + 5 + 2);
    assert!(text.contains(r#""ANON^""A""""#));
    let mut file = Vec::new();
    parquet(log.as_slice(), &mut file).unwrap();
    assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
}
