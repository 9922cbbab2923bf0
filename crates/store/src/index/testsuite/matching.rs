//! Every kind of matching, at every level.

use super::*;
use crate::index::key;
use crate::index::{Column, Condition, Matching, NamePattern, Pattern, Span, Watermarks};

/// Runs this part.
pub fn run(make: Make<'_>) {
    let index = make();
    fill(&*index);
    every_kind_of_matching(&*index);
    levels_reach_into_each_other(&*index);
    answers_are_in_order(&*index);
    an_answer_may_be_the_last(&*index);
    only_listed_studies_are_seen(&*index);
}

fn fill(index: &dyn Index) {
    let mut changes = Vec::new();
    let mut sequence = 0;
    let studies = [
        ("1.1", "Müller^Jörg", "20240101", "080000", "ACC1", "M"),
        ("1.2", "Mueller^Hans", "20240101", "120000", "ACC2", "M"),
        (
            "1.3",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
            "20240215",
            "",
            "",
            "M",
        ),
        ("1.4", "DOE^JANE", "20231231", "235959.5", "ACC[4]", "F"),
        ("1.5", "", "", "", "", ""),
        ("1.6", "Smith", "2024-1", "9", "ACC6", "O"),
    ];
    for (uid, name, date, time, accession, sex) in studies {
        for series in 1..=2 {
            for n in [3, 1, 2] {
                sequence += 1;
                let mut entry = entry(uid, series, n, sequence);
                entry.study.patient_name = name.into();
                entry.study.study_date = date.into();
                entry.study.study_time = time.into();
                entry.study.accession_number = accession.into();
                entry.study.patient_sex = sex.into();
                entry.study.patient_birth_date = "19700101".into();
                entry.study.referring_physician_name = format!("Ref^{}", &uid[2..]);
                entry.series.series_description = format!("Axial {series}");
                if series == 2 {
                    entry.series.modality = "SR".into();
                    entry.instance.sop_class_uid = SR.into();
                    entry.instance.rows = None;
                    entry.series.scheduled_procedure_step_id = format!("SPS1\\SPS{uid}");
                }
                entry.series.requested_procedure_id = format!("RP{uid}");
                changes.push(store(entry));
            }
        }
    }
    index.apply(&changes, &Watermarks::new()).expect("apply");
}

fn ask(level: Level, conditions: &[(Column, Matching)]) -> IndexQuery {
    IndexQuery {
        conditions: conditions
            .iter()
            .map(|(column, matching)| Condition {
                column: *column,
                matching: matching.clone(),
            })
            .collect(),
        ..IndexQuery::all(level)
    }
}

fn text(text: &str) -> Matching {
    Matching::Texts(vec![Pattern::wildcard(text)])
}

fn texts(texts: &[&str]) -> Matching {
    Matching::Texts(texts.iter().map(|t| Pattern::literal(*t)).collect())
}

fn name(name: &str) -> Matching {
    Matching::Names(vec![NamePattern::new(name)])
}

fn dates(from: &str, to: &str) -> Matching {
    Matching::Dates(vec![Span {
        from: key::date_key(from),
        to: key::date_key(to),
    }])
}

