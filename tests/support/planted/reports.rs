//! Structured reports: the clinical text stays, people and dates go.

use sagittal_core::{DataSet, Tag, TagPath, sop_class, tags};

use super::Check;
use super::builder::{Planted, Study, dated, gone, plain, spelled, stays};
use super::images::code;
use super::{Expected, builder::uid};
use crate::random::Random;

/// Puts content items; checks of text are asked of all content, for items may go and others move up.
struct Content<'p> {
    planted: &'p mut Planted,
    items: Vec<DataSet>,
}

impl Content<'_> {
    fn item(
        &mut self,
        relationship: &str,
        value_type: &str,
        concept: (&str, &str, &str),
        tag: Option<Tag>,
        value: &str,
    ) -> &mut DataSet {
        let mut item = self.planted.item();
        item.put_text(tags::RELATIONSHIP_TYPE, relationship);
        item.put_text(tags::VALUE_TYPE, value_type);
        let name = code(self.planted, concept.0, concept.1, concept.2);
        item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name]);
        if let Some(tag) = tag {
            item.put_text(tag, value);
        }
        self.items.push(item);
        self.items.last_mut().unwrap()
    }

    fn text(&mut self, concept: (&str, &str, &str), value: &str, keep: &[&str], remove: &[&str]) {
        self.item("CONTAINS", "TEXT", concept, Some(tags::TEXT_VALUE), value);
        self.anywhere(Check::TextRetained(
            keep.iter().map(|word| (*word).to_owned()).collect(),
        ));
        self.anywhere(Check::TextRemoved(
            remove.iter().map(|word| (*word).to_owned()).collect(),
        ));
    }

    fn anywhere(&mut self, check: Check) {
        let path = TagPath::root(tags::CONTENT_SEQUENCE).to_string();
        self.planted.expected.push(Expected { path, check });
    }
}

fn document(study: &Study, class: &str, title: (&str, &str, &str), random: &mut Random) -> Planted {
    let patient = &study.patient;
    let mut planted = Planted::new(study, class, "SR", random);
    planted.put(dated(tags::CONTENT_DATE, &study.date));
    planted.put(plain(tags::CONTENT_TIME, &study.time));
    planted.put(stays(tags::COMPLETION_FLAG, "COMPLETE"));
    planted.put(stays(tags::VERIFICATION_FLAG, "VERIFIED"));
    planted.put(stays(tags::VALUE_TYPE, "CONTAINER"));
    planted.put(stays(tags::CONTINUITY_OF_CONTENT, "SEPARATE"));
    planted
        .data_set
        .put_items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, vec![]);
    planted
        .data_set
        .put_items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, vec![]);
    let name = code(&planted, title.0, title.1, title.2);
    planted
        .data_set
        .put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name]);
    planted.items(
        tags::VERIFYING_OBSERVER_SEQUENCE,
        vec![vec![
            gone(tags::VERIFYING_ORGANIZATION, &patient.hospital),
            dated(
                tags::VERIFICATION_DATETIME,
                &format!("{}{}", study.date, study.time),
            ),
            gone(
                tags::VERIFYING_OBSERVER_NAME,
                &format!("{}^{}", patient.reader.0, patient.reader.1),
            ),
        ]],
    );
    planted
}

fn evidence(planted: &mut Planted, study: &Study, references: &[(String, String)]) {
    let series = references.iter().map(|(class, instance)| {
        let mut item = planted.item();
        item.put_text(tags::REFERENCED_SOP_CLASS_UID, class);
        item.put_text(tags::REFERENCED_SOP_INSTANCE_UID, instance);
        item
    });
    let instances: Vec<DataSet> = series.collect();
    let mut series = planted.item();
    series.put_text(tags::SERIES_INSTANCE_UID, &study.frame_of_reference_uid);
    series.put_items(tags::REFERENCED_SOP_SEQUENCE, instances);
    let mut item = planted.item();
    item.put_text(tags::STUDY_INSTANCE_UID, &study.uid);
    item.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    let sequence = tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE;
    planted.data_set.put_items(sequence, vec![item]);
    planted.expect(
        &format!("{sequence}[0].{}", tags::STUDY_INSTANCE_UID),
        vec![Check::UidConsistent(study.uid.clone())],
    );
    for (number, (_, instance)) in references.iter().enumerate() {
        let path = format!(
            "{sequence}[0].{}[0].{}[{number}].{}",
            tags::REFERENCED_SERIES_SEQUENCE,
            tags::REFERENCED_SOP_SEQUENCE,
            tags::REFERENCED_SOP_INSTANCE_UID
        );
        planted.expect(
            &path,
            vec![
                Check::UidChanged(instance.clone()),
                Check::UidConsistent(instance.clone()),
            ],
        );
    }
}

