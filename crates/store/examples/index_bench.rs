//! Fills an index with a million instances in fifty thousand studies and times what is asked of it:
//! `cargo run --release -p sagittal-store --example index_bench [instances] [folder]`.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use sagittal_store::blob::Locator;
use sagittal_store::index::sqlite::{Options, SqliteIndex};
use sagittal_store::index::{
    Change, Column, Condition, Entry, Index, IndexQuery, InstanceAttributes, Level, Matching,
    NamePattern, Pattern, Selection, SeriesAttributes, Span, StudyAttributes, Watermarks,
};

const SERIES: u64 = 2;
const PER_SERIES: u64 = 10;
const GROUP: usize = 100;

const FAMILY: [&str; 20] = [
    "Smith",
    "Müller",
    "García",
    "Kim",
    "Nguyen",
    "Rossi",
    "Novák",
    "Silva",
    "Johansson",
    "Yamada",
    "Ivanov",
    "Dubois",
    "Kowalski",
    "O'Brien",
    "Haddad",
    "Okafor",
    "Andersen",
    "Papadopoulos",
    "Singh",
    "Chen",
];
const GIVEN: [&str; 20] = [
    "Anna", "Peter", "María", "John", "Linh", "Luca", "Jana", "João", "Erik", "Hanako", "Olga",
    "Jean", "Piotr", "Sean", "Layla", "Chidi", "Mette", "Nikos", "Raj", "Wei",
];

fn scramble(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^ (x >> 27)
}

fn pick<'a>(list: &[&'a str], n: u64) -> &'a str {
    let at = usize::try_from(n % list.len() as u64).unwrap_or(0);
    list.get(at).copied().unwrap_or("")
}

fn study_uid(study: u64) -> String {
    format!("1.2.826.0.1.3680043.9.7777.1.{}.{study}", 100_000 + study)
}

fn name(study: u64) -> String {
    let n = scramble(study);
    format!(
        "{}^{}^{}",
        pick(&FAMILY, n),
        pick(&GIVEN, n >> 8),
        study % 500
    )
}

fn date(study: u64) -> String {
    let day = scramble(study) % 3_650;
    format!(
        "{}{:02}{:02}",
        2016 + day / 365,
        day % 365 / 31 + 1,
        day % 28 + 1
    )
}

/// About the size and the variety of a CT header.
fn header(study: u64, series: u64, n: u64, sop: &str) -> Vec<u8> {
    let mut json = format!(
        r#"{{"00080005":{{"vr":"CS","Value":["ISO_IR 192"]}},"00080018":{{"vr":"UI","Value":["{sop}"]}},"0020000D":{{"vr":"UI","Value":["{}"]}},"00200013":{{"vr":"IS","Value":[{n}]}},"00200032":{{"vr":"DS","Value":[-250.5,-250.5,{}.25]}},"00201041":{{"vr":"DS","Value":[{}.25]}}"#,
        study_uid(study),
        n * 3,
        n * 3,
    );
    for element in 0..90u64 {
        let value = scramble(element + if element < 80 { series * 1_000 } else { n * 77 });
        json.push_str(&format!(
            r#","0019{:04X}":{{"vr":"LO","Value":["{}{value}"]}}"#,
            0x1001 + element,
            pick(&FAMILY, element)
        ));
    }
    json.push_str(&format!(
        r#","7FE00010":{{"vr":"OW","BulkDataURI":"{}/studies/{}/instances/{sop}/bulkdata/7FE00010"}}}}"#,
        '\u{1}',
        study_uid(study)
    ));
    json.into_bytes()
}

