//! Failing and full disks, rot, and compaction, one thing at a time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sagittal_core::Uid;

use super::power_cut_tests::{FOLDER, MiniIndex, content, instance, open};
use super::sim::{Faults, SimDisk};
use super::*;
use crate::Error;
use crate::index::Watermarks;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

fn nothing(_: &Committed) {}

#[test]
fn a_failed_sync_refuses_its_waiters_and_the_retry_goes_to_another_pack() {
    let disk = SimDisk::new();
    let (packs, _) = open(&disk, &Watermarks::new());
    let runtime = runtime();
    let first = runtime
        .block_on(packs.append(instance("1.1", b"first", 1), nothing))
        .unwrap();
    disk.set_faults(Faults {
        sync: Some(0),
        ..Faults::default()
    });
    let refused = runtime.block_on(packs.append(instance("1.2", b"second", 1), nothing));
    assert!(
        matches!(
            refused,
            Err(Error::Io {
                operation: "sync",
                ..
            })
        ),
        "{refused:?}"
    );
    let again = runtime
        .block_on(packs.append(instance("1.2", b"second", 1), nothing))
        .unwrap();
    assert_ne!(again.locator.pack, first.locator.pack);
    assert_eq!(packs.read(&again.locator, 0, 10).unwrap(), "second");
    packs.close();
    // The refused record is not found again, only the retry.
    let (packs, recovery) = open(&disk, &Watermarks::new());
    let mut index = MiniIndex::default();
    index.replay(&packs, &recovery);
    assert_eq!(index.instances["1.2"].0, again.locator);
}

