//! Many frames on all cores, with bounded memory.

use rayon::prelude::*;

/// Frames in work or waiting, for each thread: enough that one slow frame does not stop the rest.
const FOR_EACH_THREAD: usize = 4;

/// Does `work` for frames 0 to `count` on all cores and hands the results to `take` in order.
///
/// At most so many results are held at once as `frame_bytes` each make `max_bytes`, but at least
/// one; the first error ends it.
///
/// # Errors
/// The first in the order of frames that `work` or `take` gives.
pub fn frames_in_parallel<T, E, W, K>(
    count: u32,
    frame_bytes: u64,
    max_bytes: u64,
    work: W,
    mut take: K,
) -> Result<(), E>
where
    T: Send,
    E: Send,
    W: Fn(u32) -> Result<T, E> + Sync,
    K: FnMut(u32, T) -> Result<(), E>,
{
    let threads = rayon::current_num_threads();
    let by_memory = usize::try_from(max_bytes / frame_bytes.max(1)).unwrap_or(usize::MAX);
    let at_once = by_memory.clamp(1, threads.saturating_mul(FOR_EACH_THREAD).max(1));
    let at_once = u32::try_from(at_once).unwrap_or(u32::MAX);
    let mut begin = 0;
    while begin < count {
        let end = begin.saturating_add(at_once).min(count);
        if end - begin == 1 || threads == 1 {
            for frame in begin..end {
                take(frame, work(frame)?)?;
            }
        } else {
            let done: Vec<Result<T, E>> = (begin..end).into_par_iter().map(&work).collect();
            for (frame, result) in (begin..end).zip(done) {
                take(frame, result?)?;
            }
        }
        begin = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_order_and_few_are_held() {
        let held = AtomicUsize::new(0);
        let mut seen = Vec::new();
        frames_in_parallel(
            100,
            10,
            30,
            |frame| {
                held.fetch_add(1, Ordering::SeqCst);
                Ok::<u32, ()>(frame * 2)
            },
            |frame, result| {
                assert!(held.fetch_sub(1, Ordering::SeqCst) <= 3);
                seen.push((frame, result));
                Ok(())
            },
        )
        .expect("no errors");
        assert!(
            seen.iter()
                .copied()
                .eq((0..100).map(|frame| (frame, frame * 2)))
        );
    }

    #[test]
    fn the_first_error_ends_it() {
        let mut taken = 0;
        let result = frames_in_parallel(
            50,
            1,
            u64::MAX,
            |frame| if frame >= 7 { Err(frame) } else { Ok(()) },
            |_, ()| {
                taken += 1;
                Ok(())
            },
        );
        assert_eq!((result, taken), (Err(7), 7));
    }
}
