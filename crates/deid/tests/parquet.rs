//! The log as Parquet, read back by Apache Arrow (pyarrow).
#![allow(clippy::unwrap_used)]

use std::process::Command;

use sagittal_core::{TagPath, Vr, tags};
use sagittal_deid::log::{Digest, Done, FileLog, LogKey, Run, Writer, csv, parquet};
use sagittal_deid::{Action, Asked, Change, Primitive, ProjectKey, Reason, Recorder, Taken};

/// Prints every cell of the table, and of the CSV, in one form.
const SCRIPT: &str = r#"
import csv, sys
import pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
rows = [[("" if v is None else str(v)) for v in row.values()] for row in table.to_pylist()]
with open(sys.argv[2], newline="", encoding="utf-8") as f:
    expected = list(csv.reader(f))
assert table.column_names == expected[0], (table.column_names, expected[0])
assert rows == expected[1:], "rows differ"
print(len(rows), pq.ParquetFile(sys.argv[1]).num_row_groups)
"#;

#[test]
fn arrow_reads_the_rows_that_are_in_the_csv() {
    let has = Command::new("python3")
        .args(["-c", "import pyarrow"])
        .output();
    if !has.is_ok_and(|output| output.status.success()) {
        let strict = std::env::var("SAGITTAL_TEST_STRICT").is_ok_and(|value| value == "1");
        assert!(!strict, "pyarrow is not installed");
        return eprintln!("SKIPPED: pyarrow is not installed");
    }
    let key = ProjectKey::new([1; 32]);
    let mut writer =
        Writer::begin(Vec::new(), LogKey::generate().unwrap(), &Run::default()).unwrap();
    let path = TagPath::root(tags::PATIENT_NAME);
    for number in 0..60_u32 {
        let mut file = FileLog::begin(&key, Digest::of(&number.to_le_bytes()), "1.2.3");
        file.set_character_set(sagittal_core::CharacterSet::utf8());
        for element in 0..1_000_u32 {
            let after = format!("Müller, \"{element}\" 山田");
            file.record(Change {
                path: &path,
                private_creator: (element % 3 == 0).then_some("ACME"),
                vr: Vr::PN,
                asked: Asked::Profile("(0010,0010)", Action::One(Primitive::Zero)),
                taken: Taken::Replaced,
                reason: Reason::BasicProfile,
                before: &element.to_le_bytes(),
                after: (element % 2 == 0).then_some(after.as_bytes()),
            });
        }
        writer
            .write(&file.finish(&Done {
                output: Digest::of(b"output"),
                sop_instance_uid: "2.25.1",
                study_instance_uid: "2.25.2",
                modality: "CT",
                searched: 0,
                hits: 0,
            }))
            .unwrap();
    }
    let (log, _) = writer.finish("2026-11-24T12:00:00Z").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [table, text] = ["log.parquet", "log.csv"].map(|name| folder.path().join(name));
    parquet(log.as_slice(), std::fs::File::create(&table).unwrap()).unwrap();
    csv(log.as_slice(), std::fs::File::create(&text).unwrap()).unwrap();
    let output = Command::new("python3")
        .arg("-c")
        .arg(SCRIPT)
        .args([&table, &text])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(said.trim(), "60120 2");
}
