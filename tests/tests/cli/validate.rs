//! `sagittal validate`.

use std::path::PathBuf;

use sagittal_core::{sop_class, tags};
use sagittal_tests::objects::{self, Object};
use sagittal_tests::sagittal;

fn write(folder: &tempfile::TempDir, name: &str, object: &Object) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, object.part10()).unwrap();
    path
}

/// A CT image with all that its IOD asks for.
fn whole() -> Object {
    let mut ct = objects::ct();
    for (tag, text) in [
        (tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\AXIAL"),
        (tags::PATIENT_POSITION, "HFS"),
        (tags::BODY_PART_EXAMINED, "HEAD"),
        (tags::KVP, "120"),
        (tags::ACQUISITION_NUMBER, "1"),
        (tags::SLICE_THICKNESS, "1"),
        (tags::IMAGE_POSITION_PATIENT, "0\\0\\0"),
        (tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0"),
        (tags::PIXEL_SPACING, "0.5\\0.5"),
        (tags::RESCALE_INTERCEPT, "0"),
        (tags::RESCALE_SLOPE, "1"),
        (tags::MANUFACTURER, "Maker"),
    ] {
        ct = ct.with(tag, text);
    }
    ct.data_set.put_empty(tags::POSITION_REFERENCE_INDICATOR);
    ct.data_set
        .put_uid(tags::FRAME_OF_REFERENCE_UID, &objects::new_uid());
    ct
}

#[test]
fn a_whole_object_has_no_error_and_a_broken_one_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "whole.dcm", &whole());
    let ran = sagittal(["validate".as_ref(), path.as_os_str()]).expect(0);
    assert!(
        ran.stdout.contains("1 file(s), 0 error(s)"),
        "{}",
        ran.stdout
    );
    let mut broken = whole().with(tags::PATIENT_NAME, "Secret^Name=b=c=d");
    broken.data_set.remove(tags::KVP);
    let path = write(&folder, "broken.dcm", &broken);
    let ran = sagittal(["validate".as_ref(), path.as_os_str()]).expect(1);
    for expected in ["[missing] KVP", "[name] PatientName", "fix: ", "PS3.3"] {
        assert!(
            ran.stdout.contains(expected),
            "{expected} in {}",
            ran.stdout
        );
    }
    assert!(!ran.stdout.contains("Secret"), "{}", ran.stdout);
    let never = ["validate", "--fail-on", "never"];
    sagittal(
        never
            .iter()
            .map(std::ffi::OsStr::new)
            .chain([path.as_os_str()]),
    )
    .expect(0);
}

#[test]
fn json_and_sarif_name_every_finding_and_what_is_no_dicom_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "a.dcm", &whole());
    let mut other = whole().with(tags::SOP_CLASS_UID, sop_class::MR_IMAGE_STORAGE);
    other.data_set.remove(tags::STUDY_ID);
    write(&folder, "b.dcm", &other);
    std::fs::write(folder.path().join("notes.txt"), "nothing").unwrap();
    let run = |form: &str| {
        let arguments = [
            "validate".as_ref(),
            form.as_ref(),
            folder.path().as_os_str(),
        ];
        sagittal(arguments).expect(1).json()
    };
    let report = run("--json");
    assert_eq!(report["files"].as_array().unwrap().len(), 2);
    assert_eq!(report["summary"]["foreign"], 1);
    let findings = report["files"][1]["findings"].as_array().unwrap();
    let missing = findings
        .iter()
        .find(|f| f["attribute"] == "StudyID")
        .unwrap();
    assert_eq!(missing["kind"], "missing");
    assert_eq!(missing["path"], "(0020,0010)");
    assert_eq!(missing["clause"], "PS3.3 §C.7.2.1");
    let sarif = run("--sarif");
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|result| {
        let location = &result["locations"][0];
        let uri = &location["physicalLocation"]["artifactLocation"]["uri"];
        location["logicalLocations"][0]["fullyQualifiedName"] == "StudyID"
            && result["level"] == "error"
            && uri.as_str().unwrap().ends_with("/b.dcm")
    }));
}

#[test]
fn instances_of_a_folder_are_compared_with_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let first = whole();
    write(&folder, "1.dcm", &first);
    let second = whole().beside(&first, 2).with(tags::PATIENT_ID, "OTHER");
    let path = write(&folder, "2.dcm", &second);
    let ran = sagittal(["validate".as_ref(), folder.path().as_os_str()]).expect(1);
    let expected = "PatientID: 2 different values in 2 instances of one study";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    assert!(!ran.stdout.contains("OTHER"), "{}", ran.stdout);
    let alone = [
        "validate".as_ref(),
        "--no-study".as_ref(),
        folder.path().as_os_str(),
    ];
    sagittal(alone).expect(0);
    sagittal(["validate".as_ref(), path.as_os_str()]).expect(0);
    sagittal(["validate", "no such file"]).expect(1);
}

/// dciodvfy is content with them too: see `demo`.
#[test]
fn generated_studies_have_neither_error_nor_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo");
    sagittal(["demo".as_ref(), path.as_os_str()]).expect(0);
    let ran = sagittal([
        "validate".as_ref(),
        "--fail-on".as_ref(),
        "warning".as_ref(),
        path.as_os_str(),
    ])
    .expect(0);
    let expected = "64 file(s), 0 error(s), 0 warning(s)";
    assert!(ran.stdout.contains(expected), "{}", ran.stdout);
}

/// Whatever the damage, the command ends by itself and says something of most of the files.
#[test]
fn malformed_files_do_not_stop_it() {
    let Some(data) = sagittal_tests::data::folder() else {
        return;
    };
    let folder = data.join("malformed");
    let arguments = [
        "validate",
        "--json",
        "--fail-on",
        "never",
        "--severity",
        "information",
    ];
    let arguments = arguments.iter().map(std::ffi::OsStr::new);
    let ran = sagittal(arguments.chain([folder.as_os_str()]));
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
    let report = ran.json();
    let summary = &report["summary"];
    assert!(summary["files"].as_u64().unwrap() > 20, "{summary}");
    assert!(summary["errors"].as_u64().unwrap() > 20, "{summary}");
}
