//! `sagittal dump`.

use std::process::{Command, Stdio};

use sagittal_core::{tags, transfer_syntax};
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{cli, peer, sagittal};

fn write(folder: &tempfile::TempDir, name: &str, object: &Object) -> std::path::PathBuf {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, object.part10()).unwrap();
    path
}

#[test]
fn text_names_every_element_with_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        &folder,
        "a.dcm",
        &objects::ct().with(tags::PATIENT_NAME, "Müller^Jörg"),
    );
    let ran = sagittal(["dump".as_ref(), path.as_os_str()]).expect(0);
    for expected in [
        "(0010,0010) PN [Müller^Jörg]",
        "PatientName",
        "(0002,0010)",
        "(7fe0,0010)",
    ] {
        let found = ran.stdout.to_lowercase().contains(&expected.to_lowercase());
        assert!(found, "{expected:?} is missing in\n{}", ran.stdout);
    }
}

#[test]
fn only_the_elements_that_were_asked_for_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "a.dcm", &objects::sr("a text"));
    let ran = sagittal([
        "dump".as_ref(),
        "--tag".as_ref(),
        "TextValue".as_ref(),
        path.as_os_str(),
    ])
    .expect(0);
    assert!(ran.stdout.contains("[a text]"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("PatientID"), "{}", ran.stdout);
    sagittal([
        "dump".as_ref(),
        "--tag".as_ref(),
        "NoSuchKeyword".as_ref(),
        path.as_os_str(),
    ])
    .expect(2);
}

#[test]
fn json_is_one_line_a_file_and_long_values_are_references_into_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let object = objects::ct();
    write(&folder, "in/a.dcm", &object);
    write(&folder, "in/b.dcm", &objects::mr());
    let input = folder.path().join("in");
    let ran = sagittal(["dump".as_ref(), "--json".as_ref(), input.as_os_str()]).expect(0);
    let lines: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0]["00080018"]["Value"][0],
        object.sop_instance_uid().as_str()
    );
    let uri = lines[0]["7FE00010"]["BulkDataURI"].as_str().unwrap();
    let number = |name: &str| -> usize {
        let rest = uri.split(&format!("{name}=")).nth(1).unwrap();
        rest.split('&').next().unwrap().parse().unwrap()
    };
    let file = std::fs::read(input.join("a.dcm")).unwrap();
    let pixels = object.data_set.bytes(tags::PIXEL_DATA).unwrap();
    assert_eq!(
        &file[number("offset")..number("offset") + number("length")],
        &pixels[..]
    );
}

#[test]
fn inline_json_is_what_another_toolkit_says() {
    let Some(dcm2json) = peer::dcmtk("dcm2json") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, object) in [
        ("ct.dcm", objects::ct()),
        ("sr.dcm", objects::sr("Befund: größer")),
        ("us.dcm", objects::us(3)),
        (
            "implicit.dcm",
            objects::mr().in_transfer_syntax(transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN),
        ),
    ] {
        let path = write(&folder, name, &object);
        let ours = sagittal([
            "dump".as_ref(),
            "--json".as_ref(),
            "--inline".as_ref(),
            path.as_os_str(),
        ]);
        let theirs = cli::run(Command::new(&dcm2json).args(["+fc"]).arg(&path));
        let (ours, mut theirs) = (ours.expect(0).json(), theirs.expect(0).json());
        // They write decimal strings as text where the standard wants numbers.
        numbers(&mut theirs);
        let mut ours = ours;
        numbers(&mut ours);
        assert_eq!(ours, theirs, "{name}");
    }
}

/// Makes all numbers comparable, whether they are JSON numbers or text.
fn numbers(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            let numeric = matches!(map.get("vr").and_then(|vr| vr.as_str()), Some("DS" | "IS"));
            if let (true, Some(serde_json::Value::Array(values))) = (numeric, map.get_mut("Value"))
            {
                for value in values {
                    let number = value
                        .as_str()
                        .map_or_else(|| value.as_f64(), |text| text.parse().ok());
                    *value = serde_json::json!(number);
                }
            }
            map.values_mut().for_each(numbers);
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(numbers),
        _ => {}
    }
}

#[test]
fn xml_is_read_back_by_another_toolkit() {
    let Some(python) = peer::python(&["pydicom"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "a.dcm", &objects::ct());
    let ran = sagittal(["dump".as_ref(), "--xml".as_ref(), path.as_os_str()]).expect(0);
    let program = "import sys, xml.etree.ElementTree as e\nr = e.parse(sys.argv[1]).getroot()\n\
                   print(r.tag, [a.get('keyword') for a in r][:3])";
    let xml = folder.path().join("a.xml");
    std::fs::write(&xml, ran.stdout).unwrap();
    let read = peer::run_python(&python, program, &[xml.to_str().unwrap()]).expect(0);
    assert!(read.stdout.contains("NativeDicomModel"), "{}", read.stdout);
    assert!(
        read.stdout.contains("SpecificCharacterSet"),
        "{}",
        read.stdout
    );
}

#[test]
fn what_is_not_dicom_fails_by_name_but_is_passed_over_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("in/readme.txt");
    write(&folder, "in/a.dcm", &objects::ct());
    std::fs::write(
        &text,
        "This is no DICOM file, whatever one may think of it.",
    )
    .unwrap();
    sagittal(["dump".as_ref(), text.as_os_str()]).expect(1);
    let ran = sagittal(["dump".as_ref(), text.parent().unwrap().as_os_str()]).expect(0);
    assert!(
        ran.stderr.contains("1 file(s) are not DICOM"),
        "{}",
        ran.stderr
    );
    let both = sagittal([
        "dump".as_ref(),
        text.as_os_str(),
        folder.path().join("in/a.dcm").as_os_str(),
    ]);
    both.expect(3);
}

#[test]
fn a_pipe_that_closes_early_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..40 {
        write(&folder, &format!("{number}.dcm"), &objects::ct());
    }
    let mut child = cli::command()
        .arg("dump")
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
