//! Engine and residual check agree: what the check looks for, the engine takes out. So nothing
//! that is rightly written ends in quarantine, and no exemption is wider than it is meant to be.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use proptest::prelude::*;
use sagittal_core::{DataSet, Uid, tags};
use sagittal_deid::residual::Needles;
use sagittal_deid::{Error, Policy, Project, ProjectKey, deidentify, retained};
use sagittal_file::part10::{Meta, write};
use sagittal_testkit::{data, files};

const POLICIES: [&str; 3] = [
    "extends = \"basic\"",
    r#"
extends = "basic"
[options]
clean_descriptors = true
clean_structured_content = true
clean_graphics = true
retain_longitudinal_modified_dates = true
retain_patient_characteristics = true
retain_safe_private = true
"#,
    r#"
extends = "basic"
[options]
clean_descriptors = true
clean_structured_content = true
clean_graphics = true
retain_longitudinal_full_dates = true
retain_patient_characteristics = true
retain_safe_private = true
retain_device_identity = true
retain_institution_identity = true
retain_uids = true
"#,
];

fn project(policy: &str) -> Project {
    Project::new(Policy::from_toml(policy).unwrap(), ProjectKey::new([5; 32]))
}

/// What becomes of one file alone.
enum Fate {
    Written,
    /// Something was found: where, and of what kind.
    Quarantined(String),
    /// Not let through, for a reason that is the file's.
    Refused(String),
}

fn fate(bytes: &Bytes, project: &Project) -> Fate {
    let output = match deidentify(bytes, project, &mut ()) {
        Ok(output) => output,
        Err(error @ (Error::File(_) | Error::Refused { .. })) => {
            return Fate::Refused(error.to_string());
        }
        Err(error) => return Fate::Refused(format!("other: {error}")),
    };
    let Ok(file) = output.to_bytes() else {
        return Fate::Refused("cannot be written".to_owned());
    };
    let before = sagittal_file::part10::read(bytes, sagittal_core::Limits::default()).unwrap();
    let patient_id = before.data_set.first_text(tags::PATIENT_ID);
    let patient_id = patient_id.unwrap_or_default();
    let needles = Needles::of(bytes, &retained(project, patient_id.trim())).unwrap();
    let found = needles.searcher().search(&file.into());
    match found.hits.first() {
        None => Fate::Written,
        Some(hit) => Fate::Quarantined(hit.to_string()),
    }
}

/// What no reader takes, or was made to be refused, is none of the engine's business.
fn readable_files() -> Vec<PathBuf> {
    let Some(folder) = data() else {
        return Vec::new();
    };
    let usable = |path: &PathBuf| {
        let text = path.to_string_lossy();
        !text.contains("/malformed/")
            && std::fs::metadata(path).is_ok_and(|about| about.len() < 8 << 20)
    };
    files(&folder).into_iter().filter(usable).collect()
}

#[test]
fn hardly_a_real_file_is_taken_for_identifying_when_it_is_not() {
    for policy in POLICIES {
        let project = project(policy);
        let (mut written, mut rest) = (0_usize, BTreeMap::<String, Vec<String>>::new());
        for path in readable_files() {
            let bytes = Bytes::from(std::fs::read(&path).unwrap());
            let reason = match fate(&bytes, &project) {
                Fate::Written => {
                    written += 1;
                    continue;
                }
                Fate::Refused(reason) if reason.contains("not DICOM") => continue,
                Fate::Refused(reason) => reason,
                Fate::Quarantined(reason) => format!("quarantine: {reason}"),
            };
            let files = rest.entry(reason).or_default();
            files.push(path.display().to_string());
        }
        let count = rest.values().map(Vec::len).sum::<usize>();
        println!("{written} written, {count} not: {rest:#?}");
        if written + count == 0 {
            return;
        }
        let quarantined = rest
            .iter()
            .filter(|(reason, _)| reason.starts_with("quarantine"));
        let quarantined: usize = quarantined.map(|(_, files)| files.len()).sum();
        assert!(written * 100 >= (written + count) * 95, "{rest:#?}");
        assert!(quarantined * 200 <= written + count, "{rest:#?}");
    }
}

