//! Many instances to one peer: several associations that share a queue, opened again when they break
//! off, each negotiated for what the queue holds.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::c_store::{Kind, Prepared, Stored, prepare, store_proposal};
use super::error::{Error, Result};
use super::queue::{Job, Next, Queue};
use super::session::Session;
use super::source::Instance;
use super::target::Target;

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Associations in a row that may break off before anything is answered: if nothing ever was,
/// and if something was.
const MAX_VAIN: (u32, u32) = (10, 100);
/// A peer that aborts may do so because of the instance: so often it gets another chance.
const RETRIES_AFTER_ABORT: u32 = 1;

/// How instances are delivered.
#[derive(Clone, Debug)]
pub struct DeliveryOptions {
    /// Associations at the same time.
    pub associations: usize,
    /// How often an association is tried again, and an instance over another association.
    pub retries: u32,
    /// Before the first retry; then twice as long each time.
    pub pause: Duration,
    /// Ends the delivery: what is on its way is finished.
    pub canceled: CancellationToken,
}

impl Default for DeliveryOptions {
    fn default() -> DeliveryOptions {
        DeliveryOptions {
            associations: 1,
            retries: 3,
            pause: Duration::from_secs(1),
            canceled: CancellationToken::new(),
        }
    }
}

/// What became of an instance.
#[derive(Debug)]
pub struct Delivered {
    /// The instance.
    pub instance: Instance,
    /// Stored, or why not.
    pub outcome: Result<Stored>,
}

/// Delivers what comes through `queue` until it is closed and empty, and tells of each instance.
///
/// # Errors
/// No association could be made, or none that stored anything. What was left in the queue has been
/// told of as not sent.
pub async fn deliver(
    target: &Target,
    queue: Arc<Queue>,
    options: &DeliveryOptions,
    outcomes: mpsc::Sender<Delivered>,
) -> Result<()> {
    let delivery = Arc::new(Delivery {
        target: target.clone(),
        queue,
        options: options.clone(),
        outcomes,
        answered: AtomicU64::new(0),
    });
    let mut workers = JoinSet::new();
    for _ in 0..options.associations.max(1) {
        workers.spawn(delivery.clone().work());
    }
    let mut failure = None;
    while let Some(ended) = workers.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failure = Some(error),
            Err(error) => {
                failure = Some(Error::NotSent {
                    reason: error.to_string(),
                })
            }
        }
    }
    let left = delivery.queue.abandon();
    if options.canceled.is_cancelled() {
        return Ok(());
    }
    // One association may fail where others do all the work.
    let Some(error) = failure.filter(|_| !left.is_empty()) else {
        return Ok(());
    };
    let reason = error.chain();
    for job in left {
        let reason = reason.clone();
        delivery.tell(job, Err(Error::NotSent { reason })).await;
    }
    Err(error)
}

struct Delivery {
    target: Target,
    queue: Arc<Queue>,
    options: DeliveryOptions,
    outcomes: mpsc::Sender<Delivered>,
    answered: AtomicU64,
}

/// An instance that is being read.
type Reading = (Job, JoinHandle<Result<Prepared>>);

/// An association at work.
struct Line {
    session: Session,
    offered: HashSet<Kind>,
    ahead: Option<Reading>,
    /// Sent, and not answered yet.
    open: HashMap<u16, (Job, sagittal_core::Uid)>,
    answered: u64,
}

impl Delivery {
    async fn tell(&self, job: Job, outcome: Result<Stored>) {
        let instance = job.instance;
        let _ = self.outcomes.send(Delivered { instance, outcome }).await;
    }

    /// One association after another.
    async fn work(self: Arc<Self>) -> Result<()> {
        let canceled = &self.options.canceled;
        tokio::select! {
            biased;
            () = canceled.cancelled() => return Ok(()),
            // Do not wait for long: a folder may be large, or slow.
            () = self.queue.filled() => {}
            () = tokio::time::sleep(Duration::from_millis(300)) => {}
        }
        let mut first = None;
        let mut vain = 0;
        loop {
            let job = match first.take() {
                Some(job) => job,
                None => {
                    let next = tokio::select! {
                        biased;
                        () = canceled.cancelled() => Next::End,
                        next = self.queue.next(|_| true) => next,
                    };
                    match next {
                        Next::Fits(job) | Next::Other(job) => job,
                        Next::End => return Ok(()),
                    }
                }
            };
            let Some(mut line) = self.open(job).await? else {
                return Ok(());
            };
            match self.run(&mut line).await {
                Ok(next) => {
                    vain = 0;
                    first = next;
                    if let Err(error) = line.session.release().await {
                        tracing::debug!(error = %error.chain(), "release");
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %error.chain(), "association broke off");
                    vain = if line.answered > 0 { 0 } else { vain + 1 };
                    self.give_back(&mut line, &error).await;
                    line.session.abort().await;
                    let limit = match self.answered.load(Ordering::Relaxed) {
                        0 => MAX_VAIN.0,
                        _ => MAX_VAIN.1,
                    };
                    if vain > limit {
                        return Err(error);
                    }
                    // A peer that aborts is there; one that is gone may need time to come back.
                    if vain > 0 && !error.is_abort() {
                        self.pause(vain - 1).await;
                    }
                }
            }
        }
    }

