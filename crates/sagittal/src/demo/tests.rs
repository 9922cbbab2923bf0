#![allow(clippy::unwrap_used)]
use std::collections::BTreeSet;

use sagittal_core::tags;

use super::*;

#[test]
fn the_same_name_gives_the_same_valid_uid_and_another_name_another() {
    assert_eq!(uid("a"), uid("a"));
    assert_ne!(uid("a"), uid("b"));
    assert!(uid("a").is_valid() && uid("a").as_str().starts_with("2.25."));
}

#[test]
fn every_instance_has_its_own_uid_and_belongs_to_one_of_five_patients() {
    let mut instances = BTreeSet::new();
    let mut patients = BTreeSet::new();
    let mut count = 0;
    for object in objects() {
        count += 1;
        instances.insert(object.sop_instance_uid.clone());
        patients.insert(object.data_set.first_text(tags::PATIENT_ID));
        assert_eq!(
            object.data_set.uid(tags::SOP_INSTANCE_UID).unwrap(),
            Some(object.sop_instance_uid)
        );
    }
    assert_eq!(count, 64);
    assert_eq!(instances.len(), count);
    assert_eq!(patients.len(), 5);
}

#[test]
fn names_survive_their_character_sets() {
    for patient in &PATIENTS {
        let study = Study::new(patient, "t", "20260101", "120000", "x");
        let (data_set, _) = context::begin(&study, &ct_series(), "1.2", 1);
        assert_eq!(
            data_set.text(tags::PATIENT_NAME).as_deref(),
            Some(patient.name),
            "{}",
            patient.character_set
        );
    }
}

#[test]
fn slices_lie_where_their_distance_says() {
    let study = Study::new(&PATIENTS[0], "t", "20260101", "120000", "x");
    let mut recipe = ct::Recipe::chest(&study, 1, 3);
    recipe.size = 16;
    let heights: Vec<f64> = ct::slices(recipe)
        .map(|object| object.data_set.floats(tags::IMAGE_POSITION_PATIENT)[2])
        .collect();
    assert_eq!(heights, [-5.0, 0.0, 5.0]);
}

#[test]
fn the_report_measures_what_the_slice_shows() {
    let study = Study::new(&PATIENTS[0], "t", "20260101", "120000", "x");
    let recipe = ct::Recipe::lung(&study, 1, 9);
    let nodule = recipe.nodule();
    let slice = ct::slices(recipe)
        .find(|object| object.sop_instance_uid == nodule.sop_instance_uid)
        .unwrap();
    let pixels = slice.data_set.bytes(tags::PIXEL_DATA).unwrap();
    let at = |column: f32, row: f32| {
        let offset = 2 * (row as usize * 512 + column as usize);
        f32::from(u16::from_le_bytes([pixels[offset], pixels[offset + 1]])) - 1024.0
    };
    let [left, row, right, _] = nodule.polyline;
    assert!(
        at((left + right) / 2.0, row) > -150.0,
        "soft tissue in the middle"
    );
    assert!(at(left - 5.0, row) < -600.0, "lung beside it");
    assert!(at(right + 5.0, row) < -600.0, "lung beside it");
    assert!((nodule.length - 14.0).abs() < 0.5, "{}", nodule.length);
}

fn ct_series() -> Series {
    Series {
        modality: "CT",
        number: 1,
        description: "x",
        body_part: "CHEST",
        model: "x",
    }
}
