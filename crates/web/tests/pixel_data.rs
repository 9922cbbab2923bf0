//! Pixel data of all kinds: floating point, video, none; and collections of them with entity tags.
#![allow(clippy::unwrap_used)]

mod support;

use http::Method;
use sagittal_core::{DataSet, Element, Fragments, Uid, Value, Vr, tags, transfer_syntax as ts};
use sagittal_file::part10;
use support::{Image, Server};

fn file(image: &Image, data_set: &DataSet) -> Vec<u8> {
    let meta = part10::Meta {
        sop_class_uid: Uid::from_static("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance_uid: Uid::new(&image.uid()).unwrap(),
        transfer_syntax_uid: Uid::from_static(image.transfer_syntax),
        source_ae_title: None,
    };
    part10::write(&meta, data_set).unwrap()
}

/// Two frames of 8 × 4 numbers of `bits` bits, in little endian.
fn floating(bits: u16) -> Vec<u8> {
    let numbers = (0..64).map(|n| f64::from(n) * 0.5 - 3.0);
    if bits == 32 {
        numbers.flat_map(|n| (n as f32).to_le_bytes()).collect()
    } else {
        numbers.flat_map(f64::to_le_bytes).collect()
    }
}

#[tokio::test]
async fn floating_point_frames_come_in_little_endian_under_their_own_tag() {
    let server = Server::open().await;
    let mut number = 0;
    for (bits, tag, vr) in [
        (32, tags::FLOAT_PIXEL_DATA, Vr::OF),
        (64, tags::DOUBLE_FLOAT_PIXEL_DATA, Vr::OD),
    ] {
        for transfer_syntax in [
            ts::EXPLICIT_VR_LITTLE_ENDIAN,
            ts::IMPLICIT_VR_LITTLE_ENDIAN,
            ts::EXPLICIT_VR_BIG_ENDIAN,
            ts::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        ] {
            number += 1;
            let image = Image {
                number,
                frames: 2,
                transfer_syntax,
                ..Image::default()
            };
            let values = floating(bits);
            let mut data_set = image.data_set();
            data_set.put_u16(tags::BITS_ALLOCATED, &[bits]);
            data_set.put_bytes(tag, vr, values.clone());
            server.store(&[file(&image, &data_set)]).await;
            let path = image.path();
            let key = format!("{:04X}{:04X}", tag.group(), tag.element());

            let metadata = server.get(&format!("{path}/metadata")).await.json();
            assert_eq!(metadata[0][&key]["vr"], vr.to_string(), "{transfer_syntax}");
            let uri = metadata[0][&key]["BulkDataURI"].as_str().unwrap();
            assert!(uri.ends_with(&format!("/bulkdata/{key}")), "{uri}");
            assert!(metadata[0].get("7FE00010").is_none());

            let half = values.len() / 2;
            let frames = server.get(&format!("{path}/frames/2,1")).await;
            let parts = frames.parts();
            assert_eq!(parts[0].0, "application/octet-stream");
            assert!(parts[0].2 == values[half..], "{key} {transfer_syntax}");
            assert!(parts[1].2 == values[..half], "{key} {transfer_syntax}");

            let parts = server.get(&format!("{path}/pixeldata")).await.parts();
            assert_eq!(parts.len(), 1);
            assert_eq!(parts[0].1, uri);
            assert!(parts[0].2 == values, "{key} {transfer_syntax}");
            let bulk = server
                .get_as(
                    &format!("{path}/bulkdata/{key}"),
                    "application/octet-stream",
                )
                .await;
            assert!(bulk.body == values, "{key} {transfer_syntax}");
            // It has no integer pixel data.
            let other = server.get(&format!("{path}/bulkdata/7FE00010")).await;
            assert_eq!(other.status, 404, "{transfer_syntax}");
        }
    }
}

#[tokio::test]
async fn who_asks_for_frames_of_a_video_is_told_where_it_is() {
    let server = Server::open().await;
    let image = Image {
        frames: 3,
        transfer_syntax: ts::MPEG4_HP41,
        ..Image::default()
    };
    let stream = b"not really a film".repeat(10);
    let mut data_set = image.data_set();
    data_set.put(Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::Fragments(Fragments {
            offset_table: Vec::new(),
            fragments: vec![stream.clone().into()],
        }),
    });
    server.store(&[file(&image, &data_set)]).await;
    let answer = server.get(&format!("{}/frames/2", image.path())).await;
    assert_eq!(answer.status, 404);
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("one stream"), "{message}");
    let mut urls = message
        .split(' ')
        .filter(|word| word.starts_with("http://"));
    for url in [urls.next().unwrap(), urls.next().unwrap()] {
        let answer = server.get(url.strip_prefix("http://pacs").unwrap()).await;
        assert_eq!(answer.status, 200, "{url}: {}", answer.text());
        let parts = answer.parts();
        assert!(parts[0].0.starts_with("video/mp4"), "{}", parts[0].0);
        assert!(parts[0].2 == stream, "{url}");
    }
}

#[tokio::test]
async fn an_image_without_pixels_says_that_it_has_none() {
    let server = Server::open().await;
    let image = Image::default();
    server.store(&[file(&image, &image.data_set())]).await;
    let answer = server.get(&format!("{}/frames/1", image.path())).await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("no pixel data"), "{}", answer.text());
    for collection in ["pixeldata", "bulkdata"] {
        let path = format!("{}/{collection}", image.path());
        assert_eq!(server.get(&path).await.status, 404);
    }
}

#[tokio::test]
async fn collections_of_values_have_entity_tags() {
    let server = Server::open().await;
    let native = Image::default();
    let compressed = Image {
        number: 2,
        frames: 2,
        transfer_syntax: ts::JPEG_2000_LOSSLESS,
        ..Image::default()
    };
    server.store(&[native.file(), compressed.file()]).await;
    let study = "/dicom-web/studies/1.2.826.1";
    for path in [
        format!("{study}/bulkdata"),
        format!("{study}/pixeldata"),
        format!("{study}/series/1.2.826.1.1/pixeldata"),
        format!("{}/bulkdata", native.path()),
        // Frames as parts.
        format!("{}/bulkdata/7FE00010", compressed.path()),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        let etag = answer.header("etag").to_owned();
        assert!(!etag.is_empty(), "{path}");
        let known = [("if-none-match", etag.as_str())];
        let again = server.ask(Method::GET, &path, &known).await;
        assert_eq!(
            (again.status.as_u16(), again.body.len()),
            (304, 0),
            "{path}"
        );
        let other = [
            ("if-none-match", etag.as_str()),
            ("accept", "multipart/related; type=\"image/jp2\", */*;q=0.1"),
        ];
        if path.ends_with("data") {
            assert_eq!(server.ask(Method::GET, &path, &other).await.status, 200);
        }
    }
    // Another instance is another collection.
    let path = format!("{study}/pixeldata");
    let etag = server.get(&path).await.header("etag").to_owned();
    let third = Image {
        number: 3,
        ..Image::default()
    };
    server.store(&[third.file()]).await;
    let known = [("if-none-match", etag.as_str())];
    let answer = server.ask(Method::GET, &path, &known).await;
    assert_eq!((answer.status.as_u16(), answer.parts().len()), (200, 4));
}
