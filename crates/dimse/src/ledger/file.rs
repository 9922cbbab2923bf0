//! The ledger on disk: one file, written anew and put in place of the old one.
//!
//! The first line is a head with the format and the checksum of the rest, which is JSON. What
//! is damaged is set aside under another name, and the ledger begins anew.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::record::PeerRecord;
use super::{Ledger, Limits};

/// The name of the file in the data folder.
pub const NAME: &str = "negotiations.json";
/// The version that is written.
const FORMAT: u32 = 1;
/// A file that is longer is not ours.
const LONGEST: u64 = 256 << 20;

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    checksum: String,
}

#[derive(Serialize, Deserialize)]
struct Body {
    peers: Vec<PeerRecord>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system will not have it.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not as it was written.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// What was written down; nothing if nothing ever was.
pub fn read(path: &Path) -> Result<Vec<PeerRecord>, Error> {
    let damaged = |reason: String| Error::Damaged {
        path: path.to_owned(),
        reason,
    };
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > LONGEST => return Err(damaged("too long".to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    parse(&bytes).map_err(damaged)
}

fn parse(bytes: &[u8]) -> Result<Vec<PeerRecord>, String> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (head, body) = end
        .and_then(|end| bytes.split_at_checked(end))
        .ok_or("it has no head")?;
    let body = body.get(1..).unwrap_or_default();
    let head: Head = serde_json::from_slice(head).map_err(|error| format!("its head: {error}"))?;
    if head.format != FORMAT {
        return Err(format!("format {}, expected {FORMAT}", head.format));
    }
    if head.checksum != checksum(body) {
        return Err("its checksum is another".to_owned());
    }
    let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(body.peers)
}

fn checksum(bytes: &[u8]) -> String {
    format!("{:08x}", crc32c::crc32c(bytes))
}

/// Writes a new file and puts it in place, so that there is always a whole one.
pub fn write(path: &Path, peers: Vec<PeerRecord>) -> io::Result<()> {
    let body = serde_json::to_vec(&Body { peers })?;
    let head = serde_json::to_vec(&Head {
        format: FORMAT,
        checksum: checksum(&body),
    })?;
    let new = path.with_extension("new");
    let mut file = std::fs::File::create(&new)?;
    file.write_all(&head)?;
    file.write_all(b"\n")?;
    file.write_all(&body)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// The ledger of a data folder; of a damaged one, an empty ledger and the name under which the file
/// was set aside. What cannot be read at all is left where it is, and nothing is written over it.
pub fn open(path: &Path, limits: Limits) -> (Ledger, Option<Error>) {
    let ledger = Ledger::new(limits);
    match read(path) {
        Ok(records) => (ledger.with_records(records), None),
        Err(error) => {
            if matches!(error, Error::Damaged { .. }) {
                let aside = aside(path);
                match std::fs::rename(path, &aside) {
                    Ok(()) => tracing::warn!(%error, aside = %aside.display(),
                        "the negotiation ledger is damaged; it was set aside and begins anew"),
                    Err(cause) => tracing::warn!(%error, %cause,
                        "the negotiation ledger is damaged and cannot be set aside"),
                }
            } else {
                tracing::warn!(%error, "the negotiation ledger cannot be read; it begins anew");
            }
            (ledger, Some(error))
        }
    }
}

/// A name that is free.
fn aside(path: &Path) -> PathBuf {
    let candidates = (1..1000).map(|number| path.with_extension(format!("damaged-{number}")));
    let free = candidates.into_iter().find(|name| !name.exists());
    free.unwrap_or_else(|| path.with_extension("damaged"))
}

/// Writes the ledger each `interval` if there is something new, and at the end.
pub async fn keep(ledger: Arc<Ledger>, path: PathBuf, interval: Duration, stop: CancellationToken) {
    // What was read from the file changed nothing.
    let mut written = 0;
    loop {
        let stopping = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(interval) => false,
        };
        written = save(&ledger, &path, written).await;
        if stopping {
            return;
        }
    }
}

/// Writes it if it is newer than `written`; returns the version that is on disk then.
pub async fn save(ledger: &Arc<Ledger>, path: &Path, written: u64) -> u64 {
    let version = ledger.version();
    if version == written {
        return written;
    }
    let (ledger, target) = (ledger.clone(), path.to_owned());
    let result = tokio::task::spawn_blocking(move || write(&target, ledger.records())).await;
    match result {
        Ok(Ok(())) => version,
        Ok(Err(error)) => {
            tracing::warn!(%error, path = %path.display(), "the negotiation ledger cannot be written");
            written
        }
        Err(error) => {
            tracing::warn!(%error, "the negotiation ledger was not written");
            written
        }
    }
}
