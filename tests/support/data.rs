//! Real files to test with, which are not part of the project: the folder `SAGITTAL_TEST_DATA`,
//! else `shared/data` beside the checkout or above.

use std::path::{Path, PathBuf};

/// The folder. None there is said aloud, and a failure with `SAGITTAL_TEST_STRICT`.
pub fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("SAGITTAL_TEST_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|parent| parent.join("shared/data"));
    let found = named
        .into_iter()
        .chain(beside)
        .find(|folder| folder.is_dir());
    if found.is_none() {
        crate::skip("there is no folder with real files (SAGITTAL_TEST_DATA)");
    }
    found
}

/// All files at and below a folder, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
