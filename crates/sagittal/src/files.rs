//! Walking folders.

use std::io;
use std::path::{Path, PathBuf};

/// All files at and below `path`, in order of their names; a file gives itself. Links to folders
/// are not followed, so the walk ends.
pub fn walk(path: &Path) -> impl Iterator<Item = io::Result<PathBuf>> + use<> {
    let mut stack = vec![Ok((path.to_owned(), true))];
    std::iter::from_fn(move || {
        loop {
            let (path, given) = match stack.pop()? {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error)),
            };
            // What the user named may be a link; what is found on the way is not followed.
            let is_dir = if given {
                path.is_dir()
            } else {
                std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir())
            };
            if !is_dir {
                if given || path.is_file() {
                    return Some(Ok(path));
                }
                continue;
            }
            match entries(&path) {
                Ok(mut entries) => {
                    entries.sort_unstable_by(|a, b| b.cmp(a));
                    stack.extend(entries.into_iter().map(|entry| Ok((entry, false))));
                }
                Err(error) => {
                    let message = format!("cannot read folder {}: {error}", path.display());
                    return Some(Err(io::Error::new(error.kind(), message)));
                }
            }
        }
    })
}

/// A temporary file that becomes a result: readable as any other new file is.
pub fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sagittal-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_come_in_order_and_folders_are_entered() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a/2", "a/10", "c/d/e"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let found: Vec<String> = walk(folder.path())
            .map(|path| {
                path.unwrap()
                    .strip_prefix(folder.path())
                    .unwrap()
                    .display()
                    .to_string()
            })
            .collect();
        assert_eq!(found, ["a/10", "a/2", "b", "c/d/e"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_its_own_folder_does_not_go_on_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "x").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        assert_eq!(walk(folder.path()).count(), 1);
    }
}
