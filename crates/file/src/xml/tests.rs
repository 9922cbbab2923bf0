#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sagittal_core::{CharacterSet, DataSet, Element, Fragments, Limits, Tag, Value, Vr, tags};

use super::*;
use crate::Error;

fn xml_of(data_set: &DataSet) -> String {
    let mut out = Vec::new();
    write(data_set, &mut out);
    String::from_utf8(out).expect("UTF-8")
}

fn parse(xml: &str) -> DataSet {
    read(xml.as_bytes(), Limits::default()).unwrap_or_else(|error| panic!("{error}: {xml}"))
}

fn model(content: &str) -> String {
    format!("<NativeDicomModel xml:space=\"preserve\">{content}</NativeDicomModel>")
}

fn sample() -> DataSet {
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::PATIENT_NAME, "Müller^Änne^^Dr.=山田^太郎=やまだ\\X^Y");
    data_set.put_text(tags::IMAGE_TYPE, "ORIGINAL\\\\AXIAL");
    data_set.put_text(tags::PATIENT_COMMENTS, "a < b & \"c\" > d\r\nline\ttab");
    data_set.put_u16(tags::ROWS, &[512]);
    data_set.put_tags(Tag(0x0072, 0x0026), &[tags::PATIENT_NAME]);
    data_set.put_bytes(
        Tag(0x0018, 0x9073),
        Vr::FD,
        [1.5e300_f64.to_le_bytes(), f64::NEG_INFINITY.to_le_bytes()].concat(),
    );
    data_set.put_bytes(Tag(0x0011, 0x0010), Vr::LO, b"ACME \"1\"".to_vec());
    data_set.put_bytes(Tag(0x0011, 0x1002), Vr::UN, vec![1, 2, 3, 4]);
    let mut item = DataSet::with_character_set(CharacterSet::utf8());
    item.put_text(tags::CODE_MEANING, "Größe");
    data_set.put_items(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        vec![item, DataSet::with_character_set(CharacterSet::utf8())],
    );
    data_set.put_items(tags::REFERENCED_STUDY_SEQUENCE, vec![]);
    data_set.put_empty(tags::PATIENT_ID);
    for (element, uri) in [
        (0x0011, "../bulk?a=1&b=2"),
        (0x0010, "urn:uuid:5d6f9f0e-6e0c-4d27-a7ff-3d5b2ae4a8e3"),
    ] {
        data_set.put(Element {
            tag: Tag(0x0042, element),
            vr: Vr::OB,
            value: Value::BulkDataUri(uri.into()),
        });
    }
    let fragments = Fragments {
        offset_table: vec![],
        fragments: vec![bytes::Bytes::from_static(b"abcd")],
    };
    data_set.put(Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::Fragments(fragments),
    });
    data_set
}

#[test]
fn a_data_set_comes_back_as_it_was() {
    let text = xml_of(&sample());
    for part in [
        r#"<DicomAttribute tag="00100010" vr="PN" keyword="PatientName"><PersonName number="1"><Alphabetic><FamilyName>Müller</FamilyName>"#,
        r#"<NamePrefix>Dr.</NamePrefix></Alphabetic><Ideographic><FamilyName>山田</FamilyName>"#,
        r#"<Value number="2"></Value><Value number="3">AXIAL</Value>"#,
        r#"<DicomAttribute tag="00110002" vr="UN" privateCreator="ACME &quot;1&quot;""#,
        r#"<BulkData uri="../bulk?a=1&amp;b=2"/>"#,
        r#"<BulkData uuid="5d6f9f0e-"#,
        r#"a &lt; b &amp; "c" &gt; d&#13;"#,
        r#"<Value number="2">-INF</Value>"#,
    ] {
        assert!(text.contains(part), "{part} not in {text}");
    }
    let again = parse(&text);
    for (a, b) in again.elements().iter().zip(sample().elements()) {
        assert_eq!(a, b);
    }
    assert_eq!(again, sample());
    assert_eq!(xml_of(&again), text);
}

#[test]
fn characters_that_xml_lacks_are_replaced() {
    let mut data_set = DataSet::new();
    data_set.put_bytes(tags::PATIENT_COMMENTS, Vr::LT, b"a\x00b\x0Bc".to_vec());
    let text = xml_of(&data_set);
    assert!(text.contains("a?b?c"), "{text}");
}

#[test]
fn document_types_and_entities_are_refused() {
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>"#;
    assert!(read(format!("{bomb}{}", model("")).as_bytes(), Limits::default()).is_err());
    let entity = model(
        r#"<DicomAttribute tag="00100020" vr="LO"><Value number="1">&b;</Value></DicomAttribute>"#,
    );
    assert!(read(entity.as_bytes(), Limits::default()).is_err());
}

