#![allow(clippy::unwrap_used)]

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use sagittal_core::{DataSet, Element, Fragments, Tag, Uid, Value, Vr, tags};
use sagittal_file::part10::{Meta, write};

use super::*;

mod exemptions;

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const JPEG: &str = "1.2.840.10008.1.2.4.50";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

fn file(data_set: &DataSet, transfer_syntax_uid: &'static str) -> Bytes {
    let meta = Meta {
        sop_class_uid: Uid::from_static("1.2.840.10008.5.1.4.1.1.2"),
        sop_instance_uid: Uid::from_static("2.25.99"),
        transfer_syntax_uid: Uid::from_static(transfer_syntax_uid),
        source_ae_title: None,
    };
    write(&meta, data_set).unwrap().into()
}

fn input() -> Bytes {
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::PATIENT_NAME, "Müller-Doe^Jane=山田^花子");
    data_set.put_text(tags::PATIENT_ID, "HN-0047110815");
    data_set.put_text(tags::PATIENT_BIRTH_DATE, "19590131");
    data_set.put_text(tags::PATIENT_TELEPHONE_NUMBERS, "+43 1 40400-0");
    data_set.put_text(tags::STUDY_TIME, "101112");
    data_set.put_text(tags::INSTITUTION_NAME, "St. Vincent Hospital");
    data_set.put_text(tags::STUDY_INSTANCE_UID, "1.2.826.0.1.3680043.2.1143.42");
    data_set.put_text(tags::PATIENT_COMMENTS, "write to jane.doe@example.org");
    data_set.put_bytes(Tag(0x0029, 0x0010), Vr::LO, b"ACME 1.1".to_vec());
    data_set.put_bytes(Tag(0x0029, 0x1001), Vr::LO, b"Bed 4 in room North".to_vec());
    let mut physician = DataSet::with_character_set(data_set.character_set().clone());
    physician.put_text(tags::PERSON_NAME, "Brain^Walter");
    data_set.put_items(Tag(0x0040, 0xA073), vec![physician]);
    file(&data_set, EXPLICIT)
}

fn searcher(retained: &Retained) -> Searcher {
    Needles::of(&input(), retained).unwrap().searcher()
}

fn clean() -> DataSet {
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::MODALITY, "CT");
    data_set.put_text(tags::PATIENT_NAME, "7XK3M2");
    data_set.put_text(tags::STUDY_DESCRIPTION, "CT of the brain, 120 kV");
    data_set.put_text(tags::STUDY_INSTANCE_UID, "2.25.123456789");
    data_set.put_text(tags::STUDY_TIME, "000000");
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![3; 9000]);
    data_set
}

fn kinds(outcome: &Outcome) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = outcome.hits.iter().map(|hit| hit.kind).collect();
    kinds.dedup();
    kinds
}

#[test]
fn a_clean_output_has_no_hit() {
    let outcome = searcher(&Retained::default()).search(&file(&clean(), EXPLICIT));
    assert_eq!(outcome.hits, []);
    assert!(outcome.searched > 9000);
}

#[test]
fn every_kind_of_identifier_is_found_in_text() {
    let searcher = searcher(&Retained::default());
    for (text, kind) in [
        ("seen with Ms MUELLER", Kind::Name),
        ("Muller J", Kind::Name),
        ("jane", Kind::Name),
        ("T1_DoeJane_2", Kind::Name),
        ("患者は山田さん", Kind::Name),
        ("report by Dr. Walter Brain", Kind::Name),
        ("hn-0047110815", Kind::Identifier),
        ("HN0047110815", Kind::Identifier),
        ("born 31.01.1959", Kind::Date),
        ("born 31. Januar 1959", Kind::Date),
        ("19590131", Kind::Date),
        ("call 431404000", Kind::Phone),
        ("from st. vincent hospital", Kind::Institution),
        ("1.2.826.0.1.3680043.2.1143.42", Kind::Uid),
        ("JANE.DOE@EXAMPLE.ORG", Kind::Address),
        ("bed 4 in room north", Kind::Private),
    ] {
        let mut data_set = clean();
        data_set.put_text(tags::IMAGE_COMMENTS, text);
        let outcome = searcher.search(&file(&data_set, EXPLICIT));
        assert!(kinds(&outcome).contains(&kind), "{text}: {outcome:?}");
        assert!(outcome.hits[0].place.contains("(0020,4000)"), "{outcome:?}");
    }
    for text in [
        "brain tumor",
        "Walterian",
        "doer",
        "1.2.826.0.1.3680043.2.1143.421",
        "119590131",
    ] {
        let mut data_set = clean();
        data_set.put_text(tags::IMAGE_COMMENTS, text);
        let outcome = searcher.search(&file(&data_set, EXPLICIT));
        assert!(outcome.is_clean(), "{text}: {outcome:?}");
    }
}

