//! What came and what was found in it.

use super::*;
use crate::index::{Arrival, Change, FlawedFilter, Noted, Standing, Watermarks};
use sagittal_core::Uid;

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

pub fn run(make: Make<'_>) {
    what_came_and_what_was_found_is_counted(&*make());
    taken_in_twice_it_is_counted_once(&*make());
    a_refused_instance_is_told_of_once(&*make());
    what_is_deleted_stays_in_the_report(&*make());
    another_record_takes_over_the_findings(&*make());
    all_is_forgotten_when_cleared(&*make());
}

fn noted(kind: &str) -> Noted {
    Noted {
        severity: 1,
        kind: kind.into(),
        path: "PatientName".into(),
        found: format!("something {kind}"),
    }
}

fn arrival(study: &str, n: u64, day: i64, kinds: &[&str]) -> Arrival {
    Arrival {
        sop_instance_uid: format!("{study}.1.{n}"),
        study_instance_uid: study.into(),
        series_instance_uid: format!("{study}.1"),
        modality: "CT".into(),
        source: "CT1".into(),
        received_ms: day * DAY + i64::try_from(n).unwrap_or(0),
        counts: true,
        findings: kinds.iter().map(|kind| noted(kind)).collect(),
        ..Arrival::default()
    }
}

fn stored(study: &str, n: u64, sequence: u64, arrival: Arrival) -> Change {
    let mut entry = entry(study, 1, u32::try_from(n).unwrap_or(0), sequence);
    entry.arrival = Some(Box::new(arrival));
    store(entry)
}

fn apply(index: &dyn Index, changes: &[Change]) {
    index.apply(changes, &Watermarks::new()).expect("apply");
}

fn all() -> FlawedFilter {
    FlawedFilter {
        limit: 100,
        ..FlawedFilter::default()
    }
}

fn flawed(index: &dyn Index, filter: &FlawedFilter) -> Vec<(i64, Standing)> {
    let found = index.flawed(filter).expect("flawed");
    found
        .iter()
        .map(|flawed| (flawed.id, flawed.arrival.standing))
        .collect()
}

fn what_came_and_what_was_found_is_counted(index: &dyn Index) {
    apply(
        index,
        &[
            stored("1.2", 1, 1, arrival("1.2", 1, 10, &[])),
            stored("1.2", 2, 2, arrival("1.2", 2, 10, &["cut", "uid"])),
            stored("1.2", 3, 3, arrival("1.2", 3, 11, &["cut"])),
            stored("1.3", 1, 4, arrival("1.3", 1, 11, &[])),
            stored("1.4", 1, 5, arrival("1.4", 1, 12, &["cut"])),
        ],
    );
    let groups = index.quality(10, 11).expect("report");
    assert_eq!(groups.len(), 1);
    let group = groups.first().expect("a group");
    assert_eq!(
        (group.source.as_str(), group.modality.as_str()),
        ("CT1", "CT")
    );
    assert_eq!((group.studies, group.instances), (2, 4));
    assert_eq!((group.affected_studies, group.affected_instances), (1, 2));
    let days: Vec<_> = group
        .days
        .iter()
        .map(|day| (day.day, day.instances, day.affected))
        .collect();
    assert_eq!(days, [(10, 2, 1), (11, 2, 1)]);
    let first = group.findings.first().expect("a finding");
    assert_eq!(first.noted, noted("cut"));
    assert_eq!((first.instances, first.studies), (2, 1));
    assert_eq!(first.examples, ["1.2.1.3", "1.2.1.2"]);
    assert_eq!(group.findings.len(), 2);
    let of_study = FlawedFilter {
        study_instance_uid: Some("1.2".into()),
        ..all()
    };
    assert_eq!(
        flawed(index, &of_study),
        [(3, Standing::Kept), (2, Standing::Kept)]
    );
    let second = FlawedFilter {
        offset: 1,
        limit: 1,
        ..all()
    };
    let found = index.flawed(&second).expect("flawed");
    assert_eq!(found.len(), 1);
    let found = found.first().expect("one");
    assert_eq!((found.id, found.arrival.findings.len()), (3, 1));
}

