//! Finds the instances to send: headers are read by a few threads, as fast as the queue takes them.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sagittal_dimse::scu::{Error, Instance, Queue};
use tokio::sync::mpsc;

use crate::files;

/// Threads that read headers: they mostly wait for the disk.
const THREADS: usize = 4;

/// What there is in all; grows while it is counted.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub files: AtomicU64,
    pub bytes: AtomicU64,
    pub complete: AtomicBool,
}

/// What is not sent.
pub(super) enum Passed {
    NotDicom { bytes: u64 },
    Directory { bytes: u64 },
    Unreadable { name: String, reason: String },
}

/// Counts files and bytes, for the time left.
pub(super) fn count(paths: &[PathBuf], totals: &Totals) {
    for path in paths.iter().flat_map(|path| files::walk(path)).flatten() {
        let size = path.metadata().map_or(0, |metadata| metadata.len());
        totals.files.fetch_add(1, Ordering::Relaxed);
        totals.bytes.fetch_add(size, Ordering::Relaxed);
    }
    totals.complete.store(true, Ordering::Relaxed);
}

/// Puts every instance into the queue and closes it; ends early when nobody takes any more.
pub(super) fn feed(paths: Vec<PathBuf>, queue: &Queue, passed: &mpsc::Sender<Passed>) {
    let found = paths.into_iter().flat_map(|path| files::walk(&path));
    let found: Mutex<Box<dyn Iterator<Item = _> + Send>> = Mutex::new(Box::new(found));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let next = match found.lock() {
                        Ok(mut found) => found.next(),
                        // Another thread has panicked.
                        Err(_) => return,
                    };
                    let goes_on = match next {
                        None => return,
                        Some(Ok(path)) => look(&path, queue, passed),
                        Some(Err(error)) => {
                            let (name, reason) = (String::new(), error.to_string());
                            passed
                                .blocking_send(Passed::Unreadable { name, reason })
                                .is_ok()
                        }
                    };
                    if !goes_on {
                        return;
                    }
                }
            });
        }
    });
    queue.close();
}

fn look(path: &Path, queue: &Queue, passed: &mpsc::Sender<Passed>) -> bool {
    let bytes = || path.metadata().map_or(0, |metadata| metadata.len());
    let what = match Instance::of_file(path) {
        Ok(instance) => return queue.push(instance),
        Err(Error::NotDicom { .. }) => Passed::NotDicom { bytes: bytes() },
        Err(Error::Directory { .. }) => Passed::Directory { bytes: bytes() },
        Err(error) => Passed::Unreadable {
            name: path.display().to_string(),
            reason: error.chain(),
        },
    };
    passed.blocking_send(what).is_ok()
}
