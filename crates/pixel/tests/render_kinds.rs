//! Every kind of object comes out as something to look at.
#![allow(clippy::unwrap_used)]

mod support;

use sagittal_pixel::render::{
    Mesh, Options, Orientation, Picture, Pixels, Projection, Slice, Stack, Stretch, View, Viewport,
    VolumeBuilder, render, report_html, waveform_svg,
};
use support::{Instance, data, open};

/// How many different elements a picture has.
fn variety(picture: &Picture) -> usize {
    let mut seen = std::collections::BTreeSet::new();
    match &picture.pixels {
        Pixels::Grey8(pixels) => seen.extend(pixels.iter().map(|&grey| u32::from(grey))),
        Pixels::Rgb8(pixels) => seen.extend(
            pixels
                .chunks(3)
                .map(|c| u32::from(c[0]) << 16 | u32::from(c[1]) << 8 | u32::from(c[2])),
        ),
        Pixels::Grey16(pixels) => seen.extend(pixels.iter().map(|&grey| u32::from(grey))),
    }
    seen.len()
}

/// Kind, file, frame, is it grey, at least so many different elements.
const PICTURES: &[(&str, &str, u32, bool, usize)] = &[
    ("CT", "compressed/tsmatrix/ctimage-orig.dcm", 1, true, 200),
    ("MR", "compressed/wg04/mr1_unc.dcm", 1, true, 200),
    ("enhanced MR", "images/dcmjs-cine-test.dcm", 3, true, 50),
    (
        "enhanced CT, supplemental palette",
        "images/pyd-ect_supplemental.dcm",
        2,
        false,
        100,
    ),
    (
        "enhanced MR color",
        "images/qa-xa30-0001_1.3.12.2.1107.5.2_23439621008676.dcm",
        5,
        false,
        50,
    ),
    (
        "CR, MONOCHROME1",
        "images/dwv-gdcm-cr-mono1-10-chest.dcm",
        1,
        true,
        200,
    ),
    (
        "DX with VOI LUT",
        "series/raccoon-study/1000.dcm",
        1,
        true,
        100,
    ),
    (
        "RF with modality LUT",
        "images/orth-karstenhilbertrf.dcm",
        1,
        true,
        100,
    ),
    ("US RGB", "compressed/wg04/us1_unci.2.dcm", 1, false, 100),
    ("US palette", "images/dtf-obxxxx1a_expb.dcm", 1, false, 20),
    (
        "US multi-frame",
        "images/dp-im00001.implicit_little_endian.dcm",
        8,
        false,
        100,
    ),
    (
        "US YBR_FULL_422",
        "images/csw-us-ybr_full_422-evrle.dcm",
        1,
        false,
        100,
    ),
    (
        "NM",
        "images/dv3-synthetic_nm_four_bar_resolution.dcm",
        1,
        true,
        20,
    ),
    ("PT", "images/rem-nm-petim-siemens.dcm", 1, true, 10),
    ("endoscopy", "compressed/wg04/vl1_unc.dcm", 1, false, 1000),
    (
        "SC 16-bit color",
        "images/pyd-sc_rgb_expb_16bit.dcm",
        1,
        false,
        5,
    ),
    (
        "SC 32-bit color",
        "images/pyd-sc_rgb_expb_32bit_2frame.dcm",
        2,
        false,
        5,
    ),
    ("RT image", "rt/fo-ri6xdosigap.dcm", 1, true, 100),
    ("RT dose", "rt/pyd-rtdose.dcm", 3, true, 20),
    (
        "fractional segmentation",
        "seg/hd-seg_image_ct_true_fractional.dcm",
        1,
        false,
        3,
    ),
    (
        "label map",
        "seg/dcmqi-sparse-labelmap-noppv.dcm",
        1,
        false,
        2,
    ),
    (
        "parametric map",
        "seg/pyd-parametric_map_double_float.dcm",
        1,
        true,
        50,
    ),
    ("slide tile", "wsi/hd-sm_image.dcm", 3, false, 2),
];

