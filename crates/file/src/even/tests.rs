#![allow(clippy::unwrap_used)]
use sagittal_core::{DataSet, Value};

use super::*;
use crate::encoding::{
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN as DEFLATED, EXPLICIT_VR_BIG_ENDIAN as BIG,
    EXPLICIT_VR_LITTLE_ENDIAN as EXPLICIT, IMPLICIT_VR_LITTLE_ENDIAN as IMPLICIT,
};
use crate::read::read_data_set;

const JPEG: &str = "1.2.840.10008.1.2.4.50";

/// Mends in one piece and in small ones, which must be the same.
fn mend(bytes: &[u8], uid: &str) -> Vec<u8> {
    let whole = mended(bytes, uid);
    for size in [1, 3, 7, 64, 1000] {
        let mut survey = Survey::new(uid, bytes.len() as u64);
        while let Some(wanted) = survey.wanted() {
            survey.take(&bytes[wanted.start as usize..wanted.end as usize]);
        }
        let mut mender = survey.finish();
        let mut out = Vec::new();
        for chunk in bytes.chunks(size) {
            mender.pass(chunk, &mut |piece| match piece {
                Piece::Kept(range) => out.extend_from_slice(&chunk[range]),
                Piece::New(new) => out.extend_from_slice(new),
            });
        }
        mender.end(&mut |piece| match piece {
            Piece::Kept(_) => panic!("kept what was not given"),
            Piece::New(new) => out.extend_from_slice(new),
        });
        assert_eq!(out, whole, "in pieces of {size}");
    }
    whole
}

/// An element of a short or long explicit header, little endian.
fn element(group: u16, number: u16, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let mut bytes = [group.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.extend(vr);
    if Vr::from_bytes(*vr).unwrap().has_long_length() {
        bytes.extend([0, 0]);
        bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    } else {
        bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
    }
    bytes.extend(value);
    bytes
}

fn item(content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xFE, 0xFF, 0, 0xE0];
    bytes.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
    bytes.extend(content);
    bytes
}

const DELIMITER: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];

/// Encapsulated pixel data.
fn pixel_data(table: &[u32], fragments: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![
        0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
    ];
    let table: Vec<u8> = table.iter().flat_map(|at| at.to_le_bytes()).collect();
    bytes.extend(item(&table));
    for fragment in fragments {
        bytes.extend(item(fragment));
    }
    bytes.extend(DELIMITER);
    bytes
}

#[test]
fn an_odd_value_gets_its_padding_and_its_length() {
    let odd = element(0x10, 0x20, b"LO", b"ABC");
    assert_eq!(mend(&odd, EXPLICIT), element(0x10, 0x20, b"LO", b"ABC "));
    let odd = element(0x08, 0x18, b"UI", b"1.2.3");
    assert_eq!(mend(&odd, EXPLICIT), element(0x08, 0x18, b"UI", b"1.2.3\0"));
    let big = b"\0\x10\0\x20LO\0\x03ABC";
    assert_eq!(mend(big, BIG), b"\0\x10\0\x20LO\0\x04ABC ");
    let implicit = b"\x10\0\x20\0\x03\0\0\0ABC";
    assert_eq!(mend(implicit, IMPLICIT), b"\x10\0\x20\0\x04\0\0\0ABC ");
    assert_eq!(mend(b"odd", DEFLATED), b"odd\0");
    let even = element(0x10, 0x20, b"LO", b"ABCD");
    assert_eq!(mend(&even, EXPLICIT), even);
}

