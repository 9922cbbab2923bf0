//! Valid and broken objects of the IODs, and damaged data.
#![allow(clippy::unwrap_used)]

use sagittal_core::{DataSet, Tag, Value, Vr, dictionary, sop_class, tags};

use super::{Options, validate};
use crate::finding::{Finding, Kind, Severity};

mod grow;

fn errors(data_set: &DataSet) -> Vec<Finding> {
    let mut findings = validate(data_set, Options::default());
    findings.retain(|finding| finding.severity == Severity::Error);
    findings
}

/// Kinds of errors with their paths.
fn kinds(data_set: &DataSet) -> Vec<(String, Kind)> {
    let errors = errors(data_set);
    let one = |finding: &Finding| (finding.keyword_path(), finding.kind);
    errors.iter().map(one).collect()
}

fn assert_found(data_set: &DataSet, path: &str, kind: Kind) {
    let found = validate(
        data_set,
        Options {
            least: Severity::Information,
            ..Options::default()
        },
    );
    let is_there = found
        .iter()
        .any(|finding| finding.keyword_path() == path && finding.kind == kind);
    assert!(is_there, "{path} {kind:?} is not among {found:#?}");
}

/// A whole CT image.
fn ct() -> DataSet {
    let mut ct = DataSet::utf8();
    for (tag, text) in [
        (tags::SOP_CLASS_UID, sop_class::CT_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, "2.25.1"),
        (tags::STUDY_INSTANCE_UID, "2.25.2"),
        (tags::SERIES_INSTANCE_UID, "2.25.3"),
        (tags::FRAME_OF_REFERENCE_UID, "2.25.4"),
        (tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\AXIAL"),
        (tags::STUDY_DATE, "20260115"),
        (tags::STUDY_TIME, "101500.25"),
        (tags::MODALITY, "CT"),
        (tags::PATIENT_NAME, "Müller^Jörg"),
        (tags::PATIENT_ID, "1"),
        (tags::PATIENT_BIRTH_DATE, "19700101"),
        (tags::PATIENT_SEX, "O"),
        (tags::PATIENT_POSITION, "HFS"),
        (tags::BODY_PART_EXAMINED, "HEAD"),
        (tags::SERIES_NUMBER, "1"),
        (tags::INSTANCE_NUMBER, "1"),
        (tags::KVP, "120"),
        (tags::SLICE_THICKNESS, "1"),
        (tags::IMAGE_POSITION_PATIENT, "0\\0\\0"),
        (tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0"),
        (tags::PIXEL_SPACING, "0.5\\0.5"),
        (tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"),
        (tags::RESCALE_INTERCEPT, "-1024"),
        (tags::RESCALE_SLOPE, "1"),
    ] {
        ct.put_text(tag, text);
    }
    for tag in [
        tags::ACCESSION_NUMBER,
        tags::REFERRING_PHYSICIAN_NAME,
        tags::STUDY_ID,
        tags::MANUFACTURER,
        tags::ACQUISITION_NUMBER,
        tags::POSITION_REFERENCE_INDICATOR,
    ] {
        ct.put_empty(tag);
    }
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 2),
        (tags::COLUMNS, 2),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        ct.put_u16(tag, &[value]);
    }
    ct.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![0; 8]);
    ct
}

#[test]
fn a_whole_ct_image_has_no_error() {
    assert_eq!(kinds(&ct()), []);
}

type Break = fn(&mut DataSet);

