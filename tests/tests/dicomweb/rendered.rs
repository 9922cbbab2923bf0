//! Rendered resources and thumbnails (PS3.18 §10.4.1.1.3, §10.4.1.1.4, §9.5), over the binary.

use std::collections::BTreeMap;

use sagittal_tests::http::Response;
use sagittal_tests::objects::Object;
use sagittal_tests::{Server, data, objects};

pub fn path(object: &Object) -> String {
    format!(
        "/dicom-web/studies/{}/series/{}/instances/{}",
        object.study_instance_uid(),
        object.series_instance_uid(),
        object.sop_instance_uid()
    )
}

pub fn get(server: &Server, path: &str, accept: &str) -> Response {
    server.request("GET", path).header("Accept", accept).send()
}

/// Width, height and samples of a PNG.
pub fn picture(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut samples).unwrap();
    samples.truncate(info.buffer_size());
    (info.width, info.height, samples)
}

pub fn png_of(server: &Server, path: &str) -> (u32, u32, Vec<u8>) {
    let answer = get(server, path, "image/png").expect(200);
    assert_eq!(answer.header("content-type"), Some("image/png"));
    picture(&answer.body)
}

#[test]
fn pictures_follow_their_parameters() {
    let server = Server::start();
    let ct = objects::ct_of(60, 80);
    server.stow(&[ct.part10()]).expect(200);
    let rendered = path(&ct) + "/rendered";
    let (width, height, plain) = png_of(&server, &rendered);
    assert_eq!((width, height), (80, 60));
    assert!(plain.iter().any(|sample| *sample != plain[0]), "one color");
    let (width, height, _) = png_of(&server, &format!("{rendered}?viewport=40,40"));
    assert_eq!((width, height), (40, 30), "it fits, and keeps its shape");
    let (.., flipped) = png_of(&server, &format!("{rendered}?viewport=80,60,0,0,-80,60"));
    let mirrored: Vec<u8> = plain
        .chunks(80)
        .flat_map(|row| row.iter().rev().copied())
        .collect();
    assert!(flipped == mirrored, "a negative width mirrors");
    let (.., dark) = png_of(&server, &format!("{rendered}?window=30000,10,linear"));
    let (.., light) = png_of(&server, &format!("{rendered}?window=-30000,10,linear"));
    assert!(dark.iter().all(|s| *s == 0) && light.iter().all(|s| *s == 255));
    let (.., told) = png_of(&server, &format!("{rendered}?annotation=patient,technique"));
    assert!(told != plain, "nothing was burned in");
    let length = |quality: u8| {
        let answer = get(
            &server,
            &format!("{rendered}?quality={quality}"),
            "image/jpeg",
        );
        let answer = answer.expect(200);
        assert_eq!(answer.header("content-type"), Some("image/jpeg"));
        answer.body.len()
    };
    assert!(length(20) < length(95));
    for wrong in [
        "viewport=0,1",
        "window=1",
        "quality=0",
        "annotation=x",
        "iccprofile=x",
    ] {
        server.get(&format!("{rendered}?{wrong}")).expect(400);
    }
    get(&server, &rendered, "application/pdf").expect(406);
    let answer = get(&server, &rendered, "image/png").expect(200);
    let etag = answer.header("etag").unwrap().to_owned();
    server
        .request("GET", &rendered)
        .header("Accept", "image/png")
        .header("If-None-Match", &etag)
        .send()
        .expect(304);
}

#[test]
fn frames_move_and_are_shown_one_by_one() {
    let server = Server::start();
    let us = objects::us(5);
    server.stow(&[us.part10()]).expect(200);
    let cine = get(&server, &(path(&us) + "/rendered"), "image/gif").expect(200);
    assert!(cine.body.starts_with(b"GIF89a"));
    let one = get(&server, &(path(&us) + "/frames/2/rendered"), "image/gif").expect(200);
    assert!(one.body.len() < cine.body.len());
    let answer = get(
        &server,
        &(path(&us) + "/frames/1,3,5/rendered"),
        "multipart/related; type=\"image/png\"",
    );
    let parts = answer.expect(200).parts();
    assert_eq!(parts.len(), 3);
    for (_, part) in &parts {
        picture(part);
    }
    server.get(&(path(&us) + "/frames/6/rendered")).expect(404);
    let (width, height, _) = png_of(&server, &(path(&us) + "/frames/2/thumbnail"));
    assert!(width.max(height) == 128, "{width} × {height}");
}

#[test]
fn series_and_studies_are_shown_and_have_thumbnails() {
    let server = Server::start();
    let first = objects::ct_of(32, 32);
    let second = objects::ct_of(32, 32).beside(&first, 2);
    let report = objects::sr("Report").in_study_of(&first);
    let files = [first.part10(), second.part10(), report.part10()];
    server.stow(&files).expect(200);
    let study = format!("/dicom-web/studies/{}", first.study_instance_uid());
    let series = format!("{study}/series/{}", first.series_instance_uid());
    let answer = get(&server, &format!("{series}/rendered"), "*/*").expect(200);
    assert_eq!(answer.parts().len(), 2);
    let answer = get(&server, &format!("{study}/rendered"), "*/*").expect(200);
    assert_eq!(answer.parts().len(), 2, "pictures; the report is none");
    get(&server, &format!("{study}/rendered"), "image/jpeg").expect(406);
    for path in [&study, &series] {
        let (width, height, samples) = png_of(&server, &format!("{path}/thumbnail?viewport=16,16"));
        assert_eq!((width, height), (16, 16));
        assert!(samples.iter().any(|sample| *sample != samples[0]));
    }
    // What cannot be drawn has a plain icon.
    let (width, ..) = png_of(&server, &(path(&report) + "/thumbnail"));
    assert_eq!(width, 128);
}

