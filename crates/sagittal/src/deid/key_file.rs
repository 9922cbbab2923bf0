//! The file with a project's key: 64 hexadecimal digits that nobody else may read.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use sagittal_archive::proof::private;
use sagittal_deid::ProjectKey;

/// Reads a key.
///
/// # Errors
/// When the file cannot be read, has no key in it, or (Unix) others can read it.
pub fn read(path: &Path) -> anyhow::Result<ProjectKey> {
    let shown = || {
        format!(
            "cannot read the project key {0}; `sagittal deid key {0}` makes one",
            path.display()
        )
    };
    let text = std::fs::read_to_string(path).with_context(shown)?;
    must_be_private(path)?;
    ProjectKey::from_hex(&text).with_context(shown)
}

#[cfg(unix)]
fn must_be_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o007 != 0 {
        bail!(
            "everybody can read the project key {0}: who has it can undo pseudonyms; `chmod 600 {0}`",
            path.display()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn must_be_private(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

/// Makes a new random key in a new file that only its owner can read.
///
/// # Errors
/// When the file exists: a key that is written over cannot be had again.
pub fn create(path: &Path) -> anyhow::Result<ProjectKey> {
    let mut file = match private::create(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => bail!(
            "{} exists, and a key that is written over is lost for ever",
            path.display()
        ),
        other => other.with_context(|| format!("cannot write {}", path.display()))?,
    };
    let mut bytes = [0; 32];
    rustls::crypto::aws_lc_rs::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system gives no random numbers"))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    writeln!(file, "{digits}")?;
    file.sync_all()?;
    Ok(ProjectKey::new(bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("project.key");
        let made = create(&path).unwrap();
        assert_eq!(read(&path).unwrap().fingerprint(), made.fingerprint());
        assert!(create(&path).unwrap_err().to_string().contains("exists"));
        assert_eq!(read(&path).unwrap().fingerprint(), made.fingerprint());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_everybody_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("project.key");
        create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("chmod 600"));
    }
}
