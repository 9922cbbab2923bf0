//! Files and folders that only their owner can read: logs, maps, keys, quarantine.

use std::io::Write as _;
use std::path::Path;

use crate::{Error, Result};

/// Trouble with a file of a work folder.
pub(crate) fn trouble(
    operation: &'static str,
    path: &Path,
) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| {
        Error::Store(sagittal_store::Error::Io {
            operation,
            path,
            source,
        })
    }
}

/// Makes a folder (and those above it).
///
/// # Errors
/// When it cannot be made.
pub fn folder(path: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(trouble("create", path))
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

/// Writes a file whole, in the place of an older one. It is on disk when this returns.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        // A temporary file is private from the beginning.
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(bytes)?;
        temporary.as_file().sync_all()?;
        temporary.persist(path)?;
        sync_folder(folder)
    };
    write().map_err(trouble("write", path))
}

/// What was renamed into a folder stays there after a power cut.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    })?
    .sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
