//! DICOMweb and WADO-URI of a view.

use std::collections::BTreeMap;

use sagittal_core::tags;
use sagittal_tests::data;
use sagittal_tests::planted::generate;
use sagittal_tests::planted::program::deidentify;

use super::{Place, VIEW, read, text, uids};

#[test]
fn a_view_gives_what_the_program_gives_of_the_same_files() {
    let place = Place::new();
    let folder = place.folder.path();
    deidentify(&folder.join("in"), folder).expect(0);
    let mut expected = BTreeMap::new();
    for path in data::files(&folder.join("out")) {
        let bytes = std::fs::read(&path).unwrap();
        expected.insert(uids(&bytes)[2].clone(), bytes);
    }
    assert_eq!(expected.len(), place.corpus.files.len());
    let given = place.instances();
    let names = |of: &BTreeMap<String, Vec<u8>>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&given), names(&expected));
    for (uid, bytes) in &given {
        let (given, expected) = (read(bytes), read(&expected[uid]));
        for element in expected.elements() {
            let of = given.get(element.tag);
            assert_eq!(of, Some(element), "{uid} {}", element.tag);
        }
        assert_eq!(given.len(), expected.len(), "{uid}");
    }
}

#[test]
fn no_answer_has_anything_of_an_original_in_it() {
    let place = Place::with(&generate(1, 5), "");
    let json = "application/dicom+json";
    let studies = place.search("/studies?includefield=all");
    assert_eq!(studies.len(), 1);
    assert_eq!(place.search("/series?includefield=all").len(), 15);
    assert_eq!(place.search("/instances?includefield=all").len(), 16);
    for study in &studies {
        let study = format!("/studies/{}", text(study, "0020000D"));
        assert!(text(&place.search(&format!("{study}/series"))[0], "00081190").contains(VIEW));
        let metadata = place.get(&format!("{study}/metadata"), json).expect(200);
        let metadata = metadata.json().as_array().unwrap().clone();
        assert_eq!(metadata.len(), 16);
        place
            .get(
                &format!("{study}/metadata"),
                "multipart/related; type=\"application/dicom+xml\"",
            )
            .expect(200);
        place.get(&study, "application/zip").expect(200);
        let bulk = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*";
        place.get(&format!("{study}/bulkdata"), bulk).expect(200);
        place.get(&format!("{study}/pixeldata"), bulk).expect(200);
        place
            .get(&format!("{study}/thumbnail"), "image/png")
            .expect(200);
        for instance in &metadata {
            let url = format!(
                "{study}/series/{}/instances/{}",
                text(instance, "0020000E"),
                text(instance, "00080018")
            );
            place.get(&format!("{url}/metadata"), json).expect(200);
            let rendered = place.get(&format!("{url}/rendered"), "*/*");
            assert!(matches!(rendered.status, 200 | 406), "{}", rendered.text());
            if instance["7FE00010"].is_object() {
                place.get(&format!("{url}/frames/1"), bulk).expect(200);
            }
            for (_, uri) in bulk_uris(instance) {
                let (_, path) = uri.split_once(VIEW).expect("within the view");
                place.get(path, bulk).expect(200);
            }
        }
    }
}

/// Everything that an instance's metadata refer to.
fn bulk_uris(instance: &serde_json::Value) -> Vec<(String, String)> {
    let elements = instance.as_object().unwrap().iter();
    elements
        .filter_map(|(tag, element)| {
            let uri = element["BulkDataURI"].as_str()?;
            Some((tag.clone(), uri.to_owned()))
        })
        .collect()
}

#[test]
fn frames_and_values_are_those_of_the_instances_that_a_view_gives() {
    let place = Place::with(&generate(1, 5), "");
    let mut framed = 0;
    for (uid, bytes) in place.instances() {
        let data_set = read(&bytes);
        let [study, series, _] = uids(&bytes);
        let Some(pixels) = data_set.bytes(tags::PIXEL_DATA) else {
            continue;
        };
        let url = format!("/studies/{study}/series/{series}/instances/{uid}");
        let count = data_set.int(tags::NUMBER_OF_FRAMES).unwrap_or(1);
        let bits = data_set.int(tags::BITS_ALLOCATED).unwrap();
        let accept = "multipart/related; type=\"application/octet-stream\"";
        if bits >= 8 {
            let list: Vec<String> = (1..=count).map(|number| number.to_string()).collect();
            let frames = place.get(&format!("{url}/frames/{}", list.join(",")), accept);
            let parts = frames.expect(200).parts();
            let joined: Vec<u8> = parts.into_iter().flat_map(|(_, bytes)| bytes).collect();
            assert_eq!(joined[..], pixels[..joined.len()], "{uid}");
            framed += 1;
        }
        let value = place.get(&format!("{url}/bulkdata/7FE00010"), accept);
        assert_eq!(value.expect(200).parts()[0].1, pixels[..], "{uid}");
        if pixels.len() < 200 {
            continue;
        }
        let part = place
            .server
            .request("GET", &format!("{VIEW}{url}/bulkdata/7FE00010"))
            .header("Accept", "application/octet-stream")
            .header("Range", "bytes=100-199")
            .send();
        assert_eq!(part.expect(206).body, pixels[100..200]);
    }
    assert!(framed >= 4, "{framed}");
}

#[test]
fn wado_uri_and_other_transfer_syntaxes_give_cleaned_objects() {
    let place = Place::with(&generate(1, 5), "");
    let mut converted = 0;
    for (uid, bytes) in place.instances() {
        let [study, series, _] = uids(&bytes);
        let query = format!("requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={uid}");
        let got = place.server.get(&format!(
            "/deid/research/wado?{query}&contentType=application/dicom"
        ));
        place.clean(&got, "wado");
        let got = read(&got.expect(200).body);
        assert_eq!(got.first_text(tags::SOP_INSTANCE_UID).unwrap(), uid);
        let url = format!("/studies/{study}/series/{series}/instances/{uid}");
        // JPEG-LS Lossless, if there are pixels that it can hold.
        let accept = "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80";
        let jls = place.get(&url, accept);
        match jls.status {
            200 => {
                let jls = read(&jls.body);
                assert_eq!(jls.first_text(tags::SOP_INSTANCE_UID).unwrap(), uid);
                converted += 1;
            }
            status => assert_eq!(status, 406, "{}", jls.text()),
        }
    }
    assert!(converted >= 4, "{converted}");
}

#[test]
fn entity_tags_are_those_of_the_view_and_change_with_what_is_stored() {
    let place = Place::with(&generate(1, 5), "");
    let file = &place.corpus.files[0];
    let [study, ..] = uids(&file.bytes);
    let original = place
        .server
        .get(&format!("/dicom-web/studies/{study}/metadata"));
    let shown = text(&place.search("/studies")[0], "0020000D");
    let path = format!("/studies/{shown}/metadata");
    let first = place.get(&path, "application/dicom+json").expect(200);
    let tag = first.header("etag").unwrap().to_owned();
    assert_ne!(Some(tag.as_str()), original.header("etag"));
    let again = place
        .server
        .request("GET", &format!("{VIEW}{path}"))
        .header("Accept", "application/dicom+json")
        .header("If-None-Match", &tag)
        .send();
    assert_eq!(again.status, 304);
}
