//! Full validation of what arrives, where a rule asks for it: every instance, or a sample of each
//! series.
//!
//! It comes before the record is written, for the record holds what was found (`docs/adr/0011`),
//! and before the sender is answered, for a rule may refuse; but never on a thread that may not
//! block.

use std::collections::HashMap;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use sagittal_core::Limits;
use sagittal_file::read::read_data_set;
use sagittal_iod::{Options, validate_encoded};

use crate::archive::Inner;
use crate::ingest::Described;

/// Series whose instances are counted.
const SERIES: usize = 8192;
/// Findings kept of one instance; a record has room for fewer.
const MOST: usize = 64;
/// Longer instances are not validated.
const LONGEST: u64 = 64 << 20;
/// Of instances longer than this one at a time is read.
const LARGE: u64 = 1 << 20;

/// How many instances of each series came.
#[derive(Debug, Default)]
pub(crate) struct Sampling {
    came: Mutex<HashMap<String, u32>>,
    large: Mutex<()>,
}

impl Sampling {
    /// Is it the turn of this one? The first of a series always is.
    fn is_due(&self, series: &str, every: u32) -> bool {
        if every == 1 {
            return true;
        }
        let mut came = self.came.lock();
        if came.len() >= SERIES && !came.contains_key(series) {
            came.clear();
        }
        let count = came.entry(series.to_owned()).or_default();
        let due = count.is_multiple_of(every);
        *count = count.wrapping_add(1) % every;
        due
    }
}

impl Inner {
    /// Is an instance to be validated? Then with the turn for it, if it is large.
    pub(crate) fn wants_examined(
        &self,
        described: &Described,
        source: &str,
        length: u64,
    ) -> Option<Option<MutexGuard<'_, ()>>> {
        let modality = &described.series.modality;
        let every = self.options.quality.validates(source, modality)?;
        let series = described.uids.series.as_str();
        if !self.sampling.is_due(series, every.get()) {
            return None;
        }
        if length > LONGEST {
            metrics::counter!("sagittal_quality_validated_total", "outcome" => "too_long")
                .increment(1);
            return None;
        }
        Some((length > LARGE).then(|| self.sampling.large.lock()))
    }

    /// Validates an instance; adds what the cheap checks have not found. Blocks.
    pub(crate) fn examine(&self, bytes: &Bytes, ts: &str, described: &mut Described) {
        let read = read_data_set(bytes, ts, Limits::default());
        let outcome = if read.is_ok() { "done" } else { "unreadable" };
        metrics::counter!("sagittal_quality_validated_total", "outcome" => outcome).increment(1);
        let Ok((data_set, _)) = read else {
            return;
        };
        let options = Options {
            least: self.options.quality.least,
            most: MOST,
        };
        let known = &mut described.quality;
        for finding in validate_encoded(&data_set, ts, options) {
            let is_same =
                |it: &sagittal_iod::Finding| it.kind == finding.kind && it.path == finding.path;
            if !known.iter().any(is_same) {
                known.push(finding);
            }
        }
        // A record may have no room for the last ones.
        known.sort_by_key(|finding| finding.severity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_series_is_due_and_then_each_third() {
        let sampling = Sampling::default();
        let due: Vec<bool> = (0..7).map(|_| sampling.is_due("1.2", 3)).collect();
        assert_eq!(due, [true, false, false, true, false, false, true]);
        assert!(sampling.is_due("1.3", 3));
        assert!((0..3).all(|_| sampling.is_due("1.4", 1)));
    }
}
