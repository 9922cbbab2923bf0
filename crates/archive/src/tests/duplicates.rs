//! The same SOP Instance UID again.

use super::objects::*;
use super::*;
use crate::Error;
use crate::ingest::Outcome;
use crate::options::DuplicatePolicy;

async fn with_policy(folder: &Path, duplicates: DuplicatePolicy) -> Archive {
    let options = Options {
        duplicates,
        ..options(folder)
    };
    Archive::open(options).await.unwrap()
}

#[tokio::test]
async fn other_bytes_follow_the_policy_and_none_are_lost_silently() {
    let first = Object::new("1.1").bytes(EXPLICIT_LE);
    let second = Object {
        seed: 2,
        ..Object::new("1.1")
    }
    .bytes(EXPLICIT_LE);
    for (policy, shown, hidden) in [
        (DuplicatePolicy::KeepBoth, &first, 1),
        (DuplicatePolicy::KeepFirst, &first, 0),
        (DuplicatePolicy::Replace, &second, 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let archive = with_policy(folder.path(), policy).await;
        let outcome = |stored: Result<Stored>| stored.map(|stored| stored.outcome);
        assert_eq!(
            outcome(send(&archive, &first, EXPLICIT_LE).await).unwrap(),
            Outcome::New
        );
        assert_eq!(
            outcome(send(&archive, &first, EXPLICIT_LE).await).unwrap(),
            Outcome::Identical
        );
        match (policy, outcome(send(&archive, &second, EXPLICIT_LE).await)) {
            (DuplicatePolicy::KeepBoth, Ok(Outcome::KeptHidden))
            | (DuplicatePolicy::KeepFirst, Err(Error::Duplicate { .. }))
            | (DuplicatePolicy::Replace, Ok(Outcome::Replaced)) => {}
            (policy, other) => panic!("{policy:?}: {other:?}"),
        }
        // Sent once more, it is answered the same and not kept once more.
        let again = outcome(send(&archive, &second, EXPLICIT_LE).await);
        match policy {
            DuplicatePolicy::KeepBoth => assert_eq!(again.unwrap(), Outcome::KeptHidden),
            DuplicatePolicy::KeepFirst => assert!(again.is_err()),
            DuplicatePolicy::Replace => assert_eq!(again.unwrap(), Outcome::Identical),
        }
        assert!(data_set(&archive, "1.1").await == *shown, "{policy:?}");
        let statistics = archive.statistics().await.unwrap();
        assert_eq!(
            (statistics.instances, statistics.hidden),
            (1, hidden),
            "{policy:?}"
        );
        close(archive).await;
        // The packs alone tell the same.
        Archive::rebuild_index(options(folder.path()), |_| ())
            .await
            .unwrap();
        let archive = with_policy(folder.path(), policy).await;
        assert!(
            data_set(&archive, "1.1").await == *shown,
            "{policy:?} rebuilt"
        );
        let rebuilt = archive.statistics().await.unwrap();
        assert_eq!(
            (rebuilt.instances, rebuilt.hidden),
            (1, hidden),
            "{policy:?} rebuilt"
        );
        close(archive).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_send_the_same_at_once_one_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let tasks: Vec<_> = (0..40_u8)
        .map(|number| {
            let archive = archive.clone();
            let object = Object {
                seed: number % 2,
                ..Object::new(&format!("1.{}", number / 10))
            };
            let send = async move { send(&archive, &object.bytes(EXPLICIT_LE), EXPLICIT_LE).await };
            tokio::spawn(send)
        })
        .collect();
    let mut outcomes = std::collections::BTreeMap::<String, u32>::new();
    for task in tasks {
        let outcome = task.await.unwrap().unwrap().outcome;
        *outcomes.entry(format!("{outcome:?}")).or_default() += 1;
    }
    assert_eq!(outcomes["New"], 4);
    let statistics = archive.statistics().await.unwrap();
    assert_eq!(statistics.instances, 4);
    close(archive).await;
}

#[tokio::test]
async fn a_second_server_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let second = Archive::open(options(folder.path())).await;
    assert!(matches!(
        second.err(),
        Some(Error::Store(sagittal_store::Error::Locked { .. }))
    ));
    close(archive.clone()).await;
    let refused = send(
        &archive,
        &Object::new("1.1").bytes(EXPLICIT_LE),
        EXPLICIT_LE,
    )
    .await;
    assert!(matches!(refused, Err(Error::Stopping)), "{refused:?}");
    close(open(folder.path()).await).await;
}
