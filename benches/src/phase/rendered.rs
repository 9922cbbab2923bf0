//! Rendered pictures of CTs, each asked for once: nothing is remembered.

use anyhow::Result;

use super::Bench;
use crate::budget::ORTHANC;
use crate::population::{Population, Slot};
use crate::server::{DICOMWEB, Server, settle};
use crate::template::Load;
use crate::{client, http};

const PHASE: &str = "rendered";

const POPULATION: Population = Population {
    number: 7,
    per_study: 100,
    per_series: 100,
};
const CLIENTS: usize = 4;

pub fn run(bench: &mut Bench) -> Result<()> {
    let each: usize = if bench.options.quick { 150 } else { 400 };
    let count = each * (CLIENTS + 1);
    let ours = bench.sagittal("pixel")?;
    let orthanc = bench
        .orthanc("pixel-orthanc")?
        .filter(|server| server.web.is_some());
    let load = Load {
        template: &bench.templates.ct,
        population: POPULATION,
    };
    for server in [Some(&ours), orthanc.as_ref()].into_iter().flatten() {
        client::store(&server.peer, &load, 0..count as u64, 4)?;
    }
    settle();
    let figures = |server: &Server| -> Result<[f64; 4]> {
        let path = |number: usize| {
            let identity = POPULATION.identity(number as u64);
            let [study, series, instance] = [
                Slot::StudyInstanceUid,
                Slot::SeriesInstanceUid,
                Slot::SopInstanceUid,
            ]
            .map(|slot| identity.text(slot));
            format!("{DICOMWEB}/studies/{study}/series/{series}/instances/{instance}/rendered")
        };
        const ACCEPT: &str = "image/jpeg";
        let alone = http::repeat(server.web()?, 1, each, ACCEPT, |n| path(n + each * CLIENTS))?;
        let before = server.cpu();
        let together = http::repeat(server.web()?, CLIENTS, each, ACCEPT, path)?;
        let cpu = (server.cpu() - before) / (each * CLIENTS) as f64 * 1e3;
        let again = http::repeat(server.web()?, 1, 100, ACCEPT, |_| path(0))?;
        Ok([
            alone.percentile(50.0),
            together.rate(),
            again.percentile(50.0),
            cpu,
        ])
    };
    let [alone, together, again, cpu] = figures(&ours)?;
    let peer = orthanc.as_ref().map(figures).transpose()?;
    let peers = |at: usize| -> Vec<_> {
        let figure = peer.and_then(|figures| figures.get(at).copied());
        figure.map(|figure| (ORTHANC, figure)).into_iter().collect()
    };
    bench
        .report
        .add(PHASE, "rendered CT, JPEG", "ms", alone, &peers(0));
    bench.report.add(
        PHASE,
        "rendered CT, JPEG, 4 clients",
        "per s",
        together,
        &peers(1),
    );
    bench
        .report
        .add(PHASE, "rendered CT, CPU per 1,000", "s", cpu, &peers(3));
    bench
        .report
        .add(PHASE, "rendered CT, again", "ms", again, &peers(2));
    drop(orthanc);
    let _ = std::fs::remove_dir_all(bench.path("pixel-orthanc"));
    bench.finish(ours, Some("pixel"))
}
