//! What goes in comes out.

use super::objects::*;
use super::*;
use crate::ingest::Outcome;
use crate::{Error, bulk_path};
use sagittal_core::{TagPath, tags};
use sagittal_file::part10;

#[tokio::test]
async fn a_data_set_comes_back_byte_for_byte_in_every_syntax() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    for (number, ts) in [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED]
        .iter()
        .enumerate()
    {
        let object = Object {
            frames: 3,
            ..Object::new(&format!("1.{number}"))
        };
        let bytes = object.bytes(ts);
        let stored = send(&archive, &bytes, ts).await.unwrap();
        assert_eq!(
            (stored.outcome, stored.findings),
            (Outcome::New, vec![]),
            "{ts}"
        );
        assert_eq!(data_set(&archive, &object.uid).await, bytes, "{ts}");
        let reader = reader(&archive, &object.uid).await;
        for frame in 0..3 {
            let size = 64 * 64 * 2;
            let wanted = &object.pixels()[frame * size..(frame + 1) * size];
            assert_eq!(
                reader.frame(frame as u32).await.unwrap(),
                wanted,
                "{ts} {frame}"
            );
        }
        assert!(matches!(
            reader.frame(3).await,
            Err(Error::NotFound { what: "frame", .. })
        ));
        if *ts != DEFLATED {
            assert_eq!(reader.read(10, 20).await.unwrap(), bytes[10..30]);
            assert_eq!(
                reader.read(bytes.len() as u64 - 2, 20).await.unwrap().len(),
                2
            );
        }
    }
    close(archive).await;
}

#[tokio::test]
async fn a_file_comes_back_with_its_own_preamble_and_meta() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let object = Object::new("1.5");
    let meta = part10::Meta {
        sop_class_uid: Uid::new("1.2.840.10008.5.1.4.1.1.2").unwrap(),
        sop_instance_uid: Uid::new("1.5").unwrap(),
        transfer_syntax_uid: Uid::new(EXPLICIT_LE).unwrap(),
        source_ae_title: Some("ELSEWHERE".into()),
    };
    let mut file = part10::write(&meta, &object.native()).unwrap();
    file[5] = b'!';
    for piece in [usize::MAX, 7, 70_000] {
        let stored = send_as(&archive, &file, Announced::default(), Form::Part10, piece).await;
        stored.unwrap();
    }
    let reader = reader(&archive, "1.5").await;
    let (length, chunks) = reader.part10().await.unwrap();
    let back = collect(chunks).await;
    assert_eq!((length, back.len()), (file.len() as u64, file.len()));
    assert_eq!(back, file);
    // And as a data set it is identical to one that comes over DIMSE.
    let stored = send(&archive, &object.bytes(EXPLICIT_LE), EXPLICIT_LE)
        .await
        .unwrap();
    assert_eq!(stored.outcome, Outcome::Identical);
    close(archive).await;
}

