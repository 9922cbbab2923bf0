//! How far a long read is: a bar on a terminal.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sagittal_archive::Progress;

/// Shows bytes done, rate and time left on standard error.
pub struct Meter(Option<ProgressBar>);

impl Meter {
    /// Nothing is shown if `quiet`, or where there is no terminal.
    pub fn new(verb: &str, quiet: bool) -> Meter {
        Meter((!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(0);
            let template = format!(
                "{{bar:32}} {verb} {{bytes}} of {{total_bytes}}  {{bytes_per_sec}}  {{eta}} left"
            );
            if let Ok(style) = ProgressStyle::with_template(&template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        }))
    }

    /// To be given to the one who reads.
    pub fn callback(&self) -> impl Fn(Progress) + Send + 'static {
        let bar = self.0.clone();
        move |progress| {
            if let Some(bar) = &bar {
                bar.set_length(progress.total_bytes);
                bar.set_position(progress.bytes);
            }
        }
    }

    /// It is over.
    pub fn finish(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}
