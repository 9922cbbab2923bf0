#![allow(clippy::unwrap_used)]
use super::*;

fn event(n: u64) -> Event {
    Event::new(Action::InstancesStored, "C-STORE")
        .by("CT1", "application-entity", Some([127, 0, 0, 1].into()))
        .study("1.2.3")
        .instances(n)
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

#[test]
fn events_become_numbered_lines_and_numbers_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit/audit.jsonl");
    let log = AuditLog::open(&path).unwrap();
    log.record(event(1));
    log.record(event(2));
    log.close();
    log.record(event(3));
    assert_eq!((log.written(), log.dropped()), (2, 1));
    // A crash in the middle of a line.
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"{\"number\":3,\"ti")
        .unwrap();
    let log = AuditLog::open(&path).unwrap();
    log.record(event(4));
    log.flush();
    let lines = lines(&path);
    let numbers: Vec<u64> = lines
        .iter()
        .map(|l| l["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    let last = &lines[2];
    assert_eq!(last["action"], "instances-stored");
    assert_eq!(last["who"], "CT1");
    assert_eq!(last["address"], "127.0.0.1");
    assert!(time::OffsetDateTime::parse(last["time"].as_str().unwrap(), &Rfc3339).is_ok());
}

#[test]
fn full_files_are_put_aside_and_only_so_many_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let log = AuditLog::open_with(Options {
        rotate_at: 1000,
        keep: Some(2),
        ..Options::new(&path)
    })
    .unwrap();
    for n in 0..40 {
        log.record(event(n));
    }
    log.close();
    let files = rotated(&path);
    assert_eq!(files.len(), 2);
    let mut numbers: Vec<u64> = files
        .iter()
        .chain([&path])
        .flat_map(|file| lines(file))
        .map(|line| line["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers.pop(), Some(40));
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    // Even when the current file is still empty, numbers go on.
    std::fs::remove_file(&path).unwrap();
    let log = AuditLog::open(&path).unwrap();
    log.record(event(0));
    log.close();
    assert!(lines(&path)[0]["number"].as_u64().unwrap() > 30);
}

#[test]
fn a_full_queue_drops_and_the_log_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let log = AuditLog::open_with(Options {
        queue: 1,
        ..Options::new(&path)
    })
    .unwrap();
    for n in 0..20_000 {
        log.record(event(n));
    }
    let (written, dropped) = (log.written(), log.dropped());
    log.close();
    assert!(dropped > 0, "{written} written");
    let told = lines(&path)
        .iter()
        .any(|line| line["detail"].as_str().is_some_and(|d| d.contains("lost")));
    assert!(told);
    assert!(log.written() + log.dropped() >= 20_000);
}
