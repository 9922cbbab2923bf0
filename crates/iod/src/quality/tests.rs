#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;

const SURROUNDINGS: Surroundings = Surroundings {
    latest_day: 2026_11_25,
    least: Severity::Warning,
};
const CT: &[u8] = b"1.2.840.10008.5.1.4.1.1.2";

/// A faultless CT, some elements replaced or (with `None`) left out.
fn findings(changes: &[(Tag, Option<&[u8]>)]) -> Vec<(String, Kind)> {
    let mut elements: Vec<(Tag, Vr, &[u8])> = vec![
        (tags::SPECIFIC_CHARACTER_SET, Vr::CS, b"ISO_IR 100"),
        (tags::SOP_CLASS_UID, Vr::UI, CT),
        (tags::SOP_INSTANCE_UID, Vr::UI, b"1.2.3.4"),
        (tags::STUDY_DATE, Vr::DA, b"20240229"),
        (tags::STUDY_TIME, Vr::TM, b"101500"),
        (tags::MODALITY, Vr::CS, b"CT"),
        (tags::PATIENT_NAME, Vr::PN, b"Doe^Jane"),
        (tags::PATIENT_ID, Vr::LO, b"4711"),
        (tags::PATIENT_BIRTH_DATE, Vr::DA, b"19500101"),
        (tags::STUDY_INSTANCE_UID, Vr::UI, b"1.2.3"),
        (tags::SERIES_INSTANCE_UID, Vr::UI, b"1.2.3.1"),
    ];
    for (tag, value) in changes {
        elements.retain(|(other, _, _)| other != tag);
        if let Some(value) = value {
            let vr = WATCHED.iter().find(|w| w.tag == *tag).unwrap().vr;
            elements.push((*tag, vr, value));
        }
    }
    elements.sort_by_key(|(tag, _, _)| *tag);
    let mut set = CharacterSet::default();
    let mut checker = Checker::new(true, SURROUNDINGS);
    for (tag, vr, value) in elements {
        if tag == tags::SPECIFIC_CHARACTER_SET {
            set = CharacterSet::from_element(value);
        }
        checker.element(tag, vr, value, &set);
    }
    let found = checker.finish().into_iter();
    found.map(|f| (f.keyword_path(), f.kind)).collect()
}

fn one(path: &str, kind: Kind) -> Vec<(String, Kind)> {
    vec![(path.to_owned(), kind)]
}

#[test]
fn a_faultless_instance_has_no_findings() {
    assert_eq!(findings(&[]), []);
}

#[test]
fn names_cut_at_sixty_four_characters_are_found_in_three_alphabets() {
    let cut = one("PatientName", Kind::Cut);
    let latin = ["é".repeat(32), "n".repeat(32)].concat();
    let latin: Vec<u8> = latin.chars().map(|c| c as u8).collect();
    assert_eq!(findings(&[(tags::PATIENT_NAME, Some(&latin))]), cut);
    // Cyrillic in UTF-8: 64 characters, 128 bytes.
    let set: (Tag, Option<&[u8]>) = (tags::SPECIFIC_CHARACTER_SET, Some(b"ISO_IR 192"));
    let cyrillic = "Ж".repeat(64);
    let name = (tags::PATIENT_NAME, Some(cyrillic.as_bytes()));
    assert_eq!(findings(&[set, name]), cut);
    // Japanese: the phonetic group cut at its 64th character.
    let japanese = format!("Yamada^Tarou=山田^太郎={}", "や".repeat(64));
    let name = (tags::PATIENT_NAME, Some(japanese.as_bytes()));
    assert_eq!(findings(&[set, name]), cut);
    // Three groups cut at 64 bytes in all.
    let japanese = "Yamada^Tarou=山田^太郎=やまだ^たろうさんとはなこ";
    assert_eq!(japanese.len(), 64);
    let name = (tags::PATIENT_NAME, Some(japanese.as_bytes()));
    assert_eq!(findings(&[set, name]), cut);
}

#[test]
fn letters_lost_on_the_way_are_found() {
    let lost = one("PatientName", Kind::Mojibake);
    for name in ["M?ller^J", "????^??", "Mu\u{308}ller?"] {
        let set: (Tag, Option<&[u8]>) = (tags::SPECIFIC_CHARACTER_SET, Some(b"ISO_IR 192"));
        let name = (tags::PATIENT_NAME, Some(name.as_bytes()));
        assert_eq!(findings(&[set, name]), lost);
    }
    // UTF-8 that is declared to be Latin-1.
    let name = (tags::PATIENT_NAME, Some("Müller^J".as_bytes()));
    assert_eq!(findings(&[name]), lost);
    // Latin-1 that is not declared at all.
    let set = (tags::SPECIFIC_CHARACTER_SET, None);
    let name: (Tag, Option<&[u8]>) = (tags::PATIENT_NAME, Some(b"M\xFCller^J"));
    assert_eq!(
        findings(&[set, name]),
        one("PatientName", Kind::CharacterSet)
    );
}

