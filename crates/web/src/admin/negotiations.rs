//! The negotiation ledger: what peers propose and refuse.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sagittal_auth::permission;
use serde_json::Value;

use crate::authorize::Access;
use crate::error::{Error, Result};
use crate::state::WebState;

/// `GET /admin/negotiations`: all peers in a few figures.
pub(crate) async fn all(
    _access: Access<permission::Observe>,
    State(state): State<WebState>,
) -> Result<Response> {
    answer(&state, None).await
}

/// `GET /admin/negotiations/{ae}`: everything about an AE title, at each address.
pub(crate) async fn one(
    access: Access<permission::Observe>,
    State(state): State<WebState>,
    Path(ae_title): Path<String>,
) -> Result<Response> {
    access.note(|event| {
        let title: String = ae_title
            .chars()
            .filter(|c| !c.is_control())
            .take(16)
            .collect();
        event.detail = Some(format!("negotiations of {title}"));
    });
    answer(&state, Some(ae_title)).await
}

async fn answer(state: &WebState, ae_title: Option<String>) -> Result<Response> {
    let Some(negotiations) = state.negotiations.clone() else {
        return Err(Error::NotFound(
            "DIMSE is off: nothing is negotiated".to_owned(),
        ));
    };
    // It may be some megabytes.
    let found = tokio::task::spawn_blocking(move || {
        let value: Option<Value> = negotiations(ae_title.as_deref());
        value.map(|value| value.to_string())
    });
    let found = found
        .await
        .map_err(|error| Error::Internal(error.to_string()))?;
    let text = found.ok_or_else(|| {
        Error::NotFound("no association with this AE title is in the ledger".to_owned())
    })?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}
