//! The second half of group commit: what was written is synced, then everybody who waits for it is
//! told.
//!
//! While a sync runs, others fill the page cache with the next group; the next sync answers for all
//! of it. A group's sync begins after the last write that it answers for, because only what was
//! handed over before is in the group. One thread syncs at a time, so that groups are answered in
//! their order.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::disk::DiskFile;
use super::queue::Done;
use super::writer::Committed;
use crate::Error;

/// A pack while it is written.
#[derive(Debug)]
pub(super) struct OpenPack {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn DiskFile>,
    /// So much of it is on the device.
    pub(super) durable: AtomicU64,
    /// A write or sync failed: nothing more goes in, and nothing unsynced in it is acknowledged.
    pub(super) failed: AtomicBool,
}

/// Records that are written but not yet synced.
pub(super) struct Written {
    pub(super) pack: Arc<OpenPack>,
    /// The pack's end after them.
    pub(super) end: u64,
    pub(super) waiting: Vec<(Done, Committed)>,
    /// Their bytes, for metrics.
    pub(super) bytes: u64,
}

/// What is written and not yet synced.
#[derive(Default)]
pub(super) struct Groups {
    state: Mutex<State>,
    settled: Condvar,
}

#[derive(Default)]
struct State {
    written: Vec<Written>,
    syncing: bool,
    /// By somebody who waits for it in [`Groups::barrier`] and then leaves: who comes meanwhile
    /// cannot rely on that one to look for more.
    in_passing: bool,
    /// How many were handed over so far, and how many of them are synced or failed.
    handed: u64,
    settled: u64,
}

impl Groups {
    pub(super) fn hand_over(&self, written: Written) {
        let mut state = self.state.lock();
        state.handed += 1;
        state.written.push(written);
    }

    /// Does somebody sync who will look for more afterwards?
    pub(super) fn is_syncing(&self) -> bool {
        let state = self.state.lock();
        state.syncing && !state.in_passing
    }

    /// Syncs what is written by now, unless another does who will look again, or there is nothing.
    /// Blocks.
    pub(super) fn sync_some(&self) -> bool {
        let mut state = self.state.lock();
        while state.in_passing && !state.written.is_empty() {
            self.settled.wait(&mut state);
        }
        self.sync(state, false)
    }

    fn sync(&self, mut state: MutexGuard<'_, State>, in_passing: bool) -> bool {
        if state.syncing || state.written.is_empty() {
            return false;
        }
        state.syncing = true;
        state.in_passing = in_passing;
        let group = std::mem::take(&mut state.written);
        drop(state);
        // Given back also if a panic unwinds.
        let _turn = Turn(self, group.len() as u64);
        commit(group);
        true
    }

    /// Returns when everything handed over before is synced or failed. Blocks.
    pub(super) fn barrier(&self) {
        let target = self.state.lock().handed;
        loop {
            self.sync(self.state.lock(), true);
            let mut state = self.state.lock();
            if state.settled >= target {
                return;
            }
            if state.syncing {
                self.settled.wait(&mut state);
            }
        }
    }
}

/// The turn to sync, and how many are settled at its end.
struct Turn<'a>(&'a Groups, u64);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.syncing = false;
        state.in_passing = false;
        state.settled += self.1;
        drop(state);
        self.0.settled.notify_all();
    }
}

fn commit(group: Vec<Written>) {
    let started = std::time::Instant::now();
    let mut errors: Vec<(Arc<OpenPack>, io::Error)> = Vec::new();
    let mut synced: Vec<Arc<OpenPack>> = Vec::new();
    for written in &group {
        let pack = &written.pack;
        let known = |other: &Arc<OpenPack>| Arc::ptr_eq(other, pack);
        if synced.iter().any(known) || errors.iter().any(|(other, _)| known(other)) {
            continue;
        }
        if pack.failed.load(Ordering::Acquire) {
            errors.push((
                pack.clone(),
                io::Error::other("closed after an earlier failure"),
            ));
            continue;
        }
        match pack.file.sync_data() {
            Ok(()) => synced.push(pack.clone()),
            Err(error) => {
                // The kernel may have dropped the dirty pages: a later sync would succeed
                // without having written them. So this file is never trusted again.
                pack.failed.store(true, Ordering::Release);
                tracing::error!(pack = pack.number, %error, "sync failed, pack closed");
                errors.push((pack.clone(), error));
            }
        }
    }
    let (mut records, mut bytes) = (0, 0);
    for written in &group {
        if synced.iter().any(|pack| Arc::ptr_eq(pack, &written.pack)) {
            written
                .pack
                .durable
                .fetch_max(written.end, Ordering::AcqRel);
            records += written.waiting.len();
            bytes += written.bytes;
        }
    }
    if records > 0 {
        metrics::histogram!("sagittal_commit_seconds").record(started.elapsed().as_secs_f64());
        metrics::histogram!("sagittal_commit_group_records").record(records as f64);
        metrics::histogram!("sagittal_commit_group_bytes").record(bytes as f64);
    }
    for written in group {
        let error = errors
            .iter()
            .find(|(pack, _)| Arc::ptr_eq(pack, &written.pack));
        for (done, committed) in written.waiting {
            done(match error {
                None => Ok(committed),
                Some((pack, error)) => Err(Error::Io {
                    operation: "sync",
                    path: pack.path.clone(),
                    source: again(error),
                }),
            });
        }
    }
}

/// The same error for another waiter.
pub(super) fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