fn entry(sequence: u64) -> Entry {
    let study = sequence / (SERIES * PER_SERIES);
    let series = sequence / PER_SERIES;
    let n = sequence % PER_SERIES + 1;
    let sop = format!("{}.{}.{n}", study_uid(study), series % SERIES);
    Entry {
        study: StudyAttributes {
            patient_id: format!("PID{:07}", study / 2),
            patient_name: name(study),
            patient_birth_date: "19650412".into(),
            patient_sex: pick(&["M", "F"], study).into(),
            study_instance_uid: study_uid(study),
            study_date: date(study),
            study_time: format!("{:02}3015", study % 24),
            accession_number: format!("ACC{study:08}"),
            study_id: (study % 1_000).to_string(),
            study_description: "CT Thorax with contrast".into(),
            referring_physician_name: "Referrer^Some".into(),
            ..StudyAttributes::default()
        },
        series: SeriesAttributes {
            series_instance_uid: format!("{}.{}", study_uid(study), series % SERIES),
            modality: pick(&["CT", "MR"], series).into(),
            series_number: (series % SERIES + 1).to_string(),
            series_description: "Thorax 1.5 B60f".into(),
            body_part_examined: "CHEST".into(),
            manufacturer: "ACME Medical".into(),
            station_name: "CT01".into(),
            ..SeriesAttributes::default()
        },
        instance: InstanceAttributes {
            sop_class_uid: "1.2.840.10008.5.1.4.1.1.2".into(),
            sop_instance_uid: sop.clone(),
            instance_number: n.to_string(),
            content_date: date(study),
            content_time: "103015.123000".into(),
            rows: Some(512),
            columns: Some(512),
            bits_allocated: Some(16),
            number_of_frames: None,
        },
        locator: Locator {
            pack: sequence / 250,
            offset: sequence % 250 * 527_000,
            header_length: 180,
            prefix_length: 0,
            length: 526_000,
        },
        sequence: sequence + 1,
        hash: [scramble(sequence) as u8; 32],
        transfer_syntax_uid: "1.2.840.10008.1.2.1".into(),
        frames: vec![3; 20],
        header: header(study, series, n, &sop),
        source: "MODALITY1".into(),
        received_ms: 1_700_000_000_000 + i64::try_from(sequence).unwrap_or(0),
        hidden: false,
        arrival: None,
    }
}

