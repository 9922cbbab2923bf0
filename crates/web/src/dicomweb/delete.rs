//! Deleting studies, series and instances: not in PS3.18, but a common extension.

use axum::extract::State;
use http::StatusCode;
use sagittal_auth::permission;

use crate::authorize::Access;
use crate::error::Result;
use crate::request::Request;
use crate::state::WebState;

/// `DELETE /studies/{study}[/series/{series}[/instances/{instance}]]`. Durable when answered.
pub(crate) async fn delete(
    access: Access<permission::Delete>,
    State(state): State<WebState>,
    request: Request,
) -> Result<StatusCode> {
    // Says 404 or 410, and that the instance is in the study and series of the path.
    super::select(&state, &request).await?;
    let deleted = state.archive.delete(&request.selector()?).await?;
    access.note(|event| {
        event.instances = deleted.instances;
        for uid in &deleted.study_instance_uids {
            event.add_study(uid.as_str());
        }
    });
    Ok(StatusCode::NO_CONTENT)
}
