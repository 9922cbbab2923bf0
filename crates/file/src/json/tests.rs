#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sagittal_core::{CharacterSet, DataSet, Element, Fragments, Limits, Tag, Value, Vr, tags};

use super::*;
use crate::Error;

fn json_of(data_set: &DataSet) -> String {
    let mut out = Vec::new();
    write(data_set, &mut out);
    let text = String::from_utf8(out).expect("UTF-8");
    serde_json::from_str::<serde_json::Value>(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    text
}

fn one(json: &str) -> DataSet {
    let mut data_sets =
        read(json.as_bytes(), Limits::default()).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(data_sets.len(), 1);
    data_sets.remove(0)
}

fn element(tag: Tag, vr: Vr, bytes: &[u8]) -> DataSet {
    let mut data_set = DataSet::new();
    data_set.put_bytes(tag, vr, bytes.to_vec());
    data_set
}

/// Writes, and sees that reading and writing again changes nothing.
fn stable(data_set: &DataSet) -> String {
    let text = json_of(data_set);
    let again = one(&text);
    assert_eq!(json_of(&again), text);
    text
}

#[test]
fn values_appear_as_their_vr_asks() {
    let cases: &[(Vr, &[u8], &str)] = &[
        (Vr::CS, b"A\\\\B ", r#""Value":["A",null,"B"]"#),
        (Vr::LT, b" a\\b\r\n", r#""Value":[" a\\b\r\n"]"#),
        (Vr::LO, b"tab\tesc\x01\"", r#""Value":["tab\tesc\u0001\""]"#),
        (Vr::UC, b" lead\\x ", r#""Value":[" lead","x"]"#),
        (
            Vr::DS,
            b"1.50\\ 2 \\+3\\.5\\1e999\\\\x",
            r#""Value":[1.50,2,"+3",".5","1e999",null,"x"]"#,
        ),
        (
            Vr::IS,
            b"12\\-3\\007\\1.5",
            r#""Value":[12,-3,"007","1.5"]"#,
        ),
        (
            Vr::PN,
            b"A^B=C=D\\=x\\==\\E",
            r#""Value":[{"Alphabetic":"A^B","Ideographic":"C","Phonetic":"D"},{"Ideographic":"x"},null,{"Alphabetic":"E"}]"#,
        ),
        (Vr::UI, b"1.2.3\0", r#""Value":["1.2.3"]"#),
        (Vr::US, &[1, 0, 255, 255], r#""Value":[1,65535]"#),
        (Vr::SS, &[255, 255], r#""Value":[-1]"#),
        (Vr::AT, &[0x10, 0x00, 0x20, 0x00], r#""Value":["00100020"]"#),
        (Vr::FL, &[0xCD, 0xCC, 0xCC, 0x3D], r#""Value":[0.1]"#),
        (
            Vr::FL,
            &[0, 0, 0xC0, 0x7F, 0, 0, 0x80, 0xFF],
            r#""Value":["NaN","-Infinity"]"#,
        ),
        (Vr::UV, &[0xFF; 8], r#""Value":["18446744073709551615"]"#),
        (Vr::SV, &[0xFF; 8], r#""Value":[-1]"#),
        (Vr::OB, &[1, 2, 3, 4], r#""InlineBinary":"AQIDBA==""#),
    ];
    for (vr, bytes, expected) in cases {
        let text = stable(&element(Tag(0x0011, 0x1001), *vr, bytes));
        assert_eq!(
            text,
            format!(r#"{{"00111001":{{"vr":"{vr}",{expected}}}}}"#)
        );
    }
    for vr in Vr::ALL {
        let text = stable(&element(Tag(0x0011, 0x1001), *vr, b""));
        assert_eq!(text, format!(r#"{{"00111001":{{"vr":"{vr}"}}}}"#));
    }
}

#[test]
fn group_lengths_meta_and_padding_are_left_out_and_creators_kept() {
    let mut data_set = element(Tag(0x0002, 0x0010), Vr::UI, b"1.2");
    data_set.put_bytes(Tag(0x0008, 0x0000), Vr::UL, vec![0; 4]);
    data_set.put_bytes(Tag(0x0011, 0x0010), Vr::LO, b"ACME".to_vec());
    data_set.put_bytes(Tag(0xFFFC, 0xFFFC), Vr::OB, vec![0; 4]);
    assert_eq!(
        json_of(&data_set),
        r#"{"00110010":{"vr":"LO","Value":["ACME"]}}"#
    );
}

#[test]
fn text_beyond_ascii_declares_utf8_and_is_converted() {
    let mut data_set = element(tags::SPECIFIC_CHARACTER_SET, Vr::CS, b"ISO_IR 100");
    data_set.put_bytes(tags::PATIENT_NAME, Vr::PN, b"M\xFCller".to_vec());
    let text = stable(&data_set);
    assert!(
        text.starts_with(r#"{"00080005":{"vr":"CS","Value":["ISO_IR 192"]}"#),
        "{text}"
    );
    assert!(text.contains("Müller"), "{text}");

    // Declared nowhere, in an item only.
    let mut item = DataSet::with_character_set(CharacterSet::utf8());
    item.put_text(tags::CODE_MEANING, "Hüfte");
    let mut data_set = element(tags::SOP_CLASS_UID, Vr::UI, b"1.2");
    data_set.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![item]);
    let text = stable(&data_set);
    assert!(
        text.starts_with(r#"{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080016""#),
        "{text}"
    );
    assert!(one(&text).character_set().is_utf8());
    assert!(
        !one(r#"{"00100010":{"vr":"PN","Value":["A"]}}"#)
            .character_set()
            .is_utf8()
    );
    assert!(
        one(r#"{"00100010":{"vr":"PN","Value":["\u00e4"]}}"#)
            .contains(tags::SPECIFIC_CHARACTER_SET)
    );
}

#[test]
fn sequences_fragments_and_references_come_back() {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, "T-1");
    let mut data_set = DataSet::new();
    data_set.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![item, DataSet::new()]);
    data_set.put_items(tags::REFERENCED_STUDY_SEQUENCE, vec![]);
    data_set.put(Element {
        tag: Tag(0x0042, 0x0011),
        vr: Vr::OB,
        value: Value::BulkDataUri("../x?\"y".into()),
    });
    let fragments = Fragments {
        offset_table: vec![0, 10],
        fragments: vec![
            bytes::Bytes::from_static(b"ab"),
            bytes::Bytes::from_static(b"cdef"),
        ],
    };
    data_set.put(Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::Fragments(fragments),
    });
    let text = stable(&data_set);
    assert_eq!(one(&text), data_set);
}

#[test]
fn what_clients_send_is_understood() {
    let data_set = one(
        r#"{"PatientID":{"Value":"7"},"00100010":{"vr":"PN","Value":["Doe^Jane"]},"00201208":{"vr":"IS","Value":["4"]},
            "00280010":{"vr":"US","Value":["512"]},"00280030":{"Value":[0.5,"0.25",null],"vr":"DS"},"unknown":[{}],
            "0040A30A":{"vr":"DS","Value":[0.30000000000000004]},"00189073":{"vr":"FD","Value":["NaN",null,1]},
            "0008114A":{"vr":"SQ","Value":[null,{"00080018":{"vr":"UI","Value":["1.2"],"extra":{}}}]},
            "00720026":{"vr":"AT","Value":["00100010","PatientID"]},"00091001":{"vr":"UN","InlineBinary":"AQI"},
            "00091002":{"vr":"??","Value":[]},"00080060":{"vr":"CS"}}"#,
    );
    assert_eq!(data_set.first_text(tags::PATIENT_ID).as_deref(), Some("7"));
    assert_eq!(
        data_set.first_text(tags::PATIENT_NAME).as_deref(),
        Some("Doe^Jane")
    );
    assert_eq!(data_set.int(Tag(0x0020, 0x1208)), Some(4));
    assert_eq!(data_set.ints(tags::ROWS), [512]);
    assert_eq!(
        data_set.text(tags::PIXEL_SPACING).as_deref(),
        Some("0.5\\0.25\\")
    );
    assert_eq!(
        data_set.text(Tag(0x0040, 0xA30A)).map(|t| t.len() <= 16),
        Some(true)
    );
    assert_eq!(data_set.floats(Tag(0x0018, 0x9073)).len(), 3);
    assert_eq!(data_set.items(Tag(0x0008, 0x114A)).len(), 2);
    assert_eq!(
        data_set.bytes(Tag(0x0009, 0x1001)).map(|b| b.len()),
        Some(2)
    );
    assert_eq!(
        data_set.get(tags::MODALITY).map(|e| e.value.is_empty()),
        Some(true)
    );
    assert_eq!(read(b"[]", Limits::default()).unwrap().len(), 0);
    assert_eq!(read(b" [{},{}] ", Limits::default()).unwrap().len(), 2);
}

#[test]
fn a_mistake_is_named_with_its_path() {
    let json = r#"{"00081140":{"vr":"SQ","Value":[{"00280010":{"vr":"US","Value":[70000]}}]}}"#;
    let error = read(json.as_bytes(), Limits::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("(0008,1140)[0].(0028,0010)") && error.contains("range"),
        "{error}"
    );
    for bad in [
        "",
        "{",
        "[{}",
        "{}{}",
        "7",
        r#"{"00100010":7}"#,
        r#"{"00280010":{"vr":"US","Value":["x"]}}"#,
        "\u{0}",
    ] {
        assert!(
            matches!(
                read(bad.as_bytes(), Limits::default()),
                Err(Error::Syntax { .. })
            ),
            "{bad}"
        );
    }
    assert!(read(b"{\"\xFF\":1}", Limits::default()).is_err());
}

#[test]
fn nesting_and_counts_are_limited() {
    let deep = r#"{"00081140":{"vr":"SQ","Value":["#.repeat(200_000);
    assert!(matches!(
        read(deep.as_bytes(), Limits::default()),
        Err(Error::Syntax { .. } | Error::Limit { .. })
    ));
    let closed = format!(
        "{}{{}}{}",
        r#"{"00081140":{"vr":"SQ","Value":["#.repeat(100),
        "]}}".repeat(100)
    );
    assert!(matches!(
        read(closed.as_bytes(), Limits::default()),
        Err(Error::Limit { .. })
    ));
    let limits = Limits {
        elements: 2,
        ..Limits::default()
    };
    let many = r#"{"00100010":{"vr":"PN"},"00100020":{"vr":"LO"},"00100040":{"vr":"CS"}}"#;
    assert!(matches!(
        read(many.as_bytes(), limits),
        Err(Error::Limit { .. })
    ));
}

fn any_value() -> impl Strategy<Value = (u16, Vr, Vec<u8>)> {
    (
        0x1000_u16..0x10FF,
        proptest::sample::select(Vr::ALL),
        proptest::collection::vec(any::<u8>(), 0..40),
    )
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes, Limits::default());
    }

    #[test]
    fn arbitrary_tokens_never_panic(tokens in proptest::collection::vec(proptest::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"vr\"", "\"Value\"", "\"SQ\"", "\"PN\"", "\"US\"", "\"00081140\"", "\"00080005\"",
        "\"InlineBinary\"", "\"Alphabetic\"", "null", "1", "1e5", "-", "\"\\u00e4\"", "\"a\\\\b\"", " ", "true",
    ]), 0..60)) {
        let _ = read(tokens.concat().as_bytes(), Limits::default());
    }

    #[test]
    fn arbitrary_values_make_valid_json_that_is_stable(values in proptest::collection::vec(any_value(), 0..10)) {
        let mut data_set = DataSet::new();
        for (element, vr, bytes) in values {
            if vr == Vr::SQ { continue }
            data_set.put_bytes(Tag(0x0011, element), vr, bytes);
        }
        let text = json_of(&data_set);
        prop_assert!(text.bytes().all(|b| b >= 0x20));
        prop_assert_eq!(json_of(&one(&text)), text);
    }
}

/// Explicit little endian elements, short lengths.
fn raw(elements: &[(Tag, &str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (tag, vr, value) in elements {
        bytes.extend_from_slice(&tag.0.to_le_bytes());
        bytes.extend_from_slice(&tag.1.to_le_bytes());
        bytes.extend_from_slice(vr.as_bytes());
        if matches!(*vr, "OB" | "OW" | "UN" | "UT" | "SQ") {
            bytes.extend_from_slice(&[0, 0]);
            bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        } else {
            bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
        }
        bytes.extend_from_slice(value);
    }
    bytes
}

const EXPLICIT: &str = "1.2.840.10008.1.2.1";

/// Remembers what it was asked for, and answers with its offset if the value is long.
#[derive(Default)]
struct Asked(Vec<(String, u64, Option<u64>)>);

impl BulkData for Asked {
    fn uri(
        &mut self,
        path: &sagittal_core::TagPath,
        offset: u64,
        length: Option<u64>,
    ) -> Option<String> {
        self.0.push((path.to_string(), offset, length));
        length
            .is_none_or(|length| length > 8)
            .then(|| format!("b?{offset}"))
    }
}

fn streamed(bytes: &[u8], total: u64) -> (crate::Result<Written>, String, Asked) {
    let (mut out, mut asked) = (Vec::new(), Asked::default());
    let result = write_from_bytes(
        bytes,
        total,
        EXPLICIT,
        Limits::default(),
        &mut asked,
        &mut out,
    );
    (result, String::from_utf8(out).unwrap(), asked)
}

#[test]
fn bulk_data_are_asked_for_and_referred_to() {
    let long = "x".repeat(5000);
    let bytes = raw(&[
        (tags::PATIENT_COMMENTS, "UT", long.as_bytes()),
        (Tag(0x0042, 0x0011), "OB", &[1; 10]),
        (tags::PIXEL_DATA, "OW", &[1; 4]),
    ]);
    let (result, text, asked) = streamed(&bytes, bytes.len() as u64);
    assert_eq!(result.unwrap().covered, bytes.len() as u64);
    assert_eq!(
        text,
        r#"{"00104000":{"vr":"UT","BulkDataURI":"b?12"},"00420011":{"vr":"OB","BulkDataURI":"b?5024"},"7FE00010":{"vr":"OW","InlineBinary":"AQEBAQ=="}}"#
    );
    assert_eq!(asked.0[2], ("(7FE0,0010)".to_owned(), 5046, Some(4)));
    assert_eq!(asked.0.len(), 3);
}

#[test]
fn a_prefix_is_enough_if_what_is_missing_has_a_uri() {
    let bytes = raw(&[
        (tags::PATIENT_ID, "LO", b"12"),
        (tags::PIXEL_DATA, "OW", &[1; 100]),
    ]);
    let (result, text, _) = streamed(&bytes[..40], bytes.len() as u64);
    assert_eq!(result.unwrap().covered, bytes.len() as u64);
    assert!(
        text.ends_with(r#""7FE00010":{"vr":"OW","BulkDataURI":"b?22"}}"#),
        "{text}"
    );
    // Cut in the value of an element for which nothing stands: refused, and nothing left behind.
    let (result, text, _) = streamed(&bytes[..9], bytes.len() as u64);
    assert!(matches!(result, Err(Error::Truncated { .. })), "{result:?}");
    assert_eq!(text, "");
}

#[test]
fn keys_are_in_order_and_differ_whatever_the_data_set_does() {
    let bytes = raw(&[
        (tags::PATIENT_ID, "LO", b"12"),
        (tags::MODALITY, "CS", b"CT"),
        (tags::PATIENT_ID, "LO", b"34"),
        (tags::ROWS, "US", &[1, 0]),
    ]);
    let (_, text, _) = streamed(&bytes, bytes.len() as u64);
    assert_eq!(
        text,
        r#"{"00080060":{"vr":"CS","Value":["CT"]},"00100020":{"vr":"LO","Value":["12"]},"00280010":{"vr":"US","Value":[1]}}"#
    );
}

#[test]
fn an_undeclared_umlaut_declares_utf8_where_it_belongs() {
    for (elements, expected) in [
        (
            &[(tags::PATIENT_NAME, "PN", "Ä".as_bytes())][..],
            r#"{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00100010""#,
        ),
        (
            &[
                (Tag(0x0008, 0x0001), "UL", &[0u8; 4][..]),
                (tags::MODALITY, "CS", b"CT"),
                (tags::PATIENT_NAME, "PN", "Ä".as_bytes()),
            ][..],
            r#"{"00080001":{"vr":"UL","Value":[0]},"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080060""#,
        ),
    ] {
        let bytes = raw(elements);
        let (_, text, _) = streamed(&bytes, bytes.len() as u64);
        assert!(text.starts_with(expected), "{text}");
    }
}

#[test]
fn what_is_written_as_unknown_is_told_by_the_dictionary() {
    let bytes = raw(&[
        (tags::MODALITY, "UN", b"CT"),
        (tags::ROWS, "UN", &[1, 0]),
        (Tag(0x0028, 0x0011), "UN", &[1, 0, 0]),
    ]);
    let (_, text, _) = streamed(&bytes, bytes.len() as u64);
    assert_eq!(
        text,
        r#"{"00080060":{"vr":"CS","Value":["CT"]},"00280010":{"vr":"US","Value":[1]},"00280011":{"vr":"UN","InlineBinary":"AQAA"}}"#
    );
}

#[test]
fn an_observer_sees_the_walk() {
    let bytes = raw(&[(tags::MODALITY, "CS", b"CT"), (tags::ROWS, "US", &[1, 0])]);
    let (mut out, mut seen) = (Vec::new(), 0);
    let mut observe = |_: &crate::walk::Event<'_>, depth: usize| {
        assert_eq!(depth, 0);
        seen += 1;
    };
    write_observed(
        &bytes,
        bytes.len() as u64,
        EXPLICIT,
        Limits::default(),
        &mut Inline,
        &mut out,
        &mut observe,
    )
    .unwrap();
    assert_eq!(seen, 2);
}

proptest! {
    #[test]
    fn arbitrary_bytes_make_valid_json(bytes in proptest::collection::vec(any::<u8>(), 0..300), big in any::<bool>(), implicit in any::<bool>()) {
        let uid = if implicit { "1.2.840.10008.1.2" } else if big { "1.2.840.10008.1.2.2" } else { EXPLICIT };
        let mut out = Vec::new();
        if write_from_bytes(&bytes, bytes.len() as u64, uid, Limits::default(), &mut Inline, &mut out).is_ok() {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok());
        }
    }
}
