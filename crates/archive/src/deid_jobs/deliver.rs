//! One instance of a job: engine, residual check, log, destination.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::job::Destination;
use super::journal::Fate;
use crate::deidentified::{Named, Verdict};
use crate::ingest::{Announced, Form, Outcome, Source};
use crate::proof::{Book, place, private};
use crate::retrieve::InstanceRef;
use crate::{Archive, Error, Result};

/// What the instances of a job share.
pub(super) struct Line {
    pub(super) archive: Archive,
    pub(super) policy: Arc<Named>,
    pub(super) book: Book,
    pub(super) folder: PathBuf,
    pub(super) destination: Destination,
}

/// Does one. An error is one of the machine (disk, log), and ends the job.
pub(super) async fn deliver(line: &Arc<Line>, instance: &InstanceRef) -> Result<Fate> {
    let judged = line.archive.deidentified(instance, &line.policy).await?;
    let (at, destination) = (line.clone(), line.destination);
    let is_itself = |uid: &str| uid == instance.sop_instance_uid.as_str();
    let is_known = match &judged.verdict {
        Verdict::Given(checked) => is_itself(checked.output.meta.sop_instance_uid.as_str()),
        _ => false,
    };
    if is_known && destination == Destination::Archive {
        return Err(Error::Proof {
            reason: "an output has the UID of its original".to_owned(),
        });
    }
    let kept = move || -> Result<Result<Fate, Bytes>> {
        // The log speaks first: nothing is given out that it does not tell of.
        at.book.write(&judged.block)?;
        Ok(match judged.verdict {
            Verdict::Refused => Ok(Fate::Refused),
            Verdict::Quarantined(checked) => {
                let quarantine = at.folder.join("quarantine");
                put(&place(&quarantine, &checked.output.data_set), &checked.file)?;
                Ok(Fate::Quarantined)
            }
            Verdict::Given(checked) => {
                at.book.tell(&checked.output)?;
                match destination {
                    Destination::Archive => Err(checked.file),
                    Destination::Folder => {
                        let out = at.folder.join("out");
                        put(&place(&out, &checked.output.data_set), &checked.file)?;
                        Ok(Fate::Written)
                    }
                }
            }
        })
    };
    match line.archive.blocking(kept).await? {
        Ok(fate) => Ok(fate),
        Err(file) => store(&line.archive, file).await,
    }
}

/// Into the archive, as if it had been sent.
async fn store(archive: &Archive, file: Bytes) -> Result<Fate> {
    let source = Source {
        name: "deid-job".to_owned(),
    };
    let mut receiving = archive.receive(source, Announced::default(), Form::Part10);
    receiving.write(file).await?;
    match receiving.finish().await {
        Ok(stored) => Ok(match stored.outcome {
            Outcome::New | Outcome::Identical | Outcome::Replaced => Fate::Written,
            // Something else is there under this UID, and stays.
            Outcome::KeptHidden => Fate::Failed,
            // A rule of data quality holds it back in the archive.
            Outcome::Quarantined => Fate::Quarantined,
        }),
        Err(Error::Duplicate { .. } | Error::Unreadable { .. } | Error::Mismatch { .. }) => {
            Ok(Fate::Failed)
        }
        Err(error) => Err(error),
    }
}

fn put(target: &std::path::Path, file: &[u8]) -> Result<()> {
    if let Some(folder) = target.parent() {
        private::folder(folder)?;
    }
    private::write(target, file)
}
