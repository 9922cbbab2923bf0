//! `/metadata` of a large study, and single frames of a large object.

use anyhow::Result;

use super::Bench;
use crate::budget::ORTHANC;
use crate::population::{Population, Slot};
use crate::server::{DICOMWEB, Server, settle};
use crate::template::{FRAMES, Load};
use crate::{client, http};

const PHASE: &str = "metadata";
const INSTANCES: u64 = 2_000;
const STUDY: Population = Population {
    number: 5,
    per_study: INSTANCES,
    per_series: 500,
};
const CLIP: Population = Population {
    number: 6,
    per_study: 1,
    per_series: 1,
};
const JSON: &str = "application/dicom+json";
const OCTETS: &str = "multipart/related; type=\"application/octet-stream\"";

pub fn run(bench: &mut Bench) -> Result<()> {
    let ours = bench.sagittal("metadata")?;
    let orthanc = bench
        .orthanc("metadata-orthanc")?
        .filter(|server| server.web.is_some());
    let study = Load {
        template: &bench.templates.small,
        population: STUDY,
    };
    let clip = Load {
        template: &bench.templates.frames,
        population: CLIP,
    };
    for server in [Some(&ours), orthanc.as_ref()].into_iter().flatten() {
        client::store(&server.peer, &study, 0..INSTANCES, 4)?;
        client::store(&server.peer, &clip, 0..1, 1)?;
    }
    settle();
    bench.finish(ours, None)?;
    let ours = bench.sagittal("metadata")?;

    let (cold, warm) = metadata(&ours)?;
    let peer = orthanc.as_ref().map(metadata).transpose()?;
    let peers = |figure: fn((f64, f64)) -> f64| -> Vec<_> {
        peer.map(|both| (ORTHANC, figure(both)))
            .into_iter()
            .collect()
    };
    bench.report.add(
        PHASE,
        "/metadata of 2,000, cold",
        "ms",
        cold,
        &peers(|both| both.0),
    );
    bench.report.add(
        PHASE,
        "/metadata of 2,000, warm",
        "ms",
        warm,
        &peers(|both| both.1),
    );

    let count = if bench.options.quick { 300 } else { 1_000 };
    let (alone, rate) = frames(&ours, count)?;
    let peer = orthanc
        .as_ref()
        .map(|server| frames(server, count / 5))
        .transpose()?;
    let peers = |figure: fn((f64, f64)) -> f64| -> Vec<_> {
        peer.map(|both| (ORTHANC, figure(both)))
            .into_iter()
            .collect()
    };
    bench
        .report
        .add(PHASE, "a frame of 500", "ms", alone, &peers(|both| both.0));
    bench.report.add(
        PHASE,
        "frames, 8 clients",
        "per s",
        rate,
        &peers(|both| both.1),
    );
    drop(orthanc);
    let _ = std::fs::remove_dir_all(bench.path("metadata-orthanc"));
    bench.finish(ours, Some("metadata"))
}

/// Milliseconds of the first request after a start, and of later ones.
fn metadata(server: &Server) -> Result<(f64, f64)> {
    let uid = STUDY.study(0).text(Slot::StudyInstanceUid);
    let path = |_| format!("{DICOMWEB}/studies/{uid}/metadata");
    let cold = http::repeat(server.web()?, 1, 1, JSON, path)?;
    let warm = http::repeat(server.web()?, 1, 15, JSON, path)?;
    Ok((cold.percentile(50.0), warm.percentile(50.0)))
}

/// Milliseconds of one frame alone, and frames per second with 8 clients.
fn frames(server: &Server, count: usize) -> Result<(f64, f64)> {
    let identity = CLIP.study(0);
    let [study, series, instance] = [
        Slot::StudyInstanceUid,
        Slot::SeriesInstanceUid,
        Slot::SopInstanceUid,
    ]
    .map(|slot| identity.text(slot));
    let base = format!("{DICOMWEB}/studies/{study}/series/{series}/instances/{instance}/frames");
    // Scattered, so that nobody can read ahead.
    let path = |number: usize| format!("{base}/{}", number * 271 % FRAMES + 1);
    let alone = http::repeat(server.web()?, 1, count, OCTETS, path)?;
    let together = http::repeat(server.web()?, 8, count, OCTETS, path)?;
    Ok((alone.percentile(50.0), together.rate()))
}