fn taken_in_twice_it_is_counted_once(index: &dyn Index) {
    let change = stored("1.2", 1, 1, arrival("1.2", 1, 10, &["cut"]));
    apply(index, &[change.clone()]);
    apply(index, &[change]);
    let groups = index.quality(0, 100).expect("report");
    let group = groups.first().expect("a group");
    assert_eq!((group.instances, group.affected_instances), (1, 1));
}

fn a_refused_instance_is_told_of_once(index: &dyn Index) {
    let refused = |day| {
        Change::Refuse(Box::new(Arrival {
            standing: Standing::Refused,
            ..arrival("1.2", 1, day, &["uid"])
        }))
    };
    apply(index, &[refused(10)]);
    apply(index, &[refused(10)]);
    apply(index, &[stored("1.2", 2, 9, arrival("1.2", 2, 10, &[]))]);
    let groups = index.quality(10, 10).expect("report");
    let group = groups.first().expect("a group");
    assert_eq!((group.instances, group.refused), (2, 1));
    assert_eq!(flawed(index, &all()), [(-1, Standing::Refused)]);
    assert_eq!(index.known("1.2.1.1").expect("known"), None);
}

fn what_is_deleted_stays_in_the_report(index: &dyn Index) {
    apply(
        index,
        &[stored("1.2", 1, 1, arrival("1.2", 1, 10, &["cut"]))],
    );
    apply(
        index,
        &[Change::Delete {
            sop_instance_uids: vec![Uid::from_static("1.2.1.1")],
            sequence: 2,
        }],
    );
    assert_eq!(flawed(index, &all()), [(1, Standing::Deleted)]);
    let groups = index.quality(10, 10).expect("report");
    assert_eq!(
        groups.first().map(|group| group.affected_instances),
        Some(1)
    );
}

fn another_record_takes_over_the_findings(index: &dyn Index) {
    let held = Arrival {
        standing: Standing::Quarantined,
        ..arrival("1.2", 1, 10, &["cut"])
    };
    let mut hidden = entry("1.2", 1, 1, 1);
    hidden.hidden = true;
    // Where nobody looks: its study goes with it.
    hidden.study.study_instance_uid = "held 1.2".into();
    hidden.arrival = Some(Box::new(held));
    apply(index, &[store(hidden)]);
    let held = FlawedFilter {
        standing: Some(Standing::Quarantined),
        ..all()
    };
    assert_eq!(flawed(index, &held), [(1, Standing::Quarantined)]);
    let record = index.record(1).expect("record").expect("held");
    assert_eq!((record.sequence, record.hidden), (1, true));
    assert_eq!(index.record(2).expect("record"), None);
    let released = Arrival {
        counts: false,
        ..arrival("1.2", 1, 10, &["cut"])
    };
    apply(
        index,
        &[
            Change::Recode {
                sop_instance_uid: Uid::from_static("1.2.1.1"),
                record: 1,
                sequence: 2,
            },
            stored("1.2", 1, 2, released),
        ],
    );
    assert_eq!(flawed(index, &held), []);
    assert_eq!(flawed(index, &all()), [(2, Standing::Kept)]);
    let groups = index.quality(10, 10).expect("report");
    let group = groups.first().expect("a group");
    assert_eq!((group.instances, group.affected_instances), (1, 1));
    assert!(index.known("1.2.1.1").expect("known").is_some());
    let statistics = index.statistics().expect("statistics");
    assert_eq!((statistics.patients, statistics.studies), (1, 1));
    assert_eq!((statistics.instances, statistics.hidden), (1, 0));
    assert_eq!(uids(index, &IndexQuery::all(Level::Study)), ["1.2"]);
}

fn all_is_forgotten_when_cleared(index: &dyn Index) {
    apply(
        index,
        &[stored("1.2", 1, 1, arrival("1.2", 1, 10, &["cut"]))],
    );
    index.clear().expect("clear");
    assert_eq!(index.quality(0, 100).expect("report"), []);
    assert_eq!(flawed(index, &all()), []);
}
