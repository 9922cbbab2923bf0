//! Kinds of object that seldom lie about, built in code and drawn over the binary.

use sagittal_tests::Server;
use sagittal_tests::kinds::{self, Samples};
use sagittal_tests::objects::{self, Object};

use crate::rendered::{get, path, picture, png_of};

/// Different colors of a picture.
fn variety(samples: &[u8]) -> usize {
    let seen: std::collections::BTreeSet<&[u8]> = samples.chunks(3).collect();
    seen.len()
}

fn store(objects: &[&Object]) -> Server {
    let server = Server::start();
    let files: Vec<Vec<u8>> = objects.iter().map(|object| object.part10()).collect();
    server.stow(&files).expect(200);
    server
}

#[test]
fn registrations_are_told_to_be_no_pictures_and_have_an_icon() {
    let (fixed, moving) = (objects::ct(), objects::ct());
    let spatial = kinds::spatial_registration(&fixed, &moving);
    let deformable = kinds::deformable_registration(&fixed, &moving);
    let server = store(&[&spatial, &deformable]);
    for object in [&spatial, &deformable] {
        let answer = server.get(&(path(object) + "/rendered")).expect(406);
        assert!(
            answer.text().contains("nothing to be shown"),
            "{}",
            answer.text()
        );
        let (width, height, samples) = png_of(&server, &(path(object) + "/thumbnail"));
        assert_eq!((width, height), (128, 128));
        assert!(samples.iter().any(|sample| *sample != samples[0]));
    }
}

#[test]
fn surfaces_are_drawn_and_given_as_what_they_are() {
    let (surface, stl, obj) = (kinds::surface_segmentation(), kinds::stl(), kinds::obj());
    let server = store(&[&surface, &stl, &obj]);
    let mut pictures = Vec::new();
    for object in [&surface, &stl, &obj] {
        let (width, height, samples) =
            png_of(&server, &(path(object) + "/rendered?viewport=96,96"));
        assert!(width.max(height) == 96, "{width} × {height}");
        assert!(variety(&samples) > 2, "{} colors", variety(&samples));
        pictures.push(samples);
        let (width, ..) = png_of(&server, &(path(object) + "/thumbnail"));
        assert_eq!(width, 128);
    }
    assert!(
        pictures[1] == pictures[2],
        "the same pyramid, however it is written"
    );
    let model = get(&server, &(path(&stl) + "/rendered"), "model/stl").expect(200);
    assert_eq!(model.body.len(), 84 + 6 * 50);
    let model = get(&server, &(path(&obj) + "/rendered"), "model/obj").expect(200);
    assert!(model.text().starts_with("mtllib"));
}

#[test]
fn documents_are_given_as_what_they_are() {
    let (mtl, cda) = (kinds::mtl(), kinds::cda());
    let server = store(&[&mtl, &cda]);
    let material = server.get(&(path(&mtl) + "/rendered")).expect(200);
    assert_eq!(material.header("content-type"), Some("model/mtl"));
    assert_eq!(material.text(), "newmtl red\nKd 1 0 0\n");
    let letter = get(&server, &(path(&cda) + "/rendered"), "text/xml").expect(200);
    assert!(letter.text().starts_with("<ClinicalDocument"));
}

#[test]
fn frames_of_enhanced_images_go_through_their_functional_groups() {
    let (breast, retina) = (kinds::tomosynthesis(6), kinds::ophthalmic_tomography(5));
    let server = store(&[&breast, &retina]);
    for object in [&breast, &retina] {
        for frame in [1_u16, 4] {
            let url = format!("{}/frames/{frame}/rendered", path(object));
            let (width, height, samples) = png_of(&server, &url);
            assert_eq!((width, height), (30, 24));
            for (at, sample) in samples.iter().enumerate() {
                let (row, column) = (at / 30, at % 30);
                let stored = f64::from(10 * (frame - 1)) + (row + column) as f64;
                // Rescaled, and shown by a window from -50 to 205.
                let expected = (2.0 * stored - 50.0 + 50.0).clamp(0.0, 255.0);
                assert!(
                    (f64::from(*sample) - expected).abs() <= 1.0,
                    "{at}: {sample}"
                );
            }
        }
        // As a volume: a row of the middle of each frame.
        let url = format!("{}/renderedmpr?orientation=h", path(object));
        let (width, height, _) = png_of(&server, &url);
        assert_eq!((width, height), (30, 24));
        let cine = get(&server, &(path(object) + "/rendered"), "image/gif").expect(200);
        assert!(cine.body.starts_with(b"GIF89a"));
    }
}

#[test]
fn endoscopes_show_their_colors_and_videos_go_as_they_are() {
    let (still, video) = (kinds::endoscopy(), kinds::video());
    let server = store(&[&still, &video]);
    let (width, height, samples) = png_of(&server, &(path(&still) + "/rendered"));
    assert_eq!((width, height), (25, 20));
    assert_eq!(samples[..3], [0, 0, 40]);
    assert_eq!(samples[samples.len() - 3..], [240, 228, 40]);
    let answer = server.get(&(path(&video) + "/rendered")).expect(200);
    assert_eq!(answer.header("content-type"), Some("video/mp4"));
    assert_eq!(&answer.body[4..12], b"ftypmp42");
    // As a picture it is an icon.
    get(&server, &(path(&video) + "/rendered"), "image/jpeg").expect(200);
    let (width, ..) = png_of(&server, &(path(&video) + "/thumbnail"));
    assert_eq!(width, 128);
}

