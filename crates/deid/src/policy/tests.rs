//! Tests of policies.
#![allow(clippy::unwrap_used)]

use sagittal_core::{Tag, tags};

use super::*;
use crate::{Error, Primitive};

const TRIAL: &str = r#"
name = "trial"
extends = "basic"
encapsulated = "refuse"

[options]
clean_descriptors = true
retain_patient_characteristics = true

[dates]
mode = "modified"
range = 100

[defaults]
text = "allow-list"
allow = ["PositionReferenceIndicator"]
identifiers = "empty"

[pixels]
unknown_burned_in = "keep"

[[private.keep]]
creator = "ACME 1.1"
tag = "(0019,xx0A)"
vr = "DS"

[[tag]]
tag = "PatientSex"
action = "remove"

[[tag]]
tag = "RequestAttributesSequence.ScheduledProcedureStepID"
action = "pseudonym"
value = "study"

[[tag]]
creator = "GEMS_PARM_01"
tag = "(0043,xx2A)"
action = "K"

[[tag]]
tag = "ClinicalTrialProtocolID"
action = "replace"
value = "NCT-1"
"#;

fn problems(text: &str) -> Vec<Problem> {
    match Policy::from_toml(text) {
        Err(Error::Policy(problems)) => problems.0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_policy_is_read() {
    let policy = Policy::from_toml(TRIAL).unwrap();
    assert!(policy.options.clean_descriptors && policy.options.retain_longitudinal_modified_dates);
    assert!(policy.options.retain_safe_private && !policy.options.retain_uids);
    assert_eq!(
        (policy.date_range, policy.text),
        (100, TextDefault::AllowList)
    );
    assert!(!policy.pseudonymous_identifiers);
    let of = |path: &[Tag]| policy.overrides.of_standard(path).cloned();
    assert_eq!(
        of(&[tags::PATIENT_SEX]),
        Some(OverrideAction::One(Primitive::Remove))
    );
    assert_eq!(of(&[tags::SCHEDULED_PROCEDURE_STEP_ID]), None);
    let nested = [
        tags::REQUEST_ATTRIBUTES_SEQUENCE,
        tags::SCHEDULED_PROCEDURE_STEP_ID,
    ];
    assert!(of(&nested).is_some());
    let tag = Tag(0x0043, 0x102A);
    assert!(policy.overrides.of_private("GEMS_PARM_01", tag).is_some());
    assert!(policy.overrides.of_private("OTHER", tag).is_none());
}

#[test]
fn the_canonical_form_means_the_same() {
    let policy = Policy::from_toml(TRIAL).unwrap();
    let again = Policy::from_toml(&policy.canonical()).unwrap();
    assert_eq!(again.canonical(), policy.canonical());
    assert_eq!(again.rule_set_digest(), policy.rule_set_digest());
    let spaced = TRIAL.replace("range = 100", "range   =  0x64 # days");
    let same = Policy::from_toml(&spaced).unwrap();
    assert_eq!(same.rule_set_digest(), policy.rule_set_digest());
    let other = Policy::from_toml(&TRIAL.replace("range = 100", "range = 101")).unwrap();
    assert_ne!(other.rule_set_digest(), policy.rule_set_digest());
    let basic = Policy::from_toml("extends = \"basic\"").unwrap();
    assert!(basic.canonical().contains("retain_uids = false"));
}

#[test]
fn mistakes_have_lines_and_remedies() {
    let found = problems("extends = \"basic\"\n[options]\nclean_descriptor = true\n");
    assert_eq!((found.len(), found[0].line), (1, 3));
    assert_eq!(
        found[0].remedy.as_deref(),
        Some("did you mean clean_descriptors?")
    );
    for (text, line, part) in [
        ("", 1, "extends"),
        ("extends = \"advanced\"\n", 1, "basic"),
        (
            "extends = \"basic\"\nencapsulated = \"keep\"\n",
            2,
            "never kept",
        ),
        (
            "extends = \"basic\"\n[options]\nretain_longitudinal_full_dates = true\nretain_longitudinal_modified_dates = true\n",
            4,
            "contradict",
        ),
        (
            "extends = \"basic\"\n[options]\nretain_longitudinal_full_dates = true\n[dates]\nmode = \"modified\"\n",
            5,
            "contradicts",
        ),
        ("extends = \"basic\"\n[dates]\nrange = 0\n", 3, "2 to 36500"),
        (
            "extends = \"basic\"\n[[tag]]\ntag = \"PatientSecks\"\naction = \"keep\"\n",
            3,
            "PatientSex",
        ),
        (
            "extends = \"basic\"\n[[tag]]\ntag = \"PatientSex\"\naction = \"kep\"\n",
            4,
            "keep",
        ),
        (
            "extends = \"basic\"\n[[tag]]\ntag = \"PatientSex\"\naction = \"uid\"\n",
            4,
            "VR CS",
        ),
        (
            "extends = \"basic\"\n[[tag]]\ntag = \"PatientSex\"\naction = \"replace\"\nvalue = \"male\"\n",
            5,
            "no value of VR CS",
        ),
        (
            "extends = \"basic\"\n[[tag]]\ntag = \"PixelData\"\naction = \"keep\"\n",
            3,
            "engine",
        ),
        (
            "extends = \"basic\"\n[[tag]]\ntag = \"(0019,1010)\"\naction = \"keep\"\n",
            3,
            "creator",
        ),
        (
            "extends = \"basic\"\n[[tag]]\ntag = \"PatientSex\"\naction = \"keep\"\n[[tag]]\ntag = \"(0010,0040)\"\naction = \"X\"\n",
            5,
            "second rule",
        ),
        (
            "extends = \"basic\"\n[pixels]\nocr = \"perhaps\"\n",
            3,
            "perhaps",
        ),
        ("extends = basic\n", 1, "TOML"),
    ] {
        let found = problems(text);
        let all = found
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n");
        assert!(found.iter().any(|p| p.line == line), "{text}: {all}");
        assert!(all.contains(part), "{text}: {all}");
    }
}

#[test]
fn keeping_what_the_profile_removes_is_warned_of() {
    let text = "extends = \"basic\"\n[[tag]]\ntag = \"PatientSex\"\naction = \"keep\"\n";
    let policy = Policy::from_toml(text).unwrap();
    assert_eq!(policy.warnings.len(), 1);
    assert_eq!(policy.warnings[0].line, 4);
}