#[test]
fn hits_do_not_say_what_they_found() {
    let outcome = searcher(&Retained::default()).search(&input());
    assert!(outcome.hits.len() > 5);
    let text = format!("{:?}", outcome.hits) + &outcome.hits[0].to_string();
    for value in ["ller", "Jane", "0047110815", "1959", "Vincent"] {
        assert!(!text.contains(value), "{value}");
    }
}

#[test]
fn every_place_and_encoding_is_searched() {
    let searcher = searcher(&Retained::default());
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let units = text.encode_utf16();
        units
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    };
    let mut deflater = ZlibEncoder::new(Vec::new(), Compression::best());
    deflater
        .write_all(b"a page of text, then 31.01.1959, then more")
        .unwrap();
    let deflated = deflater.finish().unwrap();
    let mut pdf = b"%PDF-1.4\n1 0 obj <</Length 9>> stream\n".to_vec();
    let mut deflater = ZlibEncoder::new(Vec::new(), Compression::best());
    deflater
        .write_all(b"BT [(M\xfcll) -20 (er, Ja) 3 (ne)] TJ ET")
        .unwrap();
    pdf.extend_from_slice(&deflater.finish().unwrap());
    pdf.extend_from_slice(b"\nendstream endobj");
    let values = [
        utf16("xx Jane xx", false),
        utf16("xx Jane xx", true),
        b"Dr. M\xfcller".to_vec(),
        b"xxxxxxxxxx SE4tMDA0NzExMDgxNQ== xxxxx".to_vec(),
        b"CSA\x01\x02\x00Jane\x00\x00\x00\x07".to_vec(),
        deflated,
        pdf,
    ];
    for (number, value) in values.into_iter().enumerate() {
        let mut item = DataSet::new();
        item.put_bytes(Tag(0x0029, 0x1010), Vr::OB, value);
        let mut data_set = clean();
        data_set.put_items(Tag(0x0040, 0xA730), vec![DataSet::new(), item]);
        for syntax in [
            EXPLICIT,
            "1.2.840.10008.1.2",
            "1.2.840.10008.1.2.2",
            DEFLATED,
        ] {
            let outcome = searcher.search(&file(&data_set, syntax));
            assert!(!outcome.is_clean(), "value {number} in {syntax}");
            assert!(
                outcome.hits[0].place.starts_with("(0040,A730)[1]"),
                "{outcome:?}"
            );
        }
    }
}

#[test]
fn preamble_pixels_fragments_and_trailing_bytes_are_searched() {
    let searcher = searcher(&Retained::default());
    let whole = file(&clean(), EXPLICIT).to_vec();
    let mut preamble = whole.clone();
    preamble[10..14].copy_from_slice(b"JANE");
    let mut pixels = whole.clone();
    let at = pixels.len() - 5001;
    pixels[at..at + 13].copy_from_slice(b"HN-0047110815");
    let mut after = whole.clone();
    after.extend_from_slice(b"\xFF\xFF\xFF\xFFJane of St. Vincent Hospital");
    let mut data_set = clean();
    let fragment = [vec![1; 777], b"Jane Mueller-Doe".to_vec(), vec![2; 777]].concat();
    data_set.put(Element {
        tag: tags::PIXEL_DATA,
        vr: Vr::OB,
        value: Value::Fragments(Fragments {
            offset_table: vec![],
            fragments: vec![Bytes::from_static(b"\xff\xd8"), fragment.into()],
        }),
    });
    let fragments = file(&data_set, JPEG).to_vec();
    for (bytes, place) in [
        (preamble, "preamble"),
        (pixels, "(7FE0,0010)"),
        (after, ""),
        (fragments, "(7FE0,0010)"),
    ] {
        let outcome = searcher.search(&bytes.into());
        assert!(!outcome.is_clean(), "{place}");
        assert!(outcome.hits[0].place.starts_with(place), "{outcome:?}");
    }
}

#[test]
fn what_cannot_be_read_is_a_hit() {
    let searcher = searcher(&Retained::default());
    let whole = file(&clean(), EXPLICIT);
    for bytes in [
        whole.slice(..whole.len() - 100),
        Bytes::from_static(b"no DICOM at all"),
        Bytes::new(),
    ] {
        let outcome = searcher.search(&bytes);
        assert_eq!(kinds(&outcome), [Kind::Unreadable], "{} bytes", bytes.len());
    }
    let mut deflated = file(&clean(), DEFLATED).to_vec();
    deflated.truncate(deflated.len() - 20);
    assert!(!searcher.search(&deflated.into()).is_clean());
    assert!(Needles::of(&Bytes::from_static(b"nothing"), &Retained::default()).is_err());
}

