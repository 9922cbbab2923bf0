//! C-FIND (PS3.4 §C.4.1).

use sagittal_core::tags;
use sagittal_tests::{Server, objects, peer};

use super::tools::{dcmtk, pynetdicom};

fn filled() -> Server {
    let server = Server::start();
    let mut files = Vec::new();
    for (patient, name, date) in [
        ("A1", "Müller^Jörg", "20240101"),
        ("A2", "MUELLER^Anna", "20240201"),
        ("B1", "山田^太郎", "20250301"),
    ] {
        let first = objects::ct()
            .with(tags::PATIENT_ID, patient)
            .with(tags::PATIENT_NAME, name)
            .with(tags::STUDY_DATE, date);
        files.push(first.part10());
        for number in 2..=3 {
            let beside = objects::ct()
                .beside(&first, number)
                .with(tags::PATIENT_ID, patient)
                .with(tags::PATIENT_NAME, name)
                .with(tags::STUDY_DATE, date);
            files.push(beside.part10());
        }
    }
    assert_eq!(server.stow(&files).status, 200);
    server
}

/// Values of a tag in findscu's output.
fn found(server: &Server, arguments: &[&str], tag: &str) -> Option<Vec<String>> {
    let ran = dcmtk("findscu", server, arguments, &[])?.expect(0);
    let text = format!("{}{}", ran.stdout, ran.stderr);
    let answers = text.split("Find Response").skip(1).collect::<String>();
    let mut values: Vec<String> = answers
        .lines()
        .filter(|line| line.contains(tag))
        .filter_map(|line| line.split(['[', ']']).nth(1))
        .map(|value| value.trim().to_owned())
        .collect();
    values.sort();
    Some(values)
}

#[test]
fn findscu_finds_by_name_date_and_id_at_every_level() {
    let server = filled();
    let cases: [(&[&str], &str, &[&str]); 7] = [
        (
            &["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=A*"],
            "(0010,0020)",
            &["A1", "A2"],
        ),
        (
            &[
                "-S",
                "-k",
                "QueryRetrieveLevel=STUDY",
                "-k",
                "PatientName=muller*",
                "-k",
                "PatientID",
            ],
            "(0010,0020)",
            &["A1"],
        ),
        (
            &[
                "-S",
                "-k",
                "QueryRetrieveLevel=STUDY",
                "-k",
                "StudyDate=20240115-20240301",
                "-k",
                "PatientID",
            ],
            "(0010,0020)",
            &["A2"],
        ),
        (
            &[
                "-P",
                "-k",
                "QueryRetrieveLevel=PATIENT",
                "-k",
                "PatientID=?1",
                "-k",
                "PatientName",
            ],
            "(0010,0020)",
            &["A1", "B1"],
        ),
        (
            &[
                "-S",
                "-k",
                "QueryRetrieveLevel=SERIES",
                "-k",
                "PatientID=A1",
                "-k",
                "Modality",
                "-k",
                "NumberOfSeriesRelatedInstances",
            ],
            "(0020,1209)",
            &["3"],
        ),
        (
            &[
                "-S",
                "-k",
                "QueryRetrieveLevel=IMAGE",
                "-k",
                "PatientID=B1",
                "-k",
                "InstanceNumber",
            ],
            "(0020,0013)",
            &["1", "2", "3"],
        ),
        (
            &[
                "-S",
                "-k",
                "QueryRetrieveLevel=STUDY",
                "-k",
                "PatientID=NOBODY",
            ],
            "(0010,0020)",
            &[],
        ),
    ];
    for (arguments, tag, expected) in cases {
        let Some(values) = found(&server, arguments, tag) else {
            return;
        };
        assert_eq!(values, expected, "{arguments:?}");
    }
}

const PYNETDICOM: &str = r#"
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
ae = AE(ae_title="PYNETDICOM")
ae.add_requested_context(FIND)
item = SOPClassExtendedNegotiation()
item.sop_class_uid = FIND
item.service_class_application_information = b"\x01\x01\x01"
assoc = ae.associate(host, port, ae_title=called, ext_neg=[item])
assert assoc.is_established
agreed = assoc.acceptor.sop_class_extended
assert agreed[FIND] == b"\x01\x01\x01", agreed
query = Dataset()
query.SpecificCharacterSet = "ISO 2022 IR 87"
query.QueryRetrieveLevel = "STUDY"
query.PatientID = "B1"
query.PatientName = ""
query.StudyInstanceUID = ""
answers = [(s.Status, i) for s, i in assoc.send_c_find(query, FIND)]
assert [s for s, _ in answers] == [0xFF00, 0], answers
one = answers[0][1]
assert str(one.PatientName) == "山田^太郎", one
assert one.RetrieveAETitle == called and one.InstanceAvailability == "ONLINE"
fuzzy = Dataset()
fuzzy.QueryRetrieveLevel = "STUDY"
fuzzy.PatientName = "Joerg Muller"
fuzzy.PatientID = ""
found = sorted(i.PatientID for s, i in assoc.send_c_find(fuzzy, FIND) if i)
assert "A1" in found and "B1" not in found, found
wrong = Dataset()
wrong.QueryRetrieveLevel = "PATIENT"
status = [s for s, _ in assoc.send_c_find(wrong, FIND)]
assert status[0].Status == 0xA900 and status[0].ErrorComment, status
assoc.release()
print("good")
"#;

#[test]
fn pynetdicom_finds_in_its_character_set_and_by_sound() {
    if peer::python(&["pynetdicom"]).is_some() {
        pynetdicom(&filled(), PYNETDICOM, &[]);
    }
}
