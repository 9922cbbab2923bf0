//! How many encode at the same time: as many as there are processors, whoever brings the work.

use parking_lot::{Condvar, Mutex};

/// Places at work.
#[derive(Debug)]
pub(crate) struct AtWork {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Default for AtWork {
    fn default() -> AtWork {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        AtWork {
            free: Mutex::new(count),
            freed: Condvar::new(),
        }
    }
}

impl AtWork {
    /// Runs work in a place of its own; waits for one. Blocks.
    pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        {
            let mut free = self.free.lock();
            while *free == 0 {
                self.freed.wait(&mut free);
            }
            *free -= 1;
        }
        let _place = Place(self);
        work()
    }
}

/// Given back also if a panic unwinds.
struct Place<'a>(&'a AtWork);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.freed.notify_one();
    }
}
