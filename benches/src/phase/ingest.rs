//! Storing: C-STORE by 1, 4 and 8 associations, small instances, other modalities, default
//! senders, STOW-RS.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};

use super::Bench;
use crate::budget::{DCMTK, FILE_SINK, GROUP_SINK, ORTHANC, OWN_STORE};
use crate::measure::median;
use crate::population::Population;
use crate::server::{DICOMWEB, Server, installed, settle};
use crate::template::Load;
use crate::{client, http};

const PHASE: &str = "ingest";
const OTHERS: &str = "others";
const OURS: &str = "Sagittal";

struct Rivals {
    all: Vec<(&'static str, Server)>,
    /// The next free study of each rival.
    next: u64,
}

/// Figures of all rivals for one kind of load.
struct Figures {
    rate: Vec<(&'static str, f64)>,
    cpu: Vec<(&'static str, f64)>,
}

pub fn run(bench: &mut Bench) -> Result<()> {
    let mut rivals = start(bench)?;
    let scale = if bench.options.quick { 1 } else { 3 };
    let ct = |associations| {
        (
            associations,
            200 * scale * if associations > 1 { 2 } else { 1 },
        )
    };
    let mut own_store = Vec::new();
    let mut cpu = Vec::new();
    for (associations, count) in [ct(1), ct(4), ct(8)] {
        let figures = compare(bench, &mut rivals, &bench.templates.ct, associations, count)?;
        own_store.push((associations, figures.own_rate()));
        cpu.push(figures.cpu.clone());
        let noun = if associations == 1 {
            "association"
        } else {
            "associations"
        };
        report(
            bench,
            &format!("CT, {associations} {noun}"),
            "per s",
            &figures.rate,
        );
    }
    if let Some(of_eight) = cpu.last() {
        report(bench, "CT, CPU per 1,000", "s", of_eight);
    }
    default_sender(bench, &rivals)?;
    for (clients, own) in [(1, 1), (4, 4)] {
        stow(
            bench,
            &mut rivals,
            clients,
            200 * scale * clients as u64,
            own,
            &own_store,
        )?;
    }
    finish(bench, rivals)
}

/// Instances of 5 KB, and of other modalities.
pub fn run_others(bench: &mut Bench) -> Result<()> {
    let mut rivals = start(bench)?;
    let scale = if bench.options.quick { 1 } else { 3 };
    let small = compare(bench, &mut rivals, &bench.templates.small, 8, 6_000 * scale)?;
    let report = &mut bench.report;
    report_to(report, OTHERS, "5 KB, 8 associations", "per s", &small.rate);
    report_to(report, OTHERS, "5 KB, CPU per 1,000", "s", &small.cpu);
    for (name, template, count) in [
        ("MR, 4 associations", &bench.templates.mr, 600 * scale),
        ("CR, 4 associations", &bench.templates.cr, 120 * scale),
        ("SR, 4 associations", &bench.templates.sr, 3_000 * scale),
    ] {
        let figures = compare(bench, &mut rivals, template, 4, count)?;
        report_to(&mut bench.report, OTHERS, name, "per s", &figures.rate);
        let figure = name.replace("4 associations", "CPU per 1,000");
        report_to(&mut bench.report, OTHERS, &figure, "s", &figures.cpu);
    }
    finish(bench, rivals)
}

fn finish(bench: &mut Bench, rivals: Rivals) -> Result<()> {
    for (name, server) in rivals.all {
        if name == OURS {
            bench.finish(server, Some("ingest"))?;
        }
    }
    for folder in ["sink-group", "sink-files", "ingest-orthanc", "ingest-dcmtk"] {
        let _ = std::fs::remove_dir_all(bench.path(folder));
    }
    Ok(())
}

fn start(bench: &Bench) -> Result<Rivals> {
    let mut all = vec![
        (OURS, bench.sagittal("ingest")?),
        (GROUP_SINK, bench.sink("group")?),
        (FILE_SINK, bench.sink("files")?),
    ];
    all.extend(
        bench
            .orthanc("ingest-orthanc")?
            .map(|server| (ORTHANC, server)),
    );
    all.extend(
        bench
            .storescp("ingest-dcmtk")?
            .map(|server| (DCMTK, server)),
    );
    Ok(Rivals { all, next: 0 })
}

/// Sends the same to all, one after the other, a few rounds.
fn compare(
    bench: &Bench,
    rivals: &mut Rivals,
    template: &crate::template::Template,
    associations: usize,
    count: u64,
) -> Result<Figures> {
    let population = Population {
        number: 1,
        per_study: 100,
        per_series: 50,
    };
    let load = Load {
        template,
        population,
    };
    let mut rates = vec![Vec::new(); rivals.all.len()];
    let mut cpus = vec![Vec::new(); rivals.all.len()];
    for _ in 0..bench.options.rounds() {
        let first = rivals.next;
        rivals.next += count.next_multiple_of(population.per_study);
        for (at, (name, server)) in rivals.all.iter().enumerate() {
            // Those that take a tenth of the rate need no more than a tenth of the load.
            let count = if *name == ORTHANC { count / 4 } else { count };
            settle();
            let before = server.cpu();
            let timings = client::store(&server.peer, &load, first..first + count, associations)?;
            let spent = server.cpu() - before;
            rates[at].push(timings.rate());
            cpus[at].push(spent * 1e3 / count as f64);
        }
    }
    let figures = |each: Vec<Vec<f64>>| {
        let medians = each.iter().map(|figures| median(figures));
        rivals
            .all
            .iter()
            .map(|(name, _)| *name)
            .zip(medians)
            .collect()
    };
    Ok(Figures {
        rate: figures(rates),
        cpu: figures(cpus),
    })
}

impl Figures {
    fn own_rate(&self) -> f64 {
        self.rate.first().map_or(f64::NAN, |(_, rate)| *rate)
    }
}

fn report(bench: &mut Bench, figure: &str, unit: &'static str, all: &[(&'static str, f64)]) {
    report_to(&mut bench.report, PHASE, figure, unit, all);
}

fn report_to(
    report: &mut crate::report::Report,
    phase: &'static str,
    figure: &str,
    unit: &'static str,
    all: &[(&'static str, f64)],
) {
    if let Some(((_, ours), peers)) = all.split_first() {
        report.add(phase, figure, unit, *ours, peers);
    }
}

/// `storescu` as it comes, Nagle's algorithm on: a folder of files in lock-step.
fn default_sender(bench: &mut Bench, rivals: &Rivals) -> Result<()> {
    let Some(program) = bench
        .storescp
        .as_ref()
        .and_then(|_| installed(&["/usr/bin/storescu", "/usr/local/bin/storescu"]))
    else {
        return Ok(());
    };
    const FILES: u64 = 150;
    let folder = bench.path("to-send");
    std::fs::create_dir_all(&folder)?;
    let population = Population {
        number: 2,
        per_study: FILES,
        per_series: FILES,
    };
    let template = &bench.templates.ct;
    let mut copy = template.file.clone();
    for number in 0..FILES {
        template.patch(&mut copy, &population.identity(number));
        std::fs::write(folder.join(number.to_string()), &copy)?;
    }
    let mut rates = Vec::new();
    for (name, server) in &rivals.all {
        settle();
        let begun = Instant::now();
        let status = Command::new(&program)
            .args(["+sd", "-aec", &server.peer.ae_title, "127.0.0.1"])
            .arg(server.peer.address.port().to_string())
            .arg(&folder)
            .env_remove("TCP_NODELAY")
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "storescu to {name} failed");
        rates.push((*name, FILES as f64 / begun.elapsed().as_secs_f64()));
    }
    std::fs::remove_dir_all(&folder)?;
    report(bench, "CT, default storescu", "per s", &rates);
    Ok(())
}

fn stow(
    bench: &mut Bench,
    rivals: &mut Rivals,
    clients: usize,
    count: u64,
    like: usize,
    own_store: &[(usize, f64)],
) -> Result<()> {
    let population = Population {
        number: 1,
        per_study: 100,
        per_series: 50,
    };
    let load = Load {
        template: &bench.templates.ct,
        population,
    };
    let mut rates = Vec::new();
    for _ in 0..bench.options.rounds() {
        let first = rivals.next;
        rivals.next += count.next_multiple_of(population.per_study);
        let Some((_, ours)) = rivals.all.first() else {
            break;
        };
        settle();
        let timings = http::stow(ours.web()?, DICOMWEB, &load, first..first + count, clients)?;
        rates.push(timings.rate());
    }
    let own = own_store
        .iter()
        .find(|(associations, _)| *associations == like);
    let peers: Vec<_> = own
        .map(|(_, rate)| (OWN_STORE, *rate))
        .into_iter()
        .collect();
    let noun = if clients == 1 { "client" } else { "clients" };
    let figure = format!("CT, STOW-RS, {clients} {noun}");
    bench
        .report
        .add(PHASE, figure, "per s", median(&rates), &peers);
    Ok(())
}
