//! Idle and slow peers by the hundred: the others are served, and the slow are let go in time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use sagittal_core::{sop_class, tags};
use sagittal_tests::dicom::{Peer, p_data, query_rq};
use sagittal_tests::{Server, objects, wait};

const MANY: usize = 300;
const GET: &str = sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET;

fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let text = "[dimse]\nartim_timeout = \"3s\"\nidle_timeout = \"3s\"\nread_timeout = \"2s\"\n\
         write_timeout = \"2s\"\nmax_associations = 1000\nmax_associations_per_peer = 1000\n\
         [http]\nheader_timeout = \"3s\"\nidle_timeout = \"2s\"\nmax_connections = 1000\n";
    Server::builder().config(folder.path(), text).start()
}

fn connect(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    (0..count)
        .map(|_| {
            let stream = TcpStream::connect(address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_millis(10)))
                .unwrap();
            stream
        })
        .collect()
}

/// Waits until the server has closed all of them.
fn until_closed(what: &str, mut streams: Vec<TcpStream>) {
    wait::until(what, || {
        streams.retain_mut(|stream| {
            let mut buffer = [0; 4096];
            loop {
                match stream.read(&mut buffer) {
                    Ok(0) => return false,
                    Ok(_) => {}
                    Err(error) => {
                        return matches!(
                            error.kind(),
                            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                        );
                    }
                }
            }
        });
        streams.is_empty().then_some(())
    });
}

#[test]
fn idle_and_dripping_peers_keep_nobody_else_waiting_and_are_let_go() {
    let server = server();
    server.stow(&[objects::ct().part10()]).expect(200);
    let mut idle = connect(server.dimse(), MANY);
    idle.extend(connect(server.http(), MANY));
    let mut dripping = connect(server.http(), 100);
    for stream in &mut dripping {
        stream
            .write_all(b"GET /dicom-web/studies HTTP/1.1\r\nHost: x\r\nX: ")
            .unwrap();
    }
    // Bodies that do not come to an end.
    let mut bodies = connect(server.http(), 50);
    for stream in &mut bodies {
        stream
            .write_all(b"POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Type: application/dicom\r\nContent-Length: 100000\r\n\r\nabc")
            .unwrap();
    }
    for round in 0..5 {
        for stream in &mut dripping {
            let _ = stream.write_all(b"y");
        }
        let started = Instant::now();
        server.assert_well();
        server.get("/dicom-web/studies").expect(200);
        server.stow(&[objects::ct().part10()]).expect(200);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(3), "round {round} took {took:?}");
    }
    if let Some(bytes) = server.memory("VmRSS") {
        assert!(bytes < 300 << 20, "{bytes} bytes");
    }
    until_closed("the end of idle connections", idle);
    until_closed("the end of dripping requests", dripping);
    until_closed("the end of bodies that stopped", bodies);
    server.assert_well();
}

#[test]
fn peers_that_stop_reading_are_let_go_and_cost_little() {
    let server = server();
    let first = objects::ct_of(1024, 1024);
    let study = first.study_instance_uid();
    for number in 1..=24 {
        let object = first
            .clone()
            .with(tags::SOP_INSTANCE_UID, objects::new_uid().as_str())
            .with(tags::INSTANCE_NUMBER, &number.to_string());
        server.stow(&[object.part10()]).expect(200);
    }
    let mut streams = connect(server.http(), 20);
    for stream in &mut streams {
        let request = format!(
            "GET /dicom-web/studies/{study} HTTP/1.1\r\nHost: x\r\nAccept: multipart/related; type=\"application/dicom\"; transfer-syntax=*\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
    }
    let explicit = first.transfer_syntax_uid.as_str();
    let mut getters = Vec::new();
    for _ in 0..20 {
        let contexts = [(GET, explicit), (sop_class::CT_IMAGE_STORAGE, explicit)];
        let mut peer = Peer::associate(server.dimse(), "LAZY", &contexts).unwrap();
        let mut keys = vec![8, 0, 0x52, 0, b'C', b'S', 6, 0];
        keys.extend(b"STUDY ");
        let uid = format!(
            "{study}{}",
            if study.as_str().len() % 2 == 1 {
                "\0"
            } else {
                ""
            }
        );
        keys.extend([
            0x20,
            0,
            0x0D,
            0,
            b'U',
            b'I',
            u8::try_from(uid.len()).unwrap(),
            0,
        ]);
        keys.extend(uid.bytes());
        peer.stream
            .write_all(&p_data(1, true, true, &query_rq(0x10, GET)))
            .unwrap();
        peer.stream
            .write_all(&p_data(1, false, true, &keys))
            .unwrap();
        getters.push(peer.stream);
    }
    for _ in 0..5 {
        let started = Instant::now();
        server.assert_well();
        server.get("/dicom-web/studies").expect(200);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(3), "took {took:?}");
    }
    // Nobody reads, and after their timeouts nobody is in flight any more.
    wait::until("the end of the lazy", || {
        let text = server.get("/metrics").text();
        let in_flight = text
            .lines()
            .find_map(|line| line.strip_prefix("sagittal_http_requests_in_flight "))?;
        // The request for the measurements is one itself.
        (in_flight.trim().parse::<f64>().ok()? <= 1.0).then_some(())
    });
    if let Some(bytes) = server.memory("VmHWM") {
        assert!(bytes < 300 << 20, "{bytes} bytes");
    }
    for stream in &streams {
        stream.set_read_timeout(Some(wait::LONG)).unwrap();
    }
    until_closed("the end of lazy HTTP clients", streams);
    for stream in &getters {
        stream
            .set_read_timeout(Some(Duration::from_millis(10)))
            .unwrap();
    }
    until_closed("the end of lazy C-GET users", getters);
    server.assert_well();
}
