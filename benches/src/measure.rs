//! Timings of operations, and figures made of them.

use std::time::{Duration, Instant};

/// What a client saw.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    /// Of each operation.
    pub each: Vec<Duration>,
    /// To the first byte of each operation's answer, where that is looked at.
    pub first: Vec<Duration>,
    /// Of all together.
    pub wall: Duration,
    /// Payload moved.
    pub bytes: u64,
    first_of_this: Option<Duration>,
}

impl Timings {
    /// One operation more.
    pub fn add(&mut self, took: Duration, bytes: u64) {
        self.each.push(took);
        self.bytes += bytes;
        self.first.extend(self.first_of_this.take());
    }

    /// The first byte of the operation that began then.
    pub fn note_first(&mut self, begun: Instant) {
        if self.first_of_this.is_none() {
            self.first_of_this = Some(begun.elapsed());
        }
    }

    /// Those of several clients that ran together.
    pub fn merged(all: Vec<Timings>, wall: Duration) -> Timings {
        let mut sum = Timings {
            wall,
            ..Timings::default()
        };
        for one in all {
            sum.each.extend(one.each);
            sum.first.extend(one.first);
            sum.bytes += one.bytes;
        }
        sum
    }

    /// Operations per second.
    pub fn rate(&self) -> f64 {
        self.each.len() as f64 / self.wall.as_secs_f64().max(1e-9)
    }

    /// Megabytes (10⁶) per second.
    pub fn megabytes_per_second(&self) -> f64 {
        self.bytes as f64 / 1e6 / self.wall.as_secs_f64().max(1e-9)
    }

    /// A percentile of the operations, in milliseconds.
    pub fn percentile(&self, percent: f64) -> f64 {
        percentile(&self.each, percent)
    }

    /// A percentile of the first bytes, in milliseconds.
    pub fn first_byte(&self, percent: f64) -> f64 {
        percentile(&self.first, percent)
    }
}

fn percentile(times: &[Duration], percent: f64) -> f64 {
    let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or(f64::NAN)
}

/// The middle of some figures.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low), Some(high)) => (low + high) / 2.0,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_medians_are_those_of_the_books() {
        let mut timings = Timings::default();
        (1..=100).for_each(|ms| timings.add(Duration::from_millis(ms), 1));
        assert!((timings.percentile(50.0) - 50.0).abs() < 1e-9);
        assert!((timings.percentile(99.0) - 99.0).abs() < 1e-9);
        assert!((median(&[3.0, 1.0, 2.0, 10.0]) - 2.5).abs() < 1e-9);
    }
}
