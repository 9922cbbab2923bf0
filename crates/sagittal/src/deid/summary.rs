//! What a run did.

use serde::Serialize;

/// Failures that are kept with their reasons.
const MAX_REASONS: usize = 1000;

/// An instance without an output.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The input file.
    pub file: String,
    /// Why; no protected value.
    pub reason: String,
}

/// Counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Outputs written.
    pub written: u64,
    /// Done by an earlier run, their outputs still there as they were.
    pub done_before: u64,
    /// Refused by policy, or not readable.
    pub refused: u64,
    /// Something identifying was found in the output.
    pub quarantined: u64,
    /// Passed over: not DICOM.
    pub not_dicom: u64,
    /// DICOMDIRs of the input: left out, whether or not a new one was made.
    pub directories: u64,
    /// Instances in the DICOMDIR that was made, if one was.
    pub listed: Option<u64>,
    /// Bytes read.
    pub bytes_in: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// SHA-256 of the log's last line, which may be kept elsewhere as a seal.
    pub seal: String,
    /// The first failures.
    pub failures: Vec<Failure>,
}

impl Summary {
    /// Counts an instance without an output.
    pub fn fail(&mut self, file: String, reason: String) {
        if self.failures.len() < MAX_REASONS {
            self.failures.push(Failure { file, reason });
        }
    }

    /// In words.
    pub fn show(&self) -> String {
        let mut text = format!(
            "{} written, {} done before, {} refused, {} in quarantine, {} not DICOM; {} in {:.1} s\n",
            self.written,
            self.done_before,
            self.refused,
            self.quarantined,
            self.not_dicom,
            indicatif::HumanBytes(self.bytes_in),
            self.seconds
        );
        match (self.listed, self.directories) {
            (Some(listed), 0) => text.push_str(&format!("DICOMDIR made of {listed} instances\n")),
            (Some(listed), old) => text.push_str(&format!(
                "DICOMDIR made anew of {listed} instances; {old} of the input left out\n"
            )),
            (None, 0) => {}
            (None, old) => text.push_str(&format!(
                "{old} DICOMDIR left out (--dicomdir makes a new one of the outputs)\n"
            )),
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