    /// An association for an instance, which is already being read; `None` if it was canceled.
    async fn open(&self, job: Job) -> Result<Option<Line>> {
        let mut attempt = 0;
        loop {
            let kinds = self.queue.kinds(&job.instance.kind());
            let (proposal, taken) = store_proposal(&self.target, &kinds);
            let connected = tokio::select! {
                biased;
                () = self.options.canceled.cancelled() => {
                    self.queue.put_back(job);
                    return Ok(None);
                }
                connected = Session::connect(&self.target, &proposal) => connected,
            };
            match connected {
                Ok(session) => {
                    let mut line = Line {
                        session,
                        offered: kinds.into_iter().take(taken).collect(),
                        ahead: None,
                        open: HashMap::new(),
                        answered: 0,
                    };
                    line.read_ahead(job, &self.target);
                    return Ok(Some(line));
                }
                Err(error) if error.is_transient() && attempt < self.options.retries => {
                    tracing::warn!(error = %error.chain(), "no association; trying again");
                    self.pause(attempt).await;
                    attempt += 1;
                }
                Err(error) => {
                    self.queue.put_back(job);
                    return Err(error);
                }
            }
        }
    }

    /// Delivers over one association. Ends with an instance that needs another, or with nothing left.
    async fn run(&self, line: &mut Line) -> Result<Option<Job>> {
        let window = usize::from(line.session.negotiated().may_invoke());
        loop {
            let has_room = window == 0 || line.open.len() < window;
            match line.ahead.take() {
                Some((job, reading)) if has_room => {
                    let prepared = reading.await.unwrap_or_else(|error| Err(not_sent(&error)));
                    if !self.options.canceled.is_cancelled() {
                        let next = self.queue.try_next(|kind| line.offered.contains(kind));
                        if let Some(next) = next {
                            line.read_ahead(next, &self.target);
                        }
                    }
                    match prepared {
                        Ok(prepared) => self.send(line, job, prepared).await?,
                        Err(error) => self.tell(job, Err(error)).await,
                    }
                }
                ahead => {
                    line.ahead = ahead;
                    if !line.open.is_empty() {
                        self.take_answer(line).await?;
                        continue;
                    }
                    let next = tokio::select! {
                        biased;
                        () = self.options.canceled.cancelled() => Next::End,
                        next = self.queue.next(|kind| line.offered.contains(kind)) => next,
                    };
                    match next {
                        Next::Fits(job) => line.read_ahead(job, &self.target),
                        Next::Other(job) => return Ok(Some(job)),
                        Next::End => return Ok(None),
                    }
                }
            }
        }
    }

    async fn send(&self, line: &mut Line, job: Job, prepared: Prepared) -> Result<()> {
        let syntax = prepared.transfer_syntax_uid().clone();
        match line.session.begin_store(&job.instance, prepared).await {
            Ok(message_id) => {
                line.open.insert(message_id, (job, syntax));
                Ok(())
            }
            Err(error) if error.is_of_association() => {
                self.try_again(job, &error).await;
                Err(error)
            }
            Err(error) => {
                self.tell(job, Err(error)).await;
                match line.session.association.sender().is_closed() {
                    false => Ok(()),
                    // Half of it had left: the association had to be aborted.
                    true => Err(Error::Lost {
                        reason: "a file could not be read to its end".to_owned(),
                    }),
                }
            }
        }
    }

    async fn take_answer(&self, line: &mut Line) -> Result<()> {
        let (message_id, outcome) = line.session.next_stored().await?;
        let Some((job, transfer_syntax_uid)) = line.open.remove(&message_id) else {
            return Ok(());
        };
        // Refused or not: an answer shows that the association works.
        line.answered += 1;
        self.answered.fetch_add(1, Ordering::Relaxed);
        let outcome = outcome.map(|(status, comment)| Stored {
            status,
            comment,
            transfer_syntax_uid,
        });
        self.tell(job, outcome).await;
        Ok(())
    }

    /// What was on its way over an association that broke off.
    async fn give_back(&self, line: &mut Line, error: &Error) {
        if let Some((job, reading)) = line.ahead.take() {
            reading.abort();
            self.queue.put_back(job);
        }
        for (_, (job, _)) in line.open.drain() {
            self.try_again(job, error).await;
        }
    }

    async fn try_again(&self, mut job: Job, error: &Error) {
        job.attempts += 1;
        let retries = match error.is_abort() {
            true => self.options.retries.min(RETRIES_AFTER_ABORT),
            false => self.options.retries,
        };
        if job.attempts <= retries && !self.options.canceled.is_cancelled() {
            self.queue.put_last(job);
        } else {
            let reason = error.chain();
            self.tell(job, Err(Error::Lost { reason })).await;
        }
    }

    async fn pause(&self, attempt: u32) {
        let pause = self.options.pause.saturating_mul(1 << attempt.min(10));
        tokio::select! {
            () = self.options.canceled.cancelled() => {}
            () = tokio::time::sleep(pause.min(LONGEST_PAUSE)) => {}
        }
    }
}

fn not_sent(error: &dyn std::fmt::Display) -> Error {
    Error::NotSent {
        reason: error.to_string(),
    }
}

impl Line {
    fn read_ahead(&mut self, job: Job, target: &Target) {
        let negotiated = self.session.negotiated().clone();
        let instance = job.instance.clone();
        let lossy = target.lossy.clone();
        let reading = tokio::spawn(async move { prepare(&negotiated, &instance, &lossy).await });
        self.ahead = Some((job, reading));
    }
}

#[cfg(test)]
mod tests;
