//! Rendered MPR and 3D volumes (PS3.18 §10.4.1.1.7, §10.4.1.1.8), over the binary.

use sagittal_core::{Vr, tags};
use sagittal_tests::objects::Object;
use sagittal_tests::{Server, data, objects};

use crate::rendered::{get, picture, png_of};

/// Columns, rows and slices; odd, so that planes through the middle lie on values.
const SIZE: [i32; 3] = [33, 31, 21];
/// Millimetres from value to value.
const SPACING: [i32; 3] = [1, 1, 2];

/// A value that says where it is: from 0 to 250.
fn value(x: i32, y: i32, z: i32) -> u8 {
    let is_rod = (x - 8).pow(2) + (y - 20).pow(2) <= 9;
    let plain = x + 2 * y + 5 * z;
    u8::try_from(if is_rod { 250 } else { plain }).unwrap()
}

/// A series of slices, from the feet to the head, not stored in that order.
fn phantom() -> Vec<Object> {
    let first = objects::ct_of(31, 33);
    (0..SIZE[2])
        .map(|z| {
            let number = u32::try_from(z * 8 % SIZE[2]).unwrap() + 1;
            let height = z * SPACING[2] - 20;
            let mut slice = objects::ct_of(31, 33)
                .beside(&first, number)
                .with(tags::FRAME_OF_REFERENCE_UID, "1.2.3.4")
                .with(tags::IMAGE_POSITION_PATIENT, &format!("-16\\-15\\{height}"))
                .with(tags::PIXEL_SPACING, "1\\1")
                .with(tags::RESCALE_INTERCEPT, "-100");
            let values = (0..SIZE[1]).flat_map(|y| (0..SIZE[0]).map(move |x| value(x, y, z)));
            let bytes: Vec<u8> = values.flat_map(|v| (u16::from(v)).to_le_bytes()).collect();
            slice.data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, bytes);
            slice
        })
        .collect()
}

fn stored(server: &Server) -> (Vec<Object>, String) {
    let slices = phantom();
    let files: Vec<Vec<u8>> = slices.iter().map(Object::part10).collect();
    server.stow(&files).expect(200);
    let series = format!(
        "/dicom-web/studies/{}/series/{}",
        slices[0].study_instance_uid(),
        slices[0].series_instance_uid()
    );
    (slices, series)
}

/// Shows stored values 0 to 255 as they are.
const PLAIN: &str = "window=27.5,255,linear-exact";

fn near(found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len());
    let far = found
        .iter()
        .zip(expected)
        .position(|(a, b)| a.abs_diff(*b) > 1);
    if let Some(at) = far {
        panic!("element {at}: {} in place of {}", found[at], expected[at]);
    }
}

#[test]
fn planes_through_a_known_volume_have_its_values() {
    let server = Server::start();
    let (slices, series) = stored(&server);
    // From the front: columns to the right, the head on top; two rows a slice.
    let url = format!("{series}/renderedmpr?orientation=a&{PLAIN}");
    let (width, height, samples) = png_of(&server, &url);
    assert_eq!((width, height), (33, 42));
    for z in 1..20_i32 {
        // Half a millimetre above and below each slice.
        let row = usize::try_from(2 * (20 - z)).unwrap();
        for (side, by) in [(row, 1), (row + 1, -1)] {
            let expected: Vec<u8> = (0..33)
                .map(|x| {
                    let (here, there) = (value(x, 15, z), value(x, 15, z + by));
                    let mixed = (3.0 * f64::from(here) + f64::from(there)) / 4.0;
                    mixed.round() as u8
                })
                .collect();
            near(&samples[side * 33..(side + 1) * 33], &expected);
        }
    }
    // From below a slice is what it is; looked at in its own plane.
    let url = format!(
        "{series}/renderedmpr?viewpointposition=0,0,-500&viewpointlookat=0,0,-10\
         &viewpointup=0,-1,0&{PLAIN}"
    );
    let (width, height, samples) = png_of(&server, &url);
    assert_eq!((width, height), (33, 31));
    let expected: Vec<u8> = (0..31)
        .flat_map(|y| (0..33).map(move |x| value(x, y, 5)))
        .collect();
    near(&samples, &expected);
    let instance = format!("{series}/instances/{}", slices[5].sop_instance_uid());
    let (.., rendered) = png_of(&server, &format!("{instance}/rendered?{PLAIN}"));
    near(&samples, &rendered);
    // Of a study it is the same.
    let study = series.split("/series").next().unwrap();
    let of_study = url.replace(&series, study);
    assert_eq!(png_of(&server, &of_study).2, samples);
}

