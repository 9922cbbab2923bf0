//! What is found in instances, and what rules do with them.

use sagittal_core::{DataSet, tags};

use super::objects::{DEFLATED, EXPLICIT_LE, Object, encode};
use super::*;
use crate::ingest::Outcome;
use crate::lifecycle::Deleted;
use crate::quality::{Action, Filter, Instance, Kind, Quality, Rule, Severity};
use crate::retrieve::Selector;
use crate::{CatchUp, Error};

fn rule(checks: &[Kind], action: Action) -> Rule {
    Rule {
        name: action.as_str().to_owned(),
        sources: Vec::new(),
        modalities: Vec::new(),
        checks: checks.to_vec(),
        severity: Severity::Warning,
        action,
        validate: None,
    }
}

fn with(folder: &Path, rules: Vec<Rule>) -> Options {
    Options {
        quality: Quality {
            rules,
            ..Quality::default()
        },
        large_instance: 1 << 20,
        ..options(folder)
    }
}

async fn open_with(folder: &Path, rules: Vec<Rule>) -> Archive {
    Archive::open(with(folder, rules)).await.unwrap()
}

fn object(uid: &str) -> Object {
    Object {
        study: "1.2.9".to_owned(),
        series: "1.2.9.1".to_owned(),
        ..Object::new(uid)
    }
}

fn named(uid: &str, name: &str) -> DataSet {
    let mut data_set = object(uid).native();
    data_set.put_text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 192");
    data_set.put_text(tags::PATIENT_NAME, name);
    data_set
}

async fn all(archive: &Archive) -> Vec<Instance> {
    let filter = Filter {
        limit: 100,
        ..Filter::default()
    };
    archive.flawed(filter).await.unwrap()
}

fn kinds(instance: &Instance) -> Vec<&str> {
    let kinds = instance.findings.iter();
    kinds.map(|found| found.kind.as_str()).collect()
}

#[tokio::test]
async fn what_is_found_is_kept_with_the_instance_also_by_a_new_index() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    for ts in [EXPLICIT_LE, DEFLATED] {
        let uid = if ts == DEFLATED {
            "1.2.9.1.2"
        } else {
            "1.2.9.1.1"
        };
        let bytes = encode(&named(uid, &"Ж".repeat(64)), ts);
        let stored = send(&archive, &bytes, ts).await.unwrap();
        assert_eq!(stored.outcome, Outcome::New);
    }
    let clean = object("1.2.9.1.3").bytes(EXPLICIT_LE);
    let clean = send(&archive, &clean, EXPLICIT_LE).await.unwrap();
    assert_eq!(clean.outcome, Outcome::New);
    let before = all(&archive).await;
    // Another name in the same study as well.
    let found: Vec<_> = before.iter().map(kinds).collect();
    assert_eq!(found, [vec!["consistency"], vec!["cut"], vec!["cut"]]);
    assert_eq!(before[1].standing, "kept");
    let report = archive.quality_report(7).await.unwrap();
    let group = &report.groups[0];
    assert_eq!(
        (group.source.as_str(), group.modality.as_str()),
        ("SENDER", "CT")
    );
    assert_eq!((group.instances, group.affected_instances), (3, 3));
    assert_eq!((group.studies, group.affected_studies), (1, 1));
    assert!(report.to_html().contains("PatientName cut"));
    archive.close(Duration::from_secs(5)).await.unwrap();
    drop(archive);
    Archive::rebuild_index(options(folder.path()), |_| ())
        .await
        .unwrap();
    let archive = open(folder.path()).await;
    assert_eq!(all(&archive).await, before);
    assert_eq!(archive.quality_report(7).await.unwrap(), report);
}

#[tokio::test]
async fn a_refused_instance_is_not_kept_and_its_sender_is_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let rules = vec![rule(&[Kind::Cut], Action::Refuse)];
    let archive = open_with(folder.path(), rules).await;
    let bytes = encode(&named("1.2.9.1.1", &"n".repeat(64)), EXPLICIT_LE);
    for _ in 0..2 {
        let refused = send(&archive, &bytes, EXPLICIT_LE).await.unwrap_err();
        assert!(
            matches!(&refused, Error::Refused { reason, mismatch: false, .. }
                if reason.starts_with("PatientName cut")),
            "{refused}"
        );
    }
    assert!(find(&archive, "1.2.9.1.1").await.is_none());
    let found = all(&archive).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].standing.as_str()), (-1, "refused"));
    let report = archive.quality_report(1).await.unwrap();
    assert_eq!(
        (report.groups[0].instances, report.groups[0].refused),
        (1, 1)
    );
    // A later start reads the packs, in which nothing of it is.
    archive.close(Duration::from_secs(5)).await.unwrap();
    drop(archive);
    let archive = open(folder.path()).await;
    assert_eq!(archive.caught_up(), &CatchUp::default());
    assert_eq!(all(&archive).await.len(), 1);
}