fn every_kind_of_matching(index: &dyn Index) {
    use Column::*;
    let moments = |from: &str, to: &str| {
        Matching::Moments(vec![Span {
            from: key::date_time_key(from),
            to: key::date_time_key(to),
        }])
    };
    let times = |from: &str, to: &str| {
        Matching::Times(vec![Span {
            from: key::time_key(from),
            to: key::time_key(to),
        }])
    };
    let sounds = |words: &str| Matching::Sounds(vec![sagittal_core::fold::phonetic_words(words)]);
    let cases: &[(Column, Matching, &str)] = &[
        (PatientName, name("MULLER^JORG"), "1.1"),
        (PatientName, name("m*ller*"), "1.2 1.1"),
        (PatientName, name("mu*"), "1.2 1.1"),
        (PatientName, name("山田*"), "1.3"),
        (PatientName, name("yamada^*=山?^*"), "1.3"),
        (PatientName, name("*まだ*"), "1.3"),
        (PatientName, name("smith^*"), "1.6"),
        (PatientName, name("jane"), ""),
        (PatientName, Matching::Empty, "1.5"),
        (PatientName, sounds("Jane Doe"), "1.4"),
        (
            PatientName,
            Matching::Names(vec![NamePattern::new("doe*"), NamePattern::new("smith")]),
            "1.4 1.6",
        ),
        (ReferringPhysicianName, name("ref^3"), "1.3"),
        (AccessionNumber, text("ACC1"), "1.1"),
        (AccessionNumber, text("acc1"), ""),
        (AccessionNumber, text("ACC?"), "1.2 1.1 1.6"),
        (AccessionNumber, text("ACC[4]*"), "1.4"),
        (AccessionNumber, text("*2"), "1.2"),
        (AccessionNumber, texts(&["ACC2", "ACC6", "no"]), "1.2 1.6"),
        (AccessionNumber, Matching::Empty, "1.3 1.5"),
        (PatientId, texts(&["P1.4"]), "1.4"),
        (PatientSex, text("M"), "1.3 1.2 1.1"),
        (PatientSex, Matching::Empty, "1.5"),
        (StudyInstanceUid, texts(&["1.4", "1.2", "7"]), "1.2 1.4"),
        (StudyDate, dates("20240101", "20240101"), "1.2 1.1"),
        (StudyDate, dates("20240101", ""), "1.3 1.2 1.1"),
        (StudyDate, dates("", "20240101"), "1.2 1.1 1.4"),
        (
            StudyDate,
            Matching::Dates(vec![Span {
                from: None,
                to: None,
            }]),
            "1.3 1.2 1.1 1.4",
        ),
        (StudyDate, Matching::Empty, "1.5"),
        (
            StudyDate,
            moments("20231231235959", "20240101100000"),
            "1.1 1.4",
        ),
        (StudyDate, moments("", "20231231235959.5"), "1.4"),
        (StudyTime, times("080000", "120000"), "1.2 1.1"),
        (StudyTime, times("", "080000"), "1.1"),
        (
            PatientBirthDate,
            dates("19700101", "19700101"),
            "1.3 1.2 1.1 1.4 1.5 1.6",
        ),
        (PatientBirthDate, dates("19700102", ""), ""),
        (ModalitiesInStudy, text("SR"), "1.3 1.2 1.1 1.4 1.5 1.6"),
        (ModalitiesInStudy, text("S?"), "1.3 1.2 1.1 1.4 1.5 1.6"),
        (ModalitiesInStudy, texts(&["MR", "US"]), ""),
        (SopClassesInStudy, texts(&[SR]), "1.3 1.2 1.1 1.4 1.5 1.6"),
        (Modality, text("SR"), "1.3 1.2 1.1 1.4 1.5 1.6"),
        (Modality, text("MR"), ""),
        (SeriesInstanceUid, texts(&["1.3.2"]), "1.3"),
        (ScheduledProcedureStepId, texts(&["SPS1.4"]), "1.4"),
        (
            ScheduledProcedureStepId,
            texts(&["SPS1.5", "SPS1.2"]),
            "1.2 1.5",
        ),
        (ScheduledProcedureStepId, texts(&["SPS"]), ""),
        (RequestedProcedureId, texts(&["RP1.5"]), "1.5"),
        (SopInstanceUid, texts(&["1.6.2.1", "1.6.1.1"]), "1.6"),
        (SopClassUid, texts(&["9.9"]), ""),
    ];
    for (column, matching, expected) in cases {
        let found = uids(index, &ask(Level::Study, &[(*column, matching.clone())])).join(" ");
        assert_eq!(found, *expected, "{column:?} {matching:?}");
        let patients = uids(index, &ask(Level::Patient, &[(*column, matching.clone())]));
        assert_eq!(
            patients.len(),
            expected.split(' ').filter(|u| !u.is_empty()).count(),
            "{column:?}"
        );
    }
}

