//! Any history, told in any portions and partly twice, gives what the index in memory gives.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use sagittal_core::Uid;

use super::*;
use crate::index::memory::MemoryIndex;
use crate::index::{
    Change, Column, Condition, Matching, NamePattern, Pattern, Span, Watermarks, key,
};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// Study, series, instance, variant of the attributes, hidden.
    Store(u8, u8, u8, u8, bool),
    Supersede(u8, u8, u8),
    Delete(u8, u8, Vec<u8>),
    /// The transaction ends.
    Commit,
    /// So many of the last changes come again.
    Replay(usize),
    Maintain,
}

fn step() -> impl Strategy<Value = Step> {
    let uid = || (0..3u8, 0..3u8, 0..4u8);
    prop_oneof![
        8 => (uid(), 0..6u8, proptest::bool::weighted(0.1))
            .prop_map(|((a, b, c), v, hidden)| Step::Store(a, b, c, v, hidden)),
        1 => uid().prop_map(|(a, b, c)| Step::Supersede(a, b, c)),
        2 => (0..3u8, 0..3u8, proptest::collection::vec(0..4u8, 1..4))
            .prop_map(|(a, b, c)| Step::Delete(a, b, c)),
        3 => Just(Step::Commit),
        1 => (1..8usize).prop_map(Step::Replay),
        1 => Just(Step::Maintain),
    ]
}

fn sop(study: u8, series: u8, n: u8) -> Uid {
    Uid::new(&format!("1.{study}.{series}.{n}")).expect("uid")
}

fn stored(study: u8, series: u8, n: u8, variant: u8, hidden: bool, sequence: u64) -> Change {
    let mut entry = entry(
        &format!("1.{study}"),
        u32::from(series),
        u32::from(n),
        sequence,
    );
    let pick = |texts: [&str; 6]| texts[usize::from(variant)].to_owned();
    entry.study.patient_id = pick(["A", "", "B", "A", "", "A "]);
    entry.study.patient_name = pick(["Doe^John", "", "DÖE^JANE=山田", "Roe", "Doe^John", ""]);
    entry.study.patient_birth_date = pick(["19700101", "", "x", "19700102", "", ""]);
    entry.study.patient_sex = pick(["M", "", "F", "", "", "O"]);
    entry.study.study_date = pick(["20240101", "", "20240102", "2024.01.03", "bad", "20231231"]);
    entry.study.study_time = pick(["10", "", "103000.5", "bad", "2359", ""]);
    entry.study.accession_number = pick(["A1", "", "A2", "A[1]", "", "A\\B"]);
    entry.series.modality = pick(["CT", "", "MR", "SR", "CT", ""]);
    entry.series.series_number = pick(["1", "", "2", "x", "", "-1"]);
    entry.instance.sop_class_uid = pick([CT, SR, CT, SR, CT, SR]);
    entry.instance.instance_number = pick(["1", "", "2", "x", "1", "10"]);
    entry.instance.rows = (variant < 3).then_some(u32::from(variant));
    entry.hidden = hidden;
    store(entry)
}

fn changes(step: &Step, sequence: u64) -> Option<Change> {
    match step {
        Step::Store(a, b, c, variant, hidden) => {
            Some(stored(*a, *b, *c, *variant, *hidden, sequence))
        }
        Step::Supersede(a, b, c) => Some(Change::Supersede {
            sop_instance_uid: sop(*a, *b, *c),
            sequence,
        }),
        Step::Delete(a, b, c) => Some(Change::Delete {
            sop_instance_uids: c.iter().map(|c| sop(*a, *b, *c)).collect(),
            sequence,
        }),
        _ => None,
    }
}

fn tell(index: &dyn Index, steps: &[Step]) {
    let mut history: Vec<Change> = Vec::new();
    let mut pending: Vec<Change> = Vec::new();
    let end = |pending: &mut Vec<Change>, history: &mut Vec<Change>| {
        let marks = Watermarks::from([(1, history.len() as u64)]);
        index.apply(pending, &marks).expect("apply");
        history.append(pending);
    };
    for (sequence, step) in (1..).zip(steps) {
        match step {
            Step::Commit => end(&mut pending, &mut history),
            Step::Replay(last) => {
                end(&mut pending, &mut history);
                let again = history.len().saturating_sub(*last);
                index
                    .apply(&history[again..], &Watermarks::new())
                    .expect("apply");
            }
            Step::Maintain => {
                index.maintain(Duration::from_secs(1)).expect("maintain");
            }
            _ => pending.extend(changes(step, sequence)),
        }
    }
    end(&mut pending, &mut history);
}

