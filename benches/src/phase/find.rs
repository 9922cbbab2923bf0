//! A large index: loading it, asking it by C-FIND and QIDO-RS, starting over it.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::Bench;
use crate::association::Association;
use crate::budget::ORTHANC;
use crate::client::{Peer, find_once, in_parallel, open_find};
use crate::measure::{Timings, median};
use crate::message::identifier;
use crate::population::{DATES, FAMILIES, Identity, Population, STUDIES_PER_PATIENT, Slot};
use crate::server::{DICOMWEB, Server, settle};
use crate::template::Load;
use crate::{client, http};

const PHASE: &str = "find";
const PER_STUDY: u64 = 20;
const POPULATION: Population = Population {
    number: 10,
    per_study: PER_STUDY,
    per_series: 10,
};
const ASSOCIATIONS: usize = 8;

const LEVEL: u32 = 0x0008_0052;
const STUDY_DATE: u32 = 0x0008_0020;
const STUDY_TIME: u32 = 0x0008_0030;
const ACCESSION_NUMBER: u32 = 0x0008_0050;
const MODALITIES_IN_STUDY: u32 = 0x0008_0061;
const STUDY_DESCRIPTION: u32 = 0x0008_1030;
const SOP_INSTANCE_UID: u32 = 0x0008_0018;
const MODALITY: u32 = 0x0008_0060;
const PATIENT_NAME: u32 = 0x0010_0010;
const PATIENT_ID: u32 = 0x0010_0020;
const STUDY_INSTANCE_UID: u32 = 0x0020_000D;
const SERIES_INSTANCE_UID: u32 = 0x0020_000E;
const SERIES_NUMBER: u32 = 0x0020_0011;
const INSTANCE_NUMBER: u32 = 0x0020_0013;

pub fn run(bench: &mut Bench) -> Result<()> {
    let studies = if bench.options.quick { 5_000 } else { 50_000 };
    let server = bench.sagittal("index")?;
    load(bench, &server, studies * PER_STUDY)?;
    std::thread::sleep(std::time::Duration::from_secs(2));
    let idle = server.memory()?.0;
    bench
        .report
        .add(PHASE, "memory idle after load", "MB", idle, &[]);
    bench.finish(server, None)?;
    start(bench)?;
    let index = index_bytes(&bench.path("index"))? / (studies * PER_STUDY) as f64;
    bench
        .report
        .add(PHASE, "index with headers", "bytes", index, &[]);

    let server = bench.sagittal("index")?;
    // A tenth of the studies is all that it takes in a bearable time.
    let orthanc_studies = studies / 10;
    let orthanc = bench.orthanc("index-orthanc")?;
    if let Some(orthanc) = &orthanc {
        let load = Load {
            template: &bench.templates.small,
            population: POPULATION,
        };
        client::store(
            &orthanc.peer,
            &load,
            0..orthanc_studies * PER_STUDY,
            ASSOCIATIONS,
        )?;
    }
    for (name, query) in QUERIES {
        let ours = repeat(&server.peer, studies, 200, *query)?;
        let theirs = orthanc
            .as_ref()
            .map(|orthanc| repeat(&orthanc.peer, orthanc_studies, 30, *query));
        let peers: Vec<_> = theirs
            .transpose()?
            .map(|value| (ORTHANC, value))
            .into_iter()
            .collect();
        bench
            .report
            .add(PHASE, format!("C-FIND {name}"), "ms", ours, &peers);
    }
    let ours = universal(&server.peer, studies)?;
    let theirs = orthanc
        .as_ref()
        .map(|orthanc| universal(&orthanc.peer, orthanc_studies));
    let peers: Vec<_> = theirs
        .transpose()?
        .map(|value| (ORTHANC, value))
        .into_iter()
        .collect();
    bench
        .report
        .add(PHASE, "C-FIND universal", "answers/s", ours, &peers);
    pages(bench, &server, orthanc.as_ref(), studies, orthanc_studies)?;
    drop(orthanc);
    let _ = std::fs::remove_dir_all(bench.path("index-orthanc"));
    bench.finish(server, Some("index"))
}

