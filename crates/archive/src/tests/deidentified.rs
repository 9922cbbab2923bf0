//! The archive seen through a policy.

use std::sync::Arc;

use sagittal_core::{DataSet, Limits, tags};
use sagittal_deid::pixels::PixelCleaner;
use sagittal_deid::{Policy, Project, ProjectKey};
use sagittal_file::{part10, read};

use super::objects::*;
use super::*;
use crate::Error;
use crate::deidentified::{Named, Policies, View};
use crate::query::{Level, Query};
use crate::retrieve::Selector;

fn policies(policy: &str) -> Policies {
    let policy = Policy::from_toml(policy).unwrap();
    let project = Project::new(policy, ProjectKey::new([3; 32]));
    let cleaner = PixelCleaner::new(project.policy.pixels.clone());
    let named = Named::new("p", project, cleaner, Vec::new(), Vec::new(), &[]);
    let policy = Arc::new(named);
    Policies {
        views: vec![View {
            name: "v".to_owned(),
            ae_title: None,
            policy: policy.clone(),
        }],
        named: vec![policy],
    }
}

async fn open_with(folder: &Path, policy: &str) -> (Archive, Archive) {
    let options = Options {
        policies: policies(policy),
        ..options(folder)
    };
    let archive = Archive::open(options).await.unwrap();
    let view = archive.through("v").unwrap();
    (archive, view)
}

const BASIC: &str = "extends = \"basic\"\n";

async fn only(view: &Archive) -> InstanceReader {
    let mut found = view.instances(&Selector::default()).await.unwrap();
    assert_eq!(found.len(), 1);
    view.open_instance(found.remove(0)).await.unwrap()
}

/// Stored in a transfer syntax: the view's reader gives a data set without the patient, the same in
/// ranges as whole, and the original's frames.
async fn shown(ts: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (archive, view) = open_with(folder.path(), BASIC).await;
    let object = Object {
        frames: 3,
        rows: 128,
        columns: 128,
        ..Object::new("1.7")
    };
    send(&archive, &object.bytes(ts), ts).await.unwrap();
    let reader = only(&view).await;
    let given = reader.instance.transfer_syntax_uid.to_string();
    let whole = collect(reader.stream(0, reader.len())).await;
    assert_eq!(whole.len() as u64, reader.len());
    let (data_set, _) = read::read_data_set(&Bytes::from(whole.clone()), &given, Limits::default())
        .map_err(|error| format!("{ts}: {error}"))
        .unwrap();
    assert_eq!(
        data_set.first_text(tags::SOP_INSTANCE_UID).unwrap(),
        reader.instance.sop_instance_uid.as_str()
    );
    assert_ne!(reader.instance.sop_instance_uid.as_str(), "1.7");
    for name in ["M\u{fc}ller", "4711", "20260102"] {
        let latin: Vec<u8> = name.chars().map(|c| c as u8).collect();
        assert!(
            !whole.windows(latin.len()).any(|w| w == latin),
            "{ts}: {name}"
        );
    }
    let length = whole.len();
    for (from, count) in [
        (0, 10),
        (100, 3000),
        (length - 9, 9),
        (length - 5, 50),
        (700, length),
    ] {
        let expected = &whole[from..length.min(from + count)];
        let got = reader.read(from as u64, count as u64).await.unwrap();
        assert_eq!(got, expected, "{ts} {from} {count}");
    }
    let frame = object.pixels().len() / 3;
    for index in 0..3 {
        let got = reader.frame(index).await.unwrap();
        let from = index as usize * frame;
        assert_eq!(got, object.pixels()[from..from + frame], "{ts} {index}");
    }
    let (length, file) = reader.part10().await.unwrap();
    let file = Bytes::from(collect(file).await);
    assert_eq!(file.len() as u64, length);
    part10::read(&file, Limits::default()).unwrap();
    close(archive).await;
}

#[tokio::test]
async fn a_view_gives_cleaned_objects_whatever_they_are_stored_in() {
    for ts in [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED] {
        shown(ts).await;
    }
}

#[tokio::test]
async fn pixels_that_the_policy_leaves_alone_stay_in_the_pack() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, view) = open_with(folder.path(), BASIC).await;
    let object = Object {
        rows: 256,
        columns: 256,
        ..Object::new("1.7")
    };
    send(&archive, &object.bytes(EXPLICIT_LE), EXPLICIT_LE)
        .await
        .unwrap();
    let reader = only(&view).await;
    let lens = view.lens().unwrap();
    let cleaned = view.cleaned(lens, &reader.instance).await.unwrap();
    let held = cleaned.in_memory();
    assert!(held < 32 << 10, "{held} of {}", reader.len());
    // Compressed ones as well.
    let fragments: [&[u8]; 2] = [&[1; 20_000], &[2; 20_000]];
    let second = encode(
        &Object {
            frames: 2,
            ..Object::new("1.8")
        }
        .encapsulated(&fragments),
        JPEG,
    );
    send(&archive, &second, JPEG).await.unwrap();
    let found = view.instances(&Selector::default()).await.unwrap();
    let second = found.iter().find(|one| one.number_of_frames == 2).unwrap();
    let cleaned = view.cleaned(lens, second).await.unwrap();
    assert!(cleaned.in_memory() < 32 << 10, "{}", cleaned.in_memory());
    let reader = view.open_instance(second.clone()).await.unwrap();
    assert_eq!(reader.frame(1).await.unwrap(), fragments[1]);
    close(archive).await;
}

