//! WADO-RS and WADO-URI over a real archive.
#![allow(clippy::unwrap_used)]

mod support;

use http::Method;
use sagittal_core::transfer_syntax as ts;
use std::io::{Cursor, Read as _};
use support::{Image, Server};

const COMPRESSED: &str = ts::JPEG_2000_LOSSLESS;

fn images() -> Vec<Image> {
    let image = |number| Image {
        number,
        ..Image::default()
    };
    vec![
        image(1),
        image(2),
        Image {
            number: 3,
            frames: 3,
            series: "1.2.826.1.2",
            ..Image::default()
        },
        Image {
            number: 4,
            frames: 2,
            series: "1.2.826.1.2",
            transfer_syntax: COMPRESSED,
            ..Image::default()
        },
    ]
}

async fn filled() -> (Server, Vec<Image>) {
    let server = Server::open().await;
    let images = images();
    let files: Vec<Vec<u8>> = images.iter().map(Image::file).collect();
    server.store(&files).await;
    (server, images)
}

#[tokio::test]
async fn instances_come_back_byte_for_byte_at_every_level() {
    let (server, images) = filled().await;
    let study = "/dicom-web/studies/1.2.826.1";
    for (path, count) in [
        (study.to_owned(), 4),
        (format!("{study}/series/1.2.826.1.1"), 2),
        (images[0].path(), 1),
    ] {
        for accept in [
            "",
            "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
        ] {
            let answer = server.get_as(&path, accept).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let parts = answer.parts();
            assert_eq!(parts.len(), count);
            for (content_type, location, body) in parts {
                let image = images
                    .iter()
                    .find(|i| location.ends_with(&i.path()))
                    .unwrap();
                assert!(body == image.file(), "{location}");
                assert!(content_type.contains(image.transfer_syntax));
            }
        }
    }
    let single = server.get_as(&images[3].path(), "application/dicom").await;
    assert!(single.body == images[3].file());
    assert_eq!(
        single.header("content-length"),
        single.body.len().to_string()
    );
}

#[tokio::test]
async fn transfer_syntaxes_are_converted_or_refused() {
    let (server, images) = filled().await;
    let implicit = format!(
        "application/dicom; transfer-syntax={}",
        ts::IMPLICIT_VR_LITTLE_ENDIAN
    );
    let answer = server.get_as(&images[0].path(), &implicit).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let file = sagittal_file::part10::read(&answer.body, sagittal_core::Limits::default()).unwrap();
    assert_eq!(
        file.opening.transfer_syntax_uid.as_str(),
        ts::IMPLICIT_VR_LITTLE_ENDIAN
    );
    let explicit = format!(
        "application/dicom; transfer-syntax={}",
        ts::EXPLICIT_VR_LITTLE_ENDIAN
    );
    let answer = server.get_as(&images[3].path(), &explicit).await;
    assert_eq!(answer.status, 406);
    let all = format!(
        "multipart/related; type=\"application/dicom\"; transfer-syntax={}",
        ts::EXPLICIT_VR_LITTLE_ENDIAN
    );
    let answer = server.get_as("/dicom-web/studies/1.2.826.1", &all).await;
    // What is broken comes as it is stored, and says so.
    let parts = answer.parts();
    assert_eq!((answer.status.as_u16(), parts.len()), (200, 4));
}

#[tokio::test]
async fn a_study_comes_as_zip() {
    let (server, images) = filled().await;
    let answer = server
        .get_as("/dicom-web/studies/1.2.826.1", "application/zip")
        .await;
    assert_eq!(answer.header("content-type"), "application/zip");
    let mut zip = zip::ZipArchive::new(Cursor::new(answer.body.to_vec())).unwrap();
    assert_eq!(zip.len(), 4);
    for image in images {
        let name = format!("{}/{}/{}.dcm", image.study, image.series, image.uid());
        let mut body = Vec::new();
        zip.by_name(&name).unwrap().read_to_end(&mut body).unwrap();
        assert!(body == image.file());
    }
}

