//! Statistics that steer the coder: contexts of regular and of run mode (§A.2, §A.6, §A.7).

use super::parameters::Coding;

/// Order of the run-length codes, §A.2.1.
pub(super) const J: [u8; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// Contexts in an array: 365 are used, and an index cut to 9 bits needs no check.
pub(super) const CONTEXTS: usize = 512;

/// `J` at an index of a run.
#[inline(always)]
pub(super) fn order(run_index: usize) -> u32 {
    u32::from(J[run_index & 31])
}

/// Golomb parameter: the least `k` with `n << k >= a` (§A.5.1).
#[inline(always)]
fn golomb(a: u32, n: u32) -> u32 {
    let k = (n | 1)
        .leading_zeros()
        .saturating_sub((a | 1).leading_zeros());
    k + u32::from((n << k) < a)
}

/// A context of regular mode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// Sum of error sizes.
    a: u32,
    /// Bias.
    b: i32,
    /// Correction of the prediction.
    pub c: i32,
    /// Occurrences.
    n: i32,
}

impl Context {
    pub fn new(coding: &Coding) -> Context {
        Context {
            a: coding.first_a(),
            b: 0,
            c: 0,
            n: 1,
        }
    }

    /// Golomb parameter, and the bits that the error is turned by before it is mapped: all of them
    /// where small negative errors are likelier (§A.5.2).
    #[inline(always)]
    pub fn code(&self, is_lossless: bool) -> (u32, i32) {
        let k = golomb(self.a, self.n.unsigned_abs());
        let turn = if is_lossless && k == 0 {
            (2 * self.b + self.n - 1) >> 31
        } else {
            0
        };
        (k, turn)
    }

    /// Learns an error (§A.6).
    #[inline(always)]
    pub fn learn(&mut self, error: i32, step: i32, reset: i32) {
        let mut a = self.a.wrapping_add(error.unsigned_abs());
        let mut b = self.b + error * step;
        let mut n = self.n;
        if n == reset {
            a >>= 1;
            b >>= 1;
            n >>= 1;
        }
        n += 1;
        let low = i32::from(b + n <= 0);
        let high = i32::from(b > 0);
        let turn = low - high;
        self.a = a;
        self.b = (b + (n & -low) - (n & -high)).max(1 - n).min(0);
        self.c = (self.c - turn).clamp(-128, 127);
        self.n = n;
    }
}

/// A context of the samples that end runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunContext {
    a: u32,
    n: u32,
    negative: u32,
    /// RItype: 1 where the samples left and above are alike.
    kind: u32,
}

impl RunContext {
    pub fn new(coding: &Coding, kind: u32) -> RunContext {
        RunContext {
            a: coding.first_a(),
            n: 1,
            negative: 0,
            kind,
        }
    }

    /// Golomb parameter (§A.7.2.2).
    pub fn k(&self) -> u32 {
        golomb(self.a.wrapping_add((self.n >> 1) * self.kind), self.n)
    }

    /// The error that a mapped one stands for.
    pub fn unmap(&self, mapped: u32, k: u32) -> i32 {
        let doubled = mapped + self.kind;
        let odd = doubled & 1;
        let size = ((doubled + odd) / 2) as i32;
        let is_negative_odd = k != 0 || 2 * self.negative >= self.n;
        if is_negative_odd == (odd == 1) {
            -size
        } else {
            size
        }
    }

    /// EMErrval of an error.
    pub fn map(&self, error: i32, k: u32) -> u32 {
        let is_negative_odd = k != 0 || 2 * self.negative >= self.n;
        let odd = error != 0 && (error < 0) == is_negative_odd;
        (2 * error.unsigned_abs()) - self.kind - u32::from(odd)
    }

    /// Learns an error.
    pub fn learn(&mut self, error: i32, mapped: u32, reset: i32) {
        self.negative += u32::from(error < 0);
        self.a = self.a.wrapping_add((mapped + 1 - self.kind) >> 1);
        if self.n == reset.unsigned_abs() {
            self.a >>= 1;
            self.n >>= 1;
            self.negative >>= 1;
        }
        self.n += 1;
    }
}

/// Median edge detector (§A.4.1).
#[inline(always)]
pub(super) fn predict(left: i32, above: i32, corner: i32) -> i32 {
    (left + above - corner)
        .max(left.min(above))
        .min(left.max(above))
}

/// The value at `prediction` plus a quantised error (§A.4.4): wrapped into the range.
#[inline(always)]
pub(super) fn reconstruct<const PLAIN: bool>(prediction: i32, error: i32, coding: &Coding) -> i32 {
    if PLAIN {
        return (prediction + error) & coding.max_value;
    }
    let mut value = prediction + error * coding.step;
    if value < -coding.near {
        value += coding.range * coding.step;
    } else if value > coding.max_value + coding.near {
        value -= coding.range * coding.step;
    }
    value.max(0).min(coding.max_value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_golomb_parameter_is_the_least_that_fits() {
        for n in 1..200_u32 {
            for a in (0..5_000_u32).chain([65_535 * n, 65_536 * n]) {
                let k = (0..32).find(|k| u64::from(n) << k >= u64::from(a)).unwrap();
                assert_eq!(golomb(a, n), k, "{a} {n}");
            }
        }
    }

    #[test]
    fn run_errors_survive_mapping() {
        let coding = Coding::new(
            8,
            0,
            Default::default(),
            super::super::parameters::Defaults::Standard,
        )
        .unwrap();
        for kind in [0, 1] {
            let mut context = RunContext::new(&coding, kind);
            for error in (-100..100).filter(|error| kind == 0 || *error != 0) {
                for k in [0, 1, 5] {
                    assert_eq!(context.unmap(context.map(error, k), k), error, "{kind} {k}");
                }
                context.learn(error, context.map(error, 0), 64);
            }
        }
    }
}
