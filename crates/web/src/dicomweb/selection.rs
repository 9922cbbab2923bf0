//! The instances that a path means.

use sagittal_archive::Error as ArchiveError;
use sagittal_archive::retrieve::InstanceRef;

use crate::error::{Error, Result};
use crate::request::Request;
use crate::state::WebState;

/// The instances of the path's study, series or instance: at least one, or 404 or 410.
pub(crate) async fn select(state: &WebState, request: &Request) -> Result<Vec<InstanceRef>> {
    let study = request.uid("study")?;
    let series = request.uid("series")?;
    if let Some(instance) = request.uid("instance")? {
        let found = state
            .archive
            .instance(study.as_ref(), series.as_ref(), &instance)
            .await?;
        return Ok(vec![found]);
    }
    let instances = state.archive.instances(&request.selector()?).await?;
    if instances.is_empty() {
        let (what, uid) = match (series, study) {
            (Some(uid), _) => ("series", uid.to_string()),
            (None, Some(uid)) => ("study", uid.to_string()),
            (None, None) => return Err(Error::bad("no study in the path")),
        };
        return Err(ArchiveError::NotFound { what, uid }.into());
    }
    Ok(instances)
}
