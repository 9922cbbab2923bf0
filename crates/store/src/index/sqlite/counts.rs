//! Totals that were asked for, until the tables change: lists are leafed through, and every page
//! asks for the same total.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::Result;
use crate::index::query::IndexQuery;

/// Totals that are remembered at the same time.
const MOST: usize = 256;
/// Longer queries are not worth the memory.
const LONGEST: usize = 4096;

#[derive(Default)]
pub struct Counts {
    changes: AtomicU64,
    /// As of how many changes, and what was counted then.
    known: Mutex<(u64, HashMap<String, Slot>)>,
}

/// A total, once it is counted. Who asks meanwhile waits for it.
type Slot = Arc<Mutex<Option<u64>>>;

impl Counts {
    /// To be called after each commit, before anybody is told of it.
    pub fn changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// What was counted since the last change, or is counted now.
    pub fn get(&self, query: &IndexQuery, count: impl FnOnce() -> Result<u64>) -> Result<u64> {
        let key = format!("{query:?}");
        if key.len() > LONGEST {
            return count();
        }
        // Before counting: what is committed meanwhile may be missing in the total, and then the
        // total is as of before it.
        let now = self.changes.load(Ordering::Acquire);
        let slot = {
            let mut known = self.known.lock();
            if known.0 < now {
                *known = (now, HashMap::new());
            }
            if known.0 > now || known.1.len() >= MOST && !known.1.contains_key(&key) {
                None
            } else {
                Some(known.1.entry(key).or_default().clone())
            }
        };
        let Some(slot) = slot else {
            return count();
        };
        let mut total = slot.lock();
        if let Some(total) = *total {
            return Ok(total);
        }
        let counted = count()?;
        *total = Some(counted);
        Ok(counted)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::index::query::Level;

    #[test]
    fn a_total_is_counted_once_between_changes() {
        let counts = Counts::default();
        let query = IndexQuery::all(Level::Study);
        assert_eq!(counts.get(&query, || Ok(1)).unwrap(), 1);
        assert_eq!(counts.get(&query, || Ok(2)).unwrap(), 1);
        let other = IndexQuery::all(Level::Series);
        assert_eq!(counts.get(&other, || Ok(5)).unwrap(), 5);
        counts.changed();
        assert_eq!(counts.get(&query, || Ok(2)).unwrap(), 2);
    }

    #[test]
    fn a_total_of_before_a_change_is_not_kept_beyond_it() {
        let counts = Counts::default();
        let query = IndexQuery::all(Level::Study);
        let counted = counts.get(&query, || {
            counts.changed();
            Ok(1)
        });
        assert_eq!(counted.unwrap(), 1);
        assert_eq!(counts.get(&query, || Ok(2)).unwrap(), 2);
    }
}
