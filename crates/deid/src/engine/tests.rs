//! Tests of the engine: instances built here, before and after.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use sagittal_core::{DataSet, Element, Tag, Uid, Value, Vr, sop_class, tags, transfer_syntax};
use sagittal_file::part10;

use super::*;
use crate::{Policy, ProjectKey};

const CT: &str = sop_class::CT_IMAGE_STORAGE;
const DATES: &str = "[dates]\nmode = \"modified\"\n";

fn project(rest: &str) -> Project {
    let policy = Policy::from_toml(&format!("extends = \"basic\"\n{rest}")).unwrap();
    Project::new(policy, ProjectKey::new([3; 32]))
}

fn instance(class: &str) -> DataSet {
    let mut data_set = DataSet::utf8();
    data_set.put_text(tags::SOP_CLASS_UID, class);
    data_set.put_text(tags::SOP_INSTANCE_UID, "1.2.3.4");
    data_set.put_text(tags::STUDY_INSTANCE_UID, "1.2.3");
    data_set.put_text(tags::SERIES_INSTANCE_UID, "1.2.3.1");
    data_set.put_text(tags::PATIENT_NAME, "Quillfeather^Ottoline");
    data_set.put_text(tags::PATIENT_ID, "4711-0815");
    data_set.put_text(tags::STUDY_DATE, "20240229");
    data_set.put_text(tags::MODALITY, "CT");
    data_set
}

fn file(data_set: &DataSet, syntax: &'static str) -> Bytes {
    let meta = part10::Meta {
        sop_class_uid: data_set.uid(tags::SOP_CLASS_UID).unwrap().unwrap(),
        sop_instance_uid: data_set.uid(tags::SOP_INSTANCE_UID).unwrap().unwrap(),
        transfer_syntax_uid: Uid::from_static(syntax),
        source_ae_title: Some("QUILLFEATHER".to_owned()),
    };
    part10::write(&meta, data_set).unwrap().into()
}

fn run(data_set: &DataSet, rest: &str) -> DataSet {
    run_file(
        &file(data_set, transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN),
        rest,
    )
}

/// What a reader makes of the bytes.
fn run_file(bytes: &Bytes, rest: &str) -> DataSet {
    let project = project(rest);
    let output = deidentify(bytes, &project, &mut ()).unwrap();
    let written = Bytes::from(output.to_bytes().unwrap());
    let read = part10::read(&written, Limits::default()).unwrap();
    assert_eq!(read.findings, []);
    assert_eq!(read.data_set, output.data_set);
    read.data_set
}

fn text(data_set: &DataSet, tag: Tag) -> String {
    data_set.text(tag).unwrap_or_default().into_owned()
}

#[test]
fn header_and_preamble_are_made_anew() {
    let mut bytes = file(&instance(CT), transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN).to_vec();
    bytes[..12].copy_from_slice(b"Quillfeather");
    let project = project("");
    let mut seen = Vec::new();
    let mut listen = |change: Change<'_>| seen.push((change.path.to_string(), change.taken));
    let output = deidentify(&bytes.into(), &project, &mut listen).unwrap();
    let written = output.to_bytes().unwrap();
    assert_eq!(written[..128], [0; 128]);
    assert!(
        !written
            .to_ascii_lowercase()
            .windows(8)
            .any(|w| w == b"quillfea")
    );
    assert!(seen.contains(&("(0000,0000)".to_owned(), Taken::Emptied)));
    assert!(seen.contains(&("(0002,0016)".to_owned(), Taken::Removed)));
    let new = output
        .data_set
        .uid(tags::SOP_INSTANCE_UID)
        .unwrap()
        .unwrap();
    assert_eq!(new, output.meta.sop_instance_uid);
    assert_ne!(new, "1.2.3.4");
}

