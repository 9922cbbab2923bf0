#![allow(clippy::unwrap_used)]
use std::time::{Duration, Instant};

use sagittal_core::FindingKind;

use super::*;
use crate::Error;

const SEQUENCE: &[u8] = &[0x40, 0x00, 0x75, 0x02, b'S', b'Q', 0, 0];
const UNDEFINED_LENGTH: &[u8] = &[0xFF; 4];
const ITEM: &[u8] = &[0xFE, 0xFF, 0x00, 0xE0];
const ITEM_DELIMITER: &[u8] = &[0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0];
const SEQUENCE_DELIMITER: &[u8] = &[0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
/// (0040,0280) ST "ab"
const COMMENT: &[u8] = &[0x40, 0x00, 0x80, 0x02, b'S', b'T', 2, 0, b'a', b'b'];
/// (0040,1001) SH "id"
const IDENTIFIER: &[u8] = &[0x40, 0x00, 0x01, 0x10, b'S', b'H', 2, 0, b'i', b'd'];

/// One line per event, and the findings.
fn walk_as(bytes: &[u8], encoding: Encoding) -> (Vec<String>, Vec<FindingKind>) {
    let mut walker = Walker::new(bytes, encoding, Limits::default());
    let mut lines = Vec::new();
    while let Some(event) = walker.next().unwrap() {
        lines.push(match event {
            Event::Element {
                vr, value, length, ..
            } => {
                let cut = if value.len() as u64 == length {
                    ""
                } else {
                    " cut"
                };
                format!("{} {vr} {}{cut}", walker.path(), value.escape_ascii())
            }
            Event::SequenceStart { tag, vr, .. } => format!("{tag} {vr} begins"),
            Event::ItemStart { index, .. } => format!("item {index}"),
            Event::ItemEnd => "item ends".to_owned(),
            Event::SequenceEnd { tag } => format!("{tag} ends"),
            Event::FragmentsStart { tag, .. } => format!("{tag} fragments"),
            Event::OffsetTable { value } => format!("table of {}", value.len()),
            Event::Fragment { value, .. } => format!("fragment {}", value.escape_ascii()),
            Event::FragmentsEnd { tag } => format!("{tag} ends"),
        });
    }
    assert_eq!(walker.depth(), 0);
    (
        lines,
        walker
            .findings()
            .iter()
            .map(|finding| finding.kind.clone())
            .collect(),
    )
}

fn walk(bytes: &[u8]) -> (Vec<String>, Vec<FindingKind>) {
    walk_as(bytes, Encoding::EXPLICIT_LE)
}

const IN_ITEM: [&str; 6] = [
    "(0040,0275) SQ begins",
    "item 0",
    "(0040,0275)[0].(0040,0280) ST ab",
    "item ends",
    "(0040,0275) ends",
    "(0040,1001) SH id",
];

#[test]
fn sequences_are_walked_whatever_their_length_form() {
    let undefined = [
        SEQUENCE,
        UNDEFINED_LENGTH,
        ITEM,
        UNDEFINED_LENGTH,
        COMMENT,
        ITEM_DELIMITER,
        SEQUENCE_DELIMITER,
        IDENTIFIER,
    ]
    .concat();
    let defined = [
        SEQUENCE,
        &[18, 0, 0, 0],
        ITEM,
        &[10, 0, 0, 0],
        COMMENT,
        IDENTIFIER,
    ]
    .concat();
    for bytes in [undefined, defined] {
        let (lines, findings) = walk(&bytes);
        assert_eq!(lines, IN_ITEM);
        assert!(findings.is_empty(), "{findings:?}");
    }
}

#[test]
fn missing_delimiters_are_got_over() {
    let no_item_end = [
        SEQUENCE,
        UNDEFINED_LENGTH,
        ITEM,
        UNDEFINED_LENGTH,
        COMMENT,
        SEQUENCE_DELIMITER,
        IDENTIFIER,
    ]
    .concat();
    let no_sequence_end = [
        SEQUENCE,
        UNDEFINED_LENGTH,
        ITEM,
        UNDEFINED_LENGTH,
        COMMENT,
        ITEM_DELIMITER,
        IDENTIFIER,
    ]
    .concat();
    let extra_delimiters = [
        SEQUENCE,
        &[34, 0, 0, 0],
        ITEM,
        &[10, 0, 0, 0],
        COMMENT,
        ITEM_DELIMITER,
        SEQUENCE_DELIMITER,
        IDENTIFIER,
    ]
    .concat();
    for bytes in [no_item_end, no_sequence_end, extra_delimiters] {
        let (lines, findings) = walk(&bytes);
        assert_eq!(lines, IN_ITEM);
        assert!(!findings.is_empty());
        assert!(
            findings
                .iter()
                .all(|kind| matches!(kind, FindingKind::Delimiter(_))),
            "{findings:?}"
        );
    }
}

#[test]
fn an_item_or_sequence_longer_or_shorter_than_its_length_is_mended() {
    let short_item = [
        SEQUENCE,
        &[18, 0, 0, 0],
        ITEM,
        &[8, 0, 0, 0],
        COMMENT,
        IDENTIFIER,
    ]
    .concat();
    let short_sequence = [
        SEQUENCE,
        &[14, 0, 0, 0],
        ITEM,
        &[10, 0, 0, 0],
        COMMENT,
        IDENTIFIER,
    ]
    .concat();
    let long_sequence = [
        SEQUENCE,
        &[28, 0, 0, 0],
        ITEM,
        &[10, 0, 0, 0],
        COMMENT,
        IDENTIFIER,
    ]
    .concat();
    for bytes in [short_item, short_sequence, long_sequence] {
        let (lines, findings) = walk(&bytes);
        assert_eq!(lines, IN_ITEM, "{findings:?}");
        assert!(!findings.is_empty());
    }
}

#[test]
fn strange_headers_are_understood() {
    let next = IDENTIFIER;
    // No VR; lower case; unknown letters with a short length; a long VR with a short length.
    let cases: [(&[u8], &str); 5] = [
        (
            &[0x40, 0, 0x80, 2, 2, 0, 0, 0, b'a', b'b'],
            "(0040,0280) ST ab",
        ),
        (
            &[0x40, 0, 0x80, 2, b's', b't', 2, 0, b'a', b'b'],
            "(0040,0280) ST ab",
        ),
        (
            &[0x40, 0, 0x80, 2, b'?', b'?', 2, 0, b'a', b'b'],
            "(0040,0280) ST ab",
        ),
        (
            &[0x40, 0, 0x80, 2, b'U', b'T', 2, 0, b'a', b'b'],
            "(0040,0280) UT ab",
        ),
        (
            &[0x40, 0, 0x80, 2, b'Z', b'Q', 0, 0, 2, 0, 0, 0, b'a', b'b'],
            "(0040,0280) ST ab",
        ),
    ];
    for (bytes, line) in cases {
        let (lines, findings) = walk(&[bytes, next].concat());
        assert_eq!(lines, [line, "(0040,1001) SH id"]);
        assert!(
            matches!(findings[..], [FindingKind::UnexpectedVr(_)]),
            "{findings:?}"
        );
    }
    let explicit = [COMMENT, IDENTIFIER].concat();
    let (lines, findings) = walk_as(&explicit, Encoding::IMPLICIT_LE);
    assert_eq!(lines, ["(0040,0280) ST ab", "(0040,1001) SH id"]);
    assert_eq!(findings.len(), 2);
}

#[test]
fn implicit_items_in_an_explicit_stream_are_read() {
    let item = [
        &[0x40, 0, 0x80, 2, 2, 0, 0, 0, b'a', b'b'][..],
        &[0x40, 0, 1, 0x10, 2, 0, 0, 0, b'x', b'y'],
    ]
    .concat();
    let bytes = [
        SEQUENCE,
        &[28, 0, 0, 0],
        ITEM,
        &[20, 0, 0, 0],
        &item,
        IDENTIFIER,
    ]
    .concat();
    let (lines, findings) = walk(&bytes);
    assert_eq!(
        lines[2..4],
        [
            "(0040,0275)[0].(0040,0280) ST ab",
            "(0040,0275)[0].(0040,1001) SH xy"
        ]
    );
    assert_eq!(lines.last().unwrap(), "(0040,1001) SH id");
    assert_eq!(findings.len(), 1);
}

#[test]
fn a_sequence_in_un_is_little_endian_implicit() {
    let item = [0x40, 0, 0x80, 2, 2, 0, 0, 0, b'a', b'b'];
    // Big endian stream: (0040,0275) UN, undefined and defined length.
    let undefined = [
        &[0x00, 0x40, 0x02, 0x75, b'U', b'N', 0, 0][..],
        UNDEFINED_LENGTH,
        ITEM,
        UNDEFINED_LENGTH,
        &item,
        ITEM_DELIMITER,
        SEQUENCE_DELIMITER,
    ]
    .concat();
    let defined = [
        &[0x00, 0x40, 0x02, 0x75, b'U', b'N', 0, 0][..],
        &[0, 0, 0, 18],
        ITEM,
        &[10, 0, 0, 0],
        &item,
    ]
    .concat();
    for bytes in [undefined, defined] {
        let bytes = [
            &bytes[..],
            &[0x00, 0x40, 0x10, 0x01, b'S', b'H', 0, 2, b'i', b'd'],
        ]
        .concat();
        let (mut lines, findings) = walk_as(&bytes, Encoding::EXPLICIT_BE);
        assert_eq!(lines.remove(0), "(0040,0275) UN begins");
        assert_eq!(lines, IN_ITEM[1..]);
        assert!(findings.is_empty(), "{findings:?}");
    }
}

#[test]
fn odd_lengths_are_reported_and_uncounted_padding_is_passed() {
    let counted = [&[0x40, 0, 0x80, 2, b'S', b'T', 1, 0, b'a'][..], IDENTIFIER].concat();
    let padded = [
        &[0x40, 0, 0x80, 2, b'S', b'T', 1, 0, b'a', 0][..],
        IDENTIFIER,
    ]
    .concat();
    for bytes in [counted, padded] {
        let (lines, findings) = walk(&bytes);
        assert_eq!(lines, ["(0040,0280) ST a", "(0040,1001) SH id"]);
        assert_eq!(findings, [FindingKind::OddLength(1)]);
    }
}

#[test]
fn a_false_length_gives_what_is_there() {
    let bytes = [
        COMMENT,
        &[
            0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF, 1, 2,
        ],
    ]
    .concat();
    let (lines, findings) = walk(&bytes);
    assert_eq!(
        lines,
        ["(0040,0280) ST ab", "(7FE0,0010) OW \\x01\\x02 cut"]
    );
    assert_eq!(
        findings,
        [FindingKind::Truncated {
            expected: 0xFFFF_FFF0,
            found: 2
        }]
    );
}

#[test]
fn every_cut_of_a_nested_data_set_ends_what_it_began() {
    let whole = [
        SEQUENCE,
        UNDEFINED_LENGTH,
        ITEM,
        &[10, 0, 0, 0],
        COMMENT,
        ITEM,
        UNDEFINED_LENGTH,
        COMMENT,
        ITEM_DELIMITER,
        SEQUENCE_DELIMITER,
        IDENTIFIER,
    ]
    .concat();
    for length in 0..whole.len() {
        let (lines, _) = walk(&whole[..length]);
        let begun = lines
            .iter()
            .filter(|line| line.contains("begins") || line.starts_with("item "))
            .count();
        let ended = lines.iter().filter(|line| line.ends_with("ends")).count();
        assert_eq!(
            begun - lines.iter().filter(|line| *line == "item ends").count(),
            ended,
            "{length}: {lines:?}"
        );
        let mut walker = Walker::prefix(
            &whole[..length],
            whole.len() as u64,
            Encoding::EXPLICIT_LE,
            Limits::default(),
        );
        while walker.next().unwrap().is_some() {}
        assert!(
            walker.findings().is_empty(),
            "{length}: {:?}",
            walker.findings()
        );
    }
}

#[test]
fn nesting_and_counts_are_limited_at_once() {
    let level = [SEQUENCE, UNDEFINED_LENGTH, ITEM, UNDEFINED_LENGTH].concat();
    let bytes = level.repeat(200_000);
    let begun = Instant::now();
    let mut walker = Walker::new(&bytes, Encoding::EXPLICIT_LE, Limits::default());
    let error = loop {
        match walker.next() {
            Ok(event) => assert!(event.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(
        error,
        Error::Limit {
            what: "nested sequences",
            limit: 64,
            ..
        }
    ));
    assert!(walker.next().unwrap().is_none());
    let limits = Limits {
        elements: 100,
        ..Limits::default()
    };
    let items = [
        SEQUENCE,
        UNDEFINED_LENGTH,
        &[ITEM, &[0; 4]].concat().repeat(1_000),
    ]
    .concat();
    let mut walker = Walker::new(&items, Encoding::EXPLICIT_LE, limits);
    while let Ok(Some(_)) = walker.next() {}
    assert!(walker.position() < 1_000);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_skipped_sequence_leaves_no_trace() {
    let undefined = [
        SEQUENCE,
        UNDEFINED_LENGTH,
        ITEM,
        UNDEFINED_LENGTH,
        COMMENT,
        ITEM_DELIMITER,
        SEQUENCE_DELIMITER,
        IDENTIFIER,
    ]
    .concat();
    let defined = [
        SEQUENCE,
        &[18, 0, 0, 0],
        ITEM,
        &[10, 0, 0, 0],
        COMMENT,
        IDENTIFIER,
    ]
    .concat();
    for bytes in [undefined, defined] {
        for events_before in 1..4 {
            let mut walker = Walker::new(&bytes, Encoding::EXPLICIT_LE, Limits::default());
            for _ in 0..events_before {
                walker.next().unwrap();
            }
            walker.skip_sequence().unwrap();
            assert_eq!(walker.depth(), 0);
            assert!(matches!(
                walker.next().unwrap(),
                Some(Event::Element {
                    tag: Tag(0x0040, 0x1001),
                    ..
                })
            ));
            assert_eq!(walker.path(), TagPath::root(Tag(0x0040, 0x1001)));
        }
    }
}

#[test]
fn fragments_are_told_from_sequences() {
    let pixels = [
        &[0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0][..],
        UNDEFINED_LENGTH,
    ]
    .concat();
    let bytes = [
        &pixels[..],
        ITEM,
        &[4, 0, 0, 0, 0, 0, 0, 0],
        ITEM,
        &[2, 0, 0, 0, b'x', b'y'],
        SEQUENCE_DELIMITER,
    ]
    .concat();
    let (lines, findings) = walk(&bytes);
    assert_eq!(
        lines,
        [
            "(7FE0,0010) fragments",
            "table of 4",
            "fragment xy",
            "(7FE0,0010) ends"
        ]
    );
    assert!(findings.is_empty());
    // Undefined length, but no items: what is there is one fragment.
    let bare = [&pixels[..], b"\xFF\xD8jpeg\xFF\xD9", SEQUENCE_DELIMITER].concat();
    let (lines, findings) = walk(&bare);
    assert_eq!(lines[1], "fragment \\xff\\xd8jpeg\\xff\\xd9");
    assert_eq!((lines.len(), findings.len()), (3, 1));
}

#[test]
fn us_or_ss_is_decided_by_pixel_representation() {
    let implicit = |signed: u8| {
        [
            &[0x28, 0, 3, 1, 2, 0, 0, 0, signed, 0][..],
            &[0x28, 0, 6, 1, 2, 0, 0, 0, 0xFF, 0xFF],
        ]
        .concat()
    };
    for (signed, vr) in [(0, "US"), (1, "SS")] {
        let (lines, _) = walk_as(&implicit(signed), Encoding::IMPLICIT_LE);
        assert!(
            lines[1].starts_with(&format!("(0028,0106) {vr}")),
            "{lines:?}"
        );
    }
}

#[test]
fn a_private_element_has_the_vr_of_its_creators_dictionary() {
    let creator = [&[0x29, 0, 0x10, 0, 18, 0, 0, 0][..], b"SIEMENS CSA HEADER"].concat();
    let bytes = [
        &creator[..],
        &[0x29, 0, 8, 0x10, 4, 0, 0, 0, b'M', b'R', b' ', b' '],
    ]
    .concat();
    let (lines, _) = walk_as(&bytes, Encoding::IMPLICIT_LE);
    assert_eq!(lines[1], "(0029,1008) CS MR  ");
}

#[test]
fn order_duplicates_and_padding_are_reported() {
    let (_, findings) = walk(&[IDENTIFIER, COMMENT, COMMENT].concat());
    assert_eq!(findings, [FindingKind::OutOfOrder, FindingKind::Duplicate]);
    let (lines, findings) = walk(&[COMMENT, &[0; 40]].concat());
    assert_eq!((lines.len(), findings.len()), (1, 1));
    let (lines, findings) = walk(&[COMMENT, &[0; 3]].concat());
    assert_eq!((lines.len(), findings.len()), (1, 1));
}

#[test]
fn findings_are_capped() {
    let (lines, findings) = walk(&COMMENT.repeat(5_000));
    assert_eq!((lines.len(), findings.len()), (5_000, 1_000));
}

#[test]
fn a_header_longer_than_its_item_is_got_over() {
    // An item of eight bytes, in which a UN element of twelve begins.
    let header = [0x40, 0, 0x75, 2, b'U', b'N', 0, 0];
    for tail in [&[0xFE, 0xFF, 0x00, 0xE0][..], &[4, 0, 0, 0], &[]] {
        let bytes = [
            SEQUENCE,
            &[16, 0, 0, 0],
            ITEM,
            &[8, 0, 0, 0],
            &header,
            tail,
            IDENTIFIER,
        ]
        .concat();
        let (lines, findings) = walk(&bytes);
        assert!(lines.len() >= 4 && !findings.is_empty(), "{lines:?}");
    }
}
