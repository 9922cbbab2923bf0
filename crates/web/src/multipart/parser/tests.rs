#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

type Parts = Vec<(PartHeaders, Vec<u8>)>;

/// Parses a message that arrives in chunks of `size` bytes.
fn parse(message: &[u8], boundary: &str, size: usize) -> Result<Parts, Problem> {
    let mut parser = Parser::new(boundary, Limits::default());
    let mut parts: Parts = Vec::new();
    let mut chunks = message.chunks(size.max(1));
    loop {
        match parser.next()? {
            Some(Token::Start(headers)) => parts.push((headers, Vec::new())),
            Some(Token::Data(bytes)) => {
                assert!(!bytes.is_empty());
                parts.last_mut().unwrap().1.extend_from_slice(&bytes);
            }
            Some(Token::End) => {}
            Some(Token::Close) => return Ok(parts),
            None => match chunks.next() {
                Some(chunk) => parser.feed(Bytes::copy_from_slice(chunk)),
                None => parser.end(),
            },
        }
    }
}

fn bodies(message: &[u8], boundary: &str) -> Result<Vec<Vec<u8>>, Problem> {
    let whole = parse(message, boundary, usize::MAX);
    for size in [1, 2, 3, 7] {
        assert_eq!(parse(message, boundary, size), whole, "in chunks of {size}");
    }
    whole.map(|parts| parts.into_iter().map(|(_, body)| body).collect())
}

#[test]
fn parts_preamble_and_epilogue_are_told_apart() {
    let message = b"preamble --b in it\r\n--b\r\nContent-Type: a/b\r\n\r\none\r\n--b  \r\n\r\ntwo\r\n\r\n--b--\r\nepilogue\r\n--b\r\n";
    assert_eq!(
        bodies(message, "b").unwrap(),
        [b"one".to_vec(), b"two\r\n".to_vec()]
    );
    let parts = parse(message, "b", 5).unwrap();
    assert_eq!(parts[0].0.get("content-TYPE"), Some("a/b"));
    assert_eq!(parts[1].0.get("content-type"), None);
}

#[test]
fn a_longer_line_that_begins_like_the_boundary_is_data() {
    let message = b"--b\r\n\r\nx\r\n--bc\r\ny\r\n--b-\r\nz\r\n--b\tq\r\n--b--";
    assert_eq!(
        bodies(message, "b").unwrap(),
        [b"x\r\n--bc\r\ny\r\n--b-\r\nz\r\n--b\tq".to_vec()]
    );
}

#[test]
fn lines_may_end_in_lf_alone_if_the_first_does() {
    let message = b"--b\nA: 1\n\nx\r\n--b\n\ny\n--b--\n";
    // In LF mode the CR before a delimiter is data.
    assert_eq!(
        bodies(message, "b").unwrap(),
        [b"x\r".to_vec(), b"y".to_vec()]
    );
    // In CRLF mode an LF alone before a delimiter is data.
    let message = b"--b\r\n\r\nx\n--b\r\ny\r\n--b--";
    assert_eq!(bodies(message, "b").unwrap(), [b"x\n--b\r\ny".to_vec()]);
}

#[test]
fn empty_parts_and_empty_messages_are_read() {
    assert_eq!(
        bodies(b"--b\r\n\r\n\r\n--b--", "b").unwrap(),
        [Vec::<u8>::new()]
    );
    assert_eq!(
        bodies(b"--b\r\nA: 1\r\n\r\n--b--", "b").unwrap(),
        [Vec::<u8>::new()]
    );
    assert_eq!(bodies(b"--b--\r\n", "b").unwrap(), Vec::<Vec<u8>>::new());
    assert_eq!(
        bodies(b"--b\r\n\r\nx\r\n--b", "b").unwrap(),
        [b"x".to_vec()]
    );
}

#[test]
fn folded_headers_are_joined() {
    let message = b"--b\r\nContent-Type: multipart/related;\r\n\ttype=x\r\n\r\n\r\n--b--";
    let parts = parse(message, "b", 4).unwrap();
    assert_eq!(
        parts[0].0.get("Content-Type"),
        Some("multipart/related; type=x")
    );
}

#[test]
fn what_is_cut_or_has_no_delimiter_is_an_error() {
    assert_eq!(bodies(b"--b\r\n\r\nx", "b"), Err(Problem::Truncated));
    assert_eq!(bodies(b"--b\r\nA: 1", "b"), Err(Problem::Truncated));
    assert!(matches!(bodies(b"", "b"), Err(Problem::NoDelimiter(_))));
    assert!(matches!(
        bodies(b"no--b\r\n", "b"),
        Err(Problem::NoDelimiter(_))
    ));
    assert!(matches!(
        bodies(b"--b\r\nno colon\r\n\r\n\r\n--b--", "b"),
        Err(Problem::Headers(_))
    ));
}

#[test]
fn headers_and_preamble_are_bounded() {
    let long = [b"--b\r\nA: ".to_vec(), vec![b'x'; 1 << 20]].concat();
    assert!(matches!(parse(&long, "b", 4096), Err(Problem::Headers(_))));
    let many = [
        b"--b\r\n".to_vec(),
        b"A: 1\r\n".repeat(100),
        b"\r\n\r\n--b--".to_vec(),
    ]
    .concat();
    assert!(matches!(parse(&many, "b", 4096), Err(Problem::Headers(_))));
    let preamble = vec![b'x'; 1 << 20];
    assert!(matches!(
        parse(&preamble, "b", 4096),
        Err(Problem::NoDelimiter(_))
    ));
}

#[test]
fn data_come_out_while_the_part_still_arrives() {
    let mut parser = Parser::new("b", Limits::default());
    parser.feed(Bytes::from_static(b"--b\r\n\r\n"));
    assert_eq!(parser.next().unwrap(), None);
    parser.feed(Bytes::from_static(b"payload\r\n-"));
    assert!(matches!(parser.next().unwrap(), Some(Token::Start(_))));
    assert_eq!(
        parser.next().unwrap(),
        Some(Token::Data(Bytes::from_static(b"payload")))
    );
    assert_eq!(parser.next().unwrap(), None);
}

proptest! {
    #[test]
    fn what_is_joined_is_split_again(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..5),
        size in 1usize..50,
    ) {
        let mut message = Vec::new();
        for body in &bodies {
            message.extend_from_slice(b"--DICOM boundary\r\nContent-Type: application/dicom\r\n\r\n");
            message.extend_from_slice(body);
            message.extend_from_slice(b"\r\n");
        }
        message.extend_from_slice(b"--DICOM boundary--\r\n");
        let parts = parse(&message, "DICOM boundary", size).unwrap();
        let read: Vec<Vec<u8>> = parts.into_iter().map(|(_, body)| body).collect();
        prop_assert_eq!(read, bodies);
    }

    #[test]
    fn near_messages_end_and_do_not_depend_on_chunking(
        pieces in prop::collection::vec(
            prop::sample::select(vec!["--b", "\r\n", "\n", "\r", "--", "-", "b", "A: 1", ":", " ", "x"]),
            0..40,
        ),
        size in 1usize..9,
    ) {
        let message = pieces.concat();
        let whole = parse(message.as_bytes(), "b", usize::MAX);
        let chunked = parse(message.as_bytes(), "b", size);
        match (whole, chunked) {
            (Ok(whole), Ok(chunked)) => prop_assert_eq!(whole, chunked),
            (whole, chunked) => prop_assert_eq!(whole.is_err(), chunked.is_err()),
        }
    }
}