#[test]
fn the_type_in_the_iod_settles_compound_actions() {
    let mut data_set = instance(CT);
    data_set.put_text(tags::CONTENT_DATE, "20240229");
    data_set.put_text(tags::SERIES_DATE, "20240229");
    data_set.put_text(tags::REFERRING_PHYSICIAN_NAME, "Who^Doctor");
    let out = run(&data_set, "");
    // Type 2, Type 3, Type 2.
    assert!(out.contains(tags::STUDY_DATE) && text(&out, tags::STUDY_DATE).is_empty());
    assert!(!out.contains(tags::SERIES_DATE));
    assert_eq!(
        out.get(tags::REFERRING_PHYSICIAN_NAME)
            .map(|e| e.value.is_empty()),
        Some(true)
    );
    // Type 1 in a presentation state.
    let mut state = instance(sop_class::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE);
    state.put_text(tags::PRESENTATION_CREATION_DATE, "20240229");
    let out = run(&state, "");
    assert_eq!(text(&out, tags::PRESENTATION_CREATION_DATE), "19000101");
}

#[test]
fn references_at_any_depth_have_the_new_uids() {
    let mut item = DataSet::utf8();
    item.put_text(tags::REFERENCED_SOP_CLASS_UID, CT);
    item.put_text(tags::REFERENCED_SOP_INSTANCE_UID, "1.2.3.4");
    let mut series = DataSet::utf8();
    series.put_text(tags::SERIES_INSTANCE_UID, "1.2.3.1");
    series.put_items(tags::REFERENCED_SOP_SEQUENCE, vec![item]);
    let mut study = DataSet::utf8();
    study.put_text(tags::STUDY_INSTANCE_UID, "1.2.3");
    study.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    let mut report = instance(sop_class::BASIC_TEXT_SR_STORAGE);
    report.put_text(tags::SOP_INSTANCE_UID, "1.2.3.9");
    report.put_items(
        tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE,
        vec![study],
    );
    let (report, image) = (run(&report, ""), run(&instance(CT), ""));
    let study = &report.items(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE)[0];
    let series = &study.items(tags::REFERENCED_SERIES_SEQUENCE)[0];
    let item = &series.items(tags::REFERENCED_SOP_SEQUENCE)[0];
    for (here, there, tag) in [
        (study, tags::STUDY_INSTANCE_UID, tags::STUDY_INSTANCE_UID),
        (series, tags::SERIES_INSTANCE_UID, tags::SERIES_INSTANCE_UID),
        (
            item,
            tags::REFERENCED_SOP_INSTANCE_UID,
            tags::SOP_INSTANCE_UID,
        ),
    ] {
        assert_eq!(text(here, there), text(&image, tag));
    }
    assert_eq!(text(item, tags::REFERENCED_SOP_CLASS_UID), CT);
}

#[test]
fn unknown_private_elements_go_and_safe_ones_stay_with_their_creator() {
    let mut data_set = instance(CT);
    data_set.put_bytes(Tag(0x0019, 0x0010), Vr::LO, b"Dr. Who's own".to_vec());
    data_set.put_bytes(Tag(0x0019, 0x1001), Vr::LO, b"Quillfeather".to_vec());
    data_set.put_bytes(Tag(0x0043, 0x0010), Vr::LO, b"GEMS_PARM_01".to_vec());
    data_set.put_bytes(Tag(0x0043, 0x1038), Vr::LO, b"Quillfeather".to_vec());
    data_set.put_bytes(Tag(0x0043, 0x1039), Vr::IS, b"5\\0\\0\\0".to_vec());
    let private = |out: &DataSet| -> Vec<Tag> {
        let tags = out.elements().iter().map(|element| element.tag);
        tags.filter(|tag| tag.is_private()).collect()
    };
    assert_eq!(private(&run(&data_set, "")), []);
    let kept = private(&run(&data_set, "[options]\nretain_safe_private = true\n"));
    assert_eq!(kept, [Tag(0x0043, 0x0010), Tag(0x0043, 0x1039)]);
    let own = "[[private.keep]]\ncreator = \"GEMS_PARM_01\"\ntag = \"(0043,xx38)\"\n";
    let out = run(&data_set, own);
    assert!(!text(&out, Tag(0x0043, 0x1038)).contains("Quillfeather"));
}

