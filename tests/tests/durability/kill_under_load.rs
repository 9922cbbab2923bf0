//! `kill -9` at random moments while several senders store and one deletes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use sagittal_core::{Limits, tags};
use sagittal_file::part10;
use sagittal_tests::dicom::{Peer, data_set_of};
use sagittal_tests::http::{Request, multipart};
use sagittal_tests::objects::{self, Object};
use sagittal_tests::random::Random;
use sagittal_tests::{Ran, Server, sagittal};

const CYCLES: u64 = 8;
const SENDERS: usize = 4;

/// What the senders know, by SOP Instance UID.
#[derive(Default)]
struct Ledger {
    sent: BTreeMap<String, Vec<u8>>,
    stored: BTreeSet<String>,
    delete_sent: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

/// Another instance of the series, with pixels of its own.
fn instance(base: &Object, random: &mut Random) -> Object {
    let mut object = base
        .clone()
        .with(tags::SOP_INSTANCE_UID, objects::new_uid().as_str());
    let mut pixels = object.data_set.bytes(tags::PIXEL_DATA).unwrap().to_vec();
    for chunk in pixels.chunks_mut(8) {
        chunk.copy_from_slice(&random.number().to_le_bytes()[..chunk.len()]);
    }
    object
        .data_set
        .put_bytes(tags::PIXEL_DATA, sagittal_core::Vr::OW, pixels);
    object
}

/// Stores until the server is gone: over C-STORE, every fourth sender over STOW-RS.
fn send(server: &Server, base: &Object, number: usize, cycle: u64, ledger: &Mutex<Ledger>) {
    let mut random = Random::new(cycle * 100 + u64::try_from(number).unwrap());
    let calling = format!("SENDER{number}");
    let mut peer = (number % 4 != 3)
        .then(|| Peer::for_object(server.dimse(), &calling, base).ok())
        .flatten();
    loop {
        let object = instance(base, &mut random);
        let part10 = object.part10();
        let uid = object.sop_instance_uid().to_string();
        let data = data_set_of(&part10).to_vec();
        ledger.lock().unwrap().sent.insert(uid.clone(), data);
        let is_stored = match &mut peer {
            Some(peer) => peer.store(&object).map(|status| status == 0),
            None => Request::new("POST", server.http(), "/dicom-web/studies")
                .header(
                    "Content-Type",
                    "multipart/related; type=\"application/dicom\"; boundary=sagittal-test",
                )
                .body(multipart("application/dicom", &[part10]))
                .try_send()
                .map(|answer| answer.status == 200),
        };
        match is_stored {
            Ok(true) => drop(ledger.lock().unwrap().stored.insert(uid)),
            Ok(false) => panic!("refused"),
            Err(_) => return,
        }
    }
}

/// Deletes one in a while of what was acknowledged.
fn delete(server: &Server, base: &Object, done: &AtomicBool, ledger: &Mutex<Ledger>) {
    while !done.load(Relaxed) {
        let victim = {
            let mut ledger = ledger.lock().unwrap();
            let victim = ledger
                .stored
                .difference(&ledger.delete_sent)
                .nth(3)
                .cloned();
            ledger.delete_sent.extend(victim.clone());
            victim
        };
        if let Some(uid) = victim {
            let path = format!("{}/instances/{uid}", series_path(base));
            match Request::new("DELETE", server.http(), &path).try_send() {
                Ok(answer) => {
                    assert_eq!(answer.status, 204, "{}", answer.text());
                    ledger.lock().unwrap().deleted.insert(uid);
                }
                Err(_) => return,
            }
        }
        std::thread::sleep(Duration::from_millis(15));
    }
}

fn series_path(base: &Object) -> String {
    format!(
        "/dicom-web/studies/{}/series/{}",
        base.study_instance_uid(),
        base.series_instance_uid()
    )
}

/// What the server has, by SOP Instance UID.
fn held(server: &Server, base: &Object) -> BTreeMap<String, Vec<u8>> {
    let answer = server
        .request("GET", &series_path(base))
        .header(
            "Accept",
            "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
        )
        .send();
    if matches!(answer.status, 404 | 410) {
        return BTreeMap::new();
    }
    let answer = answer.expect(200);
    let parts = answer.parts();
    let uid = |part10: &[u8]| {
        let file = part10::read(&part10.to_vec().into(), Limits::default()).unwrap();
        let uid = file.data_set.uid(tags::SOP_INSTANCE_UID).unwrap().unwrap();
        uid.to_string()
    };
    let count = parts.len();
    let held: BTreeMap<_, _> = parts
        .into_iter()
        .map(|(_, bytes)| (uid(&bytes), data_set_of(&bytes).to_vec()))
        .collect();
    assert_eq!(held.len(), count, "an instance came twice");
    held
}

/// Everything acknowledged is there, nothing deleted, and nothing that was not sent like that.
#[track_caller]
fn compare(server: &Server, base: &Object, ledger: &Ledger) {
    let held = held(server, base);
    for uid in ledger.stored.difference(&ledger.delete_sent) {
        let found = held.get(uid);
        assert!(found.is_some(), "{uid} was acknowledged and is lost");
    }
    for (uid, bytes) in &held {
        assert_eq!(Some(bytes), ledger.sent.get(uid), "{uid} is not as sent");
        assert!(!ledger.deleted.contains(uid), "{uid} came back");
    }
    let query = format!("StudyInstanceUID={}", base.study_instance_uid());
    assert_eq!(server.count(&query), held.len(), "index and packs differ");
}

fn on(server: &Server, words: &[&str]) -> Ran {
    let data = server.data().display().to_string();
    let mut arguments: Vec<&str> = words.to_vec();
    arguments.extend(["--json", "--data", &data]);
    sagittal(arguments)
}

#[test]
fn kills_under_load_lose_nothing_acknowledged_and_bring_nothing_back() {
    let mut server = Server::start();
    let mut ended: Vec<(Object, Ledger)> = Vec::new();
    for cycle in 0..CYCLES {
        let base = objects::ct();
        let ledger = Mutex::new(Ledger::default());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for number in 0..SENDERS {
                let (server, base, ledger) = (&server, &base, &ledger);
                scope.spawn(move || send(server, base, number, cycle, ledger));
            }
            scope.spawn(|| delete(&server, &base, &done, &ledger));
            let end = Instant::now() + Duration::from_secs(20);
            while ledger.lock().unwrap().stored.len() < 10 {
                assert!(Instant::now() < end, "nothing is stored");
                std::thread::sleep(Duration::from_millis(2));
            }
            let pause = Random::new(cycle + 77).below(350);
            std::thread::sleep(Duration::from_millis(u64::try_from(pause).unwrap()));
            server.signal("KILL");
            done.store(true, Relaxed);
        });
        server.kill();
        let took = server.restart();
        assert!(took < Duration::from_secs(20), "the start took {took:?}");
        let ledger = ledger.into_inner().unwrap();
        compare(&server, &base, &ledger);
        ended.push((base, ledger));
    }
    let deleted: usize = ended.iter().map(|(_, ledger)| ledger.deleted.len()).sum();
    assert!(deleted > 0, "nothing was deleted");
    for (base, ledger) in &ended {
        compare(&server, base, ledger);
    }

    server.stop();
    let found = on(&server, &["verify"]).expect(0).json();
    assert_eq!(found["problem_count"], 0, "{found}");

    // The index is derived: lost, it is made anew; by hand, too.
    let mut index = false;
    for entry in std::fs::read_dir(server.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == "index") {
            index = true;
            std::fs::remove_dir_all(&path).unwrap();
        }
    }
    assert!(index, "there is no index to lose");
    server.restart();
    for (base, ledger) in &ended {
        compare(&server, base, ledger);
    }
    server.stop();
    on(&server, &["index", "rebuild"]).expect(0);
    server.restart();
    for (base, ledger) in &ended {
        compare(&server, base, ledger);
    }
}
