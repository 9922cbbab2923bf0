//! Several writers store, delete and spill on a simulated disk; then the power goes at hundreds of
//! moments, and what was acknowledged is looked for.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use sagittal_core::Uid;

use super::sim::{Faults, Random, SimDisk};
use super::*;
use crate::Result;
use crate::index::Watermarks;

pub(super) const FOLDER: &str = "/data/packs";

fn options() -> PackOptions {
    PackOptions {
        pack_size: 96 << 10,
        reserve: 0,
        queue_bytes: 1 << 20,
        open_files: 4,
        ..PackOptions::new(FOLDER)
    }
}

pub(super) fn open(disk: &SimDisk, watermarks: &Watermarks) -> (Packs, Recovery) {
    Packs::open(Arc::new(disk.clone()), options(), watermarks).unwrap()
}

pub(super) fn instance(uid: &str, content: &[u8], pieces: usize) -> NewInstance {
    let whole = Bytes::copy_from_slice(content);
    let size = content.len().div_ceil(pieces).max(1);
    NewInstance {
        attributes: attributes(uid),
        prefix: if content.len().is_multiple_of(3) {
            Bytes::from_static(b"DICM meta")
        } else {
            Bytes::new()
        },
        data: (0..content.len())
            .step_by(size)
            .map(|at| whole.slice(at..(at + size).min(content.len())))
            .collect(),
        hash: *blake3::hash(content).as_bytes(),
    }
}

fn attributes(uid: &str) -> RecordAttributes {
    RecordAttributes {
        sop_class_uid: Uid::new("1.2.840.10008.5.1.4.1.1.7").unwrap(),
        sop_instance_uid: Uid::new(uid).unwrap(),
        study_instance_uid: Uid::new("1.9").unwrap(),
        series_instance_uid: Uid::new("1.9.1").unwrap(),
        transfer_syntax_uid: Uid::new("1.2.840.10008.1.2.1").unwrap(),
        source: "TEST".into(),
        received_ms: 1,
        hidden: false,
        replaces: false,
        original: None,
        recodes: None,
        quarantined: false,
        quality: Bytes::new(),
    }
}

/// Distinct for every UID and length.
pub(super) fn content(uid: &str, length: usize) -> Vec<u8> {
    let mut random = Random(
        u64::from_le_bytes(
            blake3::hash(uid.as_bytes()).as_bytes()[..8]
                .try_into()
                .unwrap(),
        ) | 1,
    );
    (0..length).map(|_| random.number() as u8).collect()
}

#[derive(Clone, Debug)]
enum Promise {
    Stored(String),
    Deleted(String),
}

/// What an index would know: shown instances and how far the packs are read.
#[derive(Clone, Debug, Default)]
pub(super) struct MiniIndex {
    pub(super) instances: BTreeMap<String, (Locator, u64)>,
    pub(super) watermarks: Watermarks,
}

impl MiniIndex {
    fn advance(&mut self, pack: u64, end: u64, sequence: u64) {
        let mark = self.watermarks.entry(pack).or_default();
        *mark = end.max(*mark);
        let last = self.watermarks.entry(0).or_default();
        *last = sequence.max(*last);
    }

    pub(super) fn replay(&mut self, packs: &Packs, recovery: &Recovery) {
        let mut last = 0;
        packs
            .replay(recovery, &mut |replayed| {
                assert!(replayed.sequence >= last, "out of order");
                last = replayed.sequence;
                match replayed.step {
                    Step::Instance {
                        attributes,
                        locator,
                        hash,
                    } => {
                        assert_eq!(packs.verify(&locator)?, hash);
                        self.instances.insert(
                            attributes.sop_instance_uid.to_string(),
                            (locator, replayed.sequence),
                        );
                    }
                    Step::Delete { sop_instance_uids } => {
                        for uid in sop_instance_uids {
                            self.instances.remove(uid.as_str());
                        }
                    }
                    Step::Nothing => {}
                    Step::Damaged(damage) => panic!("{damage:?}"),
                }
                self.advance(replayed.pack, replayed.end, replayed.sequence);
                Ok(())
            })
            .unwrap();
    }
}