fn queries() -> Vec<IndexQuery> {
    let text = |text: &str| Matching::Texts(vec![Pattern::wildcard(text)]);
    let name = |name: &str| Matching::Names(vec![NamePattern::new(name)]);
    let span = |from: &str, to: &str| Span {
        from: key::date_key(from),
        to: key::date_key(to),
    };
    let conditions: Vec<Vec<(Column, Matching)>> = vec![
        vec![],
        vec![(Column::PatientName, name("doe*"))],
        vec![
            (Column::PatientName, name("山*")),
            (Column::Modality, text("?R")),
        ],
        vec![(
            Column::PatientName,
            Matching::Sounds(vec![vec!["2".into(), "ro*".into()]]),
        )],
        vec![(
            Column::PatientName,
            Matching::Sounds(vec![sagittal_core::fold::phonetic_words("Doe")]),
        )],
        vec![(Column::PatientId, text("A"))],
        vec![(Column::PatientId, Matching::Empty)],
        vec![(Column::AccessionNumber, text("A*"))],
        vec![(Column::AccessionNumber, text("A[1]"))],
        vec![(
            Column::StudyDate,
            Matching::Dates(vec![span("20240101", "20240102")]),
        )],
        vec![(
            Column::StudyDate,
            Matching::Dates(vec![span("", "20231231"), span("20240103", "")]),
        )],
        vec![
            (Column::StudyDate, Matching::Empty),
            (Column::StudyTime, Matching::Empty),
        ],
        vec![(
            Column::PatientBirthDate,
            Matching::Dates(vec![span("", "19700101")]),
        )],
        vec![
            (Column::ModalitiesInStudy, text("C?")),
            (Column::Modality, text("SR")),
        ],
        vec![(Column::SopClassesInStudy, text(SR))],
        vec![
            (Column::SopClassUid, text(SR)),
            (Column::Rows, Matching::Numbers(vec![1.0, 2.0])),
        ],
        vec![(Column::InstanceNumber, Matching::Numbers(vec![1.0]))],
        vec![(Column::SeriesNumber, Matching::Empty)],
        vec![
            (Column::SeriesInstanceUid, text("1.1.1")),
            (Column::StudyInstanceUid, text("1.1")),
        ],
        vec![(
            Column::SopInstanceUid,
            Matching::Texts(vec![
                Pattern::literal("1.0.0.0"),
                Pattern::literal("1.1.1.1"),
            ]),
        )],
    ];
    let mut queries = Vec::new();
    for level in [Level::Patient, Level::Study, Level::Series, Level::Instance] {
        for some in &conditions {
            for include_hidden in [false, true] {
                let conditions = some.iter().map(|(column, matching)| Condition {
                    column: *column,
                    matching: matching.clone(),
                });
                queries.push(IndexQuery {
                    conditions: conditions.collect(),
                    include_hidden,
                    ..IndexQuery::all(level)
                });
            }
        }
        let only_studies = Some(vec!["1.0".to_owned(), "1.2".to_owned()]);
        queries.push(IndexQuery {
            only_studies,
            ..IndexQuery::all(level)
        });
    }
    queries
}

/// Rows without the numbers, which are each index's own.
fn plain(index: &dyn Index, query: &IndexQuery) -> Vec<Row> {
    let mut rows = rows(index, query);
    for row in &mut rows {
        match row {
            Row::Patient(patient) => {
                let mut plain = (**patient).clone();
                plain.id = 0;
                *patient = plain.into();
            }
            Row::Study(study) | Row::Series(study, _) | Row::Instance(study, ..) => {
                let mut plain = (**study).clone();
                (plain.id, plain.patient) = (0, 0);
                *study = plain.into();
            }
        }
        if let Row::Series(_, series) | Row::Instance(_, series, _) = row {
            let mut plain = (**series).clone();
            plain.id = 0;
            *series = plain.into();
        }
    }
    rows
}

fn compare(index: &dyn Index, oracle: &dyn Index) {
    assert_eq!(
        index.statistics().expect("statistics"),
        oracle.statistics().expect("statistics")
    );
    assert_eq!(index.live().expect("live"), oracle.live().expect("live"));
    for query in queries() {
        assert_eq!(plain(index, &query), plain(oracle, &query), "{query:?}");
    }
    let sorted = |index: &dyn Index| -> BTreeSet<String> {
        let all = headers(index, &Selection::default());
        all.iter().map(ToString::to_string).collect()
    };
    assert_eq!(sorted(index), sorted(oracle));
    for study in 0..3 {
        let selection = Selection {
            study_instance_uids: vec![format!("1.{study}")],
            ..Selection::default()
        };
        assert_eq!(
            index.state_tag(&selection).expect("tag"),
            oracle.state_tag(&selection).expect("tag")
        );
        let uid = sop(study, 1, 1);
        for uid in ["1.0", "1.1.1", uid.as_str()] {
            assert_eq!(
                index.was_deleted(uid).expect("was_deleted"),
                oracle.was_deleted(uid).expect("was_deleted")
            );
        }
        assert_eq!(
            index.known(uid.as_str()).expect("known"),
            oracle.known(uid.as_str()).expect("known")
        );
    }
}

/// Tells histories to `index` (emptied between them) and to the oracle, and compares.
pub fn any_history(index: &dyn Index, cases: u32) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let histories = proptest::collection::vec(step(), 0..60);
    proptest!(config, |(steps in histories)| {
        let oracle = MemoryIndex::default();
        index.clear().expect("clear");
        tell(index, &steps);
        tell(&oracle, &steps);
        compare(index, &oracle);
    });
}
