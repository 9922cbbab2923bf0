//! The index follows the packs: one thread takes in what has become durable, in its order, many
//! changes in one transaction.
//!
//! Nobody who stores waits for it. Who asks does ([`Indexer::wait`]): so a reader sees everything
//! that was acknowledged before its call, and without readers the transactions are few and large.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use sagittal_store::index::{Change, Index, Watermarks};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::events::{Events, Happened};
use crate::ingest::Exclusive;
use crate::{Error, Result};

/// Without anybody asking, changes are gathered for so long.
const GATHER: Duration = Duration::from_millis(20);
/// Unless there are so many.
const ENOUGH: usize = 256;
/// Changes in one transaction.
const BATCH: usize = 2048;
/// Bytes of entries that may wait for the index; beyond, storing slows to its pace.
const BACKLOG: usize = 24 << 20;
/// How long a reader waits for an index that does not follow.
const PATIENCE: Duration = Duration::from_secs(30);

/// Key of the highest sequence in [`Watermarks`]; packs are numbered from 1.
pub(crate) const SEQUENCE_KEY: u64 = 0;

/// Changes that one record makes.
pub(crate) struct Pending {
    pub(crate) changes: Vec<Change>,
    pub(crate) sequence: u64,
    /// 0 if there is no record.
    pub(crate) pack: u64,
    /// How far its pack is read with it.
    pub(crate) end: u64,
    pub(crate) happened: Option<Happened>,
    /// Given back when the index knows.
    pub(crate) _exclusive: Vec<Exclusive>,
    pub(crate) _room: Option<OwnedSemaphorePermit>,
}

#[derive(Default)]
struct Queue {
    pending: VecDeque<Pending>,
    pushed: u64,
    wanted: bool,
    stopping: bool,
}

struct Shared {
    index: Arc<dyn Index>,
    queue: Mutex<Queue>,
    wake: Condvar,
    applied: watch::Sender<u64>,
    trouble: Mutex<Option<String>>,
    events: Arc<Events>,
}

