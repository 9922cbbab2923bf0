//! Deflated data sets (PS3.5 §A.5) that grow a thousandfold.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use sagittal_core::{Vr, tags};
use sagittal_tests::Server;
use sagittal_tests::dicom::{Peer, data_set_of};
use sagittal_tests::objects::{self, Object};

const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const PEAK: u64 = 300 << 20;

/// An object, and its data set deflated: pixel data are so many zeros.
fn bomb(zeros: u32) -> (Object, Vec<u8>) {
    let mut object = objects::ct();
    object
        .data_set
        .put_bytes(tags::PIXEL_DATA, Vr::OW, vec![0, 0]);
    object.data_set.put_u16(tags::ROWS, &[1024]);
    object.data_set.put_u16(tags::COLUMNS, &[1024]);
    let object = object.with(tags::NUMBER_OF_FRAMES, &(zeros / (2 << 20)).to_string());
    let part10 = object.part10();
    let data = data_set_of(&part10);
    let mut deflater = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflater.write_all(&data[..data.len() - 6]).unwrap();
    deflater.write_all(&zeros.to_le_bytes()).unwrap();
    let chunk = vec![0; 1 << 20];
    for _ in 0..zeros >> 20 {
        deflater.write_all(&chunk).unwrap();
    }
    let mut bytes = deflater.finish().unwrap();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    (object.in_transfer_syntax(DEFLATED), bytes)
}

fn file(object: &Object, deflated: &[u8]) -> Vec<u8> {
    let mut part10 = object.part10();
    let meta = part10.len() - data_set_of(&part10).len();
    part10.truncate(meta);
    part10.extend_from_slice(deflated);
    part10
}

#[track_caller]
fn assert_lean(server: &Server) {
    server.assert_well();
    if let Some(peak) = server.memory("VmHWM") {
        assert!(peak < PEAK, "{} MiB at the peak", peak >> 20);
    }
}

/// What looks into the objects.
fn look(server: &Server, objects: &[Object]) {
    for object in objects {
        for end in ["/metadata", "/frames/1"] {
            let path = format!(
                "/dicom-web/studies/{}/series/{}/instances/{}{end}",
                object.study_instance_uid(),
                object.series_instance_uid(),
                object.sop_instance_uid()
            );
            // Refused or answered; not broken.
            let answer = server.get(&path);
            assert!(answer.status >= 200, "{path}: {}", answer.status);
        }
    }
}

/// Two that may be inflated, and one that may not.
const ZEROS: [u32; 3] = [50 << 20, 60 << 20, 300 << 20];

#[test]
fn a_deflate_bomb_through_c_store_stays_small() {
    let server = Server::start();
    let mut objects = Vec::new();
    for zeros in ZEROS {
        let (object, deflated) = bomb(zeros);
        let mut peer = Peer::for_object(server.dimse(), "BOMB", &object).unwrap();
        let (class, instance) = (object.sop_class_uid(), object.sop_instance_uid());
        let status = peer.store_bytes(class.as_str(), instance.as_str(), &deflated);
        let status = status.unwrap();
        assert!(
            status == 0 || status & 0xF000 == 0xC000,
            "status {status:04X}"
        );
        assert_lean(&server);
        objects.push(object);
    }
    look(&server, &objects);
    assert_lean(&server);
}

#[test]
fn a_deflate_bomb_through_stow_rs_stays_small() {
    let server = Server::start();
    let mut objects = Vec::new();
    for zeros in ZEROS {
        let (object, deflated) = bomb(zeros);
        let answer = server.stow(&[file(&object, &deflated)]);
        assert!(
            matches!(answer.status, 200 | 202 | 409),
            "{}",
            answer.status
        );
        assert_lean(&server);
        objects.push(object);
    }
    look(&server, &objects);
    assert_lean(&server);
}
