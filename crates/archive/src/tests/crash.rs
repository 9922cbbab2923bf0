//! Crashes and failing disks below a whole archive.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::objects::*;
use super::*;
use crate::retrieve::Selector;
use parking_lot::Mutex;
use sagittal_store::blob::sim::{Faults, Random, SimDisk};

pub(super) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if entry.file_name() != "lock" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_finds_everything_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
    let tasks: Vec<_> = (0..4)
        .map(|sender| {
            let (archive, acknowledged) = (archive.clone(), acknowledged.clone());
            tokio::spawn(async move {
                for number in 0..60 {
                    let object = Object {
                        rows: 16 + number,
                        ..Object::new(&format!("1.{sender}.{number}"))
                    };
                    let bytes = object.bytes(EXPLICIT_LE);
                    send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
                    acknowledged.lock().insert(object.uid, bytes);
                }
            })
        })
        .collect();
    // What a killed process leaves behind is what is in its files, whatever moment it is.
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(40)).await;
        let so_far = acknowledged.lock().clone();
        let left = tempfile::tempdir().unwrap();
        // The index first: it may then only be behind the packs, as with a kill.
        copy_folder(&folder.path().join("index"), &left.path().join("index"));
        copy_folder(&folder.path().join("packs"), &left.path().join("packs"));
        let after = open(left.path()).await;
        for (uid, bytes) in so_far {
            assert!(data_set(&after, &uid).await == bytes, "{uid}");
        }
        assert_eq!(after.verify(|_| ()).await.unwrap().problems, vec![]);
        close(after).await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_loses_nothing_acknowledged_with_whatever_index() {
    let disk = SimDisk::new();
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        pack_size: 128 << 10,
        large_instance: 64 << 10,
        ..options(folder.path())
    };
    let archive = Archive::open_on(options.clone(), Arc::new(disk.clone()), |_| ())
        .await
        .unwrap();
    disk.set_faults(Faults {
        sync: Some(25),
        ..Faults::default()
    });
    let promises = Arc::new(Mutex::new(Vec::new()));
    let promise = |uid: String, content: Option<Vec<u8>>| {
        let mut promises = promises.lock();
        disk.mark(promises.len() as u64);
        promises.push((uid, content));
    };
    let mut random = Random(77);
    for number in 0..60_u16 {
        let rows = if number % 9 == 0 { 600 } else { 20 + number };
        let object = Object {
            rows,
            ..Object::new(&format!("1.{number}"))
        };
        let bytes = object.bytes(EXPLICIT_LE);
        for _ in 0..2 {
            if send(&archive, &bytes, EXPLICIT_LE).await.is_ok() {
                promise(object.uid.clone(), Some(bytes.clone()));
                break;
            }
        }
        if number > 4 && random.below(5) == 0 {
            let victim = format!("1.{}", random.below(usize::from(number)));
            let selector = Selector {
                sop_instance_uids: vec![Uid::new(&victim).unwrap()],
                ..Selector::default()
            };
            if archive.delete(&selector).await.is_ok() {
                promise(victim, None);
            }
        }
    }
    close(archive).await;
    for state in 0..60 {
        let moment = if state == 0 {
            disk.moments() - 1
        } else {
            random.below(disk.moments())
        };
        let after = disk.after_power_cut(moment, random.number());
        // The index is lost altogether; the tests of packs go through indexes of any age.
        std::fs::remove_dir_all(folder.path().join("index")).unwrap();
        let archive = Archive::open_on(options.clone(), Arc::new(after), |_| ())
            .await
            .unwrap();
        assert_eq!(archive.caught_up().problems, Vec::<String>::new());
        let mut last = BTreeMap::new();
        for mark in disk.marks_before(moment) {
            let (uid, content) = promises.lock()[mark as usize].clone();
            last.insert(uid, content);
        }
        // A deletion asked for but not acknowledged may have happened.
        let later: std::collections::BTreeSet<_> = promises
            .lock()
            .iter()
            .filter(|(_, content)| content.is_none())
            .map(|(uid, _)| uid.clone())
            .collect();
        for (uid, content) in last {
            match content {
                Some(bytes) if find(&archive, &uid).await.is_some() => {
                    assert!(data_set(&archive, &uid).await == bytes, "{uid}");
                }
                Some(_) => assert!(later.contains(&uid), "state {state}: {uid} is gone"),
                None => assert!(find(&archive, &uid).await.is_none(), "{uid} is back"),
            }
        }
        assert_eq!(archive.verify(|_| ()).await.unwrap().problems, vec![]);
        close(archive).await;
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_serves_again_without_a_restart() {
    let disk = SimDisk::new();
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open_on(options(folder.path()), Arc::new(disk.clone()), |_| ())
        .await
        .unwrap();
    let object = |number: u32| Object {
        rows: 512,
        columns: 512,
        ..Object::new(&format!("1.{number}"))
    };
    disk.set_faults(Faults {
        capacity: Some(3 << 20),
        ..Faults::default()
    });
    let mut kept = 0;
    let mut refused = 0;
    for number in 0..12 {
        match send(&archive, &object(number).bytes(EXPLICIT_LE), EXPLICIT_LE).await {
            Ok(_) => kept += 1,
            Err(crate::Error::Store(sagittal_store::Error::Full { .. })) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(kept >= 4 && refused >= 4, "{kept} {refused}");
    disk.set_faults(Faults::default());
    send(&archive, &object(99).bytes(EXPLICIT_LE), EXPLICIT_LE)
        .await
        .unwrap();
    assert_eq!(archive.statistics().await.unwrap().instances, kept + 1);
    assert_eq!(archive.inner().memory.available_permits(), 96 << 20);
    close(archive).await;
}
