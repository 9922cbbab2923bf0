//! Compression by rule: what was received comes back byte for byte, whatever happens.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::crash::copy_folder;
use super::objects::*;
use super::*;
use crate::compress::{At, Compression, Request, Rule, Wanted};
use crate::ingest::Outcome;
use crate::retrieve::Selector;
use sagittal_core::{DataSet, Tag, Vr, tags};
use sagittal_store::blob::sim::{Faults, Random, SimDisk};

const HTJ2K: &str = "1.2.840.10008.1.2.4.201";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";

fn rule(to: &'static str, at: At) -> Rule {
    Rule::new("test", Uid::from_static(to), at)
}

fn compressing(folder: &Path, at: At) -> Options {
    Options {
        compression: Compression {
            rules: vec![rule(HTJ2K, at)],
            every: Duration::ZERO,
            rate: 0,
        },
        ..options(folder)
    }
}

/// A smooth picture, which becomes smaller.
fn picture(object: &Object) -> DataSet {
    let mut data_set = object.header();
    data_set.put_u16(tags::BITS_STORED, &[12]);
    data_set.put_u16(tags::HIGH_BIT, &[11]);
    data_set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
    let (rows, columns) = (u32::from(object.rows), u32::from(object.columns));
    let sample = |n: u32| {
        let (x, y) = (n % columns, n / columns % rows);
        (x * 5 + y * 3 + u32::from(object.seed) + (x * y) % 7) as u16 & 0xFFF
    };
    let count = rows * columns * u32::from(object.frames);
    let pixels: Vec<u8> = (0..count).flat_map(|n| sample(n).to_le_bytes()).collect();
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, pixels);
    data_set.put_bytes(Tag(0xFFFC, 0xFFFC), Vr::OB, vec![0; 30]);
    data_set
}

fn bytes(object: &Object, ts: &str) -> Vec<u8> {
    encode(&picture(object), ts)
}

async fn as_received(archive: &Archive, uid: &str, ts: &str) -> Vec<u8> {
    let reader = reader(archive, uid).await;
    let ts = Uid::new(ts).unwrap();
    collect(reader.data_set_as(&ts).await.unwrap()).await
}

async fn stored_as(archive: &Archive, uid: &str) -> String {
    let found = find(archive, uid).await.unwrap();
    found.transfer_syntax_uid.to_string()
}

