//! Deleting, compacting, verifying.

use super::objects::*;
use super::*;
use crate::Error;
use crate::ingest::Outcome;
use crate::retrieve::Selector;

async fn fill(archive: &Archive, count: u32) {
    for number in 0..count {
        let study = format!("1.9.{}", number % 4);
        let series = format!("{study}.1");
        let object = Object {
            study,
            series,
            ..Object::new(&format!("1.{number}"))
        };
        send(archive, &object.bytes(EXPLICIT_LE), EXPLICIT_LE)
            .await
            .unwrap();
    }
}

fn study(uid: &str) -> Selector {
    Selector {
        study_instance_uids: vec![Uid::new(uid).unwrap()],
        ..Selector::default()
    }
}

#[tokio::test]
async fn what_is_deleted_stays_deleted_and_may_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    fill(&archive, 12).await;
    archive.wait_indexed().await.unwrap();
    let mut follower = archive.events(None);
    let deleted = archive.delete(&study("1.9.1")).await.unwrap();
    assert_eq!(deleted.instances, 3);
    assert_eq!(deleted.study_instance_uids, [Uid::new("1.9.1").unwrap()]);
    assert!(find(&archive, "1.1").await.is_none());
    let event = follower.recv().await.unwrap().event;
    assert!(
        matches!(event, crate::events::Event::Deleted { instances: 3, .. }),
        "{event:?}"
    );
    assert!(matches!(
        archive.delete(&study("1.9.1")).await,
        Err(Error::NotFound { .. })
    ));
    assert!(archive.delete(&Selector::default()).await.is_err());
    // The same bytes again are new: they are kept no more.
    let object = Object {
        study: "1.9.1".into(),
        series: "1.9.1.1".into(),
        ..Object::new("1.1")
    };
    let again = send(&archive, &object.bytes(EXPLICIT_LE), EXPLICIT_LE)
        .await
        .unwrap();
    assert_eq!(again.outcome, Outcome::New);
    close(archive).await;
    for rebuild in [false, true] {
        if rebuild {
            let done = Archive::rebuild_index(options(folder.path()), |_| ())
                .await
                .unwrap();
            assert_eq!((done.instances, done.deletions), (13, 1));
        }
        let archive = open(folder.path()).await;
        assert!(find(&archive, "1.1").await.is_some());
        assert!(find(&archive, "1.5").await.is_none());
        assert_eq!(archive.statistics().await.unwrap().instances, 10);
        close(archive).await;
    }
}

#[tokio::test]
async fn compaction_frees_space_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        pack_size: 256 << 10,
        ..options(folder.path())
    };
    let archive = Archive::open(options.clone()).await.unwrap();
    fill(&archive, 120).await;
    let early = reader(&archive, "1.0").await;
    for gone in ["1.9.1", "1.9.2", "1.9.3"] {
        archive.delete(&study(gone)).await.unwrap();
    }
    let before = archive.statistics().await.unwrap();
    let done = archive.compact(0.5).await.unwrap();
    assert!(done.packs > 2 && done.freed > 400 << 10, "{done:?}");
    let after = archive.statistics().await.unwrap();
    assert_eq!(after.instances, before.instances);
    assert!(
        after.pack_bytes < before.pack_bytes / 2,
        "{before:?} {after:?}"
    );
    let wanted = Object {
        study: "1.9.0".into(),
        series: "1.9.0.1".into(),
        ..Object::new("1.0")
    };
    assert!(early.read(0, early.len()).await.unwrap() == wanted.bytes(EXPLICIT_LE));
    let verified = archive.verify(|_| ()).await.unwrap();
    assert_eq!(
        (verified.problem_count, verified.indexed),
        (0, 30),
        "{verified:?}"
    );
    assert_eq!(archive.compact(0.5).await.unwrap().packs, 0);
    close(archive).await;
    let done = Archive::rebuild_index(options.clone(), |_| ())
        .await
        .unwrap();
    assert_eq!(done.problems, Vec::<String>::new());
    let archive = Archive::open(options).await.unwrap();
    assert_eq!(archive.statistics().await.unwrap().instances, 30);
    assert!(find(&archive, "1.1").await.is_none());
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn space_of_deleted_instances_returns_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        pack_size: 128 << 10,
        study_quiet: Duration::from_millis(40),
        compact_every: Duration::from_millis(100),
        ..options(folder.path())
    };
    let archive = Archive::open(options).await.unwrap();
    fill(&archive, 60).await;
    let before = archive.statistics().await.unwrap().pack_bytes;
    for gone in ["1.9.1", "1.9.2", "1.9.3"] {
        archive.delete(&study(gone)).await.unwrap();
    }
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while archive.statistics().await.unwrap().pack_bytes > before * 2 / 3 {
        assert!(std::time::Instant::now() < until, "nothing was given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(archive.verify(|_| ()).await.unwrap().problems, vec![]);
    close(archive).await;
}

#[tokio::test]
async fn verifying_finds_a_changed_byte_and_a_lost_pack() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    fill(&archive, 8).await;
    let verified = archive.verify(|_| ()).await.unwrap();
    assert_eq!(
        (verified.records, verified.indexed, verified.problem_count),
        (8, 8, 0)
    );
    let place = find(&archive, "1.3").await.unwrap().locator;
    let path = folder
        .path()
        .join("packs")
        .join(format!("{:012}.pack", place.pack));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[place.offset as usize + place.header_length as usize + 999] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let verified = archive.verify(|_| ()).await.unwrap();
    assert_eq!(verified.problem_count, 1, "{verified:?}");
    assert_eq!(
        verified.problems[0].sop_instance_uid.as_deref(),
        Some("1.3")
    );
    close(archive).await;
    std::fs::remove_file(&path).unwrap();
    let archive = open(folder.path()).await;
    let verified = archive.verify(|_| ()).await.unwrap();
    assert_eq!(verified.problem_count, 8, "{verified:?}");
    close(archive).await;
}

#[tokio::test]
async fn scrubbing_finds_what_has_rotted_and_goes_on_with_the_rest() {
    use crate::events::Event;
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    fill(&archive, 12).await;
    let hurt = find(&archive, "1.5").await.unwrap();
    close(archive).await;
    let path = folder
        .path()
        .join(format!("packs/{:012}.pack", hurt.locator.pack));
    let mut bytes = std::fs::read(&path).unwrap();
    let at = hurt.locator.offset + u64::from(hurt.locator.header_length) + 100;
    bytes[usize::try_from(at).unwrap()] ^= 0x10;
    std::fs::write(&path, bytes).unwrap();
    let options = Options {
        scrub_every: Duration::from_millis(300),
        ..options(folder.path())
    };
    let archive = Archive::open(options.clone()).await.unwrap();
    let mut follower = archive.events(Some(0));
    // Twice: a round is followed by another.
    for _ in 0..2 {
        let found = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                let event = follower.recv().await.unwrap().event;
                if let Event::Damaged { .. } = event {
                    return event;
                }
            }
        });
        let Event::Damaged {
            pack,
            offset,
            sop_instance_uids,
            instances,
            ..
        } = found.await.unwrap()
        else {
            panic!()
        };
        assert_eq!((pack, offset), (hurt.locator.pack, hurt.locator.offset));
        assert_eq!(sop_instance_uids, ["1.5"]);
        assert_eq!(instances, 1);
    }
    close(archive).await;
    // How far it came is kept, and nothing else of the archive was touched.
    assert!(folder.path().join("scrub.json").is_file());
    let archive = open(folder.path()).await;
    assert_eq!(archive.verify(|_| ()).await.unwrap().problem_count, 1);
    close(archive).await;
}