fn levels_reach_into_each_other(index: &dyn Index) {
    use Column::*;
    let series = |conditions: &[(Column, Matching)]| uids(index, &ask(Level::Series, conditions));
    let instances =
        |conditions: &[(Column, Matching)]| uids(index, &ask(Level::Instance, conditions));
    assert_eq!(
        series(&[(PatientName, name("doe*")), (Modality, text("SR"))]),
        ["1.4.2"]
    );
    assert_eq!(series(&[(SopInstanceUid, texts(&["1.4.1.3"]))]), ["1.4.1"]);
    assert_eq!(
        series(&[
            (SeriesNumber, Matching::Numbers(vec![2.0])),
            (PatientId, text("P1.1"))
        ]),
        ["1.1.2"]
    );
    assert_eq!(
        series(&[(SeriesDescription, text("axial*"))]).len()
            + series(&[(SeriesDescription, text("Axial*"))]).len(),
        12
    );
    assert_eq!(
        instances(&[
            (PatientId, text("P1.3")),
            (InstanceNumber, Matching::Numbers(vec![3.0]))
        ]),
        ["1.3.1.3", "1.3.2.3"]
    );
    assert_eq!(
        instances(&[
            (SopClassUid, texts(&[SR])),
            (StudyInstanceUid, texts(&["1.3"]))
        ]),
        ["1.3.2.1", "1.3.2.2", "1.3.2.3"]
    );
    assert_eq!(
        instances(&[
            (Rows, Matching::Numbers(vec![512.0])),
            (AccessionNumber, text("ACC2"))
        ]),
        ["1.2.1.1", "1.2.1.2", "1.2.1.3"]
    );
    assert_eq!(
        instances(&[(Rows, Matching::Empty), (AccessionNumber, text("ACC2"))]),
        ["1.2.2.1", "1.2.2.2", "1.2.2.3"]
    );
    // One series must fulfil both.
    let both = [
        (Modality, text("SR")),
        (SeriesNumber, Matching::Numbers(vec![1.0])),
    ];
    assert!(uids(index, &ask(Level::Study, &both)).is_empty());
    let below = [
        (Modality, text("SR")),
        (Rows, Matching::Numbers(vec![512.0])),
    ];
    assert!(uids(index, &ask(Level::Study, &below)).is_empty());
}

fn answers_are_in_order(index: &dyn Index) {
    let all = |level| uids(index, &IndexQuery::all(level));
    assert_eq!(
        all(Level::Study),
        ["1.3", "1.2", "1.1", "1.4", "1.5", "1.6"]
    );
    assert_eq!(
        all(Level::Series)[..4],
        ["1.3.1", "1.3.2", "1.2.1", "1.2.2"]
    );
    assert_eq!(
        all(Level::Instance)[..4],
        ["1.3.1.1", "1.3.1.2", "1.3.1.3", "1.3.2.1"]
    );
    assert_eq!(all(Level::Instance).len(), 36);
    assert_eq!(
        all(Level::Patient),
        ["P1.5", "P1.4", "P1.2", "P1.1", "P1.6", "P1.3"]
    );
}

fn an_answer_may_be_the_last(index: &dyn Index) {
    for take in [1, 2, 17] {
        let mut query = IndexQuery::all(Level::Instance);
        query.expected = Some(take);
        let mut taken = 0;
        index
            .find(&query, &mut |_| {
                taken += 1;
                if taken == take {
                    std::ops::ControlFlow::Break(())
                } else {
                    std::ops::ControlFlow::Continue(())
                }
            })
            .expect("find");
        assert_eq!(taken, take);
    }
}

fn only_listed_studies_are_seen(index: &dyn Index) {
    for (level, expected) in [
        (Level::Patient, 2),
        (Level::Study, 2),
        (Level::Series, 4),
        (Level::Instance, 12),
    ] {
        let mut query = IndexQuery::all(level);
        query.only_studies = Some(vec!["1.1".into(), "1.4".into(), "8".into()]);
        assert_eq!(uids(index, &query).len(), expected);
        query.only_studies = Some(vec![]);
        assert!(uids(index, &query).is_empty());
    }
}
