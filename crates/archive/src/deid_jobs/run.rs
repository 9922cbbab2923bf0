//! A job at work.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream;

use super::deliver::{Line, deliver};
use super::job::State;
use super::jobs::{Entry, hex, selector};
use super::journal::{Fate, Journal};
use crate::deidentified::Named;
use crate::proof::private::trouble;
use crate::proof::{self, Book, Kept, now};
use crate::retrieve::InstanceRef;
use crate::{Archive, Error, Result};

/// Progress is put on disk after so many instances; the journal has them all.
const SAVE_EVERY: u64 = 200;

/// How a run ended that did not fail.
enum Ended {
    /// All instances were looked at.
    Done,
    /// Somebody canceled it.
    Canceled,
    /// The server stops: it goes on at the next start.
    Stopped,
}

/// Does a job, when its turn has come, to its end or to where it is stopped.
pub(super) async fn run(archive: Archive, entry: Arc<Entry>) {
    let jobs = &archive.inner().deid_jobs;
    let Ok(_turn) = jobs.slots.acquire().await else {
        return;
    };
    if jobs.is_stopping() {
        return;
    }
    if entry.is_canceled() {
        jobs.tell(&entry.job.lock().clone());
        return;
    }
    let id = entry.job.lock().id.clone();
    tracing::info!(job = %id, "de-identification begins");
    let ended = work(&archive, &entry).await;
    let saved = match &ended {
        // A disk that cannot be written any more may be a server that is being stopped.
        Ok(Ended::Stopped) | Err(Error::Stopping) => return,
        Ok(ended) => entry.change(|job| {
            job.finished = Some(now());
            job.state = match ended {
                Ended::Canceled => State::Canceled,
                _ => State::Done,
            };
        }),
        Err(error) => {
            tracing::error!(job = %id, %error, "de-identification cannot go on");
            let reason = error.to_string();
            entry.change(|job| {
                job.finished = Some(now());
                job.state = State::Failed;
                job.error = Some(reason);
            })
        }
    };
    match saved {
        Ok(job) => jobs.tell(&job),
        Err(error) => {
            // Said at least to those who ask; on disk it is still at work, and will be tried again.
            tracing::error!(job = %id, %error, "the end of a job cannot be kept");
            let mut job = entry.job.lock();
            job.state = State::Failed;
            job.error = Some(error.to_string());
        }
    }
}

async fn work(archive: &Archive, entry: &Arc<Entry>) -> Result<Ended> {
    let order = entry.job.lock().order.clone();
    let policies = &archive.options().policies;
    let policy = policies.get(&order.policy).cloned();
    let policy = policy.ok_or_else(|| failed("its policy is not configured any more"))?;
    if hex(policy.digest()) != entry.job.lock().rules {
        let reason = "policy, key or lists have changed since it was ordered; order it anew";
        return Err(failed(reason));
    }
    let mut instances = Vec::new();
    for study in &order.studies {
        instances.extend(archive.instances(&selector(study)?).await?);
    }
    let (folder, project) = (entry.folder.clone(), policy.project.clone());
    let total = instances.len() as u64;
    let begun = entry.clone();
    let (mut journal, book) = archive
        .blocking(move || {
            let journal = Journal::open(&folder)?;
            begun.change(|job| {
                if !job.state.is_over() {
                    job.state = State::Running;
                }
                job.total = total;
                job.counts = journal.counts();
            })?;
            Ok((journal, Book::begin(&folder, &project, Kept::All)?))
        })
        .await?;
    instances.retain(|instance| !journal.has(instance.sop_instance_uid.as_str()));
    let line = Arc::new(Line {
        archive: archive.clone(),
        policy: policy.clone(),
        book,
        folder: entry.folder.clone(),
        destination: order.destination,
    });
    let ended = all(&line, entry, instances, &mut journal).await;
    finish(line, entry, &policy, journal).await?;
    ended
}

/// Instance after instance, a few at the same time.
async fn all(
    line: &Arc<Line>,
    entry: &Arc<Entry>,
    instances: Vec<InstanceRef>,
    journal: &mut Journal,
) -> Result<Ended> {
    let jobs = &line.archive.inner().deid_jobs;
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let is_over = || entry.is_canceled() || jobs.is_stopping();
    let begun = stream::iter(instances).take_while(|_| std::future::ready(!is_over()));
    let mut outcomes = begun
        .map(|instance| {
            let line = line.clone();
            async move {
                let fate = deliver(&line, &instance).await;
                (instance, fate)
            }
        })
        .buffer_unordered(at_once);
    let mut unsaved = 0;
    while let Some((instance, fate)) = outcomes.next().await {
        let fate: Fate = fate?;
        let uid = instance.sop_instance_uid.as_str();
        let noted = journal.add(uid, fate);
        noted.map_err(trouble("write", &entry.folder))?;
        entry.job.lock().counts = journal.counts();
        unsaved += 1;
        if unsaved >= SAVE_EVERY {
            unsaved = 0;
            let entry = entry.clone();
            line.archive.blocking(move || entry.change(|_| ())).await?;
        }
    }
    Ok(match (entry.is_canceled(), jobs.is_stopping()) {
        (true, _) => Ended::Canceled,
        (_, true) => Ended::Stopped,
        _ => Ended::Done,
    })
}

/// The log's end with its signature, and the reports, whatever the end.
async fn finish(
    line: Arc<Line>,
    entry: &Arc<Entry>,
    policy: &Arc<Named>,
    journal: Journal,
) -> Result<()> {
    let archive = line.archive.clone();
    let Ok(line) = Arc::try_unwrap(line) else {
        return Err(failed("an instance is still being worked on"));
    };
    let (entry, policy) = (entry.clone(), policy.clone());
    archive
        .blocking(move || {
            journal.sync().map_err(trouble("sync", &entry.folder))?;
            let sealed = line.book.finish()?;
            let report = &policy.project.policy.report;
            proof::write_reports(&entry.folder, &sealed.log, report, None)?;
            entry.change(|job| {
                job.counts = journal.counts();
                job.seal = Some(sealed.head.to_string());
            })?;
            Ok(())
        })
        .await
}

fn failed(reason: &str) -> Error {
    Error::Proof {
        reason: reason.to_owned(),
    }
}
