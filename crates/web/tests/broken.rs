//! Stored objects that are broken: what can be given is given, and the rest has a status.
#![allow(clippy::unwrap_used)]

mod support;

use sagittal_core::{Uid, Vr, tags, transfer_syntax as ts};
use sagittal_file::part10;
use support::{Image, Server};

/// A file in Implicit VR whose pixel data promise more bytes than are there.
fn truncated(image: &Image, pixels: usize, missing: usize) -> Vec<u8> {
    let mut data_set = image.data_set();
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![7; pixels]);
    let meta = part10::Meta {
        sop_class_uid: Uid::from_static("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance_uid: Uid::new(&image.uid()).unwrap(),
        transfer_syntax_uid: Uid::from_static(ts::IMPLICIT_VR_LITTLE_ENDIAN),
        source_ae_title: None,
    };
    let mut file = part10::write(&meta, &data_set).unwrap();
    file.truncate(file.len() - missing);
    file
}

fn explicit(form: &str) -> String {
    match form {
        "multipart" => format!(
            "multipart/related; type=\"application/dicom\"; transfer-syntax={}",
            ts::EXPLICIT_VR_LITTLE_ENDIAN
        ),
        form => format!("{form}; transfer-syntax={}", ts::EXPLICIT_VR_LITTLE_ENDIAN),
    }
}

async fn check(pixels: usize) {
    let server = Server::open().await;
    let image = Image::default();
    let file = truncated(&image, pixels, 10);
    let body = support::related("application/dicom", std::slice::from_ref(&file));
    let content_type = "multipart/related; type=\"application/dicom\"; boundary=b";
    let stored = server.post("/dicom-web/studies", content_type, body).await;
    assert!(stored.status.is_success(), "{}", stored.text());
    // Who insists on a conversion that fails is told so, before anything is sent.
    for form in ["application/dicom", "multipart", "application/zip"] {
        let answer = server.get_as(&image.path(), &explicit(form)).await;
        assert_eq!(answer.status, 406, "{form}: {}", answer.text());
        let text = answer.text();
        assert!(text.contains("as it was received"), "{form}: {text}");
    }
    let wado = format!(
        "/wado?requestType=WADO&studyUID={}&seriesUID={}&objectUID={}",
        image.study,
        image.series,
        image.uid()
    );
    let asked = format!("{wado}&transferSyntax={}", ts::EXPLICIT_VR_LITTLE_ENDIAN);
    assert_eq!(server.get(&asked).await.status, 406);
    // Who leaves it open gets what there is.
    for accept in [
        "application/dicom",
        "application/dicom; transfer-syntax=1.2.840.10008.1.2.1, application/dicom; transfer-syntax=*;q=0.1",
    ] {
        let answer = server.get_as(&image.path(), accept).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.body == file, "{accept}");
        assert!(
            answer
                .header("content-type")
                .ends_with("=1.2.840.10008.1.2")
        );
    }
    assert!(server.get(&wado).await.body == file);
    let study = server.get("/dicom-web/studies/1.2.826.1").await.parts();
    assert!(study[0].2 == file);
}

#[tokio::test]
async fn a_truncated_object_that_must_be_converted_has_an_error_status() {
    check(64).await;
}

#[tokio::test]
async fn a_long_truncated_object_that_must_be_converted_has_an_error_status() {
    check(3 << 20).await;
}

#[tokio::test]
async fn a_short_converted_object_has_a_length() {
    let server = Server::open().await;
    let image = Image::default();
    server.store(&[image.file()]).await;
    let implicit = format!(
        "application/dicom; transfer-syntax={}",
        ts::IMPLICIT_VR_LITTLE_ENDIAN
    );
    let answer = server.get_as(&image.path(), &implicit).await;
    assert_eq!(
        answer.header("content-length"),
        answer.body.len().to_string()
    );
}