#[test]
fn days_that_cannot_be_meant_are_found() {
    for (tag, day, expected) in [
        (tags::STUDY_DATE, "20230229", Some("StudyDate")),
        (tags::STUDY_DATE, "20270101", Some("StudyDate")),
        (tags::STUDY_DATE, "18000101", Some("StudyDate")),
        (tags::STUDY_DATE, "20261125", None),
        (
            tags::PATIENT_BIRTH_DATE,
            "20240301",
            Some("PatientBirthDate"),
        ),
        (
            tags::PATIENT_BIRTH_DATE,
            "18500101",
            Some("PatientBirthDate"),
        ),
    ] {
        let found = findings(&[(tag, Some(day.as_bytes()))]);
        let kinds = expected.map(|path| (path.to_owned(), Kind::DateTime));
        // A study before the birth is told of the birth as well.
        assert!(
            found.first().map(|f| f.1) == kinds.as_ref().map(|k| k.1),
            "{day}"
        );
        assert!(kinds.is_none_or(|kind| found.contains(&kind)), "{day}");
    }
}

#[test]
fn uids_modality_and_identity_are_looked_at() {
    let same: (Tag, Option<&[u8]>) = (tags::SERIES_INSTANCE_UID, Some(b"1.2.3"));
    assert_eq!(findings(&[same]), one("SeriesInstanceUID", Kind::Uid));
    let bad: (Tag, Option<&[u8]>) = (tags::STUDY_INSTANCE_UID, Some(b"1.02.3"));
    assert_eq!(findings(&[bad]), one("StudyInstanceUID", Kind::Uid));
    assert_eq!(
        findings(&[(tags::MODALITY, None)]),
        one("Modality", Kind::Missing)
    );
    assert_eq!(
        findings(&[(tags::MODALITY, Some(b""))]),
        one("Modality", Kind::Empty)
    );
    let nobody: [(Tag, Option<&[u8]>); 2] = [
        (tags::PATIENT_ID, Some(b" ")),
        (tags::PATIENT_NAME, Some(b"^^")),
    ];
    assert_eq!(findings(&nobody), one("PatientID", Kind::Empty));
}

#[test]
fn sides_are_compared() {
    let side = one("ImageLaterality", Kind::Laterality);
    let both: [(Tag, Option<&[u8]>); 2] = [
        (tags::LATERALITY, Some(b"R")),
        (tags::IMAGE_LATERALITY, Some(b"L")),
    ];
    assert_eq!(findings(&both), side);
    let class = sop_class::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION;
    assert_eq!(
        findings(&[(tags::SOP_CLASS_UID, Some(class.as_bytes()))]),
        side
    );
    let wrong: (Tag, Option<&[u8]>) = (tags::LATERALITY, Some(b"RIGHT"));
    assert_eq!(findings(&[wrong]), one("Laterality", Kind::Laterality));
}

#[test]
fn a_wrong_vr_is_found_in_whatever_order_elements_come() {
    let mut checker = Checker::new(true, SURROUNDINGS);
    let set = CharacterSet::default();
    checker.element(tags::PATIENT_ID, Vr::SH, b"4711", &set);
    checker.element(tags::MODALITY, Vr::CS, b"CT", &set);
    checker.element(tags::STUDY_DATE, Vr::UN, b"20240101", &set);
    let found = checker.finish();
    let found: Vec<(Kind, Severity)> = found.iter().map(|f| (f.kind, f.severity)).collect();
    let expected = [(Kind::Vr, Severity::Warning), (Kind::Vr, Severity::Error)];
    assert_eq!(found, expected);
}

#[test]
fn another_patient_in_the_study_is_found() {
    let jane = patient::Patient {
        id: "4711".into(),
        name: "Doe^Jane^^".into(),
        birth_date: "19500101".into(),
        ..patient::Patient::default()
    };
    let same = patient::Patient {
        name: "DOE^JANE".into(),
        birth_date: String::new(),
        ..jane.clone()
    };
    assert_eq!(patient::compare(&jane, &same), []);
    let other = patient::Patient {
        name: "Roe^Richard".into(),
        ..jane.clone()
    };
    let found = patient::compare(&jane, &other);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].keyword_path(), "PatientName");
}
