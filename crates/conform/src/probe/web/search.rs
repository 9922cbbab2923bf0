//! QIDO-RS (PS3.18 §8.3.4, §10.6).

use sagittal_core::{Tag, tags};
use serde_json::Value;

use super::{Answer, Asker};
use crate::document::{Support, WebMediaType, WebParameter, WebResource};

pub(super) const JSON: &str = "application/dicom+json";

/// An instance that is there.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub study: String,
    pub series: String,
    pub instance: String,
    study_object: Value,
}

pub(super) fn text(object: &Value, tag: Tag) -> Option<String> {
    let key = tag.to_string().replace(['(', ')', ','], "");
    let value = object.get(&key)?.get("Value")?.get(0)?;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(name) => Some(name.get("Alphabetic")?.as_str()?.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Sample {
    /// Some instance with pixels, if a look at a few studies shows one; else any.
    pub async fn find(asker: &mut Asker<'_>) -> Result<Option<Sample>, String> {
        let answer = asker
            .get("/studies?limit=20&includefield=all", JSON)
            .await?;
        let mut studies = answer.list();
        if studies.is_none() {
            studies = asker.get("/studies?limit=20", JSON).await?.list();
        }
        let Some(studies) = studies else {
            return Err(format!(
                "a search for studies is answered with {}",
                answer.status
            ));
        };
        let mut any = None;
        for study_object in studies {
            let Some(study) = text(&study_object, tags::STUDY_INSTANCE_UID) else {
                continue;
            };
            let path = format!("/studies/{study}/series?limit=20");
            let all = asker.get(&path, JSON).await?.list().unwrap_or_default();
            for object in all {
                let Some(series) = text(&object, tags::SERIES_INSTANCE_UID) else {
                    continue;
                };
                let path = format!("/studies/{study}/series/{series}/instances?limit=1");
                let found = asker.get(&path, JSON).await?.list().unwrap_or_default();
                let instance = found
                    .first()
                    .and_then(|first| text(first, tags::SOP_INSTANCE_UID));
                if let Some(instance) = instance {
                    let sample = Sample {
                        study: study.clone(),
                        series,
                        instance,
                        study_object: study_object.clone(),
                    };
                    let modality = text(&object, tags::MODALITY).unwrap_or_default();
                    if !matches!(modality.as_str(), "SR" | "PR" | "KO" | "ECG" | "DOC" | "AU") {
                        return Ok(Some(sample));
                    }
                    any.get_or_insert(sample);
                }
            }
        }
        Ok(any)
    }
}

/// Search transactions with their media types and parameters.
pub(super) async fn ask(asker: &mut Asker<'_>, sample: Option<&Sample>) -> Vec<WebResource> {
    let mut found = Vec::new();
    let (study, series) = sample.map_or(("1.2.3", "1.2.3.4"), |sample| {
        (&*sample.study, &*sample.series)
    });
    let resources = [
        ("Search for Studies", "/studies".to_owned(), "/studies"),
        ("Search for Series", "/series".to_owned(), "/series"),
        (
            "Search for Instances",
            "/instances".to_owned(),
            "/instances",
        ),
        (
            "Search for Series of a Study",
            format!("/studies/{study}/series"),
            "/studies/{study}/series",
        ),
        (
            "Search for Instances of a Study",
            format!("/studies/{study}/instances"),
            "/studies/{study}/instances",
        ),
        (
            "Search for Instances of a Series",
            format!("/studies/{study}/series/{series}/instances"),
            "/studies/{study}/series/{series}/instances",
        ),
    ];
    for (transaction, path, template) in resources {
        let mut resource = WebResource {
            transaction: transaction.to_owned(),
            method: "GET".to_owned(),
            path: template.to_owned(),
            ..WebResource::default()
        };
        match asker.get(&format!("{path}?limit=1"), JSON).await {
            Ok(answer) if answer.list().is_some() => {
                media(asker, &format!("{path}?limit=1"), &mut resource).await;
                parameters(
                    asker,
                    &path,
                    sample.filter(|_| template == "/studies"),
                    &mut resource,
                )
                .await;
            }
            Ok(answer) => {
                resource.support = Support::No;
                resource.remark = Some(format!("answered with {}", answer.status));
            }
            Err(why) => {
                resource.support = Support::Unknown;
                resource.remark = Some(why);
            }
        }
        found.push(resource);
    }
    found
}

async fn media(asker: &mut Asker<'_>, path: &str, resource: &mut WebResource) {
    for media_type in [
        JSON,
        "application/json",
        "multipart/related; type=\"application/dicom+xml\"",
    ] {
        let Ok(answer) = asker.get(path, media_type).await else {
            continue;
        };
        resource
            .media_types
            .push(super::media::judge(media_type, &answer));
    }
    if let Ok(answer) = asker.get(path, "image/x-nothing").await {
        resource.media_types.push(WebMediaType {
            media_type: "any other".to_owned(),
            support: Support::No,
            transfer_syntaxes: Default::default(),
            remark: Some(format!(
                "answered with {} {}",
                answer.status, answer.content_type
            )),
        });
    }
}

fn parameter(name: &str, support: impl Into<Support>) -> WebParameter {
    WebParameter {
        name: name.to_owned(),
        support: support.into(),
        remark: None,
    }
}

async fn parameters(
    asker: &mut Asker<'_>,
    path: &str,
    sample: Option<&Sample>,
    resource: &mut WebResource,
) {
    let list = |answer: Result<Answer, String>| answer.ok().and_then(|answer| answer.list());
    let two = list(asker.get(&format!("{path}?limit=2"), JSON).await).unwrap_or_default();
    let one = list(asker.get(&format!("{path}?limit=1"), JSON).await).unwrap_or_default();
    let second = list(asker.get(&format!("{path}?limit=1&offset=1"), JSON).await);
    // With fewer than two there is nothing to page through.
    let (limit, offset) = if two.len() < 2 && one.len() < 2 {
        (Support::Unknown, Support::Unknown)
    } else {
        let moved = second.is_some_and(|list| list.first() == two.get(1) && list.len() == 1);
        ((two.len() <= 2 && one.len() == 1).into(), moved.into())
    };
    resource.parameters.push(parameter("limit", limit));
    resource.parameters.push(parameter("offset", offset));
    let all = list(
        asker
            .get(&format!("{path}?limit=1&includefield=all"), JSON)
            .await,
    );
    let fields = |list: &[Value]| {
        list.first()
            .and_then(Value::as_object)
            .map_or(0, |o| o.len())
    };
    let more = all.map_or(Support::No, |all| (fields(&all) >= fields(&one)).into());
    let mut include = parameter(
        "includefield",
        if one.is_empty() {
            Support::Unknown
        } else {
            more
        },
    );
    if more.is_yes() && !one.is_empty() {
        include.remark = Some("all".to_owned());
    }
    resource.parameters.push(include);
    if let Some(sample) = sample {
        keys(asker, path, sample, resource).await;
    }
    if let Ok(answer) = asker.get(&format!("{path}?limit=x"), JSON).await {
        let mut wrong = parameter("an invalid limit is refused", answer.status == 400);
        wrong.remark = Some(format!("answered with {}", answer.status));
        resource.parameters.push(wrong);
    }
}

/// Matching by attributes: what is there is found, and what nobody has is not.
async fn keys(asker: &mut Asker<'_>, path: &str, sample: &Sample, resource: &mut WebResource) {
    let keys = [
        (
            "StudyInstanceUID",
            tags::STUDY_INSTANCE_UID,
            "2.25.340282366920938463463374607431768211455",
        ),
        ("PatientID", tags::PATIENT_ID, "ZZQX-NOBODY"),
        ("PatientName", tags::PATIENT_NAME, "Zzqx*"),
        ("AccessionNumber", tags::ACCESSION_NUMBER, "ZZQX-NOBODY"),
        ("StudyDate", tags::STUDY_DATE, "18010203-18010204"),
        ("ModalitiesInStudy", tags::MODALITIES_IN_STUDY, "ZZ"),
        ("StudyDescription", tags::STUDY_DESCRIPTION, "ZZQX*"),
    ];
    for (name, tag, nobody) in keys {
        let Some(value) = text(&sample.study_object, tag).filter(|text| !text.is_empty()) else {
            resource.parameters.push(parameter(name, Support::Unknown));
            continue;
        };
        let nothing = search(asker, path, name, nobody).await;
        let something = search(asker, path, name, &value).await;
        let support = match (something, nothing) {
            (Some(some), Some(none)) => (some > 0 && none == 0).into(),
            _ => Support::No,
        };
        resource.parameters.push(parameter(name, support));
    }
    let Some(name) = text(&sample.study_object, tags::PATIENT_NAME) else {
        return;
    };
    let half: String = name
        .chars()
        .take(name.chars().count().div_ceil(2))
        .collect();
    for (parameter_name, value, more) in [
        ("PatientName with a wild card", format!("{half}*"), ""),
        ("fuzzymatching", half.to_lowercase(), "&fuzzymatching=true"),
    ] {
        let query = format!("{path}?limit=1&PatientName={}{more}", encoded(&value));
        let count = asker
            .get(&query, JSON)
            .await
            .ok()
            .and_then(|answer| answer.list());
        let support = count.map_or(Support::No, |list| (!list.is_empty()).into());
        resource.parameters.push(parameter(parameter_name, support));
    }
}

async fn search(asker: &mut Asker<'_>, path: &str, name: &str, value: &str) -> Option<usize> {
    let query = format!("{path}?limit=1&{name}={}", encoded(value));
    Some(asker.get(&query, JSON).await.ok()?.list()?.len())
}

/// Percent-encoded, but for what needs none in a query.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'*') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
