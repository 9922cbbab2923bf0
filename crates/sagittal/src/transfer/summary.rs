//! What a `send` did.

use sagittal_dimse::scu::Delivered;
use serde::Serialize;

use super::feed::Passed;

/// Failures and warnings that are kept with their reasons.
const MAX_REASONS: usize = 1000;
/// Files that are shown for a reason.
const SHOWN: usize = 5;

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
            (
                self.converted,
                "of them converted to another transfer syntax",
            ),
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
            for (reason, files) in by_reason(list) {
                text.push_str(&format!("{what}: {reason}\n"));
                for file in files.iter().take(SHOWN) {
                    text.push_str(&format!("    {file}\n"));
                }
                if files.len() > SHOWN {
                    text.push_str(&format!("    and {} more\n", files.len() - SHOWN));
                }
            }
            if count > list.len() as u64 {
                text.push_str(&format!("{what}: {count} in all\n"));
            }
        }
        text
    }
}

/// Files by what was said of them, in the order in which it was first said.
fn by_reason(list: &[Remark]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for remark in list {
        let reason = remark.reason.as_str();
        match groups.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, files)) => files.push(&remark.file),
            None => groups.push((reason, vec![&remark.file])),
        }
    }
    groups
}

fn keep(list: &mut Vec<Remark>, remark: Remark) {
    if list.len() < MAX_REASONS {
        list.push(remark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_with_one_reason_are_shown_together() {
        let mut summary = Summary {
            failed: 12,
            ..Summary::default()
        };
        for number in 0..12 {
            let remark = Remark {
                file: format!("f{number}"),
                sop_instance_uid: None,
                reason: (if number == 3 { "other" } else { "same" }).to_owned(),
            };
            keep(&mut summary.failures, remark);
        }
        let text = summary.show();
        assert!(text.contains("failed: same\n    f0\n    f1\n    f2\n    f4\n    f5\n    and 6 more\nfailed: other\n    f3\n"), "{text}");
    }
}