#[test]
fn tiles_of_a_slide_are_its_frames() {
    let slide = kinds::whole_slide();
    let server = store(&[&slide]);
    for tile in 0..4_u8 {
        let url = format!("{}/frames/{}/rendered", path(&slide), tile + 1);
        let (width, height, samples) = png_of(&server, &url);
        assert_eq!((width, height), (16, 16));
        let color = [60 * tile, 200 - 50 * tile, 30];
        assert!(samples.chunks(3).all(|pixel| pixel == color), "tile {tile}");
    }
    let answer = get(
        &server,
        &(path(&slide) + "/frames/1,2,3,4/rendered"),
        "multipart/related; type=\"image/png\"",
    );
    let parts = answer.expect(200).parts();
    assert_eq!(parts.len(), 4);
    let first = |at: usize| picture(&parts[at].1).2[..3].to_vec();
    assert_eq!(first(3), [180, 50, 30]);
}

/// What the server draws equals what DCMTK draws, within one grey: grey with window, signed,
/// inverted, RGB, palette, YBR.
#[test]
fn pictures_of_the_server_are_those_of_dcmtk() {
    let tool = std::path::Path::new("/usr/bin/dcm2pnm");
    if !tool.exists() {
        return sagittal_tests::skip("dcm2pnm is not installed");
    }
    let size = |bits, photometric| Samples {
        rows: 40,
        columns: 50,
        frames: 1,
        bits,
        photometric,
    };
    let grey = |row: u16, column: u16| (row * 97 + column * 31) % 4096;
    let mut palette = kinds::secondary_capture(&size(8, "PALETTE COLOR"), |_, row, column| {
        vec![(row * 6 + column) % 256]
    });
    let data_set = &mut palette.data_set;
    for (descriptor, data, turn) in [
        (
            sagittal_core::tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            sagittal_core::tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            0_u16,
        ),
        (
            sagittal_core::tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            sagittal_core::tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            85,
        ),
        (
            sagittal_core::tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            sagittal_core::tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            170,
        ),
    ] {
        data_set.put_u16(descriptor, &[256, 0, 16]);
        let entries: Vec<u8> = (0..256_u16)
            .flat_map(|index| (((index + turn) % 256) * 257).to_le_bytes())
            .collect();
        data_set.put_bytes(data, sagittal_core::Vr::OW, entries);
    }
    let mono1 = size(16, "MONOCHROME1");
    let color = |row: u16, column: u16| vec![row * 6, column * 5, 255 - row - column];
    let cases: Vec<(&str, Object, &[&str], &str)> = vec![
        (
            "grey",
            objects::ct_of(40, 50),
            &["+Ww", "40", "400"],
            "window=40,400,linear",
        ),
        (
            "inverted",
            kinds::secondary_capture(&mono1, |_, row, column| vec![grey(row, column)]),
            &["+Ww", "2000", "1500"],
            "window=2000,1500,linear",
        ),
        (
            "rgb",
            kinds::secondary_capture(&size(8, "RGB"), |_, row, column| color(row, column)),
            &[],
            "",
        ),
        (
            "ybr",
            kinds::secondary_capture(&size(8, "YBR_FULL"), |_, row, column| color(row, column)),
            &[],
            "",
        ),
        ("palette", palette, &[], ""),
    ];
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    for (name, object, options, query) in cases {
        server.stow(&[object.part10()]).expect(200);
        let (file, output) = (
            folder.path().join(format!("{name}.dcm")),
            folder.path().join(format!("{name}.pnm")),
        );
        std::fs::write(&file, object.part10()).unwrap();
        let ran = std::process::Command::new(tool)
            .args(options)
            .args([&file, &output])
            .output()
            .unwrap();
        assert!(ran.status.success(), "{name}: {ran:?}");
        let theirs = pnm(&std::fs::read(&output).unwrap());
        let (width, height, ours) = png_of(&server, &format!("{}/rendered?{query}", path(&object)));
        assert_eq!((width, height), (50, 40), "{name}");
        assert_eq!(ours.len(), theirs.len(), "{name}");
        let far = ours
            .iter()
            .zip(&theirs)
            .map(|(a, b)| a.abs_diff(*b))
            .max()
            .unwrap();
        // DCMTK cuts off each of the products of PS3.3 §C.7.6.3.1.2; the sums are right below.
        let allowed = if name == "ybr" { 2 } else { 1 };
        assert!(far <= allowed, "{name}: {far} greys apart");
        if name == "ybr" {
            for (at, found) in ours.chunks(3).enumerate() {
                let (row, column) = (at / 50, at % 50);
                let stored = color(row as u16, column as u16);
                let [y, cb, cr] = [0, 1, 2].map(|sample: usize| f64::from(stored[sample]));
                let (cb, cr) = (cb - 128.0, cr - 128.0);
                let expected = [
                    y + 1.402 * cr,
                    y - 0.344_136 * cb - 0.714_136 * cr,
                    y + 1.772 * cb,
                ];
                for (found, expected) in found.iter().zip(expected) {
                    let expected = expected.clamp(0.0, 255.0);
                    assert!((f64::from(*found) - expected).abs() <= 0.75, "{at}");
                }
            }
        }
        assert!(variety(&ours) > 20, "{name}");
    }
}

/// The samples of a binary PGM or PPM.
fn pnm(bytes: &[u8]) -> Vec<u8> {
    let mut at = 0;
    // Magic number, columns, rows, greatest value; comments between.
    for _ in 0..4 {
        while bytes[at].is_ascii_whitespace() || bytes[at] == b'#' {
            if bytes[at] == b'#' {
                while bytes[at] != b'\n' {
                    at += 1;
                }
            }
            at += 1;
        }
        while !bytes[at].is_ascii_whitespace() {
            at += 1;
        }
    }
    bytes[at + 1..].to_vec()
}