#[test]
fn a_sequence_written_as_un_is_gone_through() {
    let mut item = DataSet::utf8();
    item.put_text(tags::PATIENT_NAME, "Quillfeather^Ottoline");
    item.put_text(tags::REFERENCED_SOP_INSTANCE_UID, "1.2.3.4");
    let mut inner = Vec::new();
    let implicit = transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN;
    sagittal_file::write::write_data_set(&item, implicit, &mut inner).unwrap();
    let mut bytes = vec![0xFE, 0xFF, 0x00, 0xE0];
    bytes.extend_from_slice(&(inner.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&inner);
    let mut data_set = instance(sop_class::RT_PLAN_STORAGE);
    let tag = tags::REFERENCED_STRUCTURE_SET_SEQUENCE;
    let put = |data_set: &mut DataSet, bytes: Vec<u8>| {
        let value = Value::Bytes(bytes.into());
        data_set.put(Element {
            tag,
            vr: Vr::UN,
            value,
        });
    };
    put(&mut data_set, bytes);
    let out = run(&data_set, "");
    assert_eq!(out.get(tag).unwrap().vr, Vr::SQ);
    let item = &out.items(tag)[0];
    assert_ne!(text(item, tags::REFERENCED_SOP_INSTANCE_UID), "1.2.3.4");
    assert!(!text(item, tags::PATIENT_NAME).contains("Quill"));
    // What cannot be read does not stay.
    put(&mut data_set, b"Quillfeather".to_vec());
    assert!(!run(&data_set, "").contains(tag));
}

#[test]
fn dates_move_by_patient_and_intervals_stay() {
    let mut first = instance(CT);
    first.put_text(tags::ACQUISITION_DATETIME, "20240301235959.5+0100");
    first.put_text(tags::ACQUISITION_TIME, "235959");
    first.put_text(tags::SERIES_DATE, "20241332");
    let out = run(&first, DATES);
    let day = |text: &str| sagittal_core::Date::parse(text).unwrap().to_days();
    let moved = day(&text(&out, tags::STUDY_DATE)) - day("20240229");
    assert!((-365..0).contains(&moved));
    let at = text(&out, tags::ACQUISITION_DATETIME);
    assert_eq!(day(&at[..8]) - day("20240301"), moved);
    assert_eq!(&at[8..], "235959.5+0100");
    assert_eq!(text(&out, tags::ACQUISITION_TIME), "235959");
    // No such day: not let through.
    assert!(!out.contains(tags::SERIES_DATE));
    assert_eq!(
        text(&out, tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED),
        "MODIFIED"
    );
    let mut other = instance(CT);
    other.put_text(tags::PATIENT_ID, "somebody else");
    let other = day(&text(&run(&other, DATES), tags::STUDY_DATE)) - day("20240229");
    assert_ne!(other, moved);
}

#[test]
fn great_ages_are_capped_and_others_kept() {
    let options = "[options]\nretain_patient_characteristics = true\n";
    for (before, after) in [("093Y", "090Y"), ("045Y", "045Y"), ("Otto", "")] {
        let mut data_set = instance(CT);
        data_set.put_text(tags::PATIENT_AGE, before);
        assert_eq!(text(&run(&data_set, options), tags::PATIENT_AGE), after);
    }
}

#[test]
fn what_no_table_lists_is_not_let_through_unseen() {
    let mut data_set = instance(CT);
    data_set.put_text(tags::DOCUMENT_TITLE, "Letter to Quillfeather about thorax");
    data_set.put_bytes(Tag(0x0008, 0x7777), Vr::LO, b"Quillfeather".to_vec());
    data_set.put_bytes(tags::INSTANCE_NUMBER, Vr::IS, b"Ottoline".to_vec());
    data_set.put_bytes(tags::MANUFACTURER, Vr::LO, b"Q\0u\0i\0l\0l\0f\0".to_vec());
    data_set.put_bytes(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE, Vr::SQ, Vec::new());
    let out = run(&data_set, "");
    assert!(!text(&out, tags::DOCUMENT_TITLE).contains("Quill"));
    assert!(text(&out, tags::DOCUMENT_TITLE).contains("thorax"));
    assert!(!out.contains(Tag(0x0008, 0x7777)));
    assert!(text(&out, tags::INSTANCE_NUMBER).is_empty());
    assert!(text(&out, tags::MANUFACTURER).is_empty());
    assert!(!out.contains(tags::ENCRYPTED_ATTRIBUTES_SEQUENCE));
    let out = run(&data_set, "[defaults]\ntext = \"remove\"\n");
    assert!(!out.contains(tags::DOCUMENT_TITLE));
}

#[test]
fn overlays_go_whole_even_from_the_bits_of_pixels() {
    let mut data_set = instance(CT);
    data_set.put_u16(tags::BITS_ALLOCATED, &[16]);
    data_set.put_u16(tags::BITS_STORED, &[12]);
    data_set.put_u16(tags::HIGH_BIT, &[11]);
    data_set.put_u16(Tag(0x6000, 0x0010), &[1]);
    data_set.put_u16(Tag(0x6000, 0x0102), &[15]);
    data_set.put_bytes(Tag(0x6002, 0x3000), Vr::OW, vec![1; 2]);
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![0xFF, 0x8F, 0x01, 0x80]);
    let out = run(&data_set, "");
    assert!(
        out.elements()
            .iter()
            .all(|element| element.tag.group() < 0x6000 || element.tag == tags::PIXEL_DATA)
    );
    assert_eq!(
        out.bytes(tags::PIXEL_DATA).unwrap()[..],
        [0xFF, 0x0F, 0x01, 0x00]
    );
}

