//! What a policy of de-identification would do to an instance, element by element (PS3.15 Annex E):
//! for those who may see the original.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sagittal_archive::Error as ArchiveError;
use sagittal_archive::deidentified::{EDITION, Explained, Preview, Taken};
use sagittal_auth::permission;

use serde_json::{Value, json};

use crate::authorize::Access;
use crate::error::{Error, Result};
use crate::request::Request;
use crate::state::WebState;

/// Elements that are told of.
const MOST: usize = 100_000;

/// `GET …/instances/{instance}/deid-preview?policy=…`.
pub(crate) async fn retrieve(
    access: Access<permission::Retrieve>,
    State(state): State<WebState>,
    request: Request,
) -> Result<Response> {
    // A view shows no originals.
    if state.archive.view().is_some() {
        return Err(Error::NotFound("there is no such resource".to_owned()));
    }
    let policies = &state.archive.options().policies;
    let name = request
        .parameter("policy")
        .ok_or_else(|| Error::bad("policy is missing"))?;
    let policy = policies.get(name).ok_or_else(|| {
        let names: Vec<&str> = policies.named.iter().map(|p| p.name.as_str()).collect();
        Error::NotFound(format!(
            "there is no such policy; there are: {}",
            names.join(", ")
        ))
    })?;
    let changed = match request.parameter("changed") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Error::bad("changed: true or false expected")),
    };
    let Some(instance) = super::select(&state, &request).await?.into_iter().next() else {
        return Err(Error::NotFound("nothing is selected".to_owned()));
    };
    access.instances(1);
    access.note(|event| event.detail = Some(format!("preview of policy {}", policy.name)));
    let preview = state
        .archive
        .deidentification_preview(&instance, policy)
        .await?;
    let name = policy.name.clone();
    let write = move || write(&name, &preview, changed).to_string();
    let body = tokio::task::spawn_blocking(write)
        .await
        .map_err(|_| ArchiveError::Stopping)?;
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn write(policy: &str, preview: &Preview, changed: bool) -> Value {
    let is_told = |row: &&Explained| !changed || row.taken != Taken::Kept;
    let told = preview.elements.iter().filter(is_told);
    let elements: Vec<Value> = told.take(MOST).map(element).collect();
    let applied = preview.applied.iter();
    let applied: Vec<Value> = applied
        .map(|(code, meaning)| json!({ "code": code, "meaning": meaning }))
        .collect();
    json!({
        "policy": policy,
        "edition": EDITION,
        "given": preview.refused.is_none() && preview.found.is_empty(),
        "refused": preview.refused,
        "residual": preview.found,
        "applied": applied,
        "total": preview.elements.len(),
        "elements": elements,
    })
}

fn element(row: &Explained) -> Value {
    json!({
        "path": row.path.to_string(),
        "keyword": row.keyword,
        "privateCreator": row.private_creator,
        "vr": row.vr.to_string(),
        "asked": row.asked,
        "action": row.action,
        "taken": row.taken.as_str(),
        "reason": row.reason.as_str(),
        "before": row.before,
        "after": row.after,
    })
}
