//! Time grows with the size of an object, not faster.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sagittal_core::{DataSet, Uid, sop_class, tags};
use sagittal_deid::log::{Digest, FileLog};
use sagittal_deid::residual::{Needles, Retained};
use sagittal_deid::{Project, ProjectKey, deidentify};
use sagittal_file::part10::{Meta, write};

/// An enhanced CT image with so many frames, each of which has its functional groups.
fn enhanced(frames: u32) -> Bytes {
    let item = |index: u32| {
        let mut content = DataSet::utf8();
        content.put_text(tags::FRAME_ACQUISITION_DATETIME, "20240131101112.5");
        content.put_text(tags::FRAME_COMMENTS, "seen by Dr Kowalski");
        content.put_text(tags::STACK_ID, "1");
        let mut position = DataSet::utf8();
        position.put_text(tags::IMAGE_POSITION_PATIENT, &format!("0\\0\\{index}"));
        let mut source = DataSet::utf8();
        source.put_text(tags::REFERENCED_SOP_CLASS_UID, sop_class::CT_IMAGE_STORAGE);
        source.put_text(
            tags::REFERENCED_SOP_INSTANCE_UID,
            &format!("1.2.3.44.{index}"),
        );
        let mut derivation = DataSet::utf8();
        derivation.put_items(tags::SOURCE_IMAGE_SEQUENCE, vec![source]);
        let mut groups = DataSet::utf8();
        groups.put_items(tags::FRAME_CONTENT_SEQUENCE, vec![content]);
        groups.put_items(tags::PLANE_POSITION_SEQUENCE, vec![position]);
        groups.put_items(tags::DERIVATION_IMAGE_SEQUENCE, vec![derivation]);
        groups
    };
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::SOP_CLASS_UID, sop_class::ENHANCED_CT_IMAGE_STORAGE);
    data_set.put_text(tags::SOP_INSTANCE_UID, "1.2.3.4.5.6.7");
    data_set.put_text(tags::MODALITY, "CT");
    data_set.put_text(tags::PATIENT_NAME, "Doe^Jane");
    data_set.put_text(tags::PATIENT_ID, "4711-0815");
    data_set.put_text(tags::STUDY_INSTANCE_UID, "1.2.3.4.5.6");
    data_set.put_text(tags::NUMBER_OF_FRAMES, &frames.to_string());
    let items = (0..frames).map(item).collect();
    data_set.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, items);
    let meta = Meta {
        sop_class_uid: Uid::from_static(sop_class::ENHANCED_CT_IMAGE_STORAGE),
        sop_instance_uid: Uid::from_static("1.2.3.4.5.6.7"),
        transfer_syntax_uid: Uid::from_static("1.2.840.10008.1.2.1"),
        source_ae_title: None,
    };
    write(&meta, &data_set).unwrap().into()
}

/// Time on a processor (Linux), which neighbors do not lengthen; elsewhere the time of day.
fn now() -> Duration {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_cpu = statistics.and_then(|text| text.split(' ').next()?.parse().ok());
    on_cpu.map_or_else(|| BEGIN.elapsed(), Duration::from_nanos)
}

/// How long it takes.
fn time(run: impl FnOnce()) -> Duration {
    let start = now();
    run();
    now() - start
}

#[test]
fn functional_groups_of_ten_thousand_frames_take_five_times_as_long_as_of_two_thousand() {
    let policy = "extends = \"basic\"\n[options]\nclean_descriptors = true\n";
    let policy = sagittal_deid::Policy::from_toml(policy).unwrap();
    let project = Project::new(policy, ProjectKey::new([3; 32]));
    let measure = |frames: u32| {
        let input = enhanced(frames);
        time(|| {
            let mut log = FileLog::begin(&project.key, Digest::of(&input), "1.2.3");
            let output = deidentify(&input, &project, &mut log).unwrap();
            let file = Bytes::from(output.to_bytes().unwrap());
            let needles = Needles::of(&input, &Retained::default()).unwrap();
            let found = needles.searcher().search(&file);
            assert_eq!(found.hits, []);
        })
    };
    let (few, many) = (measure(2_000), measure(10_000));
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    println!("{few:?} for 2,000 frames, {many:?} for 10,000: {ratio:.1} times");
    assert!(ratio < 10.0, "{few:?}, {many:?}");
}
