//! Measurements in Prometheus text format.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sagittal_auth::permission;

use crate::authorize::Access;
use crate::state::WebState;

/// `GET /metrics`.
pub(crate) async fn render(
    _access: Access<permission::Observe>,
    State(state): State<WebState>,
) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, (state.metrics)()).into_response()
}
