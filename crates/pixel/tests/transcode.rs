//! Real files to every transfer syntax that can be encoded, and back.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use sagittal_core::transfer_syntax as ts;
use sagittal_file::part10;
use sagittal_pixel::transcode::{Change, Limits, Options, Stored, change, compare, transcode};
use sagittal_pixel::{Error, codec};

/// Larger files are left to other tests.
const LARGEST: u64 = 1 << 20;

fn files() -> Vec<PathBuf> {
    let Some(data) = sagittal_testkit::data() else {
        return Vec::new();
    };
    let manifest = std::fs::read_to_string(data.join("MANIFEST.tsv")).unwrap();
    // One of each SOP class, transfer syntax, depth and color.
    let mut kinds = std::collections::BTreeMap::new();
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let is_broken = ["malformed/", "codestreams/"]
            .iter()
            .any(|folder| fields[0].starts_with(folder));
        let path = data.join(fields[0]);
        if !is_broken && path.metadata().is_ok_and(|meta| meta.len() <= LARGEST) {
            let kind = [fields[6], fields[9], fields[10], fields[11]].join(" ");
            kinds.entry(kind).or_insert(path);
        }
    }
    kinds.into_values().collect()
}

#[test]
fn lossless_syntaxes_keep_every_pixel_of_real_files() {
    let files = files();
    let mut counts = std::collections::BTreeMap::<&str, (u32, u32)>::new();
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        let Ok(opening) = part10::open(&bytes) else {
            continue;
        };
        let from = opening.transfer_syntax_uid.as_str();
        let offset = opening.data_set_offset;
        let native = [ts::EXPLICIT_VR_LITTLE_ENDIAN, ts::EXPLICIT_VR_BIG_ENDIAN];
        let lossless = [
            ts::RLE_LOSSLESS,
            ts::DEFLATED_IMAGE_FRAME_COMPRESSION,
            ts::JPEG_LOSSLESS_SV1,
            ts::JPEG_LS_LOSSLESS,
            ts::JPEG_2000_LOSSLESS,
            ts::HTJ2K_LOSSLESS,
            ts::HTJ2K_LOSSLESS_RPCL,
            ts::JPEG_XL_LOSSLESS,
        ];
        for to in native.into_iter().chain(lossless) {
            if change(from, to) != Some(Change::Lossless) {
                continue;
            }
            let (done, refused) = counts.entry(to).or_default();
            let mut out = Vec::new();
            let options = Options::default();
            match transcode(&bytes[..], offset, from, to, &options, &mut out) {
                Ok(_) => {}
                // What this codec cannot hold, and streams that are broken.
                Err(Error::Unsupported { .. } | Error::Stream { .. } | Error::Length { .. }) => {
                    *refused += 1;
                    continue;
                }
                Err(Error::Description { .. } | Error::Missing { .. } | Error::Mismatch { .. }) => {
                    *refused += 1;
                    continue;
                }
                Err(error) => panic!("{}: {from} to {to}: {error}", path.display()),
            }
            let before = Stored {
                source: &bytes[..],
                data_set_offset: offset,
                transfer_syntax: from,
            };
            let after = Stored {
                source: &out[..],
                data_set_offset: 0,
                transfer_syntax: to,
            };
            let difference = compare(before, after, Limits::default())
                .unwrap_or_else(|error| panic!("{}: {from} to {to}: {error}", path.display()));
            assert!(
                difference.is_none(),
                "{}: {from} to {to}: {difference:?}",
                path.display()
            );
            *done += 1;
        }
    }
    for (to, (done, refused)) in &counts {
        println!("{to}: {done} kept, {refused} refused");
        assert!(done > refused, "{to}: {done} of {}", done + refused);
    }
    assert!(files.is_empty() || codec::can_encode(ts::RLE_LOSSLESS) && counts.len() >= 3);
}
