//! What waits to be written, and who writes it.
//!
//! There is no thread that does all the writing. Whoever brings a record and may block writes what
//! has queued up, its own record among it, and then syncs; who comes while others do so leaves its
//! record to them. So a lone record changes threads not once, its bytes are written where they
//! were looked at, and still one write and one sync serve many. Two may work at a time: one writes
//! while the other syncs ([`super::syncer`]). A helper thread stands in where nobody may block.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use sagittal_core::Uid;
use tokio::sync::OwnedSemaphorePermit;

use super::packs::NewInstance;
use super::spill::Spilled;
use super::syncer::Groups;
use super::writer::{Committed, Writer};
use crate::Result;

pub(super) type Done = Box<dyn FnOnce(Result<Committed>) + Send>;

pub(super) enum Body {
    Instance(Box<NewInstance>),
    Delete(Vec<Uid>),
    Spilled(Box<Spilled>),
}

pub(super) struct Job {
    pub(super) body: Body,
    pub(super) done: Done,
    /// Bytes to be written.
    pub(super) bytes: usize,
    /// Room in the queue, given back when the job is written.
    pub(super) _permit: Option<OwnedSemaphorePermit>,
}

/// Jobs taken at once: bounds one write call and the time until the first of them is synced.
const BATCH: usize = 256;
/// Their bytes, unless the first alone has more.
const BATCH_BYTES: usize = 8 << 20;
/// A job with so many bytes is worth another thread that writes it while a sync goes on; smaller
/// ones wait for its end.
const LARGE: usize = 64 << 10;

thread_local! {
    /// This thread is in [`Crew::work`].
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// Queue, writer and groups, and the work on them.
pub(super) struct Crew {
    queue: Mutex<Queue>,
    /// Wakes the helper.
    help: Condvar,
    /// `None` when closed.
    writer: Mutex<Option<Writer>>,
    groups: Arc<Groups>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    large: usize,
    /// Somebody writes, and will look into the queue again.
    writing: bool,
    /// The helper is to look at it.
    wanted: bool,
    stopping: bool,
}

impl Crew {
    pub(super) fn new(writer: Writer, groups: Arc<Groups>) -> Crew {
        Crew {
            queue: Mutex::default(),
            help: Condvar::new(),
            writer: Mutex::new(Some(writer)),
            groups,
        }
    }

    /// Queues a job; gives it back if the store is stopping. True if somebody is at work who will
    /// get to it soon.
    pub(super) fn push(&self, job: Job) -> std::result::Result<bool, Box<Job>> {
        let is_large = job.bytes >= LARGE;
        let mut queue = self.queue.lock();
        if queue.stopping {
            return Err(Box::new(job));
        }
        queue.large += usize::from(is_large);
        queue.jobs.push_back(job);
        let writing = queue.writing;
        drop(queue);
        // Who syncs looks into the queue afterwards. It was pushed before this question.
        Ok(writing || (!is_large && self.groups.is_syncing()))
    }

    /// Has the helper work.
    pub(super) fn call_help(&self) {
        self.queue.lock().wanted = true;
        self.help.notify_one();
    }

    pub(super) fn depth(&self) -> usize {
        self.queue.lock().jobs.len()
    }

    /// Writes and syncs until there is nothing left that others are not doing. Blocks.
    pub(super) fn work(&self) {
        AT_WORK.set(true);
        self.work_on();
        AT_WORK.set(false);
    }

    /// Is the caller told of a record by [`Crew::work`], which goes on only when it returns?
    pub(super) fn is_at_work() -> bool {
        AT_WORK.get()
    }

    fn work_on(&self) {
        loop {
            let wrote = self.write_some();
            if wrote && self.queue.lock().large > 0 && !self.groups.is_syncing() {
                // One syncs, the other writes.
                self.call_help();
            }
            let synced = self.groups.sync_some();
            if !wrote && !synced {
                return;
            }
        }
    }

    fn write_some(&self) -> bool {
        let mut batch = Vec::new();
        {
            let mut queue = self.queue.lock();
            if queue.writing || queue.jobs.is_empty() {
                return false;
            }
            queue.writing = true;
            let mut bytes = 0;
            while batch.len() < BATCH
                && let Some(next) = queue.jobs.front()
                && (bytes == 0 || bytes + next.bytes <= BATCH_BYTES)
                && let Some(job) = queue.jobs.pop_front()
            {
                bytes += job.bytes.max(1);
                queue.large -= usize::from(job.bytes >= LARGE);
                batch.push(job);
            }
        }
        // Given back also if a panic unwinds.
        let _turn = Turn(self);
        if let Some(writer) = self.writer.lock().as_mut() {
            writer.write(batch);
        }
        true
    }

    /// The helper: works when called, until the store stops.
    pub(super) fn help(&self) {
        loop {
            {
                let mut queue = self.queue.lock();
                while !queue.wanted && !queue.stopping {
                    self.help.wait(&mut queue);
                }
                if queue.stopping {
                    return;
                }
                queue.wanted = false;
            }
            self.work();
        }
    }

    /// Takes no more jobs, finishes those that were taken, and closes the active pack. Blocks.
    pub(super) fn close(&self) {
        self.queue.lock().stopping = true;
        self.help.notify_all();
        loop {
            self.work();
            self.groups.barrier();
            let queue = self.queue.lock();
            if queue.jobs.is_empty() && !queue.writing {
                break;
            }
            drop(queue);
            std::thread::yield_now();
        }
        self.groups.barrier();
        let writer = self.writer.lock().take();
        if let Some(writer) = writer {
            writer.close();
        }
    }
}

/// The turn to write.
struct Turn<'a>(&'a Crew);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.queue.lock().writing = false;
    }
}
