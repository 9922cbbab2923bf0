//! The instances that a path means.

use sagittal_archive::retrieve::InstanceRef;

use crate::error::Result;
use crate::request::Request;
use crate::state::WebState;

/// The instances of the path's study, series or instance: at least one, or 404 or 410.
pub(crate) async fn select(state: &WebState, request: &Request) -> Result<Vec<InstanceRef>> {
    if let Some(instance) = request.uid("instance")? {
        let found = state
            .archive
            .instance(
                request.uid("study")?.as_ref(),
                request.uid("series")?.as_ref(),
                &instance,
            )
            .await?;
        return Ok(vec![state.archive.as_given(found).await?]);
    }
    let selector = request.selector()?;
    let instances = state.archive.instances(&selector).await?;
    if instances.is_empty() {
        return Err(state.archive.why_nothing(&selector).await?.into());
    }
    Ok(instances)
}
