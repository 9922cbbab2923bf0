//! How far a transfer is: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressStyle};

/// A line this often where there is no terminal.
const EVERY: Duration = Duration::from_secs(15);

/// Shows how far a transfer is, on standard error.
pub(super) struct Meter {
    bar: Option<ProgressBar>,
    started: Instant,
    told: Instant,
    quiet: bool,
}

impl Meter {
    /// With a template of indicatif for the terminal.
    pub fn new(quiet: bool, template: &str) -> Meter {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let now = Instant::now();
        Meter {
            bar,
            started: now,
            told: now,
            quiet,
        }
    }

    /// So much of the whole, if that is known, in whatever unit.
    pub fn set(&mut self, done: u64, total: Option<u64>, message: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            if let Some(total) = total {
                bar.set_length(total.max(done));
            }
            bar.set_position(done);
            bar.set_message(message());
        } else if !self.quiet && self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            eprintln!("{}", message());
        }
    }

    /// Bytes a second, and the time left for the rest.
    pub fn rate(&self, done: u64, total: Option<u64>) -> String {
        let rate = done as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let mut text = format!("{}/s", HumanBytes(rate as u64));
        if let Some(total) = total {
            let left = total.saturating_sub(done) as f64 / rate.max(1.0);
            let left = HumanDuration(Duration::from_secs_f64(left.min(1e9)));
            text.push_str(&format!(", about {left} left"));
        }
        text
    }

    /// It is over.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// `12 of 34`.
pub(super) fn of(done: u64, total: u64) -> String {
    format!("{} of {}", HumanCount(done), HumanCount(total.max(done)))
}
