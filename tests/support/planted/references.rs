//! Objects that point at the CT series: key objects, presentation, structures, segmentation,
//! registration.

use sagittal_core::{DataSet, Tag, Vr, sop_class, tags};

use super::Check;
use super::builder::{Planted, Study, dated, gone, mapped, mixed, plain, stays, uid};
use super::images::code;
use crate::random::Random;

fn instance(planted: &Planted, (class, instance): &(String, String)) -> DataSet {
    let mut item = planted.item();
    item.put_text(tags::REFERENCED_SOP_CLASS_UID, class);
    item.put_text(tags::REFERENCED_SOP_INSTANCE_UID, instance);
    item
}

/// Checks of one UID at a path.
fn consistent(planted: &mut Planted, path: String, original: &str) {
    planted.expect(
        &path,
        vec![
            Check::UidChanged(original.to_owned()),
            Check::UidConsistent(original.to_owned()),
        ],
    );
}

/// A sequence of one item.
fn single(planted: &Planted, tag: Tag, items: Vec<DataSet>) -> DataSet {
    let mut item = planted.item();
    item.put_items(tag, items);
    item
}

/// Key Object Selection.
pub fn key_objects(study: &Study, references: &[(String, String)], random: &mut Random) -> Planted {
    let mut planted = Planted::new(
        study,
        sop_class::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
        "KO",
        random,
    );
    planted.put(dated(tags::CONTENT_DATE, &study.date));
    planted.put(plain(tags::CONTENT_TIME, &study.time));
    planted.put(stays(tags::VALUE_TYPE, "CONTAINER"));
    planted.put(stays(tags::CONTINUITY_OF_CONTENT, "SEPARATE"));
    planted
        .data_set
        .put_items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, vec![]);
    let name = code(&planted, "113000", "DCM", "Of Interest");
    planted
        .data_set
        .put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name]);
    let instances = references
        .iter()
        .map(|reference| instance(&planted, reference))
        .collect();
    let mut series = single(&planted, tags::REFERENCED_SOP_SEQUENCE, instances);
    series.put_text(tags::SERIES_INSTANCE_UID, &study.frame_of_reference_uid);
    let mut evidence = single(&planted, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    evidence.put_text(tags::STUDY_INSTANCE_UID, &study.uid);
    planted.data_set.put_items(
        tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE,
        vec![evidence],
    );
    let items = references.iter().map(|reference| {
        let mut item = single(
            &planted,
            tags::REFERENCED_SOP_SEQUENCE,
            vec![instance(&planted, reference)],
        );
        item.put_text(tags::RELATIONSHIP_TYPE, "CONTAINS");
        item.put_text(tags::VALUE_TYPE, "IMAGE");
        item
    });
    let items = items.collect();
    planted.data_set.put_items(tags::CONTENT_SEQUENCE, items);
    for (_, instance) in references {
        consistent(&mut planted, tags::CONTENT_SEQUENCE.to_string(), instance);
    }
    planted
}

/// A presentation state with a name written on the image.
pub fn presentation(
    study: &Study,
    references: &[(String, String)],
    random: &mut Random,
) -> Planted {
    let patient = &study.patient;
    let mut planted = Planted::new(
        study,
        sop_class::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
        "PR",
        random,
    );
    planted.put(dated(tags::PRESENTATION_CREATION_DATE, &study.date));
    planted.put(plain(tags::PRESENTATION_CREATION_TIME, &study.time));
    planted.put(plain(tags::CONTENT_LABEL, "FINDING"));
    planted.put(gone(
        tags::CONTENT_CREATOR_NAME,
        &format!("{}^{}", patient.reader.0, patient.reader.1),
    ));
    planted.put(mixed(
        tags::CONTENT_DESCRIPTION,
        &["arrow"],
        format!("arrow drawn by {}", patient.reader.0),
        &[&patient.reader.0],
    ));
    let instances: Vec<DataSet> = references
        .iter()
        .map(|reference| instance(&planted, reference))
        .collect();
    let mut series = single(&planted, tags::REFERENCED_IMAGE_SEQUENCE, instances.clone());
    series.put_text(tags::SERIES_INSTANCE_UID, &study.frame_of_reference_uid);
    planted
        .data_set
        .put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    let mut text = planted.item();
    text.put_text(
        tags::UNFORMATTED_TEXT_VALUE,
        &format!("nodule {}", patient.family),
    );
    text.put_text(tags::BOUNDING_BOX_ANNOTATION_UNITS, "PIXEL");
    text.put_text(tags::ANCHOR_POINT_ANNOTATION_UNITS, "PIXEL");
    text.put_text(tags::ANCHOR_POINT_VISIBILITY, "Y");
    text.put_bytes(
        tags::ANCHOR_POINT,
        Vr::FL,
        [10f32, 20.0]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect::<Vec<u8>>(),
    );
    let mut annotation = single(&planted, tags::TEXT_OBJECT_SEQUENCE, vec![text]);
    annotation.put_text(tags::GRAPHIC_LAYER, "LAYER");
    planted
        .data_set
        .put_items(tags::GRAPHIC_ANNOTATION_SEQUENCE, vec![annotation]);
    let path = format!(
        "{}[0].{}[0].{}",
        tags::GRAPHIC_ANNOTATION_SEQUENCE,
        tags::TEXT_OBJECT_SEQUENCE,
        tags::UNFORMATTED_TEXT_VALUE
    );
    planted.expect(
        &path,
        vec![
            Check::TextRemoved(vec![patient.family.clone()]),
            Check::TextRetained(vec!["nodule".into()]),
        ],
    );
    for (number, (_, original)) in references.iter().enumerate() {
        let path = format!(
            "{}[0].{}[{number}].{}",
            tags::REFERENCED_SERIES_SEQUENCE,
            tags::REFERENCED_IMAGE_SEQUENCE,
            tags::REFERENCED_SOP_INSTANCE_UID
        );
        consistent(&mut planted, path, original);
    }
    planted
}