/// Everything known about a run.
#[derive(Default)]
struct Run {
    disk: SimDisk,
    contents: Mutex<BTreeMap<String, Vec<u8>>>,
    promises: Mutex<Vec<Promise>>,
    /// Deletions asked for: their instances may be gone although not acknowledged.
    deletes: Mutex<BTreeSet<String>>,
    index: Mutex<MiniIndex>,
    /// States of the index, by the number of promises made before.
    snapshots: Mutex<Vec<(u64, MiniIndex)>>,
}

impl Run {
    fn promised(&self, promise: Promise, committed: &Committed) {
        let mut promises = self.promises.lock();
        let mut index = self.index.lock();
        match &promise {
            Promise::Stored(uid) => {
                index
                    .instances
                    .insert(uid.clone(), (committed.locator, committed.sequence));
            }
            Promise::Deleted(uid) => {
                index.instances.remove(uid);
            }
        }
        index.advance(committed.locator.pack, committed.end, committed.sequence);
        self.disk.mark(promises.len() as u64);
        promises.push(promise);
        if promises.len().is_multiple_of(7) {
            self.snapshots
                .lock()
                .push((promises.len() as u64, index.clone()));
        }
    }
}

async fn store(run: &Arc<Run>, packs: &Packs, uid: &str, content: &[u8]) -> Result<()> {
    let (then, name) = (run.clone(), uid.to_owned());
    let then = move |committed: &Committed| then.promised(Promise::Stored(name), committed);
    if content.len() < 40_000 {
        packs.append(instance(uid, content, 3), then).await?;
    } else {
        let mut spill = packs.spill(Bytes::from_static(b"meta"))?;
        for chunk in content.chunks(10_000) {
            spill.write(Bytes::copy_from_slice(chunk))?;
        }
        assert_eq!(spill.read(20_000, 50)?, &content[20_000..20_050]);
        packs
            .commit(
                spill,
                attributes(uid),
                *blake3::hash(content).as_bytes(),
                then,
            )
            .await?;
    }
    Ok(())
}

async fn writer(run: Arc<Run>, packs: Packs, number: usize, seed: u64) {
    let mut random = Random(seed * 31 + number as u64 + 1);
    let mut mine = Vec::new();
    for count in 0..22 {
        let uid = format!("1.{number}.{count}");
        let length = if random.below(12) == 0 {
            40_000 + random.below(90_000)
        } else {
            random.below(14_000)
        };
        let content = content(&uid, length);
        run.contents.lock().insert(uid.clone(), content.clone());
        for _ in 0..3 {
            if store(&run, &packs, &uid, &content).await.is_ok() {
                mine.push(uid.clone());
                break;
            }
        }
        if !mine.is_empty() && random.below(4) == 0 {
            let uid = mine.swap_remove(random.below(mine.len()));
            run.deletes.lock().insert(uid.clone());
            let (then, name) = (run.clone(), uid.clone());
            let then =
                move |committed: &Committed| then.promised(Promise::Deleted(name), committed);
            let _ = packs.delete(vec![Uid::new(&uid).unwrap()], then).await;
        }
    }
}

fn record(seed: u64, faults: Faults) -> Arc<Run> {
    let run = Arc::new(Run::default());
    let (packs, _) = open(&run.disk, &Watermarks::new());
    run.disk.set_faults(faults);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..5)
            .map(|number| tokio::spawn(writer(run.clone(), packs.clone(), number, seed)))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    packs.close();
    run
}

