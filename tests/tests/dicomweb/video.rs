//! Videos: given to players as they are, with byte ranges; as pictures only an icon.

use bytes::Bytes;
use sagittal_core::{Element, Fragments, Uid, Value, Vr, tags};
use sagittal_file::part10;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, data, sagittal};

/// What was stored: URL path of the instance, media type, stream.
struct Video {
    path: String,
    media_type: &'static str,
    stream: Vec<u8>,
}

fn video(file: &[u8], media_type: &'static str) -> Video {
    let file = part10::read(&file.to_vec().into(), Default::default()).unwrap();
    let data_set = &file.data_set;
    let uid = |tag| data_set.first_text(tag).unwrap();
    let element = data_set.get(tags::PIXEL_DATA).unwrap();
    let Value::Fragments(pixels) = &element.value else {
        panic!("no fragments");
    };
    Video {
        path: format!(
            "/dicom-web/studies/{}/series/{}/instances/{}",
            uid(tags::STUDY_INSTANCE_UID),
            uid(tags::SERIES_INSTANCE_UID),
            uid(tags::SOP_INSTANCE_UID)
        ),
        media_type,
        stream: pixels.fragments.concat(),
    }
}

/// A stream of three fragments, which no player would understand.
fn built() -> Object {
    let mut object = objects::us(90);
    object.transfer_syntax_uid = Uid::from_static("1.2.840.10008.1.2.4.102");
    let piece = |seed: usize| -> Bytes { (0..40_000).map(|at| (at * seed / 7) as u8).collect() };
    object.data_set.put(Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::Fragments(Fragments {
            offset_table: vec![],
            fragments: vec![piece(3), piece(5), piece(11)],
        }),
    });
    object
}

#[track_caller]
fn assert_ranges(server: &Server, path: &str, video: &Video, accept: &str) {
    let get = |range: &str, tag: Option<&str>| {
        let mut request = server.request("GET", path).header("Accept", accept);
        if !range.is_empty() {
            request = request.header("Range", range);
        }
        if let Some(tag) = tag {
            request = request.header("If-Range", tag);
        }
        request.send()
    };
    let length = video.stream.len();
    let whole = get("", None).expect(200);
    let media_type = whole.header("content-type").unwrap();
    assert!(media_type.starts_with(video.media_type), "{media_type}");
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(
        whole.header("content-length"),
        Some(length.to_string().as_str())
    );
    assert!(whole.body == video.stream);
    let tag = whole.header("etag").map(str::to_owned);
    for (range, from, to) in [
        ("bytes=0-99".to_owned(), 0, 100),
        ("bytes=39990-80009".to_owned(), 39_990, 80_010),
        ("bytes=-500".to_owned(), length - 500, length),
        (format!("bytes={}-", length - 7), length - 7, length),
    ] {
        let part = get(&range, None).expect(206);
        let said = format!("bytes {from}-{}/{length}", to - 1);
        assert_eq!(part.header("content-range"), Some(said.as_str()));
        assert!(part.body == video.stream[from..to], "{range}");
    }
    let beyond = get(&format!("bytes={length}-"), None).expect(416);
    assert_eq!(
        beyond.header("content-range"),
        Some(format!("bytes */{length}").as_str())
    );
    // Another version of it: everything.
    assert!(get("bytes=0-9", Some("\"other\"")).expect(200).body == video.stream);
    if let Some(tag) = tag.filter(|tag| !tag.starts_with("W/")) {
        get("bytes=0-9", Some(&tag)).expect(206);
    }
}

#[track_caller]
fn assert_video(server: &Server, video: &Video) {
    assert_ranges(server, &format!("{}/rendered", video.path), video, "*/*");
    let bulk = format!("{}/bulkdata/7FE00010", video.path);
    assert_ranges(server, &bulk, video, video.media_type);
    // Old players know WADO-URI.
    let uids: Vec<&str> = video.path.split('/').collect();
    let uri = format!(
        "/wado?requestType=WADO&studyUID={}&seriesUID={}&objectUID={}&contentType={}",
        uids[3], uids[5], uids[7], video.media_type
    );
    assert_ranges(server, &uri, video, "*/*");
    for resource in ["rendered", "thumbnail"] {
        let request = server.request("GET", &format!("{}/{resource}", video.path));
        let picture = request.header("Accept", "image/png").send().expect(200);
        assert!(picture.body.starts_with(b"\x89PNG"), "{resource}");
    }
    let frame = server.request("GET", &format!("{}/frames/1", video.path));
    let refused = frame.send();
    assert_eq!(refused.status, 404, "{}", refused.text());
    assert!(refused.text().contains("bulkdata"), "{}", refused.text());
}

#[test]
fn a_video_of_several_fragments_is_one_stream_with_ranges() {
    let server = Server::start();
    let file = built().part10();
    server.stow(std::slice::from_ref(&file)).expect(200);
    assert_video(&server, &video(&file, "video/mp4"));
    server.assert_well();
}

#[test]
fn videos_of_all_kinds_are_played_as_they_are() {
    let Some(folder) = data::folder() else {
        return;
    };
    let server = Server::start();
    for (name, media_type) in [
        ("made/video_mpeg2_mpml.dcm", "video/mpeg"),
        ("made/video_h264_hp41.dcm", "video/mp4"),
        ("made/video_hevc_mp51.dcm", "video/H265"),
    ] {
        let path = folder.join(name);
        let file = std::fs::read(&path).unwrap();
        server.stow(std::slice::from_ref(&file)).expect(200);
        assert_video(&server, &video(&file, media_type));
        // The command line says what it is.
        let output = server.folder().join("out.png");
        let (from, to) = (path.display().to_string(), output.display().to_string());
        let ran = sagittal(["render", &from, "-o", &to]).expect(1);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains("it is a video"), "{name}: {said}");
    }
    server.assert_well();
}