/// An RT Structure Set: names of regions, of those who drew them.
pub fn structures(study: &Study, references: &[(String, String)], random: &mut Random) -> Planted {
    let patient = &study.patient;
    let mut planted = Planted::new(
        study,
        sop_class::RT_STRUCTURE_SET_STORAGE,
        "RTSTRUCT",
        random,
    );
    planted.put(mixed(
        tags::STRUCTURE_SET_LABEL,
        &["PTV"],
        format!("PTV {}", patient.family),
        &[&patient.family],
    ));
    planted.put(dated(tags::STRUCTURE_SET_DATE, &study.date));
    planted.put(plain(tags::STRUCTURE_SET_TIME, &study.time));
    planted.put(gone(
        tags::REVIEWER_NAME,
        &format!("{}^{}", patient.reader.0, patient.reader.1),
    ));
    planted.items(
        tags::STRUCTURE_SET_ROI_SEQUENCE,
        vec![vec![
            stays(tags::ROI_NUMBER, "1"),
            mapped(
                tags::REFERENCED_FRAME_OF_REFERENCE_UID,
                &study.frame_of_reference_uid,
            ),
            mixed(
                tags::ROI_NAME,
                &["Lung"],
                format!("Lung_{}", patient.given),
                &[&patient.given],
            ),
            mixed(
                tags::ROI_DESCRIPTION,
                &["left"],
                format!("left, drawn by {}", patient.operator.0),
                &[&patient.operator.0],
            ),
            plain(tags::ROI_GENERATION_ALGORITHM, "MANUAL"),
        ]],
    );
    planted.items(
        tags::RT_ROI_OBSERVATIONS_SEQUENCE,
        vec![vec![
            stays(tags::OBSERVATION_NUMBER, "1"),
            gone(
                tags::ROI_INTERPRETER,
                &format!("{}^{}", patient.reader.0, patient.reader.1),
            ),
            plain(tags::RT_ROI_INTERPRETED_TYPE, "PTV"),
        ]],
    );
    let images = references
        .iter()
        .map(|reference| instance(&planted, reference))
        .collect();
    let mut series = single(&planted, tags::CONTOUR_IMAGE_SEQUENCE, images);
    series.put_text(tags::SERIES_INSTANCE_UID, &study.frame_of_reference_uid);
    let mut referenced_study = single(&planted, tags::RT_REFERENCED_SERIES_SEQUENCE, vec![series]);
    referenced_study.put_text(tags::REFERENCED_SOP_CLASS_UID, "1.2.840.10008.3.1.2.3.1");
    referenced_study.put_text(tags::REFERENCED_SOP_INSTANCE_UID, &study.uid);
    let mut frame = single(
        &planted,
        tags::RT_REFERENCED_STUDY_SEQUENCE,
        vec![referenced_study],
    );
    frame.put_text(tags::FRAME_OF_REFERENCE_UID, &study.frame_of_reference_uid);
    planted
        .data_set
        .put_items(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE, vec![frame]);
    let base = format!("{}[0]", tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE);
    consistent(
        &mut planted,
        format!("{base}.{}", tags::FRAME_OF_REFERENCE_UID),
        &study.frame_of_reference_uid,
    );
    let base = format!("{base}.{}[0]", tags::RT_REFERENCED_STUDY_SEQUENCE);
    consistent(
        &mut planted,
        format!("{base}.{}", tags::REFERENCED_SOP_INSTANCE_UID),
        &study.uid,
    );
    for (number, (_, original)) in references.iter().enumerate() {
        let path = format!(
            "{base}.{}[0].{}[{number}].{}",
            tags::RT_REFERENCED_SERIES_SEQUENCE,
            tags::CONTOUR_IMAGE_SEQUENCE,
            tags::REFERENCED_SOP_INSTANCE_UID
        );
        consistent(&mut planted, path, original);
    }
    planted
}

