//! Giving back the space of deleted instances.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use sagittal_store::index::{Relocation, Watermarks};

use crate::{Archive, Result};

/// Bytes of packs taken together into one new pack, at most about this much live.
const BATCH: u64 = 256 << 20;

/// Packs with records that compression has made superfluous are left alone for so long.
const GRACE: std::time::Duration = std::time::Duration::from_secs(600);

/// What a compaction did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compaction {
    /// Packs removed.
    pub packs: u64,
    /// Instances copied.
    pub instances: u64,
    /// Bytes given back.
    pub freed: u64,
    /// Packs that were left because something in them cannot be read.
    pub damaged: Vec<String>,
}

/// A pack worth compacting.
struct Wasteful {
    pack: u64,
    length: u64,
    live: u64,
}

impl Archive {
    /// Copies what is left of packs of which less than `live_share` (0 to 1) is in use, and removes
    /// them. Readers are not disturbed; a crash at any point loses nothing.
    pub async fn compact(&self, live_share: f64) -> Result<Compaction> {
        let mut done = Compaction::default();
        let mut damaged: HashSet<u64> = HashSet::new();
        loop {
            // The order matters: packs that are closed now, then all that was ever acknowledged in
            // them known to the index, then what of them is live.
            let packs = self.inner().packs.clone();
            let closed = self.blocking(move || Ok(packs.closed_packs()?)).await?;
            self.wait_indexed().await?;
            let inner = self.inner().clone();
            let left_out = damaged.clone();
            let step = self
                .blocking(move || inner.compact_some(&closed, live_share, &left_out))
                .await?;
            let Some((step, broken)) = step else {
                return Ok(done);
            };
            done.packs += step.packs;
            done.instances += step.instances;
            done.freed += step.freed;
            done.damaged.extend(step.damaged);
            damaged.extend(broken);
        }
    }
}

impl crate::archive::Inner {
    /// Compacts a handful of packs; `None` if there are none. Blocks.
    fn compact_some(
        &self,
        closed: &[(u64, u64)],
        live_share: f64,
        left_out: &HashSet<u64>,
    ) -> Result<Option<(Compaction, Vec<u64>)>> {
        // Compression takes no record's place while it is being copied.
        let _turn = self.rewriting.blocking_lock();
        let chosen = self.wasteful(closed, live_share, left_out)?;
        if chosen.is_empty() {
            return Ok(None);
        }
        let packs: Vec<u64> = chosen.iter().map(|pack| pack.pack).collect();
        // With the names by which the index knows them.
        let mut live = HashMap::new();
        self.index.records(&mut |record| {
            if packs.contains(&record.locator.pack) {
                let place = (record.locator.pack, record.locator.offset);
                live.insert(place, record.sop_instance_uid);
            }
            ControlFlow::Continue(())
        })?;
        let compacted = self
            .packs
            .compact(&packs, &|pack, offset| live.contains_key(&(pack, offset)))?;
        let moves: Vec<Relocation> = compacted
            .moves
            .iter()
            .map(|moved| Relocation {
                sop_instance_uid: live
                    .get(&(moved.from.pack, moved.from.offset))
                    .cloned()
                    .unwrap_or_else(|| moved.sop_instance_uid.to_string()),
                from: moved.from,
                to: moved.to,
            })
            .collect();
        let watermarks: Watermarks = compacted.pack.into_iter().collect();
        if !compacted.gone.is_empty() {
            self.index.relocate(&moves, &watermarks, &compacted.gone)?;
            self.packs.remove(&compacted.gone)?;
        }
        let new_bytes = compacted.pack.map_or(0, |(_, length)| length);
        let done = Compaction {
            packs: compacted.gone.len() as u64,
            instances: moves.len() as u64,
            freed: compacted.gone_bytes.saturating_sub(new_bytes),
            damaged: compacted
                .damage
                .iter()
                .map(|damage| format!("pack {}: {}", damage.pack, damage.reason))
                .collect(),
        };
        // Not again in this run, whether they are gone or not.
        let new_pack = compacted.pack.map(|(pack, _)| pack);
        Ok(Some((done, packs.into_iter().chain(new_pack).collect())))
    }

    fn wasteful(
        &self,
        closed: &[(u64, u64)],
        live_share: f64,
        left_out: &HashSet<u64>,
    ) -> Result<Vec<Wasteful>> {
        let watermarks = self.index.watermarks()?;
        let live = self.index.live()?;
        // Who began to read before a record became superfluous may go on.
        let mut superfluous = self.superfluous.lock();
        superfluous.retain(|_, since| since.elapsed() < GRACE);
        let mut all: Vec<Wasteful> = closed
            .iter()
            // Complete and taken in: not a large instance that is still arriving.
            .filter(|(pack, length)| watermarks.get(pack) == Some(length))
            .filter(|(pack, _)| !left_out.contains(pack) && !superfluous.contains_key(pack))
            .map(|&(pack, length)| {
                let live = live.get(&pack).map_or(0, |live| live.bytes);
                Wasteful { pack, length, live }
            })
            .filter(|pack| (pack.live as f64) < pack.length as f64 * live_share)
            .collect();
        all.sort_by_key(|pack| pack.live);
        let mut together = 0;
        all.retain(|pack| {
            together += pack.live;
            together <= BATCH || pack.live == together
        });
        all.truncate(64);
        Ok(all)
    }
}