#[test]
fn every_kind_of_image_is_a_picture() {
    let Some(root) = data() else { return };
    let mut wrong = Vec::new();
    for &(kind, name, number, is_grey, least) in PICTURES {
        let instance = Instance::open(&root.join(name)).unwrap();
        let frame = instance.frame(number).unwrap();
        let picture = render(&instance.data_set, number, &frame, &Options::default()).unwrap();
        let found = variety(&picture);
        if picture.is_grey() != is_grey || found < least {
            wrong.push(format!(
                "{kind}: {found} elements, grey: {}",
                picture.is_grey()
            ));
        }
        assert!(picture.to_png().unwrap().starts_with(b"\x89PNG"));
        assert!(picture.to_jpeg().unwrap().starts_with(b"\xFF\xD8\xFF"));
        assert!(picture.to_gif().unwrap().starts_with(b"GIF8"));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn segments_of_a_binary_segmentation_are_colored() {
    let Some(root) = data() else { return };
    let instance = Instance::open(&root.join("seg/dcmqi-label.2.seg")).unwrap();
    let colored = (1..=3).any(|number| {
        let frame = instance.frame(number).unwrap();
        let picture = render(&instance.data_set, number, &frame, &Options::default()).unwrap();
        variety(&picture) == 2 && !picture.is_grey()
    });
    assert!(colored);
}

#[test]
fn a_presentation_state_is_applied_to_its_image() {
    let Some(root) = data() else { return };
    let instance = Instance::open(&root.join("images/pyd-ct_small.dcm")).unwrap();
    let frame = instance.frame(1).unwrap();
    let state = open(&root.join("made/pr_gsps.dcm"));
    assert!(sagittal_pixel::render::presentation_state_refers_to(
        &state,
        &instance.data_set,
        1
    ));
    let plain = render(&instance.data_set, 1, &frame, &Options::default()).unwrap();
    let options = Options {
        presentation_state: Some(state),
        ..Options::default()
    };
    let with = render(&instance.data_set, 1, &frame, &options).unwrap();
    assert_eq!((plain.width, plain.height), (with.width, with.height));
    assert_ne!(plain.pixels, with.pixels);
}

#[test]
fn waveforms_reports_and_meshes_can_be_looked_at() {
    let Some(root) = data() else { return };
    for name in [
        "waveform/pyd-waveform_ecg.dcm",
        "made/ecg_general.dcm",
        "made/eeg_scalp.dcm",
    ] {
        let svg = waveform_svg(&open(&root.join(name)), Stretch::default()).unwrap();
        assert!(
            svg.starts_with("<svg") && svg.matches("<path fill").count() >= 2,
            "{name}"
        );
    }
    let report = open(&root.join("sr/dv3-synthetic_ct_dose_comprehensive_sr.dcm"));
    let html = report_html(&report);
    assert!(html.contains("CT Radiation Dose") && html.contains("12.5 mGy"));
    let mesh = Mesh::of_instance(&open(&root.join("made/encap_stl.dcm")))
        .unwrap()
        .unwrap();
    assert!(variety(&mesh.picture(100, 100).unwrap()) > 2);
}

#[test]
fn a_series_is_a_volume_that_can_be_cut_and_turned() {
    let Some(root) = data() else { return };
    let instances: Vec<_> = (1..=22)
        .map(|at| {
            let name = format!("series/brainix-flair/im-0001-{at:04}.dcm");
            let instance = Instance::open(&root.join(name)).unwrap();
            let frame = instance.frame(1).unwrap();
            (instance, frame)
        })
        .collect();
    let slices: Vec<Slice> = instances
        .iter()
        .map(|(instance, frame)| Slice::of(&instance.data_set, 1, &frame.image).unwrap())
        .collect();
    let stack = Stack::of(&slices, None).unwrap();
    let order = stack.order.clone();
    let mut builder = VolumeBuilder::new(stack, 1 << 28).unwrap();
    for at in order {
        builder.add(&instances[at].1).unwrap();
    }
    let volume = builder.finish().unwrap();
    let size = Some(Viewport::size(80, 80).unwrap());
    for side in [Orientation::Feet, Orientation::Left, Orientation::Anterior] {
        let view = View::from_side(side, volume.center());
        let cut = volume.slab(&view, 10.0, Projection::Mean, None, size);
        assert!(variety(&cut.unwrap()) > 50);
    }
    let view = View::from_side(Orientation::Anterior, volume.center()).turned(45.0);
    assert!(variety(&volume.shaded(&view, None, size).unwrap()) > 50);
}

/// Whatever can be decoded is rendered, or refused with a reason: nothing panics.
#[test]
fn every_real_file_is_rendered_or_refused() {
    let Some(root) = data() else { return };
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let (mut rendered, mut refused) = (0, Vec::new());
    for line in manifest.lines().skip(1).step_by(2) {
        let name = line.split('\t').next().unwrap();
        let Some(instance) = Instance::open(&root.join(name)) else {
            continue;
        };
        let Some(frame) = instance.frame(1) else {
            continue;
        };
        let options = Options {
            viewport: Some(Viewport::size(64, 64).unwrap()),
            ..Options::default()
        };
        match render(&instance.data_set, 1, &frame, &options) {
            Ok(picture) => {
                assert!(picture.width <= 64 && picture.height <= 64, "{name}");
                rendered += 1;
            }
            Err(error) => refused.push(format!("{name}: {error}")),
        }
    }
    assert!(rendered > 300, "{rendered}");
    assert!(refused.is_empty(), "{refused:#?}");
}
