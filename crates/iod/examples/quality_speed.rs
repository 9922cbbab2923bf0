//! What the checks of an arriving instance cost: `cargo run --release -p sagittal-iod --example
//! quality_speed`.

use std::hint::black_box;
use std::time::Instant;

use sagittal_core::{CharacterSet, Tag, Vr, tags};
use sagittal_iod::Severity;
use sagittal_iod::quality::{Checker, Surroundings};

/// Elements of the root that are not looked at, before and between those that are.
const OTHERS: u16 = 90;

fn main() {
    let texts: &[(Tag, Vr, &[u8])] = &[
        (tags::SPECIFIC_CHARACTER_SET, Vr::CS, b"ISO_IR 100"),
        (tags::SOP_CLASS_UID, Vr::UI, b"1.2.840.10008.5.1.4.1.1.2\0"),
        (
            tags::SOP_INSTANCE_UID,
            Vr::UI,
            b"2.25.193847561029384756102938475610293847561",
        ),
        (tags::STUDY_DATE, Vr::DA, b"20240229"),
        (tags::SERIES_DATE, Vr::DA, b"20240229"),
        (tags::ACQUISITION_DATE, Vr::DA, b"20240229"),
        (tags::CONTENT_DATE, Vr::DA, b"20240229"),
        (tags::STUDY_TIME, Vr::TM, b"101500.123456 "),
        (tags::SERIES_TIME, Vr::TM, b"101500"),
        (tags::ACQUISITION_TIME, Vr::TM, b"101500"),
        (tags::CONTENT_TIME, Vr::TM, b"101500"),
        (tags::ACCESSION_NUMBER, Vr::SH, b"A123456789"),
        (tags::MODALITY, Vr::CS, b"CT"),
        (tags::MANUFACTURER, Vr::LO, b"ACME Medical Systems"),
        (
            tags::INSTITUTION_NAME,
            Vr::LO,
            b"Universit\xE4tsklinikum X ",
        ),
        (
            tags::REFERRING_PHYSICIAN_NAME,
            Vr::PN,
            b"M\xFCller^J\xF6rg ",
        ),
        (tags::STATION_NAME, Vr::SH, b"CT01"),
        (tags::STUDY_DESCRIPTION, Vr::LO, b"CT Thorax with contrast "),
        (tags::SERIES_DESCRIPTION, Vr::LO, b"Thorax 1.5 B60f "),
        (tags::OPERATORS_NAME, Vr::PN, b"Operator^Otto "),
        (tags::MANUFACTURER_MODEL_NAME, Vr::LO, b"Model 1 "),
        (tags::PATIENT_NAME, Vr::PN, b"Schr\xF6dinger^Erwin"),
        (tags::PATIENT_ID, Vr::LO, b"PID00012345 "),
        (tags::ISSUER_OF_PATIENT_ID, Vr::LO, b"HOSP"),
        (tags::PATIENT_BIRTH_DATE, Vr::DA, b"19650412"),
        (tags::PATIENT_SEX, Vr::CS, b"M "),
        (tags::PATIENT_AGE, Vr::AS, b"058Y"),
        (tags::BODY_PART_EXAMINED, Vr::CS, b"CHEST "),
        (
            tags::STUDY_INSTANCE_UID,
            Vr::UI,
            b"2.25.1938475610293847561",
        ),
        (
            tags::SERIES_INSTANCE_UID,
            Vr::UI,
            b"2.25.1938475610293847562",
        ),
        (tags::STUDY_ID, Vr::SH, b"1234"),
        (tags::SERIES_NUMBER, Vr::IS, b"3 "),
        (tags::INSTANCE_NUMBER, Vr::IS, b"117 "),
        (
            tags::FRAME_OF_REFERENCE_UID,
            Vr::UI,
            b"2.25.1938475610293847563",
        ),
        (tags::LATERALITY, Vr::CS, b""),
        (tags::ROWS, Vr::US, &[0, 2]),
        (tags::COLUMNS, Vr::US, &[0, 2]),
        (tags::BITS_ALLOCATED, Vr::US, &[16, 0]),
    ];
    let mut elements: Vec<(Tag, Vr, &[u8])> = texts.to_vec();
    elements.extend((0..OTHERS).map(|n| (Tag(0x0018, 0x1000 + n), Vr::DS, &b"1.5 "[..])));
    elements.sort_by_key(|(tag, _, _)| *tag);
    let set = CharacterSet::from_element(b"ISO_IR 100");
    let surroundings = Surroundings {
        latest_day: 20_261_231,
        least: Severity::Warning,
    };
    let rounds = 200_000;
    let started = Instant::now();
    for _ in 0..rounds {
        let mut checker = Checker::new(true, surroundings);
        for (tag, vr, value) in &elements {
            checker.element(*tag, *vr, black_box(value), &set);
        }
        assert!(black_box(checker.finish()).is_empty());
    }
    let each = started.elapsed() / rounds;
    println!("{each:?} for a header of {} elements", elements.len());
}
