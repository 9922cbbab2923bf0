//! Pictures of real files against those of DCMTK's renderer: equal to within one grey.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use sagittal_core::{DataSet, tags};
use sagittal_pixel::render::{
    IccProfile, Options, Picture, Pixels, Viewport, VoiFunction, Window, render,
};
use support::{Instance, data, missing};

fn dcm2pnm() -> Option<PathBuf> {
    let found = ["/usr/bin/dcm2img", "/usr/bin/dcm2pnm"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.is_file());
    missing(found.is_none(), "DCMTK's dcm2pnm or dcm2img");
    found
}

/// What DCMTK makes of a frame: width, height, samples of a pixel and the samples.
fn dcmtk(tool: &Path, file: &Path, arguments: &[&str]) -> Option<(usize, usize, usize, Vec<u8>)> {
    let out = tempfile::NamedTempFile::new().unwrap();
    Command::new(tool)
        .args(arguments)
        .arg(file)
        .arg(out.path())
        .output()
        .unwrap();
    let bytes = std::fs::read(out.path()).unwrap();
    let mut rest = bytes.as_slice();
    let mut words = Vec::new();
    while words.len() < 4 {
        let line_end = rest.iter().position(|&byte| byte == b'\n')?;
        let line = std::str::from_utf8(&rest[..line_end]).ok()?;
        rest = &rest[line_end + 1..];
        if !line.starts_with('#') {
            words.extend(line.split_whitespace().map(str::to_owned));
        }
    }
    let channels = match words[0].as_str() {
        "P5" => 1,
        "P6" => 3,
        _ => return None,
    };
    let number = |at: usize| words[at].parse::<usize>().unwrap();
    assert_eq!(number(3), 255);
    Some((number(1), number(2), channels, rest.to_vec()))
}

fn options() -> Options {
    Options {
        icc_profile: IccProfile::Yes,
        keep_pixels: true,
        no_shutters: true,
        no_overlays: true,
        ..Options::default()
    }
}

/// Renders frame `number`, without what DCMTK does not know: padding.
fn ours(instance: &Instance, number: u32, options: &Options) -> Option<Picture> {
    let mut header = instance.data_set.clone();
    header.remove(tags::PIXEL_PADDING_VALUE);
    let frame = instance.frame(number)?;
    Some(render(&header, number, &frame, options).unwrap())
}

/// The largest difference.
fn difference(picture: &Picture, theirs: &(usize, usize, usize, Vec<u8>)) -> u8 {
    let (width, height, channels, samples) = theirs;
    assert_eq!(
        (picture.width as usize, picture.height as usize),
        (*width, *height)
    );
    let own = match &picture.pixels {
        Pixels::Grey8(pixels) if *channels == 1 => pixels.clone(),
        _ => picture.to_rgb(),
    };
    let theirs: Vec<u8> = if *channels == 1 && own.len() != samples.len() {
        samples.iter().flat_map(|&grey| [grey; 3]).collect()
    } else {
        samples.clone()
    };
    assert_eq!(own.len(), theirs.len());
    own.iter()
        .zip(theirs)
        .map(|(a, b)| a.abs_diff(b))
        .max()
        .unwrap_or(0)
}

/// One file of each kind: SOP class, bits, photometric interpretation, transfer syntax.
fn kinds(root: &Path) -> Vec<(PathBuf, String)> {
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    manifest
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<_>>())
        // Of frames of 32 bits big endian DCMTK 3.6.7 shows others than of the same little endian.
        .filter(|fields| fields[0] != "rt/pyd-rtdose_expb.dcm")
        .filter(|fields| !fields[11].is_empty() && !fields[0].starts_with("malformed/"))
        .filter(|fields| {
            seen.insert((
                fields[5].to_owned(),
                fields[10].to_owned(),
                fields[11].to_owned(),
                fields[8].to_owned(),
            ))
        })
        .map(|fields| (root.join(fields[0]), fields[0].to_owned()))
        .collect()
}

fn is_grey(header: &DataSet) -> bool {
    header
        .first_text(tags::PHOTOMETRIC_INTERPRETATION)
        .is_some_and(|term| term.starts_with("MONOCHROME"))
        && !header.contains(tags::SEGMENTATION_TYPE)
        // A supplemental palette colors what DCMTK shows grey.
        && !header.contains(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR)
}