/// Starts on what a power cut left, and looks for everything promised.
fn check(run: &Run, moment: usize, seed: u64, mut index: MiniIndex) {
    let disk = run.disk.after_power_cut(moment, seed);
    let marks = run.disk.marks_before(moment);
    let (packs, recovery) = open(&disk, &index.watermarks);
    assert!(
        recovery.damage.is_empty(),
        "moment {moment} seed {seed}: {recovery:?}"
    );
    index.replay(&packs, &recovery);
    let look = |packs: &Packs, index: &MiniIndex| {
        let promises = run.promises.lock();
        let deletes = run.deletes.lock();
        for mark in &marks {
            match &promises[*mark as usize] {
                Promise::Stored(uid) => assert!(
                    index.instances.contains_key(uid) || deletes.contains(uid),
                    "moment {moment} seed {seed}: acknowledged {uid} is gone; {recovery:?}"
                ),
                Promise::Deleted(uid) => assert!(
                    !index.instances.contains_key(uid),
                    "moment {moment} seed {seed}: deleted {uid} is back"
                ),
            }
        }
        let contents = run.contents.lock();
        for (uid, (locator, _)) in &index.instances {
            let wanted = &contents[uid];
            let found = packs.read(locator, 0, usize::MAX >> 1).unwrap();
            assert!(
                found[..] == wanted[..],
                "moment {moment} seed {seed}: {uid} has other bytes"
            );
            assert_eq!(
                packs.attributes(locator).unwrap().sop_instance_uid.as_str(),
                uid
            );
        }
    };
    look(&packs, &index);

    // It works on, and a second start finds the same and more.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let more = content("1.77", 5000);
    let committed = runtime
        .block_on(packs.append(instance("1.77", &more, 1), |_| ()))
        .unwrap();
    assert!(committed.sequence > index.watermarks.get(&0).copied().unwrap_or(0));
    packs.close();
    let (packs, recovery) = open(&disk, &index.watermarks);
    let before = index.instances.len();
    index.replay(&packs, &recovery);
    let (locator, _) = index.instances.remove("1.77").unwrap();
    assert_eq!(packs.read(&locator, 0, 5000).unwrap(), more);
    assert_eq!(index.instances.len(), before);
    look(&packs, &index);

    // The packs alone tell the same.
    let (packs, recovery) = open(&disk, &Watermarks::new());
    let mut anew = MiniIndex::default();
    anew.replay(&packs, &recovery);
    anew.instances.remove("1.77");
    assert_eq!(
        anew.instances.keys().collect::<Vec<_>>(),
        index.instances.keys().collect::<Vec<_>>()
    );
}

fn power_cuts(seed: u64, faults: Faults, states: usize) {
    let run = record(seed, faults);
    let mut random = Random(seed + 99);
    assert!(
        run.promises.lock().len() > 60,
        "{}",
        run.promises.lock().len()
    );
    for state in 0..states {
        let moment = if state == 0 {
            run.disk.moments() - 1
        } else {
            random.below(run.disk.moments())
        };
        let marks = run.disk.marks_before(moment).len() as u64;
        let snapshots = run.snapshots.lock();
        let possible: Vec<_> = snapshots
            .iter()
            .filter(|(after, _)| *after <= marks)
            .collect();
        let index = match possible.len() {
            0 => MiniIndex::default(),
            count if state % 3 > 0 => possible[random.below(count)].1.clone(),
            _ => MiniIndex::default(),
        };
        drop(possible);
        drop(snapshots);
        check(&run, moment, random.number(), index);
    }
}

/// More where somebody has the time: `SAGITTAL_POWER_CUTS=200 cargo test power_cut`.
fn rounds() -> u64 {
    let more = std::env::var("SAGITTAL_POWER_CUTS").ok();
    more.and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[test]
fn everything_acknowledged_survives_a_power_cut() {
    for seed in 1..=5 {
        power_cuts(seed, Faults::default(), 40);
    }
}

#[test]
fn it_survives_also_where_blocks_cannot_be_reserved() {
    power_cuts(
        11,
        Faults {
            sparse: true,
            ..Faults::default()
        },
        40,
    );
}

#[test]
fn it_survives_although_a_sync_failed() {
    for seed in 21..=23 {
        let faults = Faults {
            sync: Some(10 * (seed - 20)),
            ..Faults::default()
        };
        power_cuts(seed, faults, 40);
    }
}

#[test]
fn it_survives_although_a_write_failed() {
    for seed in 31..=31 + rounds() {
        let faults = Faults {
            write: Some((3 + 7 * (seed - 31) % 60, io::ErrorKind::Other)),
            ..Faults::default()
        };
        power_cuts(seed, faults, 40);
    }
}
