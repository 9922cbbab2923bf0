//! Real files: what is found in them, and nothing else.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sagittal_tests::{data, sagittal};

/// Kind, attribute, and where it comes from.
const EXPLAINED: &[(&str, &[&str])] = &[
    // Dates with dots and times with colons of ACR-NEMA, codes in small letters.
    (
        "characters",
        &[
            "AcquisitionDate",
            "AcquisitionTime",
            "BodyPartExamined",
            "ContentDate",
            "ContentTime",
            "PatientBirthDate",
            "PatientSex",
            "PerformedProcedureStepStartDate",
            "SeriesDate",
            "SeriesTime",
            "StudyDate",
            "StudyTime",
        ],
    ),
    // Text without Specific Character Set.
    ("character-set", &["StudyDescription"]),
    // Ages such as 063, UUIDs in SH, too many fractions of seconds.
    (
        "length",
        &[
            "AccessionNumber",
            "ContentTime",
            "PatientAge",
            "PatientBirthDate",
            "SeriesTime",
            "StationName",
            "StudyID",
            "StudyTime",
        ],
    ),
    // Births in 1800 and 2999 that de-identification has put in.
    ("date-time", &["PatientBirthDate"]),
    // The same object from several collections, with other pixels or patients.
    ("duplicate", &["SOPInstanceUID"]),
    ("consistency", &["PatientID", "PatientName"]),
    // Without any patient.
    ("empty", &["PatientID"]),
    ("laterality", &["Laterality"]),
    // Of a test for readers, cut behind the UIDs.
    ("missing", &["Modality"]),
    (
        "uid",
        &[
            "FrameOfReferenceUID",
            "SOPInstanceUID",
            "SeriesInstanceUID",
            "StudyInstanceUID",
        ],
    ),
];

#[test]
fn real_files_have_the_findings_that_can_be_explained_and_no_others() {
    let Some(folder) = data::folder() else {
        return;
    };
    let archive = tempfile::tempdir().unwrap();
    let data = archive.path().display().to_string();
    let mut arguments: Vec<String> = ["import", "--quiet", "--data", &data]
        .map(Into::into)
        .into();
    let parts = [
        "charsets",
        "compressed",
        "images",
        "pr",
        "rt",
        "seg",
        "series",
        "sr",
        "waveform",
        "wsi",
    ];
    let paths: Vec<PathBuf> = parts.iter().map(|part| folder.join(part)).collect();
    arguments.extend(paths.iter().map(|path| path.display().to_string()));
    // Some are no composite objects and are refused.
    sagittal(&arguments).expect(3);
    let report = sagittal(["quality", "report", "--json", "--data", &data])
        .expect(0)
        .json();
    let mut found = BTreeSet::new();
    let mut instances = 0;
    for group in report["groups"].as_array().unwrap() {
        instances += group["instances"].as_u64().unwrap();
        for finding in group["findings"].as_array().unwrap() {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            found.insert((text("kind"), text("path"), text("found")));
        }
    }
    assert!(instances > 900, "{instances}");
    let unexplained: Vec<_> = found
        .iter()
        .filter(|(kind, path, _)| {
            let mut rows = EXPLAINED.iter();
            !rows.any(|(of, paths)| of == kind && paths.contains(&path.as_str()))
        })
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    // What is planted or known is seen.
    for kind in ["characters", "character-set", "date-time", "uid", "missing"] {
        assert!(found.iter().any(|(of, ..)| of == kind), "{kind}");
    }
}
