//! Series made in code, and what is planted in them.
#![allow(clippy::unwrap_used)]

use sagittal_core::{DataSet, Tag, sop_class, tags};

use super::{Summary, validate_study};
use crate::finding::{Kind, Severity};

/// One slice of a series of CT images, `z` millimeters up.
fn slice(number: u32, z: f64) -> DataSet {
    let mut slice = DataSet::utf8();
    for (tag, text) in [
        (tags::SOP_CLASS_UID, sop_class::CT_IMAGE_STORAGE),
        (tags::SERIES_INSTANCE_UID, "2.25.3"),
        (tags::STUDY_INSTANCE_UID, "2.25.2"),
        (tags::FRAME_OF_REFERENCE_UID, "2.25.4"),
        (tags::PATIENT_ID, "1"),
        (tags::PATIENT_NAME, "A^B"),
        (tags::MODALITY, "CT"),
        (tags::ACQUISITION_NUMBER, "1"),
        (tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0"),
        (tags::PIXEL_SPACING, "0.5\\0.5"),
    ] {
        slice.put_text(tag, text);
    }
    slice.put_u16(tags::ROWS, &[2]);
    slice.put_u16(tags::COLUMNS, &[2]);
    slice.put_text(tags::SOP_INSTANCE_UID, &format!("2.25.1000{number}"));
    slice.put_text(tags::IMAGE_POSITION_PATIENT, &format!("0\\0\\{z}"));
    slice
}

fn series(count: u32) -> Vec<DataSet> {
    (1..=count).map(|n| slice(n, f64::from(n) * 2.5)).collect()
}

/// Path, kind, severity and instances of each finding.
fn found(data_sets: &[DataSet]) -> Vec<(Tag, Kind, Severity, Vec<usize>)> {
    let summaries: Vec<Summary> = data_sets.iter().map(Summary::of).collect();
    validate_study(&summaries)
        .into_iter()
        .map(|found| {
            let Some(sagittal_core::PathStep::Element(tag)) = found.finding.path.0.first().copied()
            else {
                panic!("a finding without an attribute");
            };
            (
                tag,
                found.finding.kind,
                found.finding.severity,
                found.instances,
            )
        })
        .collect()
}

fn kinds(data_sets: &[DataSet]) -> Vec<(Tag, Kind)> {
    let found = found(data_sets);
    found
        .into_iter()
        .map(|(tag, kind, ..)| (tag, kind))
        .collect()
}

#[test]
fn a_whole_series_has_no_finding() {
    assert_eq!(found(&series(20)), []);
    assert_eq!(found(&[]), []);
}

#[test]
fn two_patients_in_one_study_are_found() {
    let mut slices = series(4);
    slices[2].put_text(tags::PATIENT_ID, "2");
    slices[3].put_text(tags::PATIENT_NAME, "C^D");
    let found = found(&slices);
    let expected = (
        tags::PATIENT_ID,
        Kind::Consistency,
        Severity::Error,
        vec![0, 2],
    );
    assert!(found.contains(&expected), "{found:?}");
    let expected = (
        tags::PATIENT_NAME,
        Kind::Consistency,
        Severity::Error,
        vec![0, 3],
    );
    assert!(found.contains(&expected), "{found:?}");
}

#[test]
fn a_series_in_two_studies_or_frames_of_reference_is_found() {
    for tag in [
        tags::STUDY_INSTANCE_UID,
        tags::FRAME_OF_REFERENCE_UID,
        tags::MODALITY,
    ] {
        let mut slices = series(3);
        slices[1].put_text(tag, "9.9");
        assert_eq!(kinds(&slices), [(tag, Kind::Consistency)]);
    }
}

#[test]
fn copies_are_told_from_different_objects_with_one_uid() {
    let mut slices = series(3);
    slices.push(slices[0].clone());
    let expected = (
        tags::SOP_INSTANCE_UID,
        Kind::Duplicate,
        Severity::Warning,
        vec![0, 3],
    );
    assert_eq!(found(&slices), [expected]);
    slices[3].put_text(tags::IMAGE_COMMENTS, "changed");
    let expected = (
        tags::SOP_INSTANCE_UID,
        Kind::Duplicate,
        Severity::Error,
        vec![0, 3],
    );
    assert_eq!(found(&slices), [expected]);
}

#[test]
fn a_missing_slice_is_a_gap() {
    let mut slices = series(10);
    slices.remove(5);
    let found = found(&slices);
    let expected = (
        tags::IMAGE_POSITION_PATIENT,
        Kind::Geometry,
        Severity::Warning,
        vec![4, 5],
    );
    assert_eq!(found, [expected]);
}

#[test]
fn uneven_spacing_another_orientation_and_equal_places_are_found() {
    let mut uneven = series(10);
    uneven[4].put_text(tags::IMAGE_POSITION_PATIENT, "0\\0\\12.9");
    assert_eq!(
        kinds(&uneven),
        [(tags::IMAGE_POSITION_PATIENT, Kind::Geometry)]
    );
    let mut turned = series(10);
    turned[9].put_text(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\0\\-1");
    assert_eq!(
        kinds(&turned),
        [(tags::IMAGE_ORIENTATION_PATIENT, Kind::Geometry)]
    );
    let mut same = series(10);
    same.push(slice(11, 25.0));
    assert_eq!(
        kinds(&same),
        [(tags::IMAGE_POSITION_PATIENT, Kind::Geometry)]
    );
    // Two volumes of a series in time are no copies.
    let mut volumes = series(5);
    volumes.extend((1..=5).map(|n| slice(n + 20, f64::from(n) * 2.5)));
    assert_eq!(kinds(&volumes), []);
    // Two phases of one place are no copies.
    same[10].put_text(tags::ACQUISITION_NUMBER, "2");
    assert_eq!(kinds(&same), []);
}

#[test]
fn references_to_nothing_and_to_another_class_are_found() {
    let mut slices = series(2);
    let mut reference = DataSet::utf8();
    reference.put_text(tags::REFERENCED_SOP_CLASS_UID, sop_class::MR_IMAGE_STORAGE);
    reference.put_text(tags::REFERENCED_SOP_INSTANCE_UID, "2.25.10002");
    let mut nowhere = reference.clone();
    nowhere.put_text(tags::REFERENCED_SOP_INSTANCE_UID, "2.25.77");
    slices[0].put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference, nowhere]);
    let sequence = tags::REFERENCED_IMAGE_SEQUENCE;
    let expected = [
        (sequence, Kind::Reference, Severity::Error, vec![0, 1]),
        (sequence, Kind::Reference, Severity::Information, vec![0]),
    ];
    assert_eq!(found(&slices), expected);
}
