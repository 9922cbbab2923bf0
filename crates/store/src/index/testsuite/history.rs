//! Storing, replaying, superseding, deleting, relocating.

use std::ops::ControlFlow;
use std::time::Duration;

use sagittal_core::Uid;

use super::*;
use crate::blob::Locator;
use crate::index::{Change, Live, Relocation, Statistics, Watermarks};

/// Runs this part.
pub fn run(make: Make<'_>) {
    what_is_stored_is_known(&*make());
    a_hidden_copy_is_known_by_its_hash(&*make());
    counts_are_kept(&*make());
    headers_come_by_number_however_they_arrived(&*make());
    what_was_taken_in_is_passed_over(&*make());
    a_recoded_instance_takes_the_place_of_its_record(&*make());
    later_attributes_fill_what_was_empty(&*make());
    a_superseded_instance_is_hidden(&*make());
    a_second_shown_instance_is_hidden(&*make());
    what_is_deleted_is_gone_and_remembered(&*make());
    a_deleted_instance_can_come_again(&*make());
    relocated_records_are_found(&*make());
    headers_come_back_however_they_came(&*make());
    the_state_tag_follows_changes(&*make());
    clearing_forgets_all(&*make());
    patients_are_told_apart(&*make());
}

fn apply(index: &dyn Index, changes: &[Change]) {
    index.apply(changes, &Watermarks::new()).expect("apply");
}

fn delete(uids: &[&str], sequence: u64) -> Change {
    Change::Delete {
        sop_instance_uids: uids.iter().map(|uid| Uid::new(uid).expect("uid")).collect(),
        sequence,
    }
}

fn what_is_stored_is_known(index: &dyn Index) {
    let changes = [store(entry("1.2", 1, 1, 1)), store(entry("1.2", 1, 2, 2))];
    let marks = Watermarks::from([(1, 2_000), (7, 5)]);
    index.apply(&changes, &marks).expect("apply");
    index
        .apply(&[], &Watermarks::from([(1, 3_000)]))
        .expect("apply");
    let marks = Watermarks::from([(1, 3_000), (7, 5)]);
    assert_eq!(index.watermarks().expect("watermarks"), marks);
    let known = index.known("1.2.1.2").expect("known").expect("stored");
    let expected = entry("1.2", 1, 2, 2);
    assert_eq!(known.hash, expected.hash);
    assert_eq!(known.locator, expected.locator);
    assert_eq!(known.study_instance_uid, "1.2");
    assert_eq!(known.series_instance_uid, "1.2.1");
    assert_eq!(known.transfer_syntax_uid, expected.transfer_syntax_uid);
    assert_eq!(index.known("1.2.1").expect("known"), None);
    let row = index.instance("1.2.1.2").expect("instance").expect("row");
    let instance = row.instance().expect("an instance");
    assert_eq!(instance.attributes, expected.instance);
    assert_eq!(instance.source, "AET");
    assert_eq!(instance.received_ms, expected.received_ms);
    assert!(instance.has_frames && !instance.hidden);
    assert_eq!(index.frames(instance).expect("frames"), vec![1, 2, 3]);
    assert_eq!(index.header(instance).expect("header"), expected.header);
}

fn a_hidden_copy_is_known_by_its_hash(index: &dyn Index) {
    let mut hidden = entry("1.2", 1, 1, 2);
    hidden.hidden = true;
    hidden.hash = [7; 32];
    let shown = entry("1.2", 1, 1, 1);
    let (uid, hash) = (shown.instance.sop_instance_uid.clone(), shown.hash);
    apply(index, &[store(shown), store(hidden)]);
    assert!(index.is_hidden(&uid, &[7; 32]).expect("answer"));
    assert!(!index.is_hidden(&uid, &hash).expect("answer"));
    assert!(!index.is_hidden("1.2.1.9", &[7; 32]).expect("answer"));
}

fn headers_come_by_number_however_they_arrived(index: &dyn Index) {
    for (sequence, number) in [(1, 5), (2, 3), (3, 4), (4, 1), (5, 2)] {
        let mut new = entry("1.2", 1, number, sequence);
        new.header = format!("{{\"n\":{number}}}").into_bytes();
        apply(index, &[store(new)]);
    }
    let mut text = Vec::new();
    let mut sink = |json: Vec<u8>, _| {
        text.push(String::from_utf8(json).expect("text"));
        ControlFlow::Continue(())
    };
    index
        .headers(&Selection::default(), &mut sink)
        .expect("headers");
    let wanted: Vec<String> = (1..=5).map(|n| format!("{{\"n\":{n}}}")).collect();
    assert_eq!(text.join(","), wanted.join(","));
}