/// Loads instances and sees whether the last come in as fast as the first.
fn load(bench: &mut Bench, server: &Server, instances: u64) -> Result<()> {
    let load = Load {
        template: &bench.templates.small,
        population: POPULATION,
    };
    let mut rates = Vec::new();
    for tenth in 0..10 {
        let range = instances / 10 * tenth..instances / 10 * (tenth + 1);
        rates.push(client::store(&server.peer, &load, range, ASSOCIATIONS)?.rate());
    }
    settle();
    let first = ("first tenth", rates.first().copied().unwrap_or(f64::NAN));
    let last = rates.last().copied().unwrap_or(f64::NAN);
    bench
        .report
        .add(PHASE, "load, last tenth", "per s", last, &[first]);
    Ok(())
}

/// From the start of the process to the first answer.
fn start(bench: &mut Bench) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..3 {
        let server = bench.sagittal("index")?;
        let begun = Instant::now();
        let mut association = open_find(&server.peer)?;
        let found = find_once(&mut association, &exact(1, 0).0)?;
        ensure!(found == 1, "the first answer after a start is wrong");
        times.push((server.started_in + begun.elapsed()).as_secs_f64() * 1e3);
        association.release()?;
        bench.finish(server, None)?;
    }
    bench
        .report
        .add(PHASE, "start to first answer", "ms", median(&times), &[]);
    Ok(())
}

/// Bytes of SQLite files in the data folder.
fn index_bytes(folder: &Path) -> Result<f64> {
    let mut total = 0.0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            total += index_bytes(&entry.path())?;
        } else if entry.file_name().to_string_lossy().contains("index") {
            total += entry.metadata()?.len() as f64;
        }
    }
    Ok(total)
}

/// An identifier and how many answers it must have, for the `n`-th repetition over so many studies.
type Query = fn(n: u64, studies: u64) -> (Vec<u8>, u64);

const QUERIES: &[(&str, Query)] = &[
    ("exact key", exact),
    ("name", name),
    ("date, a week", week),
    ("series level", series),
    ("instance level", instances),
];

fn study_keys(given: &[(u32, &str)]) -> Vec<u8> {
    let mut keys = vec![
        (STUDY_DATE, ""),
        (STUDY_TIME, ""),
        (ACCESSION_NUMBER, ""),
        (LEVEL, "STUDY"),
        (MODALITIES_IN_STUDY, ""),
        (STUDY_DESCRIPTION, ""),
        (PATIENT_NAME, ""),
        (PATIENT_ID, ""),
        (STUDY_INSTANCE_UID, ""),
    ];
    for (tag, value) in given {
        keys.iter_mut()
            .filter(|key| key.0 == *tag)
            .for_each(|key| key.1 = value);
    }
    identifier(&keys)
}

/// A study scattered over all, the same ones each time.
fn pick(n: u64, studies: u64) -> Identity {
    POPULATION.study((n * 7_919 + 13) % studies.max(1))
}

fn exact(n: u64, studies: u64) -> (Vec<u8>, u64) {
    let accession_number = pick(n, studies).text(Slot::AccessionNumber);
    (study_keys(&[(ACCESSION_NUMBER, &accession_number)]), 1)
}

fn name(n: u64, studies: u64) -> (Vec<u8>, u64) {
    let patients = studies / STUDIES_PER_PATIENT;
    let family = n * 31 % FAMILIES.min(patients);
    let pattern = format!("{}^*", Identity::family_name(family));
    let sharing = (patients - family).div_ceil(FAMILIES);
    (
        study_keys(&[(PATIENT_NAME, &pattern)]),
        sharing * STUDIES_PER_PATIENT,
    )
}

fn week(n: u64, studies: u64) -> (Vec<u8>, u64) {
    let first = n * 28 % (DATES - 7) / 28 * 28;
    let range = format!("{}-{}", Identity::date(first), Identity::date(first + 6));
    let wanted = first..first + 7;
    let matching = (0..studies).filter(|study| wanted.contains(&Identity::date_number(*study)));
    (study_keys(&[(STUDY_DATE, &range)]), matching.count() as u64)
}

fn series(n: u64, studies: u64) -> (Vec<u8>, u64) {
    let uid = pick(n, studies).text(Slot::StudyInstanceUid);
    let keys = identifier(&[
        (LEVEL, "SERIES"),
        (MODALITY, ""),
        (STUDY_INSTANCE_UID, &uid),
        (SERIES_INSTANCE_UID, ""),
        (SERIES_NUMBER, ""),
    ]);
    (keys, PER_STUDY / POPULATION.per_series)
}

