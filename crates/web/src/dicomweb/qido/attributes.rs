//! Attributes that answers always have (PS3.18 Tables 10.6.3-3 to 10.6.3-5).

use sagittal_archive::query::Level;
use sagittal_core::{DataSet, Tag, Vr, tags};

use super::Resource;

/// Table 10.6.3-3.
pub const STUDY: &[Tag] = &[
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::MODALITIES_IN_STUDY,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::STUDY_INSTANCE_UID,
    tags::STUDY_ID,
    tags::NUMBER_OF_STUDY_RELATED_SERIES,
    tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
];

/// Table 10.6.3-4.
pub const SERIES: &[Tag] = &[
    tags::MODALITY,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::SERIES_DESCRIPTION,
    tags::SERIES_INSTANCE_UID,
    tags::SERIES_NUMBER,
    tags::NUMBER_OF_SERIES_RELATED_INSTANCES,
    tags::PERFORMED_PROCEDURE_STEP_START_DATE,
    tags::PERFORMED_PROCEDURE_STEP_START_TIME,
];

/// Table 10.6.3-4, of Request Attributes Sequence.
pub const REQUEST: &[Tag] = &[
    tags::SCHEDULED_PROCEDURE_STEP_ID,
    tags::REQUESTED_PROCEDURE_ID,
];

/// Table 10.6.3-5.
pub const INSTANCE: &[Tag] = &[
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::INSTANCE_NUMBER,
    tags::ROWS,
    tags::COLUMNS,
    tags::BITS_ALLOCATED,
    tags::NUMBER_OF_FRAMES,
];

/// Attributes that an answer has only if they are known ("C" in the tables): empty ones go.
const IF_KNOWN: &[Tag] = &[
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::SERIES_DESCRIPTION,
    tags::PERFORMED_PROCEDURE_STEP_START_DATE,
    tags::PERFORMED_PROCEDURE_STEP_START_TIME,
    tags::REQUEST_ATTRIBUTES_SEQUENCE,
    tags::ROWS,
    tags::COLUMNS,
    tags::BITS_ALLOCATED,
    tags::NUMBER_OF_FRAMES,
];

/// Puts empty return keys for what the resource always returns.
pub fn put_required(resource: Resource, keys: &mut DataSet) {
    let mut put = |list: &[Tag]| {
        for tag in list {
            if !keys.contains(*tag) {
                keys.put_empty(*tag);
            }
        }
    };
    if resource.study {
        put(STUDY);
    }
    if resource.series {
        put(SERIES);
    }
    if resource.level == Level::Instance {
        put(INSTANCE);
    }
    // The UIDs of the levels above identify every answer, and its Retrieve URL is made of them.
    put(&[tags::STUDY_INSTANCE_UID]);
    if resource.level >= Level::Series {
        put(&[tags::SERIES_INSTANCE_UID]);
    }
    if resource.series && !keys.contains(tags::REQUEST_ATTRIBUTES_SEQUENCE) {
        let mut item = DataSet::utf8();
        item.remove(tags::SPECIFIC_CHARACTER_SET);
        for tag in REQUEST {
            item.put_empty(*tag);
        }
        keys.put_items(tags::REQUEST_ATTRIBUTES_SEQUENCE, vec![item]);
    }
}

/// Completes an answer: Retrieve URL, Instance Availability, and only what belongs into it.
pub fn complete(
    resource: Resource,
    asked: &DataSet,
    all: bool,
    base: &str,
    ae_title: &str,
    answer: &mut DataSet,
) {
    let uid = |tag: Tag| answer.first_text(tag).unwrap_or_default();
    let mut url = format!("{base}/studies/{}", uid(tags::STUDY_INSTANCE_UID));
    if resource.level >= Level::Series {
        url.push_str("/series/");
        url.push_str(&uid(tags::SERIES_INSTANCE_UID));
    }
    if resource.level >= Level::Instance {
        url.push_str("/instances/");
        url.push_str(&uid(tags::SOP_INSTANCE_UID));
    }
    answer.put_bytes(tags::RETRIEVE_URL, Vr::UR, url.into_bytes());
    if answer.text(tags::INSTANCE_AVAILABILITY).is_none() && resource.level != Level::Series
        || asked.contains(tags::INSTANCE_AVAILABILITY)
    {
        answer.put_text(tags::INSTANCE_AVAILABILITY, "ONLINE");
    }
    if asked.contains(tags::RETRIEVE_AE_TITLE) || all {
        answer.put_text(tags::RETRIEVE_AE_TITLE, ae_title);
    }
    answer.retain(|element| {
        let named = asked
            .get(element.tag)
            .is_some_and(|key| !key.value.is_empty());
        named || !element.value.is_empty() || !IF_KNOWN.contains(&element.tag)
    });
}

#[cfg(test)]
mod tests {
    use super::super::{ALL_INSTANCES, INSTANCES_OF_SERIES, SERIES_OF_STUDY, STUDIES};
    use super::*;

    #[test]
    fn relational_resources_return_the_levels_above() {
        let keys = |resource| {
            let mut keys = DataSet::utf8();
            put_required(resource, &mut keys);
            keys
        };
        let all = keys(ALL_INSTANCES);
        for list in [STUDY, SERIES, INSTANCE] {
            assert!(list.iter().all(|tag| all.contains(*tag)));
        }
        assert!(!keys(SERIES_OF_STUDY).contains(tags::PATIENT_NAME));
        assert!(!keys(INSTANCES_OF_SERIES).contains(tags::MODALITY));
        assert!(keys(INSTANCES_OF_SERIES).contains(tags::SERIES_INSTANCE_UID));
        assert!(!keys(STUDIES).contains(tags::SERIES_INSTANCE_UID));
    }

    #[test]
    fn an_answer_gets_its_url_and_loses_what_is_not_known() {
        let mut answer = DataSet::utf8();
        answer.put_text(tags::STUDY_INSTANCE_UID, "1.2");
        answer.put_text(tags::SERIES_INSTANCE_UID, "1.2.3");
        answer.put_empty(tags::SERIES_DESCRIPTION);
        answer.put_empty(tags::SERIES_NUMBER);
        complete(
            SERIES_OF_STUDY,
            &DataSet::utf8(),
            false,
            "http://h/d",
            "AE",
            &mut answer,
        );
        assert_eq!(
            answer.text(tags::RETRIEVE_URL).as_deref(),
            Some("http://h/d/studies/1.2/series/1.2.3")
        );
        assert!(!answer.contains(tags::SERIES_DESCRIPTION));
        assert!(answer.contains(tags::SERIES_NUMBER));
        assert!(!answer.contains(tags::RETRIEVE_AE_TITLE));
    }
}
