//! Is the server well?

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sagittal_auth::Permission;
use serde_json::json;

use crate::authorize::Anybody;
use crate::error::Chain;
use crate::state::WebState;

/// `GET /healthz`: 200 while the archive answers and the server is not stopping, else 503.
/// Details are for those who may observe.
pub(crate) async fn health(caller: Anybody, State(state): State<WebState>) -> Response {
    let limits = state.archive.options();
    let (status, word, details) = if state.shutdown.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping", json!({}))
    } else {
        match state.archive.statistics().await {
            Err(error) => {
                tracing::error!(error = %Chain(&error), "the archive does not answer");
                (StatusCode::SERVICE_UNAVAILABLE, "failing", json!({}))
            }
            Ok(statistics) => {
                let word = if statistics.free_bytes < limits.reserve {
                    "full"
                } else if statistics.free_bytes < limits.warn_below {
                    "low on space"
                } else {
                    "ok"
                };
                let details = json!({
                    "patients": statistics.patients,
                    "studies": statistics.studies,
                    "series": statistics.series,
                    "instances": statistics.instances,
                    "hidden_instances": statistics.hidden,
                    "instance_bytes": statistics.bytes,
                    "pack_bytes": statistics.pack_bytes,
                    "free_bytes": statistics.free_bytes,
                    "audit_events_lost": state.audit.dropped(),
                });
                // A full disk is no reason to restart a server that still serves.
                (StatusCode::OK, word, details)
            }
        }
    };
    let mut body = json!({"status": word});
    if caller.may(Permission::Observe) {
        body = json!({
            "status": word,
            "version": state.config.version,
            "uptime_seconds": state.started.elapsed().as_secs(),
            "archive": details,
        });
    }
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}
