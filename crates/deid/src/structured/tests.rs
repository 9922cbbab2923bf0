//! A report, cleaned.

use sagittal_core::{DataSet, TagPath, Vr, sop_class, tags};

use super::clean;
use crate::text::{Cleaner, Identity, Kind, Leave};
use crate::{Asked, Change, Options, Policy, Project, ProjectKey, Recorder, Session, Taken};

fn code(value: &str, scheme: &str, meaning: &str) -> DataSet {
    let mut code = DataSet::utf8();
    code.put_text(tags::CODE_VALUE, value);
    code.put_text(tags::CODING_SCHEME_DESIGNATOR, scheme);
    code.put_text(tags::CODE_MEANING, meaning);
    code
}

fn item(relation: &str, value_type: &str, concept: &str) -> DataSet {
    let mut item = DataSet::utf8();
    item.put_text(tags::RELATIONSHIP_TYPE, relation);
    item.put_text(tags::VALUE_TYPE, value_type);
    if !concept.is_empty() {
        let name = code(concept, "DCM", "a concept");
        item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name]);
    }
    item
}

fn text(concept: &str, value: &str) -> DataSet {
    let mut item = item("CONTAINS", "TEXT", concept);
    item.put_text(tags::TEXT_VALUE, value);
    item
}

fn image(uid: &str) -> DataSet {
    let mut reference = DataSet::new();
    reference.put_text(tags::REFERENCED_SOP_CLASS_UID, sop_class::CT_IMAGE_STORAGE);
    reference.put_text(tags::REFERENCED_SOP_INSTANCE_UID, uid);
    let mut item = item("SELECTED FROM", "IMAGE", "");
    item.put_items(tags::REFERENCED_SOP_SEQUENCE, vec![reference]);
    item
}

/// What is left, and what was done.
fn cleaned(items: Vec<DataSet>, options: Options) -> (Vec<DataSet>, Vec<(String, Taken)>) {
    let mut changes = Vec::new();
    let mut recorder = |change: Change<'_>| {
        let asked = match change.asked {
            Asked::Content(code, scheme, action) => format!("{code} {scheme} {action}"),
            other => format!("{other:?}"),
        };
        changes.push((format!("{} {asked}", change.path), change.taken));
    };
    let items = with_session(options, &mut recorder, |path, session| {
        clean(items, path, session)
    });
    (items, changes)
}

