//! What a `send` did.

use sagittal_dimse::scu::Delivered;
use serde::Serialize;

use super::feed::Passed;

/// Failures and warnings that are kept with their reasons.
const MAX_REASONS: usize = 1000;
/// Of them so many are shown.
const MAX_SHOWN: usize = 20;

/// A file and what was said of it.
#[derive(Clone, Debug, Serialize)]
pub struct Remark {
    /// The file.
    pub file: String,
    /// Its SOP Instance UID, if it has one.
    pub sop_instance_uid: Option<String>,
    /// What was said.
    pub reason: String,
}

/// Counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Stored by the peer, with or without remarks.
    pub stored: u64,
    /// Of them stored with a warning.
    pub warnings: u64,
    /// Of them sent in another transfer syntax than they are in.
    pub converted: u64,
    /// Not stored, or not readable.
    pub failed: u64,
    /// Passed over: not DICOM.
    pub not_dicom: u64,
    /// Passed over: DICOMDIR.
    pub directories: u64,
    /// Bytes of what was stored.
    pub bytes: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Ended before its time, and why.
    pub stopped: Option<String>,
    /// The first warnings.
    pub warning_list: Vec<Remark>,
    /// The first failures.
    pub failures: Vec<Remark>,
}

impl Summary {
    pub(super) fn delivered(&mut self, delivered: Delivered) {
        let instance = delivered.instance;
        let remark = |reason: String| Remark {
            file: instance.name(),
            sop_instance_uid: Some(instance.sop_instance_uid.to_string()),
            reason,
        };
        match delivered.outcome {
            Ok(stored) => {
                self.stored += 1;
                self.bytes += instance.len();
                self.converted +=
                    u64::from(stored.transfer_syntax_uid != instance.transfer_syntax_uid);
                if stored.is_warning() {
                    self.warnings += 1;
                    let reason = match &stored.comment {
                        Some(comment) => format!("{}: {comment}", stored.status),
                        None => stored.status.to_string(),
                    };
                    keep(&mut self.warning_list, remark(reason));
                }
            }
            Err(error) => {
                self.failed += 1;
                keep(&mut self.failures, remark(error.chain()));
            }
        }
    }

    pub(super) fn passed(&mut self, passed: Passed) {
        match passed {
            Passed::NotDicom { .. } => self.not_dicom += 1,
            Passed::Directory { .. } => self.directories += 1,
            Passed::Unreadable { name, reason } => {
                self.failed += 1;
                let remark = Remark {
                    file: name,
                    sop_instance_uid: None,
                    reason,
                };
                keep(&mut self.failures, remark);
            }
        }
    }

    /// As text.
    pub fn show(&self) -> String {
        let rows = [
            (self.stored, "stored"),
            (self.warnings, "of them with a warning"),
            (self.converted, "of them converted to another transfer syntax"),
            (self.failed, "failed"),
            (self.not_dicom, "not DICOM"),
            (self.directories, "DICOMDIR"),
        ];
        let mut text = String::new();
        for (position, (count, what)) in rows.iter().enumerate() {
            if *count > 0 || position == 0 {
                text.push_str(&format!("{count:>10} {what}\n"));
            }
        }
        let seconds = self.seconds.max(0.001);
        text.push_str(&format!(
            "in {seconds:.1} s: {:.0} instances/s, {:.1} MB/s\n",
            self.stored as f64 / seconds,
            self.bytes as f64 / seconds / 1e6
        ));
        let lists = [
            ("warning", &self.warning_list, self.warnings),
            ("failed", &self.failures, self.failed),
        ];
        for (what, list, count) in lists {
            for remark in list.iter().take(MAX_SHOWN) {
                text.push_str(&format!("{what} {}: {}\n", remark.file, remark.reason));
            }
            let more = count.saturating_sub(MAX_SHOWN as u64);
            if more > 0 {
                text.push_str(&format!("… and {more} more; --json lists them\n"));
            }
        }
        text
    }
}

fn keep(list: &mut Vec<Remark>, remark: Remark) {
    if list.len() < MAX_REASONS {
        list.push(remark);
    }
}
