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