#[test]
fn slabs_and_projections_take_what_they_are_told_to() {
    let server = Server::start();
    let (_, series) = stored(&server);
    let whole = "renderedmpr?orientation=f&mprslab=1000&viewport=33,31";
    let picture = |method: &str| {
        png_of(
            &server,
            &format!("{series}/{whole}&renderingmethod={method}&{PLAIN}"),
        )
        .2
    };
    let of_all = |join: fn(Vec<u8>) -> u8| -> Vec<u8> {
        let column = |x, y| join((0..21).map(|z| value(x, y, z)).collect());
        (0..31)
            .flat_map(|y| (0..33).map(move |x| (x, y)))
            .map(|(x, y)| column(x, y))
            .collect()
    };
    near(
        &picture("maximum_ip"),
        &of_all(|v| *v.iter().max().unwrap()),
    );
    near(
        &picture("minimum_ip"),
        &of_all(|v| *v.iter().min().unwrap()),
    );
    let mean = of_all(|v| {
        let sum: u32 = v.iter().map(|v| u32::from(*v)).sum();
        (f64::from(sum) / 21.0).round() as u8
    });
    near(&picture("average_ip"), &mean);
    let (.., of_volume) = png_of(
        &server,
        &format!(
            "{series}/rendered3d?orientation=f&renderingmethod=maximum_ip&viewport=33,31&{PLAIN}"
        ),
    );
    near(&of_volume, &of_all(|v| *v.iter().max().unwrap()));
    // The rod is opaque, the rest is not: bright where it is, dark elsewhere.
    let (width, _, shaded) = png_of(
        &server,
        &format!("{series}/rendered3d?orientation=f&window=140,10,linear-exact&viewport=33,31"),
    );
    assert_eq!(width, 33);
    assert!(shaded[20 * 33 + 8] > 100, "{}", shaded[20 * 33 + 8]);
    assert_eq!(shaded[5 * 33 + 25], 0);
}

#[test]
fn animations_turn_and_follow_lines() {
    let server = Server::start();
    let (_, series) = stored(&server);
    let gif = |query: &str| {
        let answer = get(&server, &format!("{series}/{query}"), "image/gif").expect(200);
        assert_eq!(answer.header("content-type"), Some("image/gif"));
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::Indexed);
        let mut decoder = options.read_info(&answer.body[..]).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            frames.push((frame.delay, frame.buffer.to_vec()));
        }
        frames
    };
    let turn =
        gif("rendered3d?swivelrange=360&animationstepsize=90&animationrate=20&viewport=40,40");
    assert_eq!(turn.len(), 4);
    assert_eq!(turn[0].0, 5);
    assert!(turn[0].1 != turn[1].1);
    let to_and_fro = gif("rendered3d?swivelrange=60&animationstepsize=15&viewport=40,40");
    assert_eq!(to_and_fro.len(), 6);
    assert_eq!(to_and_fro[1].1, to_and_fro[5].1);
    let line = gif(
        "renderedmpr?volumetriccurvepoint=0,0,-20&volumetriccurvepoint=0,0,20&animationstepsize=8&viewport=40,40",
    );
    assert_eq!(line.len(), 5);
    get(
        &server,
        &format!("{series}/rendered3d?swivelrange=60"),
        "image/png",
    )
    .expect(406);
}

#[test]
fn the_parameters_that_were_used_are_told() {
    let server = Server::start();
    let (_, series) = stored(&server);
    let told = |query: &str| {
        let answer = server.get(&format!("{series}/{query}&renderedvolumetricmetadata=yes"));
        let answer = answer.expect(200);
        assert_eq!(
            answer.header("content-type"),
            Some("application/dicom+json")
        );
        answer.json()[0].clone()
    };
    let module = told("renderedmpr?orientation=l&mprslab=7.5&window=40,400,sigmoid");
    let first = |tag: &str| module[tag]["Value"][0].clone();
    assert_eq!(first("00720510"), "MPR");
    assert_eq!(first("0070120D"), "AVERAGE_IP");
    assert_eq!(first("00701503"), 7.5);
    assert_eq!(first("00281056"), "SIGMOID");
    let numbers = |tag: &str| -> Vec<f64> {
        let values = module[tag]["Value"].as_array().unwrap();
        values.iter().map(|v| v.as_f64().unwrap()).collect()
    };
    assert_eq!(numbers("00701604"), [0.0, 0.0, 0.0]);
    assert_eq!(numbers("00701605"), [0.0, 0.0, 1.0]);
    assert!(numbers("00701603")[0] > 100.0, "the camera is on the left");
    let module = told("rendered3d?swivelrange=90");
    assert_eq!(module["0070120D"]["Value"][0], "VOLUME_RENDERED");
    assert_eq!(module["00701A06"]["Value"][0].as_f64(), Some(90.0));
    assert!(module["00281050"].is_null());
}

