//! JPEG 2000 Part 2 multi-component (PS3.5 §A.4.4): decoded where the stream is one of Part 1, else
//! given as it is.

use bytes::Bytes;
use sagittal_core::{Element, Fragments, Uid, Value, Vr, tags};
use sagittal_file::part10;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, data, sagittal};

use super::lossy::receiver;
use super::tools::{data_set, dcmtk};

const MULTI: &str = "1.2.840.10008.1.2.4.92";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";

/// A CT in JPEG 2000, labelled as multi-component; with a transform of Part 2 if `is_part_2`.
fn labelled(ct: &Object, is_part_2: bool) -> Object {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.dcm"), folder.path().join("b.dcm"));
    std::fs::write(&from, ct.part10()).unwrap();
    let text = |path: &std::path::Path| path.display().to_string();
    sagittal(["transcode", &text(&from), "-o", &text(&to), "--to", "j2k"]).expect(0);
    let file = part10::read(&std::fs::read(&to).unwrap().into(), Default::default()).unwrap();
    let Some(Value::Fragments(pixels)) = file
        .data_set
        .get(tags::PIXEL_DATA)
        .map(|element| element.value.clone())
    else {
        panic!("no fragments");
    };
    let mut stream = pixels.fragments.concat();
    if is_part_2 {
        // An MCT marker segment (T.801 §A.3.7) behind SIZ.
        let length = usize::from(u16::from_be_bytes([stream[4], stream[5]]));
        let segment = [0xFF, 0x74, 0, 8, 0, 0, 0, 1, 0, 0];
        stream.splice(4 + length..4 + length, segment);
    }
    let mut object = Object {
        data_set: file.data_set,
        transfer_syntax_uid: Uid::from_static(MULTI),
    };
    object.data_set.put(Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::Fragments(Fragments {
            offset_table: vec![],
            fragments: vec![Bytes::from(stream)],
        }),
    });
    object
}

#[test]
fn a_stream_of_part_1_is_decoded_and_one_of_part_2_passed_through() {
    let folder = tempfile::tempdir().unwrap();
    let Some(receiver) = receiver(folder.path(), &[MULTI], &[&objects::ct()]) else {
        return;
    };
    let server = Server::builder()
        .arg("--peer")
        .arg(format!("dest=DEST@127.0.0.1:{}", receiver.port))
        .start();
    let (one, two) = (objects::ct(), objects::ct());
    let readable = labelled(&one, false);
    let other = labelled(&two, true);
    server
        .stow(&[readable.part10(), other.part10()])
        .expect(200);
    let get = |object: &Object, syntax: &str| {
        let path = format!(
            "/dicom-web/studies/{}/series/{}/instances/{}",
            object.study_instance_uid(),
            object.series_instance_uid(),
            object.sop_instance_uid()
        );
        let accept = format!("application/dicom; transfer-syntax={syntax}");
        server
            .request("GET", &path)
            .header("Accept", &accept)
            .send()
    };
    let given = get(&readable, EXPLICIT).expect(200).body;
    let file = part10::read(&given.into(), Default::default()).unwrap();
    let pixels = one.data_set.bytes(tags::PIXEL_DATA).unwrap();
    assert_eq!(file.data_set.bytes(tags::PIXEL_DATA).unwrap(), pixels);
    let refused = get(&other, EXPLICIT);
    assert_eq!(refused.status, 406, "{}", refused.text());
    assert!(get(&other, "*").expect(200).body == other.part10());

    for object in [&readable, &other] {
        let study = format!("StudyInstanceUID={}", object.study_instance_uid());
        let keys = [
            "-S",
            "-aem",
            "DEST",
            "-k",
            "QueryRetrieveLevel=STUDY",
            "-k",
            &study,
        ];
        dcmtk("movescu", &server, &keys, &[]).unwrap().expect(0);
    }
    let read = |path: &std::path::PathBuf| data_set(std::fs::read(path).unwrap());
    let got: Vec<_> = data::files(&receiver.folder).iter().map(read).collect();
    assert!(got.contains(&data_set(other.part10())), "as it is stored");
    server.assert_well();
}
