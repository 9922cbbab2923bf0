//! The index takes in what the packs hold and it does not know: at every start, and all of it when
//! it is rebuilt (design D4).

use std::collections::HashMap;

use sagittal_store::blob::{Committed, Packs, Recovery, Replayed, Step};
use sagittal_store::index::{Change, Index, Relocation, Watermarks};

use crate::archive::{pack_options, prepare_folder};
use crate::indexer::{SEQUENCE_KEY, advance};
use crate::ingest::{StoredSource, changes, describe};
use crate::{Options, Result};

/// Changes in one transaction.
const BATCH: usize = 1000;
/// Or bytes of headers.
const BATCH_BYTES: usize = 8 << 20;

/// How far something long has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of packs dealt with.
    pub bytes: u64,
    /// Bytes of packs in all.
    pub total_bytes: u64,
    /// Records dealt with.
    pub records: u64,
}

/// What catching up did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatchUp {
    /// Instances taken in.
    pub instances: u64,
    /// Deletions taken in.
    pub deletions: u64,
    /// Instances that could not be read any more, with reasons; they are kept.
    pub problems: Vec<String>,
    /// Bytes of torn, never acknowledged records that were cut off.
    pub cut: u64,
    /// Unfinished files that were removed.
    pub removed: u64,
}

/// Lets the index catch up. Blocks.
pub(crate) fn run(
    index: &dyn Index,
    packs: &Packs,
    recovery: &Recovery,
    progress: &dyn Fn(Progress),
) -> Result<CatchUp> {
    let mut work = Work {
        index,
        packs,
        replaced: replaced_records(index, recovery)?,
        batch: Vec::new(),
        batch_bytes: 0,
        moves: Vec::new(),
        watermarks: Watermarks::new(),
        done: CatchUp {
            cut: recovery.cut,
            removed: recovery.removed,
            ..CatchUp::default()
        },
    };
    for damage in &recovery.damage {
        work.problem(format!(
            "pack {} is damaged at bytes {}..{}: {}",
            damage.pack, damage.range.start, damage.range.end, damage.reason
        ));
    }
    let mut so_far = Progress {
        total_bytes: recovery.replay_bytes(),
        ..Progress::default()
    };
    let mut ends: HashMap<u64, u64> = HashMap::new();
    packs.replay(recovery, &mut |replayed| {
        let last = ends
            .insert(replayed.pack, replayed.end)
            .unwrap_or(replayed.end);
        so_far.bytes += replayed.end.saturating_sub(last);
        so_far.records += 1;
        let result = work.take(replayed);
        if so_far.records.is_multiple_of(100) {
            progress(so_far);
        }
        result.map_err(|error| match error {
            crate::Error::Store(error) => error,
            other => sagittal_store::Error::Index {
                reason: other.to_string(),
            },
        })
    })?;
    work.flush()?;
    packs.remove_replaced(recovery)?;
    progress(Progress {
        bytes: so_far.total_bytes,
        ..so_far
    });
    Ok(work.done)
}

/// Records, by sequence, in packs that a compaction has replaced without the index having followed.
/// The packs may be gone: what the index last committed is not synced, and a power cut may take it
/// back to before the compaction.
fn replaced_records(
    index: &dyn Index,
    recovery: &Recovery,
) -> Result<HashMap<u64, sagittal_store::index::Record>> {
    let mut records = HashMap::new();
    let is_gone = |pack: u64| !recovery.is_present(pack) || recovery.replaced().contains(&pack);
    let known = index.watermarks()?;
    let mut packs = known.keys().filter(|key| **key != SEQUENCE_KEY);
    if packs.any(|pack| is_gone(*pack)) {
        index.records(&mut |record| {
            if is_gone(record.locator.pack) {
                records.insert(record.sequence, record);
            }
            std::ops::ControlFlow::Continue(())
        })?;
    }
    Ok(records)
}

struct Work<'a> {
    index: &'a dyn Index,
    packs: &'a Packs,
    replaced: HashMap<u64, sagittal_store::index::Record>,
    batch: Vec<Change>,
    batch_bytes: usize,
    moves: Vec<Relocation>,
    watermarks: Watermarks,
    done: CatchUp,
}

impl Work<'_> {
    fn problem(&mut self, problem: String) {
        tracing::error!(problem, "cannot be indexed");
        if self.done.problems.len() < 1000 {
            self.done.problems.push(problem);
        }
    }

    fn take(&mut self, replayed: Replayed) -> Result<()> {
        let Replayed {
            step,
            sequence,
            pack,
            end,
        } = replayed;
        match step {
            Step::Instance {
                attributes,
                locator,
                hash,
            } => {
                if let Some(record) = self.replaced.remove(&sequence) {
                    self.moves.push(Relocation {
                        sop_instance_uid: record.sop_instance_uid,
                        from: record.locator,
                        to: locator,
                    });
                } else {
                    let mut source = StoredSource {
                        packs: self.packs,
                        locator,
                    };
                    let ts = attributes.transfer_syntax_uid.as_str();
                    match describe(&mut source, ts, Some(&attributes.sop_class_uid)) {
                        Ok(described) => {
                            self.batch_bytes += described.header.len();
                            let committed = Committed {
                                locator,
                                sequence,
                                end,
                            };
                            self.batch
                                .extend(changes(&attributes, described, hash, &committed));
                            self.done.instances += 1;
                        }
                        Err(error) => self.problem(format!(
                            "instance {} in pack {pack}: {error}",
                            attributes.sop_instance_uid
                        )),
                    }
                }
            }
            Step::Delete { sop_instance_uids } => {
                self.done.deletions += 1;
                self.batch.push(Change::Delete {
                    sop_instance_uids,
                    sequence,
                });
            }
            Step::Nothing => {}
            Step::Damaged(damage) => self.problem(format!(
                "pack {pack} is damaged at bytes {}..{}: {}",
                damage.range.start, damage.range.end, damage.reason
            )),
        }
        advance(&mut self.watermarks, pack, end, sequence);
        if self.batch.len() >= BATCH || self.batch_bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        // Watermarks may go ahead only with the changes they stand for.
        if !self.moves.is_empty() {
            self.index.relocate(&self.moves, &Watermarks::new(), &[])?;
            self.moves.clear();
        }
        if !self.batch.is_empty() || !self.watermarks.is_empty() {
            self.index.apply(&self.batch, &self.watermarks)?;
        }
        self.batch.clear();
        self.batch_bytes = 0;
        self.watermarks.clear();
        Ok(())
    }
}

impl crate::Archive {
    /// Makes the index anew from the packs alone. The archive must not be open.
    pub async fn rebuild_index(
        options: Options,
        progress: impl Fn(Progress) + Send + 'static,
    ) -> Result<CatchUp> {
        let rebuilding = tokio::task::spawn_blocking(move || {
            let _lock = prepare_folder(&options.data)?;
            let folder = options.data.join("index");
            let sqlite = sagittal_store::index::sqlite::Options::default;
            sagittal_store::index::sqlite::SqliteIndex::remove(&folder)?;
            let index = sagittal_store::index::sqlite::SqliteIndex::open(&folder, sqlite())?;
            let disk = std::sync::Arc::new(sagittal_store::blob::disk::FsDisk);
            let (packs, recovery) = Packs::open(disk, pack_options(&options), &Watermarks::new())?;
            let done = run(&index, &packs, &recovery, &progress)?;
            packs.close();
            while index.maintain(std::time::Duration::from_secs(1))? {}
            Ok(done)
        });
        rebuilding.await.map_err(|_| crate::Error::Stopping)?
    }
}
