//! What a run is told, and its policy.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sagittal_deid::Policy;
use sagittal_deid::reidentify::Certificate;
use sagittal_deid::text::Identity;

/// What a run is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Where outputs go.
    pub out: PathBuf,
    /// Logs, maps, report, quarantine.
    pub work: PathBuf,
    /// The policy; `None` for the basic profile alone.
    pub profile: Option<PathBuf>,
    /// The project key.
    pub key: PathBuf,
    /// A score card for the report.
    pub score: Option<PathBuf>,
    /// Instances at the same time.
    pub jobs: usize,
    /// The outputs become a file-set with DICOMDIR.
    pub dicomdir: bool,
    /// No progress.
    pub quiet: bool,
}

impl Settings {
    /// Outputs and protected things are kept apart from each other and from the inputs.
    ///
    /// # Errors
    /// When one lies within another.
    pub fn check(&self) -> anyhow::Result<()> {
        for path in &self.paths {
            if !path.exists() {
                bail!("there is no {}", path.display());
            }
        }
        let absolute = |path: &Path| std::path::absolute(path);
        let (out, work) = (absolute(&self.out)?, absolute(&self.work)?);
        if work.starts_with(&out) || out.starts_with(&work) {
            bail!(
                "--out {} and --work {} lie within each other; what is in --work (logs, maps, \
                 quarantine) is not to be given out",
                self.out.display(),
                self.work.display()
            );
        }
        for path in &self.paths {
            let path = absolute(path)?;
            if out.starts_with(&path) || path.starts_with(&out) {
                bail!(
                    "--out {} and the input {} lie within each other",
                    self.out.display(),
                    path.display()
                );
            }
        }
        Ok(())
    }
}

/// Reads a policy; without a file, the basic profile alone.
///
/// # Errors
/// Every mistake with file, line and remedy.
pub fn read_policy(path: Option<&Path>) -> anyhow::Result<Policy> {
    let Some(path) = path else {
        return Ok(Policy::from_toml("extends = \"basic\"\n")?);
    };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the profile {}", path.display()))?;
    Policy::from_toml(&text).with_context(|| format!("the profile {} is wrong", path.display()))
}

/// The lists of people that a policy names, relative to its own file.
///
/// # Errors
/// When a list cannot be read.
pub fn read_lists(policy: &Policy, profile: Option<&Path>) -> anyhow::Result<Identity> {
    let folder = profile.and_then(Path::parent).unwrap_or(Path::new(""));
    let mut known = Identity::default();
    for list in &policy.patient_lists {
        let path = folder.join(list);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the list {}", path.display()))?;
        let list = Identity::from_csv(&text)
            .with_context(|| format!("the list {} is wrong", path.display()))?;
        known.extend(&list);
    }
    Ok(known)
}

/// The certificates of those who may re-identify, relative to the policy's own file.
///
/// # Errors
/// When one cannot be read.
pub fn read_recipients(
    policy: &Policy,
    profile: Option<&Path>,
) -> anyhow::Result<Vec<Certificate>> {
    let folder = profile.and_then(Path::parent).unwrap_or(Path::new(""));
    let read = |name: &String| {
        let path = folder.join(name);
        let bytes = std::fs::read(&path)
            .with_context(|| format!("cannot read the certificate {}", path.display()))?;
        Certificate::read(&bytes).with_context(|| format!("in {}", path.display()))
    };
    policy.recipients.iter().map(read).collect()
}

/// What must not be found in any output: the lines of the lists that a policy names.
///
/// # Errors
/// When a list cannot be read.
pub fn read_residual_lists(policy: &Policy, profile: Option<&Path>) -> anyhow::Result<Vec<String>> {
    let folder = profile.and_then(Path::parent).unwrap_or(Path::new(""));
    let mut terms = Vec::new();
    for name in &policy.residual_lists {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the list {}", path.display()))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        terms.extend(lines.map(str::to_owned));
    }
    Ok(terms)
}
