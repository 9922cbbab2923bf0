//! Compression by hand beside a running server: who may write into the data folder leaves a file
//! there, and the server answers with another.

use std::path::{Path, PathBuf};
use std::time::Instant;

use sagittal_core::Uid;
use serde::{Deserialize, Serialize};

use super::{Compressed, TARGETS, Wanted};
use crate::events::Event;
use crate::{Archive, Error, Result};

const FOLDER: &str = "requests";

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Study Instance UID; all studies if there is none.
    pub study: Option<String>,
    /// Transfer syntax UID.
    pub to: String,
}

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Nothing more is going to happen.
    pub done: bool,
    /// Why it ended before its end.
    pub error: Option<String>,
    /// Instances looked at.
    pub records: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Bytes of all that were found.
    pub total_bytes: u64,
    /// When it is done: instances that are smaller now.
    pub instances: u64,
    /// Bytes of them before.
    pub bytes_before: u64,
    /// Bytes less.
    pub saved: u64,
    /// Instances that stay as they are, by reason.
    pub kept: std::collections::BTreeMap<String, u64>,
    /// Instances that could not be read or written.
    pub failed: u64,
}

impl Status {
    /// At the end.
    pub fn of(done: &Compressed) -> Status {
        Status {
            done: true,
            instances: done.instances,
            bytes_before: done.bytes_before,
            saved: done.saved,
            kept: done
                .kept
                .iter()
                .map(|(why, n)| ((*why).to_owned(), *n))
                .collect(),
            failed: done.failed,
            ..Status::default()
        }
    }
}

impl Request {
    /// Leaves it for the server that has the folder open.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn leave(&self, data: &Path) -> std::io::Result<PathBuf> {
        let folder = data.join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("compress-{}.json", uuid::Uuid::new_v4()));
        put(&path, &serde_json::to_vec(self)?)?;
        Ok(path)
    }

    /// What the server says of the request; `None` if it has not begun.
    pub fn status(path: &Path) -> Option<Status> {
        let text = std::fs::read(path.with_extension("status")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Takes the request and its answer away.
    pub fn withdraw(path: &Path) {
        for path in [path.to_owned(), path.with_extension("status")] {
            let _ = std::fs::remove_file(path);
        }
    }

    fn wanted(&self) -> Result<Wanted> {
        let bad = |reason: String| Error::BadRequest { reason };
        let uid = |text: &String| Uid::tolerant(text).map_err(|error| bad(error.to_string()));
        if !TARGETS.iter().any(|(_, uid)| *uid == self.to) {
            return Err(bad(format!("{} is nothing to compress to", self.to)));
        }
        Ok(Wanted {
            study_instance_uid: self.study.as_ref().map(uid).transpose()?,
            to: uid(&self.to)?,
        })
    }
}

fn put(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension("tmp");
    std::fs::write(&temporary, text)?;
    std::fs::rename(&temporary, path)
}

/// Removes answers that nobody has taken, at a start.
pub(super) fn tidy(data: &Path) {
    let entries = std::fs::read_dir(data.join(FOLDER));
    for entry in entries.into_iter().flatten().flatten() {
        let path = entry.path();
        let is_answer = path.extension().is_some_and(|kind| kind == "status");
        if is_answer && !path.with_extension("json").exists() {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Does what is asked for. A request is taken away when it is done: one that a stop has
/// interrupted goes on at the next start.
pub(super) async fn serve(archive: &Archive) {
    let folder = archive.options().data.join(FOLDER);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return;
    };
    let requests = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("compress-") && name.ends_with(".json")
        });
    for path in requests {
        let request = read(&path);
        let outcome = match &request {
            Ok(request) => answer(archive, &path, request).await,
            Err(error) => Err(Error::BadRequest {
                reason: format!("the request is not understood: {error}"),
            }),
        };
        let status = match outcome {
            Ok(done) => Status::of(&done),
            Err(Error::Stopping) => return,
            Err(error) => Status {
                done: true,
                error: Some(error.to_string()),
                ..Status::default()
            },
        };
        if let Ok(request) = request {
            archive.inner().events.send(Event::Compressed {
                study_instance_uid: request.study,
                transfer_syntax_uid: request.to,
                instances: status.instances,
                saved: status.saved,
                failed: status.failed,
                error: status.error.clone(),
            });
        }
        tell(&path, &status);
        let _ = std::fs::remove_file(&path);
    }
}

fn read(path: &Path) -> std::io::Result<Request> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

async fn answer(archive: &Archive, path: &Path, request: &Request) -> Result<Compressed> {
    let wanted = request.wanted()?;
    tracing::info!(
        study = request.study,
        to = request.to,
        "compression was asked for"
    );
    tell(path, &Status::default());
    let last = parking_lot::Mutex::new(Instant::now());
    let (at, told) = (path.to_owned(), &last);
    let progress = move |progress: crate::Progress| {
        let mut last = told.lock();
        if last.elapsed().as_millis() >= 200 {
            *last = Instant::now();
            let status = Status {
                records: progress.records,
                bytes: progress.bytes,
                total_bytes: progress.total_bytes,
                ..Status::default()
            };
            tell(&at, &status);
        }
    };
    archive.compress(&wanted, progress).await
}

fn tell(path: &Path, status: &Status) {
    let written = serde_json::to_vec(status)
        .map_err(std::io::Error::from)
        .and_then(|text| put(&path.with_extension("status"), &text));
    if let Err(error) = written {
        tracing::warn!(%error, "nobody is told how compression goes");
    }
}