fn counts_are_kept(index: &dyn Index) {
    let mut sr = entry("1.2", 2, 1, 3);
    sr.series.modality = "SR".into();
    sr.instance.sop_class_uid = SR.into();
    apply(
        index,
        &[store(entry("1.2", 1, 1, 1)), store(entry("1.2", 1, 2, 2))],
    );
    apply(index, &[store(sr), store(entry("1.3", 1, 1, 4))]);
    let statistics = index.statistics().expect("statistics");
    assert_eq!(
        statistics,
        Statistics {
            patients: 2,
            studies: 2,
            series: 3,
            instances: 4,
            hidden: 0,
            bytes: 801 + 802 + 803 + 804,
        }
    );
    let studies = rows(index, &IndexQuery::all(Level::Study));
    let study = studies.iter().find(|row| uid(row) == "1.2").expect("study");
    let study = study.study().expect("a study");
    assert_eq!((study.series, study.instances), (2, 3));
    assert_eq!(study.modalities, "CT\\SR");
    assert_eq!(study.sop_classes, format!("{CT}\\{SR}"));
    assert_eq!(study.bytes, 801 + 802 + 803);
    assert_eq!(study.received_ms, 1_700_000_000_003);
    let series = rows(index, &IndexQuery::all(Level::Series));
    let counts: Vec<u64> = series
        .iter()
        .map(|row| row.series().expect("a series").instances)
        .collect();
    assert_eq!(counts, [2, 1, 1]);
}

fn what_was_taken_in_is_passed_over(index: &dyn Index) {
    let changes = [
        store(entry("1.2", 1, 1, 1)),
        store(entry("1.2", 1, 2, 2)),
        delete(&["1.2.1.1"], 3),
        Change::Supersede {
            sop_instance_uid: Uid::new("1.2.1.2").expect("uid"),
            sequence: 4,
        },
        store(entry("1.2", 1, 2, 5)),
    ];
    apply(index, &changes);
    let before = (
        index.statistics().expect("statistics"),
        rows(index, &IndexQuery::all(Level::Instance)),
    );
    for replay in [&changes[..], &changes[1..], &changes[..3], &changes[3..]] {
        apply(index, replay);
        let after = (
            index.statistics().expect("statistics"),
            rows(index, &IndexQuery::all(Level::Instance)),
        );
        assert_eq!(before, after);
    }
    assert_eq!((before.0.instances, before.0.hidden), (1, 1));
}

fn a_recoded_instance_takes_the_place_of_its_record(index: &dyn Index) {
    let mut recoded = entry("1.2", 1, 1, 3);
    recoded.transfer_syntax_uid = "1.2.840.10008.1.2.4.201".into();
    let hidden = || {
        let mut entry = entry("1.2", 1, 1, 2);
        entry.hidden = true;
        store(entry)
    };
    let changes = [
        store(entry("1.2", 1, 1, 1)),
        hidden(),
        Change::Recode {
            sop_instance_uid: Uid::new("1.2.1.1").expect("uid"),
            record: 1,
            sequence: 3,
        },
        store(recoded),
    ];
    apply(index, &changes[..2]);
    apply(index, &changes[2..]);
    // Told again, also from before.
    for again in [&changes[2..], &changes[1..], &changes[..]] {
        apply(index, again);
        let found = rows(index, &IndexQuery::all(Level::Instance));
        let instance = found[0].instance().expect("instance");
        assert_eq!((found.len(), instance.sequence), (1, 3));
        assert_eq!(instance.transfer_syntax_uid, "1.2.840.10008.1.2.4.201");
        let study = found[0].study().expect("study");
        assert_eq!((study.instances, study.hidden, study.version), (1, 1, 3));
        assert_eq!(headers(index, &Selection::default()).len(), 1);
    }
    // A record that is not there: the packs have lost it to compaction.
    apply(index, &[delete(&["1.2.1.1"], 5)]);
    assert!(rows(index, &IndexQuery::all(Level::Instance)).is_empty());
}

