//! STOW-RS over a real archive.
#![allow(clippy::unwrap_used)]

mod support;

use axum::body::Body;
use bytes::Bytes;
use sagittal_core::{Vr, tags};
use serde_json::{Value, json};
use std::io::Write as _;
use support::{Image, Server, related};

const RELATED: &str = "multipart/related; type=\"application/dicom\"; boundary=b";

fn reason(answer: &Value, sequence: &str) -> u64 {
    answer[sequence]["Value"][0]["00081197"]["Value"][0]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn parts_are_stored_and_named() {
    let server = Server::open().await;
    let files: Vec<Vec<u8>> = (1..=40)
        .map(|number| {
            Image {
                number,
                ..Image::default()
            }
            .file()
        })
        .collect();
    let answer = server.store(&files).await;
    let json = answer.json();
    let stored = json["00081199"]["Value"].as_array().unwrap();
    assert_eq!(stored.len(), 40);
    assert_eq!(stored[0]["00081155"]["Value"][0], "1.2.826.1.1.1");
    assert_eq!(
        json["00081190"]["Value"][0],
        "http://pacs/dicom-web/studies/1.2.826.1"
    );
    // Again: known already, still a success.
    server.store(&files).await;
    assert_eq!(server.archive.statistics().await.unwrap().instances, 40);
}

#[tokio::test]
async fn a_body_may_be_one_instance_chunked_and_compressed() {
    let server = Server::open().await;
    let file = Image::default().file();
    let chunks: Vec<std::io::Result<Bytes>> = file
        .chunks(7)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    let body = Body::from_stream(futures::stream::iter(chunks));
    let answer = server
        .post("/dicom-web/studies", "application/dicom", body)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let other = Image {
        number: 2,
        ..Image::default()
    };
    encoder
        .write_all(&related("application/dicom", &[other.file()]))
        .unwrap();
    let request = http::Request::post("/dicom-web/studies")
        .header("content-type", RELATED)
        .header("content-encoding", "gzip")
        .body(Body::from(encoder.finish().unwrap()))
        .unwrap();
    assert_eq!(server.send(request).await.status, 200);
    assert!(server.get_as(&other.path(), "application/dicom").await.body == other.file());
}

#[tokio::test]
async fn what_fails_is_named_and_does_not_touch_the_rest() {
    let server = Server::open().await;
    let good = Image::default();
    let parts = [
        good.file(),
        b"not DICOM at all, but long enough to be looked at".repeat(10),
    ];
    let answer = server
        .post(
            "/dicom-web/studies",
            RELATED,
            related("application/dicom", &parts),
        )
        .await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let json = answer.json();
    assert_eq!(json["00081199"]["Value"].as_array().unwrap().len(), 1);
    assert_eq!(reason(&json, "0008119A"), 0xC000);
    let xml = server
        .send(
            http::Request::post("/dicom-web/studies")
                .header("content-type", RELATED)
                .header("accept", "application/dicom+xml")
                .body(Body::from(related("application/dicom", &[good.file()])))
                .unwrap(),
        )
        .await;
    assert_eq!(xml.header("content-type"), "application/dicom+xml");
    assert!(xml.text().contains("ReferencedSOPSequence"));
}

#[tokio::test]
async fn another_study_than_the_paths_is_a_conflict() {
    let server = Server::open().await;
    let image = Image::default();
    let body = related("application/dicom", &[image.file()]);
    let answer = server
        .post("/dicom-web/studies/1.2.3", RELATED, body.clone())
        .await;
    assert_eq!(answer.status, 409, "{}", answer.text());
    let json = answer.json();
    assert_eq!(reason(&json, "00081198"), 0xA900);
    assert_eq!(
        json["00081198"]["Value"][0]["00081155"]["Value"][0],
        image.uid()
    );
    let answer = server
        .post(
            &format!("/dicom-web/studies/{}", image.study),
            RELATED,
            body,
        )
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn other_content_under_a_known_uid_is_kept_hidden_with_a_warning() {
    let server = Server::open().await;
    let image = Image::default();
    server.store(&[image.file()]).await;
    let other = Image {
        patient: "DOE^JOHN",
        ..image.clone()
    };
    let body = related("application/dicom", &[other.file()]);
    let answer = server.post("/dicom-web/studies", RELATED, body).await;
    assert_eq!(answer.status, 202);
    let item = &answer.json()["00081199"]["Value"][0];
    assert_eq!(item["00081196"]["Value"][0], 0xB000);
    assert!(server.get_as(&image.path(), "application/dicom").await.body == image.file());
}

/// Metadata as JSON, pixel data in a part of their own.
fn message(metadata: &Value, location: &str, content_type: &str, pixels: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "--b\r\nContent-Type: application/dicom+json\r\n\r\n{metadata}\r\n\
         --b\r\nContent-Type: {content_type}\r\nContent-Location: {location}\r\n\r\n"
    )
    .into_bytes();
    out.extend_from_slice(pixels);
    out.extend_from_slice(b"\r\n--b--\r\n");
    out
}

fn metadata(image: &Image, uri: &str) -> Value {
    let mut text = Vec::new();
    sagittal_file::json::write(&image.data_set(), &mut text);
    let mut json: Value = serde_json::from_slice(&text).unwrap();
    json["7FE00010"] = json!({"vr": "OW", "BulkDataURI": uri});
    json!([json])
}

const RELATED_JSON: &str = "multipart/related; type=\"application/dicom+json\"; boundary=b";

#[tokio::test]
async fn metadata_and_bulk_data_become_an_instance() {
    let server = Server::open_with(sagittal_auth::Directory::off(), |config| {
        // Even the small pixel data of this test go by way of a file.
        config.limits.bulk_in_memory = 10;
    })
    .await;
    let image = Image::default();
    let body = message(
        &metadata(&image, "pixels/1"),
        "pixels/1",
        "application/octet-stream",
        &image.frame(0),
    );
    let answer = server.post("/dicom-web/studies", RELATED_JSON, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let frame = server
        .get_as(
            &format!("{}/frames/1", image.path()),
            "application/octet-stream",
        )
        .await;
    assert!(frame.body == image.frame(0));
    let found = server.get("/dicom-web/studies?PatientName=DOE*").await;
    assert_eq!(found.status, 200);
}

#[tokio::test]
async fn compressed_bulk_data_are_encapsulated_as_they_are() {
    let server = Server::open().await;
    let image = Image {
        number: 7,
        ..Image::default()
    };
    let mut jpeg = vec![0xFF, 0xD8, 0xFF, 0xC3, 0, 11, 16, 0, 4, 0, 8, 1, 1, 0x11, 0];
    jpeg.extend_from_slice(&[0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 0, 0, 1, 2, 3, 0xFF, 0xD9]);
    let body = message(&metadata(&image, "p"), "p", "image/jpeg", &jpeg);
    let answer = server.post("/dicom-web/studies", RELATED_JSON, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let frame = server
        .get_as(&format!("{}/frames/1", image.path()), "image/jpeg")
        .await;
    assert!(
        frame
            .header("content-type")
            .contains("1.2.840.10008.1.2.4.70"),
        "{}",
        frame.header("content-type")
    );
    assert!(frame.body.starts_with(&jpeg));
    let png = message(&metadata(&image, "p"), "p", "image/png", b"\x89PNG");
    let answer = server.post("/dicom-web/studies", RELATED_JSON, png).await;
    assert_eq!(answer.status, 415);
    assert_eq!(reason(&answer.json(), "00081198"), 0xC122);
}

#[tokio::test]
async fn xml_and_inline_values_are_stored() {
    let server = Server::open().await;
    let image = Image::default();
    let mut data_set = image.data_set();
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, image.frame(0));
    let mut xml = Vec::new();
    sagittal_file::xml::write(&data_set, &mut xml);
    let answer = server
        .post(
            "/dicom-web/studies",
            "multipart/related; type=\"application/dicom+xml\"; boundary=b",
            related("application/dicom+xml", &[xml]),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let frame = server
        .get_as(
            &format!("{}/frames/1", image.path()),
            "application/octet-stream",
        )
        .await;
    assert!(frame.body == image.frame(0));
}

#[tokio::test]
async fn a_reference_without_its_part_is_a_failure() {
    let server = Server::open().await;
    let body = message(
        &metadata(&Image::default(), "x"),
        "y",
        "application/octet-stream",
        b"1",
    );
    let answer = server.post("/dicom-web/studies", RELATED_JSON, body).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(reason(&answer.json(), "00081198"), 0xC000);
}

#[tokio::test]
async fn what_is_too_large_is_413() {
    let server = Server::open_with(sagittal_auth::Directory::off(), |config| {
        config.limits.instance_bytes = 100;
    })
    .await;
    let body = related("application/dicom", &[Image::default().file()]);
    assert_eq!(
        server
            .post("/dicom-web/studies", RELATED, body)
            .await
            .status,
        413
    );
}
