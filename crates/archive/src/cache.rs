//! Things that cost something to make, kept within a budget of bytes; made once however many ask.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OnceCell;

/// A cache bounded by the bytes of what it holds; what was not used for longest goes first.
#[derive(Debug)]
pub(crate) struct ByteCache<K, V> {
    budget: u64,
    held: Mutex<Held<K, V>>,
}

#[derive(Debug)]
struct Held<K, V> {
    entries: HashMap<K, Entry<V>>,
    bytes: u64,
    /// Counts uses.
    clock: u64,
}

#[derive(Debug)]
struct Entry<V> {
    cell: Arc<OnceCell<V>>,
    /// 0 while it is being made.
    bytes: u64,
    used: u64,
}

impl<K: Eq + Hash + Clone, V: Clone> ByteCache<K, V> {
    pub(crate) fn new(budget: u64) -> ByteCache<K, V> {
        ByteCache {
            budget,
            held: Mutex::new(Held {
                entries: HashMap::new(),
                bytes: 0,
                clock: 0,
            }),
        }
    }

    /// What has more bytes is not kept.
    pub(crate) fn largest(&self) -> u64 {
        self.budget / 4
    }

    /// What is kept under `key`; if nothing is, what `make` gives, with its size in bytes. Others
    /// who ask in the meantime wait for it. A failure is given to who made it, and the next one
    /// tries again. What is larger than a quarter of the budget is not kept.
    pub(crate) async fn get_or_make<E, F>(&self, key: K, make: F) -> Result<V, E>
    where
        F: Future<Output = Result<(V, u64), E>>,
    {
        let cell = self.enter(&key);
        let mut size = None;
        let made = cell
            .get_or_try_init(async || {
                let (value, bytes) = make.await?;
                size = Some(bytes);
                Ok(value)
            })
            .await
            .cloned();
        match (&made, size) {
            (Ok(_), Some(bytes)) => self.settle(&key, &cell, bytes),
            (Err(_), _) => self.forget(&key, &cell),
            _ => {}
        }
        made
    }

    fn enter(&self, key: &K) -> Arc<OnceCell<V>> {
        let mut held = self.held.lock();
        held.clock += 1;
        let used = held.clock;
        let entry = held.entries.entry(key.clone()).or_insert_with(|| Entry {
            cell: Arc::default(),
            bytes: 0,
            used,
        });
        entry.used = used;
        entry.cell.clone()
    }

    /// Counts what was made, and drops what that leaves no room for.
    fn settle(&self, key: &K, cell: &Arc<OnceCell<V>>, bytes: u64) {
        let held = &mut *self.held.lock();
        match held.entries.get_mut(key) {
            Some(entry) if Arc::ptr_eq(&entry.cell, cell) => {
                if bytes > self.largest() {
                    held.entries.remove(key);
                    return;
                }
                entry.bytes = bytes;
                held.bytes += bytes;
            }
            _ => return,
        }
        while held.bytes > self.budget {
            let finished = held.entries.iter().filter(|(_, entry)| entry.bytes > 0);
            let Some(oldest) = finished
                .min_by_key(|(_, entry)| entry.used)
                .map(|(key, _)| key.clone())
            else {
                return;
            };
            if let Some(entry) = held.entries.remove(&oldest) {
                held.bytes = held.bytes.saturating_sub(entry.bytes);
            }
        }
    }

    fn forget(&self, key: &K, cell: &Arc<OnceCell<V>>) {
        let mut held = self.held.lock();
        let is_idle = |entry: &Entry<V>| Arc::ptr_eq(&entry.cell, cell) && !cell.initialized();
        if held.entries.get(key).is_some_and(is_idle) {
            held.entries.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    #[tokio::test]
    async fn a_thing_is_made_once_for_many_who_ask() {
        let cache = Arc::new(ByteCache::<u8, u32>::new(100));
        let made = Arc::new(AtomicU32::new(0));
        let asking = (0..20).map(|_| {
            let (cache, made) = (cache.clone(), made.clone());
            tokio::spawn(async move {
                let make = async {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Ok::<_, ()>((made.fetch_add(1, Ordering::Relaxed) + 7, 10))
                };
                cache.get_or_make(1, make).await
            })
        });
        for answer in futures::future::join_all(asking).await {
            assert_eq!(answer.unwrap(), Ok(7));
        }
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let cache = ByteCache::<u8, u8>::new(100);
        let failed = cache.get_or_make(1, async { Err::<(u8, u64), _>("no") });
        assert_eq!(failed.await, Err("no"));
        let made = cache.get_or_make(1, async { Ok::<_, &str>((5, 1)) }).await;
        assert_eq!(made, Ok(5));
    }

    #[tokio::test]
    async fn the_budget_is_kept_and_the_longest_unused_goes_first() {
        let cache = ByteCache::<u8, u8>::new(40);
        let put = async |key: u8, size: u64| {
            let make = async { Ok::<_, ()>((key, size)) };
            cache.get_or_make(key, make).await.unwrap()
        };
        for key in 1..=4 {
            put(key, 10).await;
        }
        put(1, 10).await;
        put(5, 10).await;
        let keys = |cache: &ByteCache<u8, u8>| {
            let mut keys: Vec<u8> = cache.held.lock().entries.keys().copied().collect();
            keys.sort_unstable();
            keys
        };
        assert_eq!(keys(&cache), [1, 3, 4, 5]);
        // Too large to be kept, and nothing goes for it.
        assert_eq!(put(9, 11).await, 9);
        assert_eq!(keys(&cache), [1, 3, 4, 5]);
        assert_eq!(cache.held.lock().bytes, 40);
    }
}
