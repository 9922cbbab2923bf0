//! Pictures of real files against pydicom's LUT functions: equal to within one grey.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::Command;

use sagittal_core::tags;
use sagittal_pixel::render::{IccProfile, Options, Pixels, render};
use support::{Instance, data, missing};

/// Writes frame 1 as pydicom shows it, greys or colors of 8 bits, to the second argument.
const SCRIPT: &str = r"
import sys, warnings
import numpy as np, pydicom
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
warnings.simplefilter('ignore')
ds = pydicom.dcmread(sys.argv[1])
px = ds.pixel_array
if int(ds.get('NumberOfFrames') or 1) > 1:
    px = px[0]
if ds.PhotometricInterpretation == 'PALETTE COLOR':
    out = apply_color_lut(px, ds)
    if out.max() > 255 or ds.RedPaletteColorLookupTableDescriptor[2] > 8:
        out = out >> 8
else:
    values = apply_modality_lut(px, ds)
    if 'VOILUTSequence' in ds:
        low, high = 0, 2 ** ds.VOILUTSequence[0].LUTDescriptor[2] - 1
    elif 'ModalityLUTSequence' in ds:
        low, high = 0, 2 ** ds.ModalityLUTSequence[0].LUTDescriptor[2] - 1
    elif ds.PixelRepresentation:
        low, high = -(2 ** (ds.BitsStored - 1)), 2 ** (ds.BitsStored - 1) - 1
    else:
        low, high = 0, 2 ** ds.BitsStored - 1
    if 'VOILUTSequence' not in ds and ds.get('RescaleSlope') is not None:
        low = low * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
        high = high * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
    shown = apply_voi_lut(values, ds).astype('f8')
    out = np.clip((shown - low) / (high - low), 0, 1)
    if ds.PhotometricInterpretation == 'MONOCHROME1':
        out = 1 - out
    out = np.rint(out * 255)
open(sys.argv[2], 'wb').write(out.astype('u1').tobytes())
";

fn has_pydicom() -> bool {
    let answer = Command::new("python3")
        .args(["-c", "import numpy, pydicom.pixels"])
        .output();
    let is_there = answer.is_ok_and(|answer| answer.status.success());
    missing(!is_there, "python3 with pydicom 3 and numpy");
    is_there
}

fn pydicom(path: &Path) -> Vec<u8> {
    let out = tempfile::NamedTempFile::new().unwrap();
    let answer = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(path)
        .arg(out.path())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&answer.stderr).into_owned();
    assert!(answer.status.success(), "{}: {error}", path.display());
    std::fs::read(out.path()).unwrap()
}

#[test]
fn pictures_are_those_of_the_lut_functions() {
    let Some(root) = data() else { return };
    if !has_pydicom() {
        return;
    }
    for name in [
        // A window; rescale and a window; a Modality LUT; a VOI LUT; MONOCHROME1; palettes.
        "compressed/wg04/mr1_unc.dcm",
        "compressed/tsmatrix/ctimage-orig.dcm",
        "images/orth-karstenhilbertrf.dcm",
        "series/raccoon-study/1000.dcm",
        "images/dwv-gdcm-cr-mono1-10-chest.dcm",
        "images/pyd-examples_palette.dcm",
        "images/orth-implicit-vr-us-palette.dcm",
    ] {
        let path = root.join(name);
        let instance = Instance::open(&path).unwrap();
        let mut header = instance.data_set.clone();
        header.remove(tags::PIXEL_PADDING_VALUE);
        let options = Options {
            icc_profile: IccProfile::Yes,
            no_overlays: true,
            no_shutters: true,
            keep_pixels: true,
            ..Options::default()
        };
        let picture = render(&header, 1, &instance.frame(1).unwrap(), &options).unwrap();
        let own = match picture.pixels {
            Pixels::Grey8(pixels) | Pixels::Rgb8(pixels) => pixels,
            Pixels::Grey16(_) => unreachable!(),
        };
        let theirs = pydicom(&path);
        assert_eq!(own.len(), theirs.len(), "{name}");
        let off = own.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(1), "{name}: {off:?}");
    }
}