#[tokio::test]
async fn metadata_come_as_json_xml_and_gzip_with_tags() {
    let (server, images) = filled().await;
    let path = format!("{}/metadata", images[0].path());
    let answer = server.get(&path).await;
    assert_eq!(answer.header("content-type"), "application/dicom+json");
    let json = answer.json();
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(json[0]["00100010"]["Value"][0]["Alphabetic"], "DOE^JANE");
    let uri = json[0]["7FE00010"]["BulkDataURI"].as_str().unwrap();
    assert!(uri.starts_with("http://pacs/dicom-web/studies/"), "{uri}");
    let study = server
        .get("/dicom-web/studies/1.2.826.1/metadata")
        .await
        .json();
    assert_eq!(study.as_array().unwrap().len(), 4);

    let etag = answer.header("etag").to_owned();
    let again = server
        .ask(Method::GET, &path, &[("if-none-match", &etag)])
        .await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));

    let zipped = server
        .ask(Method::GET, &path, &[("accept-encoding", "gzip")])
        .await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&zipped.body[..])
        .read_to_end(&mut text)
        .unwrap();
    assert!(text == answer.body);

    let xml = server
        .get_as(&path, "multipart/related; type=\"application/dicom+xml\"")
        .await;
    let parts = xml.parts();
    assert_eq!(parts[0].0, "application/dicom+xml");
    assert!(String::from_utf8_lossy(&parts[0].2).contains("NativeDicomModel"));

    let head = server.ask(Method::HEAD, &path, &[]).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("etag"), etag);
}

#[tokio::test]
async fn bulk_data_follow_their_uris_and_ranges() {
    let (server, images) = filled().await;
    let json = server
        .get(&format!("{}/metadata", images[0].path()))
        .await
        .json();
    let uri = json[0]["7FE00010"]["BulkDataURI"].as_str().unwrap();
    let path = uri.strip_prefix("http://pacs").unwrap();
    let pixels = images[0].frame(0);
    let answer = server.get_as(path, "application/octet-stream").await;
    assert!(answer.body == pixels);
    let answer = server.get(path).await;
    assert!(answer.parts()[0].2 == pixels);
    let octets = ("accept", "application/octet-stream");
    let part = server
        .ask(Method::GET, path, &[octets, ("range", "bytes=5-9")])
        .await;
    assert_eq!(part.status, 206);
    assert_eq!(part.header("content-range"), "bytes 5-9/64");
    assert!(part.body == pixels[5..10]);
    let parts = server
        .ask(Method::GET, path, &[octets, ("range", "bytes=0-1,-2")])
        .await;
    assert!(
        parts
            .header("content-type")
            .starts_with("multipart/byteranges")
    );
    let beyond = server
        .ask(Method::GET, path, &[octets, ("range", "bytes=64-")])
        .await;
    assert_eq!(beyond.status, 416);
    let missing = server
        .get(&format!("{}/bulkdata/00420011", images[0].path()))
        .await;
    assert_eq!(missing.status, 404);
    let all = server.get(&format!("{}/bulkdata", images[0].path())).await;
    assert!(all.parts()[0].2 == pixels);
    let octets = server
        .get_as(
            &images[0].path(),
            "multipart/related; type=\"application/octet-stream\"",
        )
        .await;
    assert!(octets.parts()[0].2 == pixels);
    let study = server.get("/dicom-web/studies/1.2.826.1/pixeldata").await;
    assert_eq!(
        study.parts().len(),
        5,
        "two images, one of three frames, two compressed frames"
    );
}

