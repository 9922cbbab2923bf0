//! Giving back: studies of 500 CTs by C-GET, C-MOVE and WADO-RS.

use anyhow::{Result, ensure};

use super::Bench;
use crate::budget::ORTHANC;
use crate::measure::{Timings, median};
use crate::population::{Population, Slot};
use crate::server::{DICOMWEB, Server, settle};
use crate::template::Load;
use crate::{client, http};

const PHASE: &str = "retrieve";
const PER_STUDY: u64 = 500;
const CLIENTS: [usize; 2] = [1, 4];
const POPULATION: Population = Population {
    number: 4,
    per_study: PER_STUDY,
    per_series: 250,
};
const ACCEPT: &str = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";

pub fn run(bench: &mut Bench) -> Result<()> {
    let ours = bench.sagittal("retrieve")?;
    let orthanc = bench.orthanc("retrieve-orthanc")?;
    let load = Load {
        template: &bench.templates.ct,
        population: POPULATION,
    };
    for server in [Some(&ours), orthanc.as_ref()].into_iter().flatten() {
        client::store(&server.peer, &load, 0..4 * PER_STUDY, 4)?;
    }
    settle();
    let study_bytes = load.template.data_set_length() as u64 * PER_STUDY;
    let class = load.template.sop_class_uid.clone();
    let studies: Vec<String> = (0..4)
        .map(|study| POPULATION.study(study).text(Slot::StudyInstanceUid))
        .collect();

    let get = |server: &Server, clients: usize| {
        client::get(
            &server.peer,
            &class,
            studies.get(..clients).unwrap_or_default(),
            PER_STUDY,
        )
    };
    let move_ = |server: &Server, clients: usize| {
        client::move_(
            &server.peer,
            studies.get(..clients).unwrap_or_default(),
            study_bytes,
        )
    };
    let wado = |server: &Server, clients: usize| {
        let path =
            |number: usize| format!("{DICOMWEB}/studies/{}", studies[number % studies.len()]);
        let timings = http::repeat(server.web()?, clients, 1, ACCEPT, path)?;
        ensure!(
            timings.bytes >= study_bytes * clients as u64,
            "WADO-RS gave too little"
        );
        Ok(timings)
    };
    let ways: [(&str, Way<'_>); 3] = [("C-GET", &get), ("C-MOVE", &move_), ("WADO-RS", &wado)];
    for (name, way) in ways {
        for clients in CLIENTS {
            let (rate, first) = measure(bench, way, &ours, clients)?;
            let mut peers = Vec::new();
            if let Some(orthanc) = orthanc
                .as_ref()
                .filter(|server| name != "WADO-RS" || server.web.is_some())
            {
                peers.push((ORTHANC, measure(bench, way, orthanc, clients)?.0));
            }
            let noun = if clients == 1 { "client" } else { "clients" };
            bench.report.add(
                PHASE,
                format!("{name}, {clients} {noun}"),
                "MB/s",
                rate,
                &peers,
            );
            if clients == 1 && first.is_finite() {
                bench
                    .report
                    .add(PHASE, format!("{name}, first byte"), "ms", first, &[]);
            }
        }
    }
    drop(orthanc);
    let _ = std::fs::remove_dir_all(bench.path("retrieve-orthanc"));
    bench.finish(ours, Some("retrieve"))
}

type Way<'a> = &'a dyn Fn(&Server, usize) -> Result<Timings>;

/// Megabytes per second and milliseconds to the first byte.
fn measure(bench: &Bench, way: Way<'_>, server: &Server, clients: usize) -> Result<(f64, f64)> {
    let mut rates = Vec::new();
    let mut firsts = Vec::new();
    for _ in 0..bench.options.rounds().max(2) {
        let timings = way(server, clients)?;
        rates.push(timings.megabytes_per_second());
        firsts.push(timings.first_byte(50.0));
    }
    Ok((median(&rates), median(&firsts)))
}