#[tokio::test]
async fn a_quarantined_instance_is_seen_by_nobody_until_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let rules = || vec![rule(&[Kind::Cut], Action::Quarantine)];
    let archive = open_with(folder.path(), rules()).await;
    // A large one goes to disk as it comes.
    for (uid, size) in [("1.2.9.1.1", 64), ("1.2.9.1.2", 1000)] {
        let mut object = object(uid);
        (object.rows, object.columns) = (size, size);
        let mut data_set = object.native();
        data_set.put_text(tags::PATIENT_NAME, &"n".repeat(64));
        let bytes = encode(&data_set, EXPLICIT_LE);
        for _ in 0..2 {
            let stored = send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
            assert_eq!(stored.outcome, Outcome::Quarantined);
        }
    }
    // A good one of the same study comes later and says what the study is.
    let good = object("1.2.9.1.3").bytes(EXPLICIT_LE);
    send(&archive, &good, EXPLICIT_LE).await.unwrap();
    let check = async |archive: &Archive| {
        assert!(find(archive, "1.2.9.1.1").await.is_none());
        let statistics = archive.statistics().await.unwrap();
        assert_eq!((statistics.studies, statistics.series), (1, 1));
        assert_eq!((statistics.instances, statistics.hidden), (1, 2));
        let held = all(archive).await;
        let standings: Vec<&str> = held.iter().map(|held| held.standing.as_str()).collect();
        assert_eq!(standings, ["quarantined", "quarantined"]);
        assert_eq!(held[0].study_instance_uid, "1.2.9");
        assert_eq!(archive.verify(|_| ()).await.unwrap().problem_count, 0);
        held
    };
    check(&archive).await;
    archive.close(Duration::from_secs(5)).await.unwrap();
    drop(archive);
    Archive::rebuild_index(with(folder.path(), rules()), |_| ())
        .await
        .unwrap();
    let archive = open_with(folder.path(), rules()).await;
    let held = check(&archive).await;
    for held in &held {
        let released = archive.release(held.id).await.unwrap();
        assert!(released.shown);
        assert_eq!(released.sop_instance_uid, held.sop_instance_uid);
        assert!(archive.release(held.id).await.is_err());
        let found = find(&archive, &held.sop_instance_uid).await.unwrap();
        assert_eq!(found.study_instance_uid.as_str(), "1.2.9");
    }
    let statistics = archive.statistics().await.unwrap();
    assert_eq!((statistics.studies, statistics.series), (1, 1));
    assert_eq!((statistics.instances, statistics.hidden), (3, 0));
    // Nothing came again, and the findings stay.
    let report = archive.quality_report(1).await.unwrap();
    let group = &report.groups[0];
    assert_eq!((group.instances, group.affected_instances), (3, 2));
    assert_eq!(group.quarantined, 0);
    archive.compact(2.0).await.unwrap();
    assert_eq!(archive.verify(|_| ()).await.unwrap().problem_count, 0);
    archive.close(Duration::from_secs(5)).await.unwrap();
    drop(archive);
    Archive::rebuild_index(with(folder.path(), rules()), |_| ())
        .await
        .unwrap();
    let archive = open_with(folder.path(), rules()).await;
    assert_eq!(archive.statistics().await.unwrap().instances, 3);
    assert_eq!(archive.quality_report(1).await.unwrap(), report);
}

