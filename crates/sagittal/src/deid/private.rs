//! Files and folders that only their owner can read: logs, maps, keys, quarantine.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

/// Makes a folder (and those above it).
///
/// # Errors
/// When it cannot be made.
pub fn folder(path: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(path);
    made.with_context(|| format!("cannot make {}", path.display()))
}

/// Opens a new file for writing.
///
/// # Errors
/// When it is there already, or cannot be made.
pub fn create(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a file whole, in the place of an older one.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let shown = || format!("cannot write {}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    // A temporary file is private from the beginning.
    let mut temporary = tempfile::NamedTempFile::new_in(folder).with_context(shown)?;
    temporary.write_all(bytes).with_context(shown)?;
    temporary.persist(path).with_context(shown)?;
    Ok(())
}