#[test]
fn what_other_writers_do_is_understood() {
    let data_set = parse(&model(
        "\n <!-- x --><DicomAttribute tag='00100020' vr='LO'>\n<Value number='2'><![CDATA[a&b]]>&#x41;&amp;</Value>\n</DicomAttribute>
         <DicomAttribute keyword='PatientSex'><Value>F</Value></DicomAttribute><Other><A/></Other>
         <DicomAttribute tag='00090002' vr='CS' privateCreator='ACME'><Value number='1'>Q</Value></DicomAttribute>
         <DicomAttribute tag='00091203' vr='CS' privateCreator='OTHER'><Value number='1'>R</Value></DicomAttribute>",
    ));
    assert_eq!(data_set.text(tags::PATIENT_ID).as_deref(), Some("\\a&bA&"));
    assert_eq!(data_set.first_text(tags::PATIENT_SEX).as_deref(), Some("F"));
    assert_eq!(data_set.text(Tag(0x0009, 0x0010)).as_deref(), Some("ACME"));
    assert_eq!(data_set.text(Tag(0x0009, 0x1002)).as_deref(), Some("Q"));
    assert_eq!(data_set.text(Tag(0x0009, 0x0012)).as_deref(), Some("OTHER"));
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><NativeDicomModel><DicomAttribute tag=\"00100020\" vr=\"LO\"><Value number=\"1\">\xE4</Value></DicomAttribute></NativeDicomModel>";
    let data_set = read(latin, Limits::default()).unwrap();
    assert_eq!(data_set.text(tags::PATIENT_ID).as_deref(), Some("ä"));
}

#[test]
fn a_creator_with_two_blocks_keeps_its_elements_apart() {
    let mut data_set = DataSet::new();
    for block in [0x10, 0x11] {
        data_set.put_bytes(Tag(0x0009, block), Vr::LO, b"ACME".to_vec());
        data_set.put_bytes(Tag(0x0009, block << 8 | 1), Vr::US, vec![block as u8, 0]);
    }
    assert_eq!(parse(&xml_of(&data_set)), data_set);
}

#[test]
fn mistakes_and_excesses_are_refused() {
    for bad in [
        String::new(),
        "<Other/>".to_owned(),
        "<NativeDicomModel>".to_owned(),
        model("<DicomAttribute tag='0010'/>"),
        model(
            "<DicomAttribute tag='00280010' vr='US'><Value number='1'>x</Value></DicomAttribute>",
        ),
        model(
            "<DicomAttribute tag='00100020' vr='LO'><Value number='0'>x</Value></DicomAttribute>",
        ),
        model(
            "<DicomAttribute tag='00100020' vr='LO'><Value number='4000000000'>x</Value></DicomAttribute>",
        ),
        model("") + "<x/>",
    ] {
        assert!(read(bad.as_bytes(), Limits::default()).is_err(), "{bad}");
    }
    let deep = model(&"<DicomAttribute tag='00081140' vr='SQ'><Item number='1'>".repeat(100_000));
    assert!(matches!(
        read(deep.as_bytes(), Limits::default()),
        Err(Error::Limit { .. })
    ));
    let error = read(model("<DicomAttribute tag='00081140' vr='SQ'><Item><DicomAttribute tag='00280010' vr='US'><Value>-1</Value></DicomAttribute></Item></DicomAttribute>").as_bytes(), Limits::default()).unwrap_err();
    assert!(
        error.to_string().contains("(0008,1140)[0].(0028,0010)"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes, Limits::default());
    }

    #[test]
    fn arbitrary_tokens_never_panic(tokens in proptest::collection::vec(proptest::sample::select(vec![
        "<NativeDicomModel>", "</NativeDicomModel>", "<DicomAttribute tag='00081140' vr='SQ'>", "</DicomAttribute>",
        "<Item number='1'>", "</Item>", "<Value number='2'>", "</Value>", "<PersonName>", "</PersonName>", "<Alphabetic>",
        "&amp;", "&#0;", "&#xD800;", "text", "<BulkData uri='x'/>", "<InlineBinary>", "</InlineBinary>", "<![CDATA[", "]]>",
        "<DicomAttribute tag='00091001' privateCreator='A'>", "<?xml version='1.0'?>", "<!--", "-->",
    ]), 0..40)) {
        let _ = read(format!("<NativeDicomModel>{}", tokens.concat()).as_bytes(), Limits::default());
    }

    #[test]
    fn arbitrary_values_make_xml_that_is_stable(
        values in proptest::collection::vec((0x1000_u16..0x10FF, proptest::sample::select(Vr::ALL), proptest::collection::vec(any::<u8>(), 0..40)), 0..10)
    ) {
        let mut data_set = DataSet::new();
        for (element, vr, bytes) in values {
            if vr == Vr::SQ { continue }
            data_set.put_bytes(Tag(0x0011, element), vr, bytes);
        }
        let text = xml_of(&data_set);
        prop_assert_eq!(xml_of(&parse(&text)), text);
    }
}

/// A property test found it: the declaration came with the second writing only.
#[test]
fn an_escape_sequence_where_none_may_be_is_declared_at_once() {
    let mut data_set = DataSet::new();
    data_set.put_bytes(Tag(0x0011, 0x1000), Vr::CS, vec![0x1B]);
    let text = xml_of(&data_set);
    assert_eq!(xml_of(&parse(&text)), text);
}