#[test]
fn what_the_policy_retains_is_no_residue() {
    let mut data_set = clean();
    data_set.put_text(tags::PATIENT_BIRTH_DATE, "19590131");
    data_set.put_text(tags::INSTITUTION_NAME, "St. Vincent Hospital");
    data_set.put_text(tags::STUDY_INSTANCE_UID, "1.2.826.0.1.3680043.2.1143.42");
    let output = file(&data_set, EXPLICIT);
    let none = searcher(&Retained::default()).search(&output);
    assert_eq!(kinds(&none).len(), 3, "{none:?}");
    let retained = Retained {
        dates: Dates::Full,
        uids: true,
        institutions: true,
        ..Retained::default()
    };
    assert_eq!(searcher(&retained).search(&output).hits, []);
}

#[test]
fn a_short_value_counts_where_it_is_the_same_at_the_same_place() {
    let mut data_set = clean();
    data_set.put_text(tags::STUDY_TIME, "101112");
    let outcome = searcher(&Retained::default()).search(&file(&data_set, EXPLICIT));
    assert_eq!(kinds(&outcome), [Kind::Time]);
    let mut elsewhere = clean();
    elsewhere.put_text(tags::SERIES_TIME, "101112");
    assert!(
        searcher(&Retained::default())
            .search(&file(&elsewhere, EXPLICIT))
            .is_clean()
    );
}

#[test]
fn lists_and_text_in_pixels_are_searched_too() {
    let mut needles = Needles::of(&input(), &Retained::default()).unwrap();
    needles.add(Kind::Name, "Nightingale^Florence");
    let searcher = needles.searcher();
    let hits = searcher.search_text("NIGHTINGALE FLORENCE F 1820");
    assert_eq!(hits[0].kind, Kind::Name);
    assert!(hits[0].origin.0.is_empty());
    assert!(searcher.search_text("L  120 kV  SUPINE").is_empty());
}

#[test]
fn a_cache_changes_nothing_but_the_time() {
    let cache = Cache::new();
    let inputs: Vec<Bytes> = (0..4)
        .map(|number| {
            let mut data_set = DataSet::utf8();
            let name = if number < 3 {
                "Doe^Jane"
            } else {
                "Roe^Richard"
            };
            data_set.put_text(tags::PATIENT_NAME, name);
            data_set.put_text(tags::PATIENT_ID, "HN-0047110815");
            data_set.put_text(tags::INSTITUTION_NAME, "St. Vincent Hospital");
            data_set.put_text(tags::SOP_INSTANCE_UID, &format!("1.2.826.0.1.{number}"));
            file(&data_set, EXPLICIT)
        })
        .collect();
    for input in inputs.iter().chain(&inputs) {
        let needles = || Needles::of(input, &Retained::default()).unwrap();
        let searcher = cache.searcher(needles());
        for output in &inputs {
            let mut found = searcher.search(output).hits;
            let mut expected = needles().searcher().search(output).hits;
            let key = |hit: &Hit| (hit.offset, hit.kind, hit.place.clone());
            found.sort_by_key(key);
            expected.sort_by_key(key);
            assert_eq!(found, expected);
            assert_eq!(
                output == input,
                found.iter().any(|hit| hit.kind == Kind::Uid)
            );
        }
    }
}

#[test]
fn dates_that_a_shift_coincides_with_are_no_residue() {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::STUDY_DATE, "20240110");
    data_set.put_text(tags::SERIES_DATE, "20240105");
    let input = file(&data_set, EXPLICIT);
    let retained = Retained {
        dates: Dates::Shifted(-5),
        ..Retained::default()
    };
    let searcher = Needles::of(&input, &retained).unwrap().searcher();
    let mut output = DataSet::new();
    output.put_text(tags::STUDY_DATE, "20240105");
    output.put_text(tags::SERIES_DATE, "20231231");
    assert_eq!(searcher.search(&file(&output, EXPLICIT)).hits, []);
    output.put_text(tags::STUDY_DATE, "20240110");
    assert!(!searcher.search(&file(&output, EXPLICIT)).is_clean());
}

#[test]
fn what_stands_in_a_number_or_a_maker_by_chance_is_no_hit() {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::PATIENT_ID, "12345");
    data_set.put_text(tags::INSTITUTION_NAME, "ACME Imaging");
    data_set.put_text(tags::DEVICE_SERIAL_NUMBER, "00000000");
    let searcher = Needles::of(&file(&data_set, EXPLICIT), &Retained::default())
        .unwrap()
        .searcher();
    let mut output = clean();
    output.put_text(tags::SERIES_NUMBER, "12345");
    output.put_text(tags::MANUFACTURER, "ACME Imaging");
    output.put_text(tags::CODE_VALUE, "12345");
    output.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![b'0'; 9000]);
    assert_eq!(searcher.search(&file(&output, EXPLICIT)).hits, []);
    output.put_text(tags::SERIES_DESCRIPTION, "12345 at ACME Imaging");
    assert_eq!(searcher.search(&file(&output, EXPLICIT)).hits.len(), 2);
}
