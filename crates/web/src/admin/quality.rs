//! Data quality: the report, findings, and the quarantine.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use sagittal_archive::quality::{Filter, Instance, Standing};
use sagittal_auth::permission;
use serde_json::json;

use crate::accept::Offer;
use crate::authorize::Access;
use crate::error::{Error, Result};
use crate::request::Request;
use crate::state::WebState;

/// Days of a report, unless asked otherwise.
const DAYS: u32 = 30;
/// Instances of a list, unless asked otherwise, and at most.
const LIMIT: u64 = 100;
const MOST: u64 = 10_000;

const DAY_MS: i64 = 86_400_000;

/// `GET /quality`: a page, or JSON if that is preferred.
pub(crate) async fn report(
    _access: Access<permission::Observe>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    const OFFERS: &[Offer] = &[
        Offer {
            media_type: "text/html",
            multipart: false,
        },
        Offer {
            media_type: "application/json",
            multipart: false,
        },
    ];
    let days = number(&request, "days")?.unwrap_or(DAYS);
    let offer = request.accept()?.choose(OFFERS)?;
    let report = state.archive.quality_report(days).await?;
    if offer.media_type == "application/json" {
        return Ok(as_json(&json!(report)));
    }
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "Accept"),
    ];
    Ok((headers, report.to_html()).into_response())
}

/// `GET /quality/findings`.
pub(crate) async fn findings(
    access: Access<permission::Query>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let found = state.archive.flawed(filter(&request)?).await?;
    access.instances(found.len());
    Ok(list(&found))
}

/// `GET /studies/{study}[/series/{series}[/instances/{instance}]]/findings`.
pub(crate) async fn findings_of(
    access: Access<permission::Query>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let uid = |name| Ok::<_, Error>(request.uid(name)?.map(|uid| uid.to_string()));
    let filter = Filter {
        study_instance_uid: uid("study")?,
        series_instance_uid: uid("series")?,
        sop_instance_uid: uid("instance")?,
        ..filter(&request)?
    };
    let found = state.archive.flawed(filter).await?;
    access.instances(found.len());
    Ok(list(&found))
}

/// `GET /quality/quarantine`.
pub(crate) async fn quarantine(
    access: Access<permission::Administer>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let filter = Filter {
        standing: Some(Standing::Quarantined),
        ..filter(&request)?
    };
    let found = state.archive.flawed(filter).await?;
    access.instances(found.len());
    Ok(list(&found))
}

/// `POST /quality/quarantine/{number}/release`. Durable when answered.
pub(crate) async fn release(
    access: Access<permission::Administer>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let released = state.archive.release(id(&request)?).await?;
    access.note(|event| {
        event.instances = 1;
        event.add_study(released.study_instance_uid.as_str());
        event.detail = Some(format!(
            "released {} from quarantine",
            released.sop_instance_uid
        ));
    });
    Ok(as_json(&json!({
        "sop_instance_uid": released.sop_instance_uid,
        "study_instance_uid": released.study_instance_uid,
        "shown": released.shown,
    })))
}

/// `DELETE /quality/quarantine/{number}`. Durable when answered.
pub(crate) async fn remove(
    access: Access<permission::Administer>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    let deleted = state.archive.delete_quarantined(id(&request)?).await?;
    access.note(|event| {
        event.instances = 1;
        event.add_study(deleted.study_instance_uid.as_str());
        event.detail = Some(format!(
            "deleted {} in quarantine",
            deleted.sop_instance_uid
        ));
    });
    Ok(as_json(&json!({
        "sop_instance_uid": deleted.sop_instance_uid,
        "study_instance_uid": deleted.study_instance_uid,
    })))
}

fn id(request: &Request) -> Result<i64> {
    request
        .path("number")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::bad("the number in the path is none"))
}

fn number<T: std::str::FromStr>(request: &Request, name: &str) -> Result<Option<T>> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| Error::bad(format!("{name} is not a number that is allowed")))
    };
    request.parameter(name).map(parse).transpose()
}

fn filter(request: &Request) -> Result<Filter> {
    let standing = |text: &str| {
        let all = Standing::ALL.iter();
        let mut found = all.filter(|standing| standing.as_str() == text);
        found
            .next()
            .copied()
            .ok_or_else(|| Error::bad("standing is none of kept, quarantined, refused and deleted"))
    };
    let text = |name| request.parameter(name).map(str::to_owned);
    let since = number::<u32>(request, "days")?.map(|days| {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_millis());
        let today = i64::try_from(now).unwrap_or(0).div_euclid(DAY_MS);
        (today - i64::from(days.max(1)) + 1) * DAY_MS
    });
    Ok(Filter {
        id: None,
        standing: request.parameter("standing").map(standing).transpose()?,
        study_instance_uid: text("study"),
        series_instance_uid: None,
        sop_instance_uid: text("instance"),
        source: text("source"),
        since_ms: since,
        offset: number(request, "offset")?.unwrap_or(0),
        limit: number(request, "limit")?.unwrap_or(LIMIT).min(MOST),
    })
}

fn list(found: &[Instance]) -> Response {
    as_json(&json!(found))
}

fn as_json(value: &serde_json::Value) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, value.to_string()).into_response()
}