/// Waits until an instance is stored so.
async fn becomes(archive: &Archive, uid: &str, ts: &str) {
    for _ in 0..600 {
        if stored_as(archive, uid).await == ts {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{uid} is not compressed");
}

fn everything(to: &'static str) -> Wanted {
    Wanted {
        study_instance_uid: None,
        to: Uid::from_static(to),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_is_smaller_and_comes_back_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(compressing(folder.path(), At::Arrival))
        .await
        .unwrap();
    let syntaxes = [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE];
    for (number, ts) in (1..).zip(syntaxes) {
        let uid = format!("1.{number}");
        let object = Object {
            frames: 3,
            ..Object::new(&uid)
        };
        let sent = bytes(&object, ts);
        let stored = send(&archive, &sent, ts).await.unwrap();
        assert_eq!(stored.outcome, Outcome::New);
        let found = find(&archive, &uid).await.unwrap();
        assert_eq!(found.transfer_syntax_uid.as_str(), HTJ2K);
        assert!(found.locator.length * 2 < sent.len() as u64, "{ts}");
        let header = u64::from(found.locator.header_length);
        assert!(header < 2000, "{ts}: {header}");
        assert!(as_received(&archive, &uid, ts).await == sent, "{ts}");
        // The same again is known, though it is not what is kept.
        let again = send(&archive, &sent, ts).await.unwrap();
        assert_eq!(again.outcome, Outcome::Identical);
        // And so is what is kept.
        let kept = data_set(&archive, &uid).await;
        let again = send(&archive, &kept, HTJ2K).await.unwrap();
        assert_eq!(again.outcome, Outcome::Identical);
        let (reader, native) = (reader(&archive, &uid).await, Uid::new(EXPLICIT_LE).unwrap());
        let frame = reader.frame_as(1, &native).await.unwrap();
        let pixels = picture(&object).bytes(tags::PIXEL_DATA).unwrap().clone();
        assert_eq!(frame, &pixels[64 * 64 * 2..2 * 64 * 64 * 2]);
    }
    let verified = archive.verify(|_| ()).await.unwrap();
    assert_eq!((verified.restored, verified.problems), (3, vec![]));
    close(archive).await;
    // The packs alone know all of it.
    Archive::rebuild_index(options(folder.path()), |_| ())
        .await
        .unwrap();
    let archive = open(folder.path()).await;
    for (number, ts) in (1..).zip(syntaxes) {
        let uid = format!("1.{number}");
        let object = Object {
            frames: 3,
            ..Object::new(&uid)
        };
        assert!(as_received(&archive, &uid, ts).await == bytes(&object, ts));
    }
    assert_eq!(archive.verify(|_| ()).await.unwrap().restored, 3);
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_come_back_or_not_become_smaller_is_kept_as_received() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(compressing(folder.path(), At::Arrival))
        .await
        .unwrap();
    let mut junk_in_high_bits = picture(&Object::new("1.1"));
    let mut pixels = junk_in_high_bits.bytes(tags::PIXEL_DATA).unwrap().to_vec();
    pixels[1] |= 0xF0;
    junk_in_high_bits.put_bytes(tags::PIXEL_DATA, Vr::OW, pixels);
    let mut noise = picture(&Object::new("1.2"));
    noise.put_u16(tags::BITS_STORED, &[16]);
    noise.put_u16(tags::HIGH_BIT, &[15]);
    let mut random = Random(3);
    let pixels: Vec<u8> = (0..64 * 64 * 2).map(|_| random.number() as u8).collect();
    noise.put_bytes(tags::PIXEL_DATA, Vr::OW, pixels);
    let mut without_pixels = picture(&Object::new("1.3"));
    without_pixels.remove(tags::PIXEL_DATA);
    let mut cut = picture(&Object::new("1.4"));
    cut.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![1; 100]);
    cut.put_u16(tags::BITS_STORED, &[99]);
    for (uid, object) in [
        ("1.1", junk_in_high_bits),
        ("1.2", noise),
        ("1.3", without_pixels),
        ("1.4", cut),
    ] {
        let sent = encode(&object, EXPLICIT_LE);
        send(&archive, &sent, EXPLICIT_LE).await.unwrap();
        assert_eq!(stored_as(&archive, uid).await, EXPLICIT_LE, "{uid}");
        assert!(data_set(&archive, uid).await == sent, "{uid}");
    }
    let deflated = bytes(&Object::new("1.5"), DEFLATED);
    send(&archive, &deflated, DEFLATED).await.unwrap();
    assert_eq!(stored_as(&archive, "1.5").await, DEFLATED);
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_back_with_its_own_preamble_and_meta() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(compressing(folder.path(), At::Arrival))
        .await
        .unwrap();
    let mut file = sagittal_file::part10::write_header(&sagittal_file::part10::Meta {
        sop_class_uid: Uid::new("1.2.840.10008.5.1.4.1.1.2").unwrap(),
        sop_instance_uid: Uid::new("1.7").unwrap(),
        transfer_syntax_uid: Uid::new(EXPLICIT_LE).unwrap(),
        source_ae_title: Some("SOMEBODY".into()),
    });
    file[..6].copy_from_slice(b"custom");
    file.extend(bytes(&Object::new("1.7"), EXPLICIT_LE));
    send_as(&archive, &file, Announced::default(), Form::Part10, 9999)
        .await
        .unwrap();
    let reader = reader(&archive, "1.7").await;
    assert_eq!(reader.instance.transfer_syntax_uid.as_str(), HTJ2K);
    let original = Uid::new(EXPLICIT_LE).unwrap();
    let (length, chunks) = reader.part10_as(&original).await.unwrap();
    let given = collect(chunks).await;
    assert!(given == file);
    assert_eq!(length, Some(file.len() as u64));
    // As it is kept, its meta says how.
    let (_, chunks) = reader.part10().await.unwrap();
    let kept = collect(chunks).await;
    let opening = sagittal_file::part10::open(&kept).unwrap();
    assert_eq!(opening.transfer_syntax_uid.as_str(), HTJ2K);
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_compressed_later_large_and_small() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        large_instance: 64 << 10,
        ..compressing(folder.path(), At::Later)
    };
    let archive = Archive::open(options.clone()).await.unwrap();
    let large = Object {
        rows: 256,
        columns: 256,
        frames: 4,
        ..Object::new("1.2")
    };
    let (small, large) = (
        bytes(&Object::new("1.1"), IMPLICIT_LE),
        bytes(&large, EXPLICIT_LE),
    );
    send(&archive, &small, IMPLICIT_LE).await.unwrap();
    send(&archive, &large, EXPLICIT_LE).await.unwrap();
    let selector = Selector::default();
    let tag = archive.state_tag(&selector).await.unwrap();
    becomes(&archive, "1.1", HTJ2K).await;
    becomes(&archive, "1.2", HTJ2K).await;
    assert_ne!(archive.state_tag(&selector).await.unwrap(), tag);
    assert!(as_received(&archive, "1.1", IMPLICIT_LE).await == small);
    assert!(as_received(&archive, "1.2", EXPLICIT_LE).await == large);
    let statistics = archive.statistics().await.unwrap();
    assert_eq!((statistics.instances, statistics.hidden), (2, 0));
    close(archive).await;
    // Compaction gives the space back, and what it copies can still be restored.
    let archive = open(folder.path()).await;
    let before = archive.statistics().await.unwrap().pack_bytes;
    archive.compact(1.0).await.unwrap();
    let after = archive.statistics().await.unwrap().pack_bytes;
    assert!(
        after + (large.len() as u64) / 2 < before,
        "{before} {after}"
    );
    close(archive).await;
    Archive::rebuild_index(options.clone(), |_| ())
        .await
        .unwrap();
    let archive = open(folder.path()).await;
    assert!(as_received(&archive, "1.1", IMPLICIT_LE).await == small);
    assert!(as_received(&archive, "1.2", EXPLICIT_LE).await == large);
    let verified = archive.verify(|_| ()).await.unwrap();
    assert_eq!((verified.restored, verified.problems), (2, vec![]));
    let statistics = archive.statistics().await.unwrap();
    assert_eq!((statistics.instances, statistics.hidden), (2, 0));
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_hand_one_study_is_compressed_and_what_is_deleted_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    for number in 0..6 {
        let object = Object {
            study: format!("1.9.{}", number % 2),
            series: format!("1.9.{}.1", number % 2),
            ..Object::new(&format!("1.{number}"))
        };
        send(&archive, &bytes(&object, EXPLICIT_LE), EXPLICIT_LE)
            .await
            .unwrap();
    }
    let wanted = Wanted {
        study_instance_uid: Some(Uid::new("1.9.0").unwrap()),
        ..everything(JPEG_LS)
    };
    let done = archive.compress(&wanted, |_| ()).await.unwrap();
    assert_eq!((done.instances, done.failed), (3, 0));
    assert_eq!(stored_as(&archive, "1.2").await, JPEG_LS);
    assert_eq!(stored_as(&archive, "1.3").await, EXPLICIT_LE);
    // Again: nothing is left to be done.
    let done = archive.compress(&wanted, |_| ()).await.unwrap();
    assert_eq!(done.instances, 0);
    let selector = Selector {
        sop_instance_uids: vec![Uid::new("1.2").unwrap()],
        ..Selector::default()
    };
    archive.delete(&selector).await.unwrap();
    close(archive).await;
    Archive::rebuild_index(options(folder.path()), |_| ())
        .await
        .unwrap();
    let archive = open(folder.path()).await;
    assert!(find(&archive, "1.2").await.is_none());
    assert_eq!(archive.statistics().await.unwrap().instances, 5);
    // Through the data folder, as beside a running server.
    let request = Request {
        study: None,
        to: JPEG_LS.to_owned(),
    };
    let path = request.leave(folder.path()).unwrap();
    let status = loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        match Request::status(&path) {
            Some(status) if status.done => break status,
            _ => {}
        }
    };
    assert_eq!((status.error, status.instances), (None, 3));
    Request::withdraw(&path);
    assert_eq!(archive.verify(|_| ()).await.unwrap().restored, 5);
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_during_compression_leaves_one_readable_copy_of_each() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let mut sent = BTreeMap::new();
    for number in 0..40_u8 {
        let object = Object {
            seed: number,
            ..Object::new(&format!("1.{number}"))
        };
        let bytes = bytes(&object, EXPLICIT_LE);
        send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
        sent.insert(object.uid, bytes);
    }
    let working = archive.clone();
    let work = tokio::spawn(async move { working.compress(&everything(HTJ2K), |_| ()).await });
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        let left = tempfile::tempdir().unwrap();
        copy_folder(&folder.path().join("index"), &left.path().join("index"));
        copy_folder(&folder.path().join("packs"), &left.path().join("packs"));
        let after = open(left.path()).await;
        for (uid, bytes) in &sent {
            assert!(
                as_received(&after, uid, EXPLICIT_LE).await == *bytes,
                "{uid}"
            );
        }
        let statistics = after.statistics().await.unwrap();
        assert_eq!((statistics.instances, statistics.hidden), (40, 0));
        assert_eq!(after.verify(|_| ()).await.unwrap().problems, vec![]);
        close(after).await;
    }
    assert_eq!(work.await.unwrap().unwrap().instances, 40);
    close(archive).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_during_compression_and_compaction_loses_nothing_with_whatever_index() {
    let disk = SimDisk::new();
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        pack_size: 64 << 10,
        large_instance: 32 << 10,
        ..options(folder.path())
    };
    let open = |disk: SimDisk| Archive::open_on(options.clone(), Arc::new(disk), |_| ());
    let archive = open(disk.clone()).await.unwrap();
    let study = |number: u8| format!("1.9.{}", number % 2);
    let mut sent = BTreeMap::new();
    for number in 0..24_u8 {
        let object = Object {
            rows: if number % 6 == 0 { 300 } else { 48 },
            seed: number,
            study: study(number),
            series: format!("{}.1", study(number)),
            ..Object::new(&format!("1.{number}"))
        };
        let bytes = bytes(&object, EXPLICIT_LE);
        send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
        sent.insert(object.uid, bytes);
    }
    archive.wait_indexed().await.unwrap();
    let begin = disk.moments();
    // The index as it was at a moment: a power cut may take it back to any.
    let mut indexes = Vec::new();
    let mut keep_index = || {
        let kept = tempfile::tempdir().unwrap();
        copy_folder(&folder.path().join("index"), kept.path());
        indexes.push((disk.moments(), kept));
    };
    keep_index();
    for number in 0..2 {
        let wanted = Wanted {
            study_instance_uid: Some(Uid::new(&study(number)).unwrap()),
            ..everything(HTJ2K)
        };
        disk.set_faults(Faults {
            sync: Some(20),
            ..Faults::default()
        });
        archive.compress(&wanted, |_| ()).await.unwrap();
        disk.set_faults(Faults::default());
        keep_index();
        // A lifetime later the old records may go.
        archive.inner().superfluous.lock().clear();
        archive.compact(1.0).await.unwrap();
        keep_index();
    }
    close(archive).await;
    let mut random = Random(5);
    for state in 0..60 {
        let end = disk.moments();
        let moment = match state {
            0 => end - 1,
            _ => begin + random.below(end - begin),
        };
        let after = disk.after_power_cut(moment, random.number());
        let index = folder.path().join("index");
        std::fs::remove_dir_all(&index).unwrap();
        let older = indexes.iter().filter(|(at, _)| *at <= moment).count();
        let chosen = indexes
            .get(random.below(older + 1))
            .filter(|(at, _)| *at <= moment);
        if let Some((_, kept)) = chosen {
            copy_folder(kept.path(), &index);
        }
        let archive = open(after).await.unwrap();
        assert_eq!(archive.caught_up().problems, Vec::<String>::new());
        for (uid, bytes) in &sent {
            let found = as_received(&archive, uid, EXPLICIT_LE).await;
            assert!(found == *bytes, "{state}: {uid}");
        }
        let statistics = archive.statistics().await.unwrap();
        assert_eq!(
            (statistics.instances, statistics.hidden),
            (24, 0),
            "{state}"
        );
        assert_eq!(archive.verify(|_| ()).await.unwrap().problems, vec![]);
        close(archive).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_restored_is_found_by_verifying() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let object = Object::new("1.1");
    send(&archive, &bytes(&object, EXPLICIT_LE), EXPLICIT_LE)
        .await
        .unwrap();
    archive.compress(&everything(HTJ2K), |_| ()).await.unwrap();
    let found = find(&archive, "1.1").await.unwrap();
    let mut attributes = archive.inner().packs.attributes(&found.locator).unwrap();
    // Another digest, as if another program had written another original.
    attributes.original.as_mut().unwrap().hash[0] ^= 1;
    let prove = archive.inner().prove(found.locator, &attributes);
    assert!(
        matches!(prove, Err(crate::Error::Unrestorable { .. })),
        "{prove:?}"
    );
    close(archive).await;
}
