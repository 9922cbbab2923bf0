#![allow(clippy::unwrap_used, clippy::single_range_in_vec_init)] // stretches of bytes, often just one
use super::*;

const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const JPEG: &[u8] = b"\xFF\xD8\xFFabcd\xFF\xD9\0";

/// Encapsulated pixel data at offset 10, and the offsets of the fragments' items.
fn encapsulated(table: &[u32], fragments: &[&[u8]]) -> (Vec<u8>, Vec<u64>) {
    let mut bytes = vec![0; 10];
    let table: Vec<u8> = table.iter().flat_map(|entry| entry.to_le_bytes()).collect();
    let mut offsets = Vec::new();
    for item in std::iter::once(table.as_slice()).chain(fragments.iter().copied()) {
        offsets.push(bytes.len() as u64);
        bytes.extend_from_slice(&ITEM);
        bytes.extend_from_slice(&u32::try_from(item.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(item);
    }
    offsets.remove(0);
    bytes.extend_from_slice(&[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    (bytes, offsets)
}

fn table(bytes: &[u8], frames: u32) -> FrameTable {
    let description = Description {
        number_of_frames: frames,
        ..Description::default()
    };
    build(bytes, &description)
}

fn build(bytes: &[u8], description: &Description<'_>) -> FrameTable {
    let table =
        FrameTable::build(bytes, Location::Encapsulated { offset: 10 }, description).unwrap();
    assert_eq!(FrameTable::from_bytes(&table.to_bytes()).unwrap(), table);
    table
}

fn content(bytes: &[u8], table: &FrameTable, frame: u32) -> Vec<u8> {
    let ranges = table.frame(frame).into_iter();
    ranges
        .flat_map(|range| bytes[range.start as usize..range.end as usize].to_vec())
        .collect()
}

#[test]
fn native_frames_lie_side_by_side() {
    let native = |bits, length, frames| {
        let description = Description {
            number_of_frames: frames,
            frame_bits: bits,
            ..Description::default()
        };
        FrameTable::build(
            &[][..],
            Location::Native {
                offset: 100,
                length,
            },
            &description,
        )
        .unwrap()
    };
    let table = native(frame_bits(4, 4, 1, 16, "MONOCHROME2"), 96, 3);
    assert_eq!(table.frame(1), [132..164]);
    assert!(table.frame(3).is_empty() && table.is_byte_aligned() && !table.is_encapsulated());
    // Three frames of 9 bits in four bytes.
    let table = native(9, 4, 3);
    assert_eq!((table.frame(1), table.bit_offset(1)), (vec![101..103], 1));
    assert_eq!((table.frame(2), table.bit_offset(2)), (vec![102..104], 2));
    assert!(!table.is_byte_aligned());
    // A value that is too short, and one whose frames are of unknown size.
    assert_eq!(native(64, 12, 2).frame(1), [108..112]);
    assert!(native(64, 8, 2).frame(1).is_empty());
    assert_eq!(native(0, 20, 2).frame(1), [110..120]);
    assert_eq!(frame_bits(2, 4, 3, 8, "YBR_FULL_422"), 2 * 4 * 16);
}

#[test]
fn a_table_that_holds_is_used_and_one_that_lies_is_not() {
    let fragments: [&[u8]; 4] = [b"\xFF\xD8\xFFa", b"bb", b"\xFF\xD8\xFFc", b"dd"];
    let (bytes, offsets) = encapsulated(&[0, 22], &fragments);
    assert_eq!(offsets[2] - offsets[0], 22);
    let found = table(&bytes, 2);
    assert_eq!(content(&bytes, &found, 0), b"\xFF\xD8\xFFabb");
    assert_eq!(content(&bytes, &found, 1), b"\xFF\xD8\xFFcdd");
    assert!(!found.is_guess());
    for lie in [&[0, 10][..], &[5, 22], &[22, 0], &[0], &[0, 12, 22], &[]] {
        let (bytes, _) = encapsulated(lie, &fragments);
        let found = table(&bytes, 2);
        assert_eq!(content(&bytes, &found, 1), b"\xFF\xD8\xFFcdd", "{lie:?}");
    }
}

#[test]
fn an_extended_table_is_checked() {
    let (bytes, offsets) = encapsulated(&[], &[b"aaaa", b"bb", b"cc"]);
    let numbers = |numbers: &[u64]| {
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect::<Vec<_>>()
    };
    let starts: Vec<u64> = offsets.iter().map(|offset| offset - offsets[0]).collect();
    for (starts, lengths) in [
        (starts.clone(), vec![4, 2, 2]),
        (starts.clone(), vec![4, 2, 1]),
        (starts.clone(), vec![4, 2, 900]),
        (vec![0, 1, 2], vec![4, 2, 2]),
        (vec![u64::MAX, 1, 2], vec![4, 2, 2]),
        (vec![0], vec![4]),
    ] {
        let (starts, sizes) = (numbers(&starts), numbers(&lengths));
        let description = Description {
            number_of_frames: 3,
            extended_offset_table: &starts,
            extended_offset_table_lengths: &sizes,
            ..Description::default()
        };
        let found = build(&bytes, &description);
        assert_eq!(content(&bytes, &found, 1), b"bb");
        let last: &[u8] = if lengths == [4, 2, 1] { b"c" } else { b"cc" };
        assert_eq!(content(&bytes, &found, 2), last);
    }
}

#[test]
fn without_a_table_frames_begin_where_code_streams_do() {
    let (bytes, _) = encapsulated(&[], &[JPEG, JPEG, JPEG]);
    assert_eq!(content(&bytes, &table(&bytes, 3), 2), JPEG);
    let (one, two) = JPEG.split_at(5);
    let (bytes, _) = encapsulated(&[], &[one, two, JPEG, one, two]);
    let found = table(&bytes, 3);
    for frame in 0..3 {
        assert_eq!(content(&bytes, &found, frame), JPEG);
    }
    // All frames in one fragment, or in two.
    for fragments in [vec![JPEG.repeat(3)], vec![JPEG.repeat(2), JPEG.to_vec()]] {
        let fragments: Vec<&[u8]> = fragments.iter().map(Vec::as_slice).collect();
        let (bytes, _) = encapsulated(&[], &fragments);
        let found = table(&bytes, 3);
        for frame in 0..3 {
            assert_eq!(content(&bytes, &found, frame), JPEG, "{frame}");
        }
        assert!(found.frame(3).is_empty());
    }
}

#[test]
fn what_cannot_be_told_apart_is_said_to_be_so() {
    let (bytes, _) = encapsulated(&[], &[b"aa", b"bb", b"cc", b"dd"]);
    let found = table(&bytes, 2);
    assert!(found.is_guess());
    assert_eq!(content(&bytes, &found, 1), b"ccdd");
    let found = table(&bytes, 3);
    assert!(!found.is_addressable() && found.frame(0).is_empty() && found.all().len() == 4);
    let video = Description {
        number_of_frames: 100,
        is_video: true,
        ..Description::default()
    };
    assert!(!build(&bytes, &video).is_addressable());
    assert_eq!(content(&bytes, &table(&bytes, 1), 0), b"aabbccdd");
}

#[test]
fn a_cut_fragment_ends_with_the_bytes() {
    let (bytes, offsets) = encapsulated(&[], &[JPEG, JPEG]);
    let bytes = &bytes[..offsets[1] as usize + 12];
    assert_eq!(content(bytes, &table(bytes, 2), 1), &JPEG[..4]);
}

#[test]
fn no_pixel_data_make_an_empty_table() {
    let table = FrameTable::default();
    assert_eq!(FrameTable::from_bytes(&table.to_bytes()).unwrap(), table);
    assert!(table.to_bytes().is_empty() && table.frame(0).is_empty() && table.all().is_empty());
}

#[test]
fn broken_stored_tables_are_refused() {
    let (bytes, _) = encapsulated(&[], &[JPEG, JPEG, JPEG, JPEG]);
    let stored = table(&bytes, 2).to_bytes();
    for length in 1..stored.len() {
        assert!(FrameTable::from_bytes(&stored[..length]).is_err());
    }
    for at in 0..stored.len() {
        for bit in 0..8 {
            let mut broken = stored.clone();
            broken[at] ^= 1 << bit;
            if let Ok(table) = FrameTable::from_bytes(&broken) {
                table.frame(0);
                table.frame(u32::MAX);
                table.all();
            }
        }
    }
}
