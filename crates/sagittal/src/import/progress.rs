//! How far an import is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal as _;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use super::feed::Totals;

/// A line this often where there is no terminal.
const EVERY: Duration = Duration::from_secs(15);

/// Shows how far an import is, on standard error.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    started: Instant,
    told: Instant,
    files: u64,
    bytes: u64,
    quiet: bool,
}

impl Progress {
    pub fn new(quiet: bool) -> Progress {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(0);
            let template = "{bar:32} {msg}  {bytes_per_sec}  {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let now = Instant::now();
        Progress {
            bar,
            started: now,
            told: now,
            files: 0,
            bytes: 0,
            quiet,
        }
    }

    /// One more is through.
    pub fn advance(&mut self, size: u64, totals: &Totals) {
        self.files += 1;
        self.bytes += size;
        let files = totals.files.load(Ordering::Relaxed).max(self.files);
        let bytes = totals.bytes.load(Ordering::Relaxed).max(self.bytes);
        if let Some(bar) = &self.bar {
            bar.set_length(bytes);
            bar.set_position(self.bytes);
            bar.set_message(format!(
                "{} of {} files",
                HumanCount(self.files),
                HumanCount(files)
            ));
        } else if !self.quiet && self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            let seconds = self.started.elapsed().as_secs_f64();
            let rate = self.bytes as f64 / seconds.max(0.001);
            let left = (bytes - self.bytes) as f64 / rate.max(1.0);
            eprintln!(
                "{} of {} files, {}/s, about {} left",
                HumanCount(self.files),
                HumanCount(files),
                HumanBytes(rate as u64),
                HumanDuration(Duration::from_secs_f64(left.min(1e9))),
            );
        }
    }

    /// It is over.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
