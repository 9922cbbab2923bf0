//! The phases: each starts what it needs in fresh folders, measures, and reports.

mod find;
mod ingest;
mod metadata;
mod pixel;
mod rendered;
mod retrieve;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use crate::options::Options;
use crate::receiver::{self, Keep};
use crate::report::Report;
use crate::server::{self, Server};
use crate::template::Templates;

/// What the phases share.
pub struct Bench {
    pub options: Options,
    pub templates: Templates,
    pub report: Report,
    /// Where C-MOVEs go.
    mover: SocketAddr,
    orthanc: Option<PathBuf>,
    storescp: Option<PathBuf>,
    /// The highest memory of our server in any phase, in MB.
    peak: f64,
    folder: PathBuf,
}

type Phase = fn(&mut Bench) -> Result<()>;

/// All phases, in the order in which they run.
pub const PHASES: &[(&str, Phase)] = &[
    ("ingest", ingest::run),
    ("others", ingest::run_others),
    ("retrieve", retrieve::run),
    ("metadata", metadata::run),
    ("find", find::run),
    ("pixel", pixel::run),
    ("rendered", rendered::run),
];

/// Runs what the options say.
pub fn run(options: Options) -> Result<()> {
    std::fs::create_dir_all(&options.work)?;
    let work = tempfile::Builder::new()
        .prefix("run-")
        .disable_cleanup(options.keep)
        .tempdir_in(&options.work)?;
    let demo = work.path().join("demo");
    let made = std::process::Command::new(&options.program)
        .arg("demo")
        .arg(&demo)
        .stdout(std::process::Stdio::null())
        .status()
        .with_context(|| format!("cannot run {}", options.program.display()))?;
    ensure!(made.success(), "sagittal demo failed");
    let peer = |candidates: &[&str]| match options.peers {
        true => server::installed(candidates),
        false => None,
    };
    let mut bench = Bench {
        templates: Templates::load(&demo)?,
        report: Report::default(),
        mover: receiver::listen(Keep::Nothing, 0)?.0,
        orthanc: peer(&[
            "/usr/sbin/Orthanc",
            "/usr/local/sbin/Orthanc",
            "/usr/local/bin/Orthanc",
        ]),
        storescp: peer(&["/usr/bin/storescp", "/usr/local/bin/storescp"]),
        peak: 0.0,
        folder: work.path().to_path_buf(),
        options,
    };
    for name in bench.options.phases.clone() {
        let (_, phase) = PHASES
            .iter()
            .find(|(phase, _)| *phase == name)
            .context("no such phase")?;
        phase(&mut bench).with_context(|| format!("phase {name}"))?;
    }
    if bench.peak > 0.0 {
        bench
            .report
            .add("memory", "memory peak", "MB", bench.peak, &[]);
    }
    if let Some(path) = bench.options.write.clone() {
        bench.report.write(&path, &bench.options.line)?;
    }
    println!("{} budgets missed", bench.report.missed());
    Ok(())
}

impl Bench {
    /// Our server over a data folder of this name.
    pub fn sagittal(&self, name: &str) -> Result<Server> {
        Server::sagittal(&self.options.program, &self.folder.join(name), self.mover)
    }

    /// Orthanc, if it is to be compared.
    pub fn orthanc(&self, name: &str) -> Result<Option<Server>> {
        let start =
            |program: &PathBuf| Server::orthanc(program, &self.folder.join(name), self.mover);
        self.orthanc.as_ref().map(start).transpose()
    }

    /// `storescp`, if it is to be compared.
    pub fn storescp(&self, name: &str) -> Result<Option<Server>> {
        let start = |program: &PathBuf| Server::storescp(program, &self.folder.join(name));
        self.storescp.as_ref().map(start).transpose()
    }

    /// A bare receiver.
    pub fn sink(&self, keep: &str) -> Result<Server> {
        Server::receiver(keep, &self.folder.join(format!("sink-{keep}")))
    }

    /// Ends our server, having looked at its memory, and gives back the disk.
    pub fn finish(&mut self, server: Server, data: Option<&str>) -> Result<()> {
        self.peak = self.peak.max(server.memory()?.1);
        server.stop()?;
        if let Some(name) = data
            && !self.options.keep
        {
            std::fs::remove_dir_all(self.folder.join(name))?;
        }
        Ok(())
    }

    /// A path in the run's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}
