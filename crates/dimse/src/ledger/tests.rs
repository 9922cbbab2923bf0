use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use sagittal_core::Uid;
use sagittal_net::pdu::ContextResult;

use super::*;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

fn uid(text: &str) -> Uid {
    Uid::new(text).unwrap()
}

/// Proposes a CT in two ways, of which the second is refused.
fn associate(ledger: &Ledger, ae_title: &str, address: &str, failure: Option<&str>) {
    let (class, explicit, compressed) = (uid(CT), uid(EXPLICIT), [uid(JPEG_2000)]);
    let both = [explicit.clone(), uid(JPEG_2000)];
    let context = |transfer_syntaxes, outcome| ObservedContext {
        sop_class: Some(&class),
        transfer_syntaxes,
        as_scp: false,
        outcome,
    };
    let refused = Outcome::Refused(ContextResult::TransferSyntaxesNotSupported);
    let observed = Observed {
        ae_title,
        direction: Direction::Inbound,
        contexts: vec![
            context(&both, Outcome::Accepted(&explicit)),
            context(&compressed, refused),
        ],
        max_pdu: Some(16384),
        implementation_class_uid: None,
        implementation_version_name: Some("TEST_1"),
        rejection: None,
    };
    ledger.note(address, &observed, failure);
}

#[test]
fn what_was_proposed_and_refused_is_counted_by_peer() {
    let ledger = Ledger::default();
    associate(&ledger, "CT1", "10.0.0.1", None);
    associate(&ledger, "CT1", "10.0.0.1", None);
    associate(&ledger, "CT1", "10.0.0.2", Some("too many"));
    ledger.transcoded("CT1", "10.0.0.1", EXPLICIT, JPEG_2000, false);
    let records = ledger.peer("CT1");
    assert_eq!(records.len(), 2);
    let first = &records[0];
    assert_eq!((first.inbound.accepted, first.inbound.rejected), (2, 0));
    let rows: Vec<&Context> = first.inbound.contexts.iter().collect();
    assert_eq!(rows.len(), 2);
    let taken = rows.iter().find(|row| row.transfer_syntax_uids.len() == 2);
    assert_eq!(taken.unwrap().accepted[EXPLICIT], 2);
    let refused = rows.iter().find(|row| row.transfer_syntax_uids.len() == 1);
    assert_eq!(
        refused.unwrap().refused["transfer-syntaxes-not-supported"],
        2
    );
    let summary = first.summary();
    assert_eq!((summary.transcoded, summary.transcoded_with_loss), (1, 0));
    // Something of the class was accepted.
    assert_eq!(summary.refused_of_it, 0);
    assert_eq!(records[1].inbound.rejections[0].reason, "too many");
    assert_eq!(first.implementation_version_name.as_deref(), Some("TEST_1"));
}

#[test]
fn strangers_that_were_only_rejected_make_room_first() {
    let limits = Limits {
        peers: 3,
        ..Limits::default()
    };
    let ledger = Ledger::new(limits);
    associate(&ledger, "CT1", "10.0.0.1", None);
    for number in 0..100 {
        associate(&ledger, &format!("X{number}"), "10.6.6.6", Some("no"));
    }
    let titles: Vec<String> = ledger
        .summaries()
        .into_iter()
        .map(|row| row.ae_title)
        .collect();
    assert_eq!(titles.len(), 3);
    assert!(titles.contains(&"CT1".to_owned()), "{titles:?}");
}

#[test]
fn contexts_and_reasons_are_bounded() {
    let limits = Limits {
        contexts: 1,
        all_contexts: 1,
        texts: 2,
        ..Limits::default()
    };
    let ledger = Ledger::new(limits);
    for number in 0..10 {
        associate(&ledger, "CT1", "a", Some(&format!("reason {number}")));
    }
    associate(&ledger, "CT2", "a", None);
    let record = &ledger.peer("CT1")[0];
    assert_eq!(record.inbound.contexts.len(), 1);
    assert_eq!(record.inbound.contexts_left_out, 10);
    assert_eq!(record.inbound.rejections.len(), 3, "two and the others");
    let other = &ledger.peer("CT2")[0];
    assert!(other.inbound.contexts.is_empty());
    associate(&ledger, &"x".repeat(10_000), "a", None);
    assert!(
        ledger
            .summaries()
            .iter()
            .all(|row| row.ae_title.len() <= 64)
    );
}

#[test]
fn the_file_comes_back_and_a_damaged_one_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file::NAME);
    let (ledger, problem) = file::open(&path, Limits::default());
    assert!(problem.is_none());
    associate(&ledger, "CT1", "10.0.0.1", None);
    ledger.transcoded("CT1", "10.0.0.1", EXPLICIT, JPEG_2000, true);
    file::write(&path, ledger.records()).unwrap();
    let (again, problem) = file::open(&path, Limits::default());
    assert!(problem.is_none());
    assert_eq!(again.records(), ledger.records());

    let whole = std::fs::read(&path).unwrap();
    for damage in 0..3 {
        let mut bytes = whole.clone();
        match damage {
            0 => bytes.truncate(whole.len() / 2),
            1 => *bytes.last_mut().unwrap() ^= 1,
            _ => bytes.clear(),
        }
        std::fs::write(&path, &bytes).unwrap();
        let (empty, problem) = file::open(&path, Limits::default());
        assert!(
            matches!(problem, Some(file::Error::Damaged { .. })),
            "{damage}"
        );
        assert!(empty.records().is_empty());
        let aside = path.with_extension(format!("damaged-{}", damage + 1));
        assert_eq!(std::fs::read(aside).unwrap(), bytes);
        assert!(!path.exists());
    }
}

struct Never;

impl Expectations for Never {
    fn departures(&self, observed: &Observed<'_>) -> Vec<Departed> {
        let text = format!("{} does something", observed.ae_title);
        vec![Departed {
            kind: "context",
            text,
        }]
    }
}

#[test]
fn each_distinct_departure_is_told_once() {
    let told = Arc::new(AtomicU64::new(0));
    let counter = told.clone();
    let alarm: Alarm = Arc::new(move |_, _, _| {
        counter.fetch_add(1, Relaxed);
    });
    let ledger = Ledger::default().expecting(Arc::new(Never), alarm.clone());
    for _ in 0..5 {
        associate(&ledger, "CT1", "10.0.0.1", None);
    }
    assert_eq!(told.load(Relaxed), 1);
    assert_eq!(ledger.peer("CT1")[0].departures[0].count, 5);
    // Nor again after a restart.
    let again = Ledger::default()
        .with_records(ledger.records())
        .expecting(Arc::new(Never), alarm);
    associate(&again, "CT1", "10.0.0.1", None);
    assert_eq!(told.load(Relaxed), 1);
}

#[tokio::test]
async fn the_ledger_is_written_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file::NAME);
    let ledger = Arc::new(Ledger::default());
    let stop = tokio_util::sync::CancellationToken::new();
    let hour = std::time::Duration::from_secs(3600);
    let keeping = tokio::spawn(file::keep(ledger.clone(), path.clone(), hour, stop.clone()));
    associate(&ledger, "CT1", "10.0.0.1", None);
    tokio::task::yield_now().await;
    stop.cancel();
    keeping.await.unwrap();
    assert_eq!(file::read(&path).unwrap(), ledger.records());
}