#[tokio::test]
async fn frames_are_native_or_as_stored() {
    let (server, images) = filled().await;
    let native = &images[2];
    let answer = server.get(&format!("{}/frames/3,1", native.path())).await;
    let parts = answer.parts();
    assert!(parts[0].2 == native.frame(2) && parts[1].2 == native.frame(0));
    assert!(parts[0].1.ends_with("/frames/3"));
    let one = server
        .get_as(
            &format!("{}/frames/2", native.path()),
            "application/octet-stream",
        )
        .await;
    assert!(one.body == native.frame(1));
    let compressed = &images[3];
    let path = format!("{}/frames/2", compressed.path());
    let answer = server
        .get_as(&path, "multipart/related; type=\"image/jp2\"")
        .await;
    let parts = answer.parts();
    assert_eq!(
        parts[0].0,
        format!("image/jp2; transfer-syntax={COMPRESSED}")
    );
    assert!(parts[0].2 == compressed.frame(1));
    let etag = answer.header("etag").to_owned();
    let headers = [
        ("accept", "multipart/related; type=\"image/jp2\""),
        ("if-none-match", etag.as_str()),
    ];
    assert_eq!(server.ask(Method::GET, &path, &headers).await.status, 304);
    for (path, accept, status) in [
        (path.clone(), "multipart/related; type=\"image/jpeg\"", 406),
        (
            path.clone(),
            "multipart/related; type=\"application/octet-stream\"",
            406,
        ),
        (format!("{}/frames/4", native.path()), "", 404),
        (format!("{}/frames/0", native.path()), "", 400),
        (format!("{}/frames/x", native.path()), "", 400),
        (
            format!("{}/frames/1,2", native.path()),
            "application/octet-stream",
            406,
        ),
    ] {
        assert_eq!(
            server.get_as(&path, accept).await.status,
            status,
            "{path} {accept}"
        );
    }
}

#[tokio::test]
async fn wado_uri_gives_the_file() {
    let (server, images) = filled().await;
    let image = &images[0];
    let path = format!(
        "/wado?requestType=WADO&studyUID={}&seriesUID={}&objectUID={}",
        image.study,
        image.series,
        image.uid()
    );
    let answer = server.get(&path).await;
    assert!(answer.body == image.file());
    assert!(
        answer
            .header("content-type")
            .starts_with("application/dicom")
    );
    let other = server.get(&path.replace(image.study, "1.2.3")).await;
    assert_eq!(other.status, 404);
    assert_eq!(
        server
            .get(&format!("{path}&contentType=text/html"))
            .await
            .status,
        406
    );
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_what_never_was_is_not_found() {
    let (server, images) = filled().await;
    let path = images[0].path();
    assert_eq!(server.ask(Method::DELETE, &path, &[]).await.status, 204);
    for suffix in ["", "/metadata", "/frames/1"] {
        assert_eq!(
            server.get(&format!("{path}{suffix}")).await.status,
            410,
            "{suffix}"
        );
    }
    assert_eq!(server.ask(Method::DELETE, &path, &[]).await.status, 410);
    assert_eq!(
        server
            .get("/dicom-web/studies/1.2.826.1")
            .await
            .parts()
            .len(),
        3
    );
    for path in [
        "/dicom-web/studies/9.9",
        "/dicom-web/studies/9.9/metadata",
        "/dicom-web/studies/1.2.826.1/series/9.9",
        "/dicom-web/studies/9.9/pixeldata",
        "/dicom-web/studies/1.2.826.1/series/1.2.826.1.2/instances/9.9/frames/1",
    ] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
    // An instance of another series is not there.
    let wrong = images[1].path().replace("1.2.826.1.1/", "1.2.826.1.2/");
    assert_eq!(server.get(&wrong).await.status, 404);
    let lines = server.audit_lines();
    let deletions: Vec<_> = lines
        .iter()
        .filter(|l| l["action"] == "study-deleted")
        .collect();
    assert_eq!(deletions.len(), 2);
    assert_eq!(deletions[0]["outcome"], "success");
    assert_eq!(deletions[0]["study_instance_uids"][0], "1.2.826.1");
    // A series and a study of which nothing is left.
    let series = "/dicom-web/studies/1.2.826.1/series/1.2.826.1.2";
    let study = "/dicom-web/studies/1.2.826.1";
    for path in [series, study] {
        assert_eq!(server.ask(Method::DELETE, path, &[]).await.status, 204);
        for suffix in ["", "/metadata", "/pixeldata"] {
            let status = server.get(&format!("{path}{suffix}")).await.status;
            assert_eq!(status, 410, "{path}{suffix}");
        }
        assert_eq!(server.ask(Method::DELETE, path, &[]).await.status, 410);
    }
}
