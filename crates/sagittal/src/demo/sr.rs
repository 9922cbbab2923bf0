//! A measurement report of a nodule (Comprehensive SR IOD, PS3.3 §A.35.3, template TID 1500 of PS3.16).

use sagittal_core::{DataSet, Uid, Vr, sop_class, tags};

use super::context::{Series, Study, begin, put_moments};
use super::ct::Nodule;
use super::object::{Object, code, decimal, texts, uid};

/// A report of one nodule that was measured in a CT slice.
pub fn measurement_report(study: &Study, number: u32, nodule: &Nodule) -> Object {
    let series = Series {
        modality: "SR",
        number,
        description: "Measurement report",
        body_part: "",
        model: "Demo reading room",
    };
    let class = sop_class::COMPREHENSIVE_SR_STORAGE;
    let (mut data_set, instance_uid) = begin(study, &series, class, 1);
    put_moments(&mut data_set, study);
    data_set.remove(tags::ACQUISITION_DATE);
    data_set.remove(tags::ACQUISITION_TIME);
    data_set.put_items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, vec![]);
    data_set.put_items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, vec![]);
    texts(
        &mut data_set,
        &[
            (tags::COMPLETION_FLAG, "COMPLETE"),
            (tags::VERIFICATION_FLAG, "UNVERIFIED"),
            (tags::PRELIMINARY_FLAG, "FINAL"),
        ],
    );
    data_set.put_items(
        tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE,
        vec![evidence(study, nodule)],
    );
    put_content(&mut data_set, study, nodule);
    Object::new(data_set, class, instance_uid)
}

fn evidence(study: &Study, nodule: &Nodule) -> DataSet {
    let mut series = DataSet::new();
    series.put_uid(tags::SERIES_INSTANCE_UID, &nodule.series_instance_uid);
    series.put_items(
        tags::REFERENCED_SOP_SEQUENCE,
        vec![reference(&nodule.sop_instance_uid)],
    );
    let mut item = DataSet::new();
    item.put_uid(tags::STUDY_INSTANCE_UID, &study.study_instance_uid);
    item.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    item
}

fn reference(sop_instance_uid: &Uid) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::REFERENCED_SOP_CLASS_UID, sop_class::CT_IMAGE_STORAGE);
    item.put_uid(tags::REFERENCED_SOP_INSTANCE_UID, sop_instance_uid);
    item
}

/// The root container and what is in it (TID 1500).
fn put_content(data_set: &mut DataSet, study: &Study, nodule: &Nodule) {
    let template = |identifier: &str| {
        let mut item = DataSet::new();
        texts(
            &mut item,
            &[
                (tags::MAPPING_RESOURCE, "DCMR"),
                (tags::TEMPLATE_IDENTIFIER, identifier),
            ],
        );
        item
    };
    texts(
        data_set,
        &[
            (tags::VALUE_TYPE, "CONTAINER"),
            (tags::CONTINUITY_OF_CONTENT, "SEPARATE"),
        ],
    );
    data_set.put_items(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        vec![code("126000", "DCM", "Imaging Measurement Report")],
    );
    data_set.put_items(tags::CONTENT_TEMPLATE_SEQUENCE, vec![template("1500")]);

    let mut language = coded(
        "HAS CONCEPT MOD",
        code("121049", "DCM", "Language of Content Item and Descendants"),
        code("en", "RFC5646", "English"),
    );
    language.put_items(
        tags::CONTENT_SEQUENCE,
        vec![coded(
            "HAS CONCEPT MOD",
            code("121046", "DCM", "Country of Language"),
            code("GB", "ISO3166_1", "United Kingdom"),
        )],
    );
    let mut observer = item(
        "HAS OBS CONTEXT",
        "PNAME",
        code("121008", "DCM", "Person Observer Name"),
    );
    observer.put_text(tags::PERSON_NAME, "Reader^Robin");
    let mut group = measurement_group(study, nodule);
    group.put_items(tags::CONTENT_TEMPLATE_SEQUENCE, vec![template("1501")]);
    let content = vec![
        language,
        coded(
            "HAS OBS CONTEXT",
            code("121005", "DCM", "Observer Type"),
            code("121006", "DCM", "Person"),
        ),
        observer,
        coded(
            "HAS CONCEPT MOD",
            code("121058", "DCM", "Procedure reported"),
            code("24627-2", "LN", "CT Chest"),
        ),
        container(
            "CONTAINS",
            code("111028", "DCM", "Image Library"),
            vec![container(
                "CONTAINS",
                code("126200", "DCM", "Image Library Group"),
                vec![image("CONTAINS", nodule)],
            )],
        ),
        container(
            "CONTAINS",
            code("126010", "DCM", "Imaging Measurements"),
            vec![group],
        ),
    ];
    data_set.put_items(tags::CONTENT_SEQUENCE, content);
}

