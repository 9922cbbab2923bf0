//! Audit events of what is done to a data folder by hand (Application Activity, PS3.15 §A.5.3.1).

use std::path::Path;

use sagittal_audit::{Action, AuditLog, Event, Outcome};

/// Where the audit log is unless the configuration says otherwise.
const FILE: &str = "audit.jsonl";

/// What compression by hand has done.
pub struct Compression<'a> {
    /// The study; all if there is none.
    pub study_instance_uid: Option<&'a str>,
    /// To what.
    pub transfer_syntax_uid: &'a str,
    /// Instances that are smaller now.
    pub instances: u64,
    /// Bytes less.
    pub saved: u64,
    /// Instances that could not be read or written.
    pub failed: u64,
    /// Why it ended before its end.
    pub error: Option<&'a str>,
}

/// The event of compression by hand.
pub fn compressed(done: &Compression<'_>) -> Event {
    let outcome = match (done.error, done.failed) {
        (Some(_), _) => Outcome::SeriousFailure,
        (None, 0) => Outcome::Success,
        (None, _) => Outcome::MinorFailure,
    };
    let mut detail = format!(
        "to {}, {} bytes less, {} failed",
        done.transfer_syntax_uid, done.saved, done.failed
    );
    if let Some(error) = done.error {
        detail.push_str(": ");
        detail.push_str(error);
    }
    by_hand("compress", outcome)
        .studies(done.study_instance_uid)
        .instances(done.instances)
        .detail(detail)
}

/// An event of a command.
pub fn by_hand(command: &str, outcome: Outcome) -> Event {
    Event::new(Action::ApplicationActivity, command)
        .by(format!("process {}", std::process::id()), "local", None)
        .outcome(outcome)
}

/// Records what was done to a folder that no server has open.
pub fn record(data: &Path, event: Event) {
    match AuditLog::open(&data.join(FILE)) {
        Ok(audit) => {
            audit.record(event);
            audit.close();
        }
        Err(error) => eprintln!("sagittal: the audit log cannot be written: {error}"),
    }
}