#[test]
fn pixel_data_are_shared_with_the_input() {
    let mut data_set = instance(CT);
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OW, vec![7; 1 << 16]);
    let bytes = file(&data_set, transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN);
    let project = project("");
    let output = deidentify(&bytes, &project, &mut ()).unwrap();
    let within = bytes.as_ptr_range();
    let chunks = output.chunks().unwrap();
    assert!(
        chunks
            .iter()
            .any(|chunk| chunk.len() == 1 << 16 && within.contains(&chunk.as_ptr()))
    );
    assert_eq!(
        chunks.concat(),
        part10::write(&output.meta, &output.data_set).unwrap()
    );
}

#[test]
fn markers_say_what_was_applied_and_once() {
    let once = run(&instance(CT), DATES);
    assert_eq!(text(&once, tags::PATIENT_IDENTITY_REMOVED), "YES");
    let codes = |out: &DataSet| -> Vec<String> {
        let items = out
            .items(tags::DE_IDENTIFICATION_METHOD_CODE_SEQUENCE)
            .iter();
        items.map(|item| text(item, tags::CODE_VALUE)).collect()
    };
    assert_eq!(codes(&once), ["113100", "113107"]);
    let twice = run(&once, DATES);
    assert_eq!(codes(&twice), codes(&once));
    let method = tags::DE_IDENTIFICATION_METHOD;
    assert_eq!(twice.texts(method), once.texts(method));
    assert!(once.texts(method)[0].contains("2026d"));
    assert!(once.texts(method).iter().all(|value| value.len() <= 64));
    let third = run(&once, "");
    let longitudinal = tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED;
    assert_eq!(text(&third, longitudinal), "REMOVED");
    assert_eq!(text(&run(&third, DATES), longitudinal), "REMOVED");
}

#[test]
fn text_stays_in_the_character_set_of_its_data_set() {
    let mut data_set = DataSet::new();
    data_set.put_text(tags::SPECIFIC_CHARACTER_SET, "ISO_IR 100");
    for element in instance(CT).into_elements() {
        if element.tag != tags::SPECIFIC_CHARACTER_SET {
            data_set.put(element);
        }
    }
    data_set.put_text(tags::PATIENT_NAME, "Quillfeather^Jörg");
    data_set.put_text(tags::STUDY_DESCRIPTION, "Schädel nativ für Quillfeather");
    let out = run(&data_set, "[options]\nclean_descriptors = true\n");
    let description = text(&out, tags::STUDY_DESCRIPTION);
    assert!(
        description.contains("Schädel nativ") && !description.contains("Quill"),
        "{description}"
    );
    assert!(out.bytes(tags::STUDY_DESCRIPTION).unwrap().contains(&0xE4));
}

