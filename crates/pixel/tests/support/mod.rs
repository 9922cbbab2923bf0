//! Real files for the tests, and frames of those that are not compressed.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use sagittal_core::{DataSet, Limits, Value, tags};
use sagittal_file::part10;
use sagittal_pixel::{Frame, ImagePixel, Photometric};

/// The folder of real files, if there is one.
pub fn data() -> Option<PathBuf> {
    let named = std::env::var_os("SAGITTAL_TEST_DATA").map(PathBuf::from);
    let parents = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|parent| parent.join("shared/data"));
    let found = named
        .into_iter()
        .chain(parents)
        .find(|folder| folder.is_dir());
    missing(found.is_none(), "test files (SAGITTAL_TEST_DATA)");
    found
}

/// Says loudly that something is missing, and fails where nothing may be.
pub fn missing(is_missing: bool, what: &str) {
    if is_missing {
        assert!(
            std::env::var_os("SAGITTAL_TEST_STRICT").is_none(),
            "missing: {what}"
        );
        eprintln!("SKIPPED: missing {what}");
    }
}

/// Reads a file's data set.
pub fn open(path: &Path) -> DataSet {
    let bytes = std::fs::read(path).unwrap();
    part10::read(&bytes.into(), Limits::default())
        .unwrap()
        .data_set
}

/// One frame (from 1) of pixel data that are not compressed; `None` for others.
pub fn native_frame(data_set: &DataSet, number: u32) -> Option<Frame> {
    let element = [
        tags::PIXEL_DATA,
        tags::FLOAT_PIXEL_DATA,
        tags::DOUBLE_FLOAT_PIXEL_DATA,
    ]
    .into_iter()
    .find_map(|tag| data_set.get(tag))?;
    let Value::Bytes(bytes) = &element.value else {
        return None;
    };
    let mut image = ImagePixel::of(data_set).ok()?;
    let at = usize::try_from(number - 1).ok()?;
    let samples = usize::try_from(image.samples()).ok()?;
    let data: Vec<u8> = if image.bits_allocated == 1 {
        (at * samples..(at + 1) * samples)
            .map(|bit| bytes.get(bit / 8).map(|byte| byte >> (bit % 8) & 1))
            .collect::<Option<_>>()?
    } else if image.photometric == Photometric::YbrFull422 {
        image.photometric = Photometric::YbrFull;
        let length = samples * 2 / 3;
        bytes
            .get(at * length..(at + 1) * length)?
            .chunks_exact(4)
            .flat_map(|four| [four[0], four[2], four[3], four[1], four[2], four[3]])
            .collect()
    } else {
        let length = samples * usize::from(image.sample_bytes());
        bytes.get(at * length..(at + 1) * length)?.to_vec()
    };
    let data = if image.is_by_plane {
        image.is_by_plane = false;
        let width = usize::from(image.sample_bytes());
        let plane = data.len() / usize::from(image.samples_per_pixel);
        (0..plane / width)
            .flat_map(|pixel| {
                (0..usize::from(image.samples_per_pixel))
                    .map(move |channel| channel * plane + pixel * width)
            })
            .flat_map(|start| data[start..start + width].to_vec())
            .collect()
    } else {
        data
    };
    Frame::new(image, data).ok()
}