/// A report in prose.
pub fn basic_text(study: &Study, references: &[(String, String)], random: &mut Random) -> Planted {
    let patient = study.patient.clone();
    let mut planted = document(
        study,
        sop_class::BASIC_TEXT_SR_STORAGE,
        ("11528-7", "LN", "Radiology Report"),
        random,
    );
    evidence(&mut planted, study, references);
    let mut content = Content {
        planted: &mut planted,
        items: vec![],
    };
    content.item(
        "HAS OBS CONTEXT",
        "PNAME",
        ("121008", "DCM", "Person Observer Name"),
        Some(tags::PERSON_NAME),
        &format!("{}^{}", patient.reader.0, patient.reader.1),
    );
    content.item(
        "HAS OBS CONTEXT",
        "TEXT",
        ("121009", "DCM", "Person Observer's Organization Name"),
        Some(tags::TEXT_VALUE),
        &patient.hospital,
    );
    content.item(
        "HAS OBS CONTEXT",
        "PNAME",
        ("121029", "DCM", "Subject Name"),
        Some(tags::PERSON_NAME),
        &format!("{}^{}", patient.family, patient.given),
    );
    content.item(
        "HAS OBS CONTEXT",
        "DATE",
        ("121031", "DCM", "Subject Birth Date"),
        Some(tags::DATE),
        &patient.birth_date,
    );
    content.text(
        ("121060", "DCM", "History"),
        &format!(
            "{} {} is known to have emphysema since {}.",
            patient.given,
            patient.family,
            spelled(&study.date)
        ),
        &["emphysema", "known"],
        &[&patient.given, &patient.family, &spelled(&study.date)],
    );
    content.text(("121070", "DCM", "Findings"), &format!("There is a spiculated nodule of 14 mm in the left upper lobe. Compared with the study of {}, it has grown.", spelled(&study.date)),
        &["spiculated", "nodule", "14", "mm", "lobe", "grown"], &[&spelled(&study.date)]);
    content.text(
        ("121076", "DCM", "Conclusion"),
        &format!(
            "Suspicious for malignancy. Discussed with Dr. {} {} by phone ({}).",
            patient.referrer.1, patient.referrer.0, patient.phone
        ),
        &["Suspicious", "malignancy", "Discussed"],
        &[&patient.referrer.0, &patient.referrer.1, &patient.phone],
    );
    for (class, instance) in references {
        let mut reference = content.planted.item();
        reference.put_text(tags::REFERENCED_SOP_CLASS_UID, class);
        reference.put_text(tags::REFERENCED_SOP_INSTANCE_UID, instance);
        let item = content.item(
            "CONTAINS",
            "IMAGE",
            ("121112", "DCM", "Source of Measurement"),
            None,
            "",
        );
        item.put_items(tags::REFERENCED_SOP_SEQUENCE, vec![reference]);
        content.anywhere(Check::UidChanged(instance.clone()));
        content.anywhere(Check::UidConsistent(instance.clone()));
    }
    let items = content.items;
    planted.data_set.put_items(tags::CONTENT_SEQUENCE, items);
    planted
}

/// Measurements: numbers and UIDs, nested.
pub fn measurements(
    study: &Study,
    references: &[(String, String)],
    random: &mut Random,
) -> Planted {
    let patient = study.patient.clone();
    let mut planted = document(
        study,
        sop_class::COMPREHENSIVE_SR_STORAGE,
        ("126000", "DCM", "Imaging Measurement Report"),
        random,
    );
    evidence(&mut planted, study, references);
    let tracking = uid(random);
    planted.secrets.push(tracking.clone());
    let units = code(&planted, "mm", "UCUM", "millimeter");
    let mut content = Content {
        planted: &mut planted,
        items: vec![],
    };
    content.item(
        "HAS OBS CONTEXT",
        "UIDREF",
        ("112040", "DCM", "Tracking Unique Identifier"),
        Some(tags::UID),
        &tracking,
    );
    content.anywhere(Check::UidChanged(tracking.clone()));
    content.anywhere(Check::UidConsistent(tracking));
    let mut value = content.planted.item();
    value.put_text(tags::NUMERIC_VALUE, "14.25");
    value.put_items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![units]);
    let mut nested = Content {
        planted: &mut *content.planted,
        items: vec![],
    };
    nested.text(
        ("121106", "DCM", "Comment"),
        &format!("measured by {}, confident", patient.operator.0),
        &["measured", "confident"],
        &[&patient.operator.0],
    );
    nested.item(
        "HAS OBS CONTEXT",
        "DATETIME",
        ("121135", "DCM", "Observation DateTime"),
        Some(tags::DATETIME),
        &format!("{}{}", study.date, study.time),
    );
    let children = nested.items;
    let item = content.item("CONTAINS", "NUM", ("410668003", "SCT", "Length"), None, "");
    item.put_items(tags::MEASURED_VALUE_SEQUENCE, vec![value]);
    item.put_items(tags::CONTENT_SEQUENCE, children);
    content.anywhere(Check::TextRetained(vec![
        "14.25".into(),
        "millimeter".into(),
    ]));
    let items = content.items;
    planted.data_set.put_items(tags::CONTENT_SEQUENCE, items);
    planted
}
