//! What a conversion of many files did.

use sagittal_pixel::transcode::Change;
use serde::Serialize;

use super::Converted;

/// Failures that are kept with their reasons.
const MAX_REASONS: usize = 1000;

/// A file that was not converted.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The file.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// Counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Pixels were decoded and encoded.
    pub transcoded: u64,
    /// Only VR, byte order or deflate changed.
    pub reencoded: u64,
    /// In the wanted transfer syntax already.
    pub copied: u64,
    /// Decoded again and found the same, or close if the target is lossy.
    pub verified: u64,
    /// Not converted.
    pub failed: u64,
    /// Passed over: not DICOM.
    pub not_dicom: u64,
    /// Bytes before.
    pub bytes_in: u64,
    /// Bytes after.
    pub bytes_out: u64,
    /// The largest difference of two samples, of a lossy target.
    pub largest_difference: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// The first failures.
    pub failures: Vec<Failure>,
}

impl Summary {
    pub(super) fn add(&mut self, converted: &Converted) {
        *match converted.change {
            Change::Nothing => &mut self.copied,
            Change::Encoding => &mut self.reencoded,
            Change::Lossless | Change::Lossy => &mut self.transcoded,
        } += 1;
        self.bytes_in += converted.bytes_in;
        self.bytes_out += converted.bytes_out;
        if let Some(largest) = converted.largest_difference {
            self.verified += 1;
            self.largest_difference = self.largest_difference.max(largest);
        }
    }

    pub(super) fn fail(&mut self, file: String, reason: String) {
        self.failed += 1;
        if self.failures.len() < MAX_REASONS {
            self.failures.push(Failure { file, reason });
        }
    }

    /// Files that were written.
    pub fn written(&self) -> u64 {
        self.transcoded + self.reencoded + self.copied
    }

    /// In words.
    pub fn show(&self) -> String {
        let mut text = format!(
            "{} transcoded, {} re-encoded, {} copied, {} failed, {} not DICOM; ",
            self.transcoded, self.reencoded, self.copied, self.failed, self.not_dicom
        );
        let ratio = self.bytes_in as f64 / self.bytes_out.max(1) as f64;
        text.push_str(&format!(
            "{} to {} ({ratio:.2} to 1) in {:.1} s\n",
            indicatif::HumanBytes(self.bytes_in),
            indicatif::HumanBytes(self.bytes_out),
            self.seconds
        ));
        if self.verified > 0 {
            text.push_str(&match self.largest_difference {
                0 => format!("{} verified: every sample is the same\n", self.verified),
                most => format!(
                    "{} verified: samples differ by at most {most}\n",
                    self.verified
                ),
            });
        }
        for failure in self.failures.iter().take(20) {
            text.push_str(&format!("  {}: {}\n", failure.file, failure.reason));
        }
        if self.failures.len() > 20 {
            text.push_str("  … more with --json\n");
        }
        text
    }
}