/// Words that are names, words of medicine and of every day, some of them both.
const WORDS: [&str; 40] = [
    "Doe",
    "Müller",
    "Regression",
    "Brain",
    "White",
    "Long",
    "Case",
    "Overlay",
    "Test",
    "Echo",
    "Pediatric",
    "Steam",
    "Probe",
    "Optima",
    "User2",
    "XR220",
    "Hand",
    "Young",
    "King",
    "May",
    "Grace",
    "Rose",
    "Mark",
    "Hall",
    "Fuss",
    "Klein",
    "Lang",
    "Kurz",
    "Baker",
    "Philips",
    "Siemens",
    "Li",
    "Ng",
    "O'Neill",
    "van der Berg",
    "Grünwald",
    "Maas",
    "Smith-Jones",
    "Stone",
    "Sommer",
];

const TEXTS: [&str; 24] = [
    "{} {}",
    "{}_{}",
    "{}-{}",
    "{}^{}",
    "{}, {}",
    "{}{}",
    "CT {} of the {}",
    "seen by Dr {} {}",
    "{} test",
    "ep2d_{}_p2",
    "{} L",
    "T1 {} {}",
    "old {} with {} and more",
    "{}s",
    "the {}'s {}",
    "{}.{}",
    "{} 3.0 x 3.0",
    "AX {}",
    "{}:{}",
    "{}/{} W CONTRAST",
    "x{}",
    "{}\n{}",
    "{}; {}",
    "pre {} post",
];

fn words() -> impl Strategy<Value = String> {
    let written = |word: &'static str| {
        prop_oneof![
            Just(word.to_owned()),
            Just(word.to_lowercase()),
            Just(word.to_uppercase())
        ]
    };
    prop::sample::select(WORDS.to_vec()).prop_flat_map(written)
}

proptest! {
    #![proptest_config(ProptestConfig {
        max_shrink_iters: 300,
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    })]

    /// Whoever somebody is, and whatever a description says: what is left of it is clean.
    #[test]
    fn cleaned_text_has_nothing_that_the_check_looks_for(
        family in words(),
        given in words(),
        station in words(),
        department in words(),
        order in words(),
        texts in prop::collection::vec((prop::sample::select(TEXTS.to_vec()), words(), words()), 1..4),
    ) {
        let mut data_set = DataSet::utf8();
        data_set.put_text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.2");
        data_set.put_text(tags::SOP_INSTANCE_UID, "1.2.3.4.5.6.7.8.9");
        data_set.put_text(tags::MODALITY, "CT");
        data_set.put_text(tags::PATIENT_NAME, &format!("{family}^{given}"));
        data_set.put_text(tags::PATIENT_ID, "PID-77-1234");
        data_set.put_text(tags::STATION_NAME, &station);
        data_set.put_text(tags::INSTITUTIONAL_DEPARTMENT_NAME, &department);
        data_set.put_text(tags::REQUESTED_PROCEDURE_ID, &order);
        let all = [
            tags::STUDY_DESCRIPTION,
            tags::SERIES_DESCRIPTION,
            tags::PROTOCOL_NAME,
        ];
        for (tag, (text, first, second)) in all.into_iter().zip(&texts) {
            let text = text.replacen("{}", first, 1).replacen("{}", second, 1);
            data_set.put_text(tag, &text.replace('\n', " "));
        }
        let meta = Meta {
            sop_class_uid: Uid::from_static("1.2.840.10008.5.1.4.1.1.2"),
            sop_instance_uid: Uid::from_static("1.2.3.4.5.6.7.8.9"),
            transfer_syntax_uid: Uid::from_static("1.2.840.10008.1.2.1"),
            source_ae_title: None,
        };
        let bytes = Bytes::from(write(&meta, &data_set).unwrap());
        let project = project(POLICIES[1]);
        let fate = fate(&bytes, &project);
        let is_written = matches!(fate, Fate::Written);
        let reason = match fate {
            Fate::Written => String::new(),
            Fate::Quarantined(reason) | Fate::Refused(reason) => reason,
        };
        prop_assert!(is_written, "{reason}");
    }
}
