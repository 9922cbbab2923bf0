#![allow(clippy::unwrap_used)]
//! Blanked files as DCMTK and GDCM decode them: outside the regions nothing may differ from what
//! the same tool makes of the original, inside everything is the same.

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use sagittal_core::transfer_syntax::JPEG_2000;
use sagittal_core::{Limits, tags};
use sagittal_deid::pixels::{Frames, PixelFrames, Region, Shape, Source, blank};
use sagittal_file::part10::{self, Meta};

/// Files, the tool that decodes them, and how far colors are smoothed across blocks.
const FILES: [(&str, &str, u32); 15] = [
    ("compressed/wg04/us1_rle.dcm", "dcmdrle", 0),
    ("compressed/pyd-obxxxx1a_rle_2frame.dcm", "dcmdrle", 0),
    (
        "compressed/pyd-jpglosslessp14sv1_1s_1f_8b.dcm",
        "dcmdjpeg",
        0,
    ),
    (
        "compressed/pylibjpeg-d-jpeglosslessp14sv1_3s_2f_u_08_08.dcm",
        "dcmdjpeg",
        0,
    ),
    ("compressed/pyd-examples_ybr_color.dcm", "dcmdjpeg", 2),
    ("compressed/orth-1.2.840.10008.1.2.4.50.dcm", "dcmdjpeg", 2),
    ("series/ped-echo/i_000002.dcm", "dcmdjpeg", 2),
    (
        "compressed/pylibjpeg-d-jpegextended_3s_1f_u_08_08.dcm",
        "dcmdjpeg",
        2,
    ),
    ("compressed/dcm4che-jpeg-ls-palette.dcm", "dcmdjpls", 0),
    ("compressed/pyd-examples_jpeg2k.dcm", "gdcmconv", 0),
    ("compressed/wg04/us1_j2ki.dcm", "gdcmconv", 0),
    ("compressed/orth-jp2k91ybr-ict.dcm", "gdcmconv", 0),
    ("images/pyd-examples_rgb_color.dcm", "dcmconv", 0),
    ("images/dtf-obxxxx1a_expb.dcm", "dcmconv", 0),
    ("images/csw-us-ybr_full_422-evrle.dcm", "dcmconv", 0),
];

fn decoded(tool: &str, from: &Path, to: &Path) -> Option<part10::File> {
    let mut command = Command::new(format!("/usr/bin/{tool}"));
    match tool {
        "gdcmconv" => command.arg("--raw"),
        // Colors as they are stored, without smoothing.
        "dcmdjpeg" => command.args(["+cn"]),
        _ => &mut command,
    };
    let status = command.arg(from).arg(to).output().ok()?;
    assert!(
        status.status.success(),
        "{tool} {from:?}: {}",
        String::from_utf8_lossy(&status.stderr)
    );
    let bytes = Bytes::from(std::fs::read(to).unwrap());
    Some(part10::read(&bytes, Limits::default()).unwrap())
}

#[test]
fn other_decoders_see_the_same_pixels_outside_and_none_inside() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for (name, tool, margin) in FILES {
        if !Path::new("/usr/bin").join(tool).exists() {
            assert!(
                std::env::var_os("SAGITTAL_TEST_STRICT").is_none(),
                "no {tool}"
            );
            continue;
        }
        let Some(path) = sagittal_testkit::data()
            .map(|data| data.join(name))
            .filter(|path| path.exists())
        else {
            continue;
        };
        let bytes = Bytes::from(std::fs::read(&path).unwrap());
        let file = part10::read(&bytes, Limits::default()).unwrap();
        let syntax = file.opening.transfer_syntax_uid.clone();
        let mut data_set = file.data_set;
        let frames = PixelFrames::of(&data_set, syntax.as_str())
            .unwrap()
            .unwrap();
        let count = frames.count();
        let area = [frames.image.columns / 5, frames.image.rows / 6, 90, 40].into();
        let region = Region {
            frames: Frames::Some(vec![count]),
            ..Region::on_all(Shape::Rectangle(area), Source::Policy(1))
        };
        let blanked = blank(&mut data_set, syntax.as_str(), &[region]).unwrap();
        let meta = Meta {
            sop_class_uid: data_set.uid(tags::SOP_CLASS_UID).unwrap().unwrap(),
            sop_instance_uid: data_set.uid(tags::SOP_INSTANCE_UID).unwrap().unwrap(),
            transfer_syntax_uid: syntax.clone(),
            source_ae_title: None,
        };
        assert_eq!(blanked.pixels.transfer_syntax, None, "{name}");
        let changed = folder.path().join("changed.dcm");
        std::fs::write(&changed, part10::write(&meta, &data_set).unwrap()).unwrap();
        let Some(before) = decoded(tool, &path, &folder.path().join("a.dcm")) else {
            continue;
        };
        let after = decoded(tool, &changed, &folder.path().join("b.dcm")).unwrap();
        let of = |file: &part10::File| {
            let syntax = file.opening.transfer_syntax_uid.as_str();
            PixelFrames::of(&file.data_set, syntax).unwrap().unwrap()
        };
        let (before, after) = (of(&before), of(&after));
        assert_eq!((before.count(), after.count()), (count, count), "{name}");
        let covered = &blanked.pixels.frames[0].covered;
        // What two decoders make of the same irreversible wavelets.
        let tolerance = if syntax.as_str() == JPEG_2000 { 2 } else { 0 };
        for number in 1..=count.min(40) {
            let (a, b) = (
                before.decoded(number).unwrap(),
                after.decoded(number).unwrap(),
            );
            assert_eq!(a.image.photometric, b.image.photometric, "{name}");
            let size = usize::from(a.image.samples_per_pixel) * usize::from(a.image.sample_bytes());
            let mut inside = Vec::new();
            for (at, (old, new)) in (0_u32..).zip(a.data.chunks(size).zip(b.data.chunks(size))) {
                let (x, y) = (at % a.image.columns, at / a.image.columns);
                let is_in = |margin: u32| {
                    covered.iter().any(|one| {
                        let one = one.widened(margin);
                        (one.x..one.right()).contains(&x) && (one.y..one.bottom()).contains(&y)
                    })
                };
                if number != count || !is_in(margin) {
                    let far = old
                        .iter()
                        .zip(new)
                        .map(|(old, new)| old.abs_diff(*new))
                        .max();
                    let far = far.unwrap_or(0);
                    assert!(far <= tolerance, "{name}, frame {number} at {x} {y}: {far}");
                }
                let area: sagittal_deid::pixels::Rectangle = area;
                if number == count
                    && (area.x + 2..area.right().min(a.image.columns) - 2).contains(&x)
                    && (area.y + 2..area.bottom().min(a.image.rows) - 2).contains(&y)
                {
                    inside.push(new);
                }
            }
            inside.dedup();
            assert!(
                number != count || inside.len() == 1,
                "{name}: {:?}",
                &inside[..inside.len().min(3)]
            );
        }
        seen += 1;
    }
    eprintln!("{seen} files");
    assert!(seen > 0 || sagittal_testkit::data().is_none());
}