fn later_attributes_fill_what_was_empty(index: &dyn Index) {
    let mut first = entry("1.2", 1, 1, 1);
    first.study.patient_name.clear();
    first.study.study_description = "first".into();
    first.series.modality.clear();
    let mut second = entry("1.2", 1, 2, 2);
    second.study.patient_name = "Roe^Jane".into();
    second.study.study_description = "second".into();
    second.study.patient_sex = "F".into();
    second.series.modality = "MR".into();
    let mut third = entry("1.2", 1, 3, 3);
    third.study.patient_name = "Other".into();
    apply(index, &[store(first)]);
    apply(index, &[store(second), store(third)]);
    let found = rows(index, &IndexQuery::all(Level::Series));
    let (study, series) = (
        found[0].study().expect("study"),
        found[0].series().expect("series"),
    );
    assert_eq!(study.attributes.patient_name, "Roe^Jane");
    assert_eq!(study.attributes.study_description, "first");
    assert_eq!(study.attributes.patient_sex, "F");
    assert_eq!(series.attributes.modality, "MR");
    assert_eq!(study.modalities, "MR");
    let patient = rows(index, &IndexQuery::all(Level::Patient));
    assert_eq!(
        patient[0].patient().expect("patient").patient_name,
        "Roe^Jane"
    );
}

fn a_superseded_instance_is_hidden(index: &dyn Index) {
    let mut other = entry("1.2", 1, 1, 3);
    other.series.series_instance_uid = "1.2.9".into();
    other.instance.sop_class_uid = SR.into();
    apply(index, &[store(entry("1.2", 1, 1, 1))]);
    apply(
        index,
        &[
            Change::Supersede {
                sop_instance_uid: Uid::new("1.2.1.1").expect("uid"),
                sequence: 3,
            },
            store(other),
        ],
    );
    let statistics = index.statistics().expect("statistics");
    assert_eq!((statistics.instances, statistics.hidden), (1, 1));
    assert_eq!((statistics.series, statistics.bytes), (1, 803));
    let known = index.known("1.2.1.1").expect("known").expect("shown");
    assert_eq!(known.series_instance_uid, "1.2.9");
    let studies = rows(index, &IndexQuery::all(Level::Study));
    assert_eq!(studies[0].study().expect("study").sop_classes, SR);
    assert_eq!(uids(index, &IndexQuery::all(Level::Series)), ["1.2.9"]);
    let mut all = IndexQuery::all(Level::Instance);
    all.include_hidden = true;
    let all = rows(index, &all);
    let hidden: Vec<bool> = all
        .iter()
        .map(|r| r.instance().expect("instance").hidden)
        .collect();
    assert_eq!(hidden.len(), 2);
    assert!(hidden.contains(&true) && hidden.contains(&false));
}

fn a_second_shown_instance_is_hidden(index: &dyn Index) {
    let mut again = entry("1.2", 1, 1, 2);
    again.hash = [9; 32];
    apply(index, &[store(entry("1.2", 1, 1, 1)), store(again)]);
    let known = index.known("1.2.1.1").expect("known").expect("shown");
    assert_eq!(known.hash, entry("1.2", 1, 1, 1).hash);
    assert_eq!(index.statistics().expect("statistics").hidden, 1);
}

fn what_is_deleted_is_gone_and_remembered(index: &dyn Index) {
    let mut sr = entry("1.2", 2, 1, 3);
    sr.series.modality = "SR".into();
    sr.instance.sop_class_uid = SR.into();
    apply(
        index,
        &[
            store(entry("1.2", 1, 1, 1)),
            store(entry("1.2", 1, 2, 2)),
            store(sr),
        ],
    );
    apply(index, &[delete(&["1.2.2.1", "1.2.1.1"], 4)]);
    assert_eq!(uids(index, &IndexQuery::all(Level::Instance)), ["1.2.1.2"]);
    let study = rows(index, &IndexQuery::all(Level::Study));
    let study = study[0].study().expect("study");
    assert_eq!((study.series, study.instances, study.bytes), (1, 1, 802));
    assert_eq!(
        (study.modalities.as_str(), study.sop_classes.as_str()),
        ("CT", CT)
    );
    for (uid, deleted) in [
        ("1.2.2.1", true),
        ("1.2.2", true),
        ("1.2.1", false),
        ("1.2", false),
    ] {
        assert_eq!(
            index.was_deleted(uid).expect("was_deleted"),
            deleted,
            "{uid}"
        );
    }
    let all = headers(index, &Selection::default());
    assert_eq!(all.len(), 1);
    apply(index, &[delete(&["1.2.1.2"], 5)]);
    assert_eq!(
        index.statistics().expect("statistics"),
        Statistics::default()
    );
    assert!(index.was_deleted("1.2").expect("was_deleted"));
    assert!(rows(index, &IndexQuery::all(Level::Patient)).is_empty());
    assert!(index.live().expect("live").is_empty());
}