#[test]
fn what_is_no_volume_is_refused_with_the_reason() {
    let server = Server::start();
    let (slices, series) = stored(&server);
    server
        .get(&format!("{series}/renderedmpr?orientation=x"))
        .expect(400);
    server
        .get(&format!("{series}/rendered3d?mprslab=3"))
        .expect(400);
    server
        .get(&format!("{series}/renderedmpr?volumeinputreference=1.2.3"))
        .expect(400);
    get(&server, &format!("{series}/renderedmpr"), "image/webp").expect(406);
    let instance = format!("{series}/instances/{}", slices[0].sop_instance_uid());
    let answer = server.get(&format!("{instance}/renderedmpr")).expect(406);
    assert!(answer.text().contains("single slice"), "{}", answer.text());
    server
        .get(&series.replace("/series/", "/series/9"))
        .expect(404);
    // Three slices that are named, and a match that leaves two.
    let named: Vec<String> = [3, 4, 5]
        .map(|at| slices[at].sop_instance_uid().to_string())
        .into();
    let url = format!(
        "{series}/renderedmpr?volumeinputreference={}&orientation=a&viewport=400,400",
        named.join(",")
    );
    let (width, height, _) = png_of(&server, &url);
    assert_eq!((width, height), (400, 73), "33 by 6 millimetres");
    let number = |at: usize| slices[at].data_set.int(tags::INSTANCE_NUMBER).unwrap();
    let answer = server.get(&format!(
        "{series}/renderedmpr?InstanceNumber={}",
        number(3)
    ));
    assert!(answer.expect(406).text().contains("single slice"));
    let us = objects::us(5);
    server.stow(&[us.part10()]).expect(200);
    let study = format!("/dicom-web/studies/{}", us.study_instance_uid());
    let answer = server.get(&format!("{study}/rendered3d")).expect(406);
    assert!(answer.text().contains("colors"), "{}", answer.text());
    let report = objects::sr("text");
    server.stow(&[report.part10()]).expect(200);
    let study = format!("/dicom-web/studies/{}", report.study_instance_uid());
    server.get(&format!("{study}/rendered3d")).expect(406);
}

#[test]
fn volumes_are_made_once_and_known_again() {
    let server = Server::start();
    let (_, series) = stored(&server);
    let url = format!("{series}/rendered3d?orientation=r&viewport=64,64");
    let first = get(&server, &url, "image/png").expect(200);
    let again = get(&server, &url, "image/png").expect(200);
    assert!(first.body == again.body);
    let etag = first.header("etag").unwrap().to_owned();
    server
        .request("GET", &url)
        .header("Accept", "image/png")
        .header("If-None-Match", &etag)
        .send()
        .expect(304);
    std::thread::scope(|scope| {
        for side in ["a", "p", "l", "h", "f", "r"] {
            let (server, series) = (&server, &series);
            scope.spawn(move || {
                let url = format!("{series}/renderedmpr?orientation={side}&viewport=64,64");
                picture(&get(server, &url, "image/png").expect(200).body);
            });
        }
    });
}

/// Real series: the planes of their slices are the slices, and all sides show something.
#[test]
fn real_series_are_volumes() {
    let Some(folder) = data::folder() else { return };
    let server = Server::start();
    for (series, at_least) in [
        ("series/ambra-ct", 6),
        ("series/brainix-flair", 20),
        ("series/petct-pt", 3),
    ] {
        let files: Vec<Vec<u8>> = std::fs::read_dir(folder.join(series))
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .collect();
        assert!(files.len() >= at_least, "{series}");
        server.stow(&files).expect(200);
    }
    let found = server
        .get("/dicom-web/series?includefield=StudyInstanceUID")
        .expect(200)
        .json();
    for one in found.as_array().unwrap() {
        let value = |tag: &str| one[tag]["Value"][0].as_str().unwrap().to_owned();
        let series = format!(
            "/dicom-web/studies/{}/series/{}",
            value("0020000D"),
            value("0020000E")
        );
        for query in [
            "renderedmpr?orientation=a",
            "renderedmpr?orientation=l&mprslab=10&renderingmethod=maximum_ip",
            "rendered3d?orientation=a&renderingmethod=maximum_ip",
            "rendered3d?orientation=r",
        ] {
            let url = format!("{series}/{query}&viewport=200,200");
            let (.., samples) = png_of(&server, &url);
            let seen: std::collections::BTreeSet<u8> = samples.iter().copied().collect();
            assert!(seen.len() > 10, "{url}: {} greys", seen.len());
        }
    }
}