#[tokio::test]
async fn the_index_knows_attributes_header_and_frames() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let object = Object::new("1.5");
    let mut tree = object.native();
    put_private(&mut tree, 3000);
    send(&archive, &encode(&tree, EXPLICIT_BE), EXPLICIT_BE)
        .await
        .unwrap();
    archive.wait_indexed().await.unwrap();
    let Some(Row::Instance(study, series, instance)) = archive.index().instance("1.5").unwrap()
    else {
        panic!()
    };
    assert_eq!(study.attributes.patient_name, "Müller^Jörg");
    assert_eq!(study.attributes.patient_id, "4711");
    assert_eq!(series.attributes.requested_procedure_id, "RP1\\RP2");
    assert_eq!(series.attributes.scheduled_procedure_step_id, "SPS1");
    assert_eq!(
        (
            instance.attributes.rows,
            instance.attributes.instance_number.as_str()
        ),
        (Some(64), "7")
    );
    assert_eq!(instance.source, "SENDER");
    let header = String::from_utf8(archive.index().header(&instance).unwrap()).unwrap();
    let json: serde_json::Value =
        serde_json::from_str(&header.replace('\u{1}', "http://x")).unwrap();
    let base = "http://x/studies/1.9/series/1.9.1/instances/1.5/bulkdata";
    assert_eq!(json["7FE00010"]["BulkDataURI"], format!("{base}/7FE00010"));
    assert_eq!(json["00091001"]["BulkDataURI"], format!("{base}/00091001"));
    assert_eq!(json["00100010"]["Value"][0]["Alphabetic"], "Müller^Jörg");

    let found = find(&archive, "1.5").await.unwrap();
    let path = bulk_path::parse("00091001").unwrap();
    let bulk = archive.bulk_data(&found, &path).await.unwrap();
    assert_eq!((bulk.length, bulk.swap_unit), (3000, 1));
    let bulk = archive
        .bulk_data(&found, &TagPath::root(tags::PIXEL_DATA))
        .await
        .unwrap();
    assert_eq!((bulk.length, bulk.swap_unit), (64 * 64 * 2, 2));
    let nested = bulk_path::parse("00400275/1/00401001").unwrap();
    let bulk = archive.bulk_data(&found, &nested).await.unwrap();
    let range = bulk.ranges[0].clone();
    assert_eq!(
        bulk.reader.read(range.start, bulk.length).await.unwrap(),
        "RP2 "
    );
    let absent = archive
        .bulk_data(&found, &bulk_path::parse("00091002").unwrap())
        .await;
    assert!(matches!(
        absent,
        Err(Error::NotFound {
            what: "bulk data",
            ..
        })
    ));
    close(archive).await;
}

#[tokio::test]
async fn frames_of_fragments_are_found_and_extracted() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let object = Object {
        frames: 2,
        ..Object::new("1.6")
    };
    let fragments: [&[u8]; 3] = [b"\xFF\xD8\xFFone", b"more", b"\xFF\xD8\xFFtwo"];
    let mut tree = object.encapsulated(&fragments);
    tree.put_bytes(
        sagittal_core::Tag(0xFFFC, 0xFFFC),
        sagittal_core::Vr::OB,
        vec![0; 200],
    );
    let bytes = encode(&tree, JPEG);
    send(&archive, &bytes, JPEG).await.unwrap();
    let reader = reader(&archive, "1.6").await;
    assert_eq!(reader.frame(0).await.unwrap(), &b"\xFF\xD8\xFFonemore"[..]);
    assert_eq!(reader.frame(1).await.unwrap(), &b"\xFF\xD8\xFFtwo"[..]);
    let (uid, extract) = reader.with_frames(&[1]).await.unwrap();
    send(&archive, &extract, JPEG).await.unwrap();
    let extracted = super::reader(&archive, uid.as_str()).await;
    assert_eq!(extracted.frame(0).await.unwrap(), &b"\xFF\xD8\xFFtwo"[..]);
    assert_eq!(extracted.instance.number_of_frames, 1);
    let whole = archive
        .bulk_data(&reader.instance, &TagPath::root(tags::PIXEL_DATA))
        .await
        .unwrap();
    assert_eq!(whole.ranges.len(), 3);
    close(archive).await;
}

#[tokio::test]
async fn another_syntax_is_given_where_there_is_a_codec() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let object = Object {
        frames: 200,
        ..Object::new("1.7")
    };
    send(&archive, &object.bytes(EXPLICIT_LE), EXPLICIT_LE)
        .await
        .unwrap();
    let reader = reader(&archive, "1.7").await;
    let implicit = Uid::new(IMPLICIT_LE).unwrap();
    let converted = collect(reader.data_set_as(&implicit).await.unwrap()).await;
    assert!(converted == object.bytes(IMPLICIT_LE));
    let file = collect(reader.part10_as(&implicit).await.unwrap().1).await;
    let read = part10::read(&Bytes::from(file), Default::default()).unwrap();
    assert_eq!(read.opening.transfer_syntax_uid, implicit);
    let video = Uid::from_static("1.2.840.10008.1.2.4.100");
    let refused = reader.data_set_as(&video).await;
    assert!(matches!(refused, Err(Error::NotConvertible { .. })));
    let rle = Uid::from_static("1.2.840.10008.1.2.5");
    let compressed = collect(reader.data_set_as(&rle).await.unwrap()).await;
    let source = object.bytes(EXPLICIT_LE);
    let stored = |source, transfer_syntax| sagittal_pixel::transcode::Stored {
        source,
        data_set_offset: 0,
        transfer_syntax,
    };
    let difference = sagittal_pixel::transcode::compare(
        stored(&source[..], EXPLICIT_LE),
        stored(&compressed[..], rle.as_str()),
        Default::default(),
    );
    assert!(difference.unwrap().is_none());
    close(archive).await;
}