#[test]
fn each_fault_of_a_ct_image_is_found_where_it_is() {
    let faults: &[(&str, Kind, Break)] = &[
        ("PatientName", Kind::Missing, |d| {
            d.remove(tags::PATIENT_NAME);
        }),
        ("StudyInstanceUID", Kind::Missing, |d| {
            d.remove(tags::STUDY_INSTANCE_UID);
        }),
        ("PixelSpacing", Kind::Empty, |d| {
            d.put_empty(tags::PIXEL_SPACING);
        }),
        ("BitsAllocated", Kind::Value, |d| {
            d.put_u16(tags::BITS_ALLOCATED, &[8]);
        }),
        ("PatientPosition", Kind::DefinedTerm, |d| {
            d.put_text(tags::PATIENT_POSITION, "UPSIDE");
        }),
        ("RescaleSlope", Kind::Value, |d| {
            d.put_text(tags::RESCALE_SLOPE, "0");
        }),
        ("PlanarConfiguration", Kind::NotPermitted, |d| {
            d.put_u16(tags::PLANAR_CONFIGURATION, &[0]);
        }),
        ("HighBit", Kind::Pixels, |d| {
            d.put_u16(tags::HIGH_BIT, &[16]);
        }),
        ("PixelData", Kind::Pixels, |d| {
            d.put_u16(tags::ROWS, &[3]);
        }),
        ("ImageOrientationPatient", Kind::Geometry, |d| {
            d.put_text(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\2\\0");
        }),
        ("ImagePositionPatient", Kind::Multiplicity, |d| {
            d.put_text(tags::IMAGE_POSITION_PATIENT, "1\\0");
        }),
        ("StudyDate", Kind::DateTime, |d| {
            d.put_text(tags::STUDY_DATE, "20260230");
        }),
        ("StudyTime", Kind::DateTime, |d| {
            d.put_text(tags::STUDY_TIME, "256100");
        }),
        ("SeriesInstanceUID", Kind::Uid, |d| {
            d.put_text(tags::SERIES_INSTANCE_UID, "2.25.2");
        }),
        ("SOPInstanceUID", Kind::Uid, |d| {
            d.put_text(tags::SOP_INSTANCE_UID, "1.2..3");
        }),
        ("PatientName", Kind::Name, |d| {
            d.put_text(tags::PATIENT_NAME, "A=B=C=D");
        }),
        ("PatientName", Kind::Cut, |d| {
            d.put_text(tags::PATIENT_NAME, &"Ä".repeat(64));
        }),
        ("PatientName", Kind::Length, |d| {
            d.put_text(tags::PATIENT_NAME, &"山".repeat(65));
        }),
        ("PatientName", Kind::Mojibake, |d| {
            d.put_text(tags::PATIENT_NAME, "MÃ¼ller^JÃ¶rg");
        }),
        ("PatientName", Kind::CharacterSet, |d| {
            d.put_bytes(tags::PATIENT_NAME, Vr::PN, b"M\xFCller".to_vec());
        }),
        ("PatientName", Kind::CharacterSet, |d| {
            d.put_text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 100");
            d.put_bytes(tags::PATIENT_NAME, Vr::PN, b"\x1B$B;3ED\x1B(B".to_vec());
        }),
        ("SpecificCharacterSet", Kind::CharacterSet, |d| {
            d.put_text(tags::SPECIFIC_CHARACTER_SET, "LATIN 47");
        }),
        ("StudyID", Kind::Length, |d| {
            d.put_text(tags::STUDY_ID, "a study ID that is too long");
        }),
        ("Modality", Kind::Characters, |d| {
            d.put_text(tags::MODALITY, "ct");
        }),
        ("Manufacturer", Kind::Vr, |d| {
            d.put_bytes(tags::MANUFACTURER, Vr::SH, b"M ".to_vec());
        }),
        ("(0011,1010)", Kind::Private, |d| {
            d.put_bytes(Tag(0x0011, 0x1010), Vr::LO, b"x ".to_vec());
        }),
        ("EchoTime", Kind::NotInIod, |d| {
            d.put_text(tags::ECHO_TIME, "1");
        }),
        ("ProcedureCodeSequence", Kind::Items, |d| {
            d.put_items(tags::PROCEDURE_CODE_SEQUENCE, vec![]);
        }),
        ("ProcedureCodeSequence[1]/CodeMeaning", Kind::Missing, |d| {
            let mut code = DataSet::utf8();
            code.put_text(tags::CODE_VALUE, "1");
            code.put_text(tags::CODING_SCHEME_DESIGNATOR, "DCM");
            d.put_items(tags::PROCEDURE_CODE_SEQUENCE, vec![code]);
        }),
    ];
    for (path, kind, fault) in faults {
        let mut data_set = ct();
        fault(&mut data_set);
        assert_found(&data_set, path, *kind);
    }
}

#[test]
fn values_of_the_patient_are_never_shown() {
    let mut data_set = ct();
    for tag in [tags::PATIENT_SEX, tags::PATIENT_ID, tags::PATIENT_NAME] {
        data_set.put_text(tag, "SECRET\\SECRET=a=b=c=d");
    }
    data_set.put_text(tags::PATIENT_BIRTH_DATE, "SECRET");
    let found = validate(&data_set, Options::default());
    assert!(found.len() > 3);
    for finding in found {
        assert!(!finding.to_string().contains("SECRET"), "{finding}");
        assert!(!finding.fix.contains("SECRET"), "{finding}");
    }
}

#[test]
fn a_palette_and_its_descriptor_must_fit() {
    let mut data_set = ct();
    data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, "PALETTE COLOR");
    let descriptor = tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR;
    let data = tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA;
    data_set.put_u16(descriptor, &[256, 0, 16]);
    data_set.put_bytes(data, Vr::OW, vec![0; 100]);
    let path = "RedPaletteColorLookupTableData";
    assert_found(&data_set, path, Kind::Pixels);
    data_set.put_bytes(data, Vr::OW, vec![0; 512]);
    assert!(!kinds(&data_set).contains(&(path.to_owned(), Kind::Pixels)));
}