fn folder_size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).expect("folder");
    files
        .filter_map(|file| file.ok()?.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

fn fill(index: &SqliteIndex, instances: u64) {
    let mut applying = Duration::ZERO;
    let mut header_bytes = 0u64;
    for first in (0..instances).step_by(GROUP) {
        let last = (first + GROUP as u64).min(instances);
        let changes: Vec<Change> = (first..last)
            .map(|sequence| Change::Store(Box::new(entry(sequence))))
            .collect();
        header_bytes += changes
            .iter()
            .map(|change| match change {
                Change::Store(entry) => entry.header.len() as u64,
                _ => 0,
            })
            .sum::<u64>();
        let start = Instant::now();
        let marks = Watermarks::from([(1, last)]);
        index.apply(&changes, &marks).expect("apply");
        applying += start.elapsed();
        if last.is_multiple_of((instances / 10).max(1)) {
            let rate = last as f64 / applying.as_secs_f64();
            eprintln!("{last} instances, {rate:.0} rows/s so far");
        }
    }
    println!(
        "apply: {:.0} rows/s in groups of {GROUP}, headers of {} bytes",
        instances as f64 / applying.as_secs_f64(),
        header_bytes / instances
    );
    // As when modalities send in lock-step: one row a transaction.
    let start = Instant::now();
    for sequence in instances..instances + 1_000 {
        let changes = [Change::Store(Box::new(entry(sequence)))];
        index.apply(&changes, &Watermarks::new()).expect("apply");
    }
    println!(
        "apply one by one: {:.0} rows/s",
        1_000.0 / start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    while index
        .maintain(Duration::from_secs(3_600))
        .expect("maintain")
    {}
    println!("tidying: {:.1} s", start.elapsed().as_secs_f64());
}

fn time(what: &str, mut ask: impl FnMut(u64) -> u64) {
    let (mut times, mut answers) = (Vec::new(), 0);
    for round in 0..300 {
        let start = Instant::now();
        answers += ask(scramble(round));
        times.push(start.elapsed());
    }
    times.sort();
    println!(
        "{what}: p50 {:.3} ms, p99 {:.3} ms, {:.1} answers",
        times[150].as_secs_f64() * 1e3,
        times[297].as_secs_f64() * 1e3,
        answers as f64 / 300.0
    );
}

fn ask(index: &SqliteIndex, level: Level, conditions: Vec<(Column, Matching)>, most: u64) -> u64 {
    let conditions = conditions
        .into_iter()
        .map(|(column, matching)| Condition { column, matching });
    let query = IndexQuery {
        conditions: conditions.collect(),
        expected: (most < u64::MAX).then_some(most),
        ..IndexQuery::all(level)
    };
    let mut answers = 0;
    index
        .find(&query, &mut |_| {
            answers += 1;
            match answers < most {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })
        .expect("find");
    answers
}

fn queries(index: &SqliteIndex, studies: u64) {
    use Column::*;
    let all = u64::MAX;
    let text = |text: String| Matching::Texts(vec![Pattern::literal(text)]);
    let week = |n: u64| {
        let day = i64::try_from(736_000 + n % 3_600).unwrap_or(0);
        let span = Span {
            from: Some(day),
            to: Some(day + 6),
        };
        Matching::Dates(vec![span])
    };
    let study = |column, matching| vec![(column, matching)];
    time("study by UID", |n| {
        ask(
            index,
            Level::Study,
            study(StudyInstanceUid, text(study_uid(n % studies))),
            all,
        )
    });
    time("study by Patient ID", |n| {
        ask(
            index,
            Level::Study,
            study(PatientId, text(format!("PID{:07}", n % studies / 2))),
            all,
        )
    });
    time("study by Accession Number", |n| {
        ask(
            index,
            Level::Study,
            study(AccessionNumber, text(format!("ACC{:08}", n % studies))),
            all,
        )
    });
    time("study by name", |n| {
        let name = Matching::Names(vec![NamePattern::new(&name(n % studies))]);
        ask(index, Level::Study, study(PatientName, name), all)
    });
    time("study by name, prefix, first 50", |n| {
        let prefix = format!("{}^{}*", pick(&FAMILY, n), pick(&GIVEN, n >> 8));
        let name = Matching::Names(vec![NamePattern::new(&prefix)]);
        ask(index, Level::Study, study(PatientName, name), 50)
    });
    time("study by name, *contained*, first 50", |n| {
        let name = Matching::Names(vec![NamePattern::new(&format!("*{}*", pick(&GIVEN, n)))]);
        ask(index, Level::Study, study(PatientName, name), 50)
    });
    time("study by date, a week", |n| {
        ask(index, Level::Study, study(StudyDate, week(n)), all)
    });
    time("study by date and name prefix", |n| {
        let name = Matching::Names(vec![NamePattern::new(&format!("{}*", pick(&FAMILY, n)))]);
        ask(
            index,
            Level::Study,
            vec![(StudyDate, week(n)), (PatientName, name)],
            all,
        )
    });
    time("newest 50 studies", |_| {
        ask(index, Level::Study, vec![], 50)
    });
    time("newest 50 studies with an MR series", |_| {
        ask(index, Level::Study, study(Modality, text("MR".into())), 50)
    });
    time("studies with a US series, of which there are none", |_| {
        ask(index, Level::Study, study(Modality, text("US".into())), 50)
    });
    time("series of a study", |n| {
        ask(
            index,
            Level::Series,
            study(StudyInstanceUid, text(study_uid(n % studies))),
            all,
        )
    });
    time("instances of a series", |n| {
        let uid = format!("{}.1", study_uid(n % studies));
        ask(
            index,
            Level::Instance,
            study(SeriesInstanceUid, text(uid)),
            all,
        )
    });
    time("instance by UID", |n| {
        let uid = format!("{}.1.5", study_uid(n % studies));
        u64::from(index.instance(&uid).expect("instance").is_some())
    });
    time("known", |n| {
        let uid = format!("{}.1.5", study_uid(n % studies));
        u64::from(index.known(&uid).expect("known").is_some())
    });
    time("headers of a study", |n| {
        let selection = Selection {
            study_instance_uids: vec![study_uid(n % studies)],
            ..Selection::default()
        };
        let mut headers = 0;
        let mut sink = |_, count| {
            headers += count;
            ControlFlow::Continue(())
        };
        index.headers(&selection, &mut sink).expect("headers");
        headers
    });
    for level in [Level::Patient, Level::Study, Level::Series, Level::Instance] {
        let start = Instant::now();
        let answers = ask(index, level, vec![], all);
        let rate = answers as f64 / start.elapsed().as_secs_f64();
        println!("universal, {level:?}: {rate:.0} answers/s ({answers})");
        let start = Instant::now();
        let count = index.count(&IndexQuery::all(level)).expect("count");
        println!(
            "  counted in {:.2} ms: {count}",
            start.elapsed().as_secs_f64() * 1e3
        );
    }
}

fn large_study(index: &SqliteIndex, sequence: u64) {
    let mut group = Vec::new();
    for n in 1..=2_000 {
        let mut entry = entry(sequence + n);
        entry.study.study_instance_uid = "1.2.3.4".into();
        entry.series.series_instance_uid = format!("1.2.3.4.{}", n % 4);
        entry.instance.sop_instance_uid = format!("1.2.3.4.{}.{n}", n % 4);
        entry.instance.instance_number = n.to_string();
        group.push(Change::Store(Box::new(entry)));
        if group.len() == 20 {
            index.apply(&group, &Watermarks::new()).expect("apply");
            group.clear();
        }
    }
    let selection = Selection {
        study_instance_uids: vec!["1.2.3.4".into()],
        ..Selection::default()
    };
    for state in ["as they came", "tidied"] {
        let start = Instant::now();
        let (mut headers, mut bytes) = (0, 0);
        let mut sink = |json: Vec<u8>, count| {
            headers += count;
            bytes += json.len();
            ControlFlow::Continue(())
        };
        index.headers(&selection, &mut sink).expect("headers");
        println!(
            "headers of a study of 2,000, {state}: {:.1} ms ({headers}, {} KB)",
            start.elapsed().as_secs_f64() * 1e3,
            bytes / 1024
        );
        while index.maintain(Duration::from_secs(60)).expect("maintain") {}
    }
    let start = Instant::now();
    index.state_tag(&selection).expect("tag");
    println!("state tag: {:.3} ms", start.elapsed().as_secs_f64() * 1e3);
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let instances: u64 = arguments
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000_000);
    let temporary;
    let folder = match arguments.next() {
        Some(folder) => std::path::PathBuf::from(folder),
        None => {
            temporary = tempfile::tempdir().expect("folder");
            temporary.path().to_owned()
        }
    };
    let index = SqliteIndex::open(&folder, Options::default()).expect("open");
    if index.statistics().expect("statistics").instances == 0 {
        fill(&index, instances);
    }
    drop(index);
    let size = folder_size(&folder);
    println!(
        "{} MB, {} bytes an instance, headers included",
        size >> 20,
        size / instances
    );
    let start = Instant::now();
    let index = SqliteIndex::open(&folder, Options::default()).expect("open");
    index.known("1.2").expect("known");
    println!(
        "open to the first answer: {:.1} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
    for (what, bytes) in index.sizes().expect("sizes") {
        println!("  {what}: {} bytes an instance", bytes / instances);
    }
    queries(&index, instances / (SERIES * PER_SERIES));
    large_study(&index, instances + 10_000);
}
