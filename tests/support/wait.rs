//! Waiting for a condition, with an end.

use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);

/// Asks until there is an answer; fails after [`LONG`].
#[track_caller]
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LONG;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "waited {LONG:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