#[tokio::test]
async fn a_quarantined_instance_can_be_deleted_and_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let rules = || vec![rule(&[Kind::Cut], Action::Quarantine)];
    let archive = open_with(folder.path(), rules()).await;
    let bytes = encode(&named("1.2.9.1.1", &"n".repeat(64)), EXPLICIT_LE);
    let good = object("1.2.9.1.1").bytes(EXPLICIT_LE);
    send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
    // Of the good one under the same UID nothing is touched.
    send(&archive, &good, EXPLICIT_LE).await.unwrap();
    let held = all(&archive).await.pop().unwrap();
    let gone = archive.delete_quarantined(held.id).await.unwrap();
    assert_eq!(gone.sop_instance_uid, "1.2.9.1.1");
    assert!(archive.delete_quarantined(held.id).await.is_err());
    assert!(find(&archive, "1.2.9.1.1").await.is_some());
    let statistics = archive.statistics().await.unwrap();
    assert_eq!((statistics.instances, statistics.hidden), (1, 0));
    send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
    let again: Vec<_> = all(&archive).await;
    let standings: Vec<&str> = again.iter().map(|it| it.standing.as_str()).collect();
    assert_eq!(standings, ["quarantined", "deleted"]);
    // Another instance is shown under its UID: released, it is hidden behind that.
    let released = archive.release(again[0].id).await.unwrap();
    assert!(!released.shown);
    let statistics = archive.statistics().await.unwrap();
    assert_eq!((statistics.instances, statistics.hidden), (1, 1));
    // Deleting the study takes both.
    let selector = Selector {
        study_instance_uids: vec![Uid::from_static("1.2.9")],
        ..Selector::default()
    };
    let deleted: Deleted = archive.delete(&selector).await.unwrap();
    assert_eq!(deleted.instances, 1);
    let statistics = archive.statistics().await.unwrap();
    assert_eq!((statistics.instances, statistics.hidden), (0, 0));
    assert!(
        all(&archive)
            .await
            .iter()
            .all(|it| it.standing == "deleted")
    );
    archive.compact(2.0).await.unwrap();
    assert_eq!(archive.verify(|_| ()).await.unwrap().problem_count, 0);
}

#[tokio::test]
async fn compaction_takes_along_what_is_held_back() {
    let folder = tempfile::tempdir().unwrap();
    let rules = || vec![rule(&[Kind::Cut], Action::Quarantine)];
    let archive = open_with(folder.path(), rules()).await;
    let bytes = encode(&named("1.2.9.1.1", &"n".repeat(64)), EXPLICIT_LE);
    send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
    for n in 2..700 {
        let object = object(&format!("1.2.9.1.{n}"));
        send(&archive, &object.bytes(EXPLICIT_LE), EXPLICIT_LE)
            .await
            .unwrap();
    }
    let selector = Selector {
        study_instance_uids: vec![Uid::from_static("1.2.9")],
        ..Selector::default()
    };
    archive.delete(&selector).await.unwrap();
    archive.close(Duration::from_secs(5)).await.unwrap();
    drop(archive);
    let archive = open_with(folder.path(), rules()).await;
    let done = archive.compact(0.9).await.unwrap();
    assert!(done.packs > 0, "{done:?}");
    let held = all(&archive).await.pop().unwrap();
    let released = archive.release(held.id).await.unwrap();
    assert!(released.shown);
    assert_eq!(archive.verify(|_| ()).await.unwrap().problem_count, 0);
}

#[tokio::test]
async fn another_patient_in_a_study_is_found_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let first = object("1.2.9.1.1").bytes(EXPLICIT_LE);
    send(&archive, &first, EXPLICIT_LE).await.unwrap();
    archive.close(Duration::from_secs(5)).await.unwrap();
    drop(archive);
    let archive = open(folder.path()).await;
    let mut other = object("1.2.9.1.2").native();
    other.put_text(tags::PATIENT_ID, "0815");
    let other = encode(&other, EXPLICIT_LE);
    send(&archive, &other, EXPLICIT_LE).await.unwrap();
    let found = all(&archive).await;
    assert_eq!(found.len(), 1);
    assert_eq!(kinds(&found[0]), ["consistency"]);
    assert_eq!(found[0].findings[0].path, "PatientID");
}

#[tokio::test]
async fn nothing_is_checked_if_that_is_off() {
    let folder = tempfile::tempdir().unwrap();
    let quality = Quality {
        enabled: false,
        rules: vec![rule(&[], Action::Refuse)],
        ..Quality::default()
    };
    let options = Options {
        quality,
        ..options(folder.path())
    };
    let archive = Archive::open(options).await.unwrap();
    let bytes = encode(&named("1.2.9.1.1", &"n".repeat(64)), EXPLICIT_LE);
    send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
    assert_eq!(all(&archive).await, []);
    assert!(archive.quality_report(1).await.unwrap().groups.is_empty());
}

#[tokio::test]
async fn a_gap_is_found_when_the_study_is_quiet_and_forgotten_when_it_is_filled() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let send_number = async |number: u32| {
        let mut data_set = object(&format!("1.2.9.1.{number}")).native();
        data_set.put_text(tags::INSTANCE_NUMBER, &number.to_string());
        let bytes = encode(&data_set, EXPLICIT_LE);
        send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
    };
    for number in (1..=12).filter(|number| *number != 5) {
        send_number(number).await;
    }
    let until = async |count: usize| {
        for _ in 0..200 {
            let found = all(&archive).await;
            if found.len() == count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not in time");
    };
    let found = until(1).await;
    assert_eq!(kinds(&found[0]), ["series-gap"]);
    assert_eq!(found[0].series_instance_uid, "1.2.9.1");
    send_number(5).await;
    until(0).await;
}
