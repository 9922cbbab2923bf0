#![allow(clippy::unwrap_used)]
use bytes::Bytes;
use sagittal_core::{DataSet, Element, Fragments, Tag, Value, Vr, tags, transfer_syntax as ts};
use sagittal_file::{read, write};

use super::*;
use crate::{Error, Frame, ImagePixel, Photometric, SampleKind};

const EXPLICIT: &str = ts::EXPLICIT_VR_LITTLE_ENDIAN;
const RLE: &str = ts::RLE_LOSSLESS;
const TRAILING: Tag = Tag(0xFFFC, 0xFFFC);

fn object(frames: u16, bits_allocated: u16, bits_stored: u16, pixels: Vec<u8>) -> DataSet {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.7");
    data_set.put_text(tags::SOP_INSTANCE_UID, "1.2.3");
    data_set.put_text(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\OTHER");
    data_set.put_u16(tags::SAMPLES_PER_PIXEL, &[1]);
    data_set.put_text(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2");
    data_set.put_text(tags::NUMBER_OF_FRAMES, &frames.to_string());
    data_set.put_u16(tags::ROWS, &[4]);
    data_set.put_u16(tags::COLUMNS, &[6]);
    data_set.put_u16(tags::BITS_ALLOCATED, &[bits_allocated]);
    data_set.put_u16(tags::BITS_STORED, &[bits_stored]);
    data_set.put_u16(tags::HIGH_BIT, &[bits_stored - 1]);
    data_set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
    let vr = if bits_allocated > 8 { Vr::OW } else { Vr::OB };
    data_set.put_bytes(tags::PIXEL_DATA, vr, pixels);
    data_set.put_bytes(TRAILING, Vr::OB, vec![0; 10]);
    data_set
}

fn written(data_set: &DataSet, syntax: &str) -> Vec<u8> {
    let mut out = Vec::new();
    write::write_data_set(data_set, syntax, &mut out).unwrap();
    out
}

fn read_back(bytes: Vec<u8>, syntax: &str) -> DataSet {
    let limits = sagittal_core::Limits::default();
    let (data_set, findings) = read::read_data_set(&bytes.into(), syntax, limits).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    data_set
}

fn converted(bytes: &[u8], from: &str, to: &str) -> (DataSet, Outcome) {
    let mut out = Vec::new();
    let outcome = transcode(bytes, 0, from, to, &Options::default(), &mut out).unwrap();
    (read_back(out, to), outcome)
}

fn fragments(data_set: &DataSet) -> Fragments {
    let Some(Value::Fragments(fragments)) = data_set.get(tags::PIXEL_DATA).map(|e| &e.value) else {
        panic!("no fragments")
    };
    fragments.clone()
}

#[test]
fn frames_have_an_offset_table_and_what_is_behind_them_stays() {
    let pixels: Vec<u8> = (0..3 * 24).collect();
    let source = object(3, 8, 8, pixels.clone());
    for native in [
        EXPLICIT,
        ts::IMPLICIT_VR_LITTLE_ENDIAN,
        ts::EXPLICIT_VR_BIG_ENDIAN,
    ] {
        let (compressed, outcome) = converted(&written(&source, native), native, RLE);
        assert_eq!(outcome.frames, 3);
        assert_eq!(outcome.new_sop_instance_uid, None);
        let parts = fragments(&compressed);
        let mut at = 0;
        for (offset, fragment) in parts.offset_table.iter().zip(&parts.fragments) {
            assert_eq!(*offset, at);
            at += 8 + u32::try_from(fragment.len()).unwrap();
        }
        assert_eq!(parts.fragments.len(), 3);
        assert!(compressed.contains(TRAILING));
        let (back, _) = converted(&written(&compressed, RLE), RLE, EXPLICIT);
        assert_eq!(back, source, "{native}");
    }
}

#[test]
fn without_room_for_all_frames_there_is_no_offset_table() {
    let source = written(&object(40, 8, 8, vec![7; 40 * 24]), EXPLICIT);
    let options = Options {
        limits: Limits {
            held_bytes: 64,
            ..Limits::default()
        },
        ..Options::default()
    };
    let mut out = Vec::new();
    transcode(&source[..], 0, EXPLICIT, RLE, &options, &mut out).unwrap();
    let parts = fragments(&read_back(out, RLE));
    assert_eq!((parts.offset_table.len(), parts.fragments.len()), (0, 40));
}

#[test]
fn bounds_are_errors() {
    let source = written(&object(1, 8, 8, vec![7; 24]), EXPLICIT);
    let failed = |limits| {
        let options = Options {
            limits,
            ..Options::default()
        };
        transcode(&source[..], 0, EXPLICIT, RLE, &options, &mut Vec::new()).unwrap_err()
    };
    let frame = failed(Limits {
        frame_bytes: 23,
        ..Limits::default()
    });
    assert!(
        matches!(frame, Error::TooLarge { limit: 23, .. }),
        "{frame}"
    );
    let header = failed(Limits {
        header_bytes: 100,
        ..Limits::default()
    });
    assert!(
        matches!(header, Error::TooLarge { limit: 100, .. }),
        "{header}"
    );
}

#[test]
fn frames_of_single_bits_are_packed_bit_to_bit_again() {
    // 24 bits a frame would be whole bytes; 5 × 5 = 25 are not.
    let mut source = object(3, 1, 1, vec![0b1010_1010; 10]);
    source.put_u16(tags::ROWS, &[5]);
    source.put_u16(tags::COLUMNS, &[5]);
    let mut bits = vec![0b1010_1010; 9];
    bits.push(0b010);
    source.put_bytes(tags::PIXEL_DATA, Vr::OB, bits);
    let deflated = ts::DEFLATED_IMAGE_FRAME_COMPRESSION;
    let (compressed, _) = converted(&written(&source, EXPLICIT), EXPLICIT, deflated);
    let (back, _) = converted(&written(&compressed, deflated), deflated, EXPLICIT);
    assert_eq!(back, source);
}

#[test]
fn overlays_in_unused_bits_get_elements_of_their_own() {
    let words: Vec<u16> = (0..24).map(|n| n | u16::from(n % 3 == 0) << 12).collect();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut source = object(1, 16, 12, bytes);
    source.put_u16(Tag(0x6000, 0x0010), &[4]);
    source.put_u16(Tag(0x6000, 0x0011), &[6]);
    source.put_u16(Tag(0x6000, 0x0100), &[16]);
    source.put_u16(Tag(0x6000, 0x0102), &[12]);
    let (compressed, _) = converted(&written(&source, EXPLICIT), EXPLICIT, RLE);
    assert_eq!(compressed.int(Tag(0x6000, 0x0100)), Some(1));
    assert_eq!(compressed.int(Tag(0x6000, 0x0102)), Some(0));
    let data = compressed.bytes(Tag(0x6000, 0x3000)).unwrap();
    let expected = [0b0100_1001, 0b1001_0010, 0b0010_0100];
    assert_eq!(data[..3], expected);
}

#[test]
fn compressed_icons_become_native() {
    let image = ImagePixel {
        rows: 2,
        columns: 2,
        samples_per_pixel: 1,
        photometric: Photometric::Monochrome2,
        is_by_plane: false,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        is_signed: false,
        kind: SampleKind::Integer,
    };
    let frame = Frame::new(image, vec![1, 2, 3, 4]).unwrap();
    let encoded = codec::encode(RLE, &frame, &codec::EncodeOptions::default()).unwrap();
    let mut icon = object(1, 8, 8, vec![]);
    icon.put_u16(tags::ROWS, &[2]);
    icon.put_u16(tags::COLUMNS, &[2]);
    icon.remove(TRAILING);
    icon.put(Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::Fragments(Fragments {
            offset_table: vec![],
            fragments: vec![Bytes::from(encoded.bytes)],
        }),
    });
    let (mut source, _) = converted(
        &written(&object(1, 8, 8, vec![9; 24]), EXPLICIT),
        EXPLICIT,
        RLE,
    );
    source.put_items(tags::ICON_IMAGE_SEQUENCE, vec![icon]);
    for to in [EXPLICIT, ts::DEFLATED_IMAGE_FRAME_COMPRESSION] {
        let (out, _) = converted(&written(&source, RLE), RLE, to);
        let icon = &out.items(tags::ICON_IMAGE_SEQUENCE)[0];
        assert_eq!(icon.bytes(tags::PIXEL_DATA).unwrap()[..], [1, 2, 3, 4]);
    }
}

#[test]
fn an_instance_without_pixels_changes_its_encoding_only() {
    let mut report = DataSet::new();
    report.put_text(tags::SOP_INSTANCE_UID, "1.2.3");
    report.put_text(tags::MODALITY, "SR");
    let (out, outcome) = converted(&written(&report, RLE), RLE, ts::IMPLICIT_VR_LITTLE_ENDIAN);
    assert_eq!(out, report);
    assert_eq!(outcome.frames, 0);
    let (out, _) = converted(&written(&report, EXPLICIT), EXPLICIT, RLE);
    assert_eq!(out, report);
}

#[test]
fn between_deflated_and_compressed_nothing_is_lost() {
    let source = object(2, 16, 16, (0..96).collect());
    let deflated = ts::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
    let (compressed, _) = converted(&written(&source, deflated), deflated, RLE);
    let (back, _) = converted(&written(&compressed, RLE), RLE, deflated);
    assert_eq!(back, source);
}

#[test]
fn what_a_change_takes_is_known_beforehand() {
    assert_eq!(
        change(EXPLICIT, "1.2.840.10008.1.2.1\0"),
        Some(Change::Nothing)
    );
    assert_eq!(
        change(EXPLICIT, ts::IMPLICIT_VR_LITTLE_ENDIAN),
        Some(Change::Encoding)
    );
    assert_eq!(change(EXPLICIT, RLE), Some(Change::Lossless));
    assert_eq!(change(ts::MPEG2_MPML, EXPLICIT), None);
    assert_eq!(change(EXPLICIT, ts::MPEG2_MPML), None);
    assert_eq!(change("1.2.3.4", EXPLICIT), None);
}

#[test]
fn a_lossy_instance_has_the_same_new_uid_each_time() {
    let options = codec::EncodeOptions::default();
    let uid = lossy_uid("1.2.3\0", ts::JPEG_BASELINE_8_BIT, &options);
    assert_eq!(uid, lossy_uid("1.2.3", ts::JPEG_BASELINE_8_BIT, &options));
    assert_ne!(uid, lossy_uid("1.2.4", ts::JPEG_BASELINE_8_BIT, &options));
    let other = codec::EncodeOptions {
        quality: 50,
        ..options
    };
    assert_ne!(uid, lossy_uid("1.2.3", ts::JPEG_BASELINE_8_BIT, &other));
    assert!(uid.as_str().starts_with("2.25.") && uid.is_valid());
}

#[test]
fn what_is_stored_is_preferred_then_what_leaves_pixels_alone() {
    let ranks = |from: &str, to: &[&str]| -> Vec<Option<usize>> {
        to.iter().map(|to| rank(from, to)).collect()
    };
    let implicit = ts::IMPLICIT_VR_LITTLE_ENDIAN;
    let order = ranks(
        implicit,
        &[implicit, EXPLICIT, ts::EXPLICIT_VR_BIG_ENDIAN, RLE],
    );
    assert!(
        order.is_sorted() && order.iter().all(Option::is_some),
        "{order:?}"
    );
    let order = ranks(RLE, &[RLE, EXPLICIT, implicit, ts::EXPLICIT_VR_BIG_ENDIAN]);
    assert!(
        order.is_sorted() && order.iter().all(Option::is_some),
        "{order:?}"
    );
    assert_eq!(rank(EXPLICIT, ts::JPEG_BASELINE_8_BIT), None);
    assert_eq!(rank(ts::MPEG2_MPML, EXPLICIT), None);
}
