//! An object larger than the memory that the server may use, compressed on its way out.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use sagittal_core::{Vr, tags, transfer_syntax as ts};
use sagittal_tests::dicom::{Peer, data_set_of, p_data, store_rq};
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, wait};
use serde_json::json;

use super::transcode::retrieve;

const FRAME: usize = 512 * 512 * 2;
const PEAK: u64 = 400 << 20;

/// How many frames; `SAGITTAL_TEST_LARGE` gives another number of MiB.
fn frames() -> u32 {
    let mib = std::env::var("SAGITTAL_TEST_LARGE").ok();
    mib.and_then(|text| text.parse().ok()).unwrap_or(500_u32) * 2
}

/// Samples of which every frame takes others.
fn samples() -> Vec<u8> {
    let sample = |at: u32| u16::try_from((at / 512 + at % 7) % 4096).unwrap();
    (0..512 * 512 + 4096)
        .flat_map(|at| sample(at).to_le_bytes())
        .collect()
}

/// Stores an object of many frames over C-STORE.
fn store(server: &Server, object: &Object) {
    let mut object = object.clone();
    object
        .data_set
        .put_bytes(tags::PIXEL_DATA, Vr::OW, vec![1, 2]);
    let part10 = object.part10();
    let data = data_set_of(&part10);
    let mut head = data[..data.len() - 6].to_vec();
    let length = frames() * u32::try_from(FRAME).unwrap();
    head.extend(length.to_le_bytes());
    let mut peer = Peer::for_object(server.dimse(), "LARGE", &object).unwrap();
    let (class, instance) = (object.sop_class_uid(), object.sop_instance_uid());
    let request = store_rq(class.as_str(), instance.as_str());
    peer.send(1, &request, None).unwrap();
    peer.stream
        .write_all(&p_data(1, false, false, &head))
        .unwrap();
    let samples = samples();
    for number in 0..frames() {
        let from = usize::try_from(number).unwrap() % 4096 * 2;
        let frame = &samples[from..from + FRAME];
        let mut parts = frame.chunks(96 * 1024).peekable();
        while let Some(part) = parts.next() {
            let is_last = number + 1 == frames() && parts.peek().is_none();
            peer.stream
                .write_all(&p_data(1, false, is_last, part))
                .unwrap();
        }
    }
    assert_eq!(peer.status().unwrap(), 0);
}

/// Fragments of the pixel data with which a data set ends, without the offset table.
fn fragments(bytes: &[u8]) -> u32 {
    let start = [
        0xE0, 0x7F, 0x10, 0x00, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
    ];
    let found = bytes.windows(start.len()).position(|at| at == start);
    let mut rest = &bytes[found.unwrap() + start.len()..];
    let mut count = 0;
    while rest[..4] == [0xFE, 0xFF, 0x00, 0xE0] {
        let length = u32::from_le_bytes(rest[4..8].try_into().unwrap());
        rest = &rest[8 + usize::try_from(length).unwrap()..];
        count += 1;
    }
    assert_eq!(rest[..4], [0xFE, 0xFF, 0xDD, 0xE0]);
    count - 1
}

fn assert_small(server: &Server, what: &str) {
    if let Some(peak) = server.memory("VmHWM") {
        println!("{what}: {} MiB at the peak", peak >> 20);
        assert!(peak < PEAK, "{what}: {peak} bytes at the peak");
    }
}

#[test]
fn an_object_larger_than_memory_is_compressed_on_its_way() {
    let server = Server::start();
    let object = objects::ct_of(512, 512).with(tags::NUMBER_OF_FRAMES, &frames().to_string());
    store(&server, &object);
    assert_small(&server, "C-STORE");
    let url = format!(
        "/dicom-web/studies/{}/series/{}/instances/{}",
        object.study_instance_uid(),
        object.series_instance_uid(),
        object.sop_instance_uid()
    );
    for syntax in [ts::RLE_LOSSLESS, ts::JPEG_LS_LOSSLESS] {
        let started = Instant::now();
        let mut stream = TcpStream::connect(server.http()).unwrap();
        stream.set_read_timeout(Some(wait::LONG)).unwrap();
        let request = format!(
            "GET {url} HTTP/1.0\r\nHost: x\r\nConnection: close\r\n\
             Accept: application/dicom; transfer-syntax={syntax}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        assert_eq!(fragments(&bytes), frames(), "{syntax}");
        println!("{syntax}: {} bytes in {:?}", bytes.len(), started.elapsed());
        assert_small(&server, syntax);
    }
    // One frame of many does not wait for the others.
    let ask = |list: &str| {
        let started = Instant::now();
        let request = server.request("GET", &format!("{url}/frames/{list}"));
        let accept = "multipart/related; type=\"image/jls\"";
        let answer = request.header("Accept", accept).send().expect(200);
        (answer.parts().len(), started.elapsed())
    };
    let (one, alone) = ask(&frames().to_string());
    let list: Vec<String> = (100..180).map(|number| number.to_string()).collect();
    let (many, together) = ask(&list.join(","));
    assert_eq!((one, many), (1, 80));
    println!("one frame in {alone:?}, 80 in {together:?}");
    assert!(
        alone * 5 < together,
        "one frame took {alone:?}, 80 {together:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let plan = json!([{
        "folder": folder.path(), "studies": object.study_instance_uid().as_str(),
        "classes": { object.sop_class_uid().as_str(): [ts::RLE_LOSSLESS] },
    }]);
    let Some(told) = retrieve(&server, &plan) else {
        return;
    };
    assert_eq!(
        (&told[0]["status"], &told[0]["completed"]),
        (&json!(0), &json!(1))
    );
    let got = std::fs::read(folder.path().join(object.sop_instance_uid().as_str())).unwrap();
    assert_eq!(fragments(&got), frames());
    assert_small(&server, "C-GET");
}
