//! A graceful stop, and two servers on one folder.

use std::io::Write as _;
use std::time::{Duration, Instant};

use sagittal_tests::dicom::{Peer, data_set_of, p_data, store_rq};
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, sagittal, wait};

#[test]
fn a_stop_that_was_asked_for_ends_with_zero_and_loses_nothing() {
    let mut server = Server::start();
    server.stow(&[objects::ct().part10()]).expect(200);
    let status = server.stop();
    assert_eq!(status.code(), Some(0), "{}", server.log());
    server.restart();
    assert_eq!(server.count(""), 1);
}

#[test]
fn a_second_server_on_the_same_folder_refuses_with_a_clear_word() {
    let server = Server::start();
    let ran = sagittal([
        "serve".as_ref(),
        "--data".as_ref(),
        server.data().as_os_str(),
        "--dimse".as_ref(),
        "127.0.0.1:0".as_ref(),
        "--http".as_ref(),
        "127.0.0.1:0".as_ref(),
    ])
    .expect(1);
    assert!(
        ran.stderr.contains("in use by another server"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains(&server.pid().to_string()),
        "{}",
        ran.stderr
    );
}

/// A server whose running transfers have `deadline` to end.
fn with_deadline(deadline: &str) -> Server {
    Server::builder()
        .env("SAGITTAL_LIMITS_SHUTDOWN", deadline)
        .start()
}

/// More than the buffers of a connection hold: when half of it is sent, the server has begun.
fn large() -> Object {
    objects::ct_of(4096, 4096)
}

/// A C-STORE of which only half the data set has been sent; the other half.
fn half_stored(server: &Server) -> (Peer, Vec<u8>) {
    let object = large();
    let part10 = object.part10();
    let data = data_set_of(&part10);
    let mut peer = Peer::for_object(server.dimse(), "HALF", &object).unwrap();
    let (class, instance) = (object.sop_class_uid(), object.sop_instance_uid());
    let command = store_rq(class.as_str(), instance.as_str());
    peer.send(1, &command, None).unwrap();
    let (half, rest) = data.split_at(data.len() / 2);
    for part in half.chunks(64 * 1024) {
        let pdu = p_data(1, false, false, part);
        peer.stream.write_all(&pdu).unwrap();
    }
    let mut pdus = Vec::new();
    for part in rest.chunks(64 * 1024) {
        pdus.extend(p_data(1, false, false, part));
    }
    pdus.extend(p_data(1, false, true, &[]));
    (peer, pdus)
}

/// Waits until the server has noticed that it is to stop.
fn until_stopping(server: &Server) {
    wait::until("a port that is closed", || {
        std::net::TcpStream::connect(server.dimse())
            .is_err()
            .then_some(())
    });
}

#[test]
fn a_store_that_runs_when_a_stop_is_asked_for_is_finished() {
    let mut server = with_deadline("20s");
    let (mut peer, rest) = half_stored(&server);
    server.signal("TERM");
    until_stopping(&server);
    peer.stream.write_all(&rest).unwrap();
    assert_eq!(peer.status().unwrap(), 0);
    let started = Instant::now();
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    assert!(started.elapsed() < Duration::from_secs(10), "it waited on");
    server.restart();
    assert_eq!(server.count(""), 1);
}

#[test]
fn a_transfer_that_does_not_end_is_broken_off_at_the_deadline() {
    let mut server = with_deadline("1s");
    let _half = half_stored(&server);
    let started = Instant::now();
    server.stop();
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(500), "only {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    server.restart();
    assert_eq!(server.count(""), 0);
}

#[test]
fn a_second_signal_stops_at_once() {
    let mut server = with_deadline("5m");
    let _half = half_stored(&server);
    server.signal("TERM");
    until_stopping(&server);
    let started = Instant::now();
    server.stop();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    server.restart();
    assert_eq!(server.count(""), 0);
}
