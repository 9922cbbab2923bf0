//! How slow a peer may be in the middle of something. A limit for each wait alone would let a peer
//! that gives, or takes, a byte now and then keep its place for ever.

use std::time::Duration;

use tokio::time::Instant;

/// Waits and bytes of one message. Time in which we are busy ourselves does not count.
pub(super) struct Pace {
    /// No wait is longer.
    span: Duration,
    /// In a span of waiting there have to be so many bytes.
    least: u64,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// A peer has to manage `min_rate` bytes a second over each `span` that we wait for it.
    pub(super) fn new(span: Duration, min_rate: u64) -> Pace {
        let least = u128::from(min_rate) * span.as_millis() / 1000;
        Pace {
            span,
            least: u64::try_from(least).unwrap_or(u64::MAX),
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    /// Something new begins.
    pub(super) fn reset(&mut self) {
        self.waited = Duration::ZERO;
        self.bytes = 0;
    }

    /// Begins a wait; the time until it is dropped counts.
    pub(super) fn wait(&mut self) -> Waiting<'_> {
        Waiting {
            since: Instant::now(),
            pace: self,
        }
    }
}

/// A wait that is under way.
pub(super) struct Waiting<'a> {
    pace: &'a mut Pace,
    since: Instant,
}

impl Waiting<'_> {
    /// How long it may take.
    pub(super) fn limit(&self) -> Duration {
        let pace = &self.pace;
        if pace.bytes >= pace.least {
            pace.span
        } else {
            pace.span.saturating_sub(pace.waited)
        }
    }

    /// It has ended with so many bytes.
    pub(super) fn end(self, bytes: u64) {
        self.pace.bytes += bytes;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let pace = &mut *self.pace;
        pace.waited += self.since.elapsed();
        if pace.waited >= pace.span && pace.bytes >= pace.least {
            pace.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(60);

    /// How long a peer lasts that gives `bytes` every `seconds`, up to a day.
    async fn lasts(bytes: u64, seconds: u64) -> Duration {
        let mut pace = Pace::new(SPAN, 512);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(86_400) {
            let waiting = pace.wait();
            let next = Duration::from_secs(seconds);
            if next > waiting.limit() {
                tokio::time::sleep(waiting.limit()).await;
                break;
            }
            tokio::time::sleep(next).await;
            waiting.end(bytes);
        }
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_drip_ends_after_a_span_and_a_slow_line_never() {
        for (bytes, seconds) in [(1, 1), (1, 59), (400, 1), (1000, 7)] {
            let lasted = lasts(bytes, seconds).await;
            assert!(lasted <= SPAN, "{bytes} every {seconds} s: {lasted:?}");
        }
        // A stall that is shorter than the span is nothing, if the line is good otherwise.
        for (bytes, seconds) in [(600, 1), (40_000, 59), (1 << 20, 55)] {
            let lasted = lasts(bytes, seconds).await;
            assert!(lasted > 100 * SPAN, "{bytes} every {seconds} s: {lasted:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_given_in_time_does_not_pay_for_a_drip_later() {
        let mut pace = Pace::new(SPAN, 512);
        pace.wait().end(1 << 30);
        let waiting = pace.wait();
        tokio::time::sleep(SPAN).await;
        waiting.end(1);
        assert_eq!(pace.wait().limit(), SPAN, "a span anew");
        let waiting = pace.wait();
        tokio::time::sleep(Duration::from_secs(50)).await;
        waiting.end(1);
        assert_eq!(pace.wait().limit(), Duration::from_secs(10));
    }
}
