//! The table of figures, on the terminal and as a document.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::budget;

/// One figure and the peers' in the same run.
#[derive(Clone, Debug)]
pub struct Row {
    pub phase: &'static str,
    pub figure: String,
    pub unit: &'static str,
    pub value: f64,
    pub peers: Vec<(&'static str, f64)>,
}

/// All figures.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Adds a figure and prints it.
    pub fn add(
        &mut self,
        phase: &'static str,
        figure: impl Into<String>,
        unit: &'static str,
        value: f64,
        peers: &[(&'static str, f64)],
    ) {
        let figure = figure.into();
        let row = Row {
            phase,
            figure,
            unit,
            value,
            peers: peers.to_vec(),
        };
        println!("{}", row.line());
        self.rows.push(row);
    }

    /// How many budgets were missed.
    pub fn missed(&self) -> usize {
        self.rows
            .iter()
            .filter(|row| row.verdict() == "missed")
            .count()
    }

    /// Writes the document.
    pub fn write(&self, path: &Path, command: &str) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut text = INTRODUCTION.replace("{command}", command);
        writeln!(text, "Machine: {}.\n", machine())?;
        text.push_str(
            "| What | Unit | Sagittal | Peers (ratio) | Budget | |\n|---|---|---:|---|---|---|\n",
        );
        for row in &self.rows {
            let (figure, unit, value) = (&row.figure, row.unit, number(row.value));
            let (peers, budget, verdict) = (row.peers(), row.budget(), row.verdict());
            writeln!(
                text,
                "| {figure} | {unit} | {value} | {peers} | {budget} | {verdict} |"
            )?;
        }
        text.push_str(NOTES);
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Row {
    fn line(&self) -> String {
        let (phase, figure, value, unit) =
            (self.phase, &self.figure, number(self.value), self.unit);
        let (verdict, peers, budget) = (self.verdict(), self.peers(), self.budget());
        let line = format!("{phase:9} {figure:37} {value:>9} {unit:12} {verdict:7} {budget}");
        let peers = if peers.is_empty() {
            peers
        } else {
            format!("   [{peers}]")
        };
        format!("{}{peers}", line.trim_end())
    }

    fn peers(&self) -> String {
        let shown = self
            .peers
            .iter()
            .map(|(name, value)| format!("{name} {} ({:.2})", number(*value), self.value / value));
        shown.collect::<Vec<_>>().join("; ")
    }

    fn budget(&self) -> String {
        let limits = budget::of(&self.figure).iter().map(ToString::to_string);
        limits.collect::<Vec<_>>().join(", ")
    }

    fn verdict(&self) -> &'static str {
        let limits = budget::of(&self.figure).iter();
        let verdicts: Vec<bool> = limits
            .filter_map(|limit| limit.is_met(self.value, &self.peers))
            .collect();
        match verdicts.as_slice() {
            [] => "",
            all if all.iter().all(|met| *met) => "met",
            _ => "missed",
        }
    }
}

fn number(value: f64) -> String {
    match value.abs() {
        value if value >= 100.0 => {
            let digits = format!("{value:.0}");
            let from_end = digits.chars().rev().enumerate();
            let spaced = from_end.flat_map(|(at, digit)| {
                let comma = (at > 0 && at % 3 == 0).then_some(',');
                comma.into_iter().chain(Some(digit))
            });
            spaced.collect::<String>().chars().rev().collect()
        }
        small if small >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let model = field(&read("/proc/cpuinfo"), "model name");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let gigabytes = memory
        .split(' ')
        .next()
        .and_then(|kb| kb.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1e6;
    let kernel = read("/proc/sys/kernel/osrelease");
    format!(
        "{cores} cores ({model}), {gigabytes:.0} GB, Linux {}, one virtual disk, loopback",
        kernel.trim()
    )
}

const INTRODUCTION: &str = "# Performance

<!-- Written by `cargo xtask bench --write`. -->

Figures of one run of `{command}`; the load client, the servers and the bare receivers share the
machine, and everything goes over loopback. Wall-clock figures depend on the machine: the ratios to
the peers of the same run, and the CPU seconds, travel better.

- *sink, group sync*: a receiver that only appends the same bytes to one pre-allocated file and
  answers when an `fdatasync` that began after the append has ended, one for all who wait.
- *sink, file sync*: a receiver that writes a file for each instance and syncs it.
- *Orthanc*: tuned for speed (no syncs, no checksums, TCP_NODELAY). *DCMTK*: `storescp --fork`, no
  syncs, TCP_NODELAY.
- Codecs: one frame, one thread, the same stream for both sides; the libraries (*imcd*, *libjpeg-turbo*,
  *CharLS*, *OpenJPEG*, *OpenJPH*, *libjxl*) through Python's `imagecodecs`; CPU time of the fastest of many.
- A success of Sagittal always means that the instance is durable.

";

const NOTES: &str = "
Times are medians (p50) unless they say otherwise; rates are medians of the rounds. *Cold* is the first request
after a start, with the operating system's cache warm. CPU is that of the server alone.
";
