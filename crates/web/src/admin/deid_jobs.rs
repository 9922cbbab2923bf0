//! Jobs of de-identification: ordered, followed, canceled, and what proves them (PS3.15 Annex E).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, TryStreamExt as _};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use sagittal_archive::deid_jobs::{Destination, Job, Order};
use sagittal_archive::query::{Level, Query};
use sagittal_auth::permission;
use sagittal_core::{DataSet, dictionary, tags};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::authorize::Access;
use crate::error::{Error, Result};
use crate::request::Request;
use crate::state::WebState;

/// An order is not longer than this.
const LONGEST: usize = 16 << 20;

/// What a client orders.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wanted {
    policy: String,
    #[serde(default)]
    studies: Vec<String>,
    /// Keywords and values, as of a search for studies.
    #[serde(default)]
    query: BTreeMap<String, String>,
    #[serde(default)]
    destination: Destination,
}

/// `POST /admin/deid-jobs`.
pub(crate) async fn order(
    access: Access<permission::Administer>,
    State(state): State<WebState>,
    request: Request,
    body: Body,
) -> Result<Response> {
    let wanted = read(&state, &request, body).await?;
    let mut studies = wanted.studies;
    if !wanted.query.is_empty() {
        studies.extend(found(&state, &wanted.query).await?);
    }
    studies.sort();
    studies.dedup();
    let order = Order {
        policy: wanted.policy,
        studies,
        destination: wanted.destination,
    };
    access.note(|event| {
        for study in &order.studies {
            event.add_study(study.chars().take(64).collect::<String>());
        }
    });
    let by = access.caller().name.clone();
    let job = state.archive.order_deid_job(order, &by).await?;
    told(&access, &job);
    let place = format!("{}/admin/deid-jobs/{}", request.root, job.id);
    let mut response = answer(StatusCode::CREATED, &json!(job));
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

/// `GET /admin/deid-jobs`.
pub(crate) async fn list(
    _access: Access<permission::Administer>,
    State(state): State<WebState>,
) -> Response {
    answer(StatusCode::OK, &json!(state.archive.deid_jobs()))
}

/// `GET /admin/deid-jobs/{job}`.
pub(crate) async fn show(
    access: Access<permission::Administer>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let job = state.archive.deid_job(id(&request))?;
    told(&access, &job);
    Ok(answer(StatusCode::OK, &json!(job)))
}

/// `DELETE /admin/deid-jobs/{job}`: cancels it.
pub(crate) async fn cancel(
    access: Access<permission::Administer>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let job = state.archive.cancel_deid_job(id(&request)).await?;
    told(&access, &job);
    Ok(answer(StatusCode::OK, &json!(job)))
}

/// `GET /admin/deid-jobs/{job}/{*file}`: log, key to verify it with, reports.
pub(crate) async fn file(
    access: Access<permission::Administer>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let name = request.path("file").unwrap_or_default();
    let job = state.archive.deid_job(id(&request))?;
    told(&access, &job);
    let bytes = state.archive.deid_job_file(&job.id, name).await?;
    let media_type = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("pdf") => "application/pdf",
        Some("json") => "application/json",
        Some("jsonl") => "application/jsonl",
        _ => "application/x-pem-file",
    };
    let headers = [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "no-store"),
        (
            http::header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
        (http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, bytes).into_response())
}

fn id(request: &Request) -> &str {
    request.path("job").unwrap_or_default()
}

fn told(access: &Access<permission::Administer>, job: &Job) {
    access.note(|event| {
        event.detail = Some(format!(
            "job of de-identification {}, policy {}",
            job.id, job.order.policy
        ));
    });
}

fn answer(status: StatusCode, value: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, value.to_string()).into_response()
}

async fn read(state: &WebState, request: &Request, body: Body) -> Result<Wanted> {
    let mut body = crate::body::incoming(&request.headers, body, &state.config.limits)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = body.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() > LONGEST {
            return Err(Error::TooLarge(format!(
                "an order has more than {LONGEST} bytes"
            )));
        }
    }
    // The parser's words may quote what was sent.
    serde_json::from_slice(&bytes).map_err(|error| {
        Error::bad(format!(
            "no order: at line {}, column {}: policy, studies or query, and destination \
             (archive or folder) are expected",
            error.line(),
            error.column()
        ))
    })
}

/// The studies that match.
async fn found(state: &WebState, query: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let mut keys = DataSet::utf8();
    for (key, value) in query {
        let tag = dictionary::parse(key)
            .ok_or_else(|| Error::bad("query: something is no keyword and no tag"))?;
        keys.put_text(tag, value);
    }
    if !keys.contains(tags::STUDY_INSTANCE_UID) {
        keys.put_empty(tags::STUDY_INSTANCE_UID);
    }
    let answers = state.archive.query(Query::new(Level::Study, keys)).await?;
    if let Some(tag) = answers.unsupported.first() {
        return Err(Error::bad(format!("query: {tag} cannot be matched")));
    }
    let found: Vec<DataSet> = answers.answers.try_collect().await?;
    let uids = found
        .iter()
        .filter_map(|study| study.first_text(tags::STUDY_INSTANCE_UID));
    let uids: Vec<String> = uids.collect();
    match uids.is_empty() {
        true => Err(Error::NotFound("no study matches the query".to_owned())),
        false => Ok(uids),
    }
}