fn a_deleted_instance_can_come_again(index: &dyn Index) {
    apply(
        index,
        &[store(entry("1.2", 1, 1, 1)), delete(&["1.2.1.1"], 2)],
    );
    assert_eq!(index.known("1.2.1.1").expect("known"), None);
    apply(index, &[store(entry("1.2", 1, 1, 3))]);
    let row = index.instance("1.2.1.1").expect("instance").expect("row");
    let header = index
        .header(row.instance().expect("instance"))
        .expect("header");
    assert_eq!(header, entry("1.2", 1, 1, 3).header);
    // The first record turns up once more, from a pack that is read again.
    apply(index, &[store(entry("1.2", 1, 1, 1))]);
    let statistics = index.statistics().expect("statistics");
    assert_eq!((statistics.instances, statistics.hidden), (1, 0));
}

fn relocated_records_are_found(index: &dyn Index) {
    let marks = Watermarks::from([(1, 10), (2, 20)]);
    let changes = [store(entry("1.2", 1, 1, 1)), store(entry("1.2", 1, 2, 2))];
    index.apply(&changes, &marks).expect("apply");
    let from = entry("1.2", 1, 1, 1).locator;
    let to = Locator {
        pack: 9,
        offset: 77,
        ..from
    };
    let moves = [
        Relocation {
            sop_instance_uid: "1.2.1.1".into(),
            from,
            to,
        },
        Relocation {
            sop_instance_uid: "1.2.1.2".into(),
            from: Locator { pack: 5, ..from },
            to,
        },
    ];
    let tag = index.state_tag(&Selection::default()).expect("tag");
    let moved = index
        .relocate(&moves, &Watermarks::from([(9, 90)]), &[1])
        .expect("relocate");
    assert_eq!(moved, 1);
    assert_eq!(index.state_tag(&Selection::default()).expect("tag"), tag);
    assert_eq!(
        index
            .known("1.2.1.1")
            .expect("known")
            .expect("known")
            .locator,
        to
    );
    let marks = Watermarks::from([(2, 20), (9, 90)]);
    assert_eq!(index.watermarks().expect("watermarks"), marks);
    let mut records = Vec::new();
    index
        .records(&mut |record| {
            records.push((record.sequence, record.locator));
            ControlFlow::Continue(())
        })
        .expect("records");
    assert_eq!(records, [(1, to), (2, entry("1.2", 1, 2, 2).locator)]);
    let live = index.live().expect("live");
    assert_eq!(
        live.get(&9),
        Some(&Live {
            records: 1,
            bytes: 901
        })
    );
    assert_eq!(
        live.get(&1),
        Some(&Live {
            records: 1,
            bytes: 902
        })
    );
}

fn headers_come_back_however_they_came(index: &dyn Index) {
    let mut sequence = 0;
    // One by one, in groups, across series, until portions have been merged several times.
    for group in [1u32, 1, 1, 5, 80, 1, 1, 64, 3, 300, 1, 1] {
        let mut changes = Vec::new();
        for _ in 0..group {
            sequence += 1;
            let n = 10_000 - u32::try_from(sequence).expect("small");
            changes.push(store(entry("1.2", 1 + n % 2, n, sequence)));
        }
        apply(index, &changes);
        if group == 3 {
            while index.maintain(Duration::ZERO).expect("maintain") {}
        }
    }
    apply(index, &[delete(&["1.2.1.9998", "1.2.2.9999"], 9_000)]);
    let check = || {
        let all = headers(index, &Selection::default());
        assert_eq!(all.len() as u64, sequence - 2);
        for row in rows(index, &IndexQuery::all(Level::Instance)) {
            let instance = row.instance().expect("instance");
            let json = index.header(instance).expect("header");
            let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
            assert_eq!(
                json["00080018"]["Value"][0],
                instance.attributes.sop_instance_uid.as_str()
            );
            assert!(all.contains(&json));
        }
    };
    check();
    for level in [Level::Patient, Level::Study, Level::Series, Level::Instance] {
        for row in rows(index, &IndexQuery::all(level)) {
            let json = index.sample(&row).expect("sample").expect("a header");
            let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
            let found = json["00080018"]["Value"][0].as_str().expect("a UID");
            match &row {
                Row::Series(..) => assert!(found.starts_with(&format!("{}.", uid(&row)))),
                Row::Instance(..) => assert_eq!(found, uid(&row)),
                _ => {}
            }
        }
    }
    while index.maintain(Duration::from_secs(60)).expect("maintain") {}
    check();
    let some = Selection {
        sop_instance_uids: vec![
            "1.2.2.9997".into(),
            "1.2.1.9990".into(),
            "1.2.2.9999".into(),
        ],
        ..Selection::default()
    };
    assert_eq!(headers(index, &some).len(), 2);
    let one = Selection {
        series_instance_uids: vec!["1.2.2".into()],
        ..Selection::default()
    };
    let found = headers(index, &one);
    assert!(found.iter().all(|h| {
        h["00080018"]["Value"][0]
            .as_str()
            .is_some_and(|u| u.starts_with("1.2.2."))
    }));
}

