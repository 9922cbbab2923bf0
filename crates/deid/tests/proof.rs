//! Engine, log, residual check and report together.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use sagittal_core::{DataSet, Uid, tags};
use sagittal_deid::log::{Digest, Done, FileLog, LogKey, Run, Writer, verify};
use sagittal_deid::report::Report;
use sagittal_deid::residual::{Cache, Needles, Retained};
use sagittal_deid::{Policy, Project, ProjectKey, deidentify};
use sagittal_file::part10;

fn input(number: u32) -> Bytes {
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.7");
    data_set.put_text(
        tags::SOP_INSTANCE_UID,
        &format!("1.2.826.0.1.3680043.2.1143.7.{number}"),
    );
    data_set.put_text(tags::STUDY_INSTANCE_UID, "1.2.826.0.1.3680043.2.1143.8");
    data_set.put_text(tags::SERIES_INSTANCE_UID, "1.2.826.0.1.3680043.2.1143.9");
    data_set.put_text(tags::STUDY_DATE, "20240131");
    data_set.put_text(tags::STUDY_TIME, "101112");
    data_set.put_text(tags::MODALITY, "OT");
    data_set.put_text(tags::PATIENT_NAME, "Nightingale^Florence");
    data_set.put_text(tags::PATIENT_ID, "HN-0047110815");
    data_set.put_text(tags::PATIENT_BIRTH_DATE, "18200512");
    data_set.put_text(tags::INSTITUTION_NAME, "St. Thomas Hospital");
    data_set.put_text(tags::INSTANCE_NUMBER, &number.to_string());
    let meta = part10::Meta {
        sop_class_uid: Uid::from_static("1.2.840.10008.5.1.4.1.1.7"),
        sop_instance_uid: Uid::new(&format!("1.2.826.0.1.3680043.2.1143.7.{number}")).unwrap(),
        transfer_syntax_uid: Uid::from_static("1.2.840.10008.1.2.1"),
        source_ae_title: Some("WARD7".into()),
    };
    part10::write(&meta, &data_set).unwrap().into()
}

#[test]
fn what_the_engine_does_is_logged_searched_and_reported() {
    let project = Project::new(Policy::default(), ProjectKey::new([9; 32]));
    let cache = Cache::new();
    let mut writer =
        Writer::begin(Vec::new(), LogKey::generate().unwrap(), &Run::default()).unwrap();
    let mut outputs = std::collections::HashMap::new();
    for number in 1..=5 {
        let input = input(number);
        let needles = Needles::of(&input, &Retained::default()).unwrap();
        let searcher = cache.searcher(needles);
        assert!(!searcher.search(&input).is_clean());
        let mut log = FileLog::begin(&project.key, Digest::of(&input), "");
        let output = deidentify(&input, &project, &mut log).unwrap();
        let bytes = Bytes::from(output.to_bytes().unwrap());
        let found = searcher.search(&bytes);
        assert_eq!(found.hits, []);
        let instance = output.meta.sop_instance_uid.to_string();
        let study = output
            .data_set
            .first_text(tags::STUDY_INSTANCE_UID)
            .unwrap();
        let block = log.finish(&Done {
            output: Digest::of(&bytes),
            sop_instance_uid: &instance,
            study_instance_uid: &study,
            modality: "OT",
            searched: found.searched,
            hits: 0,
        });
        writer.write(&block).unwrap();
        outputs.insert(instance, Digest::of(&bytes));
    }
    let (log, _) = writer.finish("2026-11-24T18:00:00Z").unwrap();
    let text = String::from_utf8_lossy(&log);
    for protected in [
        "Nightingale",
        "0047110815",
        "18200512",
        "Thomas",
        "20240131",
        "1143.7.",
        "WARD7",
    ] {
        assert!(!text.contains(protected), "{protected}");
    }
    let mut digest = |uid: &str| outputs.get(uid).copied();
    let found = verify(log.as_slice(), None, Some(&mut digest)).unwrap();
    assert_eq!(found.problems, []);
    assert_eq!(found.outputs, 5);
    let report = Report::read(log.as_slice(), None).unwrap();
    assert_eq!(
        (report.collected().written, report.collected().studies.len()),
        (5, 1)
    );
    assert!(report.html().contains("PatientName (0010,0010)"));
}
