//! What `get` and `move` show.

use sagittal_core::Uid;
use sagittal_dimse::scu::{Progress, Retrieved};

use super::progress::{Meter, of};
use super::receive::Counted;
use crate::command::Exit;

const TEMPLATE: &str = "{bar:32} {msg}  {eta} left";

/// Shows the counters of a retrieval.
pub struct Retrieve {
    meter: Meter,
}

impl Retrieve {
    /// Nothing yet.
    pub fn new(quiet: bool) -> Retrieve {
        Retrieve {
            meter: Meter::new(quiet, TEMPLATE),
        }
    }

    /// So far.
    pub fn advance(&mut self, progress: Progress) {
        let done = u64::from(progress.completed)
            + u64::from(progress.warning)
            + u64::from(progress.failed);
        let total = progress.total();
        self.meter.set(done, Some(total), || {
            let failed = match progress.failed {
                0 => String::new(),
                failed => format!(", {failed} failed"),
            };
            format!("{} instances{failed}", of(done, total))
        });
    }

    /// It is over.
    pub fn finish(mut self) {
        self.meter.finish();
    }
}

/// Prints the outcome of a retrieval; `received` counts what came here.
pub fn tell(outcome: &Retrieved, received: Option<&Counted>, json: bool) -> anyhow::Result<Exit> {
    let progress = outcome.progress;
    let completed = u64::from(progress.completed) + u64::from(progress.warning);
    let failed = u64::from(progress.failed);
    let counts = received.map(Counted::counts);
    if json {
        let uids: Vec<&str> = outcome
            .failed_sop_instance_uids
            .iter()
            .map(Uid::as_str)
            .collect();
        let value = serde_json::json!({
            "status": format!("{:04X}", outcome.status.0),
            "completed": progress.completed,
            "warning": progress.warning,
            "failed": progress.failed,
            "remaining": progress.remaining,
            "canceled": outcome.is_canceled(),
            "comment": outcome.comment,
            "failed_sop_instance_uids": uids,
            "received": counts,
        });
        crate::say!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        crate::say!("{completed} completed, {failed} failed: {}", outcome.status);
        if let Some(counts) = counts {
            crate::say!("{}", counts.show());
        }
        if let Some(comment) = &outcome.comment {
            eprintln!("sagittal: the peer says: {}", plain(comment));
        }
        for uid in &outcome.failed_sop_instance_uids {
            eprintln!("sagittal: not sent: {uid}");
        }
        if completed == 0 && failed == 0 && !outcome.is_canceled() {
            eprintln!("sagittal: nothing matches");
        }
    }
    let not_written = counts.map_or(0, |counts| counts.failed);
    let whole = outcome.status.is_done() && failed == 0 && not_written == 0;
    Ok(match (completed, whole) {
        (0, _) => Exit::Failed,
        (_, true) => Exit::Done,
        _ => Exit::Partly,
    })
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}
