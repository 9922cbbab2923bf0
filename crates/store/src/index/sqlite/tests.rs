#![allow(clippy::unwrap_used)]

use tempfile::TempDir;

use super::*;
use crate::blob::Locator;
use crate::index::entry::Entry;
use crate::index::{InstanceAttributes, SeriesAttributes, StudyAttributes};

fn entry(n: u64) -> Entry {
    Entry {
        study: StudyAttributes {
            patient_id: "P".into(),
            patient_name: "Doe^John".into(),
            study_instance_uid: "1.2".into(),
            study_date: "20240102".into(),
            ..StudyAttributes::default()
        },
        series: SeriesAttributes {
            series_instance_uid: "1.2.3".into(),
            modality: "CT".into(),
            ..SeriesAttributes::default()
        },
        instance: InstanceAttributes {
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.2".into(),
            sop_instance_uid: format!("1.2.3.{n}"),
            instance_number: n.to_string(),
            ..InstanceAttributes::default()
        },
        locator: Locator {
            pack: 1,
            offset: n * 1000,
            header_length: 100,
            prefix_length: 0,
            length: 800,
        },
        sequence: n,
        hash: [7; 32],
        transfer_syntax_uid: "1.2.840.10008.1.2.1".into(),
        frames: vec![1, 2, 3],
        header: format!("{{\"00200013\":{n}}}").into_bytes(),
        source: "AET".into(),
        received_ms: 1_000 + n as i64,
        hidden: false,
        arrival: None,
    }
}

#[test]
fn what_was_applied_is_known_after_opening_again() {
    let folder = TempDir::new().unwrap();
    let index = SqliteIndex::open(folder.path(), Options::default()).unwrap();
    let changes: Vec<Change> = (1..=100)
        .map(|n| Change::Store(Box::new(entry(n))))
        .collect();
    index
        .apply(&changes, &Watermarks::from([(1, 101_000)]))
        .unwrap();
    drop(index);
    let index = SqliteIndex::open(folder.path(), Options::default()).unwrap();
    assert_eq!(
        index.watermarks().unwrap(),
        Watermarks::from([(1, 101_000)])
    );
    let known = index.known("1.2.3.50").unwrap().unwrap();
    assert_eq!(known.locator, entry(50).locator);
    assert_eq!(known.study_instance_uid, "1.2");
    assert_eq!(known.transfer_syntax_uid, "1.2.840.10008.1.2.1");
    assert_eq!(index.statistics().unwrap().instances, 100);
    index.apply(&changes, &Watermarks::new()).unwrap();
    assert_eq!(index.statistics().unwrap().instances, 100);
    index.clear().unwrap();
    assert_eq!(index.known("1.2.3.50").unwrap(), None);
    assert!(index.watermarks().unwrap().is_empty());
}

#[test]
fn an_index_of_a_newer_version_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(SqliteIndex::open(folder.path(), Options::default()).unwrap());
    let connection = Connection::open(folder.path().join(FILE)).unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();
    drop(connection);
    let refused = SqliteIndex::open(folder.path(), Options::default());
    assert!(matches!(refused, Err(Error::Index { .. })));
    SqliteIndex::remove(folder.path()).unwrap();
    SqliteIndex::open(folder.path(), Options::default()).unwrap();
}

#[test]
fn it_does_what_every_index_must() {
    let folders = std::cell::RefCell::new(Vec::new());
    crate::index::testsuite::run(&|| {
        let folder = TempDir::new().unwrap();
        let index = SqliteIndex::open(folder.path(), Options::default()).unwrap();
        folders.borrow_mut().push(folder);
        Box::new(index)
    });
}

#[test]
fn any_history_gives_what_the_index_in_memory_gives() {
    let folder = TempDir::new().unwrap();
    let index = SqliteIndex::open(folder.path(), Options::default()).unwrap();
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    crate::index::testsuite::random::any_history(&index, cases.unwrap_or(24));
}

/// Few among many are found by an index, many as they come; the answers are the same.
#[test]
fn conditions_that_few_or_no_studies_fulfil_find_what_there_is() {
    use crate::index::{Column, Condition, IndexQuery, Level, Matching, NamePattern, Pattern};
    let folder = TempDir::new().unwrap();
    let index = SqliteIndex::open(folder.path(), Options::default()).unwrap();
    let changes: Vec<Change> = (1..=1_200)
        .map(|n| {
            let mut entry = entry(n);
            entry.study.study_instance_uid = format!("1.{n}");
            entry.series.series_instance_uid = format!("1.{n}.1");
            entry.study.study_description = "Chest".into();
            entry.study.referring_physician_name = "House^G".into();
            entry.series.institution_name = "Here".into();
            if n % 500 == 0 {
                entry.series.modality = "US\\XC".into();
                entry.study.study_description = "Very rare thing".into();
                entry.study.referring_physician_name = "Wilson^J".into();
                entry.series.institution_name = "There".into();
            }
            Change::Store(Box::new(entry))
        })
        .collect();
    index.apply(&changes, &Watermarks::new()).unwrap();
    let text = |pattern: &str| Matching::Texts(vec![Pattern::wildcard(pattern)]);
    let cases = [
        (Column::Modality, text("CT"), 1198),
        (Column::Modality, text("XC"), 2),
        (Column::Modality, text("?S"), 2),
        (Column::Modality, text("MR"), 0),
        (Column::ModalitiesInStudy, text("US"), 2),
        (Column::ModalitiesInStudy, text("NM"), 0),
        (Column::StudyDescription, text("*rare*"), 2),
        (Column::StudyDescription, text("Chest"), 1198),
        (Column::StudyDescription, text("*"), 1200),
        (Column::StudyDescription, text("nothing"), 0),
        (Column::StudyId, text("nothing"), 0),
        (Column::InstitutionName, text("Th*"), 2),
        (Column::InstitutionName, text("Nowhere"), 0),
        (
            Column::PatientName,
            Matching::Names(vec![NamePattern::new("*nobody*")]),
            0,
        ),
        (
            Column::ReferringPhysicianName,
            Matching::Names(vec![NamePattern::new("*wilson*")]),
            2,
        ),
    ];
    for (column, matching, expected) in cases {
        let mut query = IndexQuery::all(Level::Study);
        query.conditions.push(Condition { column, matching });
        let mut found = 0;
        index
            .find(&query, &mut |_| {
                found += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(found, expected, "{query:?}");
        assert_eq!(index.count(&query).unwrap(), expected, "{query:?}");
    }
}
