//! The policies of a configuration, read from their files.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use sagittal_archive::deidentified::{Named, Policies, View};
use sagittal_deid::Project;

use super::scan::Scan;
use super::setting::{read_lists, read_policy, read_recipients, read_residual_lists};
use super::{key_file, pixels};
use crate::config::{Deid, DeidPolicy};

/// Reads every policy, and makes the views.
///
/// # Errors
/// Every mistake in a policy with file and line; what cannot be read.
pub fn policies(config: &Deid) -> anyhow::Result<Policies> {
    let mut policies = Policies::default();
    for one in &config.policies {
        let named = policy(one).with_context(|| format!("deid.policy {}", one.name))?;
        policies.named.push(Arc::new(named));
    }
    for view in &config.views {
        let policy = policies.get(&view.policy).cloned();
        if policy
            .as_ref()
            .is_some_and(|policy| policy.has_uids_of_its_own())
        {
            anyhow::bail!(
                "deid.view {}: the policy {} changes UIDs otherwise than to pseudonyms; a view could \
                 not find what it names by them",
                view.name,
                view.policy
            );
        }
        policies.views.push(View {
            name: view.name.clone(),
            ae_title: view.ae_title.clone(),
            policy: policy.with_context(|| format!("there is no policy {:?}", view.policy))?,
        });
    }
    Ok(policies)
}

/// Reads one policy: its key, its lists, catalogues and certificates, and finds the text detector.
///
/// # Errors
/// As [`policies`].
pub fn policy(config: &DeidPolicy) -> anyhow::Result<Named> {
    let profile = config.file.as_deref();
    let policy = read_policy(profile)?;
    let key = key_file::read(&config.key_file)?;
    let known = read_lists(&policy, profile)?;
    let terms = read_residual_lists(&policy, profile)?;
    let recipients = read_recipients(&policy, profile)?;
    let lists = contents(&policy, profile)?;
    let mut project = Project::new(policy, key);
    project.known = Arc::new(known);
    let cleaner = pixels::cleaner(&project.policy, profile, &Scan::default(), |_, _| Ok(()))?;
    let name = &config.name;
    Ok(Named::new(
        name, project, cleaner, terms, recipients, &lists,
    ))
}

/// What outputs depend on besides the policy itself.
fn contents(policy: &sagittal_deid::Policy, profile: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let folder = profile.and_then(Path::parent).unwrap_or(Path::new(""));
    let mut contents = Vec::new();
    let lists = policy.patient_lists.iter().chain(&policy.recipients);
    for name in lists.chain(&policy.pixels.catalogues) {
        let path = folder.join(name);
        let read = std::fs::read(&path);
        let read = read.with_context(|| format!("cannot read {}", path.display()))?;
        contents.extend_from_slice(&(read.len() as u64).to_le_bytes());
        contents.extend_from_slice(&read);
    }
    Ok(contents)
}
