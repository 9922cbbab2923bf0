//! Attributes in the query (`match`, PS3.18 §8.3.5.3.2): only images that have these values.

use std::collections::HashSet;

use futures::StreamExt as _;
use sagittal_archive::retrieve::InstanceRef;
use sagittal_core::{dictionary, tags};

use crate::dicomweb::qido;
use crate::error::Result;
use crate::request::Request;
use crate::state::WebState;

/// Leaves the instances that match, if the query names attributes.
pub(super) async fn retain(
    state: &WebState,
    request: &Request,
    instances: &mut Vec<InstanceRef>,
) -> Result<()> {
    let attributes: Vec<(String, String)> = request
        .query
        .iter()
        .filter(|(name, _)| {
            let first = name.split('.').next().unwrap_or_default();
            dictionary::parse(first).is_some()
        })
        .cloned()
        .collect();
    if attributes.is_empty() {
        return Ok(());
    }
    let search = qido::instances_that_match(request, attributes)?;
    let mut answers = state.archive.query(search).await?;
    let mut found = HashSet::new();
    while let Some(answer) = answers.answers.next().await {
        found.extend(answer?.first_text(tags::SOP_INSTANCE_UID));
    }
    instances.retain(|instance| found.contains(instance.sop_instance_uid.as_str()));
    Ok(())
}