/// The thread's handle.
pub(crate) struct Indexer {
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Indexer {
    pub(crate) fn start(index: Arc<dyn Index>, events: Arc<Events>) -> Result<Indexer> {
        let shared = Arc::new(Shared {
            index,
            queue: Mutex::default(),
            wake: Condvar::new(),
            applied: watch::Sender::new(0),
            trouble: Mutex::default(),
            events,
        });
        let thread = std::thread::Builder::new().name("index".to_owned()).spawn({
            let shared = shared.clone();
            move || shared.run()
        });
        let thread = thread.map_err(|error| {
            Error::Store(sagittal_store::Error::Index {
                reason: format!("cannot start its thread: {error}"),
            })
        })?;
        Ok(Indexer {
            shared,
            room: Arc::new(Semaphore::new(BACKLOG)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Room for an entry of so many bytes, if there is some.
    pub(crate) fn try_room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let room = self.room.clone();
        room.try_acquire_many_owned(entry_size(bytes)).ok()
    }

    /// Room for an entry of so many bytes; waits while the index is far behind.
    pub(crate) async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit> {
        if let Some(permit) = self.try_room(bytes) {
            return Ok(permit);
        }
        self.shared.want();
        let room = self.room.clone();
        room.acquire_many_owned(entry_size(bytes))
            .await
            .map_err(|_| Error::Stopping)
    }

    /// To be called in the order of sequence numbers.
    pub(crate) fn push(&self, pending: Pending) {
        let mut queue = self.shared.queue.lock();
        queue.pushed += 1;
        queue.pending.push_back(pending);
        let count = queue.pending.len();
        drop(queue);
        if count == 1 || count == ENOUGH {
            self.shared.wake.notify_one();
        }
    }

    /// Asks for what is pending to be taken in without delay.
    pub(crate) fn want(&self) {
        self.shared.want();
    }

    /// Returns when everything pushed before has been taken in.
    pub(crate) async fn wait(&self) -> Result<()> {
        let target = self.shared.queue.lock().pushed;
        if *self.shared.applied.borrow() >= target {
            return Ok(());
        }
        self.shared.want();
        let mut applied = self.shared.applied.subscribe();
        let reached = applied.wait_for(|&applied| applied >= target);
        match tokio::time::timeout(PATIENCE, reached).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(Error::Stopping),
            Err(_) => Err(self.trouble()),
        }
    }

    fn trouble(&self) -> Error {
        let reason = self.shared.trouble.lock().clone();
        Error::Store(sagittal_store::Error::Index {
            reason: reason.unwrap_or_else(|| "does not follow".to_owned()),
        })
    }

    /// What keeps the index from following, if anything does.
    pub(crate) fn health(&self) -> Option<String> {
        self.shared.trouble.lock().clone()
    }

    /// Records that wait to be taken in.
    pub(crate) fn depth(&self) -> usize {
        self.shared.queue.lock().pending.len()
    }

    /// Takes in what is pending and ends. Blocks.
    pub(crate) fn close(&self) {
        self.room.close();
        self.shared.queue.lock().stopping = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }
}

fn entry_size(bytes: usize) -> u32 {
    u32::try_from((bytes + 1024).min(BACKLOG)).unwrap_or(u32::MAX)
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn want(&self) {
        self.queue.lock().wanted = true;
        self.wake.notify_one();
    }

    fn run(&self) {
        let mut count = 0;
        let mut more_to_tidy = true;
        loop {
            let batch = match self.take(more_to_tidy) {
                Taken::Batch(batch) => batch,
                Taken::Idle => {
                    let budget = Duration::from_millis(50);
                    more_to_tidy = self.index.maintain(budget).unwrap_or_else(|error| {
                        tracing::warn!(%error, "index maintenance failed");
                        false
                    });
                    continue;
                }
                Taken::End => return,
            };
            more_to_tidy = true;
            count += batch.len() as u64;
            if !self.apply(batch) {
                return;
            }
            self.applied.send_replace(count);
        }
    }

    fn take(&self, more_to_tidy: bool) -> Taken {
        let mut queue = self.queue.lock();
        while queue.pending.is_empty() {
            queue.wanted = false;
            if queue.stopping {
                return Taken::End;
            }
            if !more_to_tidy {
                self.wake.wait(&mut queue);
            } else if self
                .wake
                .wait_for(&mut queue, Duration::from_secs(2))
                .timed_out()
            {
                return Taken::Idle;
            }
        }
        let until = std::time::Instant::now() + GATHER;
        while !queue.wanted && !queue.stopping && queue.pending.len() < ENOUGH {
            if self.wake.wait_until(&mut queue, until).timed_out() {
                break;
            }
        }
        let count = queue.pending.len().min(BATCH);
        Taken::Batch(queue.pending.drain(..count).collect())
    }

    /// Tries until it succeeds: what is durable is never given up. False if it had to stop before.
    fn apply(&self, mut batch: Vec<Pending>) -> bool {
        let started = std::time::Instant::now();
        let mut changes = Vec::with_capacity(batch.len());
        let mut watermarks = Watermarks::new();
        for pending in &mut batch {
            changes.append(&mut pending.changes);
            // What was refused has no record.
            if pending.pack > 0 {
                advance(&mut watermarks, pending.pack, pending.end, pending.sequence);
            }
        }
        let mut pause = Duration::from_millis(50);
        while let Err(error) = self.index.apply(&changes, &watermarks) {
            tracing::error!(%error, "the index does not take in what was stored; trying again");
            *self.trouble.lock() = Some(error.to_string());
            metrics::counter!("sagittal_index_failures_total").increment(1);
            let mut queue = self.queue.lock();
            // The packs have it: the next start catches up.
            if queue.stopping {
                return false;
            }
            self.wake.wait_for(&mut queue, pause);
            drop(queue);
            pause = (pause * 2).min(Duration::from_secs(5));
        }
        *self.trouble.lock() = None;
        metrics::histogram!("sagittal_index_seconds").record(started.elapsed().as_secs_f64());
        metrics::histogram!("sagittal_index_group_records").record(batch.len() as f64);
        self.events.happened(
            batch
                .iter_mut()
                .filter_map(|pending| pending.happened.take()),
        );
        true
    }
}

enum Taken {
    Batch(Vec<Pending>),
    Idle,
    End,
}

/// A record has been taken in.
pub(crate) fn advance(watermarks: &mut BTreeMap<u64, u64>, pack: u64, end: u64, sequence: u64) {
    for (key, value) in [(pack, end), (SEQUENCE_KEY, sequence)] {
        let mark = watermarks.entry(key).or_default();
        *mark = value.max(*mark);
    }
}
