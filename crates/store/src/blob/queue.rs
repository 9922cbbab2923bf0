//! What waits for the writer.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};
use sagittal_core::Uid;
use tokio::sync::OwnedSemaphorePermit;

use super::packs::NewInstance;
use super::spill::Spilled;
use super::writer::Committed;
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
    /// Room in the queue, given back when the job is done.
    pub(super) _permit: Option<OwnedSemaphorePermit>,
}

/// What waits for the writer.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<QueueState>,
    wake: Condvar,
}

#[derive(Default)]
struct QueueState {
    jobs: VecDeque<Job>,
    stopping: bool,
}

/// Jobs taken at once: bounds one write call and the time until the first of them is synced.
const BATCH: usize = 256;

impl Queue {
    /// Gives the job back if the store is stopping.
    pub(super) fn push(&self, job: Job) -> std::result::Result<(), Job> {
        let mut state = self.state.lock();
        if state.stopping {
            return Err(job);
        }
        state.jobs.push_back(job);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    pub(super) fn stop(&self) {
        self.state.lock().stopping = true;
        self.wake.notify_one();
    }

    pub(super) fn depth(&self) -> usize {
        self.state.lock().jobs.len()
    }

    /// Waits for jobs; empty when stopping and nothing is left.
    pub(super) fn take(&self, batch: &mut Vec<Job>) {
        let mut state = self.state.lock();
        while state.jobs.is_empty() && !state.stopping {
            self.wake.wait(&mut state);
        }
        let count = state.jobs.len().min(BATCH);
        batch.extend(state.jobs.drain(..count));
    }
}