#[test]
fn reports_documents_and_curves_are_given_as_what_they_are() {
    let server = Server::builder().arg("--demo").start();
    let report = objects::sr("Spiculated <mass>");
    let pdf = objects::pdf();
    server.stow(&[report.part10(), pdf.part10()]).expect(200);
    let html = get(&server, &(path(&report) + "/rendered"), "text/html").expect(200);
    assert!(
        html.text().contains("Spiculated &lt;mass&gt;"),
        "{}",
        html.text()
    );
    let document = get(&server, &(path(&pdf) + "/rendered"), "*/*").expect(200);
    assert_eq!(document.header("content-type"), Some("application/pdf"));
    assert!(document.body.starts_with(b"%PDF"));
    let found = server
        .get("/dicom-web/instances?Modality=ECG&includefield=StudyInstanceUID")
        .expect(200)
        .json();
    let value = |tag: &str| found[0][tag]["Value"][0].as_str().unwrap().to_owned();
    let ecg = format!(
        "/dicom-web/studies/{}/series/{}/instances/{}/rendered",
        value("0020000D"),
        value("0020000E"),
        value("00080018")
    );
    let curves = get(&server, &ecg, "image/svg+xml").expect(200);
    assert!(curves.text().contains("<svg") && curves.text().contains("path"));
    get(&server, &ecg, "image/jpeg").expect(406);
}

#[test]
fn wado_uri_renders_with_its_own_parameters() {
    let server = Server::start();
    let ct = objects::ct_of(60, 80);
    server.stow(&[ct.part10()]).expect(200);
    let wado = format!(
        "/wado?requestType=WADO&studyUID={}&seriesUID={}&objectUID={}",
        ct.study_instance_uid(),
        ct.series_instance_uid(),
        ct.sop_instance_uid()
    );
    let jpeg = server
        .get(&format!("{wado}&contentType=image/jpeg"))
        .expect(200);
    assert_eq!(jpeg.header("content-type"), Some("image/jpeg"));
    let png = |more: &str| {
        let answer = server.get(&format!("{wado}&contentType=image/png{more}"));
        picture(&answer.expect(200).body)
    };
    assert_eq!((png("").0, png("").1), (80, 60));
    assert_eq!(png("&columns=40").0, 40);
    let (width, height, _) = png("&region=0.5,0,1,0.5");
    assert_eq!((width, height), (40, 30));
    let (.., samples) = png("&windowCenter=30000&windowWidth=10");
    assert!(samples.iter().all(|sample| *sample == 0));
    server
        .get(&format!("{wado}&rows=100&contentType=application/dicom"))
        .expect(400);
    server
        .get(&format!("{wado}&contentType=image/png&frameNumber=2"))
        .expect(404);
}

/// One of each SOP class and transfer syntax of the real files: pictures that show something.
#[test]
fn every_kind_of_real_image_comes_out_as_a_picture() {
    let Some(folder) = data::folder() else { return };
    let server = Server::start();
    let mut picked = BTreeMap::new();
    let manifest = std::fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let broken = ["malformed/", "codestreams/"];
        if broken.iter().any(|folder| fields[0].starts_with(folder)) {
            continue;
        }
        let file = folder.join(fields[0]);
        if file.metadata().is_ok_and(|meta| meta.len() < 4 << 20) {
            picked
                .entry((fields[6].to_owned(), fields[9].to_owned()))
                .or_insert(file);
        }
    }
    for file in picked.values() {
        // Some are refused: not all of them have what an archive needs.
        server.stow(&[std::fs::read(file).unwrap()]);
    }
    let instances = server
        .get(
            "/dicom-web/instances?includefield=SOPClassUID&includefield=AvailableTransferSyntaxUID",
        )
        .expect(200)
        .json();
    let mut classes: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for instance in instances.as_array().unwrap() {
        let value = |tag: &str| instance[tag]["Value"][0].as_str().unwrap_or("").to_owned();
        let path = format!(
            "/dicom-web/studies/{}/series/{}/instances/{}",
            value("0020000D"),
            value("0020000E"),
            value("00080018")
        );
        let answer = get(
            &server,
            &format!("{path}/rendered?viewport=64,64"),
            "image/png",
        );
        assert!(answer.status < 500, "{path}: {}", answer.text());
        let (drawn, telling) = classes.entry(value("00080016")).or_default();
        if answer.status == 200 {
            let (_, _, samples) = picture(&answer.body);
            *drawn += 1;
            *telling += u32::from(samples.iter().any(|sample| *sample != samples[0]));
        }
        let small = get(&server, &format!("{path}/thumbnail"), "image/png");
        assert!(
            matches!(small.status, 200 | 404),
            "{path}: {}",
            small.text()
        );
    }
    // CT, MR, CR, US, SC, NM, PT, RT Dose, segmentation, enhanced CT and MR, XA, DX, MG, OP, WSM.
    let storage = "1.2.840.10008.5.1.4.1.1.";
    for class in [
        "2", "4", "1", "6.1", "7", "20", "128", "481.2", "66.4", "2.1", "4.1", "12.1", "1.1",
        "1.2", "77.1.5.1", "77.1.6",
    ] {
        let (drawn, telling) = classes
            .get(&format!("{storage}{class}"))
            .copied()
            .unwrap_or_default();
        assert!(
            telling > 0,
            "{class}: {drawn} drawn, {telling} show something"
        );
    }
    println!("{classes:?}");
}
