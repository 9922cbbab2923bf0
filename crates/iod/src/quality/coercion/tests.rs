#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;

const BY: Modification<'_> = Modification {
    date_time: "20261124120000",
    system: "SAGITTAL",
    source: "CT1",
};

fn data_set(rows: &[(Tag, Vr, &[u8])]) -> DataSet {
    let mut data_set = DataSet::new();
    for (tag, vr, bytes) in rows {
        data_set.put(Element {
            tag: *tag,
            vr: *vr,
            value: Value::Bytes(bytes.to_vec().into()),
        });
    }
    data_set
}

fn news(changes: &[Change]) -> Vec<(Tag, &[u8])> {
    let rows = changes
        .iter()
        .map(|change| (change.tag, change.new.as_slice()));
    rows.collect()
}

#[test]
fn blanks_and_nuls_around_values_go_and_one_blank_of_padding_stays() {
    let before = data_set(&[
        (tags::MODALITY, Vr::CS, b"MR"),
        (tags::STUDY_DESCRIPTION, Vr::LO, b"  HEAD\0\0"),
        (tags::PATIENT_NAME, Vr::PN, b"Doe^Joe "),
        (tags::PATIENT_ID, Vr::LO, b"1 \0 "),
        (tags::IMAGE_TYPE, Vr::CS, b"ORIGINAL \\ PRIMARY"),
    ]);
    let all = changes(&before, &[Coercion::Trim(Vec::new())]).unwrap();
    let expected: [(Tag, &[u8]); 3] = [
        (tags::IMAGE_TYPE, b"ORIGINAL\\PRIMARY"),
        (tags::STUDY_DESCRIPTION, b"HEAD"),
        (tags::PATIENT_ID, b"1 "),
    ];
    assert_eq!(news(&all), expected);
    let one = changes(&before, &[Coercion::Trim(vec![tags::PATIENT_ID])]).unwrap();
    assert_eq!(news(&one), [(tags::PATIENT_ID, &b"1 "[..])]);
}

#[test]
fn blanks_that_begin_lines_uids_and_bytes_not_understood_stay() {
    let before = data_set(&[
        (tags::SOP_INSTANCE_UID, Vr::UI, b" 1.2\0"),
        (tags::STUDY_DESCRIPTION, Vr::LO, b"  M\xfcller"),
        (tags::PATIENT_COMMENTS, Vr::LT, b"  first"),
    ]);
    assert!(
        changes(&before, &[Coercion::Trim(Vec::new())])
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_names_objects_or_is_not_allowed_cannot_be_set() {
    let long = "x".repeat(65);
    for (tag, text) in [
        (tags::STUDY_INSTANCE_UID, "1.2"),
        (tags::SPECIFIC_CHARACTER_SET, "ISO_IR 100"),
        (tags::ROWS, "5"),
        (tags::TRANSFER_SYNTAX_UID, "1.2"),
        (tags::PATIENT_ID, "a\\b"),
        (tags::PATIENT_ID, long.as_str()),
        (tags::PATIENT_NAME, "a=b=c=d"),
        (tags::PATIENT_SEX, "male"),
        (tags::STUDY_DATE, "20261399"),
    ] {
        assert!(Coercion::set(tag, text).is_err(), "{tag} {text}");
    }
    assert!(Coercion::set(tags::PATIENT_SEX, "M").is_ok());
}

#[test]
fn a_patient_of_the_table_gets_the_new_identifier_and_no_other_does() {
    let table = "# old, new\nOLD,17,\"A,17\",NEW,Doe^Jane\n,17,B17,\n";
    let map = [Coercion::PatientMap(PatientMap::parse(table).unwrap())];
    let patient = |id: &[u8], issuer: &[u8]| {
        data_set(&[
            (tags::PATIENT_ID, Vr::LO, id),
            (tags::ISSUER_OF_PATIENT_ID, Vr::LO, issuer),
        ])
    };
    let all = changes(&patient(b"17", b"OLD "), &map).unwrap();
    let expected: [(Tag, &[u8]); 3] = [
        (tags::PATIENT_NAME, b"Doe^Jane"),
        (tags::PATIENT_ID, b"A,17"),
        (tags::ISSUER_OF_PATIENT_ID, b"NEW "),
    ];
    assert_eq!(news(&all), expected);
    assert_eq!(all[0].old, None);
    assert!(changes(&patient(b"18", b"OLD "), &map).unwrap().is_empty());
    let without = changes(&patient(b"17", b""), &map).unwrap();
    assert_eq!(news(&without), [(tags::PATIENT_ID, &b"B17 "[..])]);
}

#[test]
fn a_flawed_table_is_refused_with_its_line_and_without_what_it_says() {
    for (table, line) in [
        ("A,1,2\n", 1),
        ("A,1,2,B\nA,1,3,B\n", 2),
        ("A,,2,B\n", 1),
        ("\n\"A,1,2,B\n", 2),
        ("A,1,SECRET\\2,B\n", 1),
    ] {
        let flaw = PatientMap::parse(table).unwrap_err();
        assert_eq!(flaw.line, line, "{table}");
        assert!(!flaw.to_string().contains("SECRET"));
    }
}

#[test]
fn original_values_are_kept_in_an_item_after_those_that_are_there() {
    let mut earlier = DataSet::new();
    earlier.put_text(tags::MODIFYING_SYSTEM, "OTHER");
    let mut made = data_set(&[(tags::PATIENT_ID, Vr::LO, b"  17")]);
    made.put_items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE, vec![earlier.clone()]);
    let coercions = [
        Coercion::Trim(Vec::new()),
        Coercion::set(tags::PATIENT_SEX, "F").unwrap(),
    ];
    let all = changes(&made, &coercions).unwrap();
    apply(&mut made, &all, &BY).unwrap();
    assert_eq!(made.bytes(tags::PATIENT_ID).unwrap().as_ref(), b"17");
    assert_eq!(made.bytes(tags::PATIENT_SEX).unwrap().as_ref(), b"F ");
    let [first, item] = made.items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE) else {
        panic!("two items");
    };
    assert_eq!(first, &earlier);
    let [before] = item.items(tags::MODIFIED_ATTRIBUTES_SEQUENCE) else {
        panic!("one item");
    };
    assert_eq!(before.bytes(tags::PATIENT_ID).unwrap().as_ref(), b"  17");
    assert!(before.get(tags::PATIENT_SEX).unwrap().value.is_empty());
    let text = |tag| item.first_text(tag).unwrap();
    let reason = text(tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION);
    assert_eq!(reason, "COERCE");
    assert_eq!(text(tags::MODIFYING_SYSTEM), "SAGITTAL");
    assert_eq!(text(tags::SOURCE_OF_PREVIOUS_VALUES), "CT1");
}

#[test]
fn what_ends_as_it_began_is_no_change_and_leaves_no_trace() {
    let mut made = data_set(&[(tags::PATIENT_SEX, Vr::CS, b"F ")]);
    let before = made.clone();
    let to = |text| Coercion::set(tags::PATIENT_SEX, text).unwrap();
    let all = changes(&made, &[to("M"), to("F")]).unwrap();
    assert!(all.is_empty());
    apply(&mut made, &all, &BY).unwrap();
    assert_eq!(made, before);
}

#[test]
fn a_value_that_the_character_set_cannot_hold_is_an_error_and_not_a_question_mark() {
    let data_set = data_set(&[(tags::PATIENT_NAME, Vr::PN, b"A ")]);
    let to = Coercion::set(tags::PATIENT_NAME, "Müller").unwrap();
    assert!(changes(&data_set, &[to]).is_err());
}