/// Renders all kinds both ways; `prepare` gives DCMTK's arguments and our options.
fn compare(wanted: usize, mut prepare: impl FnMut(&mut DataSet) -> Option<(Vec<String>, Options)>) {
    let (Some(root), Some(tool)) = (data(), dcm2pnm()) else {
        return;
    };
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (path, name) in kinds(&root) {
        let Some(mut instance) = Instance::open(&path) else {
            continue;
        };
        let Some((arguments, options)) = prepare(&mut instance.data_set) else {
            continue;
        };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Some(picture) = ours(&instance, 1, &options) else {
            continue;
        };
        let Some(theirs) = dcmtk(&tool, &path, &arguments) else {
            continue;
        };
        compared += 1;
        let off = difference(&picture, &theirs);
        if off > allowed(&instance.data_set, options.window) {
            wrong.push(format!("{name}: {off}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?} of {compared}");
    assert!(compared >= wanted, "only {compared} compared");
}

/// One grey; more where DCMTK rounds the values that go into the window, and the window is narrow.
/// Colors are converted with a table of its own.
fn allowed(header: &DataSet, window: Option<Window>) -> u8 {
    let is_ybr = header
        .first_text(tags::PHOTOMETRIC_INTERPRETATION)
        .is_some_and(|term| term.starts_with("YBR"));
    if is_ybr {
        return 2;
    }
    let slope = header.float(tags::RESCALE_SLOPE).unwrap_or(1.0);
    match window {
        Some(window) if slope.fract() != 0.0 => 2 + (255.0 * 0.5 / window.width) as u8,
        _ if slope.fract() != 0.0 => 2,
        _ => 1,
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_window_that_is_asked_for_shows_the_same_greys() {
    let mut turn = 0;
    compare(30, |header| {
        // DCMTK shows stored values of doses.
        header.remove(tags::DOSE_GRID_SCALING);
        turn += 1;
        let (center, width, sigmoid) = match turn % 4 {
            0 => (40.0, 400.0, false),
            1 => (300.0, 1500.0, true),
            2 => (127.5, 256.0, false),
            _ => (1000.0, 100.0, false),
        };
        let (function, flag) = if sigmoid {
            (VoiFunction::Sigmoid, "+Wfs")
        } else {
            (VoiFunction::Linear, "+Wfl")
        };
        let mut options = options();
        options.window = Window::new(center, width, function);
        is_grey(header).then(|| (words(&format!("-O {flag} +Ww {center} {width}")), options))
    });
}

#[test]
fn the_window_of_the_object_shows_the_same_greys() {
    compare(10, |header| {
        // Narrower ones are none for DCMTK.
        let has_window = header
            .float(tags::WINDOW_WIDTH)
            .is_some_and(|width| width >= 1.0);
        header.remove(tags::VOI_LUT_SEQUENCE);
        (is_grey(header) && has_window).then(|| (words("-O +Wi 1"), options()))
    });
}

#[test]
fn without_a_window_the_range_of_the_frame_is_shown() {
    compare(20, |header| {
        header.remove(tags::WINDOW_CENTER);
        header.remove(tags::VOI_LUT_SEQUENCE);
        // Eight bits are shown as they are.
        let is_deep = header.int(tags::BITS_STORED).is_some_and(|bits| bits > 8);
        let is_enhanced = header.contains(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        // DCMTK keeps whole numbers only.
        let is_tiny = header
            .float(tags::RESCALE_SLOPE)
            .is_some_and(|slope| slope < 0.01);
        (is_grey(header) && !is_tiny && is_deep && !is_enhanced)
            .then(|| (words("-O +Wfl +Wm"), options()))
    });
}

#[test]
fn colors_are_the_same() {
    compare(9, |header| {
        let is_color = !is_grey(header)
            && !header.contains(tags::SEGMENTATION_TYPE)
            && header.first_text(tags::PHOTOMETRIC_INTERPRETATION)? != "MONOCHROME2";
        is_color.then(|| (words("-O"), options()))
    });
}

#[test]
fn a_voi_lut_shows_the_same_greys() {
    let (Some(root), Some(tool)) = (data(), dcm2pnm()) else {
        return;
    };
    let path = root.join("series/raccoon-study/1000.dcm");
    let picture = ours(&Instance::open(&path).unwrap(), 1, &options()).unwrap();
    let theirs = dcmtk(&tool, &path, &["-O", "+Wl", "1"]).unwrap();
    assert!(difference(&picture, &theirs) <= 1);
}

#[test]
fn every_frame_is_its_own() {
    let (Some(root), Some(tool)) = (data(), dcm2pnm()) else {
        return;
    };
    let path = root.join("images/dp-im00001.implicit_little_endian.dcm");
    let instance = Instance::open(&path).unwrap();
    for number in [1, 2, 8] {
        let picture = ours(&instance, number, &options()).unwrap();
        let frame = number.to_string();
        let theirs = dcmtk(&tool, &path, &["-O", "+F", &frame]).unwrap();
        assert!(difference(&picture, &theirs) <= 1);
    }
}

/// Regions are cut where DCMTK clips, pixels that are no squares stretched as it scales.
#[test]
fn regions_and_aspects_are_those_of_dcmtk() {
    let (Some(root), Some(tool)) = (data(), dcm2pnm()) else {
        return;
    };
    let path = root.join("compressed/tsmatrix/ctimage-orig.dcm");
    let mut clipped = options();
    clipped.window = Window::new(40.0, 400.0, VoiFunction::Linear);
    clipped.viewport = Some(Viewport::parse("200,100,150,120,200,100").unwrap());
    let picture = ours(&Instance::open(&path).unwrap(), 1, &clipped).unwrap();
    let arguments = words("-O +Ww 40 400 +C 150 120 200 100");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let theirs = dcmtk(&tool, &path, &arguments).unwrap();
    assert!(difference(&picture, &theirs) <= 1);

    let path = root.join("images/orth-1.2.840.10008.1.2.1.dcm");
    let mut square = options();
    square.keep_pixels = false;
    let picture = ours(&Instance::open(&path).unwrap(), 1, &square).unwrap();
    let (width, height, ..) = dcmtk(&tool, &path, &["-O", "+a", "+Sxv", "256"]).unwrap();
    assert_eq!(
        (picture.width as usize, picture.height as usize),
        (width, height)
    );
}
