#![allow(clippy::unwrap_used)]

use super::*;
use crate::SampleKind;

fn image(columns: u32, rows: u32, samples: u8, bits: u8) -> ImagePixel {
    ImagePixel {
        rows,
        columns,
        samples_per_pixel: samples,
        photometric: if samples == 3 {
            Photometric::Rgb
        } else {
            Photometric::Monochrome2
        },
        is_by_plane: false,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: bits - 1,
        is_signed: false,
        kind: SampleKind::Integer,
    }
}

/// A stream of segments, each filled to an even length.
fn stream(segments: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![0; HEADER];
    out[0] = segments.len() as u8;
    for (number, segment) in segments.iter().enumerate() {
        let at = 4 + 4 * number;
        let offset = (out.len() as u32).to_le_bytes();
        out[at..at + 4].copy_from_slice(&offset);
        out.extend_from_slice(segment);
        if out.len() % 2 == 1 {
            out.push(0);
        }
    }
    out
}

#[test]
fn the_highest_byte_is_the_first_plane() {
    let bytes = stream(&[&[1, 0x12, 0x34], &[255, 0x56]]);
    let frame = decode(&image(2, 1, 1, 16), &bytes, 100).unwrap();
    assert_eq!(frame.data, [0x56, 0x12, 0x56, 0x34]);
    assert_eq!(encode(&frame).unwrap().0, bytes);
}

#[test]
fn rows_are_coded_by_themselves() {
    let frame = Frame::new(image(4, 2, 1, 8), vec![9; 8]).unwrap();
    assert_eq!(encode(&frame).unwrap().0[HEADER..], [253, 9, 253, 9]);
}

#[test]
fn single_bits_are_packed() {
    let frame = Frame::new(image(9, 1, 1, 1), vec![1, 0, 0, 0, 0, 0, 0, 1, 1]).unwrap();
    let (bytes, said) = encode(&frame).unwrap();
    assert_eq!(bytes[HEADER..HEADER + 3], [1, 0x81, 0x01]);
    assert_eq!(decode(&said, &bytes, 100).unwrap(), frame);
}

#[test]
fn a_segment_may_go_on_or_lack_its_last_bytes() {
    let image = image(4, 1, 1, 8);
    let long = stream(&[&[3, 1, 2, 3, 4, 0, 5, 250, 6]]);
    assert_eq!(decode(&image, &long, 100).unwrap().data, [1, 2, 3, 4]);
    let beyond = stream(&[&[200, 7]]);
    assert_eq!(decode(&image, &beyond, 100).unwrap().data, [7; 4]);
    let short = stream(&[&[2, 1, 2, 3, 128, 128]]);
    assert_eq!(decode(&image, &short, 100).unwrap().data, [1, 2, 3, 0]);
    let shorter = stream(&[&[0, 1]]);
    assert!(matches!(
        decode(&image, &shorter, 100),
        Err(Error::Stream { .. })
    ));
}

#[test]
fn a_segment_that_the_next_offset_cuts_is_read_to_its_end() {
    let mut bytes = stream(&[&[3, 1, 2, 3, 4], &[253, 0]]);
    bytes[8] -= 2;
    bytes.truncate(HEADER + 6);
    bytes.extend([253, 0]);
    let mut image = image(4, 1, 1, 16);
    image.bits_stored = 8;
    bytes[8] = (HEADER + 4) as u8;
    // The first segment is cut after its third byte; the second begins inside of it.
    assert!(decode(&image, &bytes, 100).is_ok());
}

#[test]
fn offsets_may_count_from_the_end_of_the_header() {
    let mut bytes = stream(&[&[0, 1], &[0, 2]]);
    bytes[4] = 0;
    bytes[8] = 2;
    let frame = decode(&image(1, 1, 1, 16), &bytes, 100).unwrap();
    assert_eq!(frame.data, [2, 1]);
}

#[test]
fn segments_that_nobody_needs_are_left() {
    let bytes = stream(&[&[0, 1], &[0, 2]]);
    assert_eq!(decode(&image(1, 1, 1, 8), &bytes, 100).unwrap().data, [1]);
    assert!(matches!(
        decode(&image(1, 1, 3, 8), &bytes, 100),
        Err(Error::Mismatch {
            what: "segments",
            stream: 2,
            data_set: 3
        })
    ));
}

#[test]
fn nothing_is_allocated_for_a_stream_that_cannot_be() {
    let huge = image(65_535, 65_535, 1, 8);
    let bytes = stream(&[&[129, 0]]);
    assert!(matches!(
        decode(&huge, &bytes, u64::MAX),
        Err(Error::Stream { .. })
    ));
    assert!(matches!(
        decode(&huge, &bytes, 1000),
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn more_than_fifteen_segments_are_refused() {
    let frame = Frame::new(image(1, 1, 4, 32), vec![0; 16]).unwrap();
    assert!(matches!(encode(&frame), Err(Error::Unsupported { .. })));
}

proptest::proptest! {
    #[test]
    fn what_was_packed_is_unpacked(
        row in proptest::collection::vec(0_u8..3, 0..600),
        extra in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
    ) {
        let row = [row, extra].concat();
        let mut out = Vec::new();
        pack::pack(&row, &mut out);
        proptest::prop_assert!(out.len() <= row.len() + row.len().div_ceil(128));
        let mut plane = vec![0; row.len()];
        proptest::prop_assert_eq!(pack::unpack(&out, out.len(), &mut plane), row.len());
        proptest::prop_assert_eq!(plane, row);
    }
}