#[test]
fn frames_have_one_item_each() {
    let mut data_set = DataSet::utf8();
    let class = sop_class::ENHANCED_CT_IMAGE_STORAGE;
    data_set.put_text(tags::SOP_CLASS_UID, class);
    data_set.put_text(tags::NUMBER_OF_FRAMES, "3");
    let per_frame = tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE;
    data_set.put_items(per_frame, vec![DataSet::utf8(), DataSet::utf8()]);
    let path = "PerFrameFunctionalGroupsSequence";
    assert_found(&data_set, path, Kind::FunctionalGroup);
}

#[test]
fn a_condition_that_nobody_can_evaluate_is_not_held_against_the_object() {
    // Which species a code names is not in the rules.
    let mut species = DataSet::utf8();
    species.put_text(tags::CODE_VALUE, "388393002");
    species.put_text(tags::CODING_SCHEME_DESIGNATOR, "SCT");
    species.put_text(tags::CODE_MEANING, "Genus Sus");
    let mut data_set = ct();
    data_set.put_items(tags::PATIENT_SPECIES_CODE_SEQUENCE, vec![species]);
    data_set.put_text(tags::RESPONSIBLE_PERSON, "Farmer^Fred");
    let found = kinds(&data_set);
    assert!(
        found.iter().all(|(path, _)| !path.contains("Species")),
        "{found:?}"
    );
}

/// Damage: bytes of values and of structure at random, always the same.
#[test]
fn damaged_data_sets_never_panic() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |end: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(end.max(1)).unwrap()).unwrap()
    };
    for _ in 0..300 {
        let mut data_set = ct();
        for _ in 0..8 {
            let elements = data_set.elements();
            let mut element = elements[random(elements.len())].clone();
            match random(5) {
                0 => element.vr = Vr::ALL[random(Vr::ALL.len())],
                1 => element.value = Value::Sequence(vec![data_set.clone()]),
                2 => {
                    let length = random(40);
                    let bytes: Vec<u8> = (0..length)
                        .map(|_| u8::try_from(random(256)).unwrap())
                        .collect();
                    element.value = Value::Bytes(bytes.into());
                }
                3 => element.tag = Tag(u16::try_from(random(0x10000)).unwrap(), element.tag.1),
                _ => element.value = Value::BulkDataUri(String::new()),
            }
            data_set.put(element);
        }
        let _ = validate(&data_set, Options::default());
        let _ = crate::validate_study(&[crate::Summary::of(&data_set), crate::Summary::of(&ct())]);
    }
}

#[test]
fn every_rule_speaks_of_known_attributes() {
    fn check(rules: &[crate::rules::Rule]) {
        for rule in rules {
            let is_macro = matches!(rule.role, crate::rules::Role::Macro(_));
            assert!(
                is_macro || dictionary::entry(rule.tag).is_some(),
                "{}",
                rule.tag
            );
            check(&rule.items);
        }
    }
    for module in &crate::rules::RULES.modules {
        check(&module.rules);
    }
}
