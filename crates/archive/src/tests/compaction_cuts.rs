//! Power cuts at every step of a compaction, with replaced, hidden and deleted instances.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::objects::*;
use super::*;
use crate::options::DuplicatePolicy;
use crate::retrieve::Selector;
use sagittal_store::blob::sim::{Random, SimDisk};

/// UID, and its bytes from then on; `None` if it was deleted.
type Promise = (String, Option<Vec<u8>>);

struct Recorded {
    /// The disk knows its files by their paths in it.
    folder: tempfile::TempDir,
    disk: SimDisk,
    promises: Vec<Promise>,
    /// Moments between which compactions ran.
    compactions: Vec<(usize, usize)>,
    /// The index as it was at a moment.
    indexes: Vec<(usize, tempfile::TempDir)>,
}

impl Recorded {
    fn promise(&mut self, uid: String, content: Option<Vec<u8>>) {
        self.disk.mark(self.promises.len() as u64);
        self.promises.push((uid, content));
    }

    fn keep_index(&mut self, data: &Path) {
        let kept = tempfile::tempdir().unwrap();
        super::crash::copy_folder(&data.join("index"), kept.path());
        self.indexes.push((self.disk.moments(), kept));
    }
}

fn small_packs(folder: &Path) -> Options {
    Options {
        pack_size: 64 << 10,
        large_instance: 48 << 10,
        duplicates: DuplicatePolicy::Replace,
        ..options(folder)
    }
}

async fn record(seed: u64) -> Recorded {
    let mut run = Recorded {
        folder: tempfile::tempdir().unwrap(),
        disk: SimDisk::new(),
        promises: Vec::new(),
        compactions: Vec::new(),
        indexes: Vec::new(),
    };
    let data = run.folder.path().to_owned();
    let options = small_packs(&data);
    let archive = Archive::open_on(options, Arc::new(run.disk.clone()), |_| ())
        .await
        .unwrap();
    let mut random = Random(seed);
    for round in 0..3_u32 {
        for number in 0..24_u32 {
            let rows = if random.below(9) == 0 {
                400
            } else {
                20 + random.below(40)
            };
            let object = Object {
                rows: u16::try_from(rows).unwrap(),
                // A number comes again with other bytes in every round.
                seed: u8::try_from(round).unwrap(),
                ..Object::new(&format!("1.{}", number + 8 * round))
            };
            let bytes = object.bytes(EXPLICIT_LE);
            send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
            run.promise(object.uid, Some(bytes));
            if random.below(2) == 0 {
                let victim = format!("1.{}", random.below(24 + 8 * round as usize));
                let selector = Selector {
                    sop_instance_uids: vec![Uid::new(&victim).unwrap()],
                    ..Selector::default()
                };
                if archive.delete(&selector).await.is_ok() {
                    run.promise(victim, None);
                }
            }
        }
        archive.wait_indexed().await.unwrap();
        run.keep_index(&data);
        let before = run.disk.moments();
        let done = archive.compact(0.9).await.unwrap();
        assert!(done.packs > 0, "seed {seed} round {round}: {done:?}");
        run.compactions.push((before, run.disk.moments()));
        run.keep_index(&data);
    }
    close(archive).await;
    run
}

/// Starts on what a cut at `moment` left and looks for what was acknowledged.
async fn check(run: &Recorded, moment: usize, state: usize, seed: u64) {
    let context = format!("moment {moment} state {state} seed {seed}");
    let disk = run.disk.after_power_cut(moment, seed);
    let data = run.folder.path();
    std::fs::remove_dir_all(data.join("index")).unwrap();
    let mut older = run.indexes.iter().rev().filter(|(at, _)| *at <= moment);
    // The newest index there can be, an older one, or none.
    if let Some((_, kept)) = older.nth(state % 3).filter(|_| state % 4 < 3) {
        super::crash::copy_folder(kept.path(), &data.join("index"));
    }
    let archive = Archive::open_on(small_packs(data), Arc::new(disk), |_| ())
        .await
        .unwrap();
    assert_eq!(
        archive.caught_up().problems,
        Vec::<String>::new(),
        "{context}"
    );
    let acknowledged = run.disk.marks_before(moment).len();
    let mut last = BTreeMap::new();
    for (uid, content) in run.promises.iter().take(acknowledged) {
        last.insert(uid.clone(), content.as_ref());
    }
    // What was asked for next may have been done or not.
    let pending = run.promises.get(acknowledged);
    for (uid, content) in last {
        let found = match find(&archive, &uid).await {
            Some(_) => Some(data_set(&archive, &uid).await),
            None => None,
        };
        let as_promised = found.as_ref() == content;
        let as_next = pending.is_some_and(|(next, content)| *next == uid && *content == found);
        assert!(as_promised || as_next, "{context}: {uid}");
    }
    assert_eq!(
        archive.verify(|_| ()).await.unwrap().problems,
        vec![],
        "{context}"
    );
    // What was interrupted can be done again.
    if state.is_multiple_of(5) {
        archive.compact(0.9).await.unwrap();
        assert_eq!(
            archive.verify(|_| ()).await.unwrap().problems,
            vec![],
            "{context}"
        );
    }
    close(archive).await;
}

async fn cuts(seed: u64, states: usize) {
    let run = record(seed).await;
    let mut random = Random(seed + 500);
    for state in 0..states {
        let moment = if state % 4 == 3 {
            random.below(run.disk.moments())
        } else {
            let (from, to) = run.compactions[random.below(run.compactions.len())];
            from + random.below(to - from)
        };
        check(&run, moment, state, random.number()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_within_a_compaction_loses_nothing() {
    cuts(1, 70).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_it_with_other_histories() {
    cuts(2, 70).await;
    cuts(3, 70).await;
}
