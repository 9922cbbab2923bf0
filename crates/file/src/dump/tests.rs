#![allow(clippy::unwrap_used)]

use sagittal_core::Limits;

use super::*;

const EXPLICIT: &str = "1.2.840.10008.1.2.1";

fn sample() -> DataSet {
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.2");
    data_set.put_text(tags::PATIENT_NAME, "Doe^John\\Ä");
    data_set.put_text(tags::PATIENT_COMMENTS, "a\r\n\u{1b}[31mb");
    data_set.put_u16(tags::ROWS, &[512]);
    let mut item = DataSet::with_character_set(CharacterSet::utf8());
    item.put_text(tags::CODE_VALUE, "T-1");
    data_set.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![item]);
    data_set.put_empty(tags::PATIENT_ID);
    data_set.put_bytes(Tag(0x0029, 0x0010), Vr::LO, b"SIEMENS CSA HEADER".to_vec());
    data_set.put_bytes(Tag(0x0029, 0x1010), Vr::OB, vec![0xAB; 200]);
    data_set
}

fn shown(options: &Options) -> String {
    let mut bytes = Vec::new();
    crate::write::write_data_set(&sample(), EXPLICIT, &mut bytes).unwrap();
    let mut out = Vec::new();
    data_set(&bytes, EXPLICIT, Limits::default(), options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn lines_tell_tag_vr_value_length_multiplicity_and_name() {
    let text = shown(&Options::default());
    for line in [
        "(0008,0016) UI =CTImageStorage                          #  26, 1 SOPClassUID",
        "(0010,0010) PN [Doe^John\\Ä]                             #  12, 2 PatientName",
        "(0010,0020) LO (no value available)                     #   0, 0 PatientID",
        "(0028,0010) US 512                                      #   2, 1 Rows",
        "  (fffe,e000) na (Item 1)",
        "    (0008,0100) SH [T-1]",
        "  (fffe,e00d) na",
        "(fffe,e0dd) na",
        "(0029,1010) OB ab\\ab\\",
        "... # 200, 1",
        "[a\\r\\n\\u{1b}[31mb]",
    ] {
        assert!(text.contains(line), "{line}\nnot in\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn values_are_cut_where_asked() {
    let all = shown(&Options {
        value_length: None,
        ..Options::default()
    });
    assert!(
        all.contains(&"ab\\".repeat(199)) && !all.contains("..."),
        "{all}"
    );
    let short = shown(&Options {
        value_length: Some(4),
        ..Options::default()
    });
    assert!(short.contains("(0010,0010) PN [Doe...  "), "{short}");
}

#[test]
fn a_search_shows_what_it_finds_with_all_that_it_holds() {
    let only = vec![tags::CONCEPT_NAME_CODE_SEQUENCE, tags::PATIENT_ID];
    let text = shown(&Options {
        only,
        ..Options::default()
    });
    assert!(text.starts_with("(0010,0020)"), "{text}");
    assert!(
        text.contains("(0008,0100)") && !text.contains("(0010,0010)") && !text.contains("(0029"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 6, "{text}");
    let nested = shown(&Options {
        only: vec![tags::CODE_VALUE],
        ..Options::default()
    });
    assert_eq!(
        nested.trim_start(),
        "(0008,0100) SH [T-1]                                    #   4, 1 CodeValue\n"
    );
}

#[test]
fn findings_come_last() {
    let mut out = Vec::new();
    let bytes = [0x10, 0x00, 0x20, 0x00, b'L', b'O', 10, 0, b'1', b'2'];
    let findings = data_set(
        &bytes,
        EXPLICIT,
        Limits::default(),
        &Options::default(),
        &mut out,
    )
    .unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!findings.is_empty());
    assert!(
        text.lines()
            .last()
            .unwrap_or_default()
            .starts_with("# Warning: (0010,0020) at byte"),
        "{text}"
    );
}
