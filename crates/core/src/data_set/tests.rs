//! Order, text, numbers and re-encoding of data sets.

use super::*;

#[test]
fn elements_are_kept_in_order_and_once() {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::PATIENT_NAME, "Doe^Jane");
    data_set.put_text(tags::MODALITY, "CT");
    data_set.put_text(tags::PATIENT_NAME, "Roe^Jane");
    let found: Vec<Tag> = data_set.elements().iter().map(|e| e.tag).collect();
    assert_eq!(found, [tags::MODALITY, tags::PATIENT_NAME]);
    assert_eq!(
        data_set.text(tags::PATIENT_NAME).as_deref(),
        Some("Roe^Jane")
    );
    assert!(data_set.remove(tags::MODALITY).is_some() && data_set.len() == 1);
}

#[test]
fn values_are_padded_to_even_length() {
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::PATIENT_ID, "abc");
    data_set.put_uid(tags::SOP_INSTANCE_UID, &Uid::from_static("1.2.3"));
    assert_eq!(
        data_set.bytes(tags::PATIENT_ID).map(|b| &b[..]),
        Some(&b"abc "[..])
    );
    assert_eq!(
        data_set.bytes(tags::SOP_INSTANCE_UID).map(|b| &b[..]),
        Some(&b"1.2.3\0"[..])
    );
    assert_eq!(
        data_set.first_text(tags::PATIENT_ID).as_deref(),
        Some("abc")
    );
}

#[test]
fn several_values_are_separated_unless_the_vr_has_one() {
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY ");
    data_set.put_text(tags::TEXT_VALUE, "C:\\x");
    assert_eq!(data_set.texts(tags::IMAGE_TYPE), ["ORIGINAL", "PRIMARY"]);
    assert_eq!(data_set.texts(tags::TEXT_VALUE), ["C:\\x"]);
}

#[test]
fn numbers_are_read_from_binary_and_from_text() {
    let mut data_set = DataSet::new();
    data_set.put_u16(tags::ROWS, &[512]);
    data_set.put_text(tags::PIXEL_SPACING, "0.5\\ 1e1 \\nan\\inf");
    data_set.put_text(tags::INSTANCE_NUMBER, "7.0");
    assert_eq!(data_set.int(tags::ROWS), Some(512));
    assert_eq!(data_set.floats(tags::PIXEL_SPACING), [0.5, 10.0]);
    assert_eq!(data_set.int(tags::INSTANCE_NUMBER), Some(7));
    assert_eq!(data_set.int(tags::COLUMNS), None);
}

#[test]
fn a_bad_uid_names_its_element() {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::STUDY_INSTANCE_UID, "../etc");
    let error = data_set
        .uid(tags::STUDY_INSTANCE_UID)
        .expect_err("not a UID");
    assert!(error.to_string().starts_with("(0020,000D)"));
}

#[test]
fn text_is_re_encoded_in_items_too() {
    let japanese = CharacterSet::from_element(b"\\ISO 2022 IR 87");
    let mut data_set = DataSet::with_character_set(japanese.clone());
    data_set.put_bytes(
        tags::SPECIFIC_CHARACTER_SET,
        Vr::CS,
        &b"\\ISO 2022 IR 87"[..],
    );
    data_set.put_text(tags::PATIENT_NAME, "Yamada=山田");
    let mut item = DataSet::with_character_set(japanese);
    item.put_text(tags::CODE_MEANING, "頭");
    data_set.put_items(tags::PROCEDURE_CODE_SEQUENCE, vec![item]);

    assert_eq!(data_set.transcode_text(&CharacterSet::utf8()), 0);
    assert_eq!(
        data_set.text(tags::SPECIFIC_CHARACTER_SET).as_deref(),
        Some("ISO_IR 192")
    );
    assert_eq!(
        data_set.text(tags::PATIENT_NAME).as_deref(),
        Some("Yamada=山田")
    );
    let item = &data_set.items(tags::PROCEDURE_CODE_SEQUENCE)[0];
    assert_eq!(
        item.bytes(tags::CODE_MEANING).map(|b| &b[..]),
        Some("頭 ".as_bytes())
    );

    assert_eq!(data_set.transcode_text(&CharacterSet::default()), 2);
    assert_eq!(
        data_set.text(tags::PATIENT_NAME).as_deref(),
        Some("Yamada=??")
    );
    assert!(!data_set.contains(tags::SPECIFIC_CHARACTER_SET));
}
