//! An object much larger than the memory that the server may use.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use sagittal_core::{Vr, tags};
use sagittal_tests::dicom::{Peer, data_set_of, p_data, store_rq};
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, wait};

/// Bytes of pixel data; `SAGITTAL_TEST_LARGE` gives another number of MiB.
fn pixel_bytes() -> u64 {
    let mib = std::env::var("SAGITTAL_TEST_LARGE").ok();
    mib.and_then(|text| text.parse().ok()).unwrap_or(600) << 20
}

const FRAME: u64 = 512 * 512 * 3;
const PEAK: u64 = 300 << 20;

/// The data set up to and with the header of Pixel Data, and how many frames follow.
fn header(object: &Object) -> (Vec<u8>, u64) {
    let frames = pixel_bytes() / FRAME;
    let mut object = object
        .clone()
        .with(tags::NUMBER_OF_FRAMES, &frames.to_string());
    object.data_set.put_u16(tags::ROWS, &[512]);
    object.data_set.put_u16(tags::COLUMNS, &[512]);
    object
        .data_set
        .put_bytes(tags::PIXEL_DATA, Vr::OB, vec![1, 2]);
    let part10 = object.part10();
    let data = data_set_of(&part10);
    let mut head = data[..data.len() - 6].to_vec();
    head.extend(u32::try_from(frames * FRAME).unwrap().to_le_bytes());
    (head, frames)
}

/// A frame that differs from all others.
fn frame(number: u64) -> Vec<u8> {
    number
        .to_le_bytes()
        .repeat(usize::try_from(FRAME / 8).unwrap())
}

#[track_caller]
fn check(server: &Server, object: &Object, frames: u64) {
    let base = format!(
        "/dicom-web/studies/{}/series/{}/instances/{}",
        object.study_instance_uid(),
        object.series_instance_uid(),
        object.sop_instance_uid()
    );
    for number in [1, frames / 2, frames] {
        let started = Instant::now();
        let answer = server
            .request("GET", &format!("{base}/frames/{number}"))
            .header(
                "Accept",
                "multipart/related; type=\"application/octet-stream\"",
            )
            .send()
            .expect(200);
        let took = started.elapsed();
        assert_eq!(answer.parts()[0].1, frame(number - 1), "frame {number}");
        assert!(took < Duration::from_secs(2), "a frame took {took:?}");
    }
    let mut stream = TcpStream::connect(server.http()).unwrap();
    stream.set_read_timeout(Some(wait::LONG)).unwrap();
    let request = format!(
        "GET {base} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: application/dicom; transfer-syntax=*\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut buffer = vec![0; 1 << 20];
    let mut reader = BufReader::new(stream);
    let mut total = 0;
    loop {
        match reader.read(&mut buffer).unwrap() {
            0 => break,
            count => total += u64::try_from(count).unwrap(),
        }
    }
    assert!(total > frames * FRAME, "{total} bytes came back");
    if let Some(peak) = server.memory("VmHWM") {
        assert!(peak < PEAK, "{peak} bytes at the peak");
    }
}

#[test]
fn an_object_larger_than_memory_streams_in_over_c_store_and_out_again() {
    let server = Server::start();
    let object = objects::us(2);
    let (head, frames) = header(&object);
    let mut peer = Peer::for_object(server.dimse(), "LARGE", &object).unwrap();
    let (class, instance) = (object.sop_class_uid(), object.sop_instance_uid());
    peer.send(1, &store_rq(class.as_str(), instance.as_str()), None)
        .unwrap();
    peer.stream
        .write_all(&p_data(1, false, false, &head))
        .unwrap();
    for number in 0..frames {
        let frame = frame(number);
        let mut parts = frame.chunks(96 * 1024).peekable();
        while let Some(part) = parts.next() {
            let is_last = number + 1 == frames && parts.peek().is_none();
            peer.stream
                .write_all(&p_data(1, false, is_last, part))
                .unwrap();
        }
    }
    assert_eq!(peer.status().unwrap(), 0);
    check(&server, &object, frames);
}

#[test]
fn an_object_larger_than_memory_streams_in_over_stow_rs() {
    let server = Server::start();
    let object = objects::us(2);
    let (head, frames) = header(&object);
    let part10 = object.part10();
    let meta = &part10[..part10.len() - data_set_of(&part10).len()];
    let start = b"--b\r\nContent-Type: application/dicom\r\n\r\n";
    let end = b"\r\n--b--\r\n";
    let length = start.len() + meta.len() + head.len() + end.len();
    let length = u64::try_from(length).unwrap() + frames * FRAME;
    let mut stream = TcpStream::connect(server.http()).unwrap();
    stream.set_read_timeout(Some(wait::LONG)).unwrap();
    let request = format!(
        "POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: multipart/related; type=\"application/dicom\"; boundary=b\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    for bytes in [request.as_bytes(), start, meta, &head] {
        stream.write_all(bytes).unwrap();
    }
    for number in 0..frames {
        stream.write_all(&frame(number)).unwrap();
    }
    stream.write_all(end).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    check(&server, &object, frames);
}
