//! What an import did.

use std::time::Duration;

use serde::Serialize;

/// Refusals that are kept with their reasons.
const MAX_REASONS: usize = 1000;

/// What became of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// New, and durable.
    Stored,
    /// The same bytes were there.
    Identical,
    /// Other bytes under a known UID, kept hidden.
    KeptHidden,
    /// Other bytes under a known UID, shown from now on.
    Replaced,
    /// DICOM, but not kept.
    Refused(String),
    /// Cannot be read.
    Unreadable(String),
    /// Not DICOM.
    NotDicom,
    /// A DICOMDIR.
    Directory,
    /// Done by an earlier, interrupted import.
    DoneBefore,
}

/// A refusal.
#[derive(Clone, Debug, Serialize)]
pub struct Refusal {
    /// The file.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// Counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// New.
    pub stored: u64,
    /// The same bytes were there.
    pub identical: u64,
    /// Kept hidden.
    pub kept_hidden: u64,
    /// Replaced another.
    pub replaced: u64,
    /// Refused or unreadable.
    pub refused: u64,
    /// Not DICOM.
    pub not_dicom: u64,
    /// DICOMDIRs, which are not kept.
    pub directories: u64,
    /// Done by an earlier, interrupted import.
    pub done_before: u64,
    /// Bytes of what was stored.
    pub bytes: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Stopped before the end, and why.
    pub interrupted: Option<String>,
    /// The first refusals.
    pub refusals: Vec<Refusal>,
}

impl Summary {
    /// Counts one.
    pub fn add(&mut self, name: &str, size: u64, fate: Fate) {
        if matches!(fate, Fate::Stored | Fate::Replaced | Fate::KeptHidden) {
            self.bytes += size;
        }
        match fate {
            Fate::Stored => self.stored += 1,
            Fate::Identical => self.identical += 1,
            Fate::KeptHidden => self.kept_hidden += 1,
            Fate::Replaced => self.replaced += 1,
            Fate::NotDicom => self.not_dicom += 1,
            Fate::Directory => self.directories += 1,
            Fate::DoneBefore => self.done_before += 1,
            Fate::Refused(reason) | Fate::Unreadable(reason) => {
                self.refused += 1;
                if self.refusals.len() < MAX_REASONS {
                    let file = name.to_owned();
                    self.refusals.push(Refusal { file, reason });
                }
            }
        }
    }

    /// Instances that are in the archive now, by this or an earlier import.
    pub fn kept(&self) -> u64 {
        self.stored + self.identical + self.kept_hidden + self.replaced + self.done_before
    }

    /// As text.
    pub fn show(&self, took: Duration) -> String {
        let rows = [
            (self.stored, "stored", ""),
            (self.identical, "already there", "identical, not kept twice"),
            (
                self.kept_hidden,
                "kept hidden",
                "other content under a known SOP Instance UID",
            ),
            (
                self.replaced,
                "replaced",
                "other content under a known SOP Instance UID",
            ),
            (self.refused, "refused", ""),
            (self.not_dicom, "not DICOM", ""),
            (
                self.directories,
                "DICOMDIR",
                "not kept: the archive has its own index",
            ),
            (
                self.done_before,
                "done before",
                "by an earlier import that was interrupted",
            ),
        ];
        let mut text = String::new();
        for (position, (count, what, remark)) in rows.iter().enumerate() {
            if *count > 0 || position == 0 {
                let remark = if remark.is_empty() {
                    String::new()
                } else {
                    format!("  ({remark})")
                };
                text.push_str(&format!("{count:>10} {what}{remark}\n"));
            }
        }
        let seconds = took.as_secs_f64().max(0.001);
        text.push_str(&format!(
            "in {seconds:.1} s: {:.0} instances/s, {:.1} MB/s\n",
            self.stored as f64 / seconds,
            self.bytes as f64 / seconds / 1e6
        ));
        for refusal in self.refusals.iter().take(20) {
            text.push_str(&format!("refused {}: {}\n", refusal.file, refusal.reason));
        }
        let more = self.refused.saturating_sub(20);
        if more > 0 {
            text.push_str(&format!("… and {more} more; --json lists them\n"));
        }
        text
    }
}