#[test]
fn overrides_go_first_but_never_break_the_iod() {
    let rules = "[[tag]]\ntag = \"Modality\"\naction = \"remove\"\n\
                 [[tag]]\ntag = \"StudyDescription\"\naction = \"replace\"\nvalue = \"Arm A\"\n\
                 [[tag]]\ntag = \"PatientID\"\naction = \"keep\"\n";
    let mut data_set = instance(CT);
    data_set.put_text(tags::STUDY_DESCRIPTION, "thorax");
    let out = run(&data_set, rules);
    assert_eq!(text(&out, tags::STUDY_DESCRIPTION), "Arm A");
    assert_eq!(text(&out, tags::PATIENT_ID), "4711-0815");
    assert!(!text(&out, tags::MODALITY).is_empty());
}

#[test]
fn a_document_keeps_its_form_without_its_content() {
    let mut name = DataSet::utf8();
    name.put_text(tags::VALUE_TYPE, "PNAME");
    name.put_text(tags::PERSON_NAME, "Quillfeather^Ottoline");
    let mut report = instance(sop_class::BASIC_TEXT_SR_STORAGE);
    report.put_items(tags::CONTENT_SEQUENCE, vec![name]);
    let out = run(&report, "");
    let items = out.items(tags::CONTENT_SEQUENCE);
    assert_eq!(
        (items.len(), text(&items[0], tags::VALUE_TYPE)),
        (1, "TEXT".to_owned())
    );
    assert_eq!(text(&items[0], tags::TEXT_VALUE), "REMOVED");
}

#[test]
fn instances_that_cannot_be_judged_are_refused() {
    let project = project("");
    let mut nameless = instance(CT);
    nameless.remove(tags::SOP_CLASS_UID);
    let mut bytes = Vec::new();
    let explicit = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
    sagittal_file::write::write_data_set(&nameless, explicit, &mut bytes).unwrap();
    let refused = deidentify(&bytes.into(), &project, &mut ());
    assert!(matches!(refused, Err(Error::Refused { .. })));
    assert!(deidentify(&Bytes::from_static(b"Quillfeather"), &project, &mut ()).is_err());
}

#[test]
fn one_key_gives_one_result_and_another_another() {
    let bytes = file(&instance(CT), transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN);
    let with = |key: u8| {
        let project = Project::new(Policy::default(), ProjectKey::new([key; 32]));
        std::thread::scope(|scope| {
            let runs: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| deidentify(&bytes, &project, &mut ()).unwrap()))
                .collect();
            let outputs: Vec<Vec<u8>> = runs
                .into_iter()
                .map(|run| run.join().unwrap().to_bytes().unwrap())
                .collect();
            assert!(outputs.windows(2).all(|two| two[0] == two[1]));
            outputs[0].clone()
        })
    };
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
}

#[test]
fn explanations_tell_before_and_after() {
    let bytes = file(&instance(CT), transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN);
    let (explained, _) = explain(&bytes, &project("")).unwrap();
    let of = |keyword| explained.iter().find(|row| row.keyword == keyword).unwrap();
    let name = of("PatientName");
    assert_eq!(name.before, "Quillfeather^Ottoline");
    assert_eq!(
        (name.asked.as_str(), name.action.as_str()),
        ("E.1-1 (0010,0010)", "Z")
    );
    assert_eq!(name.taken, Taken::Replaced);
    assert_eq!(of("StudyDate").after.as_deref(), Some(""));
    assert_eq!(of("PatientIdentityRemoved").taken, Taken::Added);
}