#[test]
fn a_full_volume_refuses_and_takes_again_when_space_is_back() {
    let disk = SimDisk::new();
    let (packs, _) = open(&disk, &Watermarks::new());
    let runtime = runtime();
    disk.set_faults(Faults {
        capacity: Some(150 << 10),
        ..Faults::default()
    });
    let content = content("1", 9000);
    let mut kept = Vec::new();
    let mut refused = 0;
    for count in 0..40 {
        let uid = format!("1.{count}");
        match runtime.block_on(packs.append(instance(&uid, &content, 2), nothing)) {
            Ok(committed) => kept.push(committed.locator),
            Err(Error::Full { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(
        kept.len() >= 10 && refused > 10,
        "{} kept, {refused} refused",
        kept.len()
    );
    assert!(matches!(
        packs.spill(Bytes::new()).and_then(|mut spill| {
            (0..30).try_for_each(|_| spill.write(Bytes::from(vec![1; 100_000])))
        }),
        Err(Error::Full { .. })
    ));
    disk.set_faults(Faults::default());
    let later = runtime
        .block_on(packs.append(instance("1.99", &content, 2), nothing))
        .unwrap();
    kept.push(later.locator);
    for locator in &kept {
        assert_eq!(packs.read(locator, 0, 9000).unwrap(), content);
    }
}

#[test]
fn a_volume_that_fills_up_in_the_middle_of_a_write_loses_nothing_acknowledged() {
    let disk = SimDisk::new();
    let (packs, _) = open(&disk, &Watermarks::new());
    let runtime = runtime();
    let first = runtime
        .block_on(packs.append(instance("1.1", b"first", 1), nothing))
        .unwrap();
    disk.set_faults(Faults {
        write: Some((0, io::ErrorKind::StorageFull)),
        ..Faults::default()
    });
    let refused = runtime.block_on(packs.append(instance("1.2", b"second", 1), nothing));
    assert!(matches!(refused, Err(Error::Full { .. })), "{refused:?}");
    let third = runtime
        .block_on(packs.append(instance("1.3", b"third", 1), nothing))
        .unwrap();
    packs.close();
    let (packs, recovery) = open(&disk, &Watermarks::new());
    let mut index = MiniIndex::default();
    index.replay(&packs, &recovery);
    assert_eq!(index.instances["1.1"].0, first.locator);
    assert_eq!(index.instances["1.3"].0, third.locator);
    assert!(!index.instances.contains_key("1.2"));
}

/// The bug: half a fixed header, on the device before its file was removed, counted as damage to
/// something acknowledged.
#[test]
fn a_large_instance_whose_header_was_written_in_part_was_never_there() {
    let disk = SimDisk::new();
    let (packs, _) = open(&disk, &Watermarks::new());
    let runtime = runtime();
    let content = content("1.1", 50_000);
    let mut spill = packs.spill(Bytes::new()).unwrap();
    spill.write(Bytes::from(content.clone())).unwrap();
    // Data, the rest of the header, padding; then the fixed header.
    disk.set_faults(Faults {
        write: Some((3, io::ErrorKind::Other)),
        ..Faults::default()
    });
    let attributes = instance("1.1", b"", 1).attributes;
    let hash = *blake3::hash(&content).as_bytes();
    let refused = runtime.block_on(packs.commit(spill, attributes, hash, nothing));
    assert!(matches!(refused, Err(Error::Io { .. })), "{refused:?}");
    // Before the removal of the file, and after it.
    for moment in disk.moments() - 3..disk.moments() {
        for seed in 0..100 {
            let after = disk.after_power_cut(moment, seed * 7919 + 1);
            let (packs, recovery) = open(&after, &Watermarks::new());
            assert!(recovery.damage.is_empty(), "seed {seed}: {recovery:?}");
            let mut index = MiniIndex::default();
            index.replay(&packs, &recovery);
            assert!(index.instances.is_empty());
        }
    }
}

#[test]
fn rot_in_the_middle_is_reported_and_cuts_nothing_off() {
    let disk = SimDisk::new();
    let (packs, _) = open(&disk, &Watermarks::new());
    let runtime = runtime();
    let places: Vec<Locator> = (0..6)
        .map(|count| {
            let uid = format!("1.{count}");
            let new = instance(&uid, &content(&uid, 700), 1);
            runtime
                .block_on(packs.append(new, nothing))
                .unwrap()
                .locator
        })
        .collect();
    packs.close();
    let path: PathBuf = Path::new(FOLDER).join(format!("{:012}.pack", places[2].pack));
    disk.corrupt(
        &path,
        places[2].offset as usize + places[2].header_length as usize + 5,
    );
    disk.corrupt(&path, places[3].offset as usize + 20);
    let (packs, recovery) = open(&disk, &Watermarks::new());
    assert_eq!(recovery.damage.len(), 1, "{recovery:?}");
    assert_eq!(recovery.damage[0].range, places[2].offset..places[4].offset);
    let mut found = Vec::new();
    packs
        .replay(&recovery, &mut |replayed| {
            if let Step::Instance { locator, .. } = replayed.step {
                found.push(locator);
            }
            Ok(())
        })
        .unwrap();
    for place in [0, 1, 4, 5] {
        assert!(found.contains(&places[place]), "{place}");
    }
    assert!(matches!(
        packs.verify(&places[2]),
        Err(Error::Damaged { .. })
    ));
    packs.verify(&places[5]).unwrap();
}

#[test]
fn compaction_keeps_the_live_and_the_history_and_readers_follow() {
    let disk = SimDisk::new();
    let (packs, _) = open(&disk, &Watermarks::new());
    let runtime = runtime();
    let mut places = BTreeMap::new();
    let mut watermarks = Watermarks::new();
    for count in 0..60 {
        let uid = format!("1.{count}");
        let new = instance(&uid, &content(&uid, 5000), 1);
        let committed = runtime.block_on(packs.append(new, nothing)).unwrap();
        watermarks.insert(committed.locator.pack, committed.end);
        watermarks.insert(0, committed.sequence);
        places.insert(uid, committed.locator);
    }
    let doomed: Vec<Uid> = (0..60)
        .filter(|n| n % 3 > 0)
        .map(|n| Uid::new(&format!("1.{n}")).unwrap())
        .collect();
    let committed = runtime
        .block_on(packs.delete(doomed.clone(), nothing))
        .unwrap();
    watermarks.insert(committed.locator.pack, committed.end);
    watermarks.insert(0, committed.sequence);
    for uid in &doomed {
        places.remove(uid.as_str());
    }
    // Closed packs are trimmed in the background.
    let mut closed: Vec<u64> = Vec::new();
    while closed.len() < 2 {
        std::thread::yield_now();
        closed = packs
            .closed_packs()
            .unwrap()
            .iter()
            .map(|(pack, _)| *pack)
            .collect();
    }
    let live: BTreeSet<(u64, u64)> = places.values().map(|l| (l.pack, l.offset)).collect();
    let before = packs.bytes();
    let compacted = packs
        .compact(&closed, &|pack, offset| live.contains(&(pack, offset)))
        .unwrap();
    assert_eq!(compacted.gone, closed);
    let moment = disk.moments() - 1;
    packs.remove(&compacted.gone).unwrap();
    assert!(packs.bytes() < before / 2);
    // Readers with old locators are led to the new place.
    for (uid, place) in &places {
        assert_eq!(
            packs.read(place, 0, 5000).unwrap(),
            content(uid, 5000),
            "{uid}"
        );
    }
    for moved in &compacted.moves {
        packs.verify(&moved.to).unwrap();
    }
    packs.close();
    // The packs alone, before and after the removal, tell of the same instances.
    for (disk, marks) in [
        (disk.after_power_cut(moment, 4), Watermarks::new()),
        (disk.after_power_cut(moment, 4), watermarks),
        (disk.clone(), Watermarks::new()),
    ] {
        let (packs, recovery) = open(&disk, &marks);
        let mut index = MiniIndex {
            watermarks: marks.clone(),
            ..MiniIndex::default()
        };
        index.replay(&packs, &recovery);
        if marks.is_empty() {
            assert_eq!(
                index.instances.keys().collect::<Vec<_>>(),
                places.keys().collect::<Vec<_>>()
            );
        }
        packs.remove_replaced(&recovery).unwrap();
        packs.close();
    }
}

/// Packs are trimmed by a thread that waits for their last sync and then leaves: nobody may rely on
/// it to write what was queued meanwhile.
#[test]
fn nobody_waits_for_ever_while_closed_packs_are_trimmed() {
    let disk = SimDisk::new();
    let (packs, _) = open(&disk, &Watermarks::new());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .unwrap();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let packs = packs.clone();
            runtime.spawn(async move {
                for count in 0..300 {
                    let uid = format!("1.{writer}.{count}");
                    let new = instance(&uid, &content(&uid, 5000), 1);
                    packs.append(new, nothing).await.unwrap();
                }
            })
        })
        .collect();
    let all = joined(writers);
    let limit = std::time::Duration::from_secs(60);
    let done = runtime.block_on(async { tokio::time::timeout(limit, all).await });
    // A runtime that waits for what never ends would hide the failure.
    runtime.shutdown_background();
    assert!(done.is_ok(), "an append was never answered");
}

async fn joined(tasks: Vec<tokio::task::JoinHandle<()>>) {
    for task in tasks {
        task.await.unwrap();
    }
}
