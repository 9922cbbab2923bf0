//! What came, and what became of it.

use std::sync::Mutex;
use std::time::Instant;

use async_trait::async_trait;
use sagittal_dimse::Failure;
use sagittal_dimse::scu::{Arriving, FileReceiver, Kept, Receipt, Receiver};
use serde::Serialize;

use super::progress::Meter;
use crate::command::Exit;

const TEMPLATE: &str = "{spinner} {msg}";

/// Counts of instances that arrived.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counts {
    /// New files.
    pub written: u64,
    /// The same file was there.
    pub identical: u64,
    /// Other content under a known UID, kept beside it.
    pub beside: u64,
    /// Put in the place of another file.
    pub replaced: u64,
    /// Not written, as there was a file.
    pub skipped: u64,
    /// Refused, as it could not be written.
    pub failed: u64,
    /// Bytes that came.
    pub bytes: u64,
}

impl Counts {
    fn add(&mut self, outcome: &Result<Receipt, Failure>) {
        let receipt = match outcome {
            Ok(receipt) => receipt,
            Err(_) => {
                self.failed += 1;
                return;
            }
        };
        self.bytes += receipt.bytes;
        *match receipt.kept {
            Kept::Written => &mut self.written,
            Kept::Identical => &mut self.identical,
            Kept::Beside => &mut self.beside,
            Kept::Replaced => &mut self.replaced,
            Kept::Skipped => &mut self.skipped,
        } += 1;
    }

    /// All that were taken.
    pub fn taken(&self) -> u64 {
        self.written + self.identical + self.beside + self.replaced + self.skipped
    }

    /// In one line.
    pub fn show(&self) -> String {
        let mut text = format!("{} written", self.written);
        for (count, what) in [
            (self.identical, "already there"),
            (self.beside, "written beside others of the same UID"),
            (self.replaced, "replaced"),
            (self.skipped, "skipped"),
            (self.failed, "failed"),
        ] {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        format!("{text}; {:.1} MB", self.bytes as f64 / 1e6)
    }
}

/// Files, counted.
pub struct Counted {
    inner: FileReceiver,
    counts: Mutex<Counts>,
}

impl Counted {
    /// Nothing yet.
    pub fn new(inner: FileReceiver) -> Counted {
        Counted {
            inner,
            counts: Mutex::default(),
        }
    }

    /// So far.
    pub fn counts(&self) -> Counts {
        self.counts.lock().map(|counts| *counts).unwrap_or_default()
    }
}

#[async_trait]
impl Receiver for Counted {
    async fn receive(&self, arriving: &mut Arriving<'_>) -> Result<Receipt, Failure> {
        let outcome = self.inner.receive(arriving).await;
        if let Ok(mut counts) = self.counts.lock() {
            counts.add(&outcome);
        }
        outcome
    }
}

/// What `recv` has received.
pub struct Received {
    meter: Meter,
    started: Instant,
    counts: Counts,
    reason: Option<Failure>,
}

impl Received {
    /// Nothing yet.
    pub fn new(quiet: bool) -> Received {
        Received {
            meter: Meter::new(quiet, TEMPLATE),
            started: Instant::now(),
            counts: Counts::default(),
            reason: None,
        }
    }

    /// One more.
    pub fn add(&mut self, outcome: Result<Receipt, Failure>) {
        self.counts.add(&outcome);
        if let Err(failure) = outcome {
            self.reason = Some(failure);
        }
        let counts = self.counts;
        self.meter.set(counts.taken(), None, || counts.show());
    }

    /// How many have been taken.
    pub fn written(&self) -> u64 {
        self.counts.taken()
    }

    /// Prints the sum.
    pub fn tell(mut self, json: bool) -> anyhow::Result<Exit> {
        self.meter.finish();
        let counts = self.counts;
        if json {
            let mut value = serde_json::to_value(counts)?;
            if let Some(map) = value.as_object_mut() {
                let seconds = self.started.elapsed().as_secs_f64();
                map.insert("seconds".to_owned(), seconds.into());
            }
            crate::say!("{value}");
        } else {
            crate::say!("{}", counts.show());
        }
        if let Some(failure) = self.reason {
            eprintln!("sagittal: the last failure was {failure}");
        }
        Ok(match (counts.taken(), counts.failed) {
            (0, _) => Exit::Failed,
            (taken, failed) => Exit::of(taken, failed),
        })
    }
}