fn with_session<T>(
    options: Options,
    recorder: &mut dyn Recorder,
    run: impl FnOnce(&TagPath, &mut Session<'_>) -> T,
) -> T {
    let mut identity = Identity::default();
    identity.add(Kind::PatientName, "Doe^John");
    let mut project = Project::new(Policy::default(), ProjectKey::new([3; 32]));
    project.options = options;
    let mut session = Session {
        project: &project,
        cleaner: Cleaner::new(identity, Leave::default()),
        shift_days: -40,
        sop_class_uid: sop_class::COMPREHENSIVE_SR_STORAGE.to_owned(),
        recorder,
    };
    run(&TagPath::root(tags::CONTENT_SEQUENCE), &mut session)
}

fn with_descriptors() -> Options {
    Options {
        clean_structured_content: true,
        clean_descriptors: true,
        ..Options::default()
    }
}

#[test]
fn items_go_stay_and_are_cleaned_by_the_table() {
    let mut observer = item("HAS OBS CONTEXT", "PNAME", "121008");
    observer.put_text(tags::PERSON_NAME, "Smith^Jane");
    let mut study = item("CONTAINS", "DATE", "111060");
    study.put_text(tags::DATE, "20240131");
    let items = vec![
        observer,
        text("121022", "ACC1234"),
        text("121071", "Nodule of 5 mm, told Mr. Doe on 31.01.2024"),
        text("999999", "Stable. Doe."),
        study,
    ];
    let (left, changes) = cleaned(items.clone(), with_descriptors());
    let values: Vec<Option<String>> = left
        .iter()
        .map(|item| {
            item.first_text(tags::TEXT_VALUE)
                .or(item.first_text(tags::PERSON_NAME))
                .or(item.first_text(tags::DATE))
        })
        .collect();
    let expected = ["REMOVED", "Nodule of 5 mm, told on", "Stable.", "19000101"];
    assert_eq!(values, expected.map(|value| Some(value.to_owned())));
    let accession = "(0040,A730)[1].(0040,A160) 121022 DCM X".to_owned();
    assert!(
        changes.contains(&(accession, Taken::Removed)),
        "{changes:?}"
    );
    let dates = Options {
        retain_longitudinal_modified_dates: true,
        ..with_descriptors()
    };
    let (left, _) = cleaned(items, dates);
    let last = left.last().and_then(|item| item.first_text(tags::DATE));
    assert_eq!(last.as_deref(), Some("20231222"));
}

#[test]
fn what_others_hang_on_becomes_a_dummy() {
    let mut finding = text("112347", "Doe component");
    finding.put_items(tags::CONTENT_SEQUENCE, vec![text("999999", "below")]);
    let mut accession = text("121022", "ACC1234");
    accession.put_items(tags::CONTENT_SEQUENCE, vec![text("999999", "below")]);
    let mut region = item("CONTAINS", "SCOORD", "111030");
    region.put_text(tags::GRAPHIC_TYPE, "POINT");
    region.put_bytes(tags::GRAPHIC_DATA, Vr::FL, vec![0; 8]);
    region.put_items(tags::CONTENT_SEQUENCE, vec![image("1.2.3.4")]);
    let (left, _) = cleaned(vec![finding, accession, region], with_descriptors());
    assert_eq!(left.len(), 3);
    assert_eq!(
        left[1].first_text(tags::TEXT_VALUE).as_deref(),
        Some("REMOVED")
    );
    assert_eq!(left[1].items(tags::CONTENT_SEQUENCE).len(), 1);
    let image = &left[2].items(tags::CONTENT_SEQUENCE)[0];
    let reference = &image.items(tags::REFERENCED_SOP_SEQUENCE)[0];
    let new = reference
        .first_text(tags::REFERENCED_SOP_INSTANCE_UID)
        .expect("a UID");
    assert_ne!(new, "1.2.3.4");
    assert_eq!(
        reference
            .first_text(tags::REFERENCED_SOP_CLASS_UID)
            .as_deref(),
        Some(sop_class::CT_IMAGE_STORAGE)
    );
    assert!(left[2].contains(tags::GRAPHIC_DATA));
}

#[test]
fn references_by_position_are_counted_anew() {
    let reference = |target: &[u32]| {
        let mut item = DataSet::utf8();
        item.put_text(tags::RELATIONSHIP_TYPE, "INFERRED FROM");
        item.put_u32(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER, target);
        item
    };
    let mut conclusion = text("121077", "Benign");
    conclusion.put_items(
        tags::CONTENT_SEQUENCE,
        vec![reference(&[1, 1]), reference(&[1, 2])],
    );
    let items = vec![
        text("121022", "ACC1234"),
        text("121071", "Cyst"),
        conclusion,
    ];
    let (left, _) = cleaned(items, with_descriptors());
    assert_eq!(left.len(), 2);
    let references = left[1].items(tags::CONTENT_SEQUENCE);
    assert_eq!(
        references.len(),
        1,
        "the one to the accession number is gone"
    );
    assert_eq!(
        references[0].ints(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER),
        [1, 1]
    );
}

#[test]
fn texts_of_annotations_are_cleaned_and_drawings_stay() {
    let mut text = DataSet::utf8();
    text.put_text(tags::UNFORMATTED_TEXT_VALUE, "cyst, Doe");
    let mut name_only = DataSet::utf8();
    name_only.put_text(tags::UNFORMATTED_TEXT_VALUE, "Doe^John");
    let mut drawing = DataSet::new();
    drawing.put_bytes(tags::GRAPHIC_DATA, Vr::FL, vec![1; 8]);
    let mut annotation = DataSet::utf8();
    annotation.put_items(tags::TEXT_OBJECT_SEQUENCE, vec![text, name_only]);
    annotation.put_items(tags::GRAPHIC_OBJECT_SEQUENCE, vec![drawing.clone()]);
    let left = with_session(
        Options::default(),
        &mut |_: Change<'_>| {},
        |path, session| super::clean_annotations(vec![annotation.clone()], path, session),
    );
    let texts: Vec<Option<String>> = left[0]
        .items(tags::TEXT_OBJECT_SEQUENCE)
        .iter()
        .map(|text| text.first_text(tags::UNFORMATTED_TEXT_VALUE))
        .collect();
    assert_eq!(texts, [Some("cyst".to_owned()), Some("REMOVED".to_owned())]);
    assert_eq!(left[0].items(tags::GRAPHIC_OBJECT_SEQUENCE), [drawing]);
}

#[test]
fn own_codes_are_cleaned_and_private_elements_go() {
    let mut finding = item("CONTAINS", "CODE", "121071");
    let mut own = code("DOE1", "99LOCAL", "Dr. Smith's sign");
    own.put_bytes(sagittal_core::Tag(0x0009, 0x1001), Vr::LO, b"Doe".to_vec());
    finding.put_items(tags::CONCEPT_CODE_SEQUENCE, vec![own]);
    let mut standard = item("CONTAINS", "CODE", "121071");
    standard.put_items(
        tags::CONCEPT_CODE_SEQUENCE,
        vec![code("4147007", "SCT", "Mass")],
    );
    let (left, _) = cleaned(vec![finding, standard.clone()], with_descriptors());
    let own = &left[0].items(tags::CONCEPT_CODE_SEQUENCE)[0];
    assert_eq!(own.first_text(tags::CODE_MEANING).as_deref(), Some("sign"));
    assert!(
        !own.elements()
            .iter()
            .any(|element| element.tag.is_private())
    );
    assert_eq!(left[1], standard);
}
