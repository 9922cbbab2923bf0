//! Objects larger than memory should be.

use super::objects::*;
use super::*;
use sagittal_core::{Tag, tags};

/// The header of an object whose native pixel data have this many bytes; they follow.
fn before_pixels(uid: &str, length: u32) -> Vec<u8> {
    let object = Object {
        frames: 100,
        ..Object::new(uid)
    };
    let mut bytes = encode(&object.header(), EXPLICIT_LE);
    bytes.extend_from_slice(&[0xE0, 0x7F, 0x10, 0x00, b'O', b'W', 0, 0]);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes
}

#[tokio::test]
async fn a_deflate_bomb_is_kept_and_found_by_its_first_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let mut data_set = Object::new("1.7").native();
    let bomb = Tag(0x7FE1, 0x1001);
    data_set.put_bytes(Tag(0x7FE1, 0x0010), sagittal_core::Vr::LO, b"ACME".to_vec());
    data_set.put_bytes(bomb, sagittal_core::Vr::OB, vec![0; 72 << 20]);
    let bytes = encode(&data_set, DEFLATED);
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    let stored = send(&archive, &bytes, DEFLATED).await.unwrap();
    assert_eq!(stored.outcome, crate::ingest::Outcome::New);
    assert!(!stored.findings.is_empty());
    assert!(find(&archive, "1.7").await.is_some());
    assert!(super::data_set(&archive, "1.7").await == bytes);
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_megabytes_are_stored_in_sixteen() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        ingest_memory: 24 << 20,
        large_instance: 16 << 20,
        ..options(folder.path())
    };
    let archive = Archive::open(options).await.unwrap();
    let length = 300 << 20;
    let form = Form::DataSet {
        transfer_syntax_uid: Uid::new(EXPLICIT_LE).unwrap(),
    };
    let mut receiving = archive.receive(from("WSI"), Announced::default(), form);
    receiving
        .write(before_pixels("1.1", length).into())
        .await
        .unwrap();
    let piece = Bytes::from((0..128 << 10).map(|n: u32| n as u8).collect::<Vec<_>>());
    let mut least = usize::MAX;
    for _ in 0..length / (128 << 10) {
        receiving.write(piece.clone()).await.unwrap();
        least = least.min(archive.inner().memory.available_permits());
    }
    receiving.finish().await.unwrap();
    // Never more than the threshold was held, and all of it was given back.
    assert!(least >= (24 << 20) - (17 << 20), "{least}");
    assert_eq!(archive.inner().memory.available_permits(), 24 << 20);
    let reader = reader(&archive, "1.1").await;
    assert!(reader.len() > u64::from(length));
    assert_eq!(reader.instance.number_of_frames, 100);
    let frame = reader.frame(99).await.unwrap();
    assert_eq!(frame.len(), 64 * 64 * 2);
    assert_eq!(frame[..], piece[99 * 8192 % piece.len()..][..8192]);
    let end = reader.read(reader.len() - 10, 20).await.unwrap();
    assert_eq!(end[..], piece[piece.len() - 10..]);
    close(archive).await;
    // Found again by the packs alone.
    Archive::rebuild_index(super::options(folder.path()), |_| ())
        .await
        .unwrap();
    let archive = open(folder.path()).await;
    assert_eq!(
        super::reader(&archive, "1.1")
            .await
            .frame(99)
            .await
            .unwrap(),
        frame
    );
    assert_eq!(archive.verify(|_| ()).await.unwrap().problems, vec![]);
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_objects_are_described_wherever_their_elements_are() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        large_instance: 1 << 20,
        ..options(folder.path())
    };
    let archive = Archive::open(options).await.unwrap();
    // A long private value before what identifies it, fragments, and an element behind them.
    let object = Object {
        frames: 40,
        ..Object::new("1.2")
    };
    let fragments: Vec<Vec<u8>> = (0..40).map(|n| vec![n; 50_000]).collect();
    let fragments: Vec<&[u8]> = fragments.iter().map(Vec::as_slice).collect();
    let mut tree = object.encapsulated(&fragments);
    put_private(&mut tree, 3 << 20);
    tree.put_text(Tag(0x7FE1, 0x0010), "TAIL");
    tree.put_bytes(Tag(0xFFFA, 0x0010), sagittal_core::Vr::LO, b"TAIL".to_vec());
    let bytes = encode(&tree, JPEG);
    send(&archive, &bytes, JPEG).await.unwrap();
    let reader = reader(&archive, "1.2").await;
    assert_eq!(reader.frame(39).await.unwrap(), vec![39; 50_000]);
    assert!(data_set(&archive, "1.2").await == bytes);
    let Some(Row::Instance(_, _, row)) = archive.index().instance("1.2").unwrap() else {
        panic!()
    };
    let header = String::from_utf8(archive.index().header(&row).unwrap()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&header.replace('\u{1}', "")).unwrap();
    assert_eq!(json["7FE10010"]["Value"][0], "TAIL");
    assert!(json["00091001"]["BulkDataURI"].is_string());
    assert_eq!(json[&tags::PATIENT_ID.to_hex()]["Value"][0], "4711");
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_stall_keep_nobody_else_out() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        ingest_memory: 2 << 20,
        ..options(folder.path())
    };
    let archive = Archive::open(options).await.unwrap();
    let form = || Form::DataSet {
        transfer_syntax_uid: Uid::new(EXPLICIT_LE).unwrap(),
    };
    let mut stalled = Vec::new();
    for number in 0..8 {
        let mut receiving = archive.receive(from("SLOW"), Announced::default(), form());
        let uid = format!("1.5.{number}");
        receiving
            .write(before_pixels(&uid, 8 << 20).into())
            .await
            .unwrap();
        receiving.write(vec![1; 900 << 10].into()).await.unwrap();
        stalled.push(receiving);
    }
    let object = Object {
        frames: 50,
        ..Object::new("1.6")
    };
    let bytes = object.bytes(EXPLICIT_LE);
    let sending = send(&archive, &bytes, EXPLICIT_LE);
    tokio::time::timeout(Duration::from_secs(10), sending)
        .await
        .unwrap()
        .unwrap();
    // Those that stall may yet go on, or give up and leave nothing behind.
    let mut first = stalled.remove(0);
    for _ in 0..((8 << 20) - (900 << 10)) / (100 << 10) + 1 {
        first.write(vec![1; 100 << 10].into()).await.unwrap();
    }
    first.finish().await.unwrap();
    drop(stalled);
    assert_eq!(archive.inner().memory.available_permits(), 2 << 20);
    assert_eq!(archive.statistics().await.unwrap().instances, 2);
    close(archive).await;
    let packs = std::fs::read_dir(folder.path().join("packs"))
        .unwrap()
        .count();
    assert!(packs <= 3, "{packs}");
}
