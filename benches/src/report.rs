//! The tables of figures, on the terminal and in the document.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::{budget, document};

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

    /// Writes each phase's section of the document.
    pub fn write(&self, path: &Path, command: &str) -> Result<()> {
        let mut document = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        for rows in self.rows.chunk_by(|left, right| left.phase == right.phase) {
            let Some(Row { phase, .. }) = rows.first() else {
                continue;
            };
            let mut text = format!("`{command}` on {}:\n\n", machine());
            text.push_str(
                "| What | Unit | Sagittal | Peers (ratio) | Budget | |\n|---|---|---:|---|---|---|\n",
            );
            for row in rows {
                let (figure, unit, value) = (&row.figure, row.unit, number(row.value));
                let (peers, budget, verdict) = (row.peers(), row.budget(), row.verdict());
                writeln!(
                    text,
                    "| {figure} | {unit} | {value} | {peers} | {budget} | {verdict} |"
                )?;
            }
            document = document::with_section(&document, phase, &text);
        }
        std::fs::write(path, document).with_context(|| format!("cannot write {}", path.display()))
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
