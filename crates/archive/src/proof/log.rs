//! Logs in a work folder, and the key that signs them.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use sagittal_deid::log::{Line, LogKey, Run};
use time::macros::format_description;

use super::private::{self, trouble};
use crate::{Error, Result};

/// The file with the key that signs logs.
const LOG_KEY: &str = "log-key.pem";
/// Its public half, to be given to those who verify.
const LOG_PUBLIC_KEY: &str = "log-key.pub.pem";

/// The logs of a work folder, oldest first.
pub fn logs(work: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(work).into_iter().flatten().flatten();
    let is_log = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("log-") && name.ends_with(".jsonl"))
    };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_log).collect();
    found.sort();
    found
}

/// The first line of a log; `None` if it has none.
pub(super) fn run_of(log: &Path) -> Option<Run> {
    let mut first = String::new();
    let file = File::open(log).ok()?;
    BufReader::new(file).read_line(&mut first).ok()?;
    match serde_json::from_str(&first).ok()? {
        Line::Run { run, .. } => Some(run),
        _ => None,
    }
}

/// The folder's key; the first run makes it.
pub(super) fn key(work: &Path) -> Result<LogKey> {
    let path = work.join(LOG_KEY);
    match std::fs::read_to_string(&path) {
        Ok(text) => LogKey::from_pem(&text).map_err(unusable),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = LogKey::generate().map_err(unusable)?;
            private::write(&path, key.to_pem().map_err(unusable)?.as_bytes())?;
            let public = work.join(LOG_PUBLIC_KEY);
            std::fs::write(&public, key.public().to_pem()).map_err(trouble("write", &public))?;
            Ok(key)
        }
        Err(error) => Err(trouble("read", &path)(error)),
    }
}

fn unusable(error: sagittal_deid::Error) -> Error {
    Error::Proof {
        reason: format!("the key that signs logs: {error}"),
    }
}

/// A new file `log-<time>.jsonl`; two runs in one second get different names.
pub(super) fn create(work: &Path) -> Result<(PathBuf, File)> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let stamp = time::OffsetDateTime::now_utc().format(&format);
    let stamp = stamp.unwrap_or_default();
    for number in 0..100 {
        let path = work.join(match number {
            0 => format!("log-{stamp}.jsonl"),
            _ => format!("log-{stamp}-{number:02}.jsonl"),
        });
        match private::create(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(trouble("create", &path)(error)),
            Ok(file) => return Ok((path, file)),
        }
    }
    Err(Error::Proof {
        reason: "cannot find a name for a log".to_owned(),
    })
}
