#![allow(clippy::unwrap_used)]
use std::io;

use sagittal_core::{DataSet, tags};

use super::*;
use crate::encoding::{
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN as DEFLATED, EXPLICIT_VR_BIG_ENDIAN as BIG,
    EXPLICIT_VR_LITTLE_ENDIAN as EXPLICIT, IMPLICIT_VR_LITTLE_ENDIAN as IMPLICIT,
};
use crate::read::read_data_set;
use crate::write::write_data_set;

fn converted(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut out = Vec::new();
    convert(&mut &bytes[..], None, from, to, &mut out).unwrap();
    let mut again = Vec::new();
    // However the input comes.
    convert(
        &mut Trickle(bytes),
        Some(bytes.len() as u64),
        from,
        to,
        &mut again,
    )
    .unwrap();
    assert!(out == again);
    out
}

struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(977);
        self.0.read(&mut buffer[..length])
    }
}

fn sample(pixels: usize) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(Tag(0x0008, 0x1150), "1.2.3");
    item.put_u16(Tag(0x0028, 0x0106), &[0x1234]);
    let mut data_set = DataSet::new();
    data_set.put_items(Tag(0x0008, 0x1140), vec![item, DataSet::new()]);
    data_set.put_text(tags::PATIENT_NAME, "Doe^John");
    data_set.put_u16(tags::BITS_ALLOCATED, &[16]);
    data_set.put_u16(tags::PIXEL_REPRESENTATION, &[1]);
    data_set.put_bytes(Tag(0x0028, 0x0107), Vr::SS, vec![0xFE, 0xFF]);
    data_set.put_bytes(Tag(0x0029, 0x1010), Vr::UN, vec![1, 2, 3, 4]);
    let words: Vec<u8> = (0..pixels).flat_map(|n| (n as u16).to_le_bytes()).collect();
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, words);
    data_set
}

#[test]
fn every_native_syntax_becomes_every_other() {
    for pixels in [4, 3 * AHEAD / 2 + 1] {
        let data_set = sample(pixels);
        for from in [IMPLICIT, EXPLICIT, BIG, DEFLATED] {
            let mut bytes = Vec::new();
            write_data_set(&data_set, from, &mut bytes).unwrap();
            for to in [IMPLICIT, EXPLICIT, BIG, DEFLATED] {
                let there = converted(&bytes, from, to);
                let (read, findings) = read_data_set(&there.into(), to, Limits::default()).unwrap();
                assert!(findings.is_empty(), "{findings:?}");
                assert!(read == data_set, "{from} to {to}");
            }
        }
    }
}

#[test]
fn only_what_needs_no_codec_is_convertible() {
    let jpeg = "1.2.840.10008.1.2.4.50";
    assert!(is_convertible(IMPLICIT, BIG) && is_convertible(jpeg, jpeg));
    assert!(is_convertible(
        "1.2.840.10008.1.2.4.94",
        "1.2.840.10008.1.2.4.95"
    ));
    for (from, to) in [
        (jpeg, EXPLICIT),
        (EXPLICIT, jpeg),
        (jpeg, "1.2.840.10008.1.2.5"),
        ("1.2.840.113619.5.2", IMPLICIT),
    ] {
        assert!(!is_convertible(from, to), "{from} {to}");
        let result = convert(&mut &b""[..], None, from, to, &mut Vec::new());
        assert!(matches!(
            result,
            Err(Error::UnsupportedTransferSyntax { .. })
        ));
    }
}

/// Gives a header and then zeros; none of it is in memory.
struct Endless<'a> {
    head: &'a [u8],
    zeros: u64,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.head.is_empty() {
            return self.head.read(buffer);
        }
        let length = usize::try_from(self.zeros)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        buffer[..length].fill(0);
        self.zeros -= length as u64;
        Ok(length)
    }
}

#[derive(Default)]
struct Counting {
    bytes: u64,
    longest: usize,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        self.longest = self.longest.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_large_value_passes_in_small_pieces() {
    let length = 300_000_002_u32;
    let head = [
        &[0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0][..],
        &length.to_le_bytes(),
    ]
    .concat();
    let mut out = Counting::default();
    let mut input = Endless {
        head: &head,
        zeros: u64::from(length),
    };
    convert(&mut input, None, EXPLICIT, BIG, &mut out).unwrap();
    assert_eq!(out.bytes, u64::from(length) + 12);
    assert!(out.longest <= 3 * AHEAD, "{}", out.longest);
}

#[test]
fn a_value_that_ends_early_is_an_error() {
    let mut bytes = Vec::new();
    write_data_set(&sample(1000), EXPLICIT, &mut bytes).unwrap();
    for known in [true, false] {
        let cut = &bytes[..bytes.len() - 500];
        let length = known.then_some(cut.len() as u64);
        let result = convert(&mut &cut[..], length, EXPLICIT, IMPLICIT, &mut Vec::new());
        assert!(matches!(result, Err(Error::Truncated { .. })), "{result:?}");
    }
    let false_length = [
        0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF, 1, 2,
    ];
    let result = convert(&mut &false_length[..], None, EXPLICIT, BIG, &mut Vec::new());
    assert!(
        matches!(
            result,
            Err(Error::Truncated {
                expected: 0xFFFF_FFF0,
                ..
            })
        ),
        "{result:?}"
    );
}

#[test]
fn odd_values_are_padded_and_group_lengths_left_out() {
    let bytes = [
        &[0x10, 0, 0, 0, b'U', b'L', 4, 0, 9, 0, 0, 0][..],
        &[0x10, 0, 0x10, 0, b'P', b'N', 1, 0, b'X'],
    ]
    .concat();
    assert_eq!(
        converted(&bytes, EXPLICIT, IMPLICIT),
        [0x10, 0, 0x10, 0, 2, 0, 0, 0, b'X', b' ']
    );
}

#[test]
fn words_said_to_be_bytes_become_words() {
    let mut data_set = sample(4);
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, vec![1, 2, 3, 4]);
    let mut bytes = Vec::new();
    write_data_set(&data_set, EXPLICIT, &mut bytes).unwrap();
    let big = converted(&bytes, EXPLICIT, BIG);
    assert_eq!(
        big[big.len() - 12..],
        [b'O', b'W', 0, 0, 0, 0, 0, 4, 2, 1, 4, 3]
    );
}