fn instances(n: u64, studies: u64) -> (Vec<u8>, u64) {
    let identity = pick(n, studies);
    let (study, series) = (
        identity.text(Slot::StudyInstanceUid),
        identity.text(Slot::SeriesInstanceUid),
    );
    let keys = identifier(&[
        (SOP_INSTANCE_UID, ""),
        (LEVEL, "IMAGE"),
        (STUDY_INSTANCE_UID, &study),
        (SERIES_INSTANCE_UID, &series),
        (INSTANCE_NUMBER, ""),
    ]);
    (keys, POPULATION.per_series)
}

/// The middle time of a query, in milliseconds; every answer is counted.
fn repeat(peer: &Peer, studies: u64, count: u64, query: Query) -> Result<f64> {
    let queries: Vec<_> = (0..count).map(|n| query(n, studies)).collect();
    let mut association = open_find(peer)?;
    let mut timings = Timings::default();
    for (identifier, expected) in &queries {
        timings.add(ask(&mut association, identifier, *expected)?, 0);
    }
    association.release()?;
    Ok(timings.percentile(50.0))
}

fn ask(
    association: &mut Association,
    identifier: &[u8],
    expected: u64,
) -> Result<std::time::Duration> {
    let begun = Instant::now();
    let found = find_once(association, identifier)?;
    let took = begun.elapsed();
    ensure!(
        found == expected,
        "C-FIND gave {found} answers, not {expected}"
    );
    Ok(took)
}

/// Answers per second to a query that matches all studies.
fn universal(peer: &Peer, studies: u64) -> Result<f64> {
    let mut rates = Vec::new();
    for _ in 0..3 {
        let mut association = open_find(peer)?;
        let took = ask(&mut association, &study_keys(&[]), studies)?;
        rates.push(studies as f64 / took.as_secs_f64());
        association.release()?;
    }
    Ok(median(&rates))
}

/// QIDO-RS pages of 50 studies, alone and by 8 clients (PS3.18 §10.6).
fn pages(
    bench: &mut Bench,
    server: &Server,
    orthanc: Option<&Server>,
    studies: u64,
    orthanc_studies: u64,
) -> Result<()> {
    let measure = |server: &Server, studies: u64, count: usize| -> Result<(f64, f64)> {
        let to = server.web()?;
        let path = |number: usize| {
            let offset = number as u64 * 7_919 % (studies - 50);
            // Most lists begin at their begin; some are leafed through.
            let offset = if number.is_multiple_of(2) {
                0
            } else {
                offset % 500
            };
            format!("{DICOMWEB}/studies?limit=50&offset={offset}")
        };
        let alone = http::repeat(to, 1, count, "application/dicom+json", path)?;
        let together = http::repeat(to, 8, count / 2, "application/dicom+json", path)?;
        Ok((alone.percentile(50.0), together.percentile(99.0)))
    };
    let (alone, together) = measure(server, studies, 200)?;
    let orthanc = orthanc.filter(|orthanc| orthanc.web.is_some());
    let theirs = orthanc
        .map(|orthanc| measure(orthanc, orthanc_studies, 20))
        .transpose()?;
    let peers = |figure: fn((f64, f64)) -> f64| -> Vec<_> {
        theirs
            .map(|both| (ORTHANC, figure(both)))
            .into_iter()
            .collect()
    };
    bench.report.add(
        PHASE,
        "QIDO-RS page of 50",
        "ms",
        alone,
        &peers(|both| both.0),
    );
    let figure = "QIDO-RS page of 50, 8 clients, p99";
    bench
        .report
        .add(PHASE, figure, "ms", together, &peers(|both| both.1));
    let clients = in_parallel(8, |_| {
        let mut association = open_find(&server.peer)?;
        let mut timings = Timings::default();
        for n in 0..100 {
            let (identifier, expected) = exact(n, studies);
            timings.add(ask(&mut association, &identifier, expected)?, 0);
        }
        association.release()?;
        Ok(timings)
    })?;
    bench.report.add(
        PHASE,
        "C-FIND exact key, 8 clients",
        "per s",
        clients.rate(),
        &[],
    );
    Ok(())
}
