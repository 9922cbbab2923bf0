#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use sagittal_core::{DataSet, Limits, Tag, Uid, sop_class, tags, transfer_syntax};

use super::*;
use crate::part10;

fn instance(patient: &str, study: &str, series: &str, uid: &str, sop_class_uid: &str) -> DataSet {
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::SOP_CLASS_UID, sop_class_uid);
    data_set.put_text(tags::SOP_INSTANCE_UID, uid);
    data_set.put_text(tags::PATIENT_ID, patient);
    data_set.put_text(tags::PATIENT_NAME, "Müller^Änne");
    data_set.put_text(tags::STUDY_INSTANCE_UID, study);
    data_set.put_text(tags::SERIES_INSTANCE_UID, series);
    data_set
}

fn builder() -> Builder {
    Builder::new("SAGITTAL", Uid::from_static("2.25.1")).unwrap()
}

fn sample() -> Builder {
    let mut builder = builder();
    let mut ids = FileIds::new();
    for (patient, study, series, uid, class) in [
        ("P1", "1.1", "1.1.1", "1.1.1.1", sop_class::CT_IMAGE_STORAGE),
        ("P1", "1.1", "1.1.1", "1.1.1.2", sop_class::CT_IMAGE_STORAGE),
        ("P2", "2.1", "2.1.1", "2.1.1.1", sop_class::RT_PLAN_STORAGE),
        (
            "P1",
            "1.1",
            "1.1.2",
            "1.1.2.1",
            sop_class::BASIC_TEXT_SR_STORAGE,
        ),
        (
            "P1",
            "1.2",
            "1.2.1",
            "1.2.1.1",
            sop_class::ENCAPSULATED_PDF_STORAGE,
        ),
        ("", "9", "9.1", "9.1.1", sop_class::HANGING_PROTOCOL_STORAGE),
    ] {
        let instance = instance(patient, study, series, uid, class);
        builder
            .add(
                &ids.next(patient, study, series),
                &instance,
                transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            )
            .unwrap();
    }
    builder
}

fn uids(directory: &Directory) -> Vec<&str> {
    let mut uids: Vec<&str> = directory
        .instances()
        .filter_map(|record| record.sop_instance_uid.as_ref())
        .map(Uid::as_str)
        .collect();
    uids.sort_unstable();
    uids
}

const ALL: [&str; 6] = [
    "1.1.1.1", "1.1.1.2", "1.1.2.1", "1.2.1.1", "2.1.1.1", "9.1.1",
];

#[test]
fn what_is_written_is_read_with_its_hierarchy() {
    let bytes = Bytes::from(sample().finish().unwrap());
    let directory = read(&bytes, Limits::default()).unwrap();
    assert!(directory.findings.is_empty(), "{:?}", directory.findings);
    assert_eq!(directory.file_set_id.as_deref(), Some("SAGITTAL"));
    assert_eq!(directory.roots.len(), 3);
    assert_eq!(uids(&directory), ALL);
    for record in directory.instances() {
        assert!(
            record
                .relative_path()
                .is_some_and(|path| FileId::parse(&path).is_some())
        );
        if record.record_type != RecordType::HangingProtocol {
            let patient = directory.ancestor(record, &RecordType::Patient).unwrap();
            assert_eq!(
                patient.data_set.first_text(tags::PATIENT_NAME).as_deref(),
                Some("Müller^Änne")
            );
        }
    }
    let plan = directory
        .instances()
        .find(|record| record.record_type == RecordType::RtPlan)
        .unwrap();
    assert_eq!(
        plan.data_set.first_text(tags::RT_PLAN_LABEL).as_deref(),
        Some("UNNAMED")
    );
    assert_eq!(
        plan.sop_class_uid.as_ref().map(Uid::as_str),
        Some(sop_class::RT_PLAN_STORAGE)
    );
    assert_eq!(
        plan.transfer_syntax_uid.as_ref().map(Uid::as_str),
        Some("1.2.840.10008.1.2.1")
    );
}

