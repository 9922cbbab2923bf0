//! Hundreds of requests that make no sense: none may give a 5xx, nor be taken for granted.
#![allow(clippy::unwrap_used)]

mod support;

use axum::body::Body;
use http::{Method, Request};
use support::{Image, Server, related};

const PATHS: &[&str] = &[
    "/dicom-web/studies/{}",
    "/dicom-web/studies/{}/metadata",
    "/dicom-web/studies/{}/series",
    "/dicom-web/studies/{}/instances",
    "/dicom-web/studies/{}/bulkdata",
    "/dicom-web/studies/{}/pixeldata",
    "/dicom-web/studies/{}/series/{}",
    "/dicom-web/studies/{}/series/{}/metadata",
    "/dicom-web/studies/{}/series/{}/instances",
    "/dicom-web/studies/{}/series/{}/instances/{}",
    "/dicom-web/studies/{}/series/{}/instances/{}/metadata",
    "/dicom-web/studies/{}/series/{}/instances/{}/frames/{}",
    "/dicom-web/studies/{}/series/{}/instances/{}/bulkdata/{}",
    "/dicom-web/{}",
    "/{}",
    "/wado?requestType={}&studyUID={}&seriesUID={}&objectUID={}",
];

const VALUES: &[&str] = &[
    "",
    "x",
    "..",
    "%2e%2e",
    "%2F",
    "%00",
    "%FF",
    "%",
    "%zz",
    "1.2.826.1",
    "1..2",
    "-1",
    "0",
    "99999999999999999999",
    "1,2,,3",
    "7FE00010",
    "7FE00010/0",
    "'%20OR%201=1--",
    "%F0%9F%A9%BB",
    "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25.26.27.28.29.30",
];

const ACCEPTS: &[&str] = &[
    "",
    "*/*",
    "nonsense",
    "a/b;q=9",
    "multipart/related; type=",
    "image/*;q=0",
    ",,,",
    "multipart/related; type=\"application/dicom\"; transfer-syntax=x/y",
    "application/*",
];

async fn check(server: &Server, request: Request<Body>) -> u16 {
    let shown = format!(
        "{} {} {:?}",
        request.method(),
        request.uri(),
        request.headers()
    );
    let status = server.send(request).await.status.as_u16();
    assert!(status < 500, "{status} for {shown}");
    status
}

#[tokio::test]
async fn no_path_gives_a_server_error() {
    let server = Server::open().await;
    server.store(&[Image::default().file()]).await;
    let mut sent = 0;
    for path in PATHS {
        for (at, value) in VALUES.iter().enumerate() {
            let uri = path.replace("{}", value);
            let method = if at % 7 == 3 {
                Method::DELETE
            } else {
                Method::GET
            };
            let accept = ACCEPTS[at % ACCEPTS.len()];
            let Ok(request) = Request::builder()
                .method(method)
                .uri(uri)
                .header("accept", accept)
                .body(Body::empty())
            else {
                continue;
            };
            check(&server, request).await;
            sent += 1;
        }
    }
    assert!(sent > 250, "{sent}");
}

#[tokio::test]
async fn no_query_gives_a_server_error() {
    let server = Server::open().await;
    server.store(&[Image::default().file()]).await;
    let names = [
        "PatientName",
        "StudyDate",
        "StudyTime",
        "StudyInstanceUID",
        "SeriesNumber",
        "Rows",
        "00400275.00400009",
        "00400275",
        "00091001",
        "ModalitiesInStudy",
        "limit",
        "offset",
        "fuzzymatching",
        "includefield",
        "emptyvaluematching",
        "multiplevaluematching",
        "accept",
        "Nonsense",
        "7FE00010",
        "InstanceNumber",
        "AvailableTransferSyntaxUID",
    ];
    let values = [
        "",
        "*",
        "?",
        "%22%22",
        "-",
        "20200101-",
        "-20200101",
        "2020-01-01",
        "20201301",
        "x",
        "-1",
        "1%5C2",
        "a%5Cb%5Cc",
        "%5C",
        "%25",
        "%5B%5D%28%29%2A%2B",
        "%C3%9C",
        "true",
        "all",
        "1.2,1.3",
        "99999999999999999999999",
        "%0A",
        "'",
        "%F0%9F%A9%BB",
    ];
    for resource in [
        "studies",
        "series",
        "instances",
        "studies/1.2.826.1/instances",
    ] {
        for name in names {
            for value in values {
                let uri = format!("/dicom-web/{resource}?{name}={value}&fuzzymatching=true");
                let request = Request::get(uri).body(Body::empty()).unwrap();
                check(&server, request).await;
            }
        }
    }
}

#[tokio::test]
async fn no_body_gives_a_server_error() {
    let server = Server::open().await;
    let good = related("application/dicom", &[Image::default().file()]);
    let mut bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"--b".to_vec(),
        b"--b--".to_vec(),
        b"--b\r\n\r\n\r\n--b--".to_vec(),
        b"[]".to_vec(),
        b"{".to_vec(),
        b"[{\"00080018\":{\"vr\":\"UI\"}}]".to_vec(),
        b"[{\"00080018\":5}]".to_vec(),
        b"<?xml version=\"1.0\"?><NativeDicomModel/>".to_vec(),
        b"<a><b></a>".to_vec(),
        b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--".to_vec(),
        b"--b\r\nContent-Type: application/dicom\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==\r\n--b--".to_vec(),
        [&b"["[..], &b"{\"00400275\":{\"vr\":\"SQ\",\"Value\":[".repeat(100_000)].concat(),
    ];
    // Cut and flipped in many places.
    for at in (0..good.len()).step_by(23) {
        bodies.push(good[..at].to_vec());
        let mut flipped = good.clone();
        flipped[at] ^= 0xFF;
        bodies.push(flipped);
    }
    let types = [
        "multipart/related; type=\"application/dicom\"; boundary=b",
        "multipart/related; type=\"application/dicom+json\"; boundary=b",
        "multipart/related; type=\"application/dicom+xml\"; boundary=b",
        "multipart/related; boundary=b",
        "multipart/related",
        "multipart/related; boundary=\"\"",
        "application/dicom",
        "application/dicom+json",
        "application/dicom+xml",
        "text/plain",
        "nonsense",
    ];
    let mut sent = 0;
    for (at, body) in bodies.iter().enumerate() {
        for (number, content_type) in types.iter().enumerate() {
            // All of the first, a rotating choice of the mutated ones.
            if at >= 13 && number != 0 && (at + number) % types.len() != 0 {
                continue;
            }
            let answer = server
                .post("/dicom-web/studies", content_type, body.clone())
                .await;
            assert!(
                answer.status.as_u16() < 500,
                "{} for {content_type}, body {at}: {}",
                answer.status,
                answer.text()
            );
            sent += 1;
        }
    }
    assert!(sent > 200, "{sent}");
}