#[tokio::test]
async fn contradictions_are_refused_and_odd_values_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let form = || Form::DataSet {
        transfer_syntax_uid: Uid::new(EXPLICIT_LE).unwrap(),
    };
    let object = Object::new("1.8");
    let bytes = object.bytes(EXPLICIT_LE);
    let other = Some(Uid::new("1.99").unwrap());
    for announced in [
        Announced {
            sop_class_uid: other.clone(),
            ..Announced::default()
        },
        Announced {
            sop_instance_uid: other.clone(),
            ..Announced::default()
        },
        Announced {
            study_instance_uid: other.clone(),
            ..Announced::default()
        },
    ] {
        let refused = send_as(&archive, &bytes, announced, form(), 999).await;
        assert!(
            matches!(refused, Err(Error::Mismatch { .. })),
            "{refused:?}"
        );
    }
    for tag in [
        tags::SOP_INSTANCE_UID,
        tags::STUDY_INSTANCE_UID,
        tags::SERIES_INSTANCE_UID,
    ] {
        let mut tree = object.native();
        tree.remove(tag);
        let refused = send(&archive, &encode(&tree, EXPLICIT_LE), EXPLICIT_LE).await;
        assert!(
            matches!(refused, Err(Error::Unreadable { .. })),
            "{tag} {refused:?}"
        );
    }
    for broken in [&b""[..], b"nonsense", &[0xFF; 3000]] {
        for form in [form(), Form::Part10] {
            let refused = send_as(&archive, broken, Announced::default(), form, 999).await;
            assert!(
                matches!(refused, Err(Error::Unreadable { .. })),
                "{refused:?}"
            );
        }
    }
    assert!(find(&archive, "1.8").await.is_none());

    let mut odd = object.header();
    odd.put_bytes(
        tags::SPECIFIC_CHARACTER_SET,
        sagittal_core::Vr::CS,
        b"KLINGON ".to_vec(),
    );
    odd.put_bytes(
        tags::STUDY_DATE,
        sagittal_core::Vr::DA,
        b"yesterday ".to_vec(),
    );
    odd.put_bytes(
        tags::INSTANCE_NUMBER,
        sagittal_core::Vr::IS,
        vec![0xFF, 0xFE],
    );
    odd.put_bytes(
        tags::STUDY_INSTANCE_UID,
        sagittal_core::Vr::UI,
        b"1.02.x".to_vec(),
    );
    let stored = send(&archive, &encode(&odd, EXPLICIT_LE), EXPLICIT_LE)
        .await
        .unwrap();
    assert_eq!(stored.study_instance_uid.as_str(), "1.02.x");
    // The class may be said elsewhere.
    let mut classless = Object::new("1.88").native();
    classless.remove(tags::SOP_CLASS_UID);
    let announced = Announced {
        sop_class_uid: other,
        ..Announced::default()
    };
    let stored = send_as(
        &archive,
        &encode(&classless, EXPLICIT_LE),
        announced,
        form(),
        999,
    )
    .await;
    assert_eq!(stored.unwrap().sop_class_uid.as_str(), "1.99");
    close(archive).await;
}

