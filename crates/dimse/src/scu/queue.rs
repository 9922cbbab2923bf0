//! A bounded queue of instances that wait to be sent.

use std::collections::{HashSet, VecDeque};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use super::c_store::Kind;
use super::source::Instance;

/// An instance on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) instance: Instance,
    /// Associations that broke off while it was on its way over them.
    pub(super) attempts: u32,
}

/// Instances that wait to be sent: filled by a thread that looks for them, emptied by associations.
pub struct Queue {
    state: Mutex<State>,
    capacity: usize,
    /// There is room.
    room: Condvar,
    /// There is something, or the end.
    changed: Notify,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Of all that ever came in, in their order.
    kinds: Vec<Kind>,
    /// Nothing more comes.
    closed: bool,
    /// Nobody takes any more.
    abandoned: bool,
}

/// What a worker gets.
pub(super) enum Next {
    /// It can be sent over the association that the worker has.
    Fits(Job),
    /// It needs another.
    Other(Job),
    /// There is nothing, and nothing will come.
    End,
}

impl Queue {
    /// For up to `capacity` instances.
    pub fn new(capacity: usize) -> Queue {
        Queue {
            state: Mutex::default(),
            capacity: capacity.max(1),
            room: Condvar::new(),
            changed: Notify::new(),
        }
    }

    /// Adds an instance, blocking while there is no room. `false` if nobody takes any more.
    pub fn push(&self, instance: Instance) -> bool {
        let mut state = self.state.lock();
        while state.jobs.len() >= self.capacity && !state.abandoned {
            self.room.wait(&mut state);
        }
        if state.abandoned {
            return false;
        }
        let kind = instance.kind();
        if !state.kinds.contains(&kind) {
            state.kinds.push(kind);
        }
        state.jobs.push_back(Job {
            instance,
            attempts: 0,
        });
        drop(state);
        self.changed.notify_waiters();
        true
    }

    /// Nothing more will be added.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_waiters();
    }

    /// Waits until it is full or closed, so that what is to be negotiated is known.
    pub(super) async fn filled(&self) {
        loop {
            let changed = self.changed.notified();
            {
                let state = self.state.lock();
                if state.closed || state.abandoned || state.jobs.len() >= self.capacity {
                    return;
                }
            }
            changed.await;
        }
    }

    /// Puts back what could not be sent, to be the next.
    pub(super) fn put_back(&self, job: Job) {
        self.state.lock().jobs.push_front(job);
        self.changed.notify_waiters();
    }

    /// Puts back what may have broken an association: others go first.
    pub(super) fn put_last(&self, job: Job) {
        self.state.lock().jobs.push_back(job);
        self.changed.notify_waiters();
    }

    /// The next instance, one that `fits` if there is any. Waits for one.
    pub(super) async fn next(&self, fits: impl Fn(&Kind) -> bool) -> Next {
        loop {
            let changed = self.changed.notified();
            if let Some(next) = self.take(&fits) {
                return next;
            }
            changed.await;
        }
    }

    /// As [`Queue::next`], without waiting; only what fits.
    pub(super) fn try_next(&self, fits: impl Fn(&Kind) -> bool) -> Option<Job> {
        let mut state = self.state.lock();
        let at = state
            .jobs
            .iter()
            .position(|job| fits(&job.instance.kind()))?;
        let job = state.jobs.remove(at);
        drop(state);
        self.room.notify_one();
        job
    }

    fn take(&self, fits: &impl Fn(&Kind) -> bool) -> Option<Next> {
        if let Some(job) = self.try_next(fits) {
            return Some(Next::Fits(job));
        }
        let mut state = self.state.lock();
        let next = match state.jobs.pop_front() {
            Some(job) => Next::Other(job),
            None if state.closed || state.abandoned => Next::End,
            None => return None,
        };
        drop(state);
        self.room.notify_one();
        Some(next)
    }

    /// What an association for `first` should be able to carry: that first, then what waits, then
    /// what has been met before.
    pub(super) fn kinds(&self, first: &Kind) -> Vec<Kind> {
        let state = self.state.lock();
        let waiting = state.jobs.iter().map(|job| job.instance.kind());
        let mut seen = HashSet::new();
        std::iter::once(first.clone())
            .chain(waiting)
            .chain(state.kinds.iter().cloned())
            .filter(|kind| seen.insert(kind.clone()))
            .collect()
    }

    /// Nobody takes any more; returns what is left.
    pub(super) fn abandon(&self) -> Vec<Job> {
        let mut state = self.state.lock();
        state.abandoned = true;
        let left = std::mem::take(&mut state.jobs);
        drop(state);
        self.room.notify_all();
        self.changed.notify_waiters();
        left.into()
    }
}
