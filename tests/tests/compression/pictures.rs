//! Pictures that become smaller, and what a server gives back of them.

use sagittal_core::{Vr, tags};
use sagittal_tests::Server;
use sagittal_tests::dicom::data_set_of;
use sagittal_tests::objects::Object;

pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub const HTJ2K: &str = "1.2.840.10008.1.2.4.201";

/// The object with smooth pixels of 12 bits, others for each seed.
pub fn smooth(mut object: Object, seed: u32) -> Object {
    let number = |tag| object.data_set.int(tag).unwrap_or(1) as u32;
    let (rows, columns) = (number(tags::ROWS), number(tags::COLUMNS));
    let sample = |n: u32| {
        let (x, y) = (n % columns, n / columns);
        ((x * (3 + seed % 5) + y * 2 + seed + (x * y) % 5) & 0xFFF) as u16
    };
    let pixels: Vec<u8> = (0..rows * columns)
        .flat_map(|n| sample(n).to_le_bytes())
        .collect();
    object.data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, pixels);
    object
}

/// An instance over WADO-RS in this transfer syntax: its Part 10 file.
#[track_caller]
pub fn wado(server: &Server, object: &Object, transfer_syntax: &str) -> Vec<u8> {
    let path = format!(
        "/dicom-web/studies/{}/series/{}/instances/{}",
        object.study_instance_uid(),
        object.series_instance_uid(),
        object.sop_instance_uid()
    );
    let accept = format!("application/dicom; transfer-syntax={transfer_syntax}");
    let answer = server.request("GET", &path).header("Accept", &accept);
    answer.send().expect(200).body
}

/// Every one comes back as it was sent.
#[track_caller]
pub fn assert_as_sent(server: &Server, objects: &[Object]) {
    for object in objects {
        let given = wado(server, object, EXPLICIT);
        let sent = object.part10();
        let same = data_set_of(&given) == data_set_of(&sent);
        assert!(same, "{} is not as it was sent", object.sop_instance_uid());
    }
}

/// How many instances of the study are stored so.
pub fn stored_as(server: &Server, object: &Object, transfer_syntax: &str) -> usize {
    let path = format!(
        "/dicom-web/studies/{}/instances?includefield=AvailableTransferSyntaxUID",
        object.study_instance_uid()
    );
    let answer = server.get(&path).expect(200).json();
    let all = answer.as_array().unwrap();
    let is_so = |instance: &&serde_json::Value| {
        let syntaxes = &instance["00083002"]["Value"];
        syntaxes
            .as_array()
            .is_some_and(|all| all.contains(&transfer_syntax.into()))
    };
    all.iter().filter(is_so).count()
}