fn the_state_tag_follows_changes(index: &dyn Index) {
    let study = |uid: &str| Selection {
        study_instance_uids: vec![uid.into()],
        ..Selection::default()
    };
    let tag = |selection: &Selection| index.state_tag(selection).expect("tag");
    assert_eq!(tag(&study("1.2")), None);
    apply(
        index,
        &[store(entry("1.2", 1, 1, 1)), store(entry("1.3", 1, 1, 2))],
    );
    let (one, other) = (tag(&study("1.2")), tag(&study("1.3")));
    assert!(one.is_some() && one != other);
    apply(index, &[store(entry("1.2", 1, 2, 3))]);
    let two = tag(&study("1.2"));
    assert_ne!(two, one);
    assert_eq!(tag(&study("1.3")), other);
    apply(index, &[delete(&["1.2.1.2"], 4)]);
    assert_ne!(tag(&study("1.2")), two);
    assert_ne!(tag(&study("1.2")), one);
}

fn clearing_forgets_all(index: &dyn Index) {
    apply(index, &[store(entry("1.2", 1, 1, 1)), delete(&["9.9"], 2)]);
    index.clear().expect("clear");
    assert_eq!(
        index.statistics().expect("statistics"),
        Statistics::default()
    );
    assert!(!index.was_deleted("9.9").expect("was_deleted"));
    assert_eq!(index.known("1.2.1.1").expect("known"), None);
    apply(index, &[store(entry("1.2", 1, 1, 1))]);
    assert_eq!(index.statistics().expect("statistics").instances, 1);
    assert_eq!(headers(index, &Selection::default()).len(), 1);
}

fn patients_are_told_apart(index: &dyn Index) {
    let with = |study: &str, id: &str, issuer: &str, name: &str, sequence: u64| {
        let mut entry = entry(study, 1, 1, sequence);
        entry.study.patient_id = id.into();
        entry.study.issuer_of_patient_id = issuer.into();
        entry.study.patient_name = name.into();
        store(entry)
    };
    apply(
        index,
        &[
            with("1.1", "A", "X", "One", 1),
            with("1.2", "A", "X", "One^Other spelling", 2),
            with("1.3", "A", "Y", "Two", 3),
            with("1.4", "", "", "Three", 4),
            with("1.5", "", "", "Four", 5),
            with("1.6", "", "", "THREE", 6),
        ],
    );
    let patients = rows(index, &IndexQuery::all(Level::Patient));
    let found: Vec<(&str, u64)> = patients
        .iter()
        .filter_map(|row| row.patient())
        .map(|p| (p.patient_name.as_str(), p.studies))
        .collect();
    assert_eq!(found, [("Four", 1), ("One", 2), ("Three", 2), ("Two", 1)]);
    // A study that learns its Patient ID later moves.
    let mut late = entry("1.5", 1, 2, 7);
    late.study.patient_id = "A".into();
    late.study.issuer_of_patient_id = "X".into();
    apply(index, &[store(late)]);
    let patients = rows(index, &IndexQuery::all(Level::Patient));
    let found: Vec<(&str, u64, u64)> = patients
        .iter()
        .filter_map(|row| row.patient())
        .map(|p| (p.patient_name.as_str(), p.studies, p.instances))
        .collect();
    assert_eq!(found, [("One", 3, 4), ("Three", 2, 2), ("Two", 1, 1)]);
    for row in rows(index, &IndexQuery::all(Level::Study)) {
        let study = row.study().expect("study");
        let patient = index.patient(study).expect("patient").expect("a patient");
        assert_eq!(patient.patient_id, study.attributes.patient_id);
    }
}