#[tokio::test]
async fn objects_of_no_patient_are_kept_by_class() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let mut studies = std::collections::BTreeSet::new();
    for (number, class) in [
        "1.2.840.10008.5.1.4.39.1",
        "1.2.840.10008.5.1.4.39.1",
        "1.2.840.10008.5.1.4.38.1",
    ]
    .iter()
    .enumerate()
    {
        let mut tree = sagittal_core::DataSet::new();
        tree.put_text(tags::SOP_CLASS_UID, class);
        tree.put_text(tags::SOP_INSTANCE_UID, &format!("1.4.{number}"));
        tree.put_text(tags::CONTENT_LABEL, "HOT_METAL");
        let bytes = encode(&tree, EXPLICIT_LE);
        let stored = send(&archive, &bytes, EXPLICIT_LE).await.unwrap();
        studies.insert(stored.study_instance_uid);
        assert_eq!(data_set(&archive, &format!("1.4.{number}")).await, bytes);
    }
    assert_eq!(studies.len(), 2);
    close(archive).await;
}

#[tokio::test]
async fn followers_hear_of_stored_and_completed_studies() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let mut follower = archive.events(None);
    for number in 0..3 {
        let object = Object::new(&format!("1.{number}"));
        send(&archive, &object.bytes(EXPLICIT_LE), EXPLICIT_LE)
            .await
            .unwrap();
    }
    let mut stored = 0;
    loop {
        let event = tokio::time::timeout(Duration::from_secs(5), follower.recv()).await;
        match event.unwrap().unwrap().event {
            crate::events::Event::Stored { instances, .. } => stored += instances,
            crate::events::Event::Completed {
                study_instance_uid,
                instances,
            } => {
                assert_eq!((study_instance_uid.as_str(), instances), ("1.9", 3));
                break;
            }
            other => assert!(matches!(other, crate::events::Event::Space { .. })),
        }
    }
    assert_eq!(stored, 3);
    close(archive).await;
}

/// Real files, if there is a folder of them: whatever is taken comes back byte for byte.
#[tokio::test(flavor = "multi_thread")]
async fn real_files_come_back_byte_for_byte() {
    let Some(data) = sagittal_testkit::data() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path()).await;
    let (mut taken, mut refused) = (0, Vec::new());
    let mut folders = vec![data];
    while let Some(path) = folders.pop() {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = Bytes::from(std::fs::read(&path).unwrap());
            let mut receiving = archive.receive(from("import"), Announced::default(), Form::Part10);
            let stored = match receiving.write(bytes.clone()).await {
                Ok(()) => receiving.finish().await,
                Err(error) => Err(error),
            };
            match stored {
                Ok(stored) if stored.outcome == Outcome::New => {
                    taken += 1;
                    let reader = reader(&archive, stored.sop_instance_uid.as_str()).await;
                    let back = collect(reader.part10().await.unwrap().1).await;
                    // A bare data set gets the preamble and meta that it lacks.
                    let is_same = match reader.instance.locator.prefix_length {
                        0 => back.ends_with(&bytes),
                        _ => back == bytes,
                    };
                    assert!(is_same, "{}", path.display());
                    let table = reader.frame_table().await.unwrap();
                    for frame in 0..table.number_of_frames().min(3) {
                        if table.is_addressable() && !table.frame(frame).is_empty() {
                            reader.frame(frame).await.unwrap();
                        }
                    }
                }
                Ok(_) => {}
                Err(error) => refused.push(format!("{}: {error}", path.display())),
            }
        }
    }
    eprintln!(
        "{taken} taken, {} refused:\n{}",
        refused.len(),
        refused.join("\n")
    );
    let verified = archive.verify(|_| ()).await.unwrap();
    assert_eq!(verified.problems, vec![]);
    let before = archive.statistics().await.unwrap();
    close(archive).await;
    Archive::rebuild_index(options(folder.path()), |_| ())
        .await
        .unwrap();
    let archive = open(folder.path()).await;
    assert_eq!(
        archive.statistics().await.unwrap().instances,
        before.instances
    );
    assert_eq!(archive.statistics().await.unwrap().studies, before.studies);
    close(archive).await;
}