#[tokio::test]
async fn originals_are_not_to_be_had_through_a_view_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, view) = open_with(folder.path(), BASIC).await;
    let bytes = Object::new("1.7").bytes(EXPLICIT_LE);
    send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
    let uid = |text: &str| Uid::new(text).unwrap();
    let original = Selector {
        study_instance_uids: vec![uid("1.9")],
        ..Selector::default()
    };
    assert!(view.instances(&original).await.unwrap().is_empty());
    assert!(view.state_tag(&original).await.unwrap().is_none());
    assert!(view.metadata(&original, "http://h").await.is_err());
    let found = view.instance(None, None, &uid("1.7")).await;
    assert!(matches!(found, Err(Error::NotFound { .. })));
    // An instance of the archive itself is none of the view's, even in the hands of our own code.
    let itself = archive.instances(&original).await.unwrap().remove(0);
    assert!(matches!(
        view.open_instance(itself).await,
        Err(Error::Withheld)
    ));
    assert!(matches!(view.delete(&original).await, Err(Error::ReadOnly)));
    let stored = send(&view, &bytes, EXPLICIT_LE).await;
    assert!(matches!(stored, Err(Error::ReadOnly)));
    assert_eq!(archive.instances(&original).await.unwrap().len(), 1);
    close(archive).await;
}

async fn find(view: &Archive, tag: sagittal_core::Tag, value: &str) -> Vec<DataSet> {
    let mut keys = DataSet::utf8();
    keys.put_text(tag, value);
    keys.put_empty(tags::STUDY_DATE);
    if tag == tags::STUDY_DATE {
        keys.put_text(tag, value);
    }
    let answers = view.query(Query::new(Level::Study, keys)).await.unwrap();
    answers.answers.map(Result::unwrap).collect().await
}

#[tokio::test]
async fn dates_are_matched_as_they_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "extends = \"basic\"\n[options]\nretain_longitudinal_modified_dates = true\n\
                  [dates]\nmode = \"modified\"\nrange = 30\n";
    let (archive, view) = open_with(folder.path(), policy).await;
    let bytes = Object::new("1.7").bytes(EXPLICIT_LE);
    send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
    let all = find(&view, tags::STUDY_INSTANCE_UID, "").await;
    let shown = all[0].first_text(tags::STUDY_DATE).unwrap();
    assert!(
        "20251203" <= shown.as_str() && shown.as_str() < "20260102",
        "{shown}"
    );
    for (asked, expected) in [
        (shown.as_str(), 1),
        ("20260102", 0),
        ("20260102-", 0),
        ("20251203-20260101", 1),
        ("-20251202", 0),
        (&format!("-{shown}"), 1),
        (&format!("{shown}-"), 1),
    ] {
        assert_eq!(
            find(&view, tags::STUDY_DATE, asked).await.len(),
            expected,
            "{asked}"
        );
    }
    for (tag, original) in [
        (tags::PATIENT_NAME, "Müller*"),
        (tags::PATIENT_ID, "4711"),
        (tags::STUDY_INSTANCE_UID, "1.9"),
    ] {
        assert!(find(&view, tag, original).await.is_empty(), "{tag}");
    }
    close(archive).await;
}

#[tokio::test]
async fn what_is_known_of_a_patient_later_changes_what_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "extends = \"basic\"\n[options]\nclean_descriptors = true\n";
    let (archive, view) = open_with(folder.path(), policy).await;
    let mut first = Object::new("1.7").native();
    first.put_text(tags::SERIES_DESCRIPTION, "thorax by Quillfeather");
    send(&archive, &encode(&first, EXPLICIT_LE), EXPLICIT_LE)
        .await
        .unwrap();
    let before = only(&view).await.instance;
    // Another series of the patient tells who that is.
    let mut second = Object {
        series: "1.9.2".to_owned(),
        ..Object::new("1.8")
    }
    .native();
    second.put_text(tags::OPERATORS_NAME, "Quillfeather^Philippa");
    send(&archive, &encode(&second, EXPLICIT_LE), EXPLICIT_LE)
        .await
        .unwrap();
    let uid = before.sop_instance_uid.clone();
    let after = view.instance(None, None, &uid).await.unwrap();
    assert_ne!(before.hash, after.hash);
    let header = view.header(&after, "").await.unwrap();
    let description = header.first_text(tags::SERIES_DESCRIPTION).unwrap();
    assert!(description.contains("thorax"), "{description}");
    assert!(!description.contains("Quillfeather"), "{description}");
    close(archive).await;
}