#[test]
fn an_empty_directory_is_valid() {
    let bytes = Bytes::from(builder().finish().unwrap());
    let directory = read(&bytes, Limits::default()).unwrap();
    assert!(directory.records.is_empty() && directory.findings.is_empty());
}

#[test]
fn instances_without_identity_and_bad_names_are_refused() {
    let mut builder = builder();
    let id = FileId::parse("A").unwrap();
    let mut nameless = instance("P", "1", "1.1", "1.1.1", sop_class::CT_IMAGE_STORAGE);
    nameless.remove(tags::SERIES_INSTANCE_UID);
    assert!(builder.add(&id, &nameless, "1.2.840.10008.1.2.1").is_err());
    assert!(builder.is_empty() || builder.finish().is_ok());
    assert!(Builder::new("lower case", Uid::from_static("2.25.1")).is_err());
}

/// Changes the values of all elements with this tag.
fn damaged(tag: Tag, value: u32) -> Bytes {
    let mut bytes = sample().finish().unwrap();
    let header = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
    let places: Vec<usize> = (0..bytes.len() - 12)
        .filter(|&at| bytes[at..at + 4] == header[..])
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + 8..at + 12].copy_from_slice(&value.to_le_bytes());
    }
    bytes.into()
}

#[test]
fn wrong_offsets_are_got_over_by_the_order_of_records() {
    let first = Tag(0x0004, 0x1200);
    for tag in [
        first,
        tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD,
        tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
    ] {
        for value in [0, 7, u32::MAX] {
            let directory = read(&damaged(tag, value), Limits::default()).unwrap();
            assert_eq!(uids(&directory), ALL, "{tag} {value}");
            assert!(!directory.findings.is_empty(), "{tag} {value}");
            let patients = directory
                .roots
                .iter()
                .filter(|&&at| directory.records[at].record_type == RecordType::Patient);
            assert_eq!(patients.count(), 2, "{tag} {value}");
        }
    }
}

#[test]
fn circles_end() {
    let bytes = Bytes::from(sample().finish().unwrap());
    let offset = u32::try_from(read(&bytes, Limits::default()).unwrap().records[0].offset).unwrap();
    for tag in [
        tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD,
        tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
    ] {
        let directory = read(&damaged(tag, offset), Limits::default()).unwrap();
        assert_eq!(uids(&directory), ALL);
    }
}

#[test]
fn paths_out_of_the_folder_are_no_paths() {
    let bytes = Bytes::from(sample().finish().unwrap());
    let mut record = read(&bytes, Limits::default()).unwrap().records.remove(0);
    for bad in [
        &[".."][..],
        &["A", ".", "B"],
        &["/etc"],
        &["C:"],
        &["A", ""],
        &["a\0"],
        &[],
    ] {
        record.file_id = bad.iter().map(|&component| component.to_owned()).collect();
        assert_eq!(record.relative_path(), None, "{bad:?}");
    }
    record.file_id = vec!["images".to_owned(), "im.1".to_owned()];
    assert_eq!(record.relative_path().as_deref(), Some("images/im.1"));
}

#[test]
fn a_directory_is_a_part_10_file_of_its_class() {
    let bytes = Bytes::from(sample().finish().unwrap());
    let file = part10::read(&bytes, Limits::default()).unwrap();
    assert!(file.findings.is_empty(), "{:?}", file.findings);
    assert_eq!(
        file.opening
            .meta
            .first_text(tags::MEDIA_STORAGE_SOP_CLASS_UID)
            .as_deref(),
        Some("1.2.840.10008.1.3.10")
    );
    assert_eq!(
        file.opening
            .meta
            .first_text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID)
            .as_deref(),
        Some("2.25.1")
    );
}

proptest::proptest! {
    #[test]
    fn damage_anywhere_never_panics(
        places in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), proptest::prelude::any::<u8>()), 1..20),
    ) {
        let mut bytes = sample().finish().unwrap();
        for (place, value) in places {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(directory) = read(&bytes.into(), Limits::default()) {
            for record in directory.instances() {
                let _ = (record.relative_path(), directory.ancestor(record, &RecordType::Patient));
            }
        }
    }
}