/// A segmentation with a segment named after the patient.
pub fn segmentation(
    study: &Study,
    references: &[(String, String)],
    random: &mut Random,
) -> Planted {
    let patient = &study.patient;
    let mut planted = Planted::new(study, sop_class::SEGMENTATION_STORAGE, "SEG", random);
    planted.put(mapped(
        tags::FRAME_OF_REFERENCE_UID,
        &study.frame_of_reference_uid,
    ));
    planted.put(gone(
        tags::CONTENT_CREATOR_NAME,
        &format!("{}^{}", patient.operator.0, patient.operator.1),
    ));
    planted.put(dated(tags::CONTENT_DATE, &study.date));
    planted.put(plain(tags::CONTENT_TIME, &study.time));
    planted.put(stays(tags::SEGMENTATION_TYPE, "BINARY"));
    planted.items(
        tags::SEGMENT_SEQUENCE,
        vec![vec![
            mixed(
                tags::SEGMENT_LABEL,
                &["Liver"],
                format!("Liver {}", patient.family),
                &[&patient.family],
            ),
            mixed(
                tags::SEGMENT_DESCRIPTION,
                &["parenchyma"],
                format!("parenchyma of {} {}", patient.given, patient.family),
                &[&patient.given, &patient.family],
            ),
            plain(tags::SEGMENT_ALGORITHM_TYPE, "MANUAL"),
        ]],
    );
    let instances = references
        .iter()
        .map(|reference| instance(&planted, reference))
        .collect();
    let mut series = single(&planted, tags::REFERENCED_INSTANCE_SEQUENCE, instances);
    series.put_text(tags::SERIES_INSTANCE_UID, &study.frame_of_reference_uid);
    planted
        .data_set
        .put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    for (number, (_, original)) in references.iter().enumerate() {
        let path = format!(
            "{}[0].{}[{number}].{}",
            tags::REFERENCED_SERIES_SEQUENCE,
            tags::REFERENCED_INSTANCE_SEQUENCE,
            tags::REFERENCED_SOP_INSTANCE_UID
        );
        consistent(&mut planted, path, original);
    }
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 16),
        (tags::COLUMNS, 16),
        (tags::BITS_ALLOCATED, 1),
        (tags::BITS_STORED, 1),
        (tags::HIGH_BIT, 0),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        planted.data_set.put_u16(tag, &[value]);
    }
    planted.put(stays(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2"));
    planted.put(stays(tags::NUMBER_OF_FRAMES, "1"));
    planted
        .data_set
        .put_bytes(tags::PIXEL_DATA, Vr::OB, vec![0x5A; 32]);
    planted.expect_pixels();
    planted
}

/// A registration of the study's frame of reference with another.
pub fn registration(
    study: &Study,
    references: &[(String, String)],
    random: &mut Random,
) -> Planted {
    let mut planted = Planted::new(
        study,
        sop_class::SPATIAL_REGISTRATION_STORAGE,
        "REG",
        random,
    );
    let other = uid(random);
    planted.put(mapped(tags::FRAME_OF_REFERENCE_UID, &other));
    planted.put(dated(tags::CONTENT_DATE, &study.date));
    planted.put(plain(tags::CONTENT_TIME, &study.time));
    planted.put(plain(tags::CONTENT_LABEL, "REGISTRATION"));
    let images = references
        .iter()
        .map(|reference| instance(&planted, reference))
        .collect();
    let mut item = single(&planted, tags::REFERENCED_IMAGE_SEQUENCE, images);
    item.put_text(tags::FRAME_OF_REFERENCE_UID, &study.frame_of_reference_uid);
    let mut matrix = planted.item();
    matrix.put_text(
        tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX,
        "1\\0\\0\\4\\0\\1\\0\\5\\0\\0\\1\\6\\0\\0\\0\\1",
    );
    matrix.put_text(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE, "RIGID");
    let registration = single(&planted, tags::MATRIX_SEQUENCE, vec![matrix]);
    item.put_items(tags::MATRIX_REGISTRATION_SEQUENCE, vec![registration]);
    planted
        .data_set
        .put_items(tags::REGISTRATION_SEQUENCE, vec![item]);
    let base = format!("{}[0]", tags::REGISTRATION_SEQUENCE);
    consistent(
        &mut planted,
        format!("{base}.{}", tags::FRAME_OF_REFERENCE_UID),
        &study.frame_of_reference_uid,
    );
    for (number, (_, original)) in references.iter().enumerate() {
        consistent(
            &mut planted,
            format!(
                "{base}.{}[{number}].{}",
                tags::REFERENCED_IMAGE_SEQUENCE,
                tags::REFERENCED_SOP_INSTANCE_UID
            ),
            original,
        );
    }
    planted.expect(
        &format!(
            "{base}.{}[0].{}[0].{}",
            tags::MATRIX_REGISTRATION_SEQUENCE,
            tags::MATRIX_SEQUENCE,
            tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX
        ),
        vec![Check::TextRetained(vec![
            "4".into(),
            "5".into(),
            "6".into(),
        ])],
    );
    planted.secrets.push(other);
    planted
}
