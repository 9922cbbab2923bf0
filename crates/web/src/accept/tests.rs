#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

const JSON: Offer = Offer {
    media_type: "application/dicom+json",
    multipart: false,
};
const PLAIN_JSON: Offer = Offer {
    media_type: "application/json",
    multipart: false,
};
const XML: Offer = Offer {
    media_type: "application/dicom+xml",
    multipart: true,
};
const METADATA: &[Offer] = &[JSON, PLAIN_JSON, XML];

/// Rows of PS3.18 Table 8.7.3-1 ff. for metadata and search, and the ways clients spell them.
#[test]
fn metadata_is_negotiated_row_by_row() {
    let rows: &[(&str, Option<Offer>)] = &[
        ("", Some(JSON)),
        ("*/*", Some(JSON)),
        ("application/*", Some(JSON)),
        ("application/dicom+json", Some(JSON)),
        ("APPLICATION/DICOM+JSON", Some(JSON)),
        ("application/dicom json", Some(JSON)),
        ("application/json", Some(PLAIN_JSON)),
        ("application/dicom+json, application/json", Some(JSON)),
        (
            "application/dicom+json;q=0.5, multipart/related; type=\"application/dicom+xml\"",
            Some(XML),
        ),
        (
            "application/dicom+json;q=0.9, multipart/related; type=application/dicom+xml;q=0.8",
            Some(JSON),
        ),
        (
            "multipart/related; type=\"application/dicom+xml\"",
            Some(XML),
        ),
        ("multipart/related", Some(XML)),
        ("multipart/*", Some(XML)),
        ("multipart/related; type=\"*/*\"", Some(XML)),
        ("application/dicom+xml", None),
        ("multipart/related; type=\"application/dicom+json\"", None),
        ("text/html", None),
        ("text/html, */*;q=0.1", Some(JSON)),
        ("application/dicom+json;q=0", None),
        ("rubbish, application/dicom+json", Some(JSON)),
    ];
    for (header, expected) in rows {
        let chosen = Accept::parse(header).unwrap().choose(METADATA).ok();
        assert_eq!(chosen, *expected, "{header}");
    }
}

#[test]
fn ranges_that_cannot_be_read_are_refused() {
    for bad in [
        "rubbish",
        "/",
        "a/",
        "a b/c",
        ",;,",
        "a/b;q=2",
        "a/b;q=x",
        "a/b;novalue",
    ] {
        assert!(
            matches!(Accept::parse(bad), Err(Error::BadRequest(_))),
            "{bad}"
        );
    }
    let many = "a/b,".repeat(100);
    assert!(Accept::parse(&many).is_err());
}

#[test]
fn parameters_are_unquoted_and_reach_the_parts() {
    let accept = Accept::parse(
        "multipart/related; type=\"image/jp2\"; transfer-syntax=1.2.3;q=0.3, \
         multipart/related;type=\"application/octet-stream; transfer-syntax=*\"",
    )
    .unwrap();
    let parts: Vec<MediaRange> = accept
        .ranges
        .iter()
        .filter_map(MediaRange::of_parts)
        .collect();
    assert_eq!(parts[0].essence(), "application/octet-stream");
    assert_eq!(parts[0].transfer_syntax(), Some("*"));
    assert_eq!(parts[1].essence(), "image/jp2");
    assert_eq!(parts[1].transfer_syntax(), Some("1.2.3"));
    assert_eq!(parts[1].weight, 300);
}

#[test]
fn commas_in_quotes_do_not_separate() {
    let accept = Accept::parse("a/b; x=\"1,2;3\\\"4\", c/d").unwrap();
    assert_eq!(accept.ranges.len(), 2);
    assert_eq!(accept.ranges[0].parameter("x"), Some("1,2;3\"4"));
}

#[test]
fn the_query_parameter_comes_before_the_header() {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, "text/html".parse().unwrap());
    let accept = Accept::from_request(&headers, Some("application/dicom+json")).unwrap();
    assert_eq!(accept.choose(METADATA).unwrap(), JSON);
    assert!(
        Accept::from_request(&headers, Some(" "))
            .unwrap()
            .choose(METADATA)
            .is_err()
    );
}

proptest! {
    #[test]
    fn no_header_panics(text in "\\PC{0,200}") {
        if let Ok(accept) = Accept::parse(&text) {
            let _ = accept.choose(METADATA);
        }
    }

    #[test]
    fn near_headers_do_not_panic(text in "[a-z/*;=,\" .+\\\\q01]{0,80}") {
        if let Ok(accept) = Accept::parse(&text) {
            let _ = accept.choose(METADATA);
            let _: Vec<_> = accept.ranges.iter().map(MediaRange::of_parts).collect();
        }
    }
}