/// TID 1501: what was found, where, how long.
fn measurement_group(study: &Study, nodule: &Nodule) -> DataSet {
    let mut identifier = item(
        "HAS OBS CONTEXT",
        "TEXT",
        code("112039", "DCM", "Tracking Identifier"),
    );
    identifier.put_text(tags::TEXT_VALUE, "Nodule 1");
    let mut tracking = item(
        "HAS OBS CONTEXT",
        "UIDREF",
        code("112040", "DCM", "Tracking Unique Identifier"),
    );
    tracking.put_uid(tags::UID, &uid(&format!("{} nodule 1", study.seed)));
    let finding = coded(
        "CONTAINS",
        code("121071", "DCM", "Finding"),
        code("27925004", "SCT", "Nodule"),
    );
    let site = coded(
        "HAS CONCEPT MOD",
        code("363698007", "SCT", "Finding Site"),
        code("39607008", "SCT", "Lung"),
    );
    container(
        "CONTAINS",
        code("125007", "DCM", "Measurement Group"),
        vec![identifier, tracking, finding, site, length(nodule)],
    )
}

fn length(nodule: &Nodule) -> DataSet {
    let mut measured = DataSet::new();
    measured.put_text(tags::NUMERIC_VALUE, &decimal(nodule.length));
    measured.put_items(
        tags::MEASUREMENT_UNITS_CODE_SEQUENCE,
        vec![code("mm", "UCUM", "millimeter")],
    );
    let mut number = item("CONTAINS", "NUM", code("103339001", "SCT", "Long axis"));
    number.put_items(tags::MEASURED_VALUE_SEQUENCE, vec![measured]);
    let mut line = item("INFERRED FROM", "SCOORD", code("121055", "DCM", "Path"));
    line.put_text(tags::GRAPHIC_TYPE, "POLYLINE");
    let points: Vec<u8> = nodule
        .polyline
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    line.put_bytes(tags::GRAPHIC_DATA, Vr::FL, points);
    line.put_items(tags::CONTENT_SEQUENCE, vec![image("SELECTED FROM", nodule)]);
    number.put_items(tags::CONTENT_SEQUENCE, vec![line]);
    number
}

fn item(relationship: &str, value_type: &str, concept: DataSet) -> DataSet {
    let mut item = DataSet::new();
    texts(
        &mut item,
        &[
            (tags::RELATIONSHIP_TYPE, relationship),
            (tags::VALUE_TYPE, value_type),
        ],
    );
    item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![concept]);
    item
}

fn coded(relationship: &str, concept: DataSet, value: DataSet) -> DataSet {
    let mut item = item(relationship, "CODE", concept);
    item.put_items(tags::CONCEPT_CODE_SEQUENCE, vec![value]);
    item
}

fn container(relationship: &str, concept: DataSet, content: Vec<DataSet>) -> DataSet {
    let mut item = item(relationship, "CONTAINER", concept);
    item.put_text(tags::CONTINUITY_OF_CONTENT, "SEPARATE");
    item.put_items(tags::CONTENT_SEQUENCE, content);
    item
}

fn image(relationship: &str, nodule: &Nodule) -> DataSet {
    let mut item = DataSet::new();
    texts(
        &mut item,
        &[
            (tags::RELATIONSHIP_TYPE, relationship),
            (tags::VALUE_TYPE, "IMAGE"),
        ],
    );
    item.put_items(
        tags::REFERENCED_SOP_SEQUENCE,
        vec![reference(&nodule.sop_instance_uid)],
    );
    item
}
