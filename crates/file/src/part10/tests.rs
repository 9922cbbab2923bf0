#![allow(clippy::unwrap_used)]
use sagittal_core::tags;

use super::*;

fn uid(text: &str) -> Uid {
    Uid::new(text).unwrap()
}

fn meta(transfer_syntax_uid: &str) -> Meta {
    Meta {
        sop_class_uid: uid("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance_uid: uid("1.2.3.4"),
        transfer_syntax_uid: uid(transfer_syntax_uid),
        source_ae_title: Some("SOURCE".to_owned()),
    }
}

fn data_set() -> DataSet {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.2");
    data_set.put_text(tags::SOP_INSTANCE_UID, "1.2.3.4");
    data_set.put_text(tags::PATIENT_NAME, "Doe^John");
    data_set.put_u16(tags::ROWS, &[5]);
    data_set
}

const SYNTAXES: [&str; 4] = [
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    crate::encoding::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
];

fn read_back(bytes: &[u8]) -> File {
    read(&Bytes::copy_from_slice(bytes), Limits::default()).unwrap()
}

fn kinds(file: &File) -> Vec<FindingKind> {
    file.findings
        .iter()
        .map(|finding| finding.kind.clone())
        .collect()
}

#[test]
fn a_file_written_is_read_without_a_finding() {
    for syntax in SYNTAXES {
        let bytes = write(&meta(syntax), &data_set()).unwrap();
        let file = read_back(&bytes);
        assert!(file.findings.is_empty(), "{:?}", file.findings);
        assert_eq!(file.data_set, data_set());
        assert_eq!(file.opening.transfer_syntax_uid, syntax);
        assert_eq!(
            file.opening.meta.first_text(SOURCE_AE_TITLE).unwrap(),
            "SOURCE"
        );
        assert_eq!(
            file.opening.meta.int(GROUP_LENGTH).unwrap() + 144,
            file.opening.data_set_offset as i64
        );
    }
}

#[test]
fn a_bare_data_set_is_recognized_in_each_native_syntax() {
    for syntax in &SYNTAXES[..3] {
        let mut bytes = Vec::new();
        write_data_set(&data_set(), syntax, &mut bytes).unwrap();
        let file = read_back(&bytes);
        assert_eq!(file.data_set, data_set());
        assert_eq!(file.opening.transfer_syntax_uid, *syntax);
        let assumed = FindingKind::TransferSyntaxAssumed((*syntax).to_owned());
        assert_eq!(
            kinds(&file),
            [
                FindingKind::MissingPreamble,
                FindingKind::MissingMeta,
                assumed
            ]
        );
    }
}

#[test]
fn a_wrong_transfer_syntax_is_noticed() {
    for (said, is) in [
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 2),
        (2, 0),
        (2, 1),
        (3, 1),
        (3, 0),
    ] {
        let mut bytes = write_header(&meta(SYNTAXES[said]));
        write_data_set(&data_set(), SYNTAXES[is], &mut bytes).unwrap();
        let file = read_back(&bytes);
        assert_eq!(file.data_set, data_set(), "{said} {is}");
        assert_eq!(
            kinds(&file),
            [FindingKind::TransferSyntaxAssumed(SYNTAXES[is].to_owned())]
        );
    }
}

#[test]
fn meta_without_preamble_or_group_length_is_read() {
    let whole = write(&meta(EXPLICIT_VR_LITTLE_ENDIAN), &data_set()).unwrap();
    let file = read_back(&whole[132..]);
    assert_eq!((file.data_set, file.findings.len()), (data_set(), 1));
    let file = read_back(&whole[128..]);
    assert_eq!((file.data_set, file.findings.len()), (data_set(), 1));
    let without_length = [&whole[..132], &whole[144..]].concat();
    let file = read_back(&without_length);
    assert_eq!(kinds(&file), [FindingKind::MetaGroupLength]);
    assert_eq!(file.data_set, data_set());
    let mut wrong_length = whole.clone();
    wrong_length[140] ^= 0x55;
    let file = read_back(&wrong_length);
    assert_eq!(kinds(&file), [FindingKind::MetaGroupLength]);
    assert_eq!(file.data_set, data_set());
}

#[test]
fn what_is_no_dicom_is_refused() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02".repeat(20);
    let text = b"Lorem ipsum dolor sit amet, consetetur sadipscing elitr".repeat(20);
    for bytes in [
        &b""[..],
        b"DIC",
        &png,
        &text,
        &[0; 500],
        &[0xFF; 500],
        b"%PDF-1.7 %....\n1 0 obj",
        b"PK\x03\x04\x14\0\0\0\x08\0",
    ] {
        assert!(
            matches!(open(bytes), Err(Error::NotDicom { .. })),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn what_cannot_be_in_a_file_is_refused() {
    let mut set = data_set();
    set.put_u16(Tag(0x0000, 0x0100), &[1]);
    assert!(matches!(
        write(&meta(SYNTAXES[0]), &set),
        Err(Error::Unwritable { .. })
    ));
    let mut set = data_set();
    set.put(Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::BulkDataUri("x".into()),
    });
    assert!(matches!(
        write(&meta(SYNTAXES[0]), &set),
        Err(Error::Unwritable { .. })
    ));
    set.put(Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::Fragments(Default::default()),
    });
    assert!(write(&meta(SYNTAXES[1]), &set).is_err());
    assert!(write(&meta("1.2.840.10008.1.2.4.50"), &set).is_ok());
    set.put_bytes(tags::PIXEL_DATA, Vr::OB, vec![0; 4]);
    assert!(write(&meta("1.2.840.10008.1.2.4.50"), &set).is_err());
    let mut set = data_set();
    set.put(Element {
        tag: tags::ROWS,
        vr: Vr::US,
        value: Value::Bytes(Bytes::from_static(&[1, 2, 3, 4, 5])),
    });
    let mut outer = DataSet::new();
    outer.put_items(Tag(0x0008, 0x1115), vec![DataSet::new(), set]);
    let error = write(&meta(SYNTAXES[1]), &outer).unwrap_err().to_string();
    assert!(error.starts_with("(0008,1115)[1].(0028,0010): "), "{error}");
}

#[test]
fn a_text_too_long_for_its_length_field_becomes_unknown() {
    let mut set = DataSet::new();
    set.put_text(Tag(0x0010, 0x4000), &"x".repeat(70_000));
    let bytes = write(&meta(EXPLICIT_VR_LITTLE_ENDIAN), &set).unwrap();
    let at = usize::try_from(open(&bytes).unwrap().data_set_offset).unwrap();
    assert_eq!(
        &bytes[at + 4..at + 12],
        &[b'U', b'N', 0, 0, 0x70, 0x11, 1, 0]
    );
    // And the dictionary gives it back.
    assert_eq!(read_back(&bytes).data_set, set);
}

#[test]
fn a_declared_syntax_is_kept_for_odd_first_tags() {
    let mut set = DataSet::new();
    set.put_bytes(Tag(0x0300, 0x5501), Vr::UN, vec![]);
    set.put_bytes(Tag(0x0701, 0x0101), Vr::UN, vec![0; 270]);
    let file = read_back(&write(&meta(EXPLICIT_VR_LITTLE_ENDIAN), &set).unwrap());
    assert!(file.findings.is_empty(), "{:?}", file.findings);
    assert_eq!(file.data_set, set);
}