#[test]
fn lengths_of_items_sequences_and_groups_grow_with_what_is_in_them() {
    let build = |[text, name, id]: [&[u8]; 3], group: u32| {
        let inner = [
            element(0x08, 0x0000, b"UL", &(group - 30).to_le_bytes()),
            element(0x08, 0x1150, b"UI", text),
        ]
        .concat();
        let deep = element(0x08, 0x1140, b"SQ", &item(&inner));
        let mut open = vec![8, 0, 0x15, 0x11, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
        open.extend(item(&deep));
        open.extend(DELIMITER);
        [
            element(0x08, 0x0000, b"UL", &group.to_le_bytes()),
            open,
            element(0x10, 0x10, b"PN", name),
            element(0x10, 0x20, b"LO", id),
        ]
        .concat()
    };
    let odd = build([b"1.2.3", b"Doe", b"A"], 100);
    let expected = build([b"1.2.3\0", b"Doe ", b"A "], 101);
    assert_eq!(mend(&odd, EXPLICIT), expected);
}

#[test]
fn a_value_that_outgrows_a_short_length_field_becomes_unknown() {
    let odd = element(0x08, 0x0119, b"LO", &[b'x'; 65_535]);
    let tail = element(0x10, 0x10, b"PN", b"Doe^");
    let mended = mend(&[odd, tail.clone()].concat(), EXPLICIT);
    let mut value = vec![b'x'; 65_535];
    value.push(b' ');
    assert_eq!(
        mended,
        [element(0x08, 0x0119, b"UN", &value), tail].concat()
    );
}

#[test]
fn offset_tables_follow_fragments_that_become_longer() {
    let fragments: [&[u8]; 5] = [b"abc", b"de", b"fghij", b"k", b"lm"];
    let at = [0, 11, 21, 34, 43];
    let even: [&[u8]; 5] = [b"abc\0", b"de", b"fghij\0", b"k\0", b"lm"];
    let moved = [0, 12, 22, 36, 46];
    let frames = [0usize, 2, 4];
    let pick = |offsets: [u32; 5]| frames.map(|frame| offsets[frame]);
    let odd = pixel_data(&pick(at), &fragments);
    assert_eq!(mend(&odd, JPEG), pixel_data(&pick(moved), &even));

    let extended = |offsets: [u32; 5]| {
        let table: Vec<u8> = pick(offsets)
            .iter()
            .flat_map(|at| u64::from(*at).to_le_bytes())
            .collect();
        element(0x7FE0, 1, b"OV", &table)
    };
    let odd = [extended(at), pixel_data(&[], &fragments)].concat();
    let expected = [extended(moved), pixel_data(&[], &even)].concat();
    assert_eq!(mend(&odd, JPEG), expected);

    // An icon has a table of its own; that of the root is not touched by it.
    let icon = element(
        0x88,
        0x200,
        b"SQ",
        &item(&pixel_data(&[0, 11], &[b"abc", b"de"])),
    );
    let even_icon = element(
        0x88,
        0x200,
        b"SQ",
        &item(&pixel_data(&[0, 12], &[b"abc\0", b"de"])),
    );
    let root = pixel_data(&[0, 10], &[b"no", b"no"]);
    let odd = [icon, root.clone()].concat();
    assert_eq!(mend(&odd, JPEG), [even_icon, root].concat());
}

#[test]
fn what_cannot_be_mended_gets_a_zero_behind_its_end() {
    for (bytes, uid) in [
        (&b"\x10\0\x20\0LO\x09\0ABC"[..], EXPLICIT),
        (&[0xFF; 33], EXPLICIT),
        (&[0xFF; 33], IMPLICIT),
        (&[1; 101], JPEG),
        (&b"\x10"[..], EXPLICIT),
    ] {
        let mended = mend(bytes, uid);
        assert_eq!(mended.len() % 2, 0);
        assert!(mended.len() <= bytes.len() + 2);
    }
    assert_eq!(mend(b"", EXPLICIT), b"");
    // A survey that is given less than it wanted.
    let mut survey = Survey::new(EXPLICIT, 1001);
    survey.take(b"\x10\0\x20\0LO\x03\0ABC");
    assert_eq!(survey.wanted(), None);
}

#[test]
fn a_survey_sees_headers_only() {
    // 3 GB of pixels, of which nothing is read.
    let length = 3_000_000_001u32;
    let head = [
        element(0x10, 0x20, b"LO", b"AB"),
        vec![0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0],
        length.to_le_bytes().to_vec(),
    ]
    .concat();
    let total = head.len() as u64 + u64::from(length);
    let mut survey = Survey::new(EXPLICIT, total);
    let mut seen = 0;
    while let Some(wanted) = survey.wanted() {
        let mut bytes = vec![0; (wanted.end - wanted.start) as usize];
        if wanted.start == 0 {
            bytes[..head.len()].copy_from_slice(&head);
        }
        seen += bytes.len();
        survey.take(&bytes);
    }
    assert!(seen < 1 << 20, "{seen}");
    let mut mender = survey.finish();
    let mut out = Vec::new();
    mender.pass(&head, &mut |piece| match piece {
        Piece::Kept(range) => out.extend_from_slice(&head[range]),
        Piece::New(new) => out.extend_from_slice(new),
    });
    assert_eq!(out[out.len() - 4..], (length + 1).to_le_bytes());
    assert_eq!(out.len(), head.len());
    let mut kept = 0u64;
    let zeros = vec![0; 1 << 20];
    let mut left = u64::from(length);
    while left > 0 {
        let count = left.min(zeros.len() as u64);
        mender.pass(&zeros[..count as usize], &mut |piece| match piece {
            Piece::Kept(range) => kept += range.len() as u64,
            Piece::New(_) => panic!("in the middle"),
        });
        left -= count;
    }
    assert_eq!(kept, u64::from(length));
    let mut end = Vec::new();
    mender.end(&mut |piece| {
        if let Piece::New(new) = piece {
            end.extend_from_slice(new);
        }
    });
    assert_eq!(end, [0]);
}

/// A generator of numbers that only looks random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// Elements with values of all lengths, in items of defined and undefined length.
fn random(numbers: &mut Numbers, depth: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..numbers.below(6) {
        let number = 0x1000 + u16::try_from(number).unwrap();
        if depth < 4 && numbers.below(3) == 0 {
            let items: Vec<u8> = (0..numbers.below(3))
                .flat_map(|_| item(&random(numbers, depth + 1)))
                .collect();
            if numbers.below(2) == 0 {
                bytes.extend(element(9, number, b"SQ", &items));
            } else {
                bytes.extend([9, 0]);
                bytes.extend(number.to_le_bytes());
                bytes.extend(*b"SQ\0\0\xFF\xFF\xFF\xFF");
                bytes.extend(items);
                bytes.extend(DELIMITER);
            }
        } else {
            let vr = [b"LO", b"UI", b"OB", b"UT"][numbers.below(4) as usize];
            let value = vec![b'1'; numbers.below(9) as usize];
            bytes.extend(element(9, number, vr, &value));
        }
    }
    bytes
}

/// The same with every value padded.
fn padded(data_set: &DataSet) -> DataSet {
    let mut all = DataSet::new();
    for element in data_set.elements() {
        let mut element = element.clone();
        match &mut element.value {
            Value::Bytes(bytes) if bytes.len() % 2 == 1 => {
                let mut longer = bytes.to_vec();
                longer.push(element.vr.padding());
                *bytes = longer.into();
            }
            Value::Sequence(items) => items.iter_mut().for_each(|item| *item = padded(item)),
            _ => {}
        }
        all.put(element);
    }
    all
}

#[test]
fn data_sets_of_every_shape_say_the_same_when_mended() {
    let mut numbers = Numbers(7);
    let mut odd = 0;
    for _ in 0..400 {
        let bytes = random(&mut numbers, 0);
        odd += bytes.len() % 2;
        let (before, _) =
            read_data_set(&bytes.clone().into(), EXPLICIT, Limits::default()).unwrap();
        let mended = mend(&bytes, EXPLICIT);
        assert_eq!(mended.len() % 2, 0);
        let (after, findings) = read_data_set(&mended.into(), EXPLICIT, Limits::default()).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
        assert!(after == padded(&before));
    }
    assert!(odd > 100);
}

#[test]
fn spoiled_data_sets_come_out_even_whatever_is_wrong_with_them() {
    let mut numbers = Numbers(3);
    for _ in 0..1500 {
        let mut bytes = random(&mut numbers, 0);
        bytes.extend(pixel_data(&[0, 11], &[b"abc", b"de"]));
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(bytes.len() as u64) as usize;
            match numbers.below(4) {
                0 => bytes.truncate(at + 1),
                1 => bytes[at] = 0xFF,
                2 => bytes[at] = numbers.below(256) as u8,
                _ => {
                    let end = (at + 9).min(bytes.len());
                    bytes.extend_from_within(at..end);
                }
            }
        }
        for uid in [EXPLICIT, IMPLICIT, BIG, DEFLATED, JPEG] {
            let mended = mended(&bytes, uid);
            assert_eq!(mended.len() % 2, 0, "{uid} {bytes:?}");
            assert!(mended.len() < 2 * bytes.len() + 8);
        }
    }
}
